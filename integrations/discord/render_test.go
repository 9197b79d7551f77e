package discord

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"callboard/bot/card"
	"callboard/bot/card/cardtest"
)

func TestMain(m *testing.M) {
	flag.Bool("update", false, "write the golden files")
	flag.Parse()
	os.Exit(m.Run())
}

func update() bool { return flag.Lookup("update").Value.String() == "true" }

// The golden files are what Discord is sent for each sample card.
func TestDraw(t *testing.T) {
	for _, s := range cardtest.Samples() {
		t.Run(s.Name, func(t *testing.T) {
			got, err := json.MarshalIndent(draw(s.Card, "who-owns x --share", new(kept).add), "", " ")
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, '\n')
			golden := filepath.Join("testdata", "cards", s.Name+".json")
			if update() {
				if err := os.WriteFile(golden, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("differs from %s (-want +got); -update writes it:\n%s", golden, diff)
			}
		})
	}
}

// Whatever a card holds, Discord accepts the message, and nothing in it mentions, misleads or hides.
func TestDraw_Hold(t *testing.T) {
	for _, s := range cardtest.Samples() {
		t.Run(s.Name, func(t *testing.T) { checkMessage(t, s.Card) })
	}
}

func FuzzDraw(f *testing.F) {
	for _, s := range cardtest.Samples() {
		f.Add(s.Card.Summary, s.Card.Body, "https://acme.example")
	}
	for _, text := range cardtest.HostileTexts() {
		f.Add(text, text, text)
	}
	f.Fuzz(func(t *testing.T, text, markdown, address string) {
		checkMessage(t, &card.Card{
			Title: card.Line(text), Summary: card.Line(text), Body: card.Lines(markdown),
			Fields: []card.Field{{Label: "Label", Value: card.Link(text, address)}, {Label: "Code", Value: card.Code(text)}},
			Items:  []card.Item{{Text: card.T(text), Action: "find " + card.Line(text)}},
			Notes:  []card.Note{{Text: card.T(text)}},
			Footer: card.Join(" ", card.T(text), card.Link(text, address), card.Age(cardtest.Now())),
		})
	})
}

func checkMessage(t *testing.T, c *card.Card) {
	t.Helper()
	m := draw(c, "share it", new(kept).add)
	if n := utf8.RuneCountInString(m.Content); n > maxContent {
		t.Errorf("a text of %d characters", n)
	}
	if m.Mentions.Parse == nil || len(m.Mentions.Parse) > 0 {
		t.Error("somebody is mentioned")
	}
	checkMarkdown(t, m.Content)
	total := 0
	for _, e := range m.Embeds {
		n := utf8.RuneCountInString(e.Description)
		if total += n; n > maxDescription || n == 0 {
			t.Errorf("an embed of %d characters", n)
		}
		checkMarkdown(t, e.Description)
	}
	if total > maxEmbedsText {
		t.Errorf("embeds of %d characters", total)
	}
	if len(m.Components) > maxRows {
		t.Errorf("%d rows of components", len(m.Components))
	}
	encoded, err := json.Marshal(m.Components)
	if err != nil {
		t.Fatal(err)
	}
	var rows []struct {
		Components []struct {
			ID      string `json:"custom_id"`
			Label   string
			Options []struct{ Label, Value string }
		}
	}
	if err := json.Unmarshal(encoded, &rows); err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, r := range rows {
		if len(r.Components) > maxRowButtons || len(r.Components) == 0 {
			t.Errorf("a row of %d", len(r.Components))
		}
		for _, e := range r.Components {
			if n := utf8.RuneCountInString(e.ID); n > maxCustomID || n == 0 || ids[e.ID] {
				t.Errorf("the id %q has %d characters, or is there twice", e.ID, n)
			}
			ids[e.ID] = true
			if n := utf8.RuneCountInString(e.Label); n > maxButtonText {
				t.Errorf("a label of %d characters", n)
			}
			if len(e.Options) > maxOptions {
				t.Errorf("%d options", len(e.Options))
			}
			for _, o := range e.Options {
				if utf8.RuneCountInString(o.Value) > maxOptionText || utf8.RuneCountInString(o.Label) > maxOptionText || o.Label == "" || o.Value == "" {
					t.Errorf("the option %+v", o)
				}
			}
		}
	}
}

// What a text may hold beside escaped characters: our own links, times and marks.
var (
	codeBlock = regexp.MustCompile("(?s)```\n.*?\n```|`[^`\n]+`")
	escape    = regexp.MustCompile(`\\[^0-9A-Za-z\s]`)
	maskLink  = regexp.MustCompile(`\[([^\[\]]+)\]\(<([^<>\s]+)>\)`)
	bareLink  = regexp.MustCompile(`<(https?:[^<>\s]+)>`)
	stamp     = regexp.MustCompile(`<t:-?\d+:[Rf]>`)
)

// checkMarkdown takes out what we write ourselves; what is left must not be able to mention or link.
func checkMarkdown(t *testing.T, text string) {
	t.Helper()
	for _, m := range maskLink.FindAllStringSubmatch(codeBlock.ReplaceAllString(text, ""), -1) {
		words := regexp.MustCompile(`\\(.)`).ReplaceAllString(m[1], "$1")
		if err := cardtest.CheckLink(words, m[2]); err != nil {
			t.Error(err)
		}
	}
	shown := strings.NewReplacer("️", "", "\n", " ").Replace(text)
	if err := cardtest.CheckText(shown); err != nil {
		t.Error(err)
	}
	rest := codeBlock.ReplaceAllString(text, "")
	rest = maskLink.ReplaceAllString(rest, "")
	rest = bareLink.ReplaceAllString(rest, "")
	rest = stamp.ReplaceAllString(rest, "")
	rest = escape.ReplaceAllString(rest, "")
	rest = strings.ReplaceAll(rest, "\n> ", "\n")
	rest = strings.TrimPrefix(rest, "> ")
	for _, bad := range []string{"<", "@", "[", "](", "://", "||", "\n# ", "```"} {
		if strings.Contains(rest, bad) {
			t.Errorf("%q is live in %q", bad, text)
		}
	}
}

// TestChannel: a channel is shown by its own platform, and in words by another one. What is no id is words.
func TestChannel(t *testing.T) {
	for _, tt := range []struct{ ref, want string }{
		{"discord:1234567890123456789", `<#1234567890123456789>`},
		{"slack:C0123ABCD", `Slack channel C0123ABCD`},
		{"discord:12", `Discord channel 12`},
	} {
		var w writing
		w.text(card.Channel(tt.ref))
		got := w.String()
		if !strings.Contains(got, tt.want) {
			t.Errorf("%s: %s", tt.ref, got)
		}
	}
}
