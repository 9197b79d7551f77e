package console

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"callboard/bot/card/markup"
)

const (
	maxHistory      = 1000
	maxHistoryBytes = 1 << 20 // read from the end of the file
)

// history keeps typed lines, in memory and in a file if it has one. It implements term.History. Not
// kept are numbers, which mean nothing later, repetitions, and lines that start with a space.
type history struct {
	lines []string // oldest first
	path  string
	warn  io.Writer // told once, then no more is written
}

// openHistory reads the last lines of a file, which need not exist, and keeps them private.
func openHistory(path string, warn io.Writer) *history {
	h := &history{path: path, warn: warn}
	if path == "" {
		return h
	}
	if err := h.load(); err != nil {
		h.fail(err)
	}
	return h
}

func (h *history) load() error {
	if err := os.MkdirAll(filepath.Dir(h.path), 0o700); err != nil {
		return err
	}
	content, err := readEnd(h.path, maxHistoryBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for l := range strings.Lines(string(content)) {
		h.keep(strings.TrimSpace(markup.Terminal(l)))
	}
	if bytes.Count(content, []byte("\n")) > maxHistory {
		return h.rewrite()
	}
	return os.Chmod(h.path, 0o600)
}

// readEnd reads whole lines from the end of a file.
func readEnd(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path) //nolint:gosec // the path is the operator's
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New(path + " is no regular file")
	}
	skip := max(info.Size()-limit, 0)
	content, err := io.ReadAll(io.NewSectionReader(f, skip, limit))
	if skip > 0 {
		_, content, _ = bytes.Cut(content, []byte("\n"))
	}
	return content, err
}

// rewrite replaces the file by the lines kept.
func (h *history) rewrite() error {
	temporary, err := os.CreateTemp(filepath.Dir(h.path), ".history-*") // private from the start
	if err != nil {
		return err
	}
	_, err = temporary.WriteString(strings.Join(h.lines, "\n") + "\n")
	err = errors.Join(err, temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), h.path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary.Name()))
	}
	return nil
}

// keep adds a line in memory and reports whether it was new.
func (h *history) keep(entry string) bool {
	if entry == "" || len(h.lines) > 0 && h.lines[len(h.lines)-1] == entry {
		return false
	}
	h.lines = append(h.lines, entry)
	if len(h.lines) > maxHistory {
		h.lines = append(h.lines[:0], h.lines[1:]...)
	}
	return true
}

// Add keeps a line that was typed.
func (h *history) Add(entry string) {
	trimmed := strings.TrimSpace(markup.Terminal(entry))
	if _, pick := number(trimmed); pick || strings.HasPrefix(entry, " ") || !h.keep(trimmed) || h.path == "" {
		return
	}
	if err := h.append(trimmed); err != nil {
		h.fail(err)
	}
}

func (h *history) append(entry string) error {
	f, err := os.OpenFile(h.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(entry + "\n")
	return errors.Join(err, f.Close())
}

func (h *history) fail(err error) {
	fmt.Fprintf(h.warn, "The history of commands is not kept from now on: %v\n", err)
	h.path = ""
}

// Len gives how many lines there are.
func (h *history) Len() int { return len(h.lines) }

// At gives a line, 0 being the newest; it panics when there is none, as term.History demands.
func (h *history) At(i int) string { return h.lines[len(h.lines)-1-i] }
