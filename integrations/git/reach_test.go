package git_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"callboard/integrations/git"
	"callboard/integrations/git/gittest"
)

// TestSource_Reach: it asks, and leaves nothing behind.
func TestSource_Reach(t *testing.T) {
	root := t.TempDir()
	repo := filepath.Join(root, "acme")
	if err := git.Init(repo, []git.Commit{first()}); err != nil {
		t.Fatal(err)
	}
	head := strings.TrimSpace(gittest.Git(t, repo, "rev-parse", "HEAD"))
	server := gittest.Serve(t, root, gittest.Auth("right"))
	tests := []struct {
		name string
		cfg  git.Config
		want error
	}{
		{"local", git.Config{URL: repo}, nil},
		{"local, no such branch", git.Config{URL: repo, Branch: "nowhere"}, git.ErrBranch},
		{"http", git.Config{URL: server.URL + "/acme", Token: token("right")}, nil},
		{"http, refused", git.Config{URL: server.URL + "/acme", Token: token("wrong")}, git.ErrAuth},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.cfg.Dir = t.TempDir()
			branch, revision, err := open(t, tt.cfg).Reach(t.Context())
			if !errors.Is(err, tt.want) || err == nil && (branch != "main" || revision != head) {
				t.Errorf("%s @%s, %v; want main @%s, %v", branch, revision, err, head, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "wrong") {
				t.Errorf("the error holds the token: %v", err)
			}
			if left, _ := os.ReadDir(tt.cfg.Dir); len(left) > 0 {
				t.Errorf("it left %v behind", left)
			}
		})
	}
}
