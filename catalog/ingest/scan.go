package ingest

import (
	"errors"
	"io/fs"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"callboard/catalog"
)

// scan reads one source's tree into files, starting from the source's paths and following Locations.
// Files whose blobs are those of the scan before are taken over as they are.
type scan struct {
	config *Config
	tree   Tree
	atlas  atlas
	before map[string]*catalog.File
	twins  map[string]*catalog.File // files of another revision, which need not be read again where they are the same
	globs  map[string]*glob         // of the scan before
	used   map[string]*glob         // of this one
	reader Reader
	effort *effort

	files   map[string]*catalog.File // of the tree; only those that differ after a scan of differences
	changed map[string]*catalog.File // the result: what differs from before; nil for files that are gone
	ahead   map[string]*catalog.File // what readAhead read of the present wave
	foreign map[string][]string      // targets in other sources: patterns by source
	queue   []visit
	urls    bool        // a Location names one
	damaged atomic.Bool // a file, or what a placeholder in one names, could not be read for another reason than its size
}

// visit is a file to read, and the file whose Location names it.
type visit struct{ path, parent string }

// run scans the tree. The extra patterns are those that Locations of other sources name here.
func (s *scan) run(extra []string) {
	s.files = make(map[string]*catalog.File, len(s.before))
	s.foreign = map[string][]string{}
	s.enter(s.config.Paths)
	s.unread()
	s.drain()
	s.enter(extra) // after all that the source names by itself, so that a file's Parent tells whose it is
	s.drain()
	s.adopt()
	s.changed = map[string]*catalog.File{}
	for name, file := range s.files {
		if s.before[name] != file {
			s.changed[name] = file
		}
	}
	for name := range s.before {
		if s.files[name] == nil {
			s.changed[name] = nil
		}
	}
	s.moves()
}

// enter queues the files that match the patterns.
func (s *scan) enter(patterns []string) {
	for _, pattern := range patterns {
		for _, name := range s.match(pattern) {
			s.queue = append(s.queue, visit{path: name})
		}
	}
}

// drain reads the queue in waves until no Location names anything new. A file is read once, however
// often it is named, which ends cycles.
func (s *scan) drain() {
	for len(s.queue) > 0 {
		wave := s.queue
		s.queue = nil
		s.readAhead(wave)
		for _, next := range wave {
			if s.files[next.path] == nil {
				s.visit(next, false)
			}
		}
	}
}

// readAhead reads the wave's new and changed files on all processors. Judging a file takes no
// regard of others, so the order does not matter.
func (s *scan) readAhead(wave []visit) {
	var todo []string
	for _, v := range wave {
		if blob, exists := s.tree.Root.File(v.path); exists && s.files[v.path] == nil && !s.unchanged(v.path, blob) {
			todo = append(todo, v.path)
		}
	}
	slices.Sort(todo)
	todo = slices.Compact(todo)
	s.effort.reads(len(todo))
	read := make([]*catalog.File, len(todo))
	workers := runtime.GOMAXPROCS(0)
	packers := make(chan *packer, workers)
	for range workers {
		packers <- newPacker(s.reader.Shapes)
	}
	var group errgroup.Group
	group.SetLimit(workers)
	for chunk := range slices.Chunk(indexes(len(todo)), readChunk) {
		group.Go(func() error {
			packer := <-packers
			defer func() { packers <- packer }()
			for _, i := range chunk {
				blob, _ := s.tree.Root.File(todo[i])
				read[i] = s.read(todo[i], blob)
				if len(todo) >= packed {
					read[i] = packer.file(read[i])
				}
			}
			return nil
		})
	}
	_ = group.Wait() // the functions return no error: a file that fails carries its problem
	s.ahead = make(map[string]*catalog.File, len(todo))
	for i, name := range todo {
		s.ahead[name] = read[i]
	}
}

// readChunk is how many files one goroutine takes at a time.
const readChunk = 64

