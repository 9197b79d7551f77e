package backstage

import (
	"slices"
	"strings"

	"callboard/catalog"
)

// carried is a column of an earlier index, with the entities whose positions its rows name.
type carried struct {
	column   *column
	entities []*catalog.Entity
	changed  int // entities since then
	age      int // indexes since then
}

// Bounds of what is carried over: it keeps entities in memory that are not in the catalog any more.
const (
	carriedShare = 64 // one entity in so many may have changed
	carriedAge   = 8
)

// carry takes over the columns of the index before, so that those asked for need little work. Most changes
// are of one entity, and most columns stay as they are.
func (x *index) carry(before *index) {
	m := moveOf(before.entities, x.entities)
	if m == nil {
		return
	}
	before.mu.Lock()
	defer before.mu.Unlock()
	x.used = before.used
	for key, slot := range before.columns {
		from := carried{changed: m.size(), age: 1}
		switch {
		case !isCarried(key):
			continue
		case slot.column != nil:
			from.column, from.entities = slot.column, before.entities
		case slot.carried != nil:
			from.column, from.entities = slot.carried.column, slot.carried.entities
			from.changed += slot.carried.changed
			from.age += slot.carried.age
		}
		if from.column != nil && from.age <= carriedAge && carriedShare*from.changed <= len(x.entities)+carriedShare {
			x.columns[key] = &columnSlot{carried: &from, bytes: slot.bytes, used: slot.used}
			x.bytes += slot.bytes
		}
	}
}

// isCarried reports whether the rows of an entity under a key stay the same while it and, of relations, those
// that name it stay the same.
func isCarried(key string) bool {
	if relation, found := strings.CutPrefix(key, "relations."); found {
		return knownRelation(relation) != nil
	}
	annotation, found := strings.CutPrefix(key, "metadata.annotations.")
	return !found || !isAdded(annotation)
}

// move is how the entities of one index stand in a later one.
type move struct {
	to    []uint32          // by the position before: that of the same entity now, or null where it changed or went
	left  []*catalog.Entity // those that changed or went
	fresh []uint32          // positions now of those that changed or came, ascending
}

func (m *move) size() int { return max(len(m.left), len(m.fresh)) }

// moveOf compares two lists, each sorted by ref. What did not change is the same pointer in both. It gives nil
// where more than a few changed.
func moveOf(before, now []*catalog.Entity) *move {
	m := &move{to: make([]uint32, len(before))}
	for i, j := 0, 0; i < len(before) || j < len(now); {
		side := 0
		switch {
		case i == len(before):
			side = 1
		case j == len(now):
			side = -1
		case before[i] == now[j]:
			m.to[i] = uint32(j)
			i, j = i+1, j+1
			continue
		default:
			side = before[i].Ref.Compare(now[j].Ref)
		}
		if side <= 0 {
			m.to[i] = null
			m.left = append(m.left, before[i])
			i++
		}
		if side >= 0 {
			m.fresh = append(m.fresh, uint32(j))
			j++
		}
		if carriedShare*m.size() > len(now)+carriedShare {
			return nil
		}
	}
	return m
}

// touched gives the positions of the entities whose rows under key may differ: those that are fresh, and of
// relations those that they name or their predecessors named.
func (m *move) touched(entities []*catalog.Entity, key string) []uint32 {
	touched := slices.Clone(m.fresh)
	if !strings.HasPrefix(key, "relations.") {
		return touched
	}
	name := func(e *catalog.Entity) {
		for _, r := range e.Declares {
			if at, found := position(entities, r.Target); found {
				touched = append(touched, uint32(at))
			}
		}
	}
	for _, e := range m.left {
		name(e)
	}
	for _, i := range m.fresh {
		name(entities[i])
	}
	slices.Sort(touched)
	return slices.Compact(touched)
}

