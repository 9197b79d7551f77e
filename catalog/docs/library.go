package docs

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"callboard/catalog"
)

// Present is what the library follows: a catalog, and the trees that it came from. A source without
// a tree could not be fetched yet; what is known of its documentation stays.
type Present struct {
	Snapshot *catalog.Snapshot
	Trees    map[string]Tree
}

// Library answers questions about documentation. Its facts for cards come from memory; the text of
// sections comes from the index. It is safe for use by many goroutines. A nil Library knows nothing.
type Library struct {
	index Index
	log   *slog.Logger
	state atomic.Pointer[state]

	mu     sync.Mutex // one Update at a time; guards all below
	memos  map[catalog.Ref]memo
	loaded bool
	whole  bool // the next change is the whole
}

// state is what cards ask for, replaced as a whole.
type state struct {
	runbooks map[catalog.Ref]Summary
	problems map[catalog.Ref][]catalog.Problem // of shelves
	pages    []catalog.Problem
}

// memo says from what a shelf was found, so that it is looked for again only when that changed.
type memo struct {
	entity *catalog.Entity // nil: never looked for by this process
	hash   string          // of the folder, or of all trees, that it depends on
	stamp  Stamp
	empty  bool // there is no shelf in the index
}

// NewLibrary makes a Library of what the index holds. An index that cannot be loaded is built anew
// by the first Update.
func NewLibrary(ctx context.Context, index Index, log *slog.Logger) *Library {
	l := &Library{index: index, log: log}
	l.state.Store(&state{})
	if err := l.load(ctx); err != nil && !errors.Is(err, ErrLost) {
		log.WarnContext(ctx, "the index of the documentation cannot be loaded, it is built anew", "error", err)
	}
	return l
}

// load fills memory from the index.
func (l *Library) load(ctx context.Context) error {
	l.loaded, l.whole, l.memos = true, true, map[catalog.Ref]memo{}
	stock, err := l.index.Load(ctx, nil)
	if err != nil {
		return err
	}
	l.whole = len(stock.Shelves) == 0
	for ref, kept := range stock.Shelves {
		l.memos[ref] = memo{stamp: kept.Stamp}
	}
	l.remember(stock, &state{})
	return nil
}

// remember makes the state of what was known before and what the index gave.
func (l *Library) remember(stock Stock, before *state, gone ...catalog.Ref) {
	next := &state{runbooks: maps.Clone(before.runbooks), problems: maps.Clone(before.problems), pages: stock.Problems}
	if next.runbooks == nil {
		next.runbooks, next.problems = map[catalog.Ref]Summary{}, map[catalog.Ref][]catalog.Problem{}
	}
	for _, ref := range gone {
		delete(next.runbooks, ref)
		delete(next.problems, ref)
	}
	for ref, kept := range stock.Shelves {
		delete(next.runbooks, ref)
		delete(next.problems, ref)
		if !kept.Runbook.Zero() {
			next.runbooks[ref] = kept.Runbook
		}
		if len(kept.Problems) > 0 {
			next.problems[ref] = kept.Problems
		}
	}
	l.state.Store(next)
}

// Runbook says what runbooks an entity has; the zero Summary for none.
func (l *Library) Runbook(ref catalog.Ref) Summary {
	if l == nil {
		return Summary{}
	}
	return l.state.Load().runbooks[ref]
}

// Problems gives what is wrong with the documentation of the entities that the viewer sees, sorted
// by source, path and line.
func (l *Library) Problems(view catalog.View) []catalog.Problem {
	if l == nil {
		return nil
	}
	now := l.state.Load()
	var out []catalog.Problem
	for ref, problems := range now.problems {
		if _, seen := view.Get(ref); seen {
			out = append(out, problems...)
		}
	}
	for _, p := range now.pages {
		if _, seen := view.Get(p.Ref); seen {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b catalog.Problem) int {
		return strings.Compare(a.Origin.Source+"\x00"+a.Origin.Path, b.Origin.Source+"\x00"+b.Origin.Path)*2 + compareInts(a.Origin.Line, b.Origin.Line)
	})
	return slices.CompactFunc(out, func(a, b catalog.Problem) bool { // pages on several shelves
		return a.Origin == b.Origin && a.Text == b.Text && a.Pointer == b.Pointer
	})
}

