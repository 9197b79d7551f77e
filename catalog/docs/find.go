package docs

import (
	"cmp"
	"context"
	"path"
	"slices"
	"strings"

	"callboard/catalog"
)

// The annotations that say where documentation is.
const (
	techdocsRef    = "backstage.io/techdocs-ref"
	techdocsEntity = "backstage.io/techdocs-entity"
	sourceLocation = "backstage.io/source-location"
	runbookKey     = "callboard/runbook"
)

// finder finds the shelves of the entities of one snapshot.
type finder struct {
	view  catalog.View
	trees map[string]Tree
	atlas atlas
	homes map[spot]*catalog.Entity // one entity of each folder with descriptors; made when a page of another source is found
	alone bool                     // only one repository is known: what may lie in another is no problem
}

func newFinder(now Present) *finder {
	view := now.Snapshot.As(catalog.Everything{})
	return &finder{view: view, trees: now.Trees, atlas: newAtlas(view.Sources())}
}

// Find gives the documentation of an entity, without reading its pages.
func Find(now Present, e *catalog.Entity) *Shelf {
	shelf, _ := newFinder(now).find(e)
	return shelf
}

// Read gives the runbook pages of an entity in reading order straight from the trees, for a past that is in no index:
// as many as have 4 MiB of text together.
func Read(ctx context.Context, now Present, e *catalog.Entity) ([]ShelvedPage, error) {
	const most = 4 << 20
	var out []ShelvedPage
	bytes := 0
	for _, f := range Find(now, e).Files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if !f.Runbook {
			continue
		}
		page := readPage(now.Trees[f.Source], f, e.Ref)
		if bytes += page.Bytes(); bytes > most {
			break
		}
		out = append(out, ShelvedPage{Page: *page, Name: cmp.Or(f.Title, page.Title), Runbook: true, Behind: f.Behind, On: e.Ref})
	}
	return out, nil
}

// search is the state of finding one shelf.
type search struct {
	*finder
	entity *catalog.Entity
	shelf  *Shelf
	at     map[PageKey]int // positions in shelf.Files
	far    bool            // it depends on more than the descriptor's folder
	sites  map[spot]bool   // mkdocs.yml files that were read
	holder *catalog.Entity // whose descriptor leads to what is added now: the entity, or the one named by techdocs-entity
	told   catalog.Ref     // to whom a problem of another source is told, besides; zero: to nobody
}

// find also reports whether the shelf depends on more than the descriptor's folder.
func (f *finder) find(e *catalog.Entity) (shelf *Shelf, far bool) {
	s := &search{finder: f, entity: e, shelf: &Shelf{Ref: e.Ref}, at: map[PageKey]int{}, sites: map[spot]bool{}, holder: e}
	s.pages()
	s.holder, s.told = e, catalog.Ref{}
	s.runbooks()
	return s.shelf, s.far
}

func (s *search) problem(key, text, fix string) {
	p := catalog.Problem{
		Origin: s.entity.Origin, Ref: s.entity.Ref, Severity: catalog.Warning, Rule: catalog.RuleDocs, Text: text, Fix: fix,
	}
	if key != "" {
		p.Pointer = catalog.Pointer("/metadata/annotations", key)
		pos := s.entity.Positions.At(p.Pointer)
		p.Origin.Line, p.Column = int(pos.Line), int(pos.Column)
		p.Value = s.entity.Metadata.Annotations.Get(key)
	}
	s.report(p)
}

// report keeps a problem: one of each, and not more than people read.
func (s *search) report(p catalog.Problem) {
	if s.told != (catalog.Ref{}) {
		p.Ref = s.told
	}
	same := func(o catalog.Problem) bool {
		return o.Origin == p.Origin && o.Pointer == p.Pointer && o.Text == p.Text
	}
	if len(s.shelf.Problems) < maxShelfProblems && !slices.ContainsFunc(s.shelf.Problems, same) {
		s.shelf.Problems = append(s.shelf.Problems, p)
	}
}

