package slack

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"callboard/bot/card"
	"callboard/bot/card/cardtest"
)

func TestMain(m *testing.M) {
	flag.Bool("update", false, "write the golden files")
	flag.Parse()
	os.Exit(m.Run())
}

func update() bool { return flag.Lookup("update").Value.String() == "true" }

// The golden files are what Slack is sent for each sample card.
func TestBlocks(t *testing.T) {
	for _, s := range cardtest.Samples() {
		t.Run(s.Name, func(t *testing.T) {
			got := message(t, s.Card)
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

// message is a card as it is posted, as JSON for people to read.
func message(t *testing.T, c *card.Card) []byte {
	t.Helper()
	encoded, err := json.MarshalIndent(map[string]any{"text": notification(c), "blocks": blocks(c, "who-owns x --share")}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return append(encoded, '\n')
}

// Whatever a card holds, Slack accepts the message, and nothing in it mentions, misleads or hides.
func TestBlocks_Hold(t *testing.T) {
	for _, s := range cardtest.Samples() {
		t.Run(s.Name, func(t *testing.T) { checkMessage(t, s.Card) })
	}
}

func FuzzBlocks(f *testing.F) {
	for _, s := range cardtest.Samples() {
		f.Add(s.Card.Summary, s.Card.Body, "https://acme.example")
	}
	for _, text := range cardtest.HostileTexts() {
		f.Add(text, text, text)
	}
	f.Fuzz(func(t *testing.T, text, markdown, address string) {
		c := &card.Card{
			Title: card.Line(text), Summary: card.Line(text), Body: card.Lines(markdown),
			Fields: []card.Field{{Label: "Label", Value: card.Link(text, address)}, {Label: "Code", Value: card.Code(text)}},
			Items:  []card.Item{{Text: card.T(text), Action: "find " + card.Line(text)}},
			Notes:  []card.Note{{Text: card.T(text)}},
			Footer: card.Join(" ", card.T(text), card.Link(text, address), card.Age(cardtest.Now())),
		}
		checkMessage(t, c)
	})
}

func checkMessage(t *testing.T, c *card.Card) {
	t.Helper()
	all := blocks(c, "share it")
	if n := size(all); n > maxBlocksJSON {
		t.Errorf("%d bytes of blocks", n)
	}
	if len(all) > maxMessageBlocks || len(all) == 0 {
		t.Errorf("%d blocks", len(all))
	}
	text := notification(c)
	if n := utf8.RuneCountInString(text); n > maxText || n == 0 {
		t.Errorf("a notification of %d characters", n)
	}
	if strings.ContainsAny(text, "<>") {
		t.Errorf("the notification contains markup: %s", text)
	}
	var tree any
	encoded, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(encoded, &tree); err != nil {
		t.Fatal(err)
	}
	checkTree(t, tree)
}

// checkTree looks at everything that people read.
func checkTree(t *testing.T, v any) {
	t.Helper()
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			checkTree(t, e)
		}
	case map[string]any:
		text, _ := v["text"].(string)
		if _, has := v["text"].(string); has && v["type"] != "link" && strings.TrimSpace(text) == "" && text != "\n" && !strings.Contains(text, "\n") && v["type"] != "text" {
			t.Errorf("an empty text: %v", v)
		}
		switch v["type"] {
		case "link":
			address, _ := v["url"].(string)
			if err := cardtest.CheckLink(text, address); err != nil {
				t.Error(err)
			}
		case slack.MarkdownType:
			checkMrkdwn(t, text)
		case "user", "usergroup", "broadcast", "channel":
			t.Errorf("a live mention: %v", v)
		}
		if err := cardtest.CheckText(strings.ReplaceAll(text, "️", "")); err != nil && v["type"] != slack.MarkdownType {
			t.Error(err)
		}
		for _, e := range v {
			checkTree(t, e)
		}
	}
}

// checkMrkdwn allows links and dates within angle brackets, and nothing else.
func checkMrkdwn(t *testing.T, text string) {
	t.Helper()
	for rest := text; ; {
		_, after, found := strings.Cut(rest, "<")
		if !found {
			break
		}
		inside, next, closed := strings.Cut(after, ">")
		address, label, _ := strings.Cut(inside, "|")
		switch {
		case !closed:
			t.Errorf("an angle bracket is open in %q", text)
			return
		case strings.HasPrefix(inside, "!date^"):
		case cardtest.CheckLink(strings.ReplaceAll(label, "&amp;", "&"), strings.ReplaceAll(address, "&amp;", "&")) != nil:
			t.Errorf("%q in %q is no link that may be shown", inside, text)
		}
		rest = next
	}
}

// Each fact and note ends its line, however long it is.
func TestBlocks_Lines(t *testing.T) {
	for n := range 20 {
		long := card.T(strings.Repeat("x", maxSection-n))
		lines := append(facts([]card.Field{{Label: "Label", Value: long}}), noteSections([]card.Note{{Text: long}})...)
		lines = append(lines, head(&card.Card{Title: "Title", Summary: long.Plain()})...)
		for i, e := range lines {
			if text := mustJSON(t, e); !strings.HasSuffix(text, `\n"}]}`) {
				t.Errorf("line %d of %d characters ends in %s", i, maxSection-n, text[len(text)-30:])
			}
		}
	}
}

// The words of a footer count, not the addresses behind them; what has no room for its address keeps its words.
func TestBlocks_Footer(t *testing.T) {
	var c card.Card
	for i := range 12 {
		c.Footer = append(c.Footer, card.Link("source "+string(rune('a'+i))+" ", "https://git.example/"+strings.Repeat("x", 180))...)
	}
	text := mustJSON(t, footer(&c))
	if n := strings.Count(text, "https://"); n != 7 {
		t.Errorf("%d addresses in %s", n, text)
	}
	for i := range 12 {
		if want := "source " + string(rune('a'+i)); !strings.Contains(text, want) {
			t.Errorf("%q is missing in %s", want, text)
		}
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	encoded, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

// TestChannel: a channel is shown by its own platform, and in words by another one. What is no id is words.
func TestChannel(t *testing.T) {
	for _, tt := range []struct{ ref, want string }{
		{"slack:C0123ABCD", `{"type":"channel","channel_id":"C0123ABCD"}`},
		{"discord:1234567890123456789", `Discord channel 1234567890123456789`},
		{"slack:c0123", `Slack channel c0123`},
	} {
		var w writing
		w.text(card.Channel(tt.ref))
		if got := mustJSON(t, w.section()); !strings.Contains(got, tt.want) {
			t.Errorf("%s: %s", tt.ref, got)
		}
	}
}
