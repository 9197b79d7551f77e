package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"

	"golang.org/x/term"

	"callboard/bot"
	"callboard/bot/card"
)

const (
	keyCtrlC  = 0x03
	keyCancel = 0x1f // stands for Ctrl-C behind input: x/term would end the input at a Ctrl-C of its own
	keyTab    = '\t'
)

// serveTerminal talks with a person: lines with editing, history and completion. The terminal is given
// back as it was, whichever way this ends.
func (c *Console) serveTerminal(ctx context.Context, handle bot.Handler) error {
	restore, err := makeRaw(c.opts.In)
	if err != nil {
		return fmt.Errorf("console: switch the terminal to raw mode: %w", err)
	}
	defer restore()

	in := newInput(ctx, c.opts.In)
	defer in.close()
	screen := term.NewTerminal(duplex{in, c.opts.Out}, c.prompt())
	in.before = c.resizer(screen)
	in.before()
	c.screen.Store(screen)
	defer c.screen.Store(nil)

	s := &session{Console: c, handle: handle, out: screen}
	screen.History = openHistory(c.opts.History, c.Log())
	screen.AutoCompleteCallback = s.keys(ctx, screen, in)
	if err := s.greet(); err != nil {
		return fmt.Errorf("console: write the greeting: %w", err)
	}
	return s.converse(ctx, screen, in)
}

// converse answers typed lines until the person leaves.
func (s *session) converse(ctx context.Context, screen *term.Terminal, in *input) error {
	for {
		text, err := screen.ReadLine()
		if err != nil && !errors.Is(err, term.ErrPasteIndicator) {
			_, _ = io.WriteString(s.opts.Out, "\r\n") // leave the prompt's line; nothing is lost if this fails
			if errors.Is(err, io.EOF) {
				return nil
			}
			return fmt.Errorf("console: read from the terminal: %w", err)
		}
		text = strings.TrimSpace(text)
		if leaves(text) {
			return nil
		}
		if text == "" || text[0] == '#' {
			continue
		}
		asked, done := in.interruptible(ctx)
		err = s.answer(asked, text)
		done()
		if err != nil {
			return fmt.Errorf("console: write an answer: %w", err)
		}
	}
}

// greet shows the greeting, with the suggestions to pick from.
func (s *session) greet() error {
	if s.opts.Greeting == nil && len(s.opts.Suggestions) == 0 {
		return nil
	}
	var c card.Card
	if s.opts.Greeting != nil {
		c = *s.opts.Greeting
	}
	c.Actions = slices.Clip(c.Actions) // the greeting is the caller's
	for _, command := range s.opts.Suggestions {
		c.Actions = append(c.Actions, card.Action{Label: command, Command: command})
	}
	return s.show(&c)
}

func (c *Console) prompt() string {
	if c.opts.Colour {
		return "\x1b[1m" + c.opts.Prompt + "\x1b[0m"
	}
	return c.opts.Prompt
}

// resizer gives a function that tells the screen when the window has another width. Asking at each key
// needs no signals, which differ between systems.
func (c *Console) resizer(screen *term.Terminal) func() {
	last := 0
	return func() {
		if w := c.opts.Width(); w > 0 && w != last {
			last = w
			_ = screen.SetSize(w, 24) // fails with the output, which the next answer reports
		}
	}
}

// makeRaw switches a terminal to raw mode; anything else stays as it is.
func makeRaw(r io.Reader) (restore func(), err error) {
	f, ok := r.(interface{ Fd() uintptr })
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return func() {}, nil
	}
	fd := int(f.Fd())
	before, err := term.MakeRaw(fd)
	if err != nil {
		return nil, err
	}
	return func() { _ = term.Restore(fd, before) }, nil // nothing can be done about a terminal that is gone
}

// duplex joins a reader and a writer.
type duplex struct {
	io.Reader
	io.Writer
}

// input reads keys aside, so that a read can be given up, and sees Ctrl-C while a command runs.
type input struct {
	before func() // called before keys are handed on
	chunks chan []byte
	ended  <-chan struct{} // of the context
	closed chan struct{}
	rest   []byte
	cancel atomic.Pointer[context.CancelFunc] // of the command that runs
	err    error                              // why chunks was closed
}

func newInput(ctx context.Context, r io.Reader) *input {
	in := &input{chunks: make(chan []byte, 16), ended: ctx.Done(), closed: make(chan struct{})}
	go in.pump(r)
	return in
}

func (in *input) close() { close(in.closed) }

// pump reads until the input ends or is closed.
func (in *input) pump(r io.Reader) {
	defer close(in.chunks)
	buffer := make([]byte, 256)
	for {
		n, err := r.Read(buffer)
		keys := make([]byte, 0, n)
		for _, key := range buffer[:n] {
			if key == keyCtrlC {
				if cancel := in.cancel.Load(); cancel != nil {
					(*cancel)()
					continue
				}
				key = keyCancel
			}
			keys = append(keys, key)
		}
		select {
		case in.chunks <- keys:
		case <-in.closed:
			return
		}
		if err != nil {
			in.err = err
			return
		}
	}
}

// Read gives the next keys; io.EOF when the context has ended.
func (in *input) Read(p []byte) (int, error) {
	for len(in.rest) == 0 {
		select {
		case <-in.ended:
			return 0, io.EOF
		case keys, ok := <-in.chunks:
			if !ok {
				return 0, in.err
			}
			in.rest = keys
		}
	}
	in.before()
	n := copy(p, in.rest)
	in.rest = in.rest[n:]
	return n, nil
}

// interruptible gives a context that Ctrl-C ends until done is called.
func (in *input) interruptible(ctx context.Context) (_ context.Context, done func()) {
	ctx, cancel := context.WithCancel(ctx)
	in.cancel.Store(&cancel)
	return ctx, func() {
		in.cancel.Store(nil)
		cancel()
	}
}
