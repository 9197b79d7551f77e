package main_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// projectRoot is the top folder, as seen from this package's folder, in which its tests run.
const projectRoot = "../.."

// rule is one row of the import graph: each of the packages may import each of the imports, and
// nothing else of ours. Folders are relative to the top; words are separated by spaces.
type rule struct{ packages, imports string }

// importRules is the house. A row names only packages of rows above it, so the order is the order
// of the layers. Three rules hold without a row:
//   - packages below cmd may import anything;
//   - a package named after another with "test" at its end (catalog/catalogtest) holds help for tests: it
//     may import that other package, what that one may, and other such packages;
//   - a package's own test files may import what the package may, the package, and help for tests.
//
// Packages still to come have their rows already. One that has none needs a decision, here.
func importRules() []rule {
	return []rule{
		{"bot/card catalog catalog/secret scaffolder/expr templates", ""},
		{"bot/card/markup", "bot/card"},
		{"integrations/outbound", "catalog/secret"},
		{"catalog/ingest catalog/docs catalog/facts catalog/policy catalog/telemetry", "catalog"},
		{"catalog/slo catalog/oncall", "catalog catalog/facts"},
		{"catalog/freshness", "catalog catalog/docs catalog/facts catalog/slo catalog/oncall catalog/telemetry catalog/policy"},
		{"scaffolder/action", "catalog scaffolder/expr catalog/secret"},
		{"scaffolder/task", "catalog catalog/policy scaffolder/action"},
		{"scaffolder", "catalog scaffolder/expr scaffolder/action scaffolder/task"},
		{"scaffolder/deployment", "catalog catalog/policy catalog/facts scaffolder/action scaffolder/task"},
		{"bot", "bot/card catalog catalog/policy"},
		{"bot/incident", "bot bot/card catalog catalog/docs catalog/facts catalog/slo catalog/oncall catalog/telemetry catalog/policy"},
		{"bot/command", "bot bot/card bot/card/markup bot/incident " +
			"catalog catalog/docs catalog/facts catalog/freshness catalog/ingest catalog/oncall catalog/policy " +
			"catalog/secret catalog/slo catalog/telemetry " +
			"scaffolder scaffolder/action scaffolder/deployment scaffolder/expr scaffolder/task templates"},
		{"integrations/slack integrations/discord integrations/console", "bot bot/card bot/card/markup " + everyIntegration},
		{
			"integrations/git integrations/github integrations/gitlab integrations/gitea integrations/kubernetes " +
				"integrations/argocd integrations/vault",
			"catalog catalog/ingest catalog/facts scaffolder/action " + everyIntegration,
		},
		{"integrations/prometheus", "catalog catalog/facts catalog/slo " + everyIntegration},
		{
			"integrations/alertmanager integrations/pagerduty integrations/calendar",
			"catalog catalog/facts catalog/oncall bot/incident " + everyIntegration,
		},
		{"integrations/hooks", "catalog catalog/facts catalog/oncall bot/incident scaffolder/action " + everyIntegration},
		{"integrations/oidc", "bot catalog/policy " + everyIntegration},
		{"integrations/backstage", "catalog catalog/docs catalog/policy " + everyIntegration},
		{"integrations/sqldb", "catalog catalog/docs catalog/facts catalog/freshness catalog/ingest catalog/oncall catalog/policy " +
			"bot bot/card bot/incident scaffolder/action scaffolder/deployment scaffolder/task " + everyIntegration},
	}
}

// everyIntegration is what each of the integrations may import besides its own row.
const everyIntegration = "catalog/secret integrations/outbound"

// driverHomes names the only places that may import a package from outside, by the longest prefix
// of its path. "x/..." is x and all below it, "tests" is every test file and all help for tests,
// "*" is everywhere. A package from outside without a row needs a decision, as does one of the
// standard library that has a row.
func driverHomes() map[string]string {
	return map[string]string{
		"database/sql": "integrations/sqldb tests",
		"os/exec":      "tests", // the program runs no other program
		"unsafe":       "",

		"cel.dev/cel-go":                                          "catalog/policy",
		"github.com/alecthomas/kong":                              "cmd/callboard",
		"github.com/bmatcuk/doublestar/v4":                        "catalog/ingest integrations/git cmd/...",
		"github.com/bwmarrin/discordgo":                           "integrations/discord",
		"github.com/cenkalti/backoff/v5":                          "catalog/facts integrations/... cmd/...",
		"github.com/go-git/go-billy/v5":                           "integrations/git",
		"github.com/go-git/go-git/v5":                             "integrations/git",
		"github.com/google/go-cmp":                                "tests",
		"github.com/gorilla/websocket":                            "integrations/slack integrations/discord tests",
		"github.com/jackc/pgx/v5":                                 "integrations/sqldb",
		"github.com/pressly/goose/v3":                             "integrations/sqldb",
		"github.com/prometheus/client_golang/prometheus":          "*", // a Registerer is passed in
		"github.com/prometheus/client_golang/prometheus/promhttp": "cmd/callboard/internal/app",
		"github.com/rivo/uniseg":                                  "bot/card bot/card/markup integrations/console",
		"github.com/robfig/cron/v3":                               "cmd/callboard/internal/app",
		"github.com/rogpeppe/go-internal":                         "tests",
		"github.com/slack-go/slack":                               "integrations/slack",
		"github.com/yuin/goldmark":                                "bot/card/markup",
		"go.yaml.in/yaml/v3":                                      "catalog/ingest catalog/docs catalog/policy cmd/callboard/internal/config tests",
		"github.com/skeema/knownhosts":                            "integrations/git",
		"golang.org/x/crypto":                                     "integrations/git",
		"golang.org/x/net/dns/dnsmessage":                         "tests",
		"golang.org/x/net/html":                                   "tests",
		"golang.org/x/net/idna":                                   "bot/card/markup integrations/outbound",
		"golang.org/x/net/publicsuffix":                           "bot/card/markup",
		"golang.org/x/sync":                                       "*",
		"golang.org/x/sys":                                        "integrations/console cmd/...",
		"golang.org/x/term":                                       "integrations/console cmd/...",
		"golang.org/x/time":                                       "bot integrations/... cmd/...",
		"modernc.org/sqlite":                                      "integrations/sqldb",
	}
}

