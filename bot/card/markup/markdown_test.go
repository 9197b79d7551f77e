package markup_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callboard/bot/card"
	"callboard/bot/card/cardtest"
	"callboard/bot/card/markup"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestParseMarkdown(t *testing.T) {
	p := func(s string) markup.Paragraph { return markup.Paragraph{Text: []markup.Span{{Text: s}}} }
	text := func(spans ...markup.Span) []markup.Block { return []markup.Block{markup.Paragraph{Text: spans}} }
	tests := []struct {
		name, source string
		want         []markup.Block
	}{
		{"nothing", "", nil},
		{"words", "a\nb", []markup.Block{p("a b")}},
		{"break", "a  \nb\\\nc<br>d", text(markup.Span{Text: "a"}, markup.Span{Break: true}, markup.Span{Text: "b"}, markup.Span{Break: true}, markup.Span{Text: "c"}, markup.Span{Break: true}, markup.Span{Text: "d"})},
		{"old line breaks", "a\r\n\r\nb\rc", []markup.Block{p("a"), p("b c")}},
		{"looks", "a **b _c_** `d` ~~e~~", text(
			markup.Span{Text: "a "}, markup.Span{Text: "b ", Strong: true}, markup.Span{Text: "c", Strong: true, Emphasis: true},
			markup.Span{Text: " "}, markup.Span{Text: "d", Code: true}, markup.Span{Text: " "}, markup.Span{Text: "e", Strike: true})},
		{"escapes", `\*a\* &lt;b&gt; &amp;lt; &nosuch; \&lt; AT&T`, []markup.Block{p(`*a* <b> &lt; &nosuch; &lt; AT&T`)}},
		{"front matter", "---\ntitle: x\n---\na", []markup.Block{p("a")}},
		{"front matter with a remark", "---\n# remark\ntitle: x\n...\na", []markup.Block{p("a")}},
		{"a rule first", "---\nan aside: not YAML\n\n---\n", []markup.Block{markup.Rule{}, p("an aside: not YAML"), markup.Rule{}}},
		{"placeholder", "use <namespace>", []markup.Block{p("use <namespace>")}},
		{"comment", "a<!-- b -->c\n\n<!-- d\n\ne -->\n\nf", []markup.Block{p("ac"), p("f")}},
		{"fold", "<details>\n<summary>More</summary>\n\nhere\n\n</details>", append(text(markup.Span{Text: "More", Strong: true}), p("here"))},
		{"admonition", "!!! Warning \"A b\"\n    c\n\n    d\n\ne", []markup.Block{
			markup.Admonition{Label: "Warning", Title: "A b", Status: card.Warn, Blocks: []markup.Block{p("c"), p("d")}}, p("e"),
		}},
		{"folding admonition", "a\n???+ danger inline end\n\tb", []markup.Block{p("a"), markup.Admonition{Label: "Danger", Status: card.Bad, Blocks: []markup.Block{p("b")}}}},
		{"admonition in a list", "- !!! tip\n      a", []markup.Block{markup.List{Tight: true, Items: []markup.ListItem{
			{Blocks: []markup.Block{markup.Admonition{Label: "Tip", Blocks: []markup.Block{p("a")}}}},
		}}}},
		{"no admonition", "!!!\n\n!!! Look out!\n\n??? \"x\" y", []markup.Block{p("!!!"), p("!!! Look out!"), p("??? \"x\" y")}},
		{"alert", "> [!IMPORTANT]\n> a", []markup.Block{markup.Admonition{Label: "Important", Status: card.Warn, Blocks: []markup.Block{p("a")}}}},
		{"no alert", "> [!Other]\n> a", []markup.Block{markup.Quote{Blocks: []markup.Block{p("[!Other] a")}}}},
		{"tasks", "- [x] a\n- [ ] b\n- c", []markup.Block{markup.List{Tight: true, Items: []markup.ListItem{
			{Task: markup.Done, Blocks: []markup.Block{p("a")}}, {Task: markup.Open, Blocks: []markup.Block{p("b")}}, {Blocks: []markup.Block{p("c")}},
		}}}},
		{"numbers", "7. a\n\n8. b", []markup.Block{markup.List{Ordered: true, Start: 7, Items: []markup.ListItem{
			{Blocks: []markup.Block{p("a")}}, {Blocks: []markup.Block{p("b")}},
		}}}},
		{"code", "```sh x\na\tb\n\n```", []markup.Block{markup.Code{Language: "sh", Lines: []string{"a\tb"}}}},
		{"table", "a|b|c\n:-|:-:|-:\n1|`x\\|y`\n1|2|3|4", []markup.Block{markup.Table{
			Align:  []markup.Align{markup.Left, markup.Middle, markup.Right},
			Header: []markup.Cell{{{Text: "a"}}, {{Text: "b"}}, {{Text: "c"}}},
			Rows:   [][]markup.Cell{{{{Text: "1"}}, {{Text: "x|y", Code: true}}, nil}, {{{Text: "1"}}, {{Text: "2"}}, {{Text: "3"}}}},
		}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := markup.ParseMarkdown(tt.source, nil)
			if diff := cmp.Diff(markup.Document{Blocks: tt.want}, got); diff != "" {
				t.Errorf("ParseMarkdown(%q) (-want +got)\n%s", tt.source, diff)
			}
		})
	}
}

