package backstage

import (
	"cmp"
	"iter"
	"math"
	"slices"
	"strings"

	"callboard/catalog"
)

// column is what all entities have under one search key: a sorted list of the distinct values, and the
// rows, each an entity and its value. It never changes.
type column struct {
	// The values in lower case, sorted, each with a divider behind it, so that a search for text is one
	// pass over memory. Value i begins at at[i]; at has one more item, the end.
	text string
	at   []uint32
	// Values written in more than one way are that many values with equal text, side by side. Spelling has
	// the original where it is not lower case, first the first of the equal ones where it is not itself.
	spelling sparse[string]
	first    sparse[uint32]

	entities []uint32 // of each row, ascending
	values   []uint32 // of each row; null where there is no value

	// Of relations: the entity that each value names, or dangling. Nil in other columns.
	targets []int32
}

// sparse is what some values have, in the order of values.
type sparse[T any] struct {
	ids []uint32
	of  []T
}

func (s *sparse[T]) get(id uint32) (of T, found bool) {
	if i, found := slices.BinarySearch(s.ids, id); found {
		return s.of[i], true
	}
	return of, false
}

// put adds a value behind all others.
func (s *sparse[T]) put(id uint32, of T) {
	s.ids, s.of = append(s.ids, id), append(s.of, of)
}

const (
	null     = math.MaxUint32
	divider  = 0xFF // in no UTF-8
	dangling = -1
)

// columnBuilder collects rows. Entities must come in order.
type columnBuilder struct {
	ids      map[string]uint32
	spelled  []string
	entities []uint32
	values   []uint32
}

func newColumnBuilder() *columnBuilder { return &columnBuilder{ids: make(map[string]uint32)} }

// add appends a row, unless the entity has the same value, in any case, already.
func (b *columnBuilder) add(entity uint32, r row) {
	for i := len(b.entities) - 1; i >= 0 && b.entities[i] == entity; i-- {
		if other := b.values[i]; r.null && other == null || !r.null && other != null && strings.EqualFold(b.spelled[other], r.text) {
			return
		}
	}
	value := uint32(null)
	if !r.null {
		id, known := b.ids[r.text]
		if !known {
			id = uint32(len(b.spelled))
			b.ids[r.text] = id
			b.spelled = append(b.spelled, r.text)
		}
		value = id
	}
	b.entities = append(b.entities, entity)
	b.values = append(b.values, value)
}

// value is one that a builder collected.
type value struct {
	lower, spelled string
	id             uint32 // in the builder
}

// sorted gives the values of spelled for which wanted holds, in the order of columns.
func sorted(spelled []string, wanted func(id int) bool) (values []value) {
	values = make([]value, 0, len(spelled))
	for i, text := range spelled {
		if wanted(i) {
			values = append(values, value{strings.ToLower(text), text, uint32(i)})
		}
	}
	slices.SortFunc(values, func(x, y value) int {
		return cmp.Or(strings.Compare(x.lower, y.lower), strings.Compare(x.spelled, y.spelled))
	})
	return values
}

// column sorts the values and ends the building.
func (b *columnBuilder) column() *column {
	values := sorted(b.spelled, func(int) bool { return true })
	size := 0
	for _, v := range values {
		size += len(v.lower) + 1
	}
	w := newColumnWriter(len(values), size)
	moved := make([]uint32, len(values))
	for _, v := range values {
		moved[v.id] = w.put(v.lower, v.spelled)
	}
	c := w.column()
	c.entities, c.values = slices.Clip(b.entities), slices.Clip(b.values)
	for i, v := range c.values {
		if v != null {
			c.values[i] = moved[v]
		}
	}
	return c
}

// columnWriter writes the values of a column in their order.
type columnWriter struct {
	text     []byte
	at       []uint32
	spelling sparse[string]
}

// newColumnWriter makes room for so many values, whose text has so many bytes with their dividers.
func newColumnWriter(values, size int) *columnWriter {
	return &columnWriter{text: make([]byte, 0, size), at: make([]uint32, 0, values+1)}
}

func (w *columnWriter) put(lower, spelled string) (id uint32) {
	id = uint32(len(w.at))
	w.at = append(w.at, uint32(len(w.text)))
	w.text = append(append(w.text, lower...), divider)
	if spelled != lower {
		w.spelling.put(id, strings.Clone(spelled)) // columns outlive entities
	}
	return id
}

// column gives a column without rows.
func (w *columnWriter) column() *column {
	c := &column{text: string(w.text), at: append(w.at, uint32(len(w.text))), spelling: w.spelling}
	for _, id := range w.spelling.ids { // of two equal texts one at least is not in lower case
		for _, equal := range [...]uint32{id, id + 1} {
			done := len(c.first.ids) > 0 && c.first.ids[len(c.first.ids)-1] >= equal
			if !done && equal > 0 && int(equal) < c.count() && c.value(equal-1) == c.value(equal) {
				c.first.put(equal, c.rank(equal-1))
			}
		}
	}
	return c
}

