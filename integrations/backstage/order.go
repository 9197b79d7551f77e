package backstage

import (
	"cmp"
	"slices"

	"callboard/catalog"
)

// order is one field to sort by.
type order struct {
	Key        string `json:"k"` // in lower case
	Descending bool   `json:"d,omitempty"`
}

// Bounds of sorting.
const (
	maxOrders = 5    // fields; further ones are refused
	last      = null // the sort key of entities without a value, in either direction
)

// place is where a page begins or ends: the sort values of an entity, null where it has none, and its ref.
type place struct {
	Values []*string   `json:"v,omitempty"`
	Ref    catalog.Ref `json:"r"`
}

// listing is a set of entities in an order. Where all fields are equal, refs decide.
type listing struct {
	entities []uint32 // ascending, which is by ref
	orders   []order
	columns  []*column
	keys     [][]uint32 // of each order: the rank of each entity's value, or last
}

func (r *request) list(found set, orders []order) *listing {
	l := &listing{entities: found.all(), orders: orders}
	for _, o := range orders {
		c := r.column(o.Key)
		l.columns = append(l.columns, c)
		l.keys = append(l.keys, l.ranks(c, r.hidden(c)))
	}
	return l
}

// ranks gives the least rank of each entity of l.
func (l *listing) ranks(c *column, hidden set) []uint32 {
	ranks := make([]uint32, len(l.entities))
	row := 0
	for i, entity := range l.entities {
		ranks[i] = last
		for ; row < len(c.entities) && c.entities[row] <= entity; row++ {
			v := c.values[row]
			if c.entities[row] == entity && v != null && (hidden == nil || !hidden.has(v)) {
				ranks[i] = min(ranks[i], c.rank(v))
			}
		}
	}
	return ranks
}

// compare orders two positions of l.entities.
func (l *listing) compare(a, b uint32) int {
	for o := range l.orders {
		if c := compareRanks(l.keys[o][a], l.keys[o][b], l.orders[o].Descending); c != 0 {
			return c
		}
	}
	return cmp.Compare(a, b)
}

func compareRanks(a, b uint32, descending bool) int {
	switch {
	case a == b:
		return 0
	case descending && a != last && b != last:
		return cmp.Compare(b, a)
	}
	return cmp.Compare(a, b)
}

// first gives the first n of the positions in order, or with backwards the last n, last one first.
func (l *listing) first(positions []uint32, n int, backwards bool) []uint32 {
	n = min(n, len(positions))
	switch {
	case backwards:
		return smallest(positions, n, func(a, b uint32) int { return l.compare(b, a) })
	case len(l.orders) == 0:
		return positions[:n] // they come in the order of refs
	}
	return smallest(positions, n, l.compare)
}

// smallest gives the n smallest of list, sorted, without sorting the rest. It reorders list.
func smallest(list []uint32, n int, compare func(a, b uint32) int) []uint32 {
	if n > len(list)/8 {
		slices.SortFunc(list, compare)
		return list[:n]
	}
	heap := list[:n] // its largest on top
	for i := n/2 - 1; i >= 0; i-- {
		sink(heap, i, compare)
	}
	for _, candidate := range list[n:] {
		if n > 0 && compare(candidate, heap[0]) < 0 {
			heap[0] = candidate
			sink(heap, 0, compare)
		}
	}
	slices.SortFunc(heap, compare)
	return heap
}

func sink(heap []uint32, i int, compare func(a, b uint32) int) {
	for {
		child := 2*i + 1
		if child >= len(heap) {
			return
		}
		if child+1 < len(heap) && compare(heap[child+1], heap[child]) > 0 {
			child++
		}
		if compare(heap[child], heap[i]) <= 0 {
			return
		}
		heap[i], heap[child] = heap[child], heap[i]
		i = child
	}
}

// positions gives all positions of l.entities.
func (l *listing) positions() []uint32 {
	all := make([]uint32, len(l.entities))
	for i := range all {
		all[i] = uint32(i)
	}
	return all
}

// beyond gives the positions that come after a place, or with backwards before it.
func (l *listing) beyond(entities []*catalog.Entity, p place, backwards bool) []uint32 {
	ranks := make([]uint32, len(l.orders))
	exact := make([]bool, len(l.orders))
	for o, c := range l.columns {
		ranks[o], exact[o] = last, true
		if value := p.Values[o]; value != nil {
			var end uint32
			ranks[o], end = c.find(*value)
			exact[o] = ranks[o] < end
		}
	}
	at, found := position(entities, p.Ref)
	side := func(i uint32) int {
		for o := range l.orders {
			key := l.keys[o][i]
			if !exact[o] && key == ranks[o] {
				return descends(l.orders[o]) // the place's value is gone; it was just before this one
			}
			if c := compareRanks(key, ranks[o], l.orders[o].Descending); c != 0 {
				return c
			}
		}
		if c := cmp.Compare(int(l.entities[i]), at); c != 0 || found {
			return c
		}
		return 1
	}
	wanted := 1
	if backwards {
		wanted = -1
	}
	return slices.DeleteFunc(l.positions(), func(i uint32) bool { return side(i) != wanted })
}

func descends(o order) int {
	if o.Descending {
		return -1
	}
	return 1
}

// place tells where a position stands, so that another request can go on from there.
func (l *listing) place(entities []*catalog.Entity, i uint32) place {
	p := place{Ref: entities[l.entities[i]].Ref}
	for o, c := range l.columns {
		var value *string
		if rank := l.keys[o][i]; rank != last {
			text := c.value(rank)
			value = &text
		}
		p.Values = append(p.Values, value)
	}
	return p
}
