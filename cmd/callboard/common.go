package main

import (
	"io"
	"log/slog"
	"os"
	"strconv"
	"time"

	"golang.org/x/term"

	"callboard/cmd/callboard/internal/app"
	"callboard/cmd/callboard/internal/config"
	"callboard/integrations/console"
)

// configFlag is on every subcommand that needs the configuration.
type configFlag struct {
	Config string `short:"c" placeholder:"FILE" default:"callboard.yaml" help:"Configuration file (${default})."`
}

// load reads the configuration; a mistake in it is wrong use.
func (c configFlag) load() (*config.Config, error) {
	cfg, err := config.Load(c.Config)
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	return cfg, nil
}

// connect gives the running daemon, or opens the data folder.
func (c configFlag) connect(e *env) (app.Session, *config.Config, error) {
	cfg, err := c.load()
	if err != nil {
		return nil, nil, err
	}
	session, err := app.Connect(e.ctx, cfg, quietLogger(e.stderr))
	return session, cfg, err
}

// newLogger writes what the configuration asks for.
func newLogger(w io.Writer, cfg config.Log) *slog.Logger {
	var level slog.Level
	if level.UnmarshalText([]byte(cfg.Level)) != nil {
		level = slog.LevelInfo // the configuration was checked before
	}
	opts := &slog.HandlerOptions{Level: level}
	if cfg.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

// quietLogger is for commands whose output is an answer: only what is our fault is logged.
func quietLogger(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelError}))
}

// styleFor is how cards are drawn on w.
func styleFor(w io.Writer) console.Style {
	style := console.Style{Colour: useColour(w), Zone: time.Local, Now: time.Now()}
	if columns, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil {
		style.Width = columns
	}
	if fd, isTerminal := terminal(w); isTerminal {
		if width, _, err := term.GetSize(fd); err == nil {
			style.Width = width
		}
	}
	return style
}

// useColour follows the customs: a terminal, not a dumb one, and NO_COLOR unset.
func useColour(w io.Writer) bool {
	_, isTerminal := terminal(w)
	return isTerminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

func terminal(stream any) (fd int, isTerminal bool) {
	file, isFile := stream.(*os.File)
	if !isFile {
		return 0, false
	}
	fd = int(file.Fd())
	return fd, term.IsTerminal(fd)
}
