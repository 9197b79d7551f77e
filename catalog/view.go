package catalog

import (
	"iter"
	"slices"
	"strings"
	"time"
)

// View is the catalog as one viewer sees it. Hidden entities are absent from every answer, so the
// catalog looks as if they did not exist. Views are cheap values; one is made for each question.
type View struct {
	s      *Snapshot
	viewer Viewer
}

// Related is one relation of an entity, as the viewer sees it.
type Related struct {
	Type   string
	Target Ref
	Entity *Entity // nil when the catalog has no such entity: the reference dangles
}

// Found reports whether the target exists.
func (r Related) Found() bool { return r.Entity != nil }

// Stats are the numbers that an answer shows to say what it was drawn from.
type Stats struct {
	Entities    int
	Sources     int
	Failing     int       // sources whose last check failed
	OldestCheck time.Time // when the source that was checked longest ago was checked; zero when none ever was
}

// Viewer is who looks, bound to this catalog; see Binder.
func (v View) Viewer() Viewer { return v.viewer }

func (v View) sees(e *Entity) bool {
	switch viewer := v.viewer.(type) {
	case nil:
		return false
	case Everything:
		return true
	default:
		return viewer.CanSee(e)
	}
}

func (v View) seesAll() bool {
	_, all := v.viewer.(Everything)
	return all
}

// visible reports whether i is an entity that the viewer may see.
func (v View) visible(i id) bool {
	if v.seesAll() {
		return int(i) < len(v.s.documents) // without looking at the entity, which is far away in memory
	}
	e := v.s.entity(i)
	return e != nil && v.sees(e)
}

func (v View) lookup(ref Ref) (id, bool) {
	i, found := v.s.lookup(ref)
	return i, found && v.visible(i)
}

// Get gives the entity that ref names.
func (v View) Get(ref Ref) (*Entity, bool) {
	i, found := v.lookup(ref)
	if !found {
		return nil, false
	}
	return v.s.entity(i), true
}

// All gives every entity, sorted by ref.
func (v View) All() iter.Seq[*Entity] {
	return func(yield func(*Entity) bool) {
		for _, d := range v.s.documents {
			if v.sees(d.Entity) && !yield(d.Entity) {
				return
			}
		}
	}
}

// Len is the number of entities.
func (v View) Len() int {
	if v.seesAll() {
		return len(v.s.documents)
	}
	if counter, counts := v.viewer.(Counter); counts {
		return len(v.s.documents) - counter.Hidden()
	}
	n := 0
	for range v.All() {
		n++
	}
	return n
}

// Document gives the document that holds ref, with its problems and whether it is stale; nil when
// there is no such entity.
func (v View) Document(ref Ref) *Document {
	i, found := v.lookup(ref)
	if !found {
		return nil
	}
	return v.s.documents[i]
}

// Documents gives the documents that hold the entities, sorted by ref.
func (v View) Documents() iter.Seq[*Document] {
	return func(yield func(*Document) bool) {
		for _, d := range v.s.documents {
			if v.sees(d.Entity) && !yield(d) {
				return
			}
		}
	}
}

// Orphan reports whether no Location names the entity any more.
func (v View) Orphan(ref Ref) bool {
	_, found := v.lookup(ref)
	return found && v.s.contents.Orphans[ref]
}

// Losers gives the documents that name ref too and lost against the one that holds it, those of
// sources that the viewer sees.
func (v View) Losers(ref Ref) []Loss {
	if _, found := v.lookup(ref); !found {
		return nil
	}
	losers := slices.Clone(v.s.contents.Losers[ref])
	return slices.DeleteFunc(losers, func(l Loss) bool { return !v.seesSource(l.Origin.Source) })
}

// Relations gives the relations of ref, those that it declares and those declared at the other
// end, sorted by type and target; with types only those. Targets that do not exist are kept
// without an Entity. Of a ref that only others name it gives who names it.
func (v View) Relations(ref Ref, types ...string) []Related {
	i, found := v.s.find(ref)
	if !found || v.s.entity(i) != nil && !v.visible(i) {
		return nil
	}
	var related []Related
	for _, e := range v.s.graph.of(i) {
		kind := v.s.graph.types[e.kind]
		if len(types) > 0 && !slices.Contains(types, kind) {
			continue
		}
		target := v.s.entity(e.target)
		if target != nil && !v.sees(target) {
			continue
		}
		related = append(related, Related{kind, v.s.ref(e.target), target})
	}
	return related
}

// Problems gives what is wrong with the documents of the catalog, sorted by source, path, document
// and line. Viewers other than Everything see those of sources from which they see an entity, and of
// these not the ones that are about a hidden entity, or whose value or text names one, or a hidden source.
func (v View) Problems() []Problem {
	if v.seesAll() {
		return slices.Clone(v.s.contents.Problems)
	}
	seen := make(map[string]bool)
	for _, source := range v.Sources() {
		seen[source.Name] = true
	}
	var problems []Problem
	for _, p := range v.s.contents.Problems {
		if seen[p.Origin.Source] && !v.hides(p.Ref) && !v.hidesValue(p) && !v.hidesRival(p, seen) {
			problems = append(problems, p)
		}
	}
	return problems
}

// hides reports whether ref is an entity that the viewer may not see.
func (v View) hides(ref Ref) bool {
	i, exists := v.s.lookup(ref)
	return exists && !v.visible(i)
}

func (v View) hidesValue(p Problem) bool {
	ref, err := ParseRef(p.Value, "", DefaultNamespace)
	return err == nil && v.hides(ref)
}

// hidesRival reports whether the text of a conflict names a place in a source that is not seen.
func (v View) hidesRival(p Problem, seen map[string]bool) bool {
	return p.Rule == RuleConflict && slices.ContainsFunc(v.s.contents.Losers[p.Ref], func(l Loss) bool {
		return !seen[l.Origin.Source] && strings.Contains(p.Text, l.Origin.String())
	})
}

// Sources gives the sources in configured order. Viewers other than Everything see those from
// which they see an entity, so a source of which all is hidden looks like one that is not there.
func (v View) Sources() []SourceStatus {
	if v.seesAll() {
		return slices.Clone(v.s.contents.Sources)
	}
	var sources []SourceStatus
	for _, source := range v.s.contents.Sources {
		if v.seesSource(source.Name) {
			sources = append(sources, source)
		}
	}
	return sources
}

func (v View) seesSource(name string) bool {
	return v.seesAll() || slices.ContainsFunc(v.s.bySource[name], v.visible)
}

// Stats counts what the viewer sees.
func (v View) Stats() Stats {
	sources := v.Sources()
	stats := Stats{Entities: v.Len(), Sources: len(sources)}
	for _, source := range sources {
		if source.Error != "" {
			stats.Failing++
		}
		checked := source.CheckedAt
		if !checked.IsZero() && (stats.OldestCheck.IsZero() || checked.Before(stats.OldestCheck)) {
			stats.OldestCheck = checked
		}
	}
	return stats
}
