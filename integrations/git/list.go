package git

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"math"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-git/go-git/v5/plumbing"

	"callboard/catalog"
	"callboard/catalog/ingest"
)

// Skipped is an entry of a tree that is not part of the listing.
type Skipped struct {
	Path   string // as in the repository; quote it before showing it
	Reason string
}

// node is a directory with what must be known about it so that it need not be walked again.
type node struct {
	dir     *ingest.Dir
	files   int // below, in all levels; math.MaxInt when there are more
	height  int // levels of folders below
	skips   []Skipped
	skipped int // in all levels
}

// lister makes listings of trees. It remembers directories by their hash, so that the cost of a
// listing is that of the directories that it has not seen, and equal directories are the same *Dir.
type lister struct {
	limits Limits
	nodes  map[string]*node
	live   int // entries of the nodes that were in use when that was last counted
	since  int // entries read since
	fresh  int // entries read in this listing

	slabs listingSlabs
	names map[string]string // of files, which are often the same from folder to folder
}

// listingSlabs are what the first listing is made of, which may have hundreds of thousands of folders and is kept.
// In later ones a few folders are new, some of them until the next listing and some for ever. They are made each
// by itself, as they are from zero listingSlabs: in slabs, those that stay would keep those that went.
type listingSlabs struct {
	nodes *catalog.Slab[node]
	dirs  *catalog.Slab[ingest.Dir]
	subs  *catalog.Slab[ingest.Sub]
	files *catalog.Slab[ingest.Blob]
	texts *catalog.Texts
}

func newListingSlabs() listingSlabs {
	return listingSlabs{new(catalog.Slab[node]), new(catalog.Slab[ingest.Dir]), new(catalog.Slab[ingest.Sub]), new(catalog.Slab[ingest.Blob]), new(catalog.Texts)}
}

// maxNames bounds how many names of files are remembered.
const maxNames = 1 << 12

func newLister(l Limits) *lister {
	return &lister{limits: l, nodes: make(map[string]*node), names: make(map[string]string), slabs: newListingSlabs()}
}

// know takes over what a listing says, without what it left out.
func (l *lister) know(dir *ingest.Dir) *node {
	if n := l.nodes[dir.Hash]; n != nil {
		return n
	}
	n := &node{dir: dir, files: len(dir.Files)}
	for _, s := range dir.Dirs {
		sub := l.know(s.Dir)
		n.files, n.height = saturating(n.files, sub.files), max(n.height, sub.height+1)
	}
	l.nodes[dir.Hash] = n
	return n
}

// list gives the listing of a tree. Directories of listings before it are forgotten when there may be as much of
// them as of it. That is counted in entries: one folder with all files of a repository is read anew at each commit.
func (l *lister) list(ctx context.Context, objs *objects, root plumbing.Hash) (*node, error) {
	l.fresh = 0
	n, err := l.descend(ctx, objs, root, ".", 0)
	l.since += l.fresh
	if err != nil {
		return nil, err
	}
	l.slabs = listingSlabs{}
	if l.since > l.live+1000 {
		live := make(map[string]*node)
		l.live, l.since = l.collect(n, live), 0
		l.nodes = live
	}
	return n, nil
}

// collect puts n and all that is below it into live, and counts the entries.
func (l *lister) collect(n *node, live map[string]*node) (entries int) {
	if live[n.dir.Hash] != nil {
		return 0
	}
	live[n.dir.Hash] = n
	entries = len(n.dir.Files) + len(n.dir.Dirs)
	for _, s := range n.dir.Dirs {
		entries += l.collect(l.nodes[s.Hash], live)
	}
	return entries
}

func (l *lister) descend(ctx context.Context, objs *objects, tree plumbing.Hash, at string, depth int) (*node, error) {
	key := tree.String()
	n := l.nodes[key]
	if n == nil {
		key = l.slabs.texts.Keep([]byte(key))
		var err error
		if n, err = l.read(ctx, objs, tree, key, at, depth); err != nil {
			return nil, err
		}
		l.nodes[key] = n
	}
	if depth+n.height > l.limits.Depth {
		return nil, fail(ErrLimit, "folders below %q are nested deeper than the %d levels that are allowed", oneLine(at), l.limits.Depth)
	}
	if n.files > l.limits.Files {
		return nil, fail(ErrLimit, "folder %q holds more files than the %d that limits.files allows", oneLine(at), l.limits.Files)
	}
	return n, nil
}

