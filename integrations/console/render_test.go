package console_test

import (
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"callboard/bot/card"
	"callboard/bot/card/cardtest"
	"callboard/bot/card/markup"
	"callboard/integrations/console"
)

var update = flag.Bool("update", false, "write the golden files anew")

func render(tb testing.TB, c *card.Card, s console.Style) string {
	tb.Helper()
	s.Now = cardtest.Now()
	var b strings.Builder
	if err := console.Render(&b, c, s); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

// Each golden file shows one sample at three widths and in colour, with \e for escape.
func TestRender_Golden(t *testing.T) {
	for _, s := range cardtest.Samples() {
		t.Run(s.Name, func(t *testing.T) {
			var b strings.Builder
			for _, width := range []int{100, 60, 40} {
				b.WriteString("== " + strconv.Itoa(width) + " columns\n")
				b.WriteString(render(t, s.Card, console.Style{Width: width, Numbers: width != 60}))
			}
			b.WriteString("== colour\n")
			b.WriteString(strings.ReplaceAll(render(t, s.Card, console.Style{Width: 100, Numbers: true, Colour: true}), "\x1b", `\e`))
			golden(t, filepath.Join("testdata", s.Name+".txt"), b.String())
		})
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; go test -update writes it", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got)\n%s", path, diff)
	}
}

func TestRender_WhoOwnsFitsTenLines(t *testing.T) {
	for _, s := range cardtest.Samples()[:2] {
		if got := render(t, s.Card, console.Style{Width: 100, Numbers: true}); strings.Count(got, "\n") > 10 {
			t.Errorf("%s has more than 10 lines:\n%s", s.Name, got)
		}
	}
}

func TestRender_NothingHostileReachesTheScreen(t *testing.T) {
	for _, s := range cardtest.Samples() {
		for _, width := range []int{20, 33, 59, 60, 110} {
			checkScreen(t, s.Name, render(t, s.Card, console.Style{Width: width}), width)
			checkScreen(t, s.Name, render(t, s.Card, console.Style{Width: width, Numbers: true}), width)
		}
	}
}

// With colour, all that is added are escape sequences of our own.
func TestRender_ColourIsOnlyAnAccent(t *testing.T) {
	for _, s := range cardtest.Samples() {
		checkColour(t, s.Name, s.Card)
	}
}

