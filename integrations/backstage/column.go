package backstage

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"sync"

	"callboard/catalog"
)

// column is what all entities have under one search key: a sorted list of the distinct values, and the
// rows, each an entity and its value. It never changes, but for what it remembers.
type column struct {
	// The values in lower case, sorted, each with a divider behind it, so that a search for text is one
	// pass over memory. Value i begins at at[i]; at has one more item, the end.
	text string
	at   []uint32
	// Values written in more than one way are that many values with equal text, side by side. Spelling has
	// the original where it is not lower case, first the first of the equal ones where it is not itself.
	spelling map[uint32]string
	first    map[uint32]uint32

	entities []uint32 // of each row, ascending
	values   []uint32 // of each row; null where there is no value

	// Of relations: the entity that each value names, or dangling. Nil in other columns.
	targets []int32

	terms termMemo
}

// termMemo remembers which values hold the terms that were asked for last: the next page of a query asks for
// the same one, and so does everybody who types the same.
type termMemo struct {
	mu    sync.Mutex
	found map[string]set
}

// maxTerms bounds a termMemo. The set of 100,000 values takes 12.5 KB.
const maxTerms = 32

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
	for i := len(b.entities) - 1; i >= 0 && b.entities[i] == entity; i-- {
		if other := b.values[i]; other == value || other != null && value != null && strings.EqualFold(b.spelled[other], r.text) {
			return
		}
	}
	b.entities = append(b.entities, entity)
	b.values = append(b.values, value)
}

// column sorts the values and ends the building.
func (b *columnBuilder) column() *column {
	type value struct {
		lower string
		id    uint32
	}
	sorted := make([]value, len(b.spelled))
	size := 0
	for i, text := range b.spelled {
		sorted[i] = value{strings.ToLower(text), uint32(i)}
		size += len(sorted[i].lower) + 1
	}
	slices.SortFunc(sorted, func(x, y value) int {
		return cmp.Or(strings.Compare(x.lower, y.lower), strings.Compare(b.spelled[x.id], b.spelled[y.id]))
	})
	c := &column{
		at: make([]uint32, 0, len(sorted)+1), entities: slices.Clip(b.entities), values: slices.Clip(b.values),
		spelling: map[uint32]string{}, first: map[uint32]uint32{},
	}
	var text strings.Builder
	text.Grow(size)
	moved := make([]uint32, len(sorted))
	for i, v := range sorted {
		now := uint32(i)
		moved[v.id] = now
		if spelled := b.spelled[v.id]; spelled != v.lower {
			c.spelling[now] = spelled
		}
		if i > 0 && sorted[i-1].lower == v.lower {
			c.first[now] = c.rank(now - 1)
		}
		c.at = append(c.at, uint32(text.Len()))
		text.WriteString(v.lower)
		text.WriteByte(divider)
	}
	c.at = append(c.at, uint32(text.Len()))
	c.text = text.String()
	for i, v := range c.values {
		if v != null {
			c.values[i] = moved[v]
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
	if text, found := c.spelling[id]; found {
		return text
	}
	return c.value(id)
}

// rank orders values; those that differ only in case have the same.
func (c *column) rank(id uint32) uint32 {
	if first, found := c.first[id]; found {
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

// containing gives the values that hold term, which is in lower case and not empty. The set is the caller's.
func (c *column) containing(term string) set {
	c.terms.mu.Lock()
	found, known := c.terms.found[term]
	c.terms.mu.Unlock()
	if !known {
		found = c.scan(term)
		c.terms.mu.Lock()
		if c.terms.found == nil || len(c.terms.found) >= maxTerms {
			c.terms.found = make(map[string]set, maxTerms)
		}
		c.terms.found[term] = found
		c.terms.mu.Unlock()
	}
	return slices.Clone(found)
}

func (c *column) scan(term string) set {
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
	const ofMapItem = 64
	return len(c.text) + 4*(len(c.at)+len(c.entities)+len(c.values)+len(c.targets)) +
		ofMapItem*(len(c.spelling)+len(c.first))
}

// buildColumn makes the column of a key, which is in lower case.
func buildColumn(v catalog.View, entities []*catalog.Entity, key string) *column {
	if relation, found := strings.CutPrefix(key, "relations."); found {
		return buildRelations(v, entities, relation)
	}
	b := newColumnBuilder()
	if len(key) <= maxLength {
		rows := rowsOf(key)
		for i, e := range entities {
			rows(v, e, func(r row) { b.add(uint32(i), r) })
		}
	}
	return b.column()
}

// buildRelations makes the column of a type of relation, in lower case. Its values are refs.
func buildRelations(v catalog.View, entities []*catalog.Entity, relation string) *column {
	b := newColumnBuilder()
	types := knownRelation(relation)
	for i, e := range entities {
		for _, r := range v.Relations(e.Ref, types...) {
			if strings.EqualFold(r.Type, relation) {
				b.add(uint32(i), textRow(r.Target.String()))
			}
		}
	}
	c := b.column()
	c.targets = make([]int32, c.count())
	for id := range c.targets {
		c.targets[id] = dangling
		ref, err := catalog.ParseRef(c.value(uint32(id)), "", "")
		if err != nil {
			continue
		}
		if at, found := position(entities, ref); found {
			c.targets[id] = int32(at)
		}
	}
	return c
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
