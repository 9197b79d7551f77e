package git

import (
	"context"

	"github.com/go-git/go-git/v5/plumbing"
)

// maxMoveTrees is how many folders are compared to find where a file was before it was moved.
const maxMoveTrees = 1000

// moved finds the file that a commit moved to c.path without a change: one of the same content, in the first parent,
// that the commit took away. A parent that has c.path already rules that out.
func (b *blamer) moved(ctx context.Context, c visit, blob plumbing.Hash) (from version, found bool, err error) {
	if len(c.parents) == 0 {
		return from, false, nil
	}
	for _, p := range c.parents {
		if there, err := b.at(ctx, p, c.path); err != nil || !there.IsZero() {
			return from, false, err
		}
	}
	parent, err := b.commit(ctx, c.parents[0])
	if err != nil {
		return from, false, err
	}
	search := removal{walker: b.walker, blob: blob, left: maxMoveTrees}
	path, err := search.find(ctx, parent.tree, c.tree, "")
	return version{parent.hash, path}, path != "", err
}

// removal looks for a file that one tree has and a newer one does not, by its content.
type removal struct {
	*walker
	blob plumbing.Hash
	left int // folders that may still be read
}

// find gives the path of the first such file, "" when there is none. Folders that are equal in both trees are passed over.
func (r *removal) find(ctx context.Context, before, after plumbing.Hash, at string) (string, error) {
	if r.left--; r.left < 0 || before == after {
		return "", ctx.Err()
	}
	was, err := r.list(before)
	if err != nil {
		return "", err
	}
	is := map[string]treeEntry{}
	if !after.IsZero() {
		now, err := r.list(after)
		if err != nil {
			return "", err
		}
		for _, e := range now {
			is[e.name] = e
		}
	}
	for _, e := range was {
		now, still := is[e.name]
		switch {
		case e.unfit() != "" || now.hash == e.hash:
		case !e.isDir() && !still && e.hash == r.blob:
			return at + e.name, nil
		case e.isDir():
			if !now.isDir() {
				now.hash = plumbing.ZeroHash
			}
			if found, err := r.find(ctx, e.hash, now.hash, at+e.name+"/"); err != nil || found != "" {
				return found, err
			}
		}
	}
	return "", ctx.Err()
}

func (r *removal) list(tree plumbing.Hash) ([]treeEntry, error) {
	data, err := readFrom(r.st, tree, maxTree)
	if err != nil {
		return nil, corrupt(err, "a folder of the past cannot be read")
	}
	entries, err := parseTree(data)
	if err != nil {
		return nil, corrupt(err, "a folder of the past cannot be read")
	}
	return entries, nil
}