func (l *lister) read(ctx context.Context, objs *objects, tree plumbing.Hash, key, at string, depth int) (*node, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if depth > l.limits.Depth {
		return nil, fail(ErrLimit, "folder %q is nested deeper than the %d levels that are allowed", oneLine(at), l.limits.Depth)
	}
	data, err := objs.read(tree, maxTree)
	if err != nil {
		return nil, corrupt(err, "folder %q cannot be read", oneLine(at))
	}
	entries, err := parseTree(data)
	if err != nil {
		return nil, corrupt(err, "folder %q cannot be read", oneLine(at))
	}
	n := l.slabs.nodes.One()
	n.dir = l.slabs.dirs.One()
	n.dir.Hash = key
	var subs []treeEntry
	var files []ingest.Blob
	for _, e := range entries {
		switch reason := e.unfit(); {
		case reason != "":
			n.skips = append(n.skips, Skipped{Path: strings.Clone(e.name), Reason: reason})
			n.appendLink(e)
		case e.isDir():
			subs = append(subs, e)
		default:
			files = append(files, ingest.Blob{Name: e.name, Hash: e.hash.String()})
		}
	}
	subs, files = n.dropDoubles(subs, files)
	n.dir.Files = l.keepFiles(files)
	n.files, n.skipped = len(n.dir.Files), len(n.skips)
	if l.fresh += len(entries); l.fresh > 2*l.limits.Files+1000 {
		return nil, fail(ErrLimit, "the repository has too many files and folders for limits.files, which is %d (noticed in folder %q)", l.limits.Files, oneLine(at))
	}
	if len(subs) > 0 {
		n.dir.Dirs = l.slabs.subs.Take(len(subs))
	}
	for i, e := range subs {
		sub, err := l.descend(ctx, objs, e.hash, path.Join(at, e.name), depth+1)
		if err != nil {
			return nil, err
		}
		n.dir.Dirs[i] = ingest.Sub{Name: l.slabs.texts.Keep([]byte(e.name)), Dir: sub.dir}
		n.files, n.skipped = saturating(n.files, sub.files), saturating(n.skipped, sub.skipped)
		n.height = max(n.height, sub.height+1)
	}
	return n, nil
}

// keepFiles copies files to where they stay.
func (l *lister) keepFiles(files []ingest.Blob) []ingest.Blob {
	if len(files) == 0 {
		return nil
	}
	kept := l.slabs.files.Take(len(files))
	for i, f := range files {
		name, known := l.names[f.Name]
		if !known {
			name = l.slabs.texts.Keep([]byte(f.Name))
			if len(l.names) < maxNames {
				l.names[name] = name
			}
		}
		kept[i] = ingest.Blob{Name: name, Hash: l.slabs.texts.Keep([]byte(f.Hash))}
	}
	return kept
}

// appendLink notes a symbolic link or submodule in the listing, so that whoever looks for a file there can say
// why it is not read.
func (n *node) appendLink(e treeEntry) {
	if (e.mode == modeSymlink || e.mode == modeSubmodule) && unfitName(e.name) == "" {
		n.dir.Links = append(n.dir.Links, ingest.Link{Name: strings.Clone(e.name), Submodule: e.mode == modeSubmodule})
	}
}

