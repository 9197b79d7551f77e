package app

import (
	"log/slog"
	"slices"
	"strings"
	"testing"

	"callboard/bot"
	"callboard/cmd/callboard/internal/config"
	"callboard/integrations/git"
)

// What people type must not become label values.
func TestRequestMetrics_ClosedSets(t *testing.T) {
	repo := t.TempDir()
	if err := git.Init(repo, []git.Commit{descriptor("checkout")}); err != nil {
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
	defer func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}()
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
