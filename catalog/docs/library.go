package docs

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"

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

	consults chan struct{} // one for each question that looks at text

	facts sync.RWMutex // held for moments only; guards state
	state state

	mu     sync.Mutex // one Update at a time; guards all below
	seen   seen
	loaded bool
	whole  bool // the next change is the whole
}

// state is what cards ask for.
type state struct {
	leaves  map[catalog.Ref]*leaf // of all shelves in the index; changed with mu held, too
	guarded map[catalog.Ref][]Book
	pages   []catalog.Problem
	size    Size
	indexed bool // there was an index, or one was built
}

// NewLibrary makes a Library of what the index holds. An index that cannot be loaded is built anew
// by the first Update.
func NewLibrary(ctx context.Context, index Index, log *slog.Logger) *Library {
	l := &Library{index: index, log: log, consults: make(chan struct{}, maxConsults)}
	if err := l.load(ctx); err != nil && !errors.Is(err, ErrLost) {
		log.WarnContext(ctx, "the index of the documentation cannot be loaded, it is built anew", "error", err)
	}
	return l
}

// load fills memory from the index.
func (l *Library) load(ctx context.Context) error {
	l.loaded = true
	l.forget()
	stock, err := l.index.Load(ctx, nil)
	if err != nil {
		return err
	}
	l.whole = len(stock.Shelves) == 0
	l.remember(ctx, stock, true)
	return nil
}

// remember takes over what the index gave of shelves that changed, or of all. What is gone is forgotten.
func (l *Library) remember(ctx context.Context, stock Stock, all bool, gone ...catalog.Ref) {
	size, err := l.index.Size(ctx)
	if err != nil {
		l.log.WarnContext(ctx, "the size of the index of the documentation is not known", "error", err)
	}
	l.facts.Lock()
	defer l.facts.Unlock()
	if all || l.state.leaves == nil {
		l.state = state{indexed: l.state.indexed, leaves: map[catalog.Ref]*leaf{}, guarded: map[catalog.Ref][]Book{}}
	}
	l.state.pages, l.state.size = stock.Problems, size
	l.state.indexed = l.state.indexed || !l.whole
	for _, ref := range gone {
		l.state.drop(ref)
	}
	for ref, kept := range stock.Shelves {
		l.state.drop(ref)
		l.state.leaves[ref] = newLeaf(ref, &kept)
		if len(kept.Guarded) > 0 {
			l.state.guarded[ref] = kept.Guarded
		}
	}
}

func (s *state) drop(ref catalog.Ref) {
	delete(s.leaves, ref)
	delete(s.guarded, ref)
}

// Size says how much there is in the index, as of the last update.
func (l *Library) Size() Size {
	l.facts.RLock()
	defer l.facts.RUnlock()
	return l.state.size
}

// Indexed reports whether the documentation was indexed once, so that what is not found is not there.
func (l *Library) Indexed() bool {
	if l == nil {
		return true
	}
	l.facts.RLock()
	defer l.facts.RUnlock()
	return l.state.indexed
}

// Runbook says what runbooks an entity has, as far as the viewer sees them; the zero Summary for none.
func (l *Library) Runbook(view catalog.View, ref catalog.Ref) Summary {
	if _, seen := view.Get(ref); !seen || l == nil {
		return Summary{}
	}
	l.facts.RLock()
	kept, guarded := l.state.leaves[ref], l.state.guarded[ref]
	l.facts.RUnlock()
	var book Summary
	if kept != nil {
		book = kept.summary(ref)
	}
	sight := NewSight(view)
	for _, page := range guarded {
		if sight.passes(page.Behind) {
			book.add(page)
		}
	}
	return book
}

