package ingest

import (
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"callboard/catalog"
)

// Verdict is what lint says of one document; its JSON is a line of callboard lint --json.
type Verdict struct {
	File        string          `json:"file"` // below the linted root
	Doc         int             `json:"doc"`  // 1-based; 0: the file as a whole
	Line        int             `json:"line"`
	Accepted    bool            `json:"accepted"`
	Ref         string          `json:"ref,omitempty"`
	DuplicateOf string          `json:"duplicateOf,omitempty"` // FILE#DOC of the document that came first
	Problems    []LintProblem   `json:"problems"`
	Warnings    []LintProblem   `json:"warnings"`
	Entity      *catalog.Entity `json:"-"`
}

// LintProblem is a problem as lint prints it.
type LintProblem struct {
	Rule    catalog.Rule `json:"rule"`
	Pointer string       `json:"pointer"`
	Line    int          `json:"line"`
	Text    string       `json:"text"`
	Fix     string       `json:"fix"`
}

// LintFile is a file to judge. A named one is judged whatever it is called and holds.
type LintFile struct {
	Path  string // below the root
	Named bool
}

// Lint judges files below a root, which stands for the repository: placeholders that begin with a
// slash start there. Unlike a sync it knows no source, so it does not judge trust, and it reads
// nothing remote. Duplicates and skeletons are judged among the given files.
func Lint(root fs.FS, files []LintFile, limits Limits) []Verdict {
	reader := Reader{FS: root, Limits: limits}
	var out []Verdict
	var read []*catalog.File
	for _, f := range files {
		data, err := fs.ReadFile(root, f.Path)
		var docs []catalog.Document
		if err != nil {
			docs = []catalog.Document{unreadable("", f.Path, "", err)}
		} else {
			docs = reader.Read(f.Path, data).Documents
		}
		read = append(read, &catalog.File{Path: f.Path, Documents: docs})
		for i := range docs {
			if f.Named || isDescriptorName(f.Path) || isBackstage(docs[i].Entity, textOf(docs, i, data)) {
				out = append(out, verdict(f.Path, &docs[i]))
			}
		}
	}
	refuseSkeletons(out, skeletonDirs(read))
	markDuplicates(out)
	return out
}

func verdict(file string, doc *catalog.Document) Verdict {
	v := Verdict{
		File: file, Doc: doc.Origin.Doc, Line: doc.Origin.Line, Accepted: doc.Entity != nil, Ref: doc.Ref.String(),
		Problems: []LintProblem{}, Warnings: []LintProblem{}, Entity: doc.Entity,
	}
	for _, p := range doc.Problems {
		line := LintProblem{p.Rule, p.Pointer, p.Origin.Line, p.Sentence(), p.Fix}
		if p.Severity == catalog.Warning {
			v.Warnings = append(v.Warnings, line)
		} else {
			v.Problems = append(v.Problems, line)
		}
	}
	return v
}

func refuseSkeletons(verdicts []Verdict, dirs []string) {
	for i := range verdicts {
		v := &verdicts[i]
		below := skeletonOf(dirs, v.File)
		if below == "" || slices.ContainsFunc(v.Problems, func(p LintProblem) bool { return p.Rule == catalog.RuleSkeleton }) {
			continue
		}
		v.Accepted, v.Entity = false, nil
		v.Problems = append(v.Problems, LintProblem{
			Rule: catalog.RuleSkeleton, Line: v.Line, Text: "this file belongs to the skeleton " + below + " of a template",
			Fix: "nothing to do: skeletons are not entities",
		})
	}
}

func markDuplicates(verdicts []Verdict) {
	seen := map[string]string{}
	for i := range verdicts {
		v := &verdicts[i]
		if !v.Accepted {
			continue
		}
		if first, again := seen[v.Ref]; again {
			v.DuplicateOf = first
			v.Warnings = append(v.Warnings, LintProblem{
				Rule: catalog.RuleDuplicate, Pointer: "/metadata/name", Line: v.Line,
				Text: v.Ref + " is also defined in " + first, Fix: "rename one of them, or delete the one that is not wanted",
			})
			continue
		}
		seen[v.Ref] = v.File + "#" + strconv.Itoa(v.Doc)
	}
}

func isDescriptorName(name string) bool {
	base := path.Base(name)
	return base == "catalog-info.yaml" || base == "catalog-info.yml"
}

// textOf gives the text of the i-th document, for those that could not be read as YAML.
func textOf(docs []catalog.Document, i int, data []byte) []string {
	lines := strings.Split(string(data), "\n")
	from, to := max(docs[i].Origin.Line-1, 0), len(lines)
	if i+1 < len(docs) {
		to = docs[i+1].Origin.Line - 1
	}
	if from > to || from > len(lines) {
		return nil
	}
	return lines[from:to]
}

func isBackstage(entity *catalog.Entity, lines []string) bool {
	if entity != nil {
		return true
	}
	return slices.ContainsFunc(lines, func(line string) bool {
		version, found := strings.CutPrefix(line, "apiVersion:")
		version = strings.Trim(strings.TrimSpace(version), `"'`)
		return found && (strings.HasPrefix(version, "backstage.io/") || strings.HasPrefix(version, "scaffolder.backstage.io/"))
	})
}
