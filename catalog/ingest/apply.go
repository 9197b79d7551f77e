package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"reflect"
	"slices"
	"time"

	"callboard/catalog"
)

// A sync that would remove more than guardShare of a source's entities, and at least guardCount of
// them, waits for an operator.
const (
	guardShare = 0.30
	guardCount = 10
)

// draft is what a source becomes if the sync goes through.
type draft struct {
	status  catalog.SourceStatus
	tree    *Tree
	changed map[string]*catalog.File // what differs from the state's files, nil for files that are gone; a nil map: nothing was scanned
	names   map[string][]string
	scanned *scanned

	damaged bool // not all of the tree could be read
}

// apply takes over what was fetched: scan, build, store, swap. Nothing changes for people unless
// the store took it.
func (s *Syncer) apply(ctx context.Context, fetched []fetch, confirm bool) (*catalog.ChangeSet, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return &catalog.ChangeSet{}, err // shutting down: the store would not take it, and that is no fault
	}
	start := s.opts.Now()
	defer s.effort.end()
	drafts := s.drafts(ctx, fetched)
	s.scanAll(drafts)
	next := s.build(drafts)
	if !confirm && s.guard(drafts, next) {
		s.scanAll(drafts) // what a source that waits names in others counts as before
		next = s.build(drafts)
	}
	set := s.changes(drafts, next)
	snapshot := s.beside(drafts, next)
	err := s.store(ctx, set)
	made := <-snapshot
	if err == nil {
		s.measure(fetched, drafts)
		s.commit(drafts, next)
		s.publish(made, next)
	}
	for _, f := range fetched {
		if drafts[f.state] != nil {
			s.schedule.settle(f, err == nil)
		}
	}
	s.observe(fetched, set, err, s.opts.Now().Sub(start))
	return set, err
}

// measure notes how long the news that were fetched had waited. The store gets to know with its next
// change.
func (s *Syncer) measure(fetched []fetch, drafts map[*state]*draft) {
	for i := range fetched {
		f := &fetched[i]
		d := drafts[f.state]
		if d == nil || d.changed == nil || d.status.Revision == f.state.status.Revision {
			continue
		}
		if since := s.schedule.since(f.state); !since.IsZero() {
			f.lag = max(1, s.opts.Now().Sub(since))
			d.status.Lag = f.lag
		}
	}
}

// drafts notes for each fetch when it was and how it went. A fetch that shutting down cut off says
// nothing about its source, nor does one that a later fetch has overtaken.
func (s *Syncer) drafts(ctx context.Context, fetched []fetch) map[*state]*draft {
	now := s.opts.Now()
	drafts := map[*state]*draft{}
	for _, f := range fetched {
		if f.err != nil && ctx.Err() != nil && errors.Is(f.err, context.Canceled) {
			continue
		}
		if f.turn < f.state.applied {
			continue
		}
		f.state.applied = f.turn
		d := &draft{status: f.state.status, names: f.state.names, scanned: f.state.scanned}
		drafts[f.state] = d
		if f.err != nil {
			d.status.Error = f.err.Error()
			d.status.Failures++
			if d.status.FailedAt.IsZero() {
				d.status.FailedAt = now
			}
			continue
		}
		d.status.Error, d.status.FailedAt, d.status.Failures, d.status.Waiting = "", time.Time{}, 0, ""
		d.status.CheckedAt = now
		d.tree = &f.tree
	}
	return drafts
}

// scanAll reads the trees that are new. A Location may name files of another source, which then is
// scanned again.
func (s *Syncer) scanAll(drafts map[*state]*draft) {
	addresses := s.addresses(drafts)
	base := Reader{Limits: s.opts.Limits, Shapes: s.shapes, Remote: budgeted(s.opts.Remote, remoteBudget)}
	for range foreignRounds {
		again := false
		for _, st := range s.states {
			extra := s.named(st.config.Name, drafts)
			if s.scanOne(st, drafts, addresses, base, extra) {
				again = true
			}
		}
		if !again {
			return
		}
	}
}

// addresses gives the atlas of the branches that are read.
func (s *Syncer) addresses(drafts map[*state]*draft) atlas {
	var out atlas
	for _, st := range s.states {
		branch := st.status.Branch
		if d := drafts[st]; d != nil && d.tree != nil {
			branch = d.tree.Branch
		}
		out.add(st.config.Name, st.config.web(branch))
	}
	return out
}

