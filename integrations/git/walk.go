package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/storage/filesystem"

	"callboard/catalog"
)

// maxEntries is how many places in trees one question about the past remembers.
const maxEntries = 200_000

// walker reads commits and single entries of trees for one question about the past. It goes down a
// tree only along the path in question, and reads no tree twice.
type walker struct {
	st      *filesystem.Storage
	shallow map[plumbing.Hash]bool // commits whose parents are not here
	left    int                    // commits that may still be read
	commits map[plumbing.Hash]*step
	entries map[entryKey]plumbing.Hash
}

// step is what walking needs of a commit.
type step struct {
	hash, tree plumbing.Hash
	parents    []plumbing.Hash // those that are here
	since      int64           // commit time, in Unix seconds
	cut        bool            // it has parents that are not here
}

// entryKey is a path below a tree.
type entryKey struct {
	tree plumbing.Hash
	path string
}

func newWalker(st *filesystem.Storage, commits int) (*walker, error) {
	boundary, err := st.Shallow()
	if err != nil {
		return nil, err
	}
	w := &walker{
		st: st, left: commits, shallow: make(map[plumbing.Hash]bool, len(boundary)),
		commits: make(map[plumbing.Hash]*step), entries: make(map[entryKey]plumbing.Hash),
	}
	for _, h := range boundary {
		w.shallow[h] = true
	}
	return w, nil
}

// errLongHistory says that a question would look at too many commits.
var errLongHistory = errors.New("the history is too long to be searched for this")

// spent reports whether an error means that a question went as far as it may, so that what was found until then is
// all there is to say: asked again it would come no further.
func spent(err error) bool {
	return errors.Is(err, errLongHistory) || errors.Is(err, context.DeadlineExceeded)
}