// checkColour draws a card in colour and looks at the screen without the sequences that Render may write.
func checkColour(t *testing.T, name string, c *card.Card) {
	t.Helper()
	got := render(t, c, console.Style{Width: 100, Numbers: true, Colour: true})
	var b strings.Builder
	for i, part := range strings.Split(got, "\x1b") {
		switch {
		case i == 0:
			b.WriteString(part)
		case strings.HasPrefix(part, "["):
			code, rest, _ := strings.Cut(part[1:], "m")
			if strings.Trim(code, "0123456789;") != "" {
				t.Fatalf("%s: sequence %q", name, code)
			}
			b.WriteString(rest)
		case strings.HasPrefix(part, "]8;;"):
			if address := part[4:]; address != "" {
				if _, ok := markup.ParseAddress(address); !ok {
					t.Fatalf("%s: hyperlink to %q", name, address)
				}
			}
		case strings.HasPrefix(part, `\`):
			b.WriteString(part[1:])
		default:
			t.Fatalf("%s: sequence %q", name, part)
		}
	}
	checkScreen(t, name, b.String(), 100)
}

func checkScreen(t *testing.T, name, out string, width int) {
	t.Helper()
	if !utf8.ValidString(out) || !strings.HasSuffix(out, "\n") {
		t.Fatalf("%s: not valid UTF-8, or no line break at the end: %q", name, out)
	}
	for l := range strings.SplitSeq(strings.TrimSuffix(out, "\n"), "\n") {
		for _, r := range l {
			if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
				t.Fatalf("%s: %U on the screen: %q", name, r, l)
			}
		}
		if n := markup.Width(l); n > width && !strings.Contains(l, "://") && !strings.Contains(l, "mailto:") {
			t.Fatalf("%s: %d columns in a window of %d: %q", name, n, width, l)
		}
	}
}

func TestRender_Moments(t *testing.T) {
	berlin := time.FixedZone("CET", 3600)
	at := func(s string) time.Time {
		moment, err := time.ParseInLocation("2006-01-02 15:04", s, berlin)
		if err != nil {
			t.Fatal(err)
		}
		return moment
	}
	tests := []struct {
		text card.Text
		zone *time.Location
		want string
	}{
		{card.When(at("2026-03-02 14:18")), berlin, "14:18"},
		{card.When(at("2026-03-02 14:18")), nil, "13:18 UTC"},
		{card.When(at("2026-03-03 00:30")), berlin, "Tue 00:30"},
		{card.When(at("2026-03-08 09:00")), berlin, "Sun 09:00"},
		{card.When(at("2026-03-09 09:00")), berlin, "9 Mar 09:00"},
		{card.When(at("2026-02-24 09:12")), berlin, "Tue 09:12"},
		{card.When(at("2025-11-12 09:12")), berlin, "2025-11-12 09:12"},
		{card.Age(cardtest.Now().Add(-30 * time.Second)), berlin, "just now"},
		{card.Age(cardtest.Now().Add(30 * time.Second)), berlin, "just now"},
		{card.Age(cardtest.Now().Add(-4 * time.Minute)), berlin, "4 min ago"},
		{card.Age(cardtest.Now().Add(-47 * time.Hour)), berlin, "47 h ago"},
		{card.Age(cardtest.Now().Add(-41 * 24 * time.Hour)), berlin, "41 d ago"},
		{card.Age(cardtest.Now().Add(3 * 24 * time.Hour)), berlin, "in 3 d"},
		{card.Age(at("2020-01-01 12:00")), berlin, "2020-01-01 12:00"},
	}
	for _, tt := range tests {
		got := render(t, &card.Card{Summary: "s", Footer: tt.text}, console.Style{Zone: tt.zone})
		if want := "s\n" + tt.want + "\n"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// Cards that fail Validate are drawn as well as they can be.
func TestRender_InvalidCards(t *testing.T) {
	for _, c := range []*card.Card{
		{},
		{Title: "t", Fields: []card.Field{{}}},
		{Summary: "s", Items: []card.Item{{Depth: 7}, {Depth: -3}, {Depth: 99, Text: card.T("deep")}}},
		{Summary: "s", Status: "other", Notes: []card.Note{{}}},
		{Summary: "a\nb", Actions: []card.Action{{}}},
		{Summary: "s", Footer: card.Text{{Text: "x", URL: "javascript:alert(1)"}, {URL: "https://real.example"}}},
	} {
		for _, numbers := range []bool{false, true} {
			if got := render(t, c, console.Style{Width: 40, Numbers: numbers}); got != "" {
				checkScreen(t, "invalid", got, 40)
			}
		}
	}
}

func TestGallery(t *testing.T) {
	var b strings.Builder
	err := console.Gallery(&b, console.Style{Width: 30},
		console.Sample{Name: "first", Card: &card.Card{Summary: "one"}}, console.Sample{Name: "second", Card: &card.Card{Summary: "two"}})
	if err != nil {
		t.Fatal(err)
	}
	want := "── first ─────────────────────\none\n\n── second ────────────────────\ntwo\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func FuzzRender(f *testing.F) {
	for _, s := range cardtest.HostileTexts() {
		f.Add(s, "https://acme.example/", 40, 1)
	}
	f.Fuzz(func(t *testing.T, s, address string, width, depth int) {
		c := &card.Card{
			Title: s, Tags: []string{s}, Summary: s,
			Fields:  []card.Field{{Label: s, Value: card.Text{{Text: s, URL: address}, {Text: s, Code: true}}, Source: s, Status: card.Warn}},
			Items:   []card.Item{{Text: card.T("root")}, {Text: card.T(s), Detail: card.Link(s, address), Depth: depth, Action: s}},
			Notes:   []card.Note{{Text: card.T(s)}},
			Footer:  card.T(s),
			Actions: []card.Action{{Label: s, Command: s}},
		}
		if width == 0 {
			width = 80
		}
		for _, numbers := range []bool{false, true} {
			checkScreen(t, "fuzz", render(t, c, console.Style{Width: width, Numbers: numbers}), min(max(width, 20), 100))
		}
	})
}

// checkHyperlinks looks at the links that a terminal in colour makes of a body.
func checkHyperlinks(t *testing.T, name string, c *card.Card) {
	t.Helper()
	got := render(t, c, console.Style{Width: 100, Colour: true})
	for _, part := range strings.Split(got, "\x1b]8;;")[1:] {
		address, rest, _ := strings.Cut(part, "\x1b\\\x1b[4m")
		words, _, shown := strings.Cut(rest, "\x1b[0m")
		if shown && !strings.HasPrefix(address, words) { // the beginning of its own address, where a line ends
			if err := cardtest.CheckLink(words, address); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
}

func checkBody(t *testing.T, name, body string, widths ...int) {
	t.Helper()
	c := &card.Card{Summary: "s", Body: body, Footer: card.T("f")}
	for _, width := range widths {
		checkScreen(t, name, render(t, c, console.Style{Width: width}), width)
	}
	checkColour(t, name, c)
	checkHyperlinks(t, name, c)
}

func TestRender_NothingHostileInABody(t *testing.T) {
	for _, texts := range []map[string]string{cardtest.HostileTexts(), cardtest.HostileMarkdown()} {
		for name, source := range texts {
			body := card.Lines(source)
			if err := (&card.Card{Summary: "s", Body: body}).Validate(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			checkBody(t, name, body, 20, 59)
			got := render(t, &card.Card{Summary: "s", Body: source}, console.Style{}) // a card may fail Validate
			checkScreen(t, name, got, 80)
			if !strings.Contains(got, name) || strings.Count(got, "\n") > 410 {
				t.Errorf("%s is lost, or has no end:\n%s", name, got)
			}
		}
	}
}

func TestRender_Body(t *testing.T) {
	tests := []struct {
		name, body, want string
		width            int
	}{
		{"after the summary", "a\n\nb", "s\n\na\n\nb\n", 40},
		{"numbers in line", "9. a\n10. b\n    - c", "s\n\n 9. a\n10. b\n    • c\n", 40},
		{"hanging indent", "- one two three four five six", "s\n\n• one two three four\n  five six\n", 20},
		{"points with paragraphs", "- a\n\n  b\n- c", "s\n\n• a\n\n  b\n\n• c\n", 40},
		{"loose points", "- a\n\n- b", "s\n\n• a\n• b\n", 40},
		{"empty point", "- \n- b", "s\n\n•\n• b\n", 40},
		{"code that fits", "```\na  b\n\n\tc\n```", "s\n\n    a  b\n\n        c\n", 40},
		{"code that does not", "```\nkubectl get pods --all\n```", "s\n\n    kubectl get pods\n    ↪  --all\n", 20},
		{"table with wrapped cells", "|a|b|\n|-|-:|\n|one two three four five six seven eight nine ten eleven|2|", "s\n\na                                      b\n─────────────────────────────────────  ─\none two three four five six seven      2\neight nine ten eleven\n", 40},
		{"table in a narrow window", "|name|what it says|\n|-|-|\n|one|a long explanation of it|\n|two||", "s\n\n• name: one\n  what it says: a\n  long explanation\n  of it\n• name: two\n", 20},
		{"table without rows", "|a|b|\n|-|-|", "s\n\na  b\n─  ─\n", 40},
		{"note", "!!! danger\n    a\n\n    - b", "s\n\n│ ✗ Danger: a\n│\n│ • b\n", 40},
		{"struck", "a ~~b c~~ d", "s\n\na ~~b c~~ d\n", 40},
		{"address in one piece", "https://real.example/a-rather-long-path", "s\n\nhttps://real.example/a-rather-long-path\n", 20},
		{"long body", strings.Repeat("a\n\n", 500), "s\n\n" + strings.Repeat("a\n\n", 200) + "… cut here; --json has all of it\n", 40},
		{"nothing to show", "<!-- only a comment -->", "s\n", 40},
	}
	for _, tt := range tests {
		got := render(t, &card.Card{Summary: "s", Body: tt.body}, console.Style{Width: tt.width})
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.name, diff)
		}
	}
}

// FuzzMarkdown is the terminal's half; package markup has that of HTML.
func FuzzMarkdown(f *testing.F) {
	f.Add(cardtest.Markdown(), 40)
	for _, texts := range []map[string]string{cardtest.HostileTexts(), cardtest.HostileMarkdown()} {
		for _, s := range texts {
			if len(s) < 1000 { // the fuzzer takes minutes to shorten long ones, and they have tests of their own
				f.Add(s, 20)
			}
		}
	}
	f.Fuzz(func(t *testing.T, body string, width int) {
		checkBody(t, "fuzz", body, min(max(width, 20), 100))
	})
}

func BenchmarkRender(b *testing.B) {
	for _, s := range cardtest.Samples()[:2] {
		b.Run(s.Name, func(b *testing.B) {
			for b.Loop() {
				render(b, s.Card, console.Style{Width: 100, Colour: true})
			}
		})
	}
}
