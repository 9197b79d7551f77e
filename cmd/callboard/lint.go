package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"callboard/catalog"
	"callboard/catalog/docs"
	"callboard/catalog/ingest"
	"callboard/catalog/policy"
)

type lintCmd struct {
	JSON  bool     `help:"Print one line of JSON for each document."`
	Paths []string `arg:"" name:"path" help:"Files or folders."`
}

// Help adds examples.
func (lintCmd) Help() string {
	return "In folders, documents whose apiVersion is Backstage's and files called catalog-info are judged; a named\n" +
		"file always. Placeholders are read from the Git repository around the path, never from the network.\n" +
		"Exit code 1 when something is refused.\n\nExamples:\n  callboard lint .\n  callboard lint --json services/checkout/catalog-info.yaml"
}

// Run judges each path and prints what it found.
func (c *lintCmd) Run(e *env) error {
	out := verdicts{json: c.JSON, w: e.stdout}
	for _, path := range c.Paths {
		if err := out.lint(path); err != nil {
			return err
		}
	}
	if !c.JSON {
		if _, err := fmt.Fprintln(e.stdout, out.summary()); err != nil {
			return err
		}
	}
	if out.refused > 0 {
		return &exitError{code: exitNo}
	}
	return nil
}

// verdicts prints judgements and counts them.
type verdicts struct {
	json                         bool
	w                            io.Writer
	judged, refused, withWarning int
}

func (v *verdicts) lint(path string) error {
	root, err := repositoryRoot(path)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	files, err := lintFiles(root, path)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	if root.file {
		if verdict, isPolicy := lintPolicy(path); isPolicy {
			return v.print(verdict)
		}
	}
	verdicts := ingest.Lint(os.DirFS(root.dir), files, ingest.Limits{})
	lintDocs(os.DirFS(root.dir), verdicts)
	for _, verdict := range verdicts {
		verdict.File = root.shown(verdict.File)
		if err := v.print(verdict); err != nil {
			return err
		}
	}
	return nil
}

// lintDocs adds to verdicts what is wrong with the documentation of their entities. Those problems are in other files,
// so their text begins with the place.
func lintDocs(root fs.FS, verdicts []ingest.Verdict) {
	var entities []*catalog.Entity
	for _, v := range verdicts {
		if v.Accepted && v.Entity != nil {
			entities = append(entities, v.Entity)
		}
	}
	problems := docs.Lint(root, entities)
	for i := range verdicts {
		v := &verdicts[i]
		for _, p := range problems[v.Entity] {
			found := ingest.LintProblem{Rule: p.Rule, Pointer: p.Pointer, Line: p.Origin.Line, Text: p.Sentence(), Fix: p.Fix}
			if p.Origin.Path != v.Entity.Origin.Path {
				found.Line, found.Text = v.Line, p.Origin.Place()+": "+found.Text
			}
			v.Warnings = append(v.Warnings, found)
		}
	}
}

// maxPolicy bounds what is read to tell a policy from a descriptor.
const maxPolicy = 1 << 20

// lintPolicy judges a named file of rules; false for any other file.
func lintPolicy(path string) (verdict ingest.Verdict, isPolicy bool) {
	f, err := os.Open(path) //nolint:gosec // the user names the file
	if err != nil {
		return verdict, false // which the descriptors' lint reports
	}
	defer func() { _ = f.Close() }() // it was only read
	data, err := io.ReadAll(io.LimitReader(f, maxPolicy))
	if err != nil || !policy.IsFile(data) {
		return verdict, false
	}
	_, problems := policy.ParseFile(catalog.Origin{Path: path}, data)
	verdict = ingest.Verdict{File: path, Doc: 1, Line: 1, Accepted: len(problems) == 0, Problems: []ingest.LintProblem{}, Warnings: []ingest.LintProblem{}}
	for _, p := range problems {
		verdict.Problems = append(verdict.Problems, ingest.LintProblem{Rule: p.Rule, Pointer: p.Pointer, Line: p.Origin.Line, Text: p.Text, Fix: p.Fix})
	}
	return verdict, true
}

func (v *verdicts) print(verdict ingest.Verdict) error {
	v.judged++
	if !verdict.Accepted {
		v.refused++
	}
	if len(verdict.Warnings) > 0 {
		v.withWarning++
	}
	if v.json {
		return writeLine(v.w, verdict)
	}
	for _, list := range []struct {
		mark     string
		problems []ingest.LintProblem
	}{{"error", verdict.Problems}, {"warning", verdict.Warnings}} {
		for _, p := range list.problems {
			text, excerpt, _ := strings.Cut(p.Text, "\n")
			if _, err := fmt.Fprintf(v.w, "%s:%d: %s: %s [%s %s]\n", verdict.File, p.Line, list.mark, text, p.Rule, p.Pointer); err != nil {
				return err
			}
			if excerpt != "" {
				if _, err := fmt.Fprintln(v.w, "    "+strings.ReplaceAll(excerpt, "\n", "\n    ")); err != nil {
					return err
				}
			}
			if p.Fix != "" {
				if _, err := fmt.Fprintf(v.w, "    fix: %s\n", p.Fix); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (v *verdicts) summary() string {
	return fmt.Sprintf("%s judged: %d refused, %d with warnings", plural(v.judged, "document"), v.refused, v.withWarning)
}

// lintRoot is the folder that stands for the repository, and how the user named what is in it.
type lintRoot struct {
	dir   string // absolute
	below string // what was linted, relative to dir
	given string // the same, as the user gave it
	file  bool   // a file was named
}

// repositoryRoot finds the Git repository around a path; a folder outside any is its own root, as is
// the folder of a file.
func repositoryRoot(path string) (lintRoot, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return lintRoot{}, err
	}
	info, err := os.Stat(absolute)
	if err != nil {
		return lintRoot{}, fmt.Errorf("lint: %w", err)
	}
	dir := absolute
	if !info.IsDir() {
		dir = filepath.Dir(absolute)
	}
	root := dir
	for parent := dir; ; parent = filepath.Dir(parent) {
		if _, err := os.Stat(filepath.Join(parent, ".git")); err == nil {
			root = parent
			break
		}
		if parent == filepath.Dir(parent) {
			break
		}
	}
	below, err := filepath.Rel(root, absolute)
	return lintRoot{dir: root, below: filepath.ToSlash(below), given: path, file: !info.IsDir()}, err
}

// shown names a file as the user sees it: as given, or relative to the folder that was given.
func (r lintRoot) shown(name string) string {
	if r.file {
		return r.given
	}
	if r.below == "." {
		return name
	}
	return strings.TrimPrefix(name, r.below+"/")
}

const maxLintFiles = 500_000

// lintFiles lists the YAML files below the named folder, or the named file alone.
func lintFiles(root lintRoot, path string) ([]ingest.LintFile, error) {
	if root.file {
		return []ingest.LintFile{{Path: root.below, Named: true}}, nil
	}
	var files []ingest.LintFile
	err := fs.WalkDir(os.DirFS(root.dir), root.below, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == ".git":
			return fs.SkipDir
		case len(files) >= maxLintFiles:
			return errors.New("more than " + plural(maxLintFiles, "YAML file"))
		case entry.Type().IsRegular() && (strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")):
			files = append(files, ingest.LintFile{Path: name})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("lint %s: %w", path, err)
	}
	return files, nil
}