// count is the number of distinct values.
func (c *column) count() int { return len(c.at) - 1 }

// value gives the text of a value in lower case.
func (c *column) value(id uint32) string { return c.text[c.at[id] : c.at[id+1]-1] }

// spelled gives a value as it is written.
func (c *column) spelled(id uint32) string {
	if text, found := c.spelling.get(id); found {
		return text
	}
	return c.value(id)
}

// rank orders values; those that differ only in case have the same.
func (c *column) rank(id uint32) uint32 {
	if first, found := c.first.get(id); found {
		return first
	}
	return id
}

// find gives the values that read text, which is in lower case, as a range: first ≤ id < end. An empty
// range stands where the value would.
func (c *column) find(text string) (first, end uint32) {
	lo, hi := 0, c.count()
	for lo < hi {
		if middle := (lo + hi) / 2; c.value(uint32(middle)) < text {
			lo = middle + 1
		} else {
			hi = middle
		}
	}
	for hi = lo; hi < c.count() && c.value(uint32(hi)) == text; {
		hi++
	}
	return uint32(lo), uint32(hi)
}

// containing gives the values that hold term, which is in lower case and not empty.
func (c *column) containing(term string) set {
	found := newSet(c.count())
	needle, id := catalog.NewNeedle(term), 0
	for from := needle.In(c.text, 0); from >= 0; from = needle.In(c.text, int(c.at[id])) {
		for int(c.at[id+1]) <= from {
			id++
		}
		found.add(uint32(id))
		id++
	}
	return found
}

// bytes is about how much memory the column takes.
func (c *column) bytes() int {
	const ofSpelling = 48 // with the text
	return len(c.text) + 4*(len(c.at)+len(c.entities)+len(c.values)+len(c.targets)) +
		ofSpelling*len(c.spelling.ids) + 8*len(c.first.ids)
}

// collect adds the rows of some entities under a key, which is in lower case.
func (b *columnBuilder) collect(v catalog.View, entities []*catalog.Entity, key string, of iter.Seq[uint32]) {
	if relation, found := strings.CutPrefix(key, "relations."); found {
		types := knownRelation(relation)
		for i := range of {
			for _, r := range v.Relations(entities[i].Ref, types...) {
				if strings.EqualFold(r.Type, relation) {
					b.add(i, textRow(r.Target.String()))
				}
			}
		}
	} else if len(key) <= maxLength {
		rows := rowsOf(key)
		for i := range of {
			rows(v, entities[i], func(r row) { b.add(i, r) })
		}
	}
}

// buildColumn makes the column of a key, which is in lower case.
func buildColumn(v catalog.View, entities []*catalog.Entity, key string) *column {
	b := newColumnBuilder()
	b.collect(v, entities, key, func(yield func(uint32) bool) {
		for i := range entities {
			if !yield(uint32(i)) {
				return
			}
		}
	})
	c := b.column()
	if strings.HasPrefix(key, "relations.") {
		c.targets = make([]int32, c.count())
		for id := range c.targets {
			c.targets[id] = c.target(uint32(id), entities)
		}
	}
	return c
}

// target gives the entity that a value of a column of relations names.
func (c *column) target(id uint32, entities []*catalog.Entity) int32 {
	if ref, err := catalog.ParseRef(c.value(id), "", ""); err == nil {
		if at, found := position(entities, ref); found {
			return int32(at)
		}
	}
	return dangling
}

// knownRelation gives the type of the format that reads so in lower case, if there is one: asking for one
// type is much faster than asking for all.
func knownRelation(lower string) []string {
	for _, name := range [...]string{
		catalog.OwnedBy, catalog.OwnerOf, catalog.PartOf, catalog.HasPart, catalog.DependsOn, catalog.DependencyOf, catalog.ProvidesAPI,
		catalog.APIProvidedBy, catalog.ConsumesAPI, catalog.APIConsumedBy, catalog.MemberOf, catalog.HasMember, catalog.ChildOf, catalog.ParentOf,
	} {
		if strings.EqualFold(name, lower) {
			return []string{name}
		}
	}
	return nil
}

// position gives where ref stands, or would stand, among entities, which are sorted by ref.
func position(entities []*catalog.Entity, ref catalog.Ref) (int, bool) {
	return slices.BinarySearchFunc(entities, ref, func(e *catalog.Entity, r catalog.Ref) int { return e.Ref.Compare(r) })
}
