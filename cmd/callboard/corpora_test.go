package main // the tests run the program as main does, without the process around it

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"callboard/bot"
	"callboard/bot/card"
	"callboard/catalog"
	"callboard/catalog/ingest"
	"callboard/cmd/callboard/internal/app"
	"callboard/cmd/callboard/internal/config"
	"callboard/integrations/git"
	"callboard/integrations/git/gittest"
)

// corpora is where public catalogs lie with the verdicts of Backstage's own code on their documents.
// It is not part of the repository.
const corpora = "../../../shared/corpora/dev"

// TestCorpora puts each public catalog into a repository and asks about all that is in it.
func TestCorpora(t *testing.T) {
	folders := corpusFolders(t)
	for _, folder := range folders {
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			verdicts := readVerdicts(t, folder)
			session := syncedCorpus(t, folder, `paths: ["**/*.yaml", "**/*.yml"], trusted: true`)
			view := session.Snapshot().As(catalog.Everything{})
			askAboutAll(t, session, view)
			explained(t, view)
			if verdicts != nil {
				sameAsBackstage(t, view, verdicts)
				lintedAlike(t, folder, verdicts)
			}
		})
	}
}

// TestCorpora_FromTheRoot starts where the catalogs mean to be started, at the Location at their
// root, and trusts nobody: organisations and templates are then refused, each with the setting.
func TestCorpora_FromTheRoot(t *testing.T) {
	corpusFolders(t)
	tests := map[string]struct {
		root     string
		entities int
		problems map[catalog.Rule]int
	}{
		"dokaseca-portal-catalog": {"catalog/all.yaml", 13, map[catalog.Rule]int{catalog.RuleTrust: 1}},
		"portefaix-backstage": {
			"catalog/catalog-info.yaml", 10,
			map[catalog.Rule]int{catalog.RuleTrust: 4, catalog.RuleLocation: 2},
		},
		"tetrate-eg-backstage-demo": {
			"examples/example-catalog/all.yaml", 14,
			map[catalog.Rule]int{catalog.RuleTrust: 4, catalog.RulePlaceholder: 1},
		},
		"rhdhorchestrator-workflow-software-templates": {
			"entities/workflow-resources.yaml", 1,
			map[catalog.Rule]int{catalog.RuleLocation: 2},
		},
	}
	for folder, tt := range tests {
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			session := syncedCorpus(t, folder, `paths: ["`+tt.root+`"]`)
			view := session.Snapshot().As(catalog.Everything{})
			if got := view.Len(); got != tt.entities {
				t.Errorf("%d entities, want %d", got, tt.entities)
			}
			got := map[catalog.Rule]int{}
			for _, p := range view.Problems() {
				got[p.Rule]++
				if p.Rule == catalog.RuleTrust && !strings.Contains(p.Fix, "trusted: true") {
					t.Errorf("%s:%d: the refusal does not name the setting: %s", p.Origin.Path, p.Origin.Line, p.Fix)
				}
			}
			if diff := gocmp.Diff(tt.problems, got); diff != "" {
				t.Errorf("problems by rule (-want +got)\n%s", diff)
			}
			askAboutAll(t, session, view)
			explained(t, view)
		})
	}
}

// corpusFolders lists the public catalogs that hold YAML, or skips the test.
func corpusFolders(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(corpora)
	if err != nil {
		t.Skip("the public catalogs are not at " + corpora + ": nothing was asked about them")
	}
	var out []string
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		files := corpusFiles(t, entry.Name())
		if slices.ContainsFunc(slices.Collect(maps.Keys(files)), isYAML) {
			out = append(out, entry.Name())
		}
	}
	return out
}

func isYAML(name string) bool {
	return strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")
}

