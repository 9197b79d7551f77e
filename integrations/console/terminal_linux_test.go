package console_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"callboard/bot"
	"callboard/integrations/console"
)

// openTerminal gives the two ends of a real terminal: the keyboard and screen, and the program's.
func openTerminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no terminals here: ", err)
	}
	t.Cleanup(func() { _ = person.Close() })
	if err := unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Skip("no terminals here: ", err)
	}
	n, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Skip("no terminals here: ", err)
	}
	program, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no terminals here: ", err)
	}
	t.Cleanup(func() { _ = program.Close() })
	return person, program
}

func mode(t *testing.T, f *os.File) unix.Termios {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return *state
}

// The terminal is given back as it was, whichever way a session ends.
func TestServe_TerminalIsRestored(t *testing.T) {
	ways := map[string]struct {
		keys   string
		handle func(cancel context.CancelFunc) bot.Reply
	}{
		"Ctrl-D":      {"health\r\x04", func(context.CancelFunc) bot.Reply { return bot.Reply{} }},
		"exit":        {"health\rexit\r", func(context.CancelFunc) bot.Reply { return bot.Reply{} }},
		"context end": {"health\r", func(cancel context.CancelFunc) bot.Reply { cancel(); return bot.Reply{} }},
		"panic":       {"health\r", func(context.CancelFunc) bot.Reply { panic("a bug") }},
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			person, program := openTerminal(t)
			go func() { // types once the prompt is there, then reads the screen so that writing to it does not block
				_, _ = person.Read(make([]byte, 1))
				_, _ = person.WriteString(way.keys)
				_, _ = io.Copy(io.Discard, person)
			}()
			if err := unix.IoctlSetWinsize(int(person.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: 72, Row: 24}); err != nil {
				t.Fatal(err)
			}
			before := mode(t, program)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var during unix.Termios
			c := console.New(console.Options{In: program, Out: program, Terminal: true})
			func() {
				defer func() {
					if r := recover(); (r != nil) != (name == "panic") {
						t.Errorf("recovered %v", r)
					}
				}()
				err := c.Serve(ctx, func(context.Context, *bot.Request) bot.Reply {
					during = mode(t, program)
					return way.handle(cancel)
				})
				if err != nil {
					t.Errorf("Serve: %v", err)
				}
			}()
			if during.Lflag&unix.ICANON != 0 {
				t.Error("not in raw mode while serving")
			}
			if diff := cmp.Diff(before, mode(t, program)); diff != "" {
				t.Errorf("the terminal has changed (-before +after)\n%s", diff)
			}
		})
	}
}

func TestServe_TerminalAsksForItsWidth(t *testing.T) {
	person, program := openTerminal(t)
	if err := unix.IoctlSetWinsize(int(person.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: 30, Row: 24}); err != nil {
		t.Fatal(err)
	}
	var screen bytes.Buffer
	c := console.New(console.Options{In: bytes.NewReader([]byte("health\r")), Out: file{program, &screen}, Terminal: true})
	err := c.Serve(t.Context(), func(context.Context, *bot.Request) bot.Reply {
		return bot.Reply{Choices: []bot.Choice{{Text: "aaaa", Hint: "bbbb bbbb bbbb bbbb bbbb bbbb bbbb"}}}
	})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(screen.Bytes(), []byte("1 aaaa — bbbb bbbb bbbb bbbb\r\n")) {
		t.Errorf("not drawn in 30 columns: %q", screen.String())
	}
}

// file is a terminal whose output is kept.
type file struct {
	*os.File
	kept *bytes.Buffer
}

func (f file) Write(p []byte) (int, error) { return f.kept.Write(p) }