// dropDoubles sorts files and folders by name and takes out entries that a well-made tree does not
// have: names that occur twice.
func (n *node) dropDoubles(subs []treeEntry, files []ingest.Blob) ([]treeEntry, []ingest.Blob) {
	byName := func(a, b treeEntry) int { return strings.Compare(a.name, b.name) }
	slices.SortStableFunc(subs, byName)
	slices.SortStableFunc(files, func(a, b ingest.Blob) int { return strings.Compare(a.Name, b.Name) })
	slices.SortStableFunc(n.dir.Links, func(a, b ingest.Link) int { return strings.Compare(a.Name, b.Name) })
	double := func(name string) {
		n.skips = append(n.skips, Skipped{Path: strings.Clone(name), Reason: "a second entry of this name"})
	}
	subs = slices.CompactFunc(subs, func(a, b treeEntry) bool {
		if a.name == b.name {
			double(b.name)
		}
		return a.name == b.name
	})
	files = slices.CompactFunc(files, func(a, b ingest.Blob) bool {
		if a.Name == b.Name {
			double(b.Name)
		}
		return a.Name == b.Name
	})
	files = slices.DeleteFunc(files, func(b ingest.Blob) bool {
		_, both := slices.BinarySearchFunc(subs, treeEntry{name: b.Name}, byName)
		if both {
			double(b.Name)
		}
		return both
	})
	return subs, files
}

// skippedBelow lists what was left out below a node, at most limit entries.
func (l *lister) skippedBelow(n *node, at string, limit int) []Skipped {
	var out []Skipped
	for _, s := range n.skips {
		if len(out) < limit {
			out = append(out, Skipped{Path: at + s.Path, Reason: s.Reason})
		}
	}
	for _, sub := range n.dir.Dirs {
		if below := l.nodes[sub.Hash]; below != nil && below.skipped > 0 && len(out) < limit {
			out = append(out, l.skippedBelow(below, at+sub.Name+"/", limit-len(out))...)
		}
	}
	return out
}

func saturating(a, b int) int {
	if a > math.MaxInt-b {
		return math.MaxInt
	}
	return a + b
}

// treeEntry is one line of a tree object.
type treeEntry struct {
	mode string
	name string
	hash plumbing.Hash
}

const (
	modeDir       = "40000"
	modeSymlink   = "120000"
	modeSubmodule = "160000"
)

func (e treeEntry) isDir() bool { return e.mode == modeDir || e.mode == "040000" }

// unfit gives the reason why an entry is left out, or "".
func (e treeEntry) unfit() string {
	switch {
	case e.mode == modeSymlink:
		return "a symbolic link"
	case e.mode == modeSubmodule:
		return "a submodule"
	case !e.isDir() && !strings.HasPrefix(e.mode, "100"):
		return "an entry of unknown type"
	default:
		return unfitName(e.name)
	}
}

// unfitName judges names because they become paths: in problems that people read, in links, and in
// workspaces that are written to disk.
func unfitName(name string) string {
	switch {
	case name == "" || name == "." || name == "..":
		return "a name that means another folder"
	case strings.EqualFold(name, ".git"):
		return "a name that is Git's own"
	case !utf8.ValidString(name):
		return "a name that is not UTF-8"
	case strings.ContainsAny(name, `/\`):
		return "a slash or backslash in the name"
	case strings.ContainsFunc(name, unicode.IsControl):
		return "a control character in the name"
	default:
		return ""
	}
}

// parseTree decodes a tree object: mode, space, name, NUL, 20 bytes of hash, again and again. The
// names share one string, which is to be let go of.
func parseTree(data []byte) ([]treeEntry, error) {
	entries := make([]treeEntry, 0, bytes.Count(data, []byte{0})/2+1)
	for text := string(data); text != ""; {
		mode, rest, ok := strings.Cut(text, " ")
		name, rest, ok2 := strings.Cut(rest, "\x00")
		if !ok || !ok2 || len(mode) > 6 || len(rest) < len(plumbing.Hash{}) {
			return nil, errors.New("malformed tree object")
		}
		e := treeEntry{mode: mode, name: name}
		copy(e.hash[:], rest)
		entries = append(entries, e)
		text = rest[len(e.hash):]
	}
	return entries, nil
}

func corrupt(err error, format string, args ...any) error {
	var own *Error
	if errors.As(err, &own) && !errors.Is(own, ErrCorrupt) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return failWith(ErrCorrupt, err, format, args...)
}

func parseHash(s string) (h plumbing.Hash, ok bool) {
	b, err := hex.DecodeString(s)
	return plumbing.Hash(append(b, make([]byte, 20)...)[:20]), err == nil && len(b) == len(h)
}