// TestLinks is row 12 of the threat model: where links lead, and what they may say.
func TestLinks(t *testing.T) {
	link := func(words, address string) []markup.Span { return []markup.Span{{Text: words, URL: address}} }
	words := func(s string) []markup.Span { return []markup.Span{{Text: s}} }
	tests := []struct {
		source string
		want   []markup.Span
	}{
		{"[docs](https://real.example/a_b)", link("docs", "https://real.example/a_b")},
		{"[a **b** `c`](https://real.example)", link("a b c", "https://real.example")},
		{"[`c`](https://real.example)", []markup.Span{{Text: "c", URL: "https://real.example", Code: true}}},
		{"https://real.example/x.", []markup.Span{{Text: "https://real.example/x", URL: "https://real.example/x"}, {Text: "."}}},
		{"<team@acme.example>", link("team@acme.example", "mailto:team@acme.example")},
		{"[https://good.example](https://evil.example/)", link("https://evil.example/", "https://evil.example/")},
		{"[**https://good**.example](https://evil.example/)", link("https://evil.example/", "https://evil.example/")},
		{"[https&colon;//good.example](https://evil.example/)", link("https://evil.example/", "https://evil.example/")},
		{"[www.good.example](https://evil.example/)", link("https://evil.example/", "https://evil.example/")},
		{"[\u200b](https://evil.example/)", link("https://evil.example/", "https://evil.example/")},
		{"[pay](https://раураl.example/)", link("pay", "https://xn--l-7sba6dbr.example/")},
		{"[x](javascript:alert(1))", words("x")},
		{"[x](java&#115;cript:alert(1))", words("x")},
		{"[x](https://good.example@evil.example)", words("x")},
		{"[x](//evil.example)", words("x")},
		{"[x](#section)", words("x")},
		{"[x]( )", words("x")},
		{"[setup](../setup.md)", []markup.Span{{Text: "setup ("}, {Text: "../setup.md", Code: true}, {Text: ")"}}},
		{`[disk]({{< ref "./disk.md" >}})`, []markup.Span{{Text: "disk ("}, {Text: "./disk.md", Code: true}, {Text: ")"}}},
		{`[x]({{% relref "javascript:alert(1)" %}})`, words("x")},
		{"![chart](https://real.example/c.png)", []markup.Span{{Text: "chart", URL: "https://real.example/c.png", Image: true}}},
		{"![](https://real.example/c.png)", []markup.Span{{Text: "https://real.example/c.png", URL: "https://real.example/c.png", Image: true}}},
		{"[![build](b.svg)](https://real.example)", link("build", "https://real.example")},
	}
	for _, tt := range tests {
		doc := markup.ParseMarkdown(tt.source, nil)
		if diff := cmp.Diff([]markup.Block{markup.Paragraph{Text: tt.want}}, doc.Blocks); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.source, diff)
		}
	}
}

func TestParseMarkdown_Resolve(t *testing.T) {
	resolve := func(target string) string {
		switch target {
		case "setup.md":
			return "https://git.acme.example/docs/setup.md"
		case "bad.md":
			return "javascript:alert(1)"
		}
		return ""
	}
	got := markup.ParseMarkdown("[setup](setup.md)[bad](bad.md)[other](other.md)[far](https://real.example)", resolve)
	want := []markup.Block{markup.Paragraph{Text: []markup.Span{
		{Text: "setup", URL: "https://git.acme.example/docs/setup.md"},
		{Text: "badother ("},
		{Text: "other.md", Code: true},
		{Text: ")"},
		{Text: "far", URL: "https://real.example"},
	}}}
	if diff := cmp.Diff(want, got.Blocks); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// What the parser is given at worst must not grow without bound, and what was left out is said.
func TestParseMarkdown_Limits(t *testing.T) {
	long := strings.Repeat("x", 2000)
	tests := []struct {
		name, source string
		most         int // bytes of HTML
		cut          bool
	}{
		{"long source", strings.Repeat("word\n", 100_000), 70_000, true},
		{"long line", strings.Repeat("x", 50_000), 5000, true},
		{"deep quotes", strings.Repeat("> ", 60_000), 30_000, true},
		{"deep lists", strings.Repeat("* - + 1. ", 10_000), 20_000, true},
		{"deep admonitions", strings.Repeat("!!! note\n", 3) + deepAdmonitions(100), 30_000, false},
		{"wide table", strings.Repeat("|a", 2000) + "\n" + strings.Repeat("|-", 2000) + "\n" + strings.Repeat("|\n", 50_000), 250_000, true},
		{"many tables", strings.Repeat("|a|b|c|\n|-|-|-|\n|\n|\n|\n|\n\n", 4000), 400_000, true},
		{"one address often", "[a]: https://evil.example/" + long + "\n\n" + strings.Repeat("[a]\n\n", 10_000), 600_000, true},
		{"never closed", strings.Repeat("[a](", 30_000), 30_000, true},
		{"never closed, on many lines", strings.Repeat(strings.Repeat("[a](", 1000)+"\n", 4), 20_000, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc := markup.ParseMarkdown(tt.source, nil)
			page := markup.HTML(doc)
			if len(page) > tt.most || doc.Cut != tt.cut {
				t.Errorf("%d bytes of HTML, at most %d; cut = %v", len(page), tt.most, doc.Cut)
			}
			if err := cardtest.CheckHTML(page); err != nil {
				t.Error(err)
			}
		})
	}
}

