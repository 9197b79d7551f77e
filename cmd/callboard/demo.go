package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"callboard/bot/card"
	"callboard/catalog"
	"callboard/cmd/callboard/internal/app"
	"callboard/cmd/callboard/internal/config"
	"callboard/cmd/callboard/internal/demo"
	"callboard/integrations/console"
)

type demoCmd struct {
	Data    string `placeholder:"DIR" help:"Folder of the demo's repository and store (by default below your cache folder)."`
	NoColor bool   `help:"No colours."`
}

// Help adds examples.
func (demoCmd) Help() string {
	return "The demo is the catalog of an invented company in a real local Git repository, which you may commit to.\n\n" +
		"Examples:\n  callboard demo\n  echo 'who-owns checkout' | callboard demo --data /tmp/callboard-demo"
}

// Run makes the demo's repository if need be, and serves it with a console in front.
func (c *demoCmd) Run(e *env) (err error) {
	dir, err := c.dir()
	if err != nil {
		return err
	}
	cfg := demo.Config(dir)
	surface := newConsole(e, c.NoColor, console.Options{
		Greeting: greeting(), Suggestions: demo.Suggestions(), History: filepath.Join(dir, "console_history"),
	})
	log := slog.New(slog.NewTextHandler(surface.Log(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	a, err := app.NewDemo(e.ctx, cfg, dir, log)
	if err != nil {
		return err
	}
	defer closeInto(&err, a)
	address, err := listenNear(e.ctx, a, cfg)
	if err != nil {
		return err
	}
	summary := demoSummary(a, dir, address)
	if _, typed := terminal(e.stdin); !typed { // a person sees the suggestions at the prompt
		summary += "\nTry: " + strings.Join(demo.Suggestions(), " · ")
	}
	if _, err := fmt.Fprintf(e.stdout, "%s\n\n", summary); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(e.ctx)
	var daemon sync.WaitGroup
	var failed error
	daemon.Go(func() {
		defer cancel()
		failed = a.Run(ctx)
	})
	served := surface.Serve(ctx, asker(a, catalog.Ref{}))
	cancel()
	daemon.Wait()
	return errors.Join(served, failed)
}

func (c *demoCmd) dir() (string, error) {
	if c.Data != "" {
		return filepath.Abs(c.Data)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", &exitError{exitUsage, fmt.Errorf("no cache folder for the demo: %w: name a folder with --data", err)}
	}
	return filepath.Join(cache, "callboard", "demo"), nil
}

// listenNear takes the configured port, or a free one where that is taken.
func listenNear(ctx context.Context, a *app.App, cfg *config.Config) (string, error) {
	address, err := a.Listen(ctx)
	if !errors.Is(err, syscall.EADDRINUSE) {
		return address, err
	}
	cfg.HTTP.Listen = net.JoinHostPort("127.0.0.1", "0")
	return a.Listen(ctx)
}

func demoSummary(a *app.App, dir, address string) string {
	view := a.Snapshot().As(catalog.Everything{})
	return fmt.Sprintf("Callboard demo: the ticket office Nightjar, an invented company.\n"+
		"%d entities from %s\nMetrics and health at http://%s/metrics and /readyz",
		view.Len(), demo.Repository(dir), address)
}

func greeting() *card.Card {
	return &card.Card{Title: "Ask me who owns what", Summary: "Ask me who owns what. help lists all I can do, Tab completes, Ctrl-D leaves."}
}
