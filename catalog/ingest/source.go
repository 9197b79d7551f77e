package ingest

import (
	"context"
	"errors"
	"io/fs"

	"callboard/catalog"
)

// Source is where descriptors come from. Fetch brings the local copy up to date and returns its
// newest tree; it is called by one goroutine at a time. On an error the caller keeps what it has.
// Fetch must return within the deadline of ctx, and its errors are for people: what happened, and
// what to do. They carry no credentials.
type Source interface {
	Fetch(ctx context.Context) (Tree, error)
}

// ErrTooLarge is what errors of a Tree wrap that mean the file's size. Any other error of reading may be gone
// with the next Fetch, also of the same revision.
var ErrTooLarge = errors.New("file too large")

// Tree is a source's files at one revision.
type Tree struct {
	fs.FS           // regular files only: no symlinks, no submodules; Open refuses files over the size cap with ErrTooLarge
	Revision string // commit hash
	Branch   string // the branch that was read
	Root     *Dir   // the listing of FS
}

// Dir is a listing of one directory. Directories with equal hashes have equal content, so whoever
// compares two listings need not descend into them. Listings are shared and never changed.
type Dir struct {
	Hash  string
	Dirs  []Sub  // sorted by name
	Files []Blob // sorted by name
	Links []Link // sorted by name
}

// Sub is a named directory within a Dir.
type Sub struct {
	Name string
	*Dir
}

// Blob is a named file within a Dir.
type Blob struct {
	Name string
	Hash string
}

// Store keeps the last good catalog, so that a restart needs no Git.
//
// Load returns what the last successful Apply left: nothing at all for a new store. Apply writes a
// set in one transaction: after an error, or a crash at any point, the store holds either all of
// it or nothing of it. Apply is called by one goroutine at a time.
type Store interface {
	Load(ctx context.Context) (Stored, error)
	Apply(ctx context.Context, set *catalog.ChangeSet) error
}

// Stored is the whole content of a Store: sources sorted by name, files by source and path.
type Stored struct {
	Sources []catalog.SourceStatus
	Files   []*catalog.File
}

// Link is an entry of a Dir that leads elsewhere and is therefore not read: a symbolic link or a submodule.
type Link struct {
	Name      string
	Submodule bool
}

// Judge finds problems that need more than the catalog's own rules: templates, SLOs, policies.
type Judge func(tree fs.FS, doc *catalog.Document) []catalog.Problem
