package app

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callboard/bot"
	"callboard/cmd/callboard/internal/config"
	"callboard/integrations/git"
)

// opened is an App on a source of one commit, not yet synced, that the test's end closes.
func opened(t *testing.T, commit git.Commit) *App {
	t.Helper()
	repo := t.TempDir()
	if err := git.Init(repo, []git.Commit{commit}); err != nil {
		t.Fatal(err)
	}
	source := config.DefaultSource()
	source.Name, source.Git = "acme", repo
	cfg := config.Default()
	cfg.Data, cfg.Catalog.Sources = t.TempDir(), []config.Source{source}
	a, err := New(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// Problems of documentation are counted, as stale and health do.
func TestProblemMetrics_Documentation(t *testing.T) {
	commit := descriptor("checkout")
	commit.Write["catalog-info.yaml"] = bytes.Replace(commit.Write["catalog-info.yaml"], []byte("spec:"),
		[]byte("  annotations: {backstage.io/techdocs-ref: 'dir:./nowhere'}\nspec:"), 1)
	a := opened(t, commit)
	if _, err := a.Sync(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if err := a.IndexDocs(t.Context()); err != nil {
		t.Fatal(err)
	}
	families, err := a.meters.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]float64{}
	for _, family := range families {
		if family.GetName() == "callboard_catalog_problems" {
			for _, metric := range family.GetMetric() {
				counts[metric.GetLabel()[0].GetValue()] = metric.GetGauge().GetValue()
			}
		}
	}
	if diff := cmp.Diff(map[string]float64{"docs": 1}, counts); diff != "" {
		t.Errorf("problems by rule (-want +got):\n%s", diff)
	}
}

// What people type must not become label values.
func TestRequestMetrics_ClosedSets(t *testing.T) {
	a := opened(t, descriptor("checkout"))
	a.Handle(t.Context(), &bot.Request{Kind: bot.Typed, Text: "who-owns checkout"}) // the catalog is empty yet
	if _, err := a.Sync(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"", "who-owns checkout", "who-owns nobody-knows", "who-owns", "who-owns checkout --evil", "evil", "evil\x00 checkout", "who-owns evil-" + strings.Repeat("x", 5000),
		"find evil", "find kind:evil", "status", "health", "stale @evil", "help evil", "links checkout", "deps checkout --up", "whoami", "Evil!", "WHO-OWNS checkout",
	} {
		a.Handle(t.Context(), &bot.Request{Kind: bot.Typed, Text: text})
	}
	families, err := a.meters.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	verbs := strings.Fields("who-owns links deps find stale health status whoami help")
	outcomes := []bot.Outcome{bot.Fine, bot.NotFound, bot.Ambiguous, bot.Denied, bot.Unlinked, bot.Misused, bot.Upstream, bot.Fault}
	seen := 0
	for _, family := range families {
		if family.GetName() != "callboard_requests_total" {
			continue
		}
		for _, metric := range family.GetMetric() {
			seen++
			for _, label := range metric.GetLabel() {
				value := label.GetValue()
				switch label.GetName() {
				case "verb":
					if value != "" && !slices.Contains(verbs, value) {
						t.Errorf("the verb %q is a label value", value)
					}
				case "outcome":
					if !slices.Contains(outcomes, bot.Outcome(value)) {
						t.Errorf("the outcome %q is a label value", value)
					}
				}
			}
		}
	}
	if seen < 5 {
		t.Errorf("%d combinations of verb and outcome were counted", seen)
	}
}

// TestDocsMetrics: the index of the documentation says what it holds, and that it followed.
func TestDocsMetrics(t *testing.T) {
	commit := descriptor("checkout")
	commit.Write["docs/runbook.md"] = []byte("# Runbook\n\n## One\n\n## Two\n")
	commit.Write["mkdocs.yml"] = []byte("nav: [gone.md]\n")
	a := opened(t, commit)
	if _, err := a.Sync(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if a.docsWaiting() == 0 {
		t.Error("nobody waits for the documentation of a new catalog")
	}
	if err := a.IndexDocs(t.Context()); err != nil {
		t.Fatal(err)
	}
	families, err := a.meters.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, family := range families {
		m := family.GetMetric()[0]
		got[family.GetName()] = m.GetGauge().GetValue() + m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
	}
	for name, want := range map[string]float64{
		"callboard_docs_entities": 1, "callboard_docs_pages": 1, "callboard_docs_sections": 3, "callboard_catalog_problems": 1,
		"callboard_docs_behind_seconds": 0, "callboard_docs_lag_seconds": 1, "callboard_docs_updates_total": 1,
	} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	if got["callboard_docs_index_bytes"] < 4096 {
		t.Errorf("the index has %v bytes", got["callboard_docs_index_bytes"])
	}
}
