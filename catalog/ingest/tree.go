package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// File gives the hash of the file at a slash-separated path, or false when there is none.
func (d *Dir) File(name string) (hash string, found bool) {
	dir, base := path.Split(name)
	if d = d.Dir(strings.TrimSuffix(dir, "/")); d == nil {
		return "", false
	}
	i, found := slices.BinarySearchFunc(d.Files, base, func(b Blob, n string) int { return strings.Compare(b.Name, n) })
	if !found {
		return "", false
	}
	return d.Files[i].Hash, true
}

// Dir gives the listing of the directory at a slash-separated path ("" is d itself), or nil.
func (d *Dir) Dir(name string) *Dir {
	for name != "" && d != nil {
		var first string
		first, name, _ = strings.Cut(name, "/")
		i, found := slices.BinarySearchFunc(d.Dirs, first, func(s Sub, n string) int { return strings.Compare(s.Name, n) })
		if !found {
			return nil
		}
		d = d.Dirs[i].Dir
	}
	return d
}

// ListFS makes the listing of any file system, reading every regular file for its hash. It is for
// folders on disk and for tests; a Git source knows its hashes.
func ListFS(fsys fs.FS) (*Dir, error) { return listDir(fsys, ".") }

func listDir(fsys fs.FS, name string) (*Dir, error) {
	entries, err := fs.ReadDir(fsys, name)
	if err != nil {
		return nil, err
	}
	dir, sum := &Dir{}, sha256.New()
	for _, entry := range entries {
		child := path.Join(name, entry.Name())
		switch {
		case entry.IsDir() && entry.Name() != ".git":
			sub, err := listDir(fsys, child)
			if err != nil {
				return nil, err
			}
			dir.Dirs = append(dir.Dirs, Sub{entry.Name(), sub})
			fmt.Fprintf(sum, "d %s %s\n", entry.Name(), sub.Hash)
		case entry.Type().IsRegular():
			data, err := fs.ReadFile(fsys, child)
			if err != nil {
				return nil, err
			}
			blob := sha256.Sum256(data)
			dir.Files = append(dir.Files, Blob{entry.Name(), hex.EncodeToString(blob[:])})
			fmt.Fprintf(sum, "f %s %x\n", entry.Name(), blob)
		case entry.Type()&fs.ModeSymlink != 0:
			dir.Links = append(dir.Links, Link{Name: entry.Name()})
			fmt.Fprintf(sum, "l %s\n", entry.Name())
		}
	}
	dir.Hash = hex.EncodeToString(sum.Sum(nil))
	return dir, nil
}

// glob is a path pattern with the files that it matched, kept so that the next tree costs only
// what differs.
type glob struct {
	pattern string
	root    *Dir     // the listing below the pattern's fixed prefix when matches was made
	matches []string // sorted
	links   []string // links that the pattern means, sorted
}

// update matches the pattern in a listing and returns the paths, sorted.
func (g *glob) update(tree *Dir) []string {
	if !hasWildcard(g.pattern) {
		g.matches, g.links = nil, nil
		if at, _, found := tree.Link(g.pattern); found {
			g.links = []string{at}
		}
		if _, found := tree.File(g.pattern); found {
			g.matches = []string{g.pattern}
		}
		return g.matches
	}
	base, rest := doublestar.SplitPattern(g.pattern)
	if base == "." {
		base = ""
	}
	root := tree.Dir(base)
	m := matcher{pattern: rest, old: g.matches, oldLinks: g.links}
	if literal := path.Base(rest); !hasWildcard(literal) {
		m.name = literal
	}
	m.descend(g.root, root, base, "")
	slices.Sort(m.links)
	g.root, g.matches, g.links = root, m.found, m.links
	return g.matches
}

func hasWildcard(pattern string) bool { return strings.ContainsAny(pattern, "*?[{\\") }

type matcher struct {
	pattern string   // relative to the walk's start
	name    string   // the only file name that can match; "" when the pattern leaves it open
	old     []string // what matched in the old listing
	found   []string

	oldLinks, links []string // the same for links
}

// descend appends the matches below now, whose full path is dir and whose path from the walk's
// start is rel. Where the hash is the old one, so are the matches.
func (m *matcher) descend(old, now *Dir, dir, rel string) {
	if now == nil {
		return
	}
	if old != nil && old.Hash == now.Hash {
		m.found = append(m.found, under(m.old, dir)...)
		m.links = append(m.links, under(m.oldLinks, dir)...)
		return
	}
	// Files and directories are merged in byte order of their full paths, which keeps found sorted:
	// a directory's content sorts as its name followed by a slash.
	files := now.Files
	takeFiles := func(before string) {
		for len(files) > 0 && (before == "" || files[0].Name < before) {
			name := files[0].Name
			files = files[1:]
			if m.name != "" && name != m.name {
				continue
			}
			if doublestar.MatchUnvalidated(m.pattern, join(rel, name)) {
				m.found = append(m.found, join(dir, name))
			}
		}
	}
	subs := slices.Clone(now.Dirs)
	slices.SortFunc(subs, func(a, b Sub) int { return strings.Compare(a.Name+"/", b.Name+"/") })
	for _, sub := range subs {
		takeFiles(sub.Name + "/")
		var before *Dir
		if old != nil {
			before = old.Dir(sub.Name)
		}
		m.descend(before, sub.Dir, join(dir, sub.Name), join(rel, sub.Name))
	}
	takeFiles("")
	for _, link := range now.Links {
		if m.matchLink(rel, link) {
			m.links = append(m.links, join(dir, link.Name))
		}
	}
}

// under selects from sorted paths those in a directory.
func under(paths []string, dir string) []string {
	if dir == "" {
		return paths
	}
	lo, _ := slices.BinarySearch(paths, dir+"/")
	hi, _ := slices.BinarySearch(paths, dir+"0") // '0' follows '/'
	return paths[lo:hi]
}

func join(dir, name string) string {
	if dir == "" {
		return name
	}
	return dir + "/" + name
}