// goFile is what the rules need to know of a source file.
type goFile struct {
	path    string // from the top, with slashes
	comment string // its package comment
	imports []string
}

func (f goFile) dir() string  { return path.Dir(f.path) }
func (f goFile) isTest() bool { return strings.HasSuffix(f.path, "_test.go") }

func TestImports(t *testing.T) {
	t.Parallel()
	for _, complaint := range newHouse().judge(goFiles(t)) {
		t.Error(complaint)
	}
}

func TestPackageComments(t *testing.T) {
	t.Parallel()
	comments := map[string]string{}
	for _, f := range goFiles(t) {
		if !f.isTest() {
			comments[f.dir()] += f.comment
		}
	}
	for dir, comment := range comments {
		if len(strings.Fields(comment)) < 8 {
			t.Errorf("%s: its package comment must say its role and place; it says %q", dir, comment)
		}
	}
}

// TestTopLevel keeps the layout: a new name at the top is a decision about the whole house.
func TestTopLevel(t *testing.T) {
	t.Parallel()
	allowed := strings.Fields("bot catalog cmd deploy docs integrations scaffolder templates " +
		"CHANGELOG.md CONTRIBUTING.md LICENSE Makefile README.md SECURITY.md catalog-info.yaml go.mod go.sum mkdocs.yml " +
		"bin data") // the last two are in .gitignore
	entries, err := os.ReadDir(projectRoot)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && !slices.Contains(allowed, e.Name()) {
			t.Errorf("%s stands at the top of the tree, where the layout has no place for it", e.Name())
		}
	}
}

// house answers questions about importRules.
type house struct {
	imports map[string][]string // package → what it may import
	faults  []string            // what is wrong with the rows themselves
}

func newHouse() *house {
	h := &house{imports: map[string][]string{}}
	for _, row := range importRules() {
		imports := strings.Fields(row.imports)
		for _, imported := range imports {
			if _, above := h.imports[imported]; !above {
				h.faults = append(h.faults, fmt.Sprintf("row %q: %s has no row above it", row.packages, imported))
			}
		}
		for pkg := range strings.FieldsSeq(row.packages) {
			if _, twice := h.imports[pkg]; twice {
				h.faults = append(h.faults, pkg+" has two rows")
			}
		}
		for pkg := range strings.FieldsSeq(row.packages) {
			h.imports[pkg] = imports
		}
	}
	return h
}

// judge returns one complaint for each import that no row allows.
func (h *house) judge(files []goFile) []string {
	complaints := slices.Clone(h.faults)
	for _, f := range files {
		if !h.knows(f.dir()) {
			complaints = append(complaints, f.path+": "+f.dir()+" has no row in importRules")
			continue
		}
		for _, imported := range f.imports {
			if why := h.refuse(f, imported); why != "" {
				complaints = append(complaints, f.path+": "+why)
			}
		}
	}
	return complaints
}

func (h *house) knows(dir string) bool {
	_, hasRow := h.imports[dir]
	return hasRow || isBelow(dir, "cmd") || h.helped(dir) != ""
}

// refuse says why f may not import a package, or "".
func (h *house) refuse(f goFile, imported string) string {
	ours, isOurs := strings.CutPrefix(imported, "callboard/")
	switch {
	case imported == "C":
		return "uses cgo, but the program is built without"
	case !isOurs:
		return h.refuseDriver(f, imported)
	case isBelow(f.dir(), "cmd"), slices.Contains(h.imports[f.dir()], ours):
		return ""
	case f.isTest() && (ours == f.dir() || h.helped(ours) != ""):
		return ""
	}
	if helped := h.helped(f.dir()); helped != "" {
		if ours == helped || slices.Contains(h.imports[helped], ours) || h.helped(ours) != "" {
			return ""
		}
	}
	return "may not import " + ours
}