func compareInts(a, b int) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// Pages gives the pages of an entity in reading order; none where the viewer does not see it.
func (l *Library) Pages(ctx context.Context, view catalog.View, ref catalog.Ref) ([]ShelvedPage, error) {
	if _, seen := view.Get(ref); !seen || l == nil {
		return nil, nil
	}
	return l.index.Shelf(ctx, ref)
}

// Search gives the best sections that the viewer may see.
func (l *Library) Search(ctx context.Context, view catalog.View, q Query) (Found, error) {
	if l == nil || len(q.Words) == 0 {
		return Found{}, nil
	}
	return l.index.Search(ctx, view, q)
}

// Lost reports whether the index has to be built anew, which the next Update does.
func (l *Library) Lost(ctx context.Context) bool { return errors.Is(l.index.Check(ctx), ErrLost) }

// Update brings the index in step with the catalog. It looks only at entities whose descriptor or
// folder changed, and reads only pages whose blob changed. An error leaves the index as it was.
func (l *Library) Update(ctx context.Context, now Present) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.loaded || l.Lost(ctx) {
		l.whole, l.memos = true, map[catalog.Ref]memo{}
	}
	err := l.update(ctx, now)
	if errors.Is(err, ErrLost) { // it went while we looked
		l.whole, l.memos = true, map[catalog.Ref]memo{}
		err = l.update(ctx, now)
	}
	return err
}

func (l *Library) update(ctx context.Context, now Present) error {
	changed, gone, next := l.compare(now)
	if l.whole && len(now.Trees) == 0 {
		return nil // nothing to build from
	}
	if len(changed)+len(gone) == 0 && !l.whole {
		maps.Copy(l.memos, next)
		return nil
	}
	var files []File
	for _, shelf := range changed {
		files = append(files, shelf.Files...)
	}
	var err error
	if l.whole {
		files = distinct(files)
	} else if files, err = l.index.Missing(ctx, files); err != nil {
		return err
	}
	owners := ownersOf(changed)
	change := &Change{Whole: l.whole, Shelves: changed, Gone: gone, Pages: func(yield func(*Page) bool) {
		readPages(ctx, now.Trees, files, owners, yield)
	}}
	if err := l.index.Apply(ctx, change); err != nil {
		return err
	}
	before := l.state.Load()
	if l.whole {
		before = &state{}
	}
	l.whole = false
	for _, ref := range gone {
		delete(l.memos, ref)
	}
	maps.Copy(l.memos, next)
	touched := make([]catalog.Ref, 0, len(changed))
	for _, shelf := range changed {
		touched = append(touched, shelf.Ref)
	}
	stock, err := l.index.Load(ctx, touched)
	if err != nil {
		return err
	}
	l.remember(stock, before, gone...)
	l.log.InfoContext(ctx, "documentation indexed", "entities", len(changed), "pages", len(files), "gone", len(gone))
	return nil
}

