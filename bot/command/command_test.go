package command_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"callboard/bot"
	"callboard/bot/command"
	"callboard/catalog"
	"callboard/catalog/docs"
	"callboard/catalog/docs/docstest"
	"callboard/catalog/ingest"
	"callboard/catalog/ingest/ingesttest"
	"callboard/catalog/policy"
)

func update() bool { return flag.Lookup("update").Value.String() == "true" }

func TestMain(m *testing.M) {
	flag.Bool("update", false, "write the golden files")
	flag.Parse()
	os.Exit(m.Run())
}

// folder is a Source that reads a folder on disk, or what a test left of it.
type folder struct{ fs.FS }

func (f folder) Fetch(context.Context) (ingest.Tree, error) {
	root, err := ingest.ListFS(f.FS)
	return ingest.Tree{FS: f.FS, Revision: "3f786850e387550fdab836ed7e6dc881de23001b", Branch: "main", Root: root}, err
}

// completion before a text asks for its completions.
const completion = "complete:"

// inSlack before a text asks from elsewhere than the console.
const inSlack = "slack:"

// now is the moment of all tests.
func now() time.Time { return time.Date(2026, 11, 23, 14, 21, 0, 0, time.UTC) }

// answerer gives the handler of all commands over the catalog in files, as seen by the viewer. Options
// change what the commands are given.
func answerer(t *testing.T, files fs.FS, viewer catalog.Viewer, options ...func(*command.Deps)) func(text string) bot.Reply {
	t.Helper()
	served := snapshot(t, files)
	deps := command.Deps{
		Docs:    documented(t, served(), files),
		Catalog: served, Faults: func() []string { return nil },
		Viewer: func(policy.Actor) catalog.Viewer { return viewer },
		Now:    now, Zone: time.UTC,
	}
	for _, option := range options {
		option(&deps)
	}
	mux := bot.NewMux(command.All(deps), command.Words(slog.New(slog.DiscardHandler)), deps.Complete)
	return func(text string) bot.Reply {
		text, completes := strings.CutPrefix(text, completion)
		kind := bot.Typed
		if completes {
			kind = bot.Complete
		}
		platform := "console"
		if rest, elsewhere := strings.CutPrefix(text, inSlack); elsewhere {
			text, platform = rest, "slack"
		}
		return mux.Handle(t.Context(), &bot.Request{
			Kind: kind, Text: text, Address: bot.Address{Platform: platform},
			Actor: policy.Actor{User: catalog.NewRef("user", "", "mira"), Platform: platform, ChatID: "mira", Why: "the test says so"},
		})
	}
}

// snapshot reads the catalog in files.
func snapshot(t *testing.T, files fs.FS) func() *catalog.Snapshot {
	t.Helper()
	syncer := ingest.NewSyncer(ingest.Options{
		Store: &ingesttest.Memory{}, Log: slog.New(slog.DiscardHandler), Now: now,
		Sources: []ingest.Config{{
			Name: "acme", Source: folder{files}, Trusted: true, Paths: []string{"*.yaml"},
			Web: func(branch string) string { return "https://git.example.com/acme/catalog/blob/" + branch + "/" },
		}},
	})
	if report := syncer.Sync(t.Context(), false); !report.Fine() {
		t.Fatalf("%+v", report)
	}
	return syncer.Snapshot
}

// documented reads the documentation of the catalog.
func documented(t *testing.T, served *catalog.Snapshot, files fs.FS) *docs.Library {
	t.Helper()
	tree, err := docstest.Tree(files, "3f786850e387550fdab836ed7e6dc881de23001b")
	if err != nil {
		t.Fatal(err)
	}
	library := docs.NewLibrary(t.Context(), &docstest.Memory{}, slog.New(slog.DiscardHandler))
	if err := library.Update(t.Context(), docs.Present{Snapshot: served, Trees: map[string]docs.Tree{"acme": tree}}); err != nil {
		t.Fatal(err)
	}
	return library
}

