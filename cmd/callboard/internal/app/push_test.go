package app

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"callboard/catalog"
	"callboard/catalog/secret"
	"callboard/cmd/callboard/internal/config"
	"callboard/integrations/git"
	"callboard/integrations/git/gittest"
)

// lines passes on each thing that is logged.
type lines chan string

func (l lines) Write(p []byte) (int, error) {
	l <- string(p)
	return len(p), nil
}

// await reads log lines up to one that holds the text.
func (l lines) await(t *testing.T, text string) {
	t.Helper()
	limit := time.After(20 * time.Second)
	for {
		select {
		case line := <-l:
			if strings.Contains(line, text) {
				return
			}
		case <-limit:
			t.Fatalf("nothing was logged with %q", text)
		}
	}
}

func descriptor(name string) git.Commit {
	return git.Commit{Author: "A", Email: "a@example.com", Message: name, When: time.Unix(1.8e9, 0), Write: map[string][]byte{
		"catalog-info.yaml": []byte("apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: " + name +
			"\nspec:\n  type: service\n  lifecycle: production\n  owner: team\n"),
	}}
}

// TestPush goes all the way: a push, GitHub's webhook, and the catalog shows it, without any poll. Only the
// configured repository is asked, whatever bodies say.
func TestPush(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"acme", "other"} {
		if err := git.Init(filepath.Join(root, name), []git.Commit{descriptor("before")}); err != nil {
			t.Fatal(err)
		}
	}
	remote := gittest.Serve(t, root)
	t.Setenv("PUSH_TEST_SECRET", newSecret)
	ref, err := secret.ParseRef("env:PUSH_TEST_SECRET")
	if err != nil {
		t.Fatal(err)
	}
	source := config.DefaultSource()
	source.Name, source.Git, source.Insecure = "acme", remote.URL+"/acme", true
	cfg := config.Default()
	cfg.Data, cfg.HTTP.Listen, cfg.Catalog.Poll = shortDir(t), "127.0.0.1:0", 24*time.Hour
	cfg.Catalog.Sources = []config.Source{source}
	cfg.Integrations.GitHub.Secret = config.Secrets{ref}
	logged := make(lines, 1000)
	a, address := running(t, cfg, logged)

	logged.await(t, "catalog changed")
	asked := len(remote.Requests())
	body := func(name string) string {
		return strings.ReplaceAll(hubPush, "https://git.example.com/Acme/catalog.git", remote.URL+"/"+name)
	}
	send := func(id, body string) {
		t.Helper()
		r := senders()[0].delivery(newSecret, id, body)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/hooks/github", r.Body)
		if err != nil {
			t.Fatal(err)
		}
		req.Header = r.Header
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if _ = resp.Body.Close(); resp.StatusCode != http.StatusAccepted {
			t.Fatalf("answered %s", resp.Status)
		}
	}
	if err := git.Append(filepath.Join(root, "acme"), descriptor("after")); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	send("1", body("other"))
	send("2", body("acme"))
	logged.await(t, "catalog changed")
	t.Logf("shown %v after the webhook", time.Since(start))
	if _, found := a.Snapshot().As(catalog.Everything{}).Get(catalog.NewRef("component", "", "after")); !found {
		t.Error("what was pushed is not shown")
	}
	for _, r := range remote.Requests()[asked:] {
		if !strings.HasPrefix(r.URL.Path, "/acme/") {
			t.Errorf("a webhook made Callboard ask for %s", r.URL.Path)
		}
	}
	wantMetrics(t, address,
		`callboard_webhooks_total{forge="github",result="accepted"} 1`, `callboard_webhooks_total{forge="github",result="unknown"} 1`,
		`callboard_source_lag_seconds_count{source="acme"} 1`, `callboard_source_behind_seconds{source="acme"} 0`,
		`callboard_source_failures{source="acme"} 0`, `callboard_source_last_lag_seconds{source="acme"} `, `callboard_catalog_conflicts 0`)
}

// running starts the program until the test ends.
func running(t *testing.T, cfg *config.Config, logged io.Writer) (a *App, address string) {
	t.Helper()
	a, err := New(t.Context(), cfg, slog.New(slog.NewTextHandler(logged, nil)))
	if err != nil {
		t.Fatal(err)
	}
	if address, err = a.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- a.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a, address
}

// shortDir is a folder whose path leaves room for the name of a socket.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "cb") //nolint:usetesting // t.TempDir's path is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func wantMetrics(t *testing.T, address string, want ...string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range want {
		if !bytes.Contains(text, []byte("\n"+line)) {
			t.Errorf("the metrics lack %s", line)
		}
	}
}
