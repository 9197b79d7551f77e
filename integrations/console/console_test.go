package console_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callboard/bot"
	"callboard/bot/card"
	"callboard/bot/card/cardtest"
	"callboard/integrations/console"
)

// recorder is a bot that repeats what it is asked, and keeps it.
type recorder struct {
	mu    sync.Mutex
	asked []bot.Request
	reply func(req *bot.Request) bot.Reply
}

func (r *recorder) handle(_ context.Context, req *bot.Request) bot.Reply {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, *req)
	if r.reply != nil {
		return r.reply(req)
	}
	return bot.Reply{Card: &card.Card{Summary: string(req.Kind) + ": " + req.Text}, Outcome: bot.Fine}
}

// texts gives what was asked, as "kind: text".
func (r *recorder) texts() []string {
	var all []string
	for _, req := range r.asked {
		all = append(all, string(req.Kind)+": "+req.Text)
	}
	return all
}

// run serves one input to its end and gives what was written.
func run(t *testing.T, in string, opts console.Options, handle bot.Handler) string {
	t.Helper()
	var out bytes.Buffer
	opts.In, opts.Out, opts.Now = strings.NewReader(in), &out, cardtest.Now
	if opts.Width == nil {
		opts.Width = func() int { return 80 }
	}
	if err := console.New(opts).Serve(t.Context(), handle); err != nil {
		t.Fatalf("Serve: %v", err)
	}
	return out.String()
}

