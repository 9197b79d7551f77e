package catalog

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Contents is all that a Snapshot is made of.
type Contents struct {
	Documents []*Document    // those that hold their ref, in any order
	Orphans   map[Ref]bool   // entities that no Location names any more
	Losers    map[Ref][]Loss // documents that name the same ref and lost
	Problems  []Problem      // all of them, sorted by source, path, document and line
	Sources   []SourceStatus // in configured order
	Revision  int64          // grows with each snapshot of a process
}

// Loss is a document that names an entity which another document holds.
type Loss struct {
	Origin Origin
	Why    string // "came later", "the source is not trusted", …
}

// Snapshot is the whole catalog at one moment, immutable and safe for use by many goroutines.
// Questions are put to a View of it, because every question has a viewer.
type Snapshot struct {
	contents Contents
	built    time.Time

	// Entities are known inside by their position in documents, which is sorted by ref. An id of
	// len(documents) or more stands for a ref that is only named: dangling[id-len(documents)].
	documents []*Document
	dangling  []Ref
	graph     graph
	bySource  map[string][]id // entities of each source
	names     nameIndex
	handles   handleIndex
	similar   trigramIndex
	texts     textIndex
}

// id is the position of an entity in Snapshot.documents; see there.
type id int32

func toID(position int) id { return id(position) }

// NewSnapshot builds the indexes over contents, which the caller must not change any more.
// Documents without an entity are left out; of two with one ref the first by origin counts.
func NewSnapshot(contents Contents) *Snapshot {
	s := &Snapshot{contents: contents, built: time.Now()}
	s.documents = sortedDocuments(contents.Documents)
	s.contents.Documents = nil // sorted above; the unsorted list is not needed again

	var parts sync.WaitGroup
	parts.Go(func() { s.handles = buildHandles(s.documents, s.contents.Sources) })
	parts.Go(func() { s.texts = buildTexts(s.documents) })
	parts.Go(func() {
		s.dangling, s.graph = buildGraph(s.documents)
		s.bySource = groupBySource(s.documents)
	})
	s.names = buildNames(s.documents)
	s.similar = buildTrigrams(s.documents, s.names)
	parts.Wait()
	return s
}

// Built is when the snapshot was made.
func (s *Snapshot) Built() time.Time { return s.built }

// Revision grows with each snapshot of a process.
func (s *Snapshot) Revision() int64 { return s.contents.Revision }

// As gives the catalog as viewer sees it. A nil viewer sees nothing.
func (s *Snapshot) As(viewer Viewer) View {
	if binder, binds := viewer.(Binder); binds {
		viewer = binder.Of(s)
	}
	return View{s, viewer}
}

// sortedDocuments sorts by ref: first by kinds and namespaces, which are few, then the names of each, which
// takes a third of the time of comparing whole refs.
func sortedDocuments(documents []*Document) []*Document {
	type family struct{ kind, namespace string }
	type named struct { // the name at hand: entities are far away in memory
		name string
		doc  *Document
	}
	families := make(map[family][]named)
	for _, d := range documents {
		if d.Entity != nil {
			ref := &d.Entity.Ref
			key := family{ref.Kind, ref.Namespace}
			families[key] = append(families[key], named{ref.Name, d})
		}
	}
	order := slices.SortedFunc(maps.Keys(families), func(a, b family) int {
		return cmp.Or(strings.Compare(a.kind, b.kind), strings.Compare(a.namespace, b.namespace))
	})
	sorted := make([]*Document, 0, len(documents))
	for _, key := range order {
		members := families[key]
		slices.SortFunc(members, func(a, b named) int {
			if c := strings.Compare(a.name, b.name); c != 0 {
				return c
			}
			x, y := a.doc.Origin, b.doc.Origin
			return cmp.Or(cmp.Compare(x.Source, y.Source), cmp.Compare(x.Path, y.Path), cmp.Compare(x.Doc, y.Doc))
		})
		for i, m := range members {
			if i == 0 || m.name != members[i-1].name {
				sorted = append(sorted, m.doc)
			}
		}
	}
	return sorted
}

func groupBySource(documents []*Document) map[string][]id {
	groups := make(map[string][]id)
	for i, d := range documents {
		groups[d.Origin.Source] = append(groups[d.Origin.Source], toID(i))
	}
	return groups
}

// find gives the id of ref, also of one that is only named.
func (s *Snapshot) find(ref Ref) (id, bool) {
	if i, found := s.lookup(ref); found {
		return i, true
	}
	i, found := slices.BinarySearchFunc(s.dangling, ref, Ref.Compare)
	return toID(len(s.documents) + i), found
}

// lookup gives the id of an entity of the catalog.
func (s *Snapshot) lookup(ref Ref) (id, bool) {
	i, found := slices.BinarySearchFunc(s.documents, ref,
		func(d *Document, r Ref) int { return d.Entity.Ref.Compare(r) })
	return toID(i), found
}

// entity is nil for a ref that is only named.
func (s *Snapshot) entity(i id) *Entity {
	if int(i) >= len(s.documents) {
		return nil
	}
	return s.documents[i].Entity
}

func (s *Snapshot) ref(i id) Ref {
	return refOf(s.documents, s.dangling, i)
}