// commit reads the commit h once.
func (w *walker) commit(ctx context.Context, h plumbing.Hash) (*step, error) {
	if c := w.commits[h]; c != nil {
		return c, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if w.left--; w.left < 0 {
		return nil, errLongHistory
	}
	data, err := readFrom(w.st, h, maxCommit)
	if missing(err) {
		return nil, fmt.Errorf("%w: commit %.7s is not in the copy that is kept here", catalog.ErrNoHistory, h.String())
	}
	if err != nil {
		return nil, corrupt(err, "commit %s cannot be read", h)
	}
	header := parseCommit(data)
	c := &step{hash: h, tree: plumbing.NewHash(header.tree), since: header.committer.when.Unix()}
	if w.shallow[h] {
		c.cut = len(header.parents) > 0
	} else {
		for _, p := range header.parents {
			c.parents = append(c.parents, plumbing.NewHash(p))
		}
	}
	w.commits[h] = c
	return c, nil
}

// entry gives the hash of the file or folder at a path below a tree; zero where there is none.
func (w *walker) entry(tree plumbing.Hash, path string) (plumbing.Hash, error) {
	if path == "" || tree.IsZero() {
		return tree, nil
	}
	key := entryKey{tree, path}
	if h, known := w.entries[key]; known {
		return h, nil
	}
	first, rest, deeper := strings.Cut(path, "/")
	data, err := readFrom(w.st, tree, maxTree)
	if err != nil {
		return plumbing.ZeroHash, corrupt(err, "a folder of the past cannot be read")
	}
	e, err := findEntry(data, first)
	if err != nil {
		return plumbing.ZeroHash, corrupt(err, "a folder of the past cannot be read")
	}
	h := e.hash
	switch {
	case e.unfit() != "", deeper && !e.isDir():
		h = plumbing.ZeroHash
	case deeper:
		if h, err = w.entry(e.hash, rest); err != nil {
			return h, err
		}
	}
	if len(w.entries) >= maxEntries {
		clear(w.entries)
	}
	w.entries[key] = h
	return h, nil
}

// at gives the hash of the file or folder at a path in a commit; zero where there is none.
func (w *walker) at(ctx context.Context, commit plumbing.Hash, path string) (plumbing.Hash, error) {
	c, err := w.commit(ctx, commit)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	return w.entry(c.tree, path)
}

// same gives the first parent of c in which a path is as in c.
func (w *walker) same(ctx context.Context, c *step, path string) (parent plumbing.Hash, found bool, err error) {
	here, err := w.entry(c.tree, path)
	if err != nil {
		return parent, false, err
	}
	for _, p := range c.parents {
		there, err := w.at(ctx, p, path)
		if err != nil {
			return parent, false, err
		}
		if there == here {
			return p, true, nil
		}
	}
	return parent, false, nil
}

// lastChange gives the newest commit at or before from that changed a path, or the one up to which it did not change
// when it is spent.
func (w *walker) lastChange(ctx context.Context, from plumbing.Hash, path string) (plumbing.Hash, error) {
	for {
		c, err := w.commit(ctx, from)
		if err != nil {
			return from, err
		}
		parent, found, err := w.same(ctx, c, path)
		if spent(err) {
			return from, nil
		}
		if err != nil || !found {
			return from, err
		}
		from = parent
	}
}

// describe reads a commit for people.
func (w *walker) describe(h plumbing.Hash, cut bool) (catalog.Commit, error) {
	data, err := readFrom(w.st, h, maxCommit)
	if err != nil {
		return catalog.Commit{}, corrupt(err, "commit %s cannot be read", h)
	}
	header := parseCommit(data)
	return catalog.Commit{
		Revision: h.String(), Author: header.author.name, Email: header.author.email, When: header.author.when,
		Since: header.committer.when, Subject: header.subject, Cut: cut,
	}, nil
}

// commitHeader is a commit object, taken apart.
type commitHeader struct {
	tree              string
	parents           []string
	author, committer signature
	subject           string
}

type signature struct {
	name, email string
	when        time.Time
}

// parseCommit reads what is there; a malformed commit gives zero values, whose tree then is not found.
func parseCommit(data []byte) commitHeader {
	var c commitHeader
	head, message, _ := bytes.Cut(data, []byte("\n\n"))
	for line := range bytes.Lines(head) {
		key, value, _ := strings.Cut(strings.TrimSuffix(string(line), "\n"), " ")
		switch key {
		case "tree":
			c.tree = value
		case "parent":
			c.parents = append(c.parents, value)
		case "author":
			c.author = parseSignature(value)
		case "committer":
			c.committer = parseSignature(value)
		}
	}
	first, _, _ := bytes.Cut(bytes.TrimLeft(message, "\n"), []byte{'\n'})
	c.subject = oneLine(strings.ToValidUTF8(string(first), "\ufffd"))
	return c
}

// latest is the end of the year 9999, in Unix seconds: what comes later cannot be written as JSON.
const latest = 253402300799

// parseSignature reads "Mira Ruiz <mira@example.com> 1767225600 +0100". Moments are in UTC, since readers see them
// in their own zone.
func parseSignature(text string) signature {
	name, rest, _ := strings.Cut(text, "<")
	email, moment, _ := strings.Cut(rest, ">")
	s := signature{name: oneLine(strings.ToValidUTF8(name, "\ufffd")), email: oneLine(strings.ToValidUTF8(email, "\ufffd"))}
	seconds, _, _ := strings.Cut(strings.TrimSpace(moment), " ")
	if unix, err := strconv.ParseInt(seconds, 10, 64); err == nil && unix >= 0 && unix <= latest {
		s.when = time.Unix(unix, 0).UTC()
	}
	return s
}

// findEntry looks for one name in a tree object; the zero entry where it is not.
func findEntry(data []byte, name string) (treeEntry, error) {
	for len(data) > 0 {
		mode, rest, ok := bytes.Cut(data, []byte{' '})
		found, after, ok2 := bytes.Cut(rest, []byte{0})
		if !ok || !ok2 || len(mode) > 6 || len(after) < len(plumbing.Hash{}) {
			return treeEntry{}, errors.New("malformed tree object")
		}
		if string(found) == name {
			e := treeEntry{mode: string(mode), name: name}
			copy(e.hash[:], after)
			return e, nil
		}
		data = after[len(plumbing.Hash{}):]
	}
	return treeEntry{}, nil
}

// missing reports whether an object is not in the store, as large files of a filtered mirror are.
func missing(err error) bool {
	return errors.Is(err, plumbing.ErrObjectNotFound) || errors.Is(err, os.ErrNotExist)
}
