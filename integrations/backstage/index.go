package backstage

import (
	"sync"
	"time"

	"callboard/catalog"
)

// columnBudget bounds the memory of an index's columns, in bytes. At 100,000 entities the column of a key
// with few distinct values takes 0.8 MB, that of all names 4 MB.
const (
	columnBudget = 32 << 20
	ofColumn     = 1 << 10 // what even an empty one takes
)

// index is what the API keeps of one state of the catalog. It is safe for use by many goroutines. It holds
// entities, but not the snapshot, whose own indexes may go when it is replaced.
type index struct {
	revision int64
	built    time.Time
	entities []*catalog.Entity // all, sorted by ref
	rendered rendered
	matches  matches

	mu      sync.Mutex
	columns map[string]*columnSlot
	used    int64 // clock of uses, to tell the column that was not used for longest
	bytes   int
}

type columnSlot struct {
	once    sync.Once
	column  *column
	carried *carried // of an earlier index, until the column is asked for
	bytes   int      // what the column counts against the budget
	used    int64
}

// newIndex makes the index of s. Columns of the index before it are carried over.
func newIndex(s *catalog.Snapshot, before *index) *index {
	x := &index{revision: s.Revision(), built: s.Built(), columns: map[string]*columnSlot{}}
	view := s.As(catalog.Everything{})
	x.entities = make([]*catalog.Entity, 0, view.Len())
	for e := range view.All() {
		x.entities = append(x.entities, e)
	}
	if before != nil {
		x.carry(before)
	}
	return x
}

// of reports whether the index is one of s, or of the same catalog with a newer status.
func (x *index) of(s *catalog.Snapshot) bool {
	return x != nil && x.revision == s.Revision() && x.built.Equal(s.Built())
}

// column gives the column of a key, which is in lower case. Requests that ask for one that is not there
// make it once, together.
func (x *index) column(s *catalog.Snapshot, key string) *column {
	x.mu.Lock()
	slot := x.columns[key]
	if slot == nil {
		slot = &columnSlot{}
		x.columns[key] = slot
	}
	x.used++
	slot.used = x.used
	x.mu.Unlock()
	slot.once.Do(func() {
		c := x.make(s.As(catalog.Everything{}), slot, key)
		x.mu.Lock()
		defer x.mu.Unlock()
		slot.column = c
		slot.bytes = c.bytes() + len(key) + ofColumn
		x.bytes += slot.bytes
		x.evict(slot)
	})
	return slot.column
}

// make derives the column of a slot from the one that was carried over, or builds it.
func (x *index) make(v catalog.View, slot *columnSlot, key string) *column {
	x.mu.Lock()
	from := slot.carried
	x.bytes -= slot.bytes
	slot.carried, slot.bytes = nil, 0
	x.mu.Unlock()
	if from != nil {
		if m := moveOf(from.entities, x.entities); m != nil {
			return from.column.derive(v, x.entities, key, m)
		}
	}
	return buildColumn(v, x.entities, key)
}

// evict drops the columns that were not used for longest until the rest fit, but not kept.
func (x *index) evict(kept *columnSlot) {
	for x.bytes > columnBudget {
		oldest := ""
		for key, slot := range x.columns {
			if slot != kept && (slot.column != nil || slot.carried != nil) && (oldest == "" || slot.used < x.columns[oldest].used) {
				oldest = key
			}
		}
		if oldest == "" {
			return
		}
		x.bytes -= x.columns[oldest].bytes
		delete(x.columns, oldest)
	}
}

// rendered keeps the JSON of entities that were asked for, up to a budget: when the newer half is full it
// becomes the older one, and what was the older one is forgotten.
type rendered struct {
	mu           sync.Mutex
	newer, older map[renderedKey][]byte
	bytes        int
}

// renderedKey names an entity as one viewer sees it.
type renderedKey struct {
	viewer catalog.Ref // the user who asks; zero for those unknown
	all    bool        // seen by somebody who sees everything, who sees it as all such do
	ref    catalog.Ref
}

const (
	renderedBudget = 16 << 20 // bytes
	ofRenderedKey  = 160      // about what a map takes beside the JSON
)

func (r *rendered) get(key renderedKey) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	if text, found := r.newer[key]; found {
		return text
	}
	text, found := r.older[key]
	if found {
		r.keep(key, text)
	}
	return text
}

func (r *rendered) put(key renderedKey, text []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keep(key, text)
}

func (r *rendered) keep(key renderedKey, text []byte) {
	size := len(text) + ofRenderedKey
	if r.newer == nil || r.bytes+size > renderedBudget/2 {
		r.newer, r.older, r.bytes = map[renderedKey][]byte{}, r.newer, 0
	}
	r.newer[key] = text
	r.bytes += size
}