// problemIn is about a file of the documentation.
func (s *search) problemIn(at spot, line int, text, fix string) {
	s.report(catalog.Problem{
		Origin: catalog.Origin{Source: at.source, Path: at.path, Line: line, Revision: s.trees[at.source].Revision},
		Ref:    s.entity.Ref, Severity: catalog.Warning, Rule: catalog.RuleDocs, Text: text, Fix: fix,
	})
}

// add puts a page on the shelf, or improves on what is known of it.
func (s *search) add(at spot, title string, runbook bool) {
	key := PageKey{at.source, at.path}
	behind := s.guard(s.holder, at)
	if i, known := s.at[key]; known {
		f := &s.shelf.Files[i]
		f.Runbook = f.Runbook || runbook
		if behind == "" {
			f.Behind = ""
		}
		return
	}
	hash, found := s.trees[at.source].Hash(at.path)
	if found != AFile {
		return
	}
	if len(s.shelf.Files) >= MaxPages {
		s.problem("", tooManyPages, "describe parts of it as entities of their own")
		return
	}
	s.at[key] = len(s.shelf.Files)
	s.shelf.Files = append(s.shelf.Files, File{PageKey: key, Blob: hash, Title: title, Runbook: runbook, Behind: behind})
}

const tooManyPages = "its documentation has more than 1000 pages; the first 1000 are read"

// home is the folder of the descriptor.
func home(e *catalog.Entity) spot { return spot{e.Origin.Source, path.Dir(e.Origin.Path)} }

// pages adds what TechDocs would show.
func (s *search) pages() {
	e := s.entity
	if other := e.Metadata.Annotations.Get(techdocsEntity); other != "" {
		s.far = true
		ref, err := catalog.ParseRef(other, "component", catalog.DefaultNamespace)
		target, found := s.view.Get(ref)
		if err == nil && !found && s.alone {
			return
		}
		if err != nil || !found {
			s.problem(techdocsEntity, "the entity whose documentation counts is not in the catalog", "name an entity of the catalog")
			return
		}
		e, s.holder, s.told = target, target, target.Ref
	}
	base := home(e)
	if at, found := s.atlas.find(strings.TrimPrefix(e.Metadata.Annotations.Get(sourceLocation), "url:")); found {
		s.far = s.far || at != base
		base = at
	}
	ref := e.Metadata.Annotations.Get(techdocsRef)
	if ref == "" {
		if documentsItself(e) {
			s.site(base, false)
		}
		return
	}
	kind, target, _ := strings.Cut(ref, ":")
	switch kind {
	case "dir":
		dir, inside := within(base.path, target)
		if !inside {
			s.problem(techdocsRef, "the folder lies outside of the entity's own", "name a folder below that of the descriptor, as in dir:. or dir:./handbook")
			return
		}
		s.site(spot{base.source, dir}, !s.elsewhere())
	case "url":
		at, found := s.atlas.find(target)
		s.far = s.far || found
		if !found && s.alone && strings.Contains(target, "://") {
			return
		}
		if !found {
			s.problem(techdocsRef, "the documentation lies in no source of the catalog", "add its repository to catalog.sources in callboard.yaml, or put the pages beside the descriptor and write dir:.")
			return
		}
		s.site(at, true)
	default:
		s.problem(techdocsRef, "documentation is named by dir: or url:", "write dir:. for the folder of the descriptor")
	}
}

// elsewhere reports whether the entity's code, beside which its pages would be, may lie in a repository that is
// not known here.
func (s *search) elsewhere() bool {
	location := strings.TrimPrefix(s.entity.Metadata.Annotations.Get(sourceLocation), "url:")
	_, found := s.atlas.find(location)
	return s.alone && location != "" && !found
}

