package ingest

import (
	"io"
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
		docs, text := reader.judge(f.Path)
		read = append(read, &catalog.File{Path: f.Path, Documents: docs})
		lines := strings.Split(text, "\n")
		for i := range docs {
			if f.Named || isDescriptorName(f.Path) || docs[i].Entity != nil || isBackstage(linesOf(docs, i, lines)) {
				out = append(out, verdict(f.Path, &docs[i]))
			}
		}
	}
	refuseSkeletons(out, skeletonDirs(read))
	markDuplicates(out)
	return out
}

// judge reads the file at path, of one that is larger than a descriptor may be only the beginning.
func (r *Reader) judge(path string) (docs []catalog.Document, text string) {
	f, err := r.FS.Open(path)
	if err != nil {
		return []catalog.Document{unreadable("", path, "", err)}, ""
	}
	defer func() { _ = f.Close() }() // it was only read
	in := reading{Reader: r, path: path, limits: r.Limits.withDefaults()}
	data, err := io.ReadAll(io.LimitReader(f, int64(in.limits.FileBytes)+1))
	if err != nil {
		return []catalog.Document{unreadable("", path, "", err)}, ""
	}
	if info, err := f.Stat(); err == nil && len(data) > in.limits.FileBytes {
		return wholeFile(in.oversized(info.Size())), string(data)
	}
	return r.Read(path, data).Documents, string(data)
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

// linesOf gives those of the file's lines that are the i-th document, for those that could not be read as YAML.
func linesOf(docs []catalog.Document, i int, lines []string) []string {
	from, to := max(docs[i].Origin.Line-1, 0), len(lines)
	if i+1 < len(docs) {
		to = docs[i+1].Origin.Line - 1
	}
	if from > to || from > len(lines) {
		return nil
	}
	return lines[from:to]
}

func isBackstage(lines []string) bool {
	return slices.ContainsFunc(lines, func(line string) bool {
		version, found := strings.CutPrefix(line, "apiVersion:")
		version = strings.Trim(strings.TrimSpace(version), `"'`)
		return found && (strings.HasPrefix(version, "backstage.io/") || strings.HasPrefix(version, "scaffolder.backstage.io/"))
	})
}
