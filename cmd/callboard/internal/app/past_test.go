package app_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"callboard/bot"
	"callboard/catalog"
	"callboard/cmd/callboard/internal/app"
	"callboard/cmd/callboard/internal/config"
	"callboard/integrations/git"
	"callboard/integrations/git/gittest"
)

func descriptor(name, owner string) []byte {
	return fmt.Appendf(nil, "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: %s\nspec:\n  type: service\n  lifecycle: production\n  owner: %s\n", name, owner)
}

func day(n int, author, name, owner string) git.Commit {
	return git.Commit{
		Author: author, Email: strings.ToLower(author) + "@example.com", Message: name + " goes to " + owner,
		When:  time.Date(2026, 3, n, 12, 0, 0, 0, time.UTC),
		Write: map[string][]byte{name + "/catalog-info.yaml": descriptor(name, owner)},
	}
}

// twoSources gives the configuration of a remote and of a repository on this machine, and a switch that
// takes the remote away.
func twoSources(t *testing.T) (cfg *config.Config, gone *atomic.Bool) {
	t.Helper()
	gone = new(atomic.Bool)
	remote := gittest.Repo(t, day(1, "Ada", "checkout", "team-a"), day(5, "Bob", "checkout", "team-b"))
	server := gittest.Serve(t, filepath.Dir(remote), gittest.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if gone.Load() {
				http.Error(w, "gone", http.StatusBadGateway)
				return
			}
			next.ServeHTTP(w, r)
		})
	}))
	local := gittest.Repo(t, day(3, "Cy", "search", "team-c"))
	paths := []string{"**/catalog-info.yaml"}
	return &config.Config{
		Data: t.TempDir(),
		Catalog: config.Catalog{Poll: time.Hour, Depth: 1000, Sources: []config.Source{
			{Name: "far", Git: server.URL + "/repo.git", Paths: paths, Insecure: true},
			{Name: "near", Git: local, Paths: paths},
		}},
	}, gone
}

func start(t *testing.T, cfg *config.Config) *app.App {
	t.Helper()
	a, err := app.New(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a
}

// TestPast_AfterRestart: a new process whose remote is gone reads history and past from its mirror.
func TestPast_AfterRestart(t *testing.T) {
	cfg, gone := twoSources(t)
	first := start(t, cfg)
	if report, err := first.Sync(t.Context(), false); err != nil || !report.Fine() {
		t.Fatal(report, err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	gone.Store(true)
	second := start(t, cfg)
	for _, tt := range []struct {
		text    string
		outcome bot.Outcome
		want    string
	}{
		{"explain checkout", bot.Fine, "Bob"},
		{"who-owns checkout --explain", bot.Fine, "checkout goes to team-b"},
		{"who-owns checkout", bot.Fine, "The last 2 commits are by Ada (1), Bob (1)."},
		{"who-owns checkout --at=2026-03-04T00:00:00Z", bot.Fine, "team-a"},
		{"who-owns checkout --at=2026-03-06T00:00:00Z", bot.Fine, "team-b"},
		{"find kind:component --at=2026-03-02T00:00:00Z", bot.Fine, "without near: the history begins at 2026-03-03 12:00 UTC"},
		{"who-owns search --at=2026-03-02T00:00:00Z", bot.NotFound, `No entity "search"`},
		{"who-owns search --at=2026-03-04T00:00:00Z", bot.Fine, "of near; the history goes back to 2026-03-03 12:00 UTC"},
		{"who-owns search --at=2026-02-01T00:00:00Z", bot.NotFound, "the history begins at"},
	} {
		reply := second.Ask(t.Context(), bot.Typed, tt.text, catalog.Ref{})
		if got := reply.Card.Text(); reply.Outcome != tt.outcome || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %s, want %q in\n%s", tt.text, reply.Outcome, tt.want, got)
		}
	}
}

// TestPast_Impatient: who gives up gets an answer, and the past is ready when they ask again.
func TestPast_Impatient(t *testing.T) {
	cfg, _ := twoSources(t)
	a := start(t, cfg)
	if _, err := a.Sync(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	hurried, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	<-hurried.Done()
	const question = "who-owns checkout --at=2026-03-04T00:00:00Z"
	if reply := a.Ask(hurried, bot.Typed, question, catalog.Ref{}); reply.Outcome != bot.Upstream || !strings.Contains(reply.Card.Text(), "ask again in a moment") {
		t.Errorf("%s: %s", reply.Outcome, reply.Card.Text())
	}
	if reply := a.Ask(t.Context(), bot.Typed, question, catalog.Ref{}); !strings.Contains(reply.Card.Text(), "team-a") {
		t.Errorf("%s: %s", reply.Outcome, reply.Card.Text())
	}
	for range 2 { // from memory, and more of them than are kept
		for _, d := range []int{2, 3, 4, 6} {
			reply := a.Ask(t.Context(), bot.Typed, fmt.Sprintf("who-owns checkout --at=2026-03-%02d", d), catalog.Ref{})
			if reply.Outcome != bot.Fine {
				t.Errorf("day %d: %s", d, reply.Card.Text())
			}
		}
	}
}