// documentsItself reports whether pages beside the descriptor are taken for the entity's although
// it does not say so: only for the first document of a file, since the others would share them.
func documentsItself(e *catalog.Entity) bool {
	if e.Origin.Doc > 1 || !strings.HasPrefix(path.Base(e.Origin.Path), "catalog-info") {
		return false
	}
	switch e.Ref.Kind {
	case "component", "system", "domain", "api", "resource", "template":
		return true
	}
	return false
}

// isRunbook reports whether a page of a docs folder is a runbook by its name: docs/runbook*.md, and
// what lies in a folder called runbooks.
func (s *search) isRunbook(dir, name string) bool {
	rel := strings.TrimPrefix(strings.ToLower(name), strings.ToLower(dir)+"/")
	folder, base := path.Split(rel)
	if folder == "" {
		return strings.HasPrefix(base, "runbook")
	}
	for part := range strings.SplitSeq(strings.Trim(folder, "/"), "/") {
		if part == "runbook" || part == "runbooks" {
			return !isIndex(base)
		}
	}
	return false
}

// isIndex reports whether a page of a folder of runbooks only introduces the others.
func isIndex(base string) bool {
	switch strings.ToLower(base) {
	case "index.md", "_index.md", "readme.md":
		return true
	}
	return false
}

// runbooks adds what the entity's descriptor names as runbooks, and a runbooks folder beside it.
func (s *search) runbooks() {
	e := s.entity
	if value := strings.TrimSpace(e.Metadata.Annotations.Get(runbookKey)); value != "" {
		s.declared(value)
	}
	for i, link := range e.Metadata.Links {
		if !strings.EqualFold(link.Type, "runbook") && !strings.Contains(strings.ToLower(link.Title), "runbook") {
			continue
		}
		at, found := s.atlas.find(link.URL)
		s.far = s.far || found
		if !found || !s.book(at) {
			pointer := catalog.Pointer("/metadata/links", itoa(i))
			s.shelf.Links = append(s.shelf.Links, Link{cmp.Or(Plain(link.Title), link.URL), link.URL, pointer})
		}
	}
	if documentsItself(e) {
		at := home(e)
		for _, name := range []string{"runbook.md", "RUNBOOK.md", "runbooks"} {
			s.book(spot{at.source, path.Join(at.path, name)})
		}
	}
}

// declared adds what the annotation names: a path relative to the descriptor's folder or from the
// root of the repository, of a page or folder, or a URL.
func (s *search) declared(value string) {
	pointer := catalog.Pointer("/metadata/annotations", runbookKey)
	if strings.Contains(value, "://") {
		at, found := s.atlas.find(value)
		s.far = s.far || found
		if !found || !s.book(at) {
			s.shelf.Links = append(s.shelf.Links, Link{value, value, pointer})
		}
		return
	}
	value, _, _ = strings.Cut(value, "#")
	at := home(s.entity)
	if _, known := s.trees[at.source]; !known {
		return
	}
	if name, inside := within(at.path, value); inside && s.book(spot{at.source, name}) {
		return
	}
	s.far = true
	if name, inside := within(".", strings.TrimLeft(value, "/")); inside && s.book(spot{at.source, name}) {
		return
	}
	if s.linked(at.source, path.Join(at.path, value), path.Clean(strings.TrimLeft(value, "/"))) {
		s.problem(runbookKey, "this is or passes a "+notFollowed, "name the page itself")
		return
	}
	s.problem(runbookKey, "there is no such page or folder", "name a page relative to the descriptor, or from the root of its repository")
}

// book adds a page or all pages of a folder as runbooks, and reports whether there are any.
func (s *search) book(at spot) bool {
	tree, known := s.trees[at.source]
	switch {
	case !known:
		return false
	case tree.isFile(at.path) && isPage(at.path):
		s.add(at, "", true)
		return true
	case !tree.isDir(at.path):
		return false
	}
	found := s.list(tree, at)
	alone := len(found) == 1
	for _, name := range found {
		s.add(spot{at.source, name}, "", alone || !isIndex(path.Base(name)))
	}
	return len(found) > 0
}
