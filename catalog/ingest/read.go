package ingest

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"callboard/catalog"
)

// Limits bound what reading one file may cost. A zero field stands for its default.
type Limits struct {
	FileBytes    int // a descriptor, and a $json or $yaml target; 1 MiB
	Documents    int // YAML documents of a file; 500
	Depth        int // levels of nesting; 64
	AliasBytes   int // what aliases may add to a file, each value counting its text and 16 bytes; 2 MiB
	TextBytes    int // a $text target; 8 MiB
	Placeholders int // placeholders of a file that are replaced; 200
	PlacedBytes  int // what the placeholders of a file may bring; 16 MiB
}

func (l Limits) withDefaults() Limits {
	return Limits{
		FileBytes:    cmp.Or(l.FileBytes, 1<<20),
		Documents:    cmp.Or(l.Documents, 500),
		Depth:        cmp.Or(l.Depth, 64),
		AliasBytes:   cmp.Or(l.AliasBytes, 2<<20),
		TextBytes:    cmp.Or(l.TextBytes, 8<<20),
		Placeholders: cmp.Or(l.Placeholders, 200),
		PlacedBytes:  cmp.Or(l.PlacedBytes, 16<<20),
	}
}

// Reader judges descriptor files of one source at one revision. It holds no state of its own, so
// many goroutines may read with one Reader. The zero Reader reads documents without placeholders.
type Reader struct {
	Source   string // name of the source, for Origin
	Revision string // commit, for Origin
	FS       fs.FS  // the repository, for placeholders; nil: their targets count as missing
	Web      string // base URL of the repository's files at its forge, ending in a slash; "" for none
	Limits   Limits
	Shapes   *Shapes // shared by all Readers of a process; nil: nothing is shared

	// Remote reads an absolute URL named by a placeholder, within a deadline of its own. Where it
	// is nil or fails, the URL stays in the entity as text, with a warning.
	Remote func(url string) ([]byte, error)
}

// Result is what one file gave.
type Result struct {
	// Documents in the order of the file, empty ones left out. A problem of the file as a whole is
	// carried by a document whose Origin.Doc is 0, which is then the only one.
	Documents []catalog.Document
	// Inputs are the repository paths that placeholders named, sorted, those of missing files included.
	Inputs []string
	// Unread says that one of them is there but could not be read, which may go better after the next Fetch.
	Unread bool
}

// Read judges the descriptor at path, which is relative to the repository's root.
func (r *Reader) Read(path string, data []byte) Result {
	in := reading{Reader: r, path: path, limits: r.Limits.withDefaults()}
	if problem := in.unfit(data); problem != nil {
		return Result{Documents: wholeFile(problem)}
	}
	chunks := split(trimBOM(data))
	if len(chunks) > in.limits.Documents {
		problem := in.problem(fmt.Sprintf("the file holds %d documents; at most %d are read", len(chunks), in.limits.Documents), "", "split it into several files")
		return Result{Documents: wholeFile(problem)}
	}
	in.aliases, in.patience, in.inputs = in.limits.AliasBytes, maxPatience, map[string]bool{}
	var result Result
	for _, chunk := range chunks {
		if doc := in.document(chunk); doc != nil {
			result.Documents = append(result.Documents, *doc)
		}
	}
	result.Inputs, result.Unread = slices.Sorted(maps.Keys(in.inputs)), in.unread
	return result
}

// wholeFile is what becomes of a file of which no document can be told.
func wholeFile(problem *catalog.Problem) []catalog.Document {
	return []catalog.Document{{Origin: problem.Origin, Problems: []catalog.Problem{*problem}}}
}

// reading is the state of reading one file: what is left of its budgets, and what it named.
type reading struct {
	*Reader
	path         string
	limits       Limits
	aliases      int // bytes left
	patience     int // bytes left for finding the lines of syntax errors
	placeholders int // replaced so far
	placed       int // bytes brought so far
	inputs       map[string]bool
	unread       bool // one of inputs; see Result
}

func (r *reading) origin() catalog.Origin {
	return catalog.Origin{Source: r.Source, Path: r.path, Revision: r.Revision}
}

func (r *reading) problem(text, value, fix string) *catalog.Problem {
	return &catalog.Problem{Origin: r.origin(), Severity: catalog.Error, Rule: catalog.RuleFile, Text: text, Value: value, Fix: fix}
}

// unfit says why the file as a whole is not read.
func (r *reading) unfit(data []byte) *catalog.Problem {
	if len(data) > r.limits.FileBytes {
		return r.oversized(int64(len(data)))
	}
	encoding := ""
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xfe, 0, 0}), bytes.HasPrefix(data, []byte{0, 0, 0xfe, 0xff}):
		encoding = "UTF-32"
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}), bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		encoding = "UTF-16"
	case len(data) > 1 && (data[0] == 0) != (data[1] == 0):
		encoding = "UTF-16"
	default:
		return nil
	}
	return r.problem("the file is written in "+encoding+"; descriptors are read as UTF-8 only", encoding, "save the file as UTF-8")
}

