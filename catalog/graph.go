package catalog

import (
	"cmp"
	"maps"
	"slices"
)

// The relation types of the format, in their pairs.
const (
	OwnedBy       = "ownedBy"
	OwnerOf       = "ownerOf"
	PartOf        = "partOf"
	HasPart       = "hasPart"
	DependsOn     = "dependsOn"
	DependencyOf  = "dependencyOf"
	ProvidesAPI   = "providesApi"
	APIProvidedBy = "apiProvidedBy"
	ConsumesAPI   = "consumesApi"
	APIConsumedBy = "apiConsumedBy"
	MemberOf      = "memberOf"
	HasMember     = "hasMember"
	ChildOf       = "childOf"
	ParentOf      = "parentOf"
)

// Inverse names the relation as seen from its other end: ownerOf for ownedBy. It is "" for a type
// that is not part of the format.
func Inverse(relation string) string {
	switch relation {
	case OwnedBy:
		return OwnerOf
	case OwnerOf:
		return OwnedBy
	case PartOf:
		return HasPart
	case HasPart:
		return PartOf
	case DependsOn:
		return DependencyOf
	case DependencyOf:
		return DependsOn
	case ProvidesAPI:
		return APIProvidedBy
	case APIProvidedBy:
		return ProvidesAPI
	case ConsumesAPI:
		return APIConsumedBy
	case APIConsumedBy:
		return ConsumesAPI
	case MemberOf:
		return HasMember
	case HasMember:
		return MemberOf
	case ChildOf:
		return ParentOf
	case ParentOf:
		return ChildOf
	}
	return ""
}

// graph holds the relations of all entities on both ends. Those of id i are
// edges[first[i]:first[i+1]], sorted by type and target, each once.
type graph struct {
	types []string // sorted, so that comparing positions compares names
	first []uint32
	edges []edge
}

// edge leads from the id that it is stored under.
type edge struct {
	kind   uint16 // position in graph.types
	target id
}

// arc is an edge together with where it starts, while the graph is being built.
type arc struct {
	from id
	edge
}

// of gives the relations that start at i.
func (g *graph) of(i id) []edge { return g.edges[g.first[i]:g.first[i+1]] }

// buildGraph also gives the refs that are named by a relation but are no entity, sorted.
func buildGraph(documents []*Document) ([]Ref, graph) {
	types := relationTypes(documents)
	ids := make(map[Ref]id, len(documents))
	for i, d := range documents {
		ids[d.Entity.Ref] = id(i)
	}
	dangling := danglingRefs(documents, ids)
	for i, ref := range dangling {
		ids[ref] = id(len(documents) + i)
	}
	arcs := bothEnds(documents, types, ids)
	refOf := func(i id) Ref {
		if int(i) < len(documents) {
			return documents[i].Entity.Ref
		}
		return dangling[int(i)-len(documents)]
	}
	slices.SortFunc(arcs, func(a, b arc) int {
		if c := cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.kind, b.kind)); c != 0 {
			return c
		}
		if x, y := int(a.target) < len(documents), int(b.target) < len(documents); x == y {
			return cmp.Compare(a.target, b.target) // within each group ids are in the order of refs
		}
		return refOf(a.target).Compare(refOf(b.target))
	})
	return dangling, packGraph(slices.Compact(arcs), types, len(ids))
}

// bothEnds lists each declared relation from either end.
func bothEnds(documents []*Document, types []string, ids map[Ref]id) []arc {
	number := make(map[string]uint16, len(types))
	for i, name := range types {
		number[name] = uint16(i) //nolint:gosec // relationTypes gives few
	}
	var arcs []arc
	for i, d := range documents {
		for _, r := range d.Entity.Declares {
			kind, known := number[r.Type]
			if !known {
				continue
			}
			target := ids[r.Target]
			arcs = append(arcs, arc{id(i), edge{kind, target}})
			if inverse := Inverse(r.Type); inverse != "" {
				arcs = append(arcs, arc{target, edge{number[inverse], id(i)}})
			}
		}
	}
	return arcs
}

func packGraph(arcs []arc, types []string, nodes int) graph {
	g := graph{types: types, first: make([]uint32, nodes+1), edges: make([]edge, len(arcs))}
	for i, a := range arcs {
		g.edges[i] = a.edge
		g.first[a.from+1]++
	}
	for i := range nodes {
		g.first[i+1] += g.first[i]
	}
	return g
}

// maxRelationTypes bounds the types that are not of the format; further ones are left out.
const maxRelationTypes = 1000

func relationTypes(documents []*Document) []string {
	set := make(map[string]bool)
	for _, d := range documents {
		for _, r := range d.Entity.Declares {
			if set[r.Type] || len(set) >= maxRelationTypes {
				continue
			}
			set[r.Type] = true
			if inverse := Inverse(r.Type); inverse != "" {
				set[inverse] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(set))
}

func danglingRefs(documents []*Document, ids map[Ref]id) []Ref {
	var refs []Ref
	for _, d := range documents {
		for _, r := range d.Entity.Declares {
			if _, found := ids[r.Target]; !found {
				refs = append(refs, r.Target)
			}
		}
	}
	slices.SortFunc(refs, Ref.Compare)
	return slices.Compact(refs)
}
