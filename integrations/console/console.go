package console

import (
	"context"
	"io"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/term"

	"callboard/bot"
	"callboard/bot/card"
	"callboard/bot/card/markup"
)

// maxLine is how long a command may be, in bytes.
const maxLine = 8 << 10

// Options say where a console reads and writes, and how.
type Options struct {
	In  io.Reader // commands; a file that is a terminal is switched to raw mode while Serve runs
	Out io.Writer // answers
	Err io.Writer // what is no answer, such as a history that cannot be kept; nil drops it

	Terminal    bool               // a person types: edit lines, complete, keep a history, greet. Otherwise commands come one a line
	Colour      bool               // colours and hyperlinks; the caller honours NO_COLOR and its flags
	Prompt      string             // "> " if empty
	Greeting    *card.Card         // shown first to a person
	Suggestions []string           // commands to try first, shown with the greeting
	History     string             // file of the lines typed, created with its folder; "" keeps them in memory
	Asker       func() bot.Request // who asks and from where: Actor and Address of a new request; nil means nobody known, in private
	Width       func() int         // columns of the window, asked before each use; nil asks the terminal behind Out
	Zone        *time.Location     // the reader's zone; nil means UTC
	Now         func() time.Time   // nil means time.Now
}

// Console is a terminal or a pipe as a chat surface. It implements bot.Platform.
type Console struct {
	opts   Options
	screen atomic.Pointer[term.Terminal] // while a person is typing
}

// New makes a console. Nothing is read or written before Serve.
func New(opts Options) *Console {
	if opts.Err == nil {
		opts.Err = io.Discard
	}
	if opts.Prompt == "" {
		opts.Prompt = "> "
	}
	if opts.Asker == nil {
		opts.Asker = func() bot.Request { return bot.Request{Address: bot.Address{Platform: name, Private: true}} }
	}
	if opts.Width == nil {
		opts.Width = func() int { return windowWidth(opts.Out) }
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Console{opts: opts}
}

const name = "console"

// Name is "console".
func (c *Console) Name() string { return name }

// Serve answers commands until the input ends, the user leaves (exit, quit, Ctrl-D) or ctx ends; none of
// these is an error. It returns at once when ctx ends, even while it waits for input; the read that is
// then under way swallows what comes next. One Serve runs at a time.
func (c *Console) Serve(ctx context.Context, handle bot.Handler) error {
	if c.opts.Terminal {
		return c.serveTerminal(ctx, handle)
	}
	return c.serveLines(ctx, handle)
}

// Log is where to write what is no answer while the console is in use, for example a log: it appears
// above the line being typed, which stays whole. Without a terminal it is Options.Err.
func (c *Console) Log() io.Writer { return logWriter{c} }

type logWriter struct{ console *Console }

func (l logWriter) Write(p []byte) (int, error) {
	if screen := l.console.screen.Load(); screen != nil {
		return screen.Write(p)
	}
	return l.console.opts.Err.Write(p)
}

func (c *Console) style() Style {
	return Style{Width: c.opts.Width(), Colour: c.opts.Colour, Numbers: true, Zone: c.opts.Zone, Now: c.opts.Now()}
}

// session is one Serve: a conversation that remembers what the numbers on the last card mean.
type session struct {
	*Console
	handle bot.Handler
	out    io.Writer
	picks  []string // commands of the last card
}

func (s *session) request(kind bot.Kind, text string) *bot.Request {
	req := s.opts.Asker()
	req.Kind, req.Text, req.Received = kind, text, s.opts.Now()
	return &req
}

// answer runs one typed line and shows what comes of it. Its errors are those of the output.
func (s *session) answer(ctx context.Context, text string) error {
	if len(text) > maxLine {
		return s.refuse("This line is longer than " + strconv.Itoa(maxLine) + " bytes; nothing was run.")
	}
	kind := bot.Typed
	if n, ok := number(text); ok {
		if n < 1 || n > len(s.picks) {
			return s.refuse(s.noPick(n))
		}
		kind, text = bot.Action, s.picks[n-1]
		var b strings.Builder
		s.style().paint(&b, line{{text: "→ " + markup.Terminal(text), ink: inkDim}})
		if _, err := io.WriteString(s.out, b.String()); err != nil {
			return err
		}
	}
	reply := s.handle(ctx, s.request(kind, text))
	if reply.JSON {
		s.picks = nil // their numbers are not shown
		return RenderJSON(s.out, shown(reply))
	}
	return s.show(shown(reply))
}

// show draws a card and remembers its numbers.
func (s *session) show(c *card.Card) error {
	s.picks = picks(c)
	_, err := io.WriteString(s.out, draw(c, s.style().normal())+"\n")
	return err
}

// refuse says why a line was not run; the numbers of the last card stay.
func (s *session) refuse(why string) error {
	_, err := io.WriteString(s.out, draw(&card.Card{Status: card.Bad, Summary: why}, s.style().normal())+"\n")
	return err
}

func (s *session) noPick(n int) string {
	switch len(s.picks) {
	case 0:
		return "The last answer has nothing to pick by number."
	case 1:
		return "There is no " + strconv.Itoa(n) + " to pick: the last answer has only 1."
	default:
		return "There is no " + strconv.Itoa(n) + " to pick: the last answer has 1 to " + strconv.Itoa(len(s.picks)) + "."
	}
}

// shown gives the card of a reply, made of its choices where it has none.
func shown(r bot.Reply) *card.Card {
	if r.Card != nil {
		return r.Card
	}
	c := &card.Card{Summary: "No answer."}
	if len(r.Choices) > 0 {
		c.Summary = "Pick one:"
	}
	for _, choice := range r.Choices[:min(len(r.Choices), card.MaxItems)] {
		c.Items = append(c.Items, card.Item{Text: card.T(choice.Text), Detail: card.T(choice.Hint), Action: choice.Text})
	}
	return c
}

// number reads a line that is a number alone.
func number(text string) (int, bool) {
	if len(text) == 0 || len(text) > 4 || strings.Trim(text, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}

// leaves reports whether a line ends the session.
func leaves(text string) bool {
	switch strings.ToLower(strings.TrimPrefix(text, "/")) {
	case "exit", "quit":
		return true
	default:
		return false
	}
}

// windowWidth asks the terminal behind w for its columns; 0 when there is none.
func windowWidth(w io.Writer) int {
	f, ok := w.(interface{ Fd() uintptr })
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}