func fixture() fs.FS { return os.DirFS("testdata/catalog") }

func TestCommands(t *testing.T) {
	ask := answerer(t, fixture(), catalog.Everything{})
	tests := []struct {
		name, text string
		outcome    bot.Outcome
	}{
		{"who-owns", "who-owns checkout", bot.Fine},
		{"who-owns by alias", "/who-owns till", bot.Fine},
		{"who-owns by slug", "who-owns acme/checkout", bot.Fine},
		{"who-owns by pod", "who-owns checkout-7d9f8b6c5d-x2x4z", bot.Fine},
		{"who-owns by PagerDuty id", "who-owns PCHK001", bot.Fine},
		{"who-owns one typo", "who-owns orders-bd", bot.Fine},
		{"who-owns one typo, two near", "who-owns chekout", bot.NotFound},
		{"who-owns explained", "who-owns checkout --explain", bot.Fine},
		{"who-owns hostile", "who-owns checkout-web", bot.Fine},
		{"who-owns owner unknown", "who-owns component:billing", bot.Fine},
		{"who-owns group", "who-owns team-payments", bot.Fine},
		{"who-owns user", "who-owns user:mira", bot.Fine},
		{"who-owns system", "who-owns payments", bot.Fine},
		{"who-owns nothing like it", "who-owns zzzzzzzz", bot.NotFound},
		{"who-owns two typos", "who-owns cheqout-bew", bot.NotFound},
		{"who-owns refused", "who-owns component:broken", bot.NotFound},
		{"who-owns ambiguous", "who-owns billing", bot.Ambiguous},
		{"who-owns this channel", "who-owns .", bot.NotFound},
		{"who-owns without target", "who-owns", bot.Misused},
		{"who-owns empty target", `who-owns "" "  "`, bot.Misused},
		{"who-owns odd flag", "who-owns checkout --loud", bot.Misused},
		{"links", "links checkout", bot.Fine},
		{"links hostile", "links checkout-web --explain", bot.Fine},
		{"deps", "deps checkout", bot.Fine},
		{"deps up", "deps checkout --up", bot.Fine},
		{"deps down explained", "deps checkout --down --explain", bot.Fine},
		{"deps both flags", "deps checkout --up --down", bot.Misused},
		{"deps system", "deps payments", bot.Fine},
		{"find", "find checkout", bot.Fine},
		{"find filtered", "find kind:api owner:team-payments", bot.Fine},
		{"find nothing", "find chekout", bot.NotFound},
		{"find in documentation", "find latency", bot.Fine},
		{"docs", "docs latency", bot.Fine},
		{"docs explained", "docs latency --explain", bot.Fine},
		{"docs loosely", "docs latency of zebras", bot.Fine},
		{"docs nothing", "docs zebra", bot.NotFound},
		{"docs without words", "docs", bot.Misused},
		{"docs opened", `docs --open="component:default/checkout docs/runbook.md#latency"`, bot.Fine},
		{"docs opened gone", `docs --open="component:default/checkout docs/runbook.md#nothing"`, bot.NotFound},
		{"runbook", "runbook checkout", bot.Fine},
		{"runbook of a symptom", "runbook checkout errors", bot.Fine},
		{"runbook of a symptom explained", "runbook checkout error rate --explain", bot.Fine},
		{"runbook cut", "runbook checkout moving database", bot.Fine},
		{"runbook whole", "runbook checkout moving database --all", bot.Fine},
		{"runbook of no such symptom", "runbook checkout zebra", bot.Fine},
		{"runbook of an alert", "runbook CheckoutErrors", bot.Fine},
		{"runbook of words", `runbook "high error rate"`, bot.Fine},
		{"runbook of nothing", "runbook zebra", bot.NotFound},
		{"runbook missing", "runbook component:billing", bot.NotFound},
		{"runbook missing but others fit", "runbook component:billing latency", bot.Fine},
		{"runbook section", "runbook checkout --section=docs/runbook.md#latency", bot.Fine},
		{"runbook section gone", "runbook checkout --section=docs/runbook.md#nothing", bot.NotFound},
		{"runbook without target", "runbook", bot.Misused},
		{"stale", "stale", bot.Fine},
		{"stale explained", "stale --explain", bot.Fine},
		{"stale all", "stale --all", bot.Fine},
		{"stale of a group", "stale @team-web", bot.Fine},
		{"stale of nobody", "stale @", bot.Fine},
		{"health", "health", bot.Fine},
		{"whoami", "whoami", bot.Fine},
		{"help", "help", bot.Fine},
		{"help deps", "help deps", bot.Fine},
		{"help unknown", "help dance", bot.Misused},
		{"unknown verb", "whoowns checkout", bot.Misused},
		{"unknown verb unlike any", "dance", bot.Misused},
		{"nothing typed", "", bot.Fine},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			reply := ask(tt.text)
			if reply.Outcome != tt.outcome {
				t.Errorf("the outcome is %s, want %s", reply.Outcome, tt.outcome)
			}
			if err := reply.Card.Validate(); err != nil {
				t.Errorf("not a valid card: %v", err)
			}
			golden(t, tt.name, "# "+tt.text+"\n"+reply.Card.Summary+"\n---\n"+reply.Card.Text())
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", "golden", strings.ReplaceAll(name, " ", "_")+".txt")
	if update() {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("differs from %s (-want +got); -update writes it:\n%s", file, diff)
	}
}

// lostIndex is an index of documentation whose file is gone.
type lostIndex struct{ docstest.Memory }

// Search implements docs.Index.
func (*lostIndex) Search(context.Context, catalog.View, docs.Query) (docs.Found, error) {
	return docs.Found{}, docs.ErrLost
}

// TestFind_WithoutDocumentation: what is found in memory is shown while documentation cannot be searched.
func TestFind_WithoutDocumentation(t *testing.T) {
	ask := answerer(t, fixture(), catalog.Everything{}, func(d *command.Deps) {
		d.Docs = docs.NewLibrary(t.Context(), &lostIndex{}, slog.New(slog.DiscardHandler))
	})
	reply := ask("find checkout")
	if got := reply.Card.Text(); reply.Outcome != bot.Fine || !strings.Contains(got, "checkout-web") || !strings.Contains(got, "could not be searched") {
		t.Errorf("%s:\n%s", reply.Outcome, got)
	}
	if reply := ask("find zebra"); reply.Outcome != bot.Upstream {
		t.Errorf("%s, though nobody knows whether documentation has zebras", reply.Outcome)
	}
}

// TestDocs_BeforeTheFirstIndex: what was not looked at yet is not said to be missing.
func TestDocs_BeforeTheFirstIndex(t *testing.T) {
	ask := answerer(t, fixture(), catalog.Everything{}, func(d *command.Deps) {
		d.Docs = docs.NewLibrary(t.Context(), &docstest.Memory{}, slog.New(slog.DiscardHandler))
	})
	for _, text := range []string{"docs zebra", "find zebra", "find checkout", "runbook checkout"} {
		if got := ask(text).Card.Text(); !strings.Contains(got, "is being indexed") {
			t.Errorf("%s:\n%s", text, got)
		}
	}
}

// TestCommands_WithinLimits: a card stays one that every surface can show, however much there is to say.
func TestCommands_WithinLimits(t *testing.T) {
	var links strings.Builder
	for i := range 250 {
		fmt.Fprintf(&links, "    - {url: 'https://host-%d.example/', title: 'link %d'}\n    - {url: 'ftp://host-%d.example/'}\n", i, i, i)
	}
	files := fstest.MapFS{}
	for i := range 25 {
		files[fmt.Sprintf("%d.yaml", i)] = &fstest.MapFile{Data: []byte("apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: many\n  links:\n" +
			links.String() + "spec: {type: service, lifecycle: production, owner: nobody}\n")}
	}
	ask := answerer(t, files, catalog.Everything{}, with(scribe{}))
	long, words := strings.Repeat("x", 8000), strings.Repeat("word ", 60)
	for _, text := range []string{
		"who-owns " + long, "runbook " + long, "find " + long, "docs " + long, "stale " + long, long, long + "\x1b \x07", "who-owns --" + long, "who-owns --!" + long, "who-wns " + words + words[:100], "help " + long, "who-owns many --at=" + long,
		"who-owns " + words, "runbook " + words, "find " + words, "docs " + words, "docs --open=" + long, "runbook many --section=" + long,
		"who-owns many", "who-owns many --explain", "links many", "links many --explain", "explain many", "deps many", "runbook many", "find many", "stale --all", "health",
	} {
		reply := ask(text)
		if err := reply.Card.Validate(); err != nil || reply.Outcome == bot.Fault {
			t.Errorf("%.40s: %s, %v", text, reply.Outcome, err)
		}
	}
}

// TestStale_SaysWhichSource: the same path is in many repositories.
func TestStale_SaysWhichSource(t *testing.T) {
	broken := fstest.MapFS{"catalog-info.yaml": {Data: []byte("apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: broken}\nspec: {}\n")}}
	syncer := ingest.NewSyncer(ingest.Options{
		Store: &ingesttest.Memory{}, Log: slog.New(slog.DiscardHandler), Now: now,
		Sources: []ingest.Config{
			{Name: "acme", Source: folder{broken}, Paths: []string{"*.yaml"}},
			{Name: "other", Source: folder{fstest.MapFS{}}, Paths: []string{"*.yaml"}},
		},
	})
	syncer.Sync(t.Context(), false)
	deps := command.Deps{Catalog: syncer.Snapshot, Viewer: func(policy.Actor) catalog.Viewer { return catalog.Everything{} }}
	mux := bot.NewMux(command.All(deps), command.Words(slog.New(slog.DiscardHandler)), deps.Complete)
	for _, text := range []string{"stale", "who-owns broken"} {
		reply := mux.Handle(t.Context(), &bot.Request{Kind: bot.Typed, Text: text})
		if got := reply.Card.Text(); !strings.Contains(got, "acme catalog-info.yaml:") {
			t.Errorf("%s does not say that acme holds the file:\n%s", text, got)
		}
	}
}

// TestCommands_ShareAndJSON: the two flags that every read has.
func TestCommands_ShareAndJSON(t *testing.T) {
	ask := answerer(t, fixture(), catalog.Everything{})
	if reply := ask("who-owns checkout --share"); reply.Visibility != bot.Public {
		t.Error("--share does not make the answer public")
	}
	if reply := ask("who-owns nobody --share"); reply.Visibility == bot.Public {
		t.Error("a failure is shared")
	}
	if reply := ask("who-owns checkout --json"); !reply.JSON {
		t.Error("--json is not passed on")
	}
}

// TestCommands_NoLeak compares what somebody from whom an entity is hidden reads with what everybody
// reads of a catalog that does not have it (threats.md row 27).
func TestCommands_NoLeak(t *testing.T) {
	without := fstest.MapFS{}
	for _, name := range []string{"org.yaml", "payments.yaml", "web.yaml", "docs/runbook.md"} {
		data, err := fs.ReadFile(fixture(), name)
		if err != nil {
			t.Fatal(err)
		}
		without[name] = &fstest.MapFile{Data: data}
	}
	hidden := answerer(t, fixture(), catalog.ViewerFunc(func(e *catalog.Entity) bool { return e.Ref.Name != "canary" }))
	absent := answerer(t, without, catalog.Everything{})
	for _, text := range []string{
		"who-owns canary", "who-owns component:default/canary", "who-owns canry", "who-owns checkout --explain", "who-owns billing",
		"who-owns team-payments", "who-owns can", "deps checkout", "deps checkout --up", "deps api:billing --up", "deps canary", "links canary",
		"find canary", "find tag:canary-tag", "find service", "find kind:component", "stale", "health", "whoami",
		"runbook canary", "runbook zanzibar", `runbook "zanzibar is dark"`, "docs zanzibar", "docs zanzibra", "find zanzibar", "runbook checkout zanzibar",
		`docs --open="component:default/canary secret/runbook.md#zanzibar-is-dark"`, "runbook canary --section=secret/runbook.md",
	} {
		h, a := asJSON(t, hidden(text)), asJSON(t, absent(text))
		if diff := cmp.Diff(a, h); diff != "" {
			t.Errorf("%s tells that something is hidden (-absent +hidden):\n%s", text, diff)
		}
	}
}

func asJSON(t *testing.T, reply bot.Reply) string {
	t.Helper()
	data, err := json.MarshalIndent(reply, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// The digest of a ref stands for it in every read, for those who see the entity; for others it leads nowhere.
func TestCommands_Digest(t *testing.T) {
	ref, err := catalog.ParseRef("component:default/canary", "", "")
	if err != nil {
		t.Fatal(err)
	}
	hidden := answerer(t, fixture(), catalog.ViewerFunc(func(e *catalog.Entity) bool { return e.Ref.Name != "canary" }))
	open := answerer(t, fixture(), catalog.Everything{})
	for _, verb := range []string{"who-owns ", "deps ", "links "} {
		if got, want := open(verb+"~"+ref.Digest()), open(verb+ref.String()); got.Outcome != bot.Fine || got.Card.Summary != want.Card.Summary {
			t.Errorf("%s: %v %q, want %q", verb, got.Outcome, got.Card.Summary, want.Card.Summary)
		}
		unknown, secret := hidden(verb+"~aaaaaaaaaaaaaaaa"), hidden(verb+"~"+ref.Digest())
		if secret.Outcome != bot.NotFound || secret.Card.Summary != unknown.Card.Summary {
			t.Errorf("%s: %v %q, of what does not exist %q", verb, secret.Outcome, secret.Card.Summary, unknown.Card.Summary)
		}
	}
}

func TestCommands_Complete(t *testing.T) {
	complete := answerer(t, fixture(), catalog.Everything{})
	tests := map[string][]string{
		"wh":                {"who-owns", "whoami"},
		"/who-owns chec":    {"who-owns checkout", "who-owns checkout-web"},
		"deps checkout --u": {"deps checkout --up"},
		"help de":           {"help deps"},
		"whoami chec":       nil,
		"dance chec":        nil,
	}
	for text, want := range tests {
		var got []string
		for _, c := range complete(completion + text).Choices {
			got = append(got, c.Text)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

// TestOwner_Channel: a channel that an annotation names by its platform and id is one in the card, and words in the line
// for a lock screen.
func TestOwner_Channel(t *testing.T) {
	ask := answerer(t, fstest.MapFS{"a.yaml": {Data: []byte("apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: { name: pay, annotations: { callboard/channel: \"slack:C0PAY\" } }\n" +
		"spec: { type: team, children: [] }\n---\napiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: { name: shop }\nspec: { type: service, lifecycle: production, owner: pay }\n")}}, catalog.Everything{})
	for _, question := range []string{"who-owns shop", "who-owns group:pay"} {
		reply := ask(question)
		channels := 0
		for _, f := range reply.Card.Fields {
			for _, s := range f.Value {
				if s.In("slack") == "C0PAY" && s.Text == "Slack channel C0PAY" {
					channels++
				}
			}
		}
		if channels != 1 || strings.Contains(reply.Card.Text(), "slack:C0PAY") {
			t.Errorf("%s: %+v", question, reply.Card)
		}
	}
}
