package ingest

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"callboard/catalog"
)

// built is the outcome of placing all documents: what the catalog shows, and for each file how its
// documents came out.
type built struct {
	contents  catalog.Contents
	files     map[catalog.FileKey]*catalog.File
	skeletons [][]string // by source

	// Of a rebuild only: the files and refs that were decided anew, to which the contents are limited.
	scope map[catalog.FileKey]bool
	refs  []catalog.Ref
}

func (b *built) whole() bool { return b.scope == nil }

// build decides, over all sources, which documents the catalog shows. It is a pure function of the
// files and the configuration, so a restart comes to the same result as the sync before it.
func build(sources []placing) built {
	b := builder{out: built{files: map[catalog.FileKey]*catalog.File{}}}
	count := 0
	for _, source := range sources {
		b.addresses.add(source.config.Name, source.web)
		count += len(source.files)
	}
	b.byRef = make(map[catalog.Ref][]*candidate, count) // about one document a file
	b.candidates = make([]*candidate, 0, count)
	b.vouched = map[string][]string{}
	for _, source := range sources {
		if source.config.Trusted {
			for name, patterns := range b.addresses.elsewhere(source.config.Name, source.files) {
				b.vouched[name] = append(b.vouched[name], patterns...)
			}
		}
	}
	for order, source := range sources {
		b.admit(order, source)
		b.out.skeletons = append(b.out.skeletons, source.skeletons)
	}
	b.out.contents.Losers = map[catalog.Ref][]catalog.Loss{}
	for _, rivals := range b.byRef {
		b.decide(rivals)
	}
	for _, c := range b.candidates {
		b.missing(c, sources)
	}
	b.settle(sources)
	return b.out
}

type builder struct {
	out        built
	addresses  atlas
	vouched    map[string][]string // what trusted sources name in others: patterns by source
	candidates []*candidate
	byRef      map[catalog.Ref][]*candidate
	slabs      catalog.Slabs
}

// candidate is a document that would define its ref.
type candidate struct {
	file    *catalog.File
	index   int // of the document in the file
	order   int // of the source
	trusted bool

	lost     string            // why another one holds the ref
	problems []catalog.Problem // of its place in the catalog
}

func (c *candidate) doc() *catalog.Document { return &c.file.Documents[c.index] }

// admit takes in the documents of one source but those that it may not define and the skeletons.
func (b *builder) admit(order int, source placing) {
	for _, file := range source.files {
		below := skeletonOf(source.skeletons, file.Path)
		for i := range file.Documents {
			doc := &file.Documents[i]
			if doc.Entity == nil {
				continue
			}
			c := &candidate{file: file, index: i, order: order, trusted: source.config.Trusted}
			b.candidates = append(b.candidates, c)
			if text, fix, ok := source.config.refusal(doc.Entity.Kind); !ok {
				c.refuse(catalog.RuleTrust, "/kind", text, fix)
			} else if needsTrust(doc.Entity.Ref.Kind) && b.foreign(&source, file) {
				c.refuse(catalog.RuleTrust, "/kind",
					"this file is not among the paths of the source "+file.Source+", and no trusted source names it, so it may not define a "+doc.Entity.Ref.Kind,
					"add it to the paths of the source "+file.Source+" in callboard.yaml, or name it in a Location there")
			} else if below != "" {
				c.refuse(catalog.RuleSkeleton, "", "this file belongs to the skeleton "+below+" of a template",
					"nothing to do; narrow the source's paths if you want it not to be read at all")
			} else {
				b.byRef[doc.Entity.Ref] = append(b.byRef[doc.Entity.Ref], c)
			}
		}
	}
}

func (c *candidate) refuse(rule catalog.Rule, pointer, text, fix string) {
	c.lost = text
	c.add(catalog.Error, rule, pointer, text, fix)
}

func (c *candidate) add(severity catalog.Severity, rule catalog.Rule, pointer, text, fix string) {
	doc := c.doc()
	p := catalog.Problem{Origin: doc.Origin, Ref: doc.Entity.Ref, Pointer: pointer, Severity: severity, Rule: rule, Text: text, Fix: fix}
	if pos := doc.Positions.At(pointer); pos.Line > 0 {
		p.Origin.Line, p.Column = int(pos.Line), int(pos.Column)
	}
	c.problems = append(c.problems, p)
}

// decide picks the document that holds a ref (backstage.md section 5, identity and conflicts [D]): a
// living file before an orphan; the present holder; trusted sources; the order of sources; the
// path in byte order. Within one file the later document counts.
func (b *builder) decide(rivals []*candidate) {
	slices.SortFunc(rivals, func(x, y *candidate) int {
		return cmp.Or(
			first(!x.file.Orphan, !y.file.Orphan),
			first(holds(x.file, x.doc()), holds(y.file, y.doc())),
			first(x.trusted, y.trusted),
			cmp.Compare(x.order, y.order),
			strings.Compare(x.file.Path, y.file.Path),
			cmp.Compare(y.index, x.index),
		)
	})
	winner := rivals[0]
	for _, loser := range rivals[1:] {
		ref := winner.doc().Entity.Ref
		loser.lost = reason(winner, loser)
		rule, what := catalog.RuleConflict, "is also defined in "
		if winner.file == loser.file {
			rule, what = catalog.RuleDuplicate, "is a duplicate of "
		}
		fix := "rename one of them, or delete the one that is not wanted"
		loser.add(catalog.Error, rule, "/metadata/name", ref.String()+" "+what+place(winner, loser)+", which the catalog shows: "+loser.lost, fix)
		winner.add(catalog.Warning, rule, "/metadata/name", ref.String()+" "+what+place(loser, winner)+", which is not shown", fix)
		b.out.contents.Losers[ref] = append(b.out.contents.Losers[ref], catalog.Loss{Origin: loser.doc().Origin, Why: loser.lost})
	}
}

