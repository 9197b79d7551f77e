package ingest

import (
	"errors"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"callboard/catalog"
)

// errSymlink and errSubmodule say why a target of a Location that exists is not read.
var (
	errSymlink   = errors.New("it is or passes a symbolic link, and those are not followed")
	errSubmodule = errors.New("it lies in a submodule, and those are not read")
)

// linkFix says what to do instead of a link.
func linkFix(l Link) string {
	if l.Submodule {
		return "add the submodule's own repository to catalog.sources in callboard.yaml"
	}
	return "put the descriptor itself here, or name the file that the link points to"
}

// Link gives the first link on the way to a slash-separated path, with its own path.
func (d *Dir) Link(name string) (at string, link Link, found bool) {
	for rest := name; d != nil; {
		first, more, deeper := strings.Cut(rest, "/")
		at = path.Join(at, first)
		i, found := slices.BinarySearchFunc(d.Links, first, func(l Link, n string) int { return strings.Compare(l.Name, n) })
		if found {
			return at, d.Links[i], true
		}
		if !deeper {
			break
		}
		d, rest = d.Dir(first), more
	}
	return "", Link{}, false
}

// matchLink reports whether the pattern means a link: its own path, or for a submodule a descriptor right
// below it. That is a guess, because nobody knows what the submodule holds.
func (m *matcher) matchLink(rel string, link Link) bool {
	name := join(rel, link.Name)
	if link.Submodule {
		below := "catalog-info.yaml"
		if m.name != "" {
			below = m.name
		}
		name = join(name, below)
	}
	return doublestar.MatchUnvalidated(m.pattern, name)
}

// unread puts in place of each link that a pattern of the source means a file without entities that
// says why, so that nobody looks in vain for what it would define. The same goes for a source of
// whose patterns none matches.
func (s *scan) unread() {
	matched := len(s.queue) > 0
	for _, pattern := range s.config.Paths {
		for _, at := range s.glob(pattern).links {
			_, link, _ := s.tree.Root.Link(at)
			s.explain(at, catalog.Error, link.text()+", which is not read", linkFix(link))
			matched = true
		}
	}
	if root := s.tree.Root; !matched && len(s.config.Paths) > 0 && len(root.Dirs)+len(root.Files) > 0 {
		s.explain(s.config.Paths[0], catalog.Warning,
			"no file of the repository matches the paths of the source "+s.config.Name+": "+strings.Join(s.config.Paths, ", "),
			"correct its paths in callboard.yaml; most repositories need \"**/catalog-info.yaml\"")
	}
}

func (l Link) err() error {
	if l.Submodule {
		return errSubmodule
	}
	return errSymlink
}

func (l Link) text() string {
	if l.Submodule {
		return "this is a submodule"
	}
	return "this is a symbolic link"
}

// explain makes a file of one problem. What a file defined before it became a link stays, marked stale.
func (s *scan) explain(name string, severity catalog.Severity, text, fix string) {
	before := s.before[name]
	blob := stamp(text)
	if before != nil && before.Blob == blob {
		s.files[name] = before
		return
	}
	origin := catalog.Origin{Source: s.config.Name, Path: name, Revision: s.tree.Revision}
	file := &catalog.File{Source: s.config.Name, Path: name, Blob: blob, Documents: []catalog.Document{{
		Origin:   origin,
		Problems: []catalog.Problem{{Origin: origin, Severity: severity, Rule: catalog.RuleFile, Text: text, Fix: fix}},
	}}}
	if _, _, isLink := s.tree.Root.Link(name); isLink {
		keepGood(file, before)
	}
	s.files[name] = file
}