func (h *house) refuseDriver(f goFile, imported string) string {
	homes, prefix := driverHomes(), imported
	for ; prefix != "."; prefix = path.Dir(prefix) {
		if _, found := homes[prefix]; found {
			break
		}
	}
	if prefix == "." {
		if first, _, _ := strings.Cut(imported, "/"); strings.Contains(first, ".") {
			return imported + " has no row in driverHomes"
		}
		return "" // the standard library
	}
	for home := range strings.FieldsSeq(homes[prefix]) {
		tree, isTree := strings.CutSuffix(home, "/...")
		switch {
		case home == "*", home == f.dir(), isTree && isBelow(f.dir(), tree), h.helped(f.dir()) == home,
			home == "tests" && (f.isTest() || h.helped(f.dir()) != ""):
			return ""
		}
	}
	return fmt.Sprintf("may not import %s, whose home is %q", imported, homes[prefix])
}

// helped returns the package whose tests dir helps, or "" when dir is not such a package.
func (h *house) helped(dir string) string {
	parent := path.Dir(dir)
	if _, known := h.imports[parent]; known && path.Base(dir) == path.Base(parent)+"test" {
		return parent
	}
	return ""
}

func isBelow(dir, top string) bool { return dir == top || strings.HasPrefix(dir, top+"/") }

// goFiles parses the import clauses in this process, because go test would not see what a `go
// list` reads and would go on printing an old, cached ok.
func goFiles(t *testing.T) []goFile {
	t.Helper()
	var files []goFile
	err := filepath.WalkDir(projectRoot, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != projectRoot && notGo(d.Name()):
			return filepath.SkipDir
		case d.IsDir() || filepath.Ext(name) != ".go":
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		fromTop, err := filepath.Rel(projectRoot, name)
		files = append(files, newGoFile(filepath.ToSlash(fromTop), parsed))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// notGo reports whether the go command skips folders of this name, or git does.
func notGo(folder string) bool {
	return folder[0] == '.' || folder[0] == '_' || folder == "testdata" || folder == "bin" || folder == "data"
}

func newGoFile(name string, parsed *ast.File) goFile {
	f := goFile{path: name, comment: parsed.Doc.Text()}
	for _, clause := range parsed.Imports {
		f.imports = append(f.imports, strings.Trim(clause.Path.Value, "\"`"))
	}
	return f
}

// TestHouse_Judge proves that the rules bite.
func TestHouse_Judge(t *testing.T) {
	t.Parallel()
	tests := []struct{ file, imports, want string }{
		{"catalog/view.go", "slices", ""},
		{"catalog/view.go", "callboard/catalog/ingest", "catalog/view.go: may not import catalog/ingest"},
		{"catalog/view_test.go", "callboard/catalog callboard/catalog/catalogtest", ""},
		{"catalog/view_test.go", "callboard/catalog/ingest", "catalog/view_test.go: may not import catalog/ingest"},
		{"catalog/catalogtest/make.go", "callboard/catalog", ""},
		{"catalog/catalogtest/make.go", "callboard/bot", "catalog/catalogtest/make.go: may not import bot"},
		{"catalog/ingest/ingesttest/suite.go", "callboard/catalog/ingest callboard/catalog github.com/google/go-cmp/cmp", ""},
		{"catalog/ingest/read.go", "callboard/catalog/catalogtest", "catalog/ingest/read.go: may not import catalog/catalogtest"},
		{"integrations/git/mirror.go", "github.com/go-git/go-git/v5/plumbing", ""},
		{"integrations/github/api.go", "callboard/integrations/git", "integrations/github/api.go: may not import integrations/git"},
		{"catalog/ingest/read.go", "database/sql", `catalog/ingest/read.go: may not import database/sql, whose home is "integrations/sqldb tests"`},
		{"bot/run.go", "os/exec", `bot/run.go: may not import os/exec, whose home is "tests"`},
		{"bot/run.go", "github.com/google/go-cmp/cmp", `bot/run.go: may not import github.com/google/go-cmp/cmp, whose home is "tests"`},
		{"bot/run.go", "example.com/leftpad", "bot/run.go: example.com/leftpad has no row in driverHomes"},
		{"bot/util/util.go", "strings", "bot/util/util.go: bot/util has no row in importRules"},
		{"cmd/callboard/internal/app/app.go", "callboard/bot callboard/integrations/git", ""},
		{"cmd/callboard/main.go", "C", "cmd/callboard/main.go: uses cgo, but the program is built without"},
	}
	for _, test := range tests {
		var want []string
		if test.want != "" {
			want = []string{test.want}
		}
		got := newHouse().judge([]goFile{{path: test.file, imports: strings.Fields(test.imports)}})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s importing %s (-want +got):\n%s", test.file, test.imports, diff)
		}
	}
}
