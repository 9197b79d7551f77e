package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"callboard/cmd/callboard/internal/config"
	"callboard/cmd/callboard/internal/demo"
	"callboard/integrations/git"
)

// NewDemo is New on the demo's repository below dir, which is made at the first start. The catalog is
// synced at two points of its history, because only then it knows what became an orphan, and the
// last good text of the descriptor that broke.
func NewDemo(ctx context.Context, cfg *config.Config, dir string, log *slog.Logger) (*App, error) {
	grown := filepath.Join(dir, "grown") // marks that all of the history is there
	_, err := os.Stat(grown)
	first := errors.Is(err, fs.ErrNotExist)
	history := demoHistory(time.Now())
	if first {
		if err := plant(demo.Repository(dir), history[:demo.FirstSync]); err != nil { //nolint:contextcheck // it writes a few local files
			return nil, fmt.Errorf("make the demo's repository: %w", err)
		}
	}
	a, err := New(ctx, cfg, log)
	if err != nil {
		return nil, err
	}
	a.syncer.Sync(ctx, false)
	if !first {
		_ = a.IndexDocs(ctx) // the log says it
		return a, nil
	}
	if err := git.Append(demo.Repository(dir), history[demo.FirstSync:]...); err != nil { //nolint:contextcheck // it writes a few local files
		return nil, errors.Join(fmt.Errorf("make the demo's repository: %w", err), a.Close())
	}
	a.syncer.Sync(ctx, false)
	_ = a.IndexDocs(ctx) // the log says it
	if err := os.WriteFile(grown, nil, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("mark the demo's repository as whole: %w", err), a.Close())
	}
	return a, nil
}

// plant makes the repository anew: what an interrupted first start left behind is dropped.
func plant(repository string, commits []git.Commit) error {
	if err := os.RemoveAll(repository); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(repository), 0o700); err != nil {
		return err
	}
	return git.Init(repository, commits)
}

func demoHistory(now time.Time) []git.Commit {
	var commits []git.Commit
	for _, c := range demo.History(now) {
		commits = append(commits, git.Commit(c))
	}
	return commits
}