// first orders true before false.
func first(x, y bool) int {
	switch {
	case x == y:
		return 0
	case x:
		return -1
	}
	return 1
}

// holds reports whether the file held the document's ref already: identity is the file's, so that
// a later document of one file takes over from an earlier one.
func holds(file *catalog.File, doc *catalog.Document) bool {
	return slices.ContainsFunc(file.Documents, func(d catalog.Document) bool {
		return d.Holds && d.Entity != nil && d.Entity.Ref == doc.Entity.Ref
	})
}

// reason says why one won. That it was there first counts only where nothing else speaks for it, so that the
// same files give the same words in the next build.
func reason(winner, loser *candidate) string {
	switch {
	case winner.file == loser.file:
		return "within one file the later document counts"
	case winner.file.Orphan != loser.file.Orphan:
		return "no Location names this file any more"
	case winner.trusted && !loser.trusted:
		return "its source is trusted"
	case winner.trusted == loser.trusted && winner.order < loser.order:
		return "its source comes first in the configuration"
	case winner.trusted == loser.trusted && winner.order == loser.order && winner.file.Path < loser.file.Path:
		return "its path comes first"
	}
	return "it was there first"
}

// place names where a rival stands, with its source when that differs from the reader's.
func place(c, reader *candidate) string {
	if c.file.Source != reader.file.Source {
		return c.doc().Origin.String()
	}
	return c.doc().Origin.Place()
}

// settle writes the decisions into the files, copying those whose documents came out differently
// than before, and gathers what the snapshot is made of.
func (b *builder) settle(sources []placing) {
	for _, c := range b.candidates {
		doc := c.doc()
		if doc.Holds == (c.lost == "") && doc.Lost == c.lost {
			continue
		}
		file := b.writable(c.file)
		file.Documents[c.index].Holds, file.Documents[c.index].Lost = c.lost == "", c.lost
	}
	contents := &b.out.contents
	contents.Orphans = map[catalog.Ref]bool{}
	for _, c := range b.candidates {
		contents.Problems = append(contents.Problems, c.problems...)
		if c.lost != "" {
			continue
		}
		doc := &b.current(c.file).Documents[c.index]
		contents.Documents = append(contents.Documents, doc)
		if c.file.Orphan {
			contents.Orphans[doc.Entity.Ref] = true
			contents.Problems = append(contents.Problems, orphanProblem(doc))
		}
	}
	for _, source := range sources {
		for _, file := range source.files {
			for i := range file.Documents {
				contents.Problems = append(contents.Problems, file.Documents[i].Problems...)
			}
		}
	}
	catalog.SortProblems(contents.Problems)
}

// writable gives the copy of a file that this build may change.
func (b *builder) writable(file *catalog.File) *catalog.File {
	key := catalog.FileKey{Source: file.Source, Path: file.Path}
	if b.out.files[key] == nil {
		b.out.files[key] = b.copyOf(file)
	}
	return b.out.files[key]
}

// copyOf copies a file and its documents. The many copies of a first build go side by side.
func (b *builder) copyOf(file *catalog.File) *catalog.File {
	if len(b.candidates) < packed {
		out := *file
		out.Documents = slices.Clone(file.Documents)
		return &out
	}
	out := b.slabs.Files.One()
	*out = *file
	out.Documents = copied(file.Documents, &b.slabs.Documents)
	return out
}

func (b *builder) current(file *catalog.File) *catalog.File {
	if changed := b.out.files[catalog.FileKey{Source: file.Source, Path: file.Path}]; changed != nil {
		return changed
	}
	return file
}

func orphanProblem(doc *catalog.Document) catalog.Problem {
	return catalog.Problem{
		Origin: doc.Origin, Ref: doc.Entity.Ref, Severity: catalog.Warning, Rule: catalog.RuleOrphan,
		Text: doc.Entity.Ref.String() + " is an orphan: its file is still there, but no Location names it any more",
		Fix:  "name the file in a Location again, or delete it",
	}
}

// skeletonDirs lists the directories that the templates of a source render from, each with a
// trailing slash. A directory that holds the template itself is none.
func skeletonDirs(files []*catalog.File) []string {
	var dirs []string
	for _, file := range files {
		for i := range file.Documents {
			entity := file.Documents[i].Entity
			if entity == nil || entity.Ref.Kind != "template" {
				continue
			}
			for _, dir := range SkeletonDirs(entity) {
				if dir = path.Clean(dir) + "/"; dir != "./" && !strings.HasPrefix(file.Path, dir) {
					dirs = append(dirs, dir)
				}
			}
		}
	}
	return dirs
}

func skeletonOf(dirs []string, name string) string {
	if i := slices.IndexFunc(dirs, func(dir string) bool { return strings.HasPrefix(name, dir) }); i >= 0 {
		return strings.TrimSuffix(dirs[i], "/")
	}
	return ""
}