// scanOne scans a source if there is something new to see, and reports whether it did. The reader is what
// all sources share.
func (s *Syncer) scanOne(st *state, drafts map[*state]*draft, addresses atlas, reader Reader, extra []string) bool {
	d := drafts[st]
	if d == nil && (st.scanned == nil || st.scanned.fits(addresses, extra)) {
		return false
	}
	if d == nil {
		d = &draft{status: st.status, tree: st.scanned.tree, names: st.names, scanned: st.scanned}
		drafts[st] = d
	}
	known := st.scanned != nil && d.tree != nil && st.status.Revision == d.tree.Revision && !st.damaged
	if d.tree == nil || (known || d.changed != nil) && d.scanned.fits(addresses, extra) {
		return false
	}
	reader.Source, reader.Revision, reader.FS, reader.Web = st.config.Name, d.tree.Revision, d.tree.FS, st.config.web(d.tree.Branch)
	reader.Limits.FileBytes = cmp.Or(st.config.FileBytes, reader.Limits.FileBytes)
	sc := scan{
		config: st.config, tree: *d.tree, atlas: addresses, before: st.files, twins: st.twins,
		globs: st.globs, used: map[string]*glob{}, reader: reader, effort: &s.effort,
	}
	left, fine := sc.differences(st.scanned, d.tree, extra)
	if fine {
		d.names = st.names
		maps.Copy(st.globs, sc.used)
	} else {
		sc.run(extra)
		d.names, left = sc.foreign, sc.leave(d.tree, extra)
		st.globs = sc.used
	}
	d.changed, d.scanned, d.damaged = sc.changed, left, sc.damaged.Load()
	if d.status.Revision != d.tree.Revision {
		d.status.Revision, d.status.ChangedAt = d.tree.Revision, s.opts.Now()
	}
	d.status.Branch, d.status.Web = d.tree.Branch, st.config.web(d.tree.Branch)
	return true
}

// named lists what the Locations of other sources name in the source called name.
func (s *Syncer) named(name string, drafts map[*state]*draft) []string {
	var out []string
	for _, st := range s.states {
		names := st.names
		if d := drafts[st]; d != nil {
			names = d.names
		}
		out = append(out, names[name]...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// build places all documents; nil when no draft brought files.
func (s *Syncer) build(drafts map[*state]*draft) *built {
	if !slices.ContainsFunc(slices.Collect(maps.Values(drafts)), func(d *draft) bool { return d.changed != nil }) {
		return nil
	}
	if next, fine := s.rebuild(drafts); fine {
		return &next
	}
	next := build(s.placings(drafts))
	return &next
}

// guard holds back the sources that would lose a suspicious share of their entities, and reports
// whether there are any. They keep their files until an operator confirms.
func (s *Syncer) guard(drafts map[*state]*draft, next *built) bool {
	if next == nil {
		return false
	}
	lost := map[string]int{}
	stays := make(map[catalog.Ref]bool, len(next.contents.Documents))
	for _, doc := range next.contents.Documents {
		stays[doc.Entity.Ref] = true
	}
	for doc := range s.decidedAnew(next) {
		if !stays[doc.Entity.Ref] {
			lost[doc.Origin.Source]++
		}
	}
	held := false
	for st, d := range drafts {
		n := lost[st.config.Name]
		if d.changed == nil || n < guardCount {
			continue
		}
		of := s.shownOf(st.config.Name)
		if float64(n) <= guardShare*float64(of) {
			continue
		}
		held = true
		d.status.Waiting = fmt.Sprintf("commit %.7s would remove %d of %d entities; if that is meant, run callboard sync --confirm", d.tree.Revision, n, of)
		d.status.Revision, d.status.ChangedAt, d.status.Branch = st.status.Revision, st.status.ChangedAt, st.status.Branch
		d.changed, d.tree, d.names, d.scanned = nil, nil, st.names, st.scanned
	}
	return held
}

// shownOf counts the entities that the catalog shows of a source.
func (s *Syncer) shownOf(source string) int {
	n := 0
	for doc := range s.everything().Documents() {
		if doc.Origin.Source == source {
			n++
		}
	}
	return n
}

// changes lists the rows to write and, for people, the refs concerned.
func (s *Syncer) changes(drafts map[*state]*draft, next *built) *catalog.ChangeSet {
	set := &catalog.ChangeSet{Dropped: s.dropped}
	for _, st := range s.states {
		d := drafts[st]
		if d == nil {
			continue
		}
		if s.worthWriting(st, d) {
			set.Sources = append(set.Sources, d.status)
		}
		for name, file := range d.changed {
			key := catalog.FileKey{Source: st.config.Name, Path: name}
			if file == nil {
				set.Gone = append(set.Gone, key)
			} else if next.files[key] == nil {
				set.Files = append(set.Files, file)
			}
		}
	}
	if next != nil {
		set.Files = slices.AppendSeq(set.Files, maps.Values(next.files))
		compare(set, s.decidedAnew(next), next.contents.Documents)
	}
	slices.SortFunc(set.Files, func(a, b *catalog.File) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Path, b.Path))
	})
	slices.SortFunc(set.Gone, func(a, b catalog.FileKey) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Path, b.Path))
	})
	return set
}

