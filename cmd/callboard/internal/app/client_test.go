package app_test

import (
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"callboard/cmd/callboard/internal/app"
	"callboard/cmd/callboard/internal/config"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func configFor(data string) *config.Config {
	cfg := config.Default()
	cfg.Data = data
	return cfg
}

func TestConnect_WaitsForFolder(t *testing.T) {
	t.Parallel()
	cfg := configFor(t.TempDir())
	busy, err := app.New(t.Context(), cfg, quiet())
	if err != nil {
		t.Fatal(err)
	}
	result := make(chan error)
	go func() {
		session, err := app.Connect(t.Context(), cfg, quiet())
		if err == nil {
			err = session.Close()
		}
		result <- err
	}()
	if err := busy.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-result; err != nil {
		t.Errorf("Connect while the folder is taken, and then free: %v", err)
	}
}

// TestSocket_LongPath: the kernel refuses sockets with long paths. Commands work without a daemon
// there, and the daemon says what is wrong.
func TestSocket_LongPath(t *testing.T) {
	t.Parallel()
	cfg := configFor(filepath.Join(t.TempDir(), strings.Repeat("long", 30)))
	session, err := app.Connect(t.Context(), cfg, quiet())
	if err != nil {
		t.Fatal(err)
	}
	daemon, isLocal := session.(*app.App)
	if !isLocal {
		t.Fatalf("Connect gave a %T where no daemon runs", session)
	}
	defer func() {
		if err := daemon.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := daemon.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "shorter path") {
		t.Errorf("Run gave %v, want advice to choose a shorter path", err)
	}
}
