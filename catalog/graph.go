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

// of gives the relations that start at i.
func (g *graph) of(i id) []edge { return g.edges[g.first[i]:g.first[i+1]] }

// arc is an edge together with where it starts, while the graph is being built.
type arc struct {
	from id
	edge
}

// buildGraph also gives the refs that are named by a relation but are no entity, sorted.
func buildGraph(documents []*Document) ([]Ref, graph) {
	types := relationTypes(documents)
	targets, dangling := targetsOf(documents)
	g := packGraph(bothEnds(documents, types, targets), types, len(documents)+len(dangling))
	g.tidy(func(a, b edge) int {
		if a.kind != b.kind {
			return cmp.Compare(a.kind, b.kind)
		}
		if x, y := int(a.target) < len(documents), int(b.target) < len(documents); x == y {
			return cmp.Compare(a.target, b.target) // among entities, and among others, ids are in the order of refs
		}
		return refOf(documents, dangling, a.target).Compare(refOf(documents, dangling, b.target))
	})
	return dangling, g
}

func refOf(documents []*Document, dangling []Ref, i id) Ref {
	if int(i) < len(documents) {
		return documents[i].Entity.Ref
	}
	return dangling[int(i)-len(documents)]
}

// targetsOf gives the ids of the targets of all declared relations, in the order of the documents and
// of what each declares, and the targets that are no entity, sorted.
func targetsOf(documents []*Document) (targets []id, dangling []Ref) {
	ids := make(map[Ref]id, len(documents))
	count := 0
	for i, d := range documents {
		ids[d.Entity.Ref] = toID(i)
		count += len(d.Entity.Declares)
	}
	targets = make([]id, 0, count)
	for _, d := range documents {
		for _, r := range d.Entity.Declares {
			target, found := ids[r.Target]
			if !found {
				target = -1 - toID(len(dangling)) // as they come
				dangling = append(dangling, r.Target)
				ids[r.Target] = target
			}
			targets = append(targets, target)
		}
	}
	slices.SortFunc(dangling, Ref.Compare)
	final := make([]id, len(dangling))
	for i, ref := range dangling {
		final[-1-ids[ref]] = toID(len(documents) + i)
	}
	for i, target := range targets {
		if target < 0 {
			targets[i] = final[-1-target]
		}
	}
	return targets, dangling
}

// bothEnds lists each declared relation from either end.
func bothEnds(documents []*Document, types []string, targets []id) []arc {
	number := make(map[string]uint16, len(types))
	for i, name := range types {
		number[name] = uint16(i)
	}
	arcs := make([]arc, 0, 2*len(targets))
	for i, d := range documents {
		from := toID(i)
		own := targets[:len(d.Entity.Declares)]
		targets = targets[len(own):]
		for n, r := range d.Entity.Declares {
			kind, known := number[r.Type]
			if !known {
				continue
			}
			target := own[n]
			arcs = append(arcs, arc{from, edge{kind, target}})
			if inverse := Inverse(r.Type); inverse != "" {
				arcs = append(arcs, arc{target, edge{number[inverse], from}})
			}
		}
	}
	return arcs
}

// packGraph puts the arcs of each node side by side.
func packGraph(arcs []arc, types []string, nodes int) graph {
	g := graph{types: types, first: make([]uint32, nodes+1), edges: make([]edge, len(arcs))}
	for _, a := range arcs {
		g.first[a.from+1]++
	}
	for i := range nodes {
		g.first[i+1] += g.first[i]
	}
	next := slices.Clone(g.first)
	for _, a := range arcs {
		g.edges[next[a.from]] = a.edge
		next[a.from]++
	}
	return g
}

// tidy sorts the edges of each node and drops those that were stated at both ends.
func (g *graph) tidy(compare func(a, b edge) int) {
	kept := uint32(0)
	for i := range len(g.first) - 1 {
		own := g.edges[g.first[i]:g.first[i+1]]
		slices.SortFunc(own, compare)
		g.first[i] = kept // what follows has been read already or stands further on
		kept += uint32(copy(g.edges[kept:], slices.Compact(own)))
	}
	g.first[len(g.first)-1] = kept
	g.edges = slices.Clone(g.edges[:kept])
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