// compare finds what became different: shelves that changed, entities whose shelf is gone, and the
// memos to keep once that is stored.
func (l *Library) compare(now Present) (changed []*Shelf, gone []catalog.Ref, next map[catalog.Ref]memo) {
	f := newFinder(now)
	all := allHashes(now.Trees)
	complete := len(now.Trees) >= len(f.view.Sources())
	next = map[catalog.Ref]memo{}
	alive := map[catalog.Ref]bool{}
	for e := range f.view.All() {
		if !concerned(e) {
			continue
		}
		alive[e.Ref] = true
		tree, readable := now.Trees[e.Origin.Source]
		old := l.memos[e.Ref]
		if !readable {
			continue
		}
		near, _ := tree.Hash(home(e).path)
		if old.entity == e && (old.hash == near || old.hash == all) {
			continue
		}
		shelf, far := f.find(e)
		if far && !complete && old.stamp != (Stamp{}) {
			continue // it may lie in a source that could not be read yet
		}
		m := memo{entity: e, hash: near, stamp: shelf.Stamp(), empty: shelf.Empty()}
		if far {
			m.hash = all
		}
		next[e.Ref] = m
		switch {
		case m.stamp == old.stamp || m.empty && (old.empty || old.stamp == (Stamp{})):
		case m.empty:
			gone = append(gone, e.Ref)
		default:
			changed = append(changed, shelf)
		}
	}
	for ref, old := range l.memos {
		if !alive[ref] {
			if old.empty {
				delete(l.memos, ref)
				continue
			}
			gone = append(gone, ref)
		}
	}
	return changed, gone, next
}

// concerned reports whether an entity can have documentation.
func concerned(e *catalog.Entity) bool {
	if documentsItself(e) {
		return true
	}
	for _, key := range []string{techdocsRef, techdocsEntity, runbookKey} {
		if e.Metadata.Annotations.Get(key) != "" {
			return true
		}
	}
	return slices.ContainsFunc(e.Metadata.Links, func(l catalog.Link) bool {
		return strings.EqualFold(l.Type, "runbook") || strings.Contains(strings.ToLower(l.Title), "runbook")
	})
}

// allHashes stands for the content of all trees.
func allHashes(trees map[string]Tree) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(trees)) {
		hash, _ := trees[name].Hash(".")
		b.WriteString(name + " " + hash + "\n")
	}
	return b.String()
}

func distinct(files []File) []File {
	seen := make(map[PageKey]bool, len(files))
	return slices.DeleteFunc(files, func(f File) bool {
		known := seen[f.PageKey]
		seen[f.PageKey] = true
		return known
	})
}

// ownersOf names for each page the first entity that has it, to which its problems are told.
func ownersOf(shelves []*Shelf) map[PageKey]catalog.Ref {
	owners := map[PageKey]catalog.Ref{}
	for _, shelf := range shelves {
		for _, f := range shelf.Files {
			if _, known := owners[f.PageKey]; !known {
				owners[f.PageKey] = shelf.Ref
			}
		}
	}
	return owners
}

// readChunk is how many pages are read at a time: enough for all processors, few for memory.
const readChunk = 256

// readPages reads and splits files side by side and hands them on in order.
func readPages(ctx context.Context, trees map[string]Tree, files []File, owners map[PageKey]catalog.Ref, yield func(*Page) bool) {
	for chunk := range slices.Chunk(files, readChunk) {
		pages := make([]*Page, len(chunk))
		var group sync.WaitGroup
		workers := runtime.GOMAXPROCS(0)
		for w := range workers {
			group.Go(func() {
				for i := w; i < len(chunk) && ctx.Err() == nil; i += workers {
					pages[i] = readPage(trees[chunk[i].Source], chunk[i], owners[chunk[i].PageKey])
				}
			})
		}
		group.Wait()
		for _, page := range pages {
			if page == nil || !yield(page) {
				return // ctx is over, which the index notices too
			}
		}
	}
}

// readPage reads one page. One that cannot be read is a page without sections and with a problem.
func readPage(tree Tree, f File, owner catalog.Ref) *Page {
	at := catalog.Origin{Source: f.Source, Path: f.Path, Revision: tree.Revision}
	text, err := fs.ReadFile(tree.FS, f.Path)
	page := Split(at, text)
	if err != nil {
		page.Problems = []catalog.Problem{{
			Origin: at, Severity: catalog.Warning, Rule: catalog.RuleDocs,
			Text: "the page cannot be read: " + cause(err), Fix: "make it a plain text file below the size limit",
		}}
	}
	page.Blob = f.Blob
	for i := range page.Problems {
		page.Problems[i].Ref = owner
	}
	return page
}
