package card_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"callboard/bot/card"
	"callboard/bot/card/cardtest"
)

func TestCard_Validate(t *testing.T) {
	fields := func(n int) []card.Field {
		var all []card.Field
		for range n {
			all = append(all, card.Field{Label: "L", Value: card.T("v")})
		}
		return all
	}
	items := func(depths ...int) []card.Item {
		var all []card.Item
		for _, d := range depths {
			all = append(all, card.Item{Text: card.T("row"), Depth: d})
		}
		return all
	}
	tests := []struct {
		name string
		card card.Card
		want string // part of the error; "" for none
	}{
		{"smallest", card.Card{Summary: "s"}, ""},
		{"no summary", card.Card{Title: "t"}, "summary: is empty"},
		{"blank summary", card.Card{Summary: " \u3000"}, "summary: is empty"},
		{"summary of two lines", card.Card{Summary: "a\nb"}, "summary: contains a line break"},
		{"summary with a line separator", card.Card{Summary: "a\u2028b"}, "summary: contains a line break"},
		{"escape in the title", card.Card{Summary: "s", Title: "\x1b[31m"}, "title: contains a line break or control"},
		{"C1 control in a tag", card.Card{Summary: "s", Tags: []string{"\u009b"}}, "tags[0]: contains"},
		{"not UTF-8", card.Card{Summary: "\xff"}, "summary: is not valid UTF-8"},
		{"long summary", card.Card{Summary: strings.Repeat("é", card.MaxSummary+1)}, "summary: 1001 characters, at most 1000"},
		{"longest summary", card.Card{Summary: strings.Repeat("é", card.MaxSummary)}, ""},
		{"no such status", card.Card{Summary: "s", Status: "fine"}, `status: there is no status "fine"`},
		{"full of fields", card.Card{Summary: "s", Fields: fields(card.MaxFields)}, ""},
		{"too many fields", card.Card{Summary: "s", Fields: fields(card.MaxFields + 1)}, "fields: 26 entries, at most 25"},
		{"label of two lines", card.Card{Summary: "s", Fields: []card.Field{{Label: "a\nb", Value: card.T("v")}}}, "fields[0].label: contains"},
		{"hidden fact", card.Card{Summary: "s", Fields: []card.Field{{Label: "L"}}}, "fields[0].value: is empty"},
		{"gap", card.Card{Summary: "s", Fields: []card.Field{{Label: "L", Gap: &card.Gap{What: "not declared"}}}}, ""},
		{"gap without words", card.Card{Summary: "s", Fields: []card.Field{{Label: "L", Gap: &card.Gap{}}}}, "fields[0].gap.what: is empty"},
		{"value and gap", card.Card{Summary: "s", Fields: []card.Field{{Label: "L", Value: card.T("v"), Gap: &card.Gap{What: "w"}}}}, "fields[0]: has both"},
		{"time without source", card.Card{Summary: "s", Fields: []card.Field{{Label: "L", Value: card.T("v"), At: time.Unix(1, 0)}}}, "fields[0]: has a time without a source"},
		{"tree", card.Card{Summary: "s", Items: items(0, 1, 2, 1, 0, 1)}, ""},
		{"child without parent", card.Card{Summary: "s", Items: items(1)}, "items[0].depth: 1 has no parent: at most 0"},
		{"grandchild without parent", card.Card{Summary: "s", Items: items(0, 2)}, "items[1].depth: 2 has no parent: at most 1"},
		{"negative depth", card.Card{Summary: "s", Items: items(0, -1)}, "items[1].depth: -1 is negative"},
		{"too many items", card.Card{Summary: "s", Items: items(make([]int, card.MaxItems+1)...)}, "items: 201 entries"},
		{"body", card.Card{Summary: "s", Body: "# a\n\n\tb \u202e"}, ""},
		{"escape in the body", card.Card{Summary: "s", Body: "a\x1b[2J"}, "body: contains a control character"},
		{"old line breaks in the body", card.Card{Summary: "s", Body: "a\r\nb"}, "body: contains a control character"},
		{"body that is not UTF-8", card.Card{Summary: "s", Body: "\xff"}, "body: is not valid UTF-8"},
		{"longest body", card.Card{Summary: "s", Body: strings.Repeat("é", card.MaxBody)}, ""},
		{"long body", card.Card{Summary: "s", Body: strings.Repeat("é", card.MaxBody+1)}, "body: 8001 characters, at most 8000"},
		{"empty row", card.Card{Summary: "s", Items: []card.Item{{}}}, "items[0].text: is empty"},
		{"hostile value", card.Card{Summary: "s", Items: []card.Item{{Text: card.T("\x1b[2J\n\u202e\xff")}}}, ""},
		{"note without words", card.Card{Summary: "s", Notes: []card.Note{{}}}, "notes[0]: is empty"},
		{"action without command", card.Card{Summary: "s", Actions: []card.Action{{Label: "Go"}}}, "actions[0].command: is empty"},
		{"command of two lines", card.Card{Summary: "s", Actions: []card.Action{{Label: "Go", Command: "a\nb"}}}, "actions[0].command: contains"},
		{"too many actions", card.Card{Summary: "s", Actions: make([]card.Action, 26)}, "actions: 26 entries, at most 25"},
		{"bad address", card.Card{Summary: "s", Footer: card.Text{{Text: "x", URL: "javascript:alert(1)"}}}, `footer[0].url: address has the scheme "javascript"`},
		{"words and moment", card.Card{Summary: "s", Footer: card.Text{{Text: "x", At: time.Unix(1, 0)}}}, "footer[0]: is both words and a moment"},
		{"long text", card.Card{Summary: "s", Footer: card.T(strings.Repeat("x", card.MaxText+1))}, "footer: 8001 characters"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.card.Validate()
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func TestCard_Validate_IsBounded(t *testing.T) {
	c := card.Card{Items: make([]card.Item, 10_000)}
	var joined interface{ Unwrap() []error }
	if !errors.As(c.Validate(), &joined) {
		t.Fatal("no joined errors")
	}
	if n := len(joined.Unwrap()); n != 10 {
		t.Errorf("%d problems told, want 10", n)
	}
}

func TestCard_Text(t *testing.T) {
	c := card.Card{
		Title: "checkout", Tags: []string{"service", "tier 1"}, Status: card.Warn,
		Summary: "checkout: team-payments",
		Fields: []card.Field{
			{Label: "Owner", Value: card.T("team-\npayments"), Source: "PagerDuty", At: cardtest.Now()},
			{Label: "SLO", Gap: &card.Gap{What: "not declared", Fix: "add slo.yaml"}, Status: card.Bad},
		},
		Items:   []card.Item{{Text: card.T("cart"), Detail: card.T("service")}, {Text: card.T("web"), Depth: 1, Status: card.OK}},
		Notes:   []card.Note{{Status: card.Bad, Text: card.T("old\x1b[2J")}},
		Footer:  card.Join("", card.T("checked "), card.When(cardtest.Now())),
		Actions: []card.Action{{Label: "Explain", Command: "who-owns checkout --explain"}},
	}
	want := `checkout · service · tier 1
[warn] checkout: team-payments
Owner: team- payments (PagerDuty, 2026-03-02 14:21 UTC)
SLO: not declared — add slo.yaml [bad]
- cart — service
  - [ok] web
! [bad] old[2J
checked 2026-03-02 14:21 UTC
> Explain: who-owns checkout --explain
`
	if diff := cmp.Diff(want, c.Text()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// The JSON form is a contract: scripts read what ask --json prints.
func TestCard_JSON(t *testing.T) {
	c := card.Card{
		Summary: "s", Status: card.OK,
		Fields: []card.Field{
			{Label: "Owner", Value: card.Link("team", "https://acme.example/team"), Source: "PagerDuty", At: cardtest.Now()},
			{Label: "SLO", Gap: &card.Gap{What: "not declared", Fix: "add slo.yaml"}},
		},
		Items:   []card.Item{{Text: card.Code("cart"), Detail: card.Age(cardtest.Now()), Depth: 1, Status: card.Bad, Action: "who-owns cart"}},
		Notes:   []card.Note{{Status: card.Warn, Text: card.T("old")}},
		Actions: []card.Action{{Label: "Explain", Command: "who-owns checkout --explain"}},
	}
	want := `{"title":"","summary":"s","status":"ok","fields":[` +
		`{"label":"Owner","value":[{"text":"team","url":"https://acme.example/team"}],"source":"PagerDuty","at":"2026-03-02T14:21:30Z"},` +
		`{"label":"SLO","gap":{"what":"not declared","fix":"add slo.yaml"}}],` +
		`"items":[{"text":[{"text":"cart","code":true}],"detail":[{"at":"2026-03-02T14:21:30Z","age":true}],"depth":1,"status":"bad","action":"who-owns cart"}],` +
		`"notes":[{"status":"warn","text":[{"text":"old"}]}],"actions":[{"label":"Explain","command":"who-owns checkout --explain"}]}`
	got, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestCard_JSON_RoundTrip(t *testing.T) {
	for _, s := range cardtest.Samples() {
		if s.Name == "hostile-invalid" || s.Name == "hostile-c1" {
			continue // bytes that are not UTF-8 become � in JSON
		}
		encoded, err := json.Marshal(s.Card)
		if err != nil {
			t.Fatalf("%s: %v", s.Name, err)
		}
		var back card.Card
		if err := json.Unmarshal(encoded, &back); err != nil {
			t.Fatalf("%s: %v", s.Name, err)
		}
		if diff := cmp.Diff(*s.Card, back); diff != "" {
			t.Errorf("%s: (-before +after)\n%s", s.Name, diff)
		}
	}
}

func TestCheckURL(t *testing.T) {
	tests := map[string]bool{
		"https://acme.example/a?b=c#d":     true,
		"HTTP://acme.example":              true,
		"http://[2001:db8::1]:8080/":       true,
		"mailto:team@acme.example":         true,
		"https://пример.example/путь":      true,
		"":                                 false,
		"acme.example":                     false,
		"/relative":                        false,
		"//acme.example":                   false,
		"https://":                         false,
		"https:///path":                    false,
		"https:acme.example":               false,
		"https://user@acme.example":        false,
		"https://user:secret@acme.example": false,
		"https://@acme.example":            false,
		"javascript:alert(1)":              false,
		"data:text/html,x":                 false,
		"file:///etc/passwd":               false,
		"mailto:":                          false,
		"https://acme.example/a b":         false,
		"https://acme.example/\n":          false,
		"https://acme.example/\u202egnp":   false,
		"https://acme.example/%zz":         false,
		"https://acme.example/" + strings.Repeat("a", 2100):    false,
		" https://acme.example":                                false,
		"https://acme.example\\@evil.example":                  false,
		"https://acme.example/" + strings.Repeat("a", 2048-21): true,
	}
	for address, want := range tests {
		if err := card.CheckURL(address); (err == nil) != want {
			t.Errorf("CheckURL(%q) = %v", address, err)
		}
	}
	err := card.CheckURL("https://user:secret@acme.example/%zz")
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("an error must not repeat the address: %v", err)
	}
}

func TestText(t *testing.T) {
	if got := card.Join(" · ", nil, card.T("a"), card.T(""), card.Link("b", "https://acme.example"), card.When(time.Time{})).Plain(); got != "a · b" {
		t.Errorf("Join = %q", got)
	}
	if got := card.Link("words", "javascript:alert(1)"); got[0].URL != "" || got[0].Text != "words" {
		t.Errorf("a bad address was kept: %+v", got)
	}
	if got := card.Link("", "https://acme.example").Plain(); got != "https://acme.example" {
		t.Errorf("Link without words = %q", got)
	}
	if got := card.Line(" a\n\tb\x1b\u0085c\u2028 "); got != "a b c" {
		t.Errorf("Line = %q", got)
	}
}

func TestLines(t *testing.T) {
	long := strings.Repeat("ten bytes\n", 900)
	tests := []struct{ name, in, want string }{
		{"plain", "# a\n\n- b\n\t- c", "# a\n\n- b\n\t- c"},
		{"line breaks", "\r\n\n  a\r\nb\rc\n \n", "  a\nb\nc"},
		{"control characters", "a\x1b[31m\x00\u0085b\vc\xff", "a[31mbc\ufffd"},
		{"at the limit", strings.Repeat("é", card.MaxBody), strings.Repeat("é", card.MaxBody)},
		{"over it", long, strings.TrimSuffix(long[:7990], "\n") + "\n\n…"},
		{"over it in one line", strings.Repeat("é", 9000), strings.Repeat("é", card.MaxBody-3) + "\n\n…"},
	}
	for _, tt := range tests {
		got := card.Lines(tt.in)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.name, diff)
		}
		if err := (&card.Card{Summary: "s", Body: got}).Validate(); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestCard_TextOfABody(t *testing.T) {
	c := card.Card{Summary: "s", Body: "# a\n\n- b\x1b\n  - c\n\tOwner: forged ", Footer: card.T("f")}
	want := "s\n| # a\n|\n| - b\n|   - c\n| \tOwner: forged\nf\n"
	if diff := cmp.Diff(want, c.Text()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestChannel: what an annotation names is a channel of a platform when it says so, and words otherwise.
func TestChannel(t *testing.T) {
	for _, tt := range []struct{ ref, words, slack, discord string }{
		{"slack:C0123ABCD", "Slack channel C0123ABCD", "C0123ABCD", ""},
		{"discord:1234567890123456789", "Discord channel 1234567890123456789", "", "1234567890123456789"},
		{"#pay-eng", "#pay-eng", "", ""},
		{"slack:#pay-eng", "slack:#pay-eng", "", ""},
		{"slack:", "slack:", "", ""},
		{":C1", ":C1", "", ""},
		{"slack:C1>\n<!here", "slack:C1> <!here", "", ""},
		{"slack:" + strings.Repeat("C", 33), "slack:" + strings.Repeat("C", 33), "", ""},
	} {
		text := card.Channel(tt.ref)
		if got := text.Plain(); got != tt.words || text[0].In("slack") != tt.slack || text[0].In("discord") != tt.discord {
			t.Errorf("%q: %q, %+v", tt.ref, got, text)
		}
		if err := (&card.Card{Summary: "s", Footer: text}).Validate(); err != nil {
			t.Error(err)
		}
	}
	if id := (card.Span{Text: "x", Channel: "slack:C1> <!here>"}).In("slack"); id != "" {
		t.Errorf("%q", id)
	}
	for _, s := range []card.Span{{Channel: "slack:C1"}, {Text: "x", Channel: "slack:C1", Code: true}, {Text: "x", Channel: "slack:C1", URL: "https://acme.example"}} {
		if err := (&card.Card{Summary: "s", Footer: card.Text{{Text: "x"}, s}}).Validate(); err == nil {
			t.Errorf("%+v is fine", s)
		}
	}
}
