package backstage

import (
	"cmp"
	"math/bits"
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
	last      = null // the rank of entities without a value, in either direction
)

// place is where a page begins or ends: the sort values of an entity, null where it has none, and its ref.
type place struct {
	Values []*string   `json:"v,omitempty"`
	Ref    catalog.Ref `json:"r"`
}

// candidate is an entity with what it is sorted by: the rank of its least value of each order, or last.
type candidate struct {
	entity uint32
	ranks  [maxOrders]uint32
}

// listing is a set of entities in an order. Where all fields are equal, refs decide.
type listing struct {
	found    set
	entities []*catalog.Entity // of the index
	orders   []order
	columns  []*column
	hidden   []set // of each column, nil for none
}

func (r *request) list(found set, orders []order) *listing {
	l := &listing{found: found, entities: r.index.entities, orders: orders}
	for _, o := range orders {
		c := r.column(o.Key)
		l.columns = append(l.columns, c)
		l.hidden = append(l.hidden, r.hidden(c))
	}
	return l
}

// each visits all candidates, by ref or from the end. Names run with refs, so who looks for the last names
// should begin at the end: each candidate that is better than all before it costs time.
func (l *listing) each(fromEnd bool, visit func(c candidate)) {
	var rows [maxOrders]int // how far each column was read
	if fromEnd {
		for o, c := range l.columns {
			rows[o] = len(c.entities) - 1
		}
	}
	for i := range l.found {
		if fromEnd {
			i = len(l.found) - 1 - i
		}
		for word := l.found[i]; word != 0; {
			bit := bits.TrailingZeros64(word)
			if fromEnd {
				bit = 63 - bits.LeadingZeros64(word)
			}
			word &^= 1 << bit
			c := candidate{entity: uint32(i*64 + bit)}
			for o := range l.orders {
				c.ranks[o], rows[o] = l.rank(o, c.entity, rows[o], fromEnd)
			}
			visit(c)
		}
	}
}

// rank gives the least rank of an entity in a column that was read up to row, and the next row to read.
func (l *listing) rank(o int, entity uint32, row int, fromEnd bool) (rank uint32, next int) {
	c, hidden, step := l.columns[o], l.hidden[o], 1
	if fromEnd {
		step = -1
	}
	for rank = last; row >= 0 && row < len(c.entities); row += step {
		at := c.entities[row]
		if at == entity {
			if v := c.values[row]; v != null && (hidden == nil || !hidden.has(v)) {
				rank = min(rank, c.rank(v))
			}
		} else if at < entity == fromEnd {
			break // beyond it
		}
	}
	return rank, row
}

func (l *listing) compare(a, b candidate) int {
	for o := range l.orders {
		if c := compareRanks(a.ranks[o], b.ranks[o], l.orders[o].Descending); c != 0 {
			return c
		}
	}
	return cmp.Compare(a.entity, b.entity)
}

func (l *listing) descending() bool { return len(l.orders) > 0 && l.orders[0].Descending }

func compareRanks(a, b uint32, descending bool) int {
	if descending && a != last && b != last {
		a, b = b, a
	}
	return cmp.Compare(a, b)
}

// first gives the first n candidates in order, or all with n below 0.
func (l *listing) first(n int) []candidate {
	picked := picker{limit: n, compare: l.compare}
	l.each(l.descending(), picked.add)
	return picked.sorted()
}

// after gives the first n candidates behind a place, and whether there are more.
func (l *listing) after(p place, n int) (page []candidate, more bool) {
	side := l.side(p)
	picked := picker{limit: n, compare: l.compare}
	l.each(l.descending(), func(c candidate) {
		if side(c) > 0 {
			picked.add(c)
		}
	})
	return picked.sorted(), picked.seen > n
}

// before gives the last n candidates before a place, in order.
func (l *listing) before(p place, n int) []candidate {
	side := l.side(p)
	picked := picker{limit: n, compare: func(a, b candidate) int { return l.compare(b, a) }}
	l.each(!l.descending(), func(c candidate) {
		if side(c) < 0 {
			picked.add(c)
		}
	})
	page := picked.sorted()
	slices.Reverse(page)
	return page
}

// side tells on which side of a place a candidate stands: before is below 0. The place may be of an older
// catalog, so neither its values nor its entity need to exist.
func (l *listing) side(p place) func(c candidate) int {
	var ranks [maxOrders]uint32
	var exact [maxOrders]bool
	for o, c := range l.columns {
		ranks[o], exact[o] = last, true
		if value := p.Values[o]; value != nil {
			var end uint32
			ranks[o], end = c.find(*value)
			exact[o] = ranks[o] < end
		}
	}
	at, exists := position(l.entities, p.Ref)
	return func(c candidate) int {
		for o := range l.orders {
			descending := l.orders[o].Descending
			if !exact[o] && c.ranks[o] == ranks[o] { // the place's value stood just before this one
				return compareRanks(1, 0, descending)
			}
			if side := compareRanks(c.ranks[o], ranks[o], descending); side != 0 {
				return side
			}
		}
		if side := cmp.Compare(int(c.entity), at); side != 0 || exists {
			return side
		}
		return 1
	}
}

// place tells where a candidate stands, so that another request can go on from there.
func (l *listing) place(c candidate) place {
	p := place{Ref: l.entities[c.entity].Ref}
	for o, column := range l.columns {
		var value *string
		if c.ranks[o] != last {
			text := column.value(c.ranks[o])
			value = &text
		}
		p.Values = append(p.Values, value)
	}
	return p
}

// picker keeps the smallest of the candidates that it is given, without keeping the rest.
type picker struct {
	limit   int // how many; below 0: all
	compare func(a, b candidate) int
	kept    []candidate // a heap with the largest on top, once limit is reached
	seen    int
}

func (p *picker) add(c candidate) {
	p.seen++
	switch {
	case p.limit < 0 || len(p.kept) < p.limit:
		p.kept = append(p.kept, c)
		if len(p.kept) == p.limit {
			for i := p.limit/2 - 1; i >= 0; i-- {
				p.sink(i)
			}
		}
	case p.limit > 0 && p.compare(c, p.kept[0]) < 0:
		p.kept[0] = c
		p.sink(0)
	}
}

// sink moves what stands at i down to where nothing below is larger.
func (p *picker) sink(i int) {
	for {
		child := 2*i + 1
		if child >= len(p.kept) {
			return
		}
		if child+1 < len(p.kept) && p.compare(p.kept[child+1], p.kept[child]) > 0 {
			child++
		}
		if p.compare(p.kept[child], p.kept[i]) <= 0 {
			return
		}
		p.kept[i], p.kept[child] = p.kept[child], p.kept[i]
		i = child
	}
}

func (p *picker) sorted() []candidate {
	slices.SortFunc(p.kept, p.compare)
	return p.kept
}