// derive gives the column as it is after a move. It is the one that buildColumn would make.
func (c *column) derive(v catalog.View, entities []*catalog.Entity, key string, m *move) *column {
	if m.size() == 0 {
		return c
	}
	touched := m.touched(entities, key)
	b := newColumnBuilder()
	b.collect(v, entities, key, slices.Values(touched))
	redone := newSet(len(entities))
	for _, i := range touched {
		redone.add(i)
	}
	stays := func(row int) (entity uint32, stays bool) {
		entity = m.to[c.entities[row]]
		return entity, entity != null && !redone.has(entity)
	}
	used := newSet(c.count())
	for row, value := range c.values {
		if _, kept := stays(row); kept && value != null {
			used.add(value)
		}
	}
	next, moved, ids := c.revalue(b.spelled, used)
	rows := len(c.entities) + len(b.entities)
	next.entities, next.values = make([]uint32, 0, rows), make([]uint32, 0, rows)
	fresh := rowWriter{column: next, entities: b.entities, values: b.values, ids: ids}
	for row, value := range c.values {
		if entity, kept := stays(row); kept {
			fresh.before(entity)
			if value != null && moved != nil {
				value = moved[value]
			}
			next.entities, next.values = append(next.entities, entity), append(next.values, value)
		}
	}
	fresh.before(null)
	if c.targets != nil {
		next.targets = c.retarget(next, entities, m, moved)
	}
	return next
}

// rowWriter writes fresh rows between those that a column kept.
type rowWriter struct {
	column           *column
	entities, values []uint32 // of what is still to be written
	ids              []uint32 // of the column, by value
}

// before writes the rows of the entities before one.
func (w *rowWriter) before(entity uint32) {
	for len(w.entities) > 0 && w.entities[0] < entity {
		value := w.values[0]
		if value != null {
			value = w.ids[value]
		}
		w.column.entities, w.column.values = append(w.column.entities, w.entities[0]), append(w.column.values, value)
		w.entities, w.values = w.entities[1:], w.values[1:]
	}
}

// revalue gives a column without rows that has those values of c that are used, and others as they are
// spelled; and the numbers that the values of c, where nil stands for the same ones, and the others have now.
func (c *column) revalue(spelled []string, used set) (next *column, moved, ids []uint32) {
	ids = make([]uint32, len(spelled))
	added := sorted(spelled, func(i int) bool {
		for id, end := c.find(strings.ToLower(spelled[i])); id < end; id++ {
			if c.spelled(id) == spelled[i] {
				ids[i] = id
				used.add(id)
				return false
			}
		}
		ids[i] = null
		return true
	})
	if len(added) == 0 && used.len() == c.count() {
		return &column{text: c.text, at: c.at, spelling: c.spelling, first: c.first}, nil, ids
	}
	size := len(c.text)
	for _, value := range added {
		size += len(value.lower) + 1
	}
	moved = make([]uint32, c.count())
	w := newColumnWriter(c.count()+len(added), size)
	before := make([]uint32, len(added)) // the values of c that the added ones precede
	for i, value := range added {
		at, end := c.find(value.lower)
		for at < end && c.spelled(at) < value.spelled {
			at++
		}
		before[i] = at
	}
	fresh := make([]uint32, len(spelled))
	n := 0
	for id := range uint32(c.count() + 1) {
		for ; n < len(added) && before[n] == id; n++ {
			fresh[added[n].id] = w.put(added[n].lower, added[n].spelled)
		}
		if int(id) < c.count() && used.has(id) {
			moved[id] = w.put(c.value(id), c.spelled(id))
		}
	}
	for i, id := range ids {
		if id != null {
			ids[i] = moved[id]
		} else {
			ids[i] = fresh[i]
		}
	}
	return w.column(), moved, ids
}

// retarget gives the targets of the values of next, which was made of c.
func (c *column) retarget(next *column, entities []*catalog.Entity, m *move, moved []uint32) []int32 {
	targets := make([]int32, next.count())
	known := newSet(next.count())
	for id, target := range c.targets {
		now := uint32(id)
		if moved != nil {
			now = moved[id]
		}
		if int(now) >= next.count() || next.value(now) != c.value(uint32(id)) {
			continue // it went
		}
		known.add(now)
		targets[now] = dangling
		if target != dangling && m.to[target] != null {
			targets[now] = int32(m.to[target])
		}
	}
	for id := range targets {
		if !known.has(uint32(id)) {
			targets[id] = next.target(uint32(id), entities)
		}
	}
	for _, i := range m.fresh {
		for id, end := next.find(strings.ToLower(entities[i].Ref.String())); id < end; id++ {
			targets[id] = int32(i)
		}
	}
	return targets
}
