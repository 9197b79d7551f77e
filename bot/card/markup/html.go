package markup

import (
	"html"
	"strconv"
	"strings"

	"callboard/bot/card"
)

// HTML gives a document as the inside of a web page. It contains these elements and no other: h1 to h6, p,
// br, hr, pre, code, strong, em, del, ul, ol with start, li, blockquote, table, thead, tbody, tr, th, td,
// aside, span, and a with href and rel. The only attribute besides is class, of these words: admonition,
// ok, warn, bad, unknown, title, host, middle, right. Each link whose words are not its address or host is
// followed by the host that it leads to. Pictures are links, for loading one tells its server who reads.
func HTML(d Document) string {
	var w htmlWriter
	w.blocks(d.Blocks, false)
	if d.Cut {
		w.put("<p>…</p>\n")
	}
	return w.out.String()
}

// htmlWriter takes tags through put, and text through text.
type htmlWriter struct{ out strings.Builder }

// put writes constant markup and numbers.
func (w *htmlWriter) put(parts ...string) {
	for _, p := range parts {
		w.out.WriteString(p)
	}
}

func (w *htmlWriter) text(s string) { w.out.WriteString(html.EscapeString(Terminal(s))) }

// blocks writes blocks; the paragraphs of a tight list's items are bare.
func (w *htmlWriter) blocks(blocks []Block, tight bool) {
	for _, b := range blocks {
		w.block(b, tight)
	}
}

func (w *htmlWriter) block(b Block, tight bool) {
	switch b := b.(type) {
	case Heading:
		level := strconv.Itoa(min(max(b.Level, 1), 6))
		w.put("<h", level, ">")
		w.spans(b.Text)
		w.put("</h", level, ">\n")
	case Paragraph:
		if tight {
			w.spans(b.Text)
			w.put("\n")
			return
		}
		w.put("<p>")
		w.spans(b.Text)
		w.put("</p>\n")
	case Code:
		w.put("<pre><code>")
		for _, l := range b.Lines {
			w.out.WriteString(html.EscapeString(Verbatim(l)) + "\n")
		}
		w.put("</code></pre>\n")
	case List:
		w.list(b)
	case Quote:
		w.put("<blockquote>\n")
		w.blocks(b.Blocks, false)
		w.put("</blockquote>\n")
	case Admonition:
		w.admonition(b)
	case Table:
		w.table(b)
	case Rule:
		w.put("<hr>\n")
	}
}

func (w *htmlWriter) list(l List) {
	element := "ul"
	if l.Ordered {
		element = "ol"
	}
	w.put("<", element)
	if l.Ordered && l.Start != 1 {
		w.put(` start="`, strconv.Itoa(l.Start), `"`)
	}
	w.put(">\n")
	for _, item := range l.Items {
		w.put("<li>")
		switch item.Task {
		case Open:
			w.put("☐ ")
		case Done:
			w.put("☑ ")
		case NoTask:
		}
		w.blocks(item.Blocks, l.Tight)
		w.put("</li>\n")
	}
	w.put("</", element, ">\n")
}

func (w *htmlWriter) admonition(a Admonition) {
	w.put(`<aside class="admonition`)
	switch a.Status {
	case card.OK, card.Warn, card.Bad, card.Unknown:
		w.put(" ", string(a.Status))
	case card.None:
	}
	w.put(`">`, "\n", `<p class="title">`)
	w.text(a.Label)
	if a.Title != "" {
		w.text(": " + a.Title)
	}
	w.put("</p>\n")
	w.blocks(a.Blocks, false)
	w.put("</aside>\n")
}

func (w *htmlWriter) table(t Table) {
	w.put("<table>\n<thead>\n")
	w.row("th", t.Align, t.Header)
	w.put("</thead>\n<tbody>\n")
	for _, r := range t.Rows {
		w.row("td", t.Align, r)
	}
	w.put("</tbody>\n</table>\n")
}

func (w *htmlWriter) row(element string, align []Align, cells []Cell) {
	w.put("<tr>")
	for i, c := range cells {
		w.put("<", element)
		if i < len(align) {
			switch align[i] {
			case Middle:
				w.put(` class="middle"`)
			case Right:
				w.put(` class="right"`)
			case Left:
			}
		}
		w.put(">")
		w.spans(c)
		w.put("</", element, ">")
	}
	w.put("</tr>\n")
}

func (w *htmlWriter) spans(spans []Span) {
	for _, s := range spans {
		w.span(s)
	}
}

func (w *htmlWriter) span(s Span) {
	if s.Break {
		w.put("<br>\n")
		return
	}
	var closing string
	for _, look := range []struct {
		on      bool
		element string
	}{{s.Strong, "strong"}, {s.Emphasis, "em"}, {s.Strike, "del"}} {
		if look.on {
			w.put("<", look.element, ">")
			closing = "</" + look.element + ">" + closing
		}
	}
	if s.Image {
		w.put("image: ")
	}
	w.link(s)
	w.put(closing)
}

// link writes text and where it leads, if ParseAddress still allows it.
func (w *htmlWriter) link(s Span) {
	to, ok := ParseAddress(s.URL)
	if !ok {
		w.words(s)
		return
	}
	if strings.TrimSpace(Terminal(s.Text)) == "" || to.Claims(s.Text) {
		s.Text = to.URL
	}
	w.put(`<a href="`, html.EscapeString(to.URL), `" rel="noopener noreferrer nofollow">`)
	w.words(s)
	w.put("</a>")
	if s.Text != to.URL && s.Text != to.Host {
		w.put(` <span class="host">(`)
		w.text(to.Host)
		w.put(")</span>")
	}
}

func (w *htmlWriter) words(s Span) {
	if !s.Code {
		w.text(s.Text)
		return
	}
	w.put("<code>")
	w.text(s.Text)
	w.put("</code>")
}