// worthWriting spares the store a write for each check that found nothing new, or failed as the one
// before it did. Not while the store refuses writes: one shows whether it still does.
func (s *Syncer) worthWriting(st *state, d *draft) bool {
	was, is := st.status, d.status
	was.CheckedAt, is.CheckedAt = time.Time{}, time.Time{}
	was.Failures, is.Failures = 0, 0
	return was != is || s.fault.Load() != nil || s.opts.Now().Sub(st.written) >= checkedInterval
}

// compare fills in the refs that were added, changed, moved and removed.
func compare(set *catalog.ChangeSet, before iter.Seq[*catalog.Document], after []*catalog.Document) {
	old := make(map[catalog.Ref]*catalog.Document, len(after))
	for doc := range before {
		old[doc.Entity.Ref] = doc
	}
	for _, doc := range after {
		ref := doc.Entity.Ref
		was := old[ref]
		delete(old, ref)
		switch {
		case was == nil:
			set.Added = append(set.Added, ref)
		case was.Entity != doc.Entity && (was.Origin.Source != doc.Origin.Source || was.Origin.Path != doc.Origin.Path):
			set.Moved = append(set.Moved, ref)
		case was.Stale != doc.Stale || !sameContent(was.Entity, doc.Entity):
			set.Changed = append(set.Changed, ref)
		}
	}
	set.Removed = slices.AppendSeq(set.Removed, maps.Keys(old))
	for _, refs := range [][]catalog.Ref{set.Added, set.Changed, set.Moved, set.Removed} {
		slices.SortFunc(refs, catalog.Ref.Compare)
	}
}

// sameContent compares what two entities say, wherever in the file they say it.
func sameContent(a, b *catalog.Entity) bool {
	if a == b {
		return true
	}
	x, y := *a, *b
	x.Origin, y.Origin = catalog.Origin{}, catalog.Origin{}
	x.Positions, y.Positions = catalog.Positions{}, catalog.Positions{}
	return reflect.DeepEqual(x, y)
}

// store writes the set, and remembers whether the store takes writes. When it does again, the sources
// whose changes it refused are asked again soon. When ctx ends in between, that is no fault of the store.
func (s *Syncer) store(ctx context.Context, set *catalog.ChangeSet) error {
	if len(set.Sources) == 0 && set.Empty() {
		return nil
	}
	err := s.opts.Store.Apply(ctx, set)
	switch {
	case err == nil:
		if s.fault.Swap(nil) != nil {
			s.Kick()
		}
	case ctx.Err() == nil:
		s.fault.Store(&err)
		s.opts.Log.Error("the store refused a change, the older catalog stays", "error", err)
	}
	return err
}

// commit makes the drafts the state.
func (s *Syncer) commit(drafts map[*state]*draft, next *built) {
	s.dropped = nil
	for st, d := range drafts {
		if s.worthWriting(st, d) {
			st.written = s.opts.Now()
		}
		st.status = d.status
		if d.changed == nil {
			continue
		}
		st.names, st.scanned, st.damaged = d.names, d.scanned, d.damaged
		for name, file := range d.changed {
			if file == nil {
				delete(st.files, name)
			} else {
				st.files[name] = file
			}
		}
	}
	if next != nil {
		s.adopt(next)
	}
}

// adopt takes over what a build decided about files.
func (s *Syncer) adopt(b *built) {
	for key, file := range b.files {
		for _, st := range s.states {
			if st.config.Name == key.Source {
				st.files[key.Path] = file
			}
		}
	}
	if b.whole() {
		s.settled = true
		for i, st := range s.states {
			st.skeletons = b.skeletons[i]
		}
	}
}