func (r *reading) oversized(size int64) *catalog.Problem {
	return r.problem(fmt.Sprintf("the file has %d KiB; descriptors have at most %d", size>>10, r.limits.FileBytes>>10), "",
		"split it into several files, or move large texts out and name them by $text")
}

func trimBOM(data []byte) []byte { return bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")) }

// document judges one document; nil stands for an empty one.
func (r *reading) document(source chunk) *catalog.Document {
	p := parser{
		depth: r.limits.Depth, aliases: r.aliases, patience: r.patience,
		lines: int32(source.lines),
	}
	root, err := p.parse(source.text)
	r.aliases, r.patience = p.aliases, p.patience
	if err == nil && root == nil {
		return nil
	}
	doc := &catalog.Document{Origin: r.origin()}
	doc.Origin.Doc = source.doc
	c := checker{doc: doc, root: root, namespace: catalog.DefaultNamespace, shapes: r.Shapes}
	if err != nil {
		doc.Origin.Line = source.lines + firstLine(source.text)
		doc.Ref = guessRef(source.text)
		c.fault(err)
		return doc
	}
	doc.Origin.Line = int(root.at.Line)
	if p.dollar {
		r.substitute(&c, root, "")
	}
	doc.Positions = positions(root, r.Shapes)
	doc.Ref = refOf(root, r.Shapes)
	if doc.Ref.Namespace != "" {
		c.namespace = doc.Ref.Namespace
	}
	for _, fault := range p.faults {
		c.fault(fault)
	}
	c.check()
	c.settle()
	if !c.failed() {
		doc.Entity = c.entity()
	}
	return doc
}

// fault turns what made a text unreadable into a problem of the document.
func (c *checker) fault(err error) {
	problem := catalog.Problem{Origin: c.doc.Origin, Ref: c.doc.Ref, Severity: catalog.Error, Rule: catalog.RuleYAML, Text: err.Error()}
	if bad := (*fault)(nil); errors.As(err, &bad) {
		problem.Value, problem.Fix = bad.value, bad.fix
		if bad.at.Line > 0 {
			problem.Origin.Line, problem.Column = int(bad.at.Line), int(bad.at.Column)
		}
	}
	c.doc.Problems = append(c.doc.Problems, problem)
}

// settle gives the problems that name a field the place of that field, the ref now known, and the
// order of the file.
func (c *checker) settle() {
	for i := range c.doc.Problems {
		p := &c.doc.Problems[i]
		p.Ref = c.doc.Ref
		if p.Rule == catalog.RuleYAML {
			continue
		}
		if pos := c.doc.Positions.At(p.Pointer); pos.Line > 0 {
			p.Origin.Line, p.Column = int(pos.Line), int(pos.Column)
		}
	}
	slices.SortStableFunc(c.doc.Problems, func(a, b catalog.Problem) int {
		return cmp.Or(cmp.Compare(a.Origin.Line, b.Origin.Line), cmp.Compare(a.Column, b.Column))
	})
}

// refOf gives the ref that a document claims, also when the document is wrong; the zero Ref where
// its kind or name cannot be read.
func refOf(root *value, shapes *Shapes) catalog.Ref {
	metadata := root.get("metadata")
	kind, name := shapes.word(root.get("kind").str()), metadata.get("name").own()
	return makeRef(kind, shapes.word(metadata.get("namespace").str()), name)
}

func makeRef(kind, namespace, name string) catalog.Ref {
	if !isKind(kind) || !isName(name) || namespace != "" && !isName(namespace) {
		return catalog.Ref{}
	}
	return catalog.NewRef(kind, namespace, name)
}

// guessRef looks for the ref of a text that is not YAML.
func guessRef(source []byte) catalog.Ref {
	var kind, namespace, name string
	inMetadata := false
	for line := range strings.Lines(string(source)) {
		key, rest, found := strings.Cut(strings.TrimRight(line, "\r\n"), ":")
		if !found {
			continue
		}
		word := strings.Trim(strings.TrimSpace(rest), `"'`)
		if key != "" && key[0] != ' ' && key[0] != '#' {
			inMetadata = key == "metadata"
		}
		switch {
		case key == "kind":
			kind = cmp.Or(kind, word)
		case inMetadata && strings.TrimSpace(key) == "name":
			name = cmp.Or(name, word)
		case inMetadata && strings.TrimSpace(key) == "namespace":
			namespace = cmp.Or(namespace, word)
		}
	}
	return makeRef(kind, namespace, name)
}

// firstLine is the 1-based number of the first line that is more than a mark or a comment.
func firstLine(source []byte) int {
	n := 0
	for line := range bytes.Lines(source) {
		n++
		if !blank(bytes.TrimRight(line, "\n")) && !marks(bytes.TrimRight(line, "\n"), "---") {
			return n
		}
	}
	return 1
}
