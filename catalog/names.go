package catalog

import (
	"cmp"
	"slices"
	"strings"
)

// nameIndex lists all entities by name, then ref.
type nameIndex struct {
	documents []*Document
	sorted    []id
}

func buildNames(documents []*Document) nameIndex {
	type keyed struct {
		name string
		id   id
	}
	keys := make([]keyed, len(documents))
	for i, d := range documents {
		keys[i] = keyed{d.Entity.Ref.Name, toID(i)}
	}
	slices.SortFunc(keys, func(a, b keyed) int {
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		return cmp.Compare(a.id, b.id)
	})
	n := nameIndex{documents, make([]id, len(documents))}
	for i, k := range keys {
		n.sorted[i] = k.id
	}
	return n
}

func (n *nameIndex) name(i id) string { return n.documents[i].Entity.Ref.Name }

// named gives the entities of exactly this lower-case name, in the order of their refs.
func (n *nameIndex) named(name string) []id {
	from := n.position(name)
	to := from
	for to < len(n.sorted) && n.name(n.sorted[to]) == name {
		to++
	}
	return n.sorted[from:to]
}

// starting gives the entities whose name starts with prefix, in the order of their names.
func (n *nameIndex) starting(prefix string) []id {
	from := n.position(prefix)
	length, _ := slices.BinarySearchFunc(n.sorted[from:], prefix, func(i id, prefix string) int {
		if strings.HasPrefix(n.name(i), prefix) {
			return -1
		}
		return 1
	})
	return n.sorted[from : from+length]
}

func (n *nameIndex) position(name string) int {
	i, _ := slices.BinarySearchFunc(n.sorted, name, func(i id, name string) int {
		return strings.Compare(n.name(i), name)
	})
	return i
}

// derive moves the index over to the documents of a change.
func (n *nameIndex) derive(m *move) nameIndex {
	next := nameIndex{m.documents, make([]id, 0, len(m.documents))}
	for _, i := range n.sorted {
		if now := m.to[i]; now >= 0 {
			next.sorted = append(next.sorted, now)
		}
	}
	added := slices.Clone(m.added)
	slices.SortFunc(added, next.compare)
	next.sorted = weave(next.sorted, added, next.compare)
	return next
}

func (n *nameIndex) compare(a, b id) int {
	if c := strings.Compare(n.name(a), n.name(b)); c != 0 {
		return c
	}
	return cmp.Compare(a, b)
}
