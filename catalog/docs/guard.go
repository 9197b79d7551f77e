package docs

import (
	"path"
	"slices"
	"strings"

	"callboard/catalog"
)

// Guard says what a viewer must see, besides the entity on whose shelf a page stands, to see that page: the entities
// and sources that the page came from. Empty for the pages of the entity's own source, which its descriptor may name.
// Without it, anybody who may write a descriptor could put the pages of a hidden source on a shelf that all see.
type Guard string

const (
	guardSeparator = "\x1f"
	guardSource    = "source=" // in front of a source's name; refs hold no equals sign
)

// and adds what else has to be seen.
func (g Guard) and(other string) Guard {
	switch {
	case g == "":
		return Guard(other)
	case slices.Contains(strings.Split(string(g), guardSeparator), other):
		return g
	}
	return g + guardSeparator + Guard(other)
}

// last gives the entity that is nearest to what is guarded; the zero Ref where there is none.
func (g Guard) last() catalog.Ref {
	all := strings.Split(string(g), guardSeparator)
	name := all[len(all)-1]
	ref, err := catalog.ParseRef(name, "", catalog.DefaultNamespace)
	if g == "" || err != nil || strings.HasPrefix(name, guardSource) {
		return catalog.Ref{}
	}
	return ref
}

// Sight tells which pages of which shelves the viewer of a view sees. It remembers what it found out, so it is made
// for one question, and used by one goroutine.
type Sight struct {
	view  catalog.View
	known map[Guard]bool
}

// NewSight makes the Sight of a view.
func NewSight(view catalog.View) *Sight { return &Sight{view, map[Guard]bool{}} }

// Sees reports whether the viewer sees a page that stands behind a guard on the shelf of an entity.
func (s *Sight) Sees(on catalog.Ref, behind Guard) bool {
	_, seen := s.view.Get(on)
	return seen && s.passes(behind)
}

func (s *Sight) passes(g Guard) bool {
	if g == "" || s.view.SeesAll() {
		return true
	}
	if passes, known := s.known[g]; known {
		return passes
	}
	passes := true
	for name := range strings.SplitSeq(string(g), guardSeparator) {
		if source, is := strings.CutPrefix(name, guardSource); is {
			passes = passes && s.view.SeesSource(source)
			continue
		}
		ref, err := catalog.ParseRef(name, "", catalog.DefaultNamespace)
		_, seen := s.view.Get(ref)
		passes = passes && err == nil && seen
	}
	s.known[g] = passes
	return passes
}

// guard says what has to be seen, besides the shelf's entity, to see a page that the descriptor of holder leads to:
// the holder, and of a page in another source the entity whose descriptor stands nearest above it. Where none does,
// anything of that source will do.
func (s *search) guard(holder *catalog.Entity, at spot) Guard {
	var g Guard
	if holder.Ref != s.entity.Ref {
		g = g.and(holder.Ref.String())
	}
	if at.source == holder.Origin.Source {
		return g
	}
	if ref, found := s.nearest(at); found {
		return g.and(ref.String())
	}
	return g.and(guardSource + at.source)
}

// nearest gives the entity whose descriptor stands nearest above a file or folder.
func (f *finder) nearest(at spot) (catalog.Ref, bool) {
	if f.homes == nil {
		f.homes = map[spot]*catalog.Entity{}
		for e := range f.view.All() {
			if known := f.homes[home(e)]; known == nil || !documentsItself(known) && documentsItself(e) {
				f.homes[home(e)] = e
			}
		}
	}
	for dir := at.path; ; dir = path.Dir(dir) {
		if e := f.homes[spot{at.source, dir}]; e != nil {
			return e.Ref, true
		}
		if dir == "." || dir == "/" {
			return catalog.Ref{}, false
		}
	}
}
