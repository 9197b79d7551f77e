package catalog

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Change is what sets a catalog apart from the one before it.
type Change struct {
	Refs  []Ref            // the entities decided anew: what the catalog knew of them is forgotten
	Files map[FileKey]bool // the files decided anew: their problems are forgotten

	// Contents is what is true of these refs and files now. Its Sources and Revision are those of the
	// whole catalog.
	Contents
}

// A change of more than one entity in derivedShare is not worth deriving.
const derivedShare = 8

// With gives the catalog after a change. It answers as NewSnapshot of the whole contents would, but parses,
// hashes and sorts only what the change holds; the rest is moved over. The indexes of s stay as they are.
func (s *Snapshot) With(c Change) *Snapshot {
	if len(c.Refs)+len(c.Documents)+len(c.Files) == 0 && sameRepositories(s.contents.Sources, c.Sources) {
		next := s.WithSources(c.Sources)
		next.contents.Revision, next.built = c.Revision, time.Now()
		return next // most commits touch no descriptor
	}
	fresh := sortedDocuments(c.Documents)
	move := s.move(c.Refs, fresh)
	contents := s.after(c, fresh)
	if derivedShare*(move.leaving+len(fresh)) > len(s.documents) || !sameRepositories(s.contents.Sources, c.Sources) {
		contents.Documents = move.documents
		return NewSnapshot(contents)
	}
	next := &Snapshot{contents: contents, built: time.Now(), documents: move.documents}
	next.dangling, next.graph = s.deriveGraph(move)
	next.bySource = deriveSources(s.bySource, move)
	next.names = s.names.derive(move)
	next.handles = s.handles.derive(move)
	next.similar = s.similar.derive(move, next.names)
	next.texts = s.texts.derive(move)
	return next
}

// after gives what the contents become, but for the documents.
func (s *Snapshot) after(c Change, fresh []*Document) Contents {
	out := Contents{
		Orphans: maps.Clone(s.contents.Orphans), Losers: maps.Clone(s.contents.Losers),
		Sources: c.Sources, Revision: c.Revision,
	}
	for _, ref := range c.Refs {
		delete(out.Orphans, ref)
		delete(out.Losers, ref)
	}
	for _, d := range fresh {
		delete(out.Orphans, d.Entity.Ref)
		delete(out.Losers, d.Entity.Ref)
	}
	if out.Orphans == nil {
		out.Orphans = map[Ref]bool{}
	}
	if out.Losers == nil {
		out.Losers = map[Ref][]Loss{}
	}
	maps.Copy(out.Orphans, c.Orphans)
	maps.Copy(out.Losers, c.Losers)
	kept := make([]Problem, 0, len(s.contents.Problems)+len(c.Problems))
	for _, p := range s.contents.Problems {
		if !c.Files[FileKey{p.Origin.Source, p.Origin.Path}] {
			kept = append(kept, p)
		}
	}
	out.Problems = weave(kept, c.Problems, Problem.compare)
	return out
}

// compare orders problems by where they are.
func (p Problem) compare(o Problem) int {
	return cmp.Or(cmp.Compare(p.Origin.Source, o.Origin.Source), cmp.Compare(p.Origin.Path, o.Origin.Path),
		cmp.Compare(p.Origin.Doc, o.Origin.Doc), cmp.Compare(p.Origin.Line, o.Origin.Line))
}

// SortProblems puts problems in the order of Contents.Problems: by source, path, document and line.
// Those of one line keep their order.
func SortProblems(problems []Problem) { slices.SortStableFunc(problems, Problem.compare) }

func sameRepositories(a, b []SourceStatus) bool {
	return slices.EqualFunc(a, b, func(x, y SourceStatus) bool { return x.Name == y.Name && x.URL == y.URL })
}

// move is how the entities of one snapshot stand in the next. As both are sorted by ref, entities that are in
// both keep their order, which is why indexes can be moved over without sorting.
type move struct {
	documents []*Document // of the next snapshot
	fresh     []id        // in the next: the documents that are new, or stand in for one of the same ref
	added     []id        // in the next: those of fresh whose ref was no entity before
	stale     []bool      // by the id before: what is not taken over
	leaving   int         // how many of stale
	to        []id        // by the id before: the id of the same ref now, or -1 when it is no entity any more
}

// move finds the place of each document in the next snapshot; fresh is sorted.
func (s *Snapshot) move(refs []Ref, fresh []*Document) *move {
	m := &move{stale: make([]bool, len(s.documents)), to: make([]id, len(s.documents))}
	leave := func(ref Ref) {
		if i, found := s.lookup(ref); found && !m.stale[i] {
			m.stale[i] = true
			m.leaving++
		}
	}
	for _, ref := range refs {
		leave(ref)
	}
	for _, d := range fresh {
		leave(d.Entity.Ref)
	}
	m.documents = make([]*Document, 0, len(s.documents)+len(fresh))
	put := func(d *Document, added bool) {
		m.fresh = append(m.fresh, toID(len(m.documents)))
		if added {
			m.added = append(m.added, toID(len(m.documents)))
		}
		m.documents = append(m.documents, d)
	}
	insert := m.insertions(s, fresh)
	for i, d := range s.documents {
		for len(insert) > 0 && insert[0].before == toID(i) && !insert[0].replaces {
			put(insert[0].doc, true)
			insert = insert[1:]
		}
		m.to[i] = toID(len(m.documents))
		switch {
		case len(insert) > 0 && insert[0].before == toID(i):
			put(insert[0].doc, false)
			insert = insert[1:]
		case m.stale[i]:
			m.to[i] = -1
		default:
			m.documents = append(m.documents, d)
		}
	}
	for _, in := range insert {
		put(in.doc, true)
	}
	return m
}

// insertion is a fresh document and the id that it comes before or replaces.
type insertion struct {
	doc      *Document
	before   id
	replaces bool
}

func (m *move) insertions(s *Snapshot, fresh []*Document) []insertion {
	out := make([]insertion, len(fresh))
	for n, d := range fresh {
		at, found := s.lookup(d.Entity.Ref)
		out[n] = insertion{d, at, found}
	}
	return out
}

// kept gives the id now of an entity that is taken over unchanged.
func (m *move) kept(before id) (now id, unchanged bool) {
	return m.to[before], !m.stale[before]
}

// weave merges two sorted lists, of which the second is short. Of equals those of long come first.
func weave[T any](long, short []T, compare func(a, b T) int) []T {
	if len(short) == 0 {
		return long
	}
	out := make([]T, 0, len(long)+len(short))
	for _, x := range short {
		n, _ := slices.BinarySearchFunc(long, x, func(a, b T) int {
			if compare(a, b) <= 0 {
				return -1
			}
			return 1
		})
		out = append(append(out, long[:n]...), x)
		long = long[n:]
	}
	return append(out, long...)
}

func deriveSources(before map[string][]id, m *move) map[string][]id {
	fresh := make(map[string][]id)
	for _, i := range m.fresh {
		source := m.documents[i].Origin.Source
		fresh[source] = append(fresh[source], i)
	}
	next := make(map[string][]id, len(before))
	for source, ids := range before {
		kept := make([]id, 0, len(ids))
		for _, i := range ids {
			if now, unchanged := m.kept(i); unchanged {
				kept = append(kept, now)
			}
		}
		if kept = weave(kept, fresh[source], cmp.Compare); len(kept) > 0 {
			next[source] = kept
		}
		delete(fresh, source)
	}
	maps.Copy(next, fresh)
	return next
}
