package main

import (
	"context"
	"errors"
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
	var before *config.Config // what was served until the file was read again
	for {
		log := newLogger(e.stderr, cfg.Log)
		a, err := open(e.ctx, cfg, log)
		switch {
		case err != nil && e.ctx.Err() != nil:
			return nil // told to end while starting
		case err != nil && before != nil:
			log.Error("cannot serve with the configuration read again, the old one is back", "error", err)
			cfg, before = before, nil
			continue
		case err != nil:
			return err
		}
		next, err := c.serve(e.ctx, a, log, hangup)
		if next == nil || err != nil {
			return err
		}
		cfg, before = next, cfg
		log.Info("the configuration was read again")
	}
}

// open makes a program that listens.
func open(ctx context.Context, cfg *config.Config, log *slog.Logger) (*app.App, error) {
	a, err := app.NewDaemon(ctx, cfg, log)
	if err != nil {
		return nil, err
	}
	address, err := a.Listen(ctx)
	if err != nil {
		return nil, errors.Join(err, a.Close())
	}
	log.Info("serving", "http", "http://"+address, "data", cfg.Data, "sources", len(cfg.Catalog.Sources))
	return a, nil
}

// serve runs the program and closes it. It returns the next configuration when the file was read
// again, or nil when ctx ended.
func (c *serveCmd) serve(ctx context.Context, a *app.App, log *slog.Logger, hangup <-chan os.Signal) (next *config.Config, err error) {
	defer closeInto(&err, a)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
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
