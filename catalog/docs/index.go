package docs

import (
	"context"
	"errors"
	"iter"

	"callboard/catalog"
)

// ErrLost says that the index is gone or damaged and has to be built anew.
var ErrLost = errors.New("the index of the documentation is gone")

// ErrSlow says that a search found nothing within its time.
var ErrSlow = errors.New("the search of the documentation took too long")

// Index keeps pages and shelves, and searches sections. All of it comes from Git, so it may be
// lost. Apply is called by one goroutine at a time, the others by many at any time; all obey ctx.
type Index interface {
	// Load gives what the index holds of the shelves of refs, of all for nil; nothing for a new index. Its
	// problems are always those of all pages.
	Load(ctx context.Context, refs []catalog.Ref) (Stock, error)
	// Missing gives those of the files that the index does not hold with the same blob, each once.
	Missing(ctx context.Context, files []File) ([]File, error)
	// Apply writes a change as a whole or not at all. Searches see the state before until it is done.
	Apply(ctx context.Context, change *Change) error
	// Shelf gives the pages of an entity in reading order without their sections; none for one without.
	Shelf(ctx context.Context, ref catalog.Ref) ([]ShelvedPage, error)
	// Texts gives the sections of pages. Pages that are not in the index are absent.
	Texts(ctx context.Context, pages []PageKey) (map[PageKey][]Section, error)
	// Search gives the best sections that the view's viewer may see, of those that it finds within a time
	// of its own; ErrSlow if those are none.
	Search(ctx context.Context, view catalog.View, q Query) (Found, error)
	// Size says how much there is in the index.
	Size(ctx context.Context) (Size, error)
	// Check reports ErrLost when the index has to be built anew.
	Check(ctx context.Context) error
}

// Size is how much there is in an index.
type Size struct {
	Shelves, Pages, Sections int
	Bytes                    int64 // on the disk
}

// Stock is what an index holds, without the text.
type Stock struct {
	Shelves  map[catalog.Ref]Kept
	Problems []catalog.Problem // of all pages
}

// Kept is what is known of a shelf.
type Kept struct {
	Stamp    Stamp
	Runbook  Summary // of the pages that are seen by all who see the entity
	Guarded  []Book  // the other runbook pages
	Problems []catalog.Problem
}

// Change is what an index takes over at once.
type Change struct {
	Whole   bool            // replaces all that the index holds: built beside, then swapped in
	Pages   iter.Seq[*Page] // written whole under source and path; ranged over once, before Shelves are looked at
	Shelves []*Shelf        // written whole under their ref; their pages are in Pages or in the index
	Gone    []catalog.Ref   // shelves to delete; pages that no shelf names any more go with them
}

// ShelvedPage is a page as it stands on a shelf.
type ShelvedPage struct {
	Page
	Name    string // what the navigation calls it, else its title
	Runbook bool
	Behind  Guard       // what a viewer must see besides the shelf's entity
	On      catalog.Ref // the shelf's entity
	Answers int         // how many units it has
	Bytes   int         // of its sections' text
}

// Add counts a runbook page.
func (k *Kept) Add(b Book) {
	if b.Behind != "" {
		k.Guarded = append(k.Guarded, b)
		return
	}
	k.Runbook.add(b)
}

// Query asks for sections by words.
type Query struct {
	Words    []string                   // as Words gives them; at most MaxWords
	Runbooks bool                       // only those of runbooks
	Ref      catalog.Ref                // only those of this entity; zero: of all
	Only     func(*catalog.Entity) bool // only those of such entities; nil: of all
	Limit    int                        // how many hits to give; 0: 10
}

// Found is the result of a query.
type Found struct {
	Hits  []Hit    // best first
	Total int      // sections that hold all words, as far as they were counted; of similar ones, len(Hits)
	More  bool     // there are more than Total
	Loose bool     // no section holds all words; these hold some
	Near  []string // for a search that found nothing: words of the documentation that resemble those asked for
}

// Hit is one section.
type Hit struct {
	PageKey
	Revision string
	Page     string // the page's title
	Runbook  bool
	Tags     []string
	Section  Section
	Refs     []catalog.Ref // entities on whose shelves it is and which the viewer sees, at most 5
	Snippet  string        // a plain line around the words
	Score    float64
}
