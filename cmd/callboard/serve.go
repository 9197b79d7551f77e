package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"callboard/cmd/callboard/internal/app"
	"callboard/cmd/callboard/internal/config"
)

type serveCmd struct{ configFlag }

// Help adds an example.
func (serveCmd) Help() string {
	return "SIGHUP reads the configuration again; with a mistake in it, the old one stays.\n\nExample:\n  callboard serve -c callboard.yaml"
}

// Run serves until a signal ends it.
func (c *serveCmd) Run(e *env) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	for {
		log := newLogger(e.stderr, cfg.Log)
		next, err := c.serve(e.ctx, cfg, log, hangup)
		if next == nil || err != nil {
			return err
		}
		cfg = next
		log.Info("serving with the configuration read again")
	}
}

// serve runs one configuration. It returns the next one when the file was read again, or nil when
// ctx ended.
func (c *serveCmd) serve(ctx context.Context, cfg *config.Config, log *slog.Logger, hangup <-chan os.Signal) (next *config.Config, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	a, err := app.New(ctx, cfg, log)
	if err != nil {
		return nil, err
	}
	defer closeInto(&err, a)
	address, err := a.Listen(ctx)
	if err != nil {
		return nil, err
	}
	log.Info("serving", "http", "http://"+address, "data", cfg.Data, "sources", len(cfg.Catalog.Sources))
	reloaded := make(chan *config.Config, 1)
	go func() {
		defer cancel()
		reloaded <- c.awaitReload(ctx, log, hangup)
	}()
	if err := a.Run(ctx); err != nil {
		return nil, fmt.Errorf("serve: %w", err)
	}
	cancel()
	return <-reloaded, nil
}

// awaitReload waits for a hang-up that finds a good configuration; nil when ctx ends.
func (c *serveCmd) awaitReload(ctx context.Context, log *slog.Logger, hangup <-chan os.Signal) *config.Config {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hangup:
			next, err := c.load()
			if err == nil {
				return next
			}
			log.Error("the configuration has mistakes, the old one stays", "error", err)
		}
	}
}
