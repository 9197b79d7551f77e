package main

import (
	"context"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"callboard/cmd/callboard/internal/app"
	"callboard/cmd/callboard/internal/config"
	"callboard/integrations/git"
)

// site is a running Callboard: the program's own parts over a catalog in a local repository.
type site struct {
	t    *testing.T
	cfg  *config.Config
	app  *app.App
	base string // of the program's HTTP port
	logs *lockedLog
	stop func()

	problems bool // the catalog has some
	verbose  bool // the log has a line for each request
}

// lockedLog keeps the program's log, and shows it as the test's.
type lockedLog struct {
	t    *testing.T
	mu   sync.Mutex
	text strings.Builder
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(p)))
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// catalogOfOffice is a small company: ada of team-pay is known by her accounts, grace by nothing. A rule may hide what is
// labelled so.
const catalogOfOffice = `apiVersion: backstage.io/v1alpha1
kind: Group
metadata: { name: team-pay, annotations: { callboard/channel: "#pay-eng" } }
spec: { type: team, children: [] }
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: { name: ada, annotations: { slack.com/user-id: "T1:U1", discord.com/user-id: "900000000000000001:700000000000000001" } }
spec: { profile: { displayName: Ada Byron, email: ada@example.com }, memberOf: [team-pay] }
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: { name: grace }
spec: { profile: { displayName: Grace Hopper, email: grace@example.com }, memberOf: [] }
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: checkout
  description: Takes the money
  links: [{ url: "https://graphs.example.com/checkout", title: Graphs }]
  annotations: { "backstage.io/techdocs-ref": "dir:.", callboard/runbook: docs/runbook.md }
spec: { type: service, lifecycle: production, owner: team-pay }
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: { name: checkout-web }
spec: { type: website, lifecycle: production, owner: team-pay, dependsOn: [component:checkout] }
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: { name: merger, labels: { confidential: "true" } }
spec: { type: service, lifecycle: experimental, owner: team-pay }
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: { name: billing }
spec: { type: openapi, lifecycle: production, owner: team-pay, definition: "{}" }
---
apiVersion: backstage.io/v1alpha1
kind: System
metadata: { name: billing }
spec: { owner: team-pay }
`

// pagesOfOffice are the documentation and the runbook of checkout.
func pagesOfOffice() map[string][]byte {
	return map[string][]byte{
		"mkdocs.yml":      []byte("site_name: Checkout\n"),
		"docs/index.md":   []byte("# Checkout\n\nTurns a cart into an order.\n\n## Keys\n\nThe same idempotency key gives the same answer.\n"),
		"docs/runbook.md": []byte("# Checkout runbook\n\n## High error rate\n\nMore than 1 % of checkouts fail.\n\n1. Open the dashboard.\n2. Roll back.\n\n## Latency\n\n1. Compare with last week.\n"),
	}
}

// newRepository makes a repository with these descriptors and the pages of the office.
func newRepository(t testing.TB, descriptors string) string {
	t.Helper()
	repo := filepath.Join(t.TempDir(), "catalog.git")
	files := map[string][]byte{"catalog-info.yaml": []byte(descriptors)}
	maps.Copy(files, pagesOfOffice())
	commit := git.Commit{Author: "Ada", Email: "ada@example.com", Message: "the catalog", When: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Write: files}
	if err := git.Init(repo, []git.Commit{commit}); err != nil {
		t.Fatal(err)
	}
	return repo
}

// loadConfig reads a configuration from its text.
func loadConfig(t testing.TB, text string) *config.Config {
	t.Helper()
	name := filepath.Join(t.TempDir(), "callboard.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// newSite makes a site that does not run yet.
func newSite(t *testing.T, cfg *config.Config) *site {
	return &site{t: t, cfg: cfg, logs: &lockedLog{t: t}}
}

// start runs the program until stop or the end of the test, and returns when it can be asked. Without its chats it starts
// all the same.
func (s *site) start() {
	s.t.Helper()
	level := slog.LevelWarn
	if s.verbose {
		level = slog.LevelInfo
	}
	a, err := app.NewDaemon(s.t.Context(), s.cfg, slog.New(slog.NewTextHandler(s.logs, &slog.HandlerOptions{Level: level})))
	if err != nil {
		s.t.Fatal(err)
	}
	if report, err := a.Sync(s.t.Context(), false); err != nil || !report.Fine() && !s.problems {
		s.t.Fatalf("%+v, %v", report, err)
	}
	if err := a.IndexDocs(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	address, err := a.Listen(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	s.app, s.base = a, "http://"+address
	s.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			s.t.Error(err)
		}
		if err := a.Close(); err != nil {
			s.t.Error(err)
		}
	})
	s.t.Cleanup(s.stop)
}

// commits writes the catalog of the office anew.
func (s *site) commits(descriptors string) {
	s.t.Helper()
	err := git.Append(s.cfg.Catalog.Sources[0].Git, git.Commit{
		Author: "Ada", Email: "ada@example.com", Message: "people", When: time.Now(), Write: map[string][]byte{"catalog-info.yaml": []byte(descriptors)},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.app.Sync(s.t.Context(), true); err != nil {
		s.t.Fatal(err)
	}
}

// graceIs gives the catalog with annotations of grace.
func graceIs(annotations string) string {
	return strings.Replace(catalogOfOffice, "metadata: { name: grace }", "metadata: { name: grace, annotations: { "+annotations+" } }", 1)
}