func indexes(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// adopt keeps as orphans the files that are still in the tree but that nothing names any more. Those of
// which the catalog shows nothing are forgotten, with what was wrong with them.
func (s *scan) adopt() {
	var left []string
	for name, file := range s.before {
		if s.files[name] == nil && shown(file) {
			left = append(left, name)
		}
	}
	slices.Sort(left)
	for _, name := range left {
		if _, exists := s.tree.Root.File(name); exists && s.files[name] == nil {
			s.visit(visit{path: name, parent: s.before[name].Parent}, true)
			s.drain()
		}
	}
}

func shown(file *catalog.File) bool {
	return slices.ContainsFunc(file.Documents, func(d catalog.Document) bool { return d.Holds && d.Entity != nil })
}

// moves lets a descriptor that went from one file to another keep its hold on the ref, so that a
// rival does not take it over in passing.
func (s *scan) moves() {
	held := map[catalog.Ref]bool{}
	for name, now := range s.changed {
		file := s.before[name]
		if file == nil {
			continue
		}
		for i := range file.Documents {
			if doc := &file.Documents[i]; doc.Holds && doc.Entity != nil && (now == nil || !defines(now, doc.Entity.Ref)) {
				held[doc.Entity.Ref] = true
			}
		}
	}
	if len(held) == 0 {
		return
	}
	for name, file := range s.changed {
		if file == nil {
			continue
		}
		before := s.before[name]
		for i := range file.Documents { // a file that defines a ref anew is this scan's own, so it may be changed
			doc := &file.Documents[i]
			if doc.Entity != nil && held[doc.Entity.Ref] && (before == nil || !defines(before, doc.Entity.Ref)) {
				doc.Holds = true
			}
		}
	}
}

func (s *scan) visit(v visit, orphan bool) {
	blob, exists := s.tree.Root.File(v.path)
	if !exists {
		return
	}
	file := s.before[v.path]
	if !s.unchanged(v.path, blob) {
		if file = s.ahead[v.path]; file == nil {
			file = s.read(v.path, blob)
		}
	}
	problems := s.follow(file)
	if file.Orphan != orphan || file.Parent != v.parent || !sameLocationProblems(file, problems) {
		file = withLocationProblems(file, problems)
		file.Orphan, file.Parent = orphan, v.parent
	}
	s.files[v.path] = file
}

// rulesVersion grows when the reading rules change, so that stored documents are judged anew.
const rulesVersion = "1"

func stamp(blob string) string { return rulesVersion + ":" + blob }

// unchanged reports whether a file and all that was read into its documents are as in the scan before.
func (s *scan) unchanged(name, blob string) bool {
	return s.same(s.before[name], blob)
}

// same reports whether a file, as it was read earlier, is what reading it now would give.
func (s *scan) same(file *catalog.File, blob string) bool {
	if file == nil || file.Blob != stamp(blob) || s.reader.Remote != nil && slices.ContainsFunc(file.Documents, keepsURL) {
		return false
	}
	return !slices.ContainsFunc(file.Inputs, func(in catalog.Input) bool {
		hash, _ := s.tree.Root.File(in.Path)
		return hash != in.Blob
	})
}

// keepsURL reports whether a URL of the document could not be read, which may go better next time.
func keepsURL(doc catalog.Document) bool {
	return slices.ContainsFunc(doc.Problems, func(p catalog.Problem) bool {
		return p.Rule == catalog.RulePlaceholder && p.Severity == catalog.Warning
	})
}

// read judges the file's present text and keeps, for each document that is now wrong, what was
// last good of it.
func (s *scan) read(name, blob string) *catalog.File {
	if file := s.twin(name, blob); file != nil {
		return file
	}
	file := &catalog.File{Source: s.config.Name, Path: name, Blob: stamp(blob)}
	damaged := false
	data, err := fs.ReadFile(s.tree.FS, name) // not s.tree, which hides that FS can do it at once
	if err != nil {
		file.Documents = []catalog.Document{unreadable(s.config.Name, name, s.tree.Revision, err)}
		damaged = !errors.Is(err, ErrTooLarge)
	} else {
		result := s.reader.Read(name, data)
		damaged = result.Unread
		file.Documents = result.Documents
		for _, input := range result.Inputs {
			hash, _ := s.tree.Root.File(input)
			file.Inputs = append(file.Inputs, catalog.Input{Path: input, Blob: hash})
		}
	}
	if damaged {
		s.damaged.Store(true)
	}
	if damaged || len(file.Documents) > 0 && file.Documents[0].Origin.Doc == 0 {
		file.Blob = "" // a limit or a damaged mirror may be the cause, so the next scan tries again
	}
	before := s.before[name]
	inherit(file, before)
	keepGood(file, before)
	if file.Blob == "" && before != nil && before.Blob == "" && reflect.DeepEqual(undated(file), undated(before)) {
		return before
	}
	return file
}

// undated gives the documents of a file as if they were of no revision.
func undated(file *catalog.File) []catalog.Document {
	out := slices.Clone(file.Documents)
	for i := range out {
		doc := &out[i]
		doc.Origin.Revision, doc.Problems = "", slices.Clone(doc.Problems)
		for j := range doc.Problems {
			doc.Problems[j].Origin.Revision = ""
		}
	}
	return out
}

// inherit lets the entities that a file keeps defining keep their hold on the ref.
func inherit(file, before *catalog.File) {
	if before == nil {
		return
	}
	for i := range file.Documents {
		if doc := &file.Documents[i]; doc.Entity != nil {
			doc.Holds = holds(before, doc)
		}
	}
}

// unreadFix is what to do about a file that is there but cannot be read.
const unreadFix = "look whether the disk is well and the file may be read; the next sync tries again"

func unreadable(source, name, revision string, err error) catalog.Document {
	if within, ok := errors.AsType[*fs.PathError](err); ok {
		err = within.Err
	}
	origin := catalog.Origin{Source: source, Path: name, Revision: revision}
	fix := unreadFix
	if errors.Is(err, ErrTooLarge) {
		fix = "split a file that is too large, or raise limits.file_bytes of its source in callboard.yaml"
	}
	return catalog.Document{Origin: origin, Problems: []catalog.Problem{{
		Origin: origin, Severity: catalog.Error, Rule: catalog.RuleFile,
		Text: "the file cannot be read: " + strings.TrimPrefix(err.Error(), name+": "), Fix: fix,
	}}}
}

// keepGood gives each failed document of file the entity that it was when it was last good: the
// one of the same ref, else the one at the same place of the file. Where the file as a whole
// cannot be read, all its entities are kept.
func keepGood(file, before *catalog.File) {
	if before == nil {
		return
	}
	var lost []*catalog.Document
	for i := range before.Documents {
		old := &before.Documents[i]
		if old.Entity != nil && !defines(file, old.Entity.Ref) {
			lost = append(lost, old)
		}
	}
	take := func(fits func(*catalog.Document) bool) *catalog.Document {
		i := slices.IndexFunc(lost, fits)
		if i < 0 {
			return nil
		}
		found := lost[i]
		lost = slices.Delete(lost, i, i+1)
		return found
	}
	failed := func(each func(*catalog.Document)) {
		for i := range file.Documents {
			if doc := &file.Documents[i]; doc.Entity == nil && doc.Origin.Doc > 0 {
				each(doc)
			}
		}
	}
	failed(func(doc *catalog.Document) {
		if old := take(func(o *catalog.Document) bool { return o.Entity.Ref == doc.Ref }); old != nil {
			revive(doc, old)
		}
	})
	failed(func(doc *catalog.Document) {
		if old := take(func(o *catalog.Document) bool { return o.Origin.Doc == doc.Origin.Doc }); old != nil {
			revive(doc, old)
		}
	})
	if len(file.Documents) > 0 && file.Documents[0].Origin.Doc == 0 {
		for _, old := range lost {
			kept := *old
			kept.Stale, kept.Problems = true, nil
			file.Documents = append(file.Documents, kept)
		}
	}
}

func revive(doc, old *catalog.Document) {
	doc.Entity, doc.Stale, doc.Holds = old.Entity, true, old.Holds
}

func defines(file *catalog.File, ref catalog.Ref) bool {
	return slices.ContainsFunc(file.Documents, func(d catalog.Document) bool { return d.Entity != nil && d.Entity.Ref == ref })
}

// follow queues what the file's Locations name and returns the problems met, by document.
func (s *scan) follow(file *catalog.File) map[int][]catalog.Problem {
	var problems map[int][]catalog.Problem
	for i := range file.Documents {
		doc := &file.Documents[i]
		if doc.Entity == nil || doc.Entity.Ref.Kind != "location" {
			continue
		}
		typ, targets, optional := Targets(doc.Entity)
		single := doc.Entity.SpecString("target") != ""
		for n, text := range targets {
			err := s.enqueue(file.Path, typ, text)
			if err == nil || optional && errors.Is(err, errNoFile) {
				continue
			}
			if problems == nil {
				problems = map[int][]catalog.Problem{}
			}
			problems[i] = append(problems[i], locationProblem(doc, targetPointer(n, single), text, err))
		}
	}
	return problems
}

func (s *scan) enqueue(at, typ, text string) error {
	s.urls = s.urls || strings.Contains(text, "://")
	to, err := s.atlas.resolve(s.config.Name, at, typ, text)
	if err != nil {
		return err
	}
	if to.source != s.config.Name {
		s.foreign[to.source] = append(s.foreign[to.source], to.path)
		return nil
	}
	found := s.match(to.path)
	if _, link, passes := s.tree.Root.Link(strings.TrimPrefix(to.path, "/")); passes {
		return link.err()
	}
	if len(found) == 0 {
		return errNoFile
	}
	for _, name := range found {
		s.queue = append(s.queue, visit{name, at})
	}
	return nil
}

func (s *scan) match(pattern string) []string { return s.glob(pattern).update(s.tree.Root) }

func (s *scan) glob(pattern string) *glob {
	pattern = strings.TrimPrefix(pattern, "/")
	g := s.used[pattern]
	if g == nil {
		if g = s.globs[pattern]; g == nil {
			g = &glob{pattern: pattern}
		}
		s.used[pattern] = g
	}
	return g
}

func sameLocationProblems(file *catalog.File, problems map[int][]catalog.Problem) bool {
	for i := range file.Documents {
		had := slices.Collect(only(file.Documents[i].Problems, catalog.RuleLocation))
		if !slices.Equal(had, problems[i]) {
			return false
		}
	}
	return true
}

// withLocationProblems copies the file, replacing what earlier scans said about its Locations' targets.
func withLocationProblems(file *catalog.File, problems map[int][]catalog.Problem) *catalog.File {
	copied := *file
	copied.Documents = slices.Clone(file.Documents)
	for i := range copied.Documents {
		doc := &copied.Documents[i]
		kept := slices.DeleteFunc(slices.Clone(doc.Problems), func(p catalog.Problem) bool { return p.Rule == catalog.RuleLocation })
		doc.Problems = append(kept, problems[i]...)
	}
	return &copied
}

func only(problems []catalog.Problem, rule catalog.Rule) func(func(catalog.Problem) bool) {
	return func(yield func(catalog.Problem) bool) {
		for _, p := range problems {
			if p.Rule == rule && !yield(p) {
				return
			}
		}
	}
}