func deepAdmonitions(depth int) string {
	var b strings.Builder
	for i := range depth {
		b.WriteString(strings.Repeat("    ", i) + "!!! note\n")
	}
	return b.String()
}

func TestHTML_Golden(t *testing.T) {
	got := markup.HTML(markup.ParseMarkdown(cardtest.Markdown(), nil))
	path := filepath.Join("testdata", "page.html")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; go test -update writes it", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if err := cardtest.CheckHTML(got); err != nil {
		t.Error(err)
	}
}

func TestHTML_NothingHostileReachesThePage(t *testing.T) {
	n := 0
	for _, texts := range []map[string]string{cardtest.HostileTexts(), cardtest.HostileMarkdown()} {
		for name, source := range texts {
			n++
			page := markup.HTML(markup.ParseMarkdown(source, nil))
			if err := cardtest.CheckHTML(page); err != nil {
				t.Errorf("%s: %v\n%s", name, err, page)
			}
			if !strings.Contains(page, name) {
				t.Errorf("%s is lost: %s", name, page)
			}
		}
	}
	if n < 60 {
		t.Errorf("the corpus has %d texts", n)
	}
}

// A Document that did not come from ParseMarkdown is not trusted either.
func TestHTML_ForgedDocument(t *testing.T) {
	evil := []markup.Span{
		{Text: "<script>", URL: "javascript:alert(1)"},
		{Text: "https://good.example", URL: "https://evil.example/\">"},
		{Text: "x\x1b\u202e", Code: true},
		{URL: "https://real.example"},
	}
	page := markup.HTML(markup.Document{Blocks: []markup.Block{
		markup.Heading{Level: 99, Text: evil},
		markup.Heading{Level: -1},
		markup.Code{Language: "\">", Lines: []string{"</code><script>"}},
		markup.Admonition{Label: "<script>", Title: "<img>", Status: "\"><script>", Blocks: []markup.Block{markup.Paragraph{Text: evil}}},
		markup.Table{Align: []markup.Align{99}, Header: []markup.Cell{evil, evil}, Rows: [][]markup.Cell{{evil}}},
		markup.List{Ordered: true, Start: -5, Items: []markup.ListItem{{}, {Task: 9}}},
		nil,
	}})
	if err := cardtest.CheckHTML(page); err != nil {
		t.Errorf("%v\n%s", err, page)
	}
}

func FuzzMarkdown(f *testing.F) {
	f.Add(cardtest.Markdown())
	for _, texts := range []map[string]string{cardtest.HostileTexts(), cardtest.HostileMarkdown()} {
		for _, s := range texts {
			if len(s) < 1000 { // the fuzzer takes minutes to shorten long ones, and they have tests of their own
				f.Add(s)
			}
		}
	}
	f.Fuzz(func(t *testing.T, source string) {
		page := markup.HTML(markup.ParseMarkdown(source, nil))
		if err := cardtest.CheckHTML(page); err != nil {
			t.Fatalf("%v\n%s", err, page)
		}
	})
}

func BenchmarkParseMarkdown(b *testing.B) {
	for name, source := range map[string]string{
		"page": cardtest.Markdown(), "quotes": strings.Repeat("> ", 64<<10), "lists": strings.Repeat("* - + ", 20<<10),
		"links": strings.Repeat(strings.Repeat("[a](", 2000)+"\n", 16), "table": cardtest.HostileMarkdown()["md-table-bomb"],
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				markup.ParseMarkdown(source, nil)
			}
		})
	}
}
