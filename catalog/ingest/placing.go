package ingest

import (
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"callboard/catalog"
)

// placing is the state of one source as the build needs it.
type placing struct {
	config *Config
	files  []*catalog.File // sorted by path
	web    string          // base URL of the files at the forge, "" when there is none
	known  bool            // files are those of a tree that was read and of which the last check was fine

	skeletons []string // see skeletonDirs
}

// file gives the file at path, or nil.
func (p *placing) file(path string) *catalog.File {
	i, found := slices.BinarySearchFunc(p.files, path, func(f *catalog.File, name string) int { return strings.Compare(f.Path, name) })
	if !found {
		return nil
	}
	return p.files[i]
}

// has reports whether one of the files matches the pattern. All that a Location names and that exists is
// among them.
func (p *placing) has(pattern string) bool {
	if !hasWildcard(pattern) {
		return p.file(pattern) != nil
	}
	return slices.ContainsFunc(p.files, func(f *catalog.File) bool { return matches(pattern, f.Path) })
}

func matches(pattern, path string) bool {
	pattern = strings.TrimPrefix(pattern, "/")
	return pattern == path || hasWildcard(pattern) && doublestar.MatchUnvalidated(pattern, path)
}

// maxParents bounds the chain of Locations that is followed up from a file; orphans may form a cycle.
const maxParents = 100

// foreign reports whether a file is read only because a source that is not trusted names it, by itself or
// by a Location on the way to it. Such a source must not choose who counts as a person among the fixtures of
// a trusted one (threats.md R1). What was once named so stays foreign as an orphan.
func (b *builder) foreign(source *placing, file *catalog.File) bool {
	for range maxParents {
		if file.Parent == "" {
			named := func(pattern string) bool { return matches(pattern, file.Path) }
			return !slices.ContainsFunc(source.config.Paths, named) && !slices.ContainsFunc(b.vouched[source.config.Name], named)
		}
		if file = source.file(file.Parent); file == nil {
			return false // a Location of this source that is gone named it
		}
	}
	return true
}

// missing adds a problem for each target of a Location that is in another source and not there. A scan
// sees its own source only, so that is found here.
func (b *builder) missing(c *candidate, sources []placing) {
	doc := c.doc()
	if doc.Entity.Ref.Kind != "location" {
		return
	}
	typ, targets, optional := Targets(doc.Entity)
	single := doc.Entity.SpecString("target") != ""
	for n, text := range targets {
		to, err := b.addresses.resolve(c.file.Source, c.file.Path, typ, text)
		if err != nil || to.source == c.file.Source || optional {
			continue
		}
		i := slices.IndexFunc(sources, func(s placing) bool { return s.config.Name == to.source })
		if there := sources[i]; there.known && !there.has(to.path) {
			c.problems = append(c.problems, locationProblem(doc, targetPointer(n, single), text, errNoFileThere))
		}
	}
}