func corpusFiles(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	root := os.DirFS(filepath.Join(corpora, folder))
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		files[name], err = fs.ReadFile(root, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// syncedCorpus commits a corpus, lets callboard sync read it and opens what that left.
func syncedCorpus(t *testing.T, folder, settings string) *app.App {
	t.Helper()
	repo := gittest.Repo(t, git.Commit{
		Author: "Test", Email: "test@example.com", Message: "the catalog",
		When: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Write: corpusFiles(t, folder),
	})
	file := writeConfig(t, fmt.Sprintf("    - { name: corpus, git: %q, %s }\n", repo, settings))
	code, stdout, stderr := callboard(t, "sync", "--json", "-c", file)
	var report ingest.Report
	if err := json.Unmarshal([]byte(stdout), &report); err != nil || code != exitFine || stderr != "" {
		t.Fatalf("sync: exit code %d, %v\n%s%s", code, err, stdout, stderr)
	}
	return openApp(t, file)
}

// writeConfig writes a callboard.yaml with the given sources, in a folder of its own.
func writeConfig(t testing.TB, sources string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "callboard.yaml")
	text := "http: { listen: \"127.0.0.1:0\" }\ncatalog:\n  sources:\n" + sources
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// callboard runs the program in this process and gives its exit code and what it wrote.
func callboard(t testing.TB, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

func openApp(t testing.TB, file string) *app.App {
	t.Helper()
	cfg, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := app.New(t.Context(), cfg, quietLogger(os.Stderr))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	})
	return opened
}

func ask(t testing.TB, session app.Session, text string) bot.Reply {
	t.Helper()
	reply := session.Ask(t.Context(), bot.Typed, text, catalog.Ref{})
	if reply.Card == nil {
		t.Fatalf("%s: no card: %+v", text, reply)
	}
	return reply
}

// askAboutAll asks for each entity by its ref and by its name.
func askAboutAll(t *testing.T, session app.Session, view catalog.View) {
	t.Helper()
	for entity := range view.All() {
		ref := entity.Ref.String()
		for _, verb := range []string{"who-owns ", "deps ", "links "} {
			if reply := ask(t, session, verb+ref); reply.Outcome != bot.Fine || reply.Card.Title == "" {
				t.Errorf("%s%s: %s %q", verb, ref, reply.Outcome, reply.Card.Summary)
			}
		}
		byName := ask(t, session, "who-owns "+entity.Ref.Name)
		if !offers(byName.Card, "deps "+ref) && !offers(byName.Card, "who-owns "+ref) && !sharesName(view, entity.Ref) {
			t.Errorf("who-owns %s: %s %q, and no way to %s", entity.Ref.Name, byName.Outcome, byName.Card.Summary, ref)
		}
		found := ask(t, session, "find "+entity.Ref.Name+" kind:"+entity.Ref.Kind+" namespace:"+entity.Ref.Namespace)
		if found.Outcome != bot.Fine || !offers(found.Card, "who-owns "+ref) {
			t.Errorf("find %s: %s %q without %s", entity.Ref.Name, found.Outcome, found.Card.Summary, ref)
		}
	}
}

// offers reports whether a card has an action or a row that starts with the command.
func offers(c *card.Card, command string) bool {
	return slices.ContainsFunc(c.Actions, func(a card.Action) bool { return strings.HasPrefix(a.Command, command) }) ||
		slices.ContainsFunc(c.Items, func(i card.Item) bool { return strings.HasPrefix(i.Action, command) })
}

// sharesName reports whether a name alone rightly means another entity: people who ask for a service
// by name do not mean the Location that is called the same.
func sharesName(view catalog.View, ref catalog.Ref) bool {
	for other := range view.All() {
		if other.Ref != ref && other.Ref.Name == ref.Name {
			return true
		}
	}
	return false
}

// explained checks that each problem can be acted on by whoever reads it.
func explained(t *testing.T, view catalog.View) {
	t.Helper()
	for _, p := range view.Problems() {
		whole := p.Pointer == "" && p.Rule != catalog.RuleField && p.Rule != catalog.RuleSpec
		if p.Rule == "" || p.Text == "" || p.Fix == "" || p.Origin.Path == "" || p.Origin.Line == 0 || p.Pointer == "" && !whole {
			t.Errorf("a problem that does not say all: %+v", p)
		}
	}
}

// place is one document of a repository.
type place struct {
	file string
	doc  int
}

func (p place) String() string { return fmt.Sprintf("%s#%d", p.file, p.doc) }

func placeOf(o catalog.Origin) place { return place{o.Path, o.Doc} }

// sameAsBackstage compares what the catalog shows with what Backstage accepts: everything accepted is
// shown, or lost its ref to another document, or lies in a skeleton; and nothing else is shown.
func sameAsBackstage(t *testing.T, view catalog.View, verdicts []backstageVerdict) {
	t.Helper()
	want, got, lost, skeleton := map[place]string{}, map[place]string{}, map[place]bool{}, map[place]bool{}
	for entity := range view.All() {
		got[placeOf(entity.Origin)] = entity.Ref.String()
		for _, loss := range view.Losers(entity.Ref) {
			lost[placeOf(loss.Origin)] = true
		}
	}
	for _, p := range view.Problems() {
		if p.Rule == catalog.RuleSkeleton {
			skeleton[placeOf(p.Origin)] = true
		}
		if p.Rule == catalog.RuleDuplicate {
			lost[placeOf(p.Origin)] = true
		}
	}
	for _, v := range verdicts {
		if at := (place{v.File, v.Doc}); v.Accepted && !lost[at] && !skeleton[at] {
			want[at] = v.Ref
		}
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("entities by place (-Backstage +shown)\n%s", diff)
	}
}

// lintedAlike compares callboard lint --json with the verdicts.
func lintedAlike(t *testing.T, folder string, verdicts []backstageVerdict) {
	t.Helper()
	code, stdout, stderr := callboard(t, "lint", "--json", filepath.Join(corpora, folder))
	if stderr != "" {
		t.Errorf("lint complains: %s", stderr)
	}
	type line struct {
		File        string
		Doc, Line   int
		Accepted    bool
		Ref         string
		DuplicateOf string
		Problems    []ingest.LintProblem
	}
	got := map[place]line{}
	refused := 0
	lines := bufio.NewScanner(strings.NewReader(stdout))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var l line
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		got[place{l.File, l.Doc}] = l
		if !l.Accepted {
			refused++
		}
	}
	if want := cmp.Compare(refused, 0) * exitNo; code != want {
		t.Errorf("exit code %d with %d refused", code, refused)
	}
	firsts := map[string]place{}
	for _, v := range verdicts {
		at := place{v.File, v.Doc}
		l, found := got[at]
		delete(got, at)
		switch {
		case !found:
			t.Errorf("%s: not judged", at)
		case v.Skeleton && !l.Accepted:
		case l.Accepted != v.Accepted:
			t.Errorf("%s: accepted %v, Backstage says %v: %+v", at, l.Accepted, v.Accepted, l.Problems)
		case !l.Accepted && len(l.Problems) == 0:
			t.Errorf("%s: refused without a reason", at)
		case l.Accepted && l.Ref != v.Ref:
			t.Errorf("%s: ref %s, Backstage says %s", at, l.Ref, v.Ref)
		}
		if !l.Accepted {
			continue
		}
		if first, again := firsts[l.Ref]; again != (l.DuplicateOf != "") || again && first.String() != l.DuplicateOf {
			t.Errorf("%s: duplicate of %q, but the first was %s", at, l.DuplicateOf, first)
		} else if !again {
			firsts[l.Ref] = at
		}
	}
	for at, l := range got {
		if l.Accepted {
			t.Errorf("%s: accepted, but Backstage did not see it", at)
		}
	}
}

// backstageVerdict is a line of expected/*.entities.jsonl.
type backstageVerdict struct {
	File     string `json:"file"`
	Doc      int    `json:"doc"`
	Accepted bool   `json:"accepted"`
	Ref      string `json:"ref"`
	Skeleton bool   `json:"skeleton"`
}

// readVerdicts gives Backstage's verdicts on a corpus, in order of files; nil when there are none.
func readVerdicts(t *testing.T, folder string) []backstageVerdict {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(corpora, "expected", "*.entities.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var out []backstageVerdict
	for _, name := range all {
		owner, repository, _ := strings.Cut(strings.TrimSuffix(filepath.Base(name), ".entities.jsonl"), "__")
		owner = strings.TrimSuffix(owner, "labs")
		if folder != repository && folder != owner+"-"+repository {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(text) {
			var v backstageVerdict
			if err := json.Unmarshal(line, &v); err != nil {
				t.Fatal(err)
			}
			out = append(out, v)
		}
	}
	slices.SortStableFunc(out, func(a, b backstageVerdict) int { return cmp.Compare(a.File, b.File) })
	return out
}
