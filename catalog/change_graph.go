package catalog

import (
	"cmp"
	"slices"
)

// end is an edge whose target has no id yet.
type end struct {
	kind   uint16
	target Ref
}

// deriveGraph gives the refs that are named only, and the relations. Only relations that the changed
// documents declare, or declared before, are looked at anew, from both of their ends.
func (s *Snapshot) deriveGraph(m *move) ([]Ref, graph) {
	if !s.graph.derivable(m) {
		return buildGraph(m.documents)
	}
	ends := s.endsAround(m)
	after := &Snapshot{documents: m.documents, dangling: s.deriveDangling(m, ends)}
	to, from := s.renumber(m, after)
	g := graph{
		types: s.graph.types,
		first: make([]uint32, 1, len(from)+1),
		edges: make([]edge, 0, len(s.graph.edges)+len(s.graph.edges)/derivedShare),
	}
	anew := make(map[id][]end, len(ends))
	for ref, list := range ends {
		if i, found := after.find(ref); found {
			anew[i] = list
		}
	}
	for i, before := range from {
		if list, found := anew[toID(i)]; found {
			for _, e := range list {
				target, _ := after.find(e.target)
				g.edges = append(g.edges, edge{e.kind, target})
			}
		} else {
			for _, e := range s.graph.of(before) {
				g.edges = append(g.edges, edge{e.kind, to[e.target]})
			}
		}
		g.first = append(g.first, uint32(len(g.edges)))
	}
	return after.dangling, g
}

// derivable reports whether all relations can be seen from both ends, and no type is new.
func (g *graph) derivable(m *move) bool {
	for _, name := range g.types {
		if Inverse(name) == "" {
			return false
		}
	}
	for _, i := range m.fresh {
		for _, r := range m.documents[i].Entity.Declares {
			if _, known := slices.BinarySearch(g.types, r.Type); !known {
				return false
			}
		}
	}
	return true
}

// endsAround gives the relations, sorted, of all that a changed document is, names, or named before.
func (s *Snapshot) endsAround(m *move) map[Ref][]end {
	ends := make(map[Ref][]end)
	touch := func(d *Document) {
		ends[d.Entity.Ref] = nil
		for _, r := range d.Entity.Declares {
			ends[r.Target] = nil
		}
	}
	for i, stale := range m.stale {
		if stale {
			touch(s.documents[i])
		}
	}
	for _, i := range m.fresh {
		touch(m.documents[i])
	}
	for ref := range ends {
		ends[ref] = s.lasting(ref, m)
	}
	for _, i := range m.fresh {
		e := m.documents[i].Entity
		for _, r := range e.Declares {
			ends[e.Ref] = append(ends[e.Ref], s.graph.end(r.Type, r.Target))
			ends[r.Target] = append(ends[r.Target], s.graph.end(Inverse(r.Type), e.Ref))
		}
	}
	for ref, list := range ends {
		slices.SortFunc(list, func(a, b end) int { return cmp.Or(cmp.Compare(a.kind, b.kind), a.target.Compare(b.target)) })
		ends[ref] = slices.Compact(list)
	}
	return ends
}

func (g *graph) end(kind string, target Ref) end {
	number, _ := slices.BinarySearch(g.types, kind)
	return end{uint16(number), target}
}

// lasting gives the relations of ref that unchanged documents declare.
func (s *Snapshot) lasting(ref Ref, m *move) []end {
	i, found := s.find(ref)
	if !found {
		return nil
	}
	var list []end
	if e := s.entity(i); e != nil && !m.stale[i] {
		for _, r := range e.Declares {
			list = append(list, s.graph.end(r.Type, r.Target))
		}
	}
	last := id(-1)
	for _, known := range s.graph.of(i) {
		other := s.entity(known.target)
		if other == nil || m.stale[known.target] || known.target == last {
			continue
		}
		last = known.target
		for _, r := range other.Declares {
			if r.Target == ref {
				list = append(list, s.graph.end(Inverse(r.Type), other.Ref))
			}
		}
	}
	return list
}

// deriveDangling gives the refs that are named only.
func (s *Snapshot) deriveDangling(m *move, ends map[Ref][]end) []Ref {
	kept := make([]Ref, 0, len(s.dangling))
	for _, ref := range s.dangling {
		if _, anew := ends[ref]; !anew {
			kept = append(kept, ref)
		}
	}
	entities := &Snapshot{documents: m.documents}
	var fresh []Ref
	for ref, list := range ends {
		if _, found := entities.lookup(ref); !found && len(list) > 0 {
			fresh = append(fresh, ref)
		}
	}
	slices.SortFunc(fresh, Ref.Compare)
	return weave(kept, fresh, Ref.Compare)
}

// renumber gives the ids after by those before and the reverse, for all refs; -1 stands for none.
func (s *Snapshot) renumber(m *move, after *Snapshot) (to, from []id) {
	to = append(make([]id, 0, len(s.documents)+len(s.dangling)), m.to...)
	from = slices.Repeat([]id{-1}, len(after.documents)+len(after.dangling))
	for i := range len(s.documents) + len(s.dangling) {
		if i >= len(to) {
			to = append(to, -1)
		}
		if to[i] < 0 {
			if now, found := after.find(s.ref(toID(i))); found {
				to[i] = now
			}
		}
		if to[i] >= 0 {
			from[to[i]] = toID(i)
		}
	}
	return to, from
}
