package git

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/go-git/go-git/v5/plumbing"
)

// Packs is packs for tests, which cannot tell from outside who has read an object.
type Packs struct{ *packs }

// OpenPacks opens the packs of a bare repository.
func OpenPacks(dir string) Packs { return Packs{openPacks(filepath.Join(dir, "objects"))} }

// Read gives an object's content; known is false for what packs leave to go-git.
func (p Packs) Read(hash string, limit int64) (data []byte, known bool, err error) {
	data, err = p.read(plumbing.NewHash(hash), limit)
	return data, !errors.Is(err, errElsewhere), err
}

// Close closes the files.
func (p Packs) Close() { p.close() }

// Lister is lister for tests of what it keeps.
type Lister struct {
	*lister
	objs *objects
}

// NewLister makes a Lister of a bare repository.
func NewLister(dir string) Lister {
	return Lister{newLister(Limits{}.withDefaults()), newObjects(dir, "")}
}

// List makes the listing of a tree.
func (l Lister) List(ctx context.Context, tree string) error {
	_, err := l.list(ctx, l.objs, plumbing.NewHash(tree))
	return err
}

// Refresh lets go of what was open for reading.
func (l Lister) Refresh() { l.objs.refresh() }
