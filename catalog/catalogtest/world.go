package catalogtest

import (
	"iter"
	"math/rand/v2"
	"strings"

	"callboard/catalog"
)

// world is the company as arithmetic: everything about an entity follows from its number, so that
// a catalog of any size is made without keeping it in memory.
type world struct {
	split                                                           map[string][]string // word lists, by their text
	seed                                                            uint64
	components, apis, resources, systems, domains, groups, users    int
	component, api, resource, system, domain, team, person, phrases namer
}

func newWorld(o Options) *world {
	n := max(o.Entities, MinEntities)
	const offset = 104_729 // between the name lists, so that a team and a service seldom share their words
	w := &world{
		seed: o.Seed, split: map[string][]string{},
		apis: n * 15 / 100, resources: n / 10, systems: max(1, n/20), domains: max(1, n/100), groups: max(1, n*3/100), users: max(1, n*6/100),
		component: newNamer(o.Seed, "-", adjectives, nouns, roles),
		api:       newNamer(o.Seed+offset, "-", adjectives, nouns, faces),
		resource:  newNamer(o.Seed+2*offset, "-", adjectives, nouns, stores),
		system:    newNamer(o.Seed+3*offset, "-", adjectives, nouns, "suite"),
		domain:    newNamer(o.Seed+4*offset, "-", areas, nouns),
		team:      newNamer(o.Seed+5*offset, "-", adjectives, nouns, "team"),
		person:    newNamer(o.Seed+6*offset, ".", firstNames, lastNames),
		phrases:   newNamer(o.Seed+7*offset, " ", adjectives, nouns, areas),
	}
	w.components = n - w.apis - w.resources - w.systems - w.domains - w.groups - w.users
	return w
}

func (w *world) total() int {
	return w.components + w.apis + w.resources + w.systems + w.domains + w.groups + w.users
}

// descriptors yields all entities, kind after kind.
func (w *world) descriptors() iter.Seq[*descriptor] {
	kinds := []struct {
		count int
		make  func(i int) *descriptor
	}{
		{w.domains, w.makeDomain},
		{w.groups, w.makeGroup},
		{w.users, w.makeUser},
		{w.systems, w.makeSystem},
		{w.resources, w.makeResource},
		{w.apis, w.makeAPI},
		{w.components, w.makeComponent},
	}
	return func(yield func(*descriptor) bool) {
		for _, kind := range kinds {
			for i := range kind.count {
				if !yield(kind.make(i)) {
					return
				}
			}
		}
	}
}

// dice gives the random choices of one entity.
func (w *world) dice(kind string, i int) *rand.Rand {
	stream := uint64(i) << 8
	for _, letter := range []byte(kind) {
		stream = stream*31 + uint64(letter)
	}
	return rand.New(rand.NewPCG(w.seed, stream))
}

// pick chooses one of n with the low numbers ahead, as some services are used by nearly everybody.
func pick(dice *rand.Rand, n int) int {
	x := dice.Float64()
	return min(int(x*x*x*float64(n)), n-1)
}

// word chooses one of a list, which it splits only once.
func (w *world) word(dice *rand.Rand, list string) string {
	words, split := w.split[list]
	if !split {
		words = strings.Fields(list)
		w.split[list] = words
	}
	return words[dice.IntN(len(words))]
}

// teams are the groups that nobody is below; the others are departments.
func (w *world) teams() (first, count int) {
	for first = 0; w.firstChild(first) < w.groups; first++ {
		continue
	}
	return first, w.groups - first
}

// breadth is how many groups are directly below each department.
const breadth = 8

func (w *world) firstChild(group int) int { return group*breadth + 1 }

func (w *world) teamOf(system int) int {
	first, count := w.teams()
	return first + (system*7+int(w.seed%5))%count
}

// ownerOf is the team of a component: its system's, or for one in five another.
func (w *world) ownerOf(component int) int {
	system := w.systemOf(component)
	if component%5 == 4 {
		system++
	}
	return w.teamOf(system)
}

func (w *world) systemOf(component int) int { return component % w.systems }

// providerOf is the component that provides an API; each provides one at most.
func (w *world) providerOf(api int) int { return api * w.components / max(1, w.apis) }

// apiOf is the inverse of providerOf.
func (w *world) apiOf(component int) (api int, provides bool) {
	api = (component*w.apis + w.components - 1) / w.components
	return api, api < w.apis && w.providerOf(api) == component
}

func ref(kind, name string) catalog.Ref { return catalog.NewRef(kind, "", name) }

func (w *world) groupRef(i int) catalog.Ref  { return ref(kindGroup, w.team.name(i)) }
func (w *world) systemRef(i int) catalog.Ref { return ref(kindSystem, w.system.name(i)) }
func (w *world) apiRef(i int) catalog.Ref    { return ref(kindAPI, w.api.name(i)) }

// distinct calls choose n times and leaves out what came before.
func distinct(n int, choose func() catalog.Ref) []catalog.Ref {
	var refs []catalog.Ref
	seen := map[catalog.Ref]bool{}
	for range n {
		if r := choose(); !seen[r] {
			seen[r] = true
			refs = append(refs, r)
		}
	}
	return refs
}
