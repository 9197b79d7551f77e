package catalog

// Viewer decides what a person may see. Hidden entities are absent from everything that a View
// returns: results, counts, suggestions, relations and problems. CanSee is called by many
// goroutines, up to once an entity for each question, and must answer from memory.
type Viewer interface {
	CanSee(e *Entity) bool
}

// ViewerFunc makes a Viewer of a function.
type ViewerFunc func(e *Entity) bool

// CanSee calls f.
func (f ViewerFunc) CanSee(e *Entity) bool { return f(e) }

// Binder is a Viewer that looks at each catalog on its own: Of gives who sees the entities of s, and of no
// other catalog.
type Binder interface {
	Viewer
	Of(s *Snapshot) Viewer
}

// Counter is a Viewer that knows how many entities of its catalog it hides, so that counts need not look at all.
type Counter interface {
	Viewer
	Hidden() int
}

// Everything is the viewer from whom nothing is hidden: the process itself, and everybody while no
// rule hides anything. Counts are free of cost for it.
type Everything struct{}

// CanSee always reports true.
func (Everything) CanSee(*Entity) bool { return true }

// SeesAll reports whether nothing is hidden from the viewer, so that what exists need not be asked for one by one.
func (v View) SeesAll() bool { return v.seesAll() }

// SeesSource reports whether the viewer sees an entity of a source, or everything.
func (v View) SeesSource(name string) bool { return v.seesSource(name) }

// Only gives the view of those entities that keep lets through, as if the viewer saw no others.
func (v View) Only(keep func(e *Entity) bool) View {
	return View{v.s, ViewerFunc(func(e *Entity) bool { return v.sees(e) && keep(e) })}
}