// beside begins to make the catalog that a build gives, which takes as long as storing it: on a first sync,
// seconds. Nobody sees it before it is published.
func (s *Syncer) beside(drafts map[*state]*draft, next *built) <-chan *catalog.Snapshot {
	before, sources, revision := s.Snapshot(), s.statuses(drafts), s.swaps+1
	out := make(chan *catalog.Snapshot, 1)
	go func() { out <- derive(before, next, sources, revision) }()
	return out
}

// derive makes the catalog that a build gives, where there is one, out of the catalog before.
func derive(before *catalog.Snapshot, b *built, sources []catalog.SourceStatus, revision int64) *catalog.Snapshot {
	if b == nil {
		return before
	}
	contents := b.contents
	contents.Sources, contents.Revision = sources, revision
	if b.whole() {
		return catalog.NewSnapshot(contents)
	}
	return before.With(catalog.Change{Refs: b.refs, Files: b.scope, Contents: contents})
}

// publish swaps in the catalog to answer from, which b gave, once Options.Follow has seen it. A nil b brought no news.
func (s *Syncer) publish(made *catalog.Snapshot, b *built) {
	next := Next{Snapshot: made.WithSources(s.statuses(nil)), Trees: s.trees()}
	if b != nil {
		next.Whole, next.Refs = b.whole(), b.refs
	}
	if s.opts.Follow != nil {
		s.opts.Follow(next)
	}
	s.snapshot.Store(next.Snapshot)
	if b == nil {
		return
	}
	s.swaps++
	if s.opts.Published != nil {
		s.opts.Published()
	}
}

// statuses are those of all sources, with the drafts in place of what is known.
func (s *Syncer) statuses(drafts map[*state]*draft) []catalog.SourceStatus {
	out := make([]catalog.SourceStatus, 0, len(s.states))
	for _, st := range s.states {
		if d := drafts[st]; d != nil {
			out = append(out, d.status)
		} else {
			out = append(out, st.status)
		}
	}
	return out
}

// placings lines up the sources for a build, with the drafts in place of what is known.
func (s *Syncer) placings(drafts map[*state]*draft) []placing {
	out := make([]placing, 0, len(s.states))
	for _, st := range s.states {
		var changed map[string]*catalog.File
		status, known := st.status, st.scanned != nil
		if d := drafts[st]; d != nil {
			changed, status, known = d.changed, d.status, known || d.changed != nil
		}
		files := make([]*catalog.File, 0, len(st.files)+len(changed))
		for name, file := range st.files {
			if _, differs := changed[name]; !differs {
				files = append(files, file)
			}
		}
		for _, file := range changed {
			if file != nil {
				files = append(files, file)
			}
		}
		sortFiles(files)
		out = append(out, st.placing(files, status, known))
	}
	return out
}

// placing lines up the source as it is with these files, which are sorted; known says that they are those of a
// tree that was read.
func (st *state) placing(files []*catalog.File, status catalog.SourceStatus, known bool) placing {
	return placing{
		config: st.config, files: files, skeletons: skeletonDirs(files),
		web: st.config.web(status.Branch), known: known && status.Error == "",
	}
}

func sortFiles(files []*catalog.File) {
	slices.SortFunc(files, func(a, b *catalog.File) int { return cmp.Compare(a.Path, b.Path) })
}

func (s *Syncer) observe(fetched []fetch, set *catalog.ChangeSet, err error, took time.Duration) {
	if s.opts.Observe == nil {
		return
	}
	for _, f := range fetched {
		event := Event{Source: f.state.config.Name, Err: cmp.Or(f.err, err), Took: f.took + took, Lag: f.lag}
		if touches(set, event.Source) {
			event.Set = set
		}
		s.opts.Observe(event)
	}
}

func touches(set *catalog.ChangeSet, source string) bool {
	return slices.ContainsFunc(set.Files, func(f *catalog.File) bool { return f.Source == source }) ||
		slices.ContainsFunc(set.Gone, func(k catalog.FileKey) bool { return k.Source == source })
}

func dropped(stored []catalog.SourceStatus, configured map[string]*state) []string {
	var out []string
	for _, status := range stored {
		if configured[status.Name] == nil {
			out = append(out, status.Name)
		}
	}
	return out
}
