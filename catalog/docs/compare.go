package docs

import (
	"cmp"
	"maps"
	"path"
	"slices"

	"callboard/catalog"
)

// seen is the catalog and the trees that the index was brought in step with.
type seen struct {
	entities []*catalog.Entity // in order of their refs
	trees    map[string]Tree   // without their content
	atlas    atlas
	far      map[catalog.Ref]bool // shelves that depend on more than the descriptor's folder
	unsure   map[catalog.Ref]bool // shelves that may lie in a source that could not be read
}

// difference is what became different since, and what to remember once that is stored.
type difference struct {
	changed []*Shelf
	gone    []catalog.Ref
	seen    seen
}

// known gives what is remembered of the shelves in the index; nil when that is built anew.
func (l *Library) known() map[catalog.Ref]*leaf {
	if l.whole {
		return nil
	}
	return l.state.leaves
}

// compare finds what became different. Entities that are the same as before, in folders that are, cost nothing but a
// look at whether they are.
func (l *Library) compare(now Present) *difference {
	f := newFinder(now)
	c := &comparison{
		finder: f, looked: map[catalog.Ref]bool{}, known: l.known(), before: l.seen,
		complete: len(now.Trees) >= len(f.view.Sources()),
		moved:    len(l.seen.entities) == 0 || !slices.Equal(l.seen.atlas, f.atlas),
		difference: &difference{seen: seen{
			trees: map[string]Tree{}, atlas: f.atlas, far: map[catalog.Ref]bool{}, unsure: map[catalog.Ref]bool{},
			entities: make([]*catalog.Entity, 0, f.view.Len()),
		}},
	}
	maps.Copy(c.seen.far, l.seen.far)
	maps.Copy(c.seen.unsure, l.seen.unsure)
	c.folders()
	c.entities()
	if len(l.seen.entities) == 0 { // what the index holds may be of entities that this process never saw
		for ref := range c.known {
			if _, found := f.view.Get(ref); !found {
				c.vanished(ref)
			}
		}
	}
	return c.difference
}

// comparison is the state of compare.
type comparison struct {
	*finder
	*difference
	known    map[catalog.Ref]*leaf // of the shelves in the index
	before   seen
	complete bool                       // all sources could be read
	moved    bool                       // everything has to be looked at
	dirty    map[string]map[string]bool // folders that changed, by source; nil: all of it
	any      bool                       // some folder changed
	looked   map[catalog.Ref]bool       // entities that were looked at for another reason
}

// folders finds those that changed.
func (c *comparison) folders() {
	c.dirty = map[string]map[string]bool{}
	for name, tree := range c.trees {
		old, known := c.before.trees[name]
		changed := map[string]bool{}
		if known && old.Folders != nil && tree.Folders != nil {
			changedFolders(old, tree, ".", changed)
			c.any = c.any || len(changed) > 0
		} else {
			changed, c.any = nil, true
		}
		c.dirty[name] = changed
		tree.FS = nil
		c.seen.trees[name] = tree
	}
	for name, tree := range c.before.trees { // what could be read before is compared with again when it can be
		if _, found := c.trees[name]; !found {
			c.seen.trees[name] = tree
		}
	}
}

// changedFolders collects the folders that are not what they were, new ones and missing ones included.
func changedFolders(old, now Tree, dir string, into map[string]bool) {
	before, _ := old.Hash(dir)
	after, _ := now.Hash(dir)
	if before == after {
		return
	}
	into[dir] = true
	type folder struct{ name, hash string }
	var was []folder
	for name, hash := range old.Folders(dir) {
		was = append(was, folder{name, hash})
	}
	for name, hash := range now.Folders(dir) { // both are in order
		for len(was) > 0 && was[0].name < name {
			changedFolders(old, now, path.Join(dir, was[0].name), into)
			was = was[1:]
		}
		if len(was) > 0 && was[0] == (folder{name, hash}) {
			was = was[1:]
			continue
		}
		if len(was) > 0 && was[0].name == name {
			was = was[1:]
		}
		changedFolders(old, now, path.Join(dir, name), into)
	}
	for _, gone := range was {
		changedFolders(old, now, path.Join(dir, gone.name), into)
	}
}

// entities walks the catalog beside the one before; both are in order.
func (c *comparison) entities() {
	old := c.before.entities
	others := false
	for e := range c.view.All() {
		c.seen.entities = append(c.seen.entities, e)
		for len(old) > 0 && old[0].Ref.Compare(e.Ref) < 0 {
			c.vanished(old[0].Ref)
			old, others = old[1:], true
		}
		same := len(old) > 0 && old[0] == e
		if len(old) > 0 && old[0].Ref == e.Ref {
			old = old[1:]
		}
		others = others || !same
		if !same || c.touched(e) {
			c.look(e)
			if !c.any {
				c.looked[e.Ref] = true
			}
		}
	}
	for _, e := range old {
		c.vanished(e.Ref)
	}
	if !c.any && (others || len(old) > 0) { // techdocs-entity leads to other entities
		for ref := range c.before.far {
			if e, found := c.view.Get(ref); found && !c.looked[ref] {
				c.look(e)
			}
		}
	}
}

// touched reports whether something changed on which the shelf of an unchanged entity may depend.
func (c *comparison) touched(e *catalog.Entity) bool {
	if c.moved || c.before.unsure[e.Ref] {
		return true
	}
	if !c.any {
		return false
	}
	folders, readable := c.dirty[e.Origin.Source]
	if readable && (folders == nil || len(folders) > 0 && folders[path.Dir(e.Origin.Path)]) {
		return true
	}
	return c.before.far[e.Ref]
}

func (c *comparison) vanished(ref catalog.Ref) {
	delete(c.seen.far, ref)
	delete(c.seen.unsure, ref)
	if c.known[ref] != nil {
		c.gone = append(c.gone, ref)
	}
}

// look finds the shelf of an entity anew.
func (c *comparison) look(e *catalog.Entity) {
	delete(c.seen.far, e.Ref)
	delete(c.seen.unsure, e.Ref)
	old := c.known[e.Ref]
	if !concerned(e) {
		c.vanished(e.Ref)
		return
	}
	if _, readable := c.trees[e.Origin.Source]; !readable {
		c.seen.unsure[e.Ref] = true
		return
	}
	shelf, far := c.find(e)
	if far {
		c.seen.far[e.Ref] = true
	}
	if far && !c.complete { // it may lie in a source that could not be read yet: what is known stays
		c.seen.unsure[e.Ref] = true
		if old != nil {
			return
		}
	}
	switch {
	case shelf.Empty() && old != nil:
		c.gone = append(c.gone, e.Ref)
	case shelf.Empty():
	case old == nil || old.stamp != shelf.Stamp():
		c.changed = append(c.changed, shelf)
	}
}

// distinct drops files that were named before.
func distinct(files []File) []File {
	slices.SortStableFunc(files, func(a, b File) int { return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Path, b.Path)) })
	return slices.CompactFunc(files, func(a, b File) bool { return a.PageKey == b.PageKey })
}