// Problems gives what is wrong with the documentation of the entities that the viewer sees, sorted
// by source, path and line. Those of files in another source than the entity's are seen by those who see an entity
// of that source.
func (l *Library) Problems(view catalog.View) []catalog.Problem {
	if l == nil {
		return nil
	}
	sources := map[string]bool{}
	sees := func(p catalog.Problem) bool {
		if _, asked := sources[p.Origin.Source]; !asked {
			sources[p.Origin.Source] = view.SeesSource(p.Origin.Source)
		}
		_, seen := view.Get(p.Ref)
		return seen && sources[p.Origin.Source]
	}
	l.facts.RLock()
	all := slices.Clone(l.state.pages)
	for ref, kept := range l.state.leaves {
		if _, seen := view.Get(ref); seen {
			all = kept.appendProblems(all, ref)
		}
	}
	l.facts.RUnlock()
	var out []catalog.Problem
	for _, p := range all {
		if sees(p) {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b catalog.Problem) int {
		return cmp.Or(strings.Compare(a.Origin.Source, b.Origin.Source), strings.Compare(a.Origin.Path, b.Origin.Path), cmp.Compare(a.Origin.Line, b.Origin.Line))
	})
	return slices.CompactFunc(out, func(a, b catalog.Problem) bool { // pages on several shelves
		return a.Origin == b.Origin && a.Text == b.Text && a.Pointer == b.Pointer
	})
}

// Pages gives the pages of an entity in reading order without their sections; none where the viewer does not see it.
func (l *Library) Pages(ctx context.Context, view catalog.View, ref catalog.Ref) ([]ShelvedPage, error) {
	if _, seen := view.Get(ref); !seen || l == nil {
		return nil, nil
	}
	pages, err := l.index.Shelf(ctx, ref)
	return Visible(view, pages), err
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

// forget makes the next update build the index anew.
func (l *Library) forget() { l.whole, l.seen = true, seen{} }

// Update brings the index in step with the catalog. It looks only at entities whose descriptor or
// folder changed, and reads only pages whose blob changed. An error leaves the index as it was.
func (l *Library) Update(ctx context.Context, now Present) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.loaded || l.Lost(ctx) {
		l.forget()
	}
	err := l.update(ctx, now)
	if errors.Is(err, ErrLost) { // it went while we looked
		l.forget()
		err = l.update(ctx, now)
	}
	return err
}

func (l *Library) update(ctx context.Context, now Present) error {
	if l.whole && len(now.Trees) == 0 {
		return nil // nothing to build from
	}
	d := l.compare(now)
	if len(d.changed)+len(d.gone) > 0 || l.whole {
		if err := l.apply(ctx, now, d); err != nil {
			return err
		}
	}
	l.seen = d.seen
	return nil
}

// apply writes what became different.
func (l *Library) apply(ctx context.Context, now Present, d *difference) error {
	var files []File
	for _, shelf := range d.changed {
		files = append(files, shelf.Files...)
	}
	var err error
	if l.whole {
		files = distinct(files)
	} else if files, err = l.index.Missing(ctx, files); err != nil {
		return err
	}
	owners := ownersOf(d.changed)
	change := &Change{Whole: l.whole, Shelves: d.changed, Gone: d.gone, Pages: func(yield func(*Page) bool) {
		readPages(ctx, now.Trees, files, owners, yield)
	}}
	if err := l.index.Apply(ctx, change); err != nil {
		return err
	}
	all := l.whole
	l.whole = false
	touched := make([]catalog.Ref, 0, len(d.changed))
	for _, shelf := range d.changed {
		touched = append(touched, shelf.Ref)
	}
	stock, err := l.index.Load(ctx, touched)
	if err != nil {
		return err
	}
	l.remember(ctx, stock, all, d.gone...)
	l.log.InfoContext(ctx, "documentation indexed", "entities", len(d.changed), "pages", len(files), "gone", len(d.gone))
	return nil
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

// ownersOf names for each page the entity to which its problems are told: the first that has it, or the one that stands
// nearest above a page that lies elsewhere.
func ownersOf(shelves []*Shelf) map[PageKey]catalog.Ref {
	owners := map[PageKey]catalog.Ref{}
	for _, shelf := range shelves {
		for _, f := range shelf.Files {
			if _, known := owners[f.PageKey]; !known {
				owners[f.PageKey] = cmp.Or(f.Behind.last(), shelf.Ref)
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
