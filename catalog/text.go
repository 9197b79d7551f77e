package catalog

import (
	"encoding/binary"
	"slices"
	"sync"
)

// textIndex is what Find searches: the words of the catalog as it was when the index was last made whole,
// and those of the entities that came since, so that a change costs little.
type textIndex struct {
	base, recent wordIndex
	tallies      *sync.Pool // of *tally
}

// recentShare is the share of entities that recent may hold: one in so many.
const recentShare = 32

func buildTexts(documents []*Document) textIndex {
	all := make([]id, len(documents))
	for i := range documents {
		all[i] = toID(i)
	}
	return textIndex{base: indexWords(documents, all), tallies: &sync.Pool{New: func() any { return &tally{} }}}
}

// derive moves the words over to the documents of a change.
func (x *textIndex) derive(m *move) textIndex {
	recent := slices.Clone(m.fresh)
	for _, i := range x.recent.to {
		if now, unchanged := m.kept(i); unchanged {
			recent = append(recent, now)
		}
	}
	if recentShare*len(recent) > len(m.documents) {
		return buildTexts(m.documents)
	}
	slices.Sort(recent)
	next := textIndex{base: x.base, recent: indexWords(m.documents, recent), tallies: x.tallies}
	next.base.to = make([]id, len(x.base.to))
	for n, i := range x.base.to {
		next.base.to[n] = -1
		if i < 0 {
			continue
		}
		if now, unchanged := m.kept(i); unchanged {
			next.base.to[n] = now
		}
	}
	return next
}

// holding and having are those of wordIndex, of both parts.
func (x *textIndex) holding(text string, tell func(i id, grade uint8)) {
	x.base.holding(text, tell)
	x.recent.holding(text, tell)
}

func (x *textIndex) having(value string, field uint32, tell func(id)) {
	x.base.having(value, field, tell)
	x.recent.having(value, field, tell)
}

// tally counts for each entity how badly it fits what a query asks, condition after condition.
type tally struct {
	sums  []uint8 // 0 for an entity that does not fit; else the grades of the conditions so far, and 1
	marks []uint8 // 0 for an entity that does not meet the present condition; else its grade, and 1
	begun bool    // a condition was counted already
}

// lane is how many entities a tally looks at in one step. Most of them fit nothing.
const lane = 8

// tally gives an empty one. It goes back to the pool when it is not needed any more.
func (x *textIndex) tally(entities int) *tally {
	t, _ := x.tallies.Get().(*tally)
	size := (entities + lane - 1) / lane * lane
	if len(t.sums) != size {
		t.sums, t.marks = make([]uint8, size), make([]uint8, size)
	}
	t.begun = false
	clear(t.marks)
	return t
}

// mark notes that an entity meets the present condition. The best grade counts.
func (t *tally) mark(i id, grade uint8) {
	if m := &t.marks[i]; *m == 0 || grade < *m-1 {
		*m = grade + 1
	}
}

// count ends a condition: who does not meet it fits no more.
func (t *tally) count() {
	if !t.begun {
		t.begun = true
		t.sums, t.marks = t.marks, t.sums
		clear(t.marks)
		return
	}
	for i := 0; i < len(t.sums); i += lane {
		sums, marks := t.sums[i:i+lane], t.marks[i:i+lane]
		if binary.NativeEndian.Uint64(sums) == 0 {
			continue
		}
		for k, m := range marks {
			if m == 0 || sums[k] == 0 {
				sums[k] = 0
			} else {
				sums[k] += m - 1
			}
		}
	}
	clear(t.marks)
}

// each tells those that fit, in order, with what their grades add up to.
func (t *tally) each(tell func(i id, score int)) {
	for i := 0; i < len(t.sums); i += lane {
		sums := t.sums[i : i+lane]
		if binary.NativeEndian.Uint64(sums) == 0 {
			continue
		}
		for k, sum := range sums {
			if sum > 0 {
				tell(toID(i+k), int(sum)-1)
			}
		}
	}
}
