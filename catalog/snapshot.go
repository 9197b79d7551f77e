package catalog

import "time"

// Contents is all that a Snapshot is made of.
type Contents struct {
	Documents []*Document    // those that hold their ref, in any order
	Orphans   map[Ref]bool   // entities that no Location names any more
	Losers    map[Ref][]Loss // documents that name the same ref and lost
	Problems  []Problem      // all of them, sorted by source, path, document and line
	Sources   []SourceStatus // in configured order
	Revision  int64          // grows with each snapshot of a process
}

// Loss is a document that names an entity which another document holds.
type Loss struct {
	Origin Origin
	Why    string // "came later", "the source is not trusted", …
}

// Snapshot is the whole catalog at one moment, immutable and safe for use by many goroutines.
// Questions are put to a View of it, because every question has a viewer.
type Snapshot struct {
	contents Contents
	built    time.Time
}

// Viewer decides what a person may see. Hidden entities are absent from everything that a View
// returns: results, counts, suggestions, relations and problems.
type Viewer interface {
	CanSee(e *Entity) bool
}

// ViewerFunc makes a Viewer of a function.
type ViewerFunc func(e *Entity) bool

// CanSee calls f.
func (f ViewerFunc) CanSee(e *Entity) bool { return f(e) }

// Everything is the viewer from whom nothing is hidden: the process itself.
type Everything struct{}

// CanSee always reports true.
func (Everything) CanSee(*Entity) bool { return true }
