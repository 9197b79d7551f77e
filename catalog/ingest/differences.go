package ingest

import (
	"cmp"
	"maps"
	"slices"

	"callboard/catalog"
)

// scanned is what a scan leaves to the next one of its source, so that this can look at differences only.
type scanned struct {
	tree     *Tree
	atlas    atlas           // by which URLs were followed
	extra    []string        // the patterns that Locations of other sources named
	follows  bool            // there are Locations
	urls     bool            // of which some name URLs
	restless map[string]bool // files that must be looked at even if they are the same; see restless
}

// restless reports whether a file may come out otherwise although its own content did not change.
func restless(file *catalog.File) bool {
	return file.Blob == "" || file.Orphan || len(file.Inputs) > 0 || slices.ContainsFunc(file.Documents, keepsURL)
}

// fits reports whether another scan of the same tree would come to the same.
func (s *scanned) fits(addresses atlas, extra []string) bool {
	return slices.Equal(s.extra, extra) && (!s.urls || slices.Equal(s.atlas, addresses))
}

// leave notes what the next scan needs.
func (s *scan) leave(tree *Tree, extra []string) *scanned {
	left := &scanned{tree: tree, atlas: s.atlas, extra: extra, urls: s.urls, restless: map[string]bool{}}
	for name, file := range s.files {
		left.follows = left.follows || hasKind(file, "location")
		if restless(file) {
			left.restless[name] = true
		}
	}
	return left
}

// differences scans only what differs from the tree of the last scan. It reports false, and then has done nothing,
// where a difference may reach further: a Location changes, or a file comes or goes in a source that has
// Locations, or so does a link.
func (s *scan) differences(last *scanned, tree *Tree, extra []string) (*scanned, bool) {
	if last == nil || last.tree.Branch != s.tree.Branch || !last.fits(s.atlas, extra) {
		return nil, false
	}
	d := diff{most: len(s.before) / rebuiltShare}
	d.descend(last.tree.Root, s.tree.Root, "")
	if d.links || d.count > d.most || len(d.come)+len(d.gone) > 0 && last.follows {
		return nil, false
	}
	changed := map[string]*catalog.File{}
	for _, name := range d.gone {
		if s.before[name] != nil {
			changed[name] = nil
		}
	}
	for name := range last.restless {
		if file := s.before[name]; file.Orphan && !shown(file) {
			changed[name] = nil // as adopt does
		}
	}
	wave, fine := s.toRead(last, &d, extra)
	if !fine {
		return nil, false
	}
	left := &scanned{tree: tree, atlas: s.atlas, extra: extra, follows: last.follows, urls: last.urls, restless: maps.Clone(last.restless)}
	s.readAhead(wave)
	for _, v := range wave {
		file, before := s.ahead[v.path], s.before[v.path]
		if _, gone := changed[v.path]; gone || file == nil || file == before {
			continue // or restless, but the same
		}
		if hasKind(file, "location") || hasKind(before, "location") {
			return nil, false
		}
		if before != nil {
			file.Orphan, file.Parent = before.Orphan, before.Parent
		}
		changed[v.path] = file
	}
	for name, file := range changed {
		delete(left.restless, name)
		if file != nil && restless(file) {
			left.restless[name] = true
		}
	}
	s.changed = changed
	s.moves()
	return left, true
}

// toRead lists the files to look at. It reports false where files that stand for something else, such as a
// source without any match, may come or go.
func (s *scan) toRead(last *scanned, d *diff, extra []string) ([]visit, bool) {
	var wave []visit
	for _, name := range d.same {
		if s.before[name] != nil && !last.restless[name] {
			wave = append(wave, visit{path: name})
		}
	}
	for name := range last.restless {
		if _, exists := s.tree.Root.File(name); exists {
			wave = append(wave, visit{path: name})
		}
	}
	if len(d.come)+len(d.gone) == 0 {
		return wave, true
	}
	matched, named := 0, map[string]bool{}
	for _, pattern := range slices.Concat(s.config.Paths, extra) {
		if _, exists := last.tree.Root.File(pattern); !exists && s.before[pattern] != nil {
			return nil, false
		}
		found := s.match(pattern)
		if slices.Contains(s.config.Paths, pattern) {
			matched += len(found)
		}
		for _, name := range d.come {
			if _, is := slices.BinarySearch(found, name); is {
				named[name] = true
			}
		}
	}
	for name := range named {
		if s.before[name] != nil {
			return nil, false
		}
		wave = append(wave, visit{path: name})
	}
	return wave, matched > 0
}

// diff is what sets two listings apart.
type diff struct {
	same, come, gone []string // files with other content, new files, files that are no more
	links            bool     // links differ
	most, count      int      // once count is above most, the rest is not looked at
}

// descend compares directories that have the path dir.
func (d *diff) descend(before, now *Dir, dir string) {
	if before == nil {
		before = &Dir{}
	}
	if now == nil {
		now = &Dir{}
	}
	if before.Hash == now.Hash && before.Hash != "" || d.count > d.most {
		return
	}
	d.links = d.links || !slices.Equal(before.Links, now.Links)
	merge(before.Files, now.Files, func(b Blob) string { return b.Name }, func(old, fresh *Blob) {
		switch {
		case old == nil:
			d.come = append(d.come, join(dir, fresh.Name))
		case fresh == nil:
			d.gone = append(d.gone, join(dir, old.Name))
		case old.Hash != fresh.Hash:
			d.same = append(d.same, join(dir, fresh.Name))
		default:
			return
		}
		d.count++
	})
	merge(before.Dirs, now.Dirs, func(s Sub) string { return s.Name }, func(old, fresh *Sub) {
		switch {
		case old == nil:
			d.descend(nil, fresh.Dir, join(dir, fresh.Name))
		case fresh == nil:
			d.descend(old.Dir, nil, join(dir, old.Name))
		default:
			d.descend(old.Dir, fresh.Dir, join(dir, fresh.Name))
		}
	})
}

// merge walks two lists that are sorted by name and tells what stands at each name; nil where one has nothing.
func merge[T any](a, b []T, name func(T) string, tell func(a, b *T)) {
	for len(a)+len(b) > 0 {
		order := 0
		switch {
		case len(a) == 0:
			order = 1
		case len(b) == 0:
			order = -1
		default:
			order = cmp.Compare(name(a[0]), name(b[0]))
		}
		switch {
		case order < 0:
			tell(&a[0], nil)
			a = a[1:]
		case order > 0:
			tell(nil, &b[0])
			b = b[1:]
		default:
			tell(&a[0], &b[0])
			a, b = a[1:], b[1:]
		}
	}
}