func TestServe_Lines(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"empty", "", ""},
		{"transcript", "who-owns checkout\n\n  # a comment\n\tdeps checkout \r\n", "> who-owns checkout\ncommand: who-owns checkout\n\n> deps checkout\ncommand: deps checkout\n\n"},
		{"no line break at the end", "health", "> health\ncommand: health\n\n"},
		{"byte order mark", "\ufeffhealth\n", "> health\ncommand: health\n\n"},
		{"leave", "health\n/exit\nhealth\n", "> health\ncommand: health\n\n"},
		{"leave by another word", "QUIT\nhealth\n", ""},
		{"longest line", strings.Repeat("x", 8192) + "\n", "> " + strings.Repeat("x", 8192)},
		{"line too long", strings.Repeat("x", 100_000) + "\nhealth\n", "✗ Line 1 is longer than 8192 bytes; it was skipped.\n\n> health\ncommand: health\n\n"},
		{"last line too long", strings.Repeat("x", 8195), "✗ Line 1 is longer than 8192 bytes; it was skipped.\n\n"},
		{"hostile input", "find \x1b]0;x\x07\u202e\xff\n", "> find ␛]0;x␇�\ncommand: find ␛]0;x␇�\n\n"},
		{"nothing to pick", "1\n", "> 1\n✗ The last answer has nothing to pick by number.\n\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := run(t, tt.in, console.Options{Greeting: &card.Card{Summary: "not without a person"}}, (&recorder{}).handle)
			if tt.name == "longest line" {
				got = got[:min(len(got), len(tt.want))]
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestServe_Pick(t *testing.T) {
	r := &recorder{reply: func(req *bot.Request) bot.Reply {
		if !strings.HasPrefix(req.Text, "who-owns b") {
			return bot.Reply{Outcome: bot.NotFound}
		}
		return bot.Reply{Card: &card.Card{
			Summary: "two",
			Items:   []card.Item{{Text: card.T("plain")}, {Text: card.T("billing"), Action: "who-owns billing"}},
			Actions: []card.Action{{Label: "Help", Command: "help who-owns"}},
		}}
	}}
	got := run(t, "who-owns b\n3\n1\n2\n2\n", console.Options{}, r.handle)
	want := []string{"command: who-owns b", "action: who-owns billing", "action: help who-owns"}
	if diff := cmp.Diff(want, r.texts()); diff != "" {
		t.Errorf("asked (-want +got)\n%s", diff)
	}
	for _, part := range []string{"1 billing\n[2 Help]\n", "There is no 3 to pick: the last answer has 1 to 2.", "> 1\n→ who-owns billing\n", "No answer.", "nothing to pick"} {
		if !strings.Contains(got, part) {
			t.Errorf("%q is missing in\n%s", part, got)
		}
	}
}

func TestServe_ShowsChoicesWithoutCard(t *testing.T) {
	r := &recorder{reply: func(*bot.Request) bot.Reply {
		return bot.Reply{Choices: []bot.Choice{{Text: "who-owns a", Hint: "service"}, {Text: "who-owns b", Hint: "system"}}}
	}}
	want := "> who-owns\nPick one:\n1 who-owns a  service\n2 who-owns b  system\n\n"
	if diff := cmp.Diff(want, run(t, "who-owns\n", console.Options{}, r.handle)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestServe_Asker(t *testing.T) {
	r := &recorder{}
	run(t, "health\n", console.Options{Asker: func() bot.Request {
		var req bot.Request
		req.Actor.ChatID = "1000"
		req.Address.Channel = "tty1"
		return req
	}}, r.handle)
	run(t, "health\n", console.Options{}, r.handle)
	if r.asked[0].Actor.ChatID != "1000" || r.asked[0].Address.Channel != "tty1" || !r.asked[0].Received.Equal(cardtest.Now()) {
		t.Errorf("got %+v", r.asked[0])
	}
	if a := r.asked[1].Address; a.Platform != "console" || !a.Private {
		t.Errorf("the default asker: %+v", a)
	}
}

func TestServe_EndsWithContext(t *testing.T) {
	for _, terminal := range []bool{false, true} {
		ctx, cancel := context.WithCancel(t.Context())
		in, write := io.Pipe()
		c := console.New(console.Options{In: in, Out: io.Discard, Terminal: terminal})
		served := make(chan error)
		go func() {
			served <- c.Serve(ctx, func(context.Context, *bot.Request) bot.Reply {
				cancel()
				return bot.Reply{}
			})
		}()
		if _, err := write.Write([]byte("health\r\n")); err != nil {
			t.Fatal(err)
		}
		if err := <-served; err != nil { // although the input stays open
			t.Errorf("terminal %v: %v", terminal, err)
		}
		_ = write.Close()
	}
}

func TestServe_Errors(t *testing.T) {
	broken := errors.New("broken")
	in := io.MultiReader(strings.NewReader("health\n"), brokenReader{broken})
	err := console.New(console.Options{In: in, Out: io.Discard}).Serve(t.Context(), (&recorder{}).handle)
	if !errors.Is(err, broken) {
		t.Errorf("input: %v", err)
	}
	err = console.New(console.Options{In: strings.NewReader("health\n"), Out: brokenWriter{broken}}).Serve(t.Context(), (&recorder{}).handle)
	if !errors.Is(err, broken) {
		t.Errorf("output: %v", err)
	}
}

type brokenReader struct{ err error }

func (b brokenReader) Read([]byte) (int, error) { return 0, b.err }

type brokenWriter struct{ err error }

func (b brokenWriter) Write([]byte) (int, error) { return 0, b.err }

func TestName(t *testing.T) {
	var p bot.Platform = console.New(console.Options{})
	if p.Name() != "console" {
		t.Errorf("Name = %q", p.Name())
	}
}

const (
	enter = "\r"
	tab   = "\t"
	up    = "\x1b[A"
	left  = "\x1b[D"
	ctrlC = "\x03"
	ctrlD = "\x04"
	ctrlU = "\x15"
)

// A person's keys become commands; Tab asks for what could follow.
func TestServe_TerminalKeys(t *testing.T) {
	complete := func(req *bot.Request) bot.Reply {
		if req.Kind != bot.Complete {
			return bot.Reply{Card: &card.Card{Summary: "done"}}
		}
		var choices []bot.Choice
		for _, s := range []string{"help", "health", "who-owns", "who-owns checkout", "who-owns checkout-web", "find --at="} {
			if strings.HasPrefix(s, req.Text) && !strings.Contains(s[len(req.Text):], " ") {
				choices = append(choices, bot.Choice{Text: s, Hint: "what it is"})
			}
		}
		return bot.Reply{Choices: choices}
	}
	tests := []struct {
		name, keys string
		want       []string
	}{
		{"line", "health" + enter, []string{"health"}},
		{"line feed", "health\n", []string{"health"}},
		{"editing", "halth" + left + left + left + left + "e" + enter, []string{"health"}},
		{"history", "health" + enter + up + enter, []string{"health", "health"}},
		{"start again", "who-owns x" + ctrlC + "health" + enter, []string{"health"}},
		{"end", "health" + enter + ctrlD + "help" + enter, []string{"health"}},
		{"delete to the start", "who" + ctrlU + "health" + enter, []string{"health"}},
		{"leave", "exit" + enter + "health" + enter, nil},
		{"blank lines", enter + "  " + enter + "# no" + enter, nil},
		{"unfinished", "health", nil},
		{"only choice", "w" + tab + "x" + enter, []string{"who-owns x"}},
		{"only choice with =", "find" + ctrlU + "find --" + tab + "x" + enter, []string{"find --at=x"}},
		{"common beginning", "h" + tab + "p" + enter, []string{"hep"}},
		{"longer common beginning", "who-owns c" + tab + enter, []string{"who-owns checkout"}},
		{"before the cursor", "w x" + left + left + tab + enter, []string{"who-owns  x"}},
		{"no choice", "zzz" + tab + tab + enter, []string{"zzz"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &recorder{reply: complete}
			run(t, tt.keys, console.Options{Terminal: true}, r.handle)
			var got []string
			for _, req := range r.asked {
				if req.Kind == bot.Typed {
					got = append(got, req.Text)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestServe_TerminalListsChoices(t *testing.T) {
	r := &recorder{reply: func(*bot.Request) bot.Reply {
		var choices []bot.Choice
		for i := range 25 {
			choices = append(choices, bot.Choice{Text: "find entity" + string(rune('a'+i)) + "\x1b[31m", Hint: "hint\x1b]0;x\x07"})
		}
		return bot.Reply{Choices: choices}
	}}
	got := run(t, "find entity"+tab+tab+ctrlU+"exit"+enter, console.Options{Terminal: true}, r.handle)
	if n := strings.Count(got, "hint␛]0;x␇\r\n"); n != 20 {
		t.Errorf("%d choices listed, want 20:\n%q", n, got)
	}
	if !strings.Contains(got, "find entitya␛[31m  hint") || !strings.Contains(got, "… and 5 more\r\n") {
		t.Errorf("the list is not as expected:\n%q", got)
	}
	if strings.Contains(got, "\x1b[31m") || strings.Contains(got, "\x1b]") {
		t.Errorf("a choice brought its own control sequence:\n%q", got)
	}
}

func TestServe_TerminalGreeting(t *testing.T) {
	r := &recorder{}
	got := run(t, "2"+enter, console.Options{
		Terminal: true, Greeting: &card.Card{Summary: "Welcome"}, Suggestions: []string{"who-owns checkout", "deps checkout"},
	}, r.handle)
	if !strings.HasPrefix(got, "Welcome\r\n[1 who-owns checkout] [2 deps checkout]\r\n\r\n> ") {
		t.Errorf("got %q", got)
	}
	if diff := cmp.Diff([]string{"action: deps checkout"}, r.texts()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Ctrl-C ends a command that runs, not the console.
func TestServe_TerminalInterrupt(t *testing.T) {
	in, write := io.Pipe()
	started := make(chan struct{})
	var interrupted error
	served := make(chan error)
	c := console.New(console.Options{In: in, Out: io.Discard, Terminal: true})
	go func() {
		served <- c.Serve(t.Context(), func(ctx context.Context, req *bot.Request) bot.Reply {
			if req.Text == "slow" {
				close(started)
				<-ctx.Done()
				interrupted = ctx.Err()
			}
			return bot.Reply{}
		})
	}()
	send := func(keys string) {
		if _, err := write.Write([]byte(keys)); err != nil {
			t.Error(err)
		}
	}
	send("slow" + enter)
	<-started
	send(ctrlC)
	send("quick" + enter + ctrlD)
	if err := <-served; err != nil || !errors.Is(interrupted, context.Canceled) {
		t.Errorf("served %v, interrupted %v", err, interrupted)
	}
	_ = write.Close()
}

// What is logged while a person types stands above the line, which stays.
func TestServe_TerminalLog(t *testing.T) {
	var c *console.Console
	var out bytes.Buffer
	c = console.New(console.Options{In: strings.NewReader("abc" + tab + ctrlU), Out: &out, Err: io.Discard, Terminal: true, Width: func() int { return 80 }})
	err := c.Serve(t.Context(), func(context.Context, *bot.Request) bot.Reply {
		_, err := io.WriteString(c.Log(), "level=INFO msg=synced\n")
		if err != nil {
			t.Error(err)
		}
		return bot.Reply{}
	})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "level=INFO msg=synced\r\n> abc") {
		t.Errorf("got %q", out.String())
	}
}

func TestServe_TerminalResize(t *testing.T) {
	width := 80
	r := &recorder{reply: func(*bot.Request) bot.Reply {
		width = 40
		return bot.Reply{Card: &card.Card{Summary: strings.Repeat("word ", 15)}}
	}}
	got := run(t, "a"+enter, console.Options{Terminal: true, Width: func() int { return width }}, r.handle)
	if !strings.Contains(got, "word word word word word word word word\r\nword") {
		t.Errorf("not drawn in 40 columns: %q", got)
	}
}

func TestHistory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "history")
	var warnings bytes.Buffer
	typed := func(keys string) []string {
		r := &recorder{}
		run(t, keys, console.Options{Terminal: true, History: path, Err: &warnings}, r.handle)
		return r.texts()
	}
	typed("health" + enter + "health" + enter + "1" + enter + " secret" + enter + "help" + enter)
	if got := read(t, path); got != "health\nhelp\n" {
		t.Errorf("kept %q", got)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if diff := cmp.Diff([]string{"command: health"}, typed(up+up+enter)); diff != "" {
		t.Errorf("after a restart (-want +got)\n%s", diff)
	}

	// Only so much is kept, and what others wrote is not trusted.
	var long strings.Builder
	for i := range 1500 {
		long.WriteString("find \x1b[31m" + strings.Repeat("x", i%7) + "\n")
	}
	if err := os.WriteFile(path, []byte(long.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"command: find ␛[31mx"}, typed(up+enter)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if n := strings.Count(read(t, path), "\n"); n != 1000 {
		t.Errorf("%d lines kept, want 1000", n)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if warnings.Len() > 0 {
		t.Errorf("warned: %s", warnings.String())
	}
}

// A history that cannot be kept is said once and stops nobody.
func TestHistory_Unwritable(t *testing.T) {
	r := &recorder{}
	got := run(t, "health"+enter+"help"+enter, console.Options{Terminal: true, History: t.TempDir()}, r.handle)
	if n := strings.Count(got, "The history of commands is not kept"); n != 1 {
		t.Errorf("said %d times:\n%q", n, got)
	}
	if len(r.asked) != 2 {
		t.Errorf("asked %v", r.texts())
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
