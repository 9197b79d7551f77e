package policy

import (
	"context"

	"callboard/catalog"
)

// Kept is the last good policy file, as a Store keeps it.
type Kept struct {
	Source, Path string // of which file; a Kept of another one does not count
	Seen         string // the source's revision when the file was last looked at
	Revision     string // the one that Text is of
	Text         []byte
	Problems     []catalog.Problem // of the file at Seen, which cannot be used; the first MaxKept
}

// MaxKept is how many problems of a file are kept.
const MaxKept = 20

// Store keeps one policy file over restarts. Policy gives the zero Kept where there is none; KeepPolicy takes the
// place of what was there, or leaves it as it was after an error.
type Store interface {
	Policy(ctx context.Context) (Kept, error)
	KeepPolicy(ctx context.Context, kept Kept) error
}
