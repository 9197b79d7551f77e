package discord

import (
	"strconv"
	"strings"

	"callboard/bot/card"
	"callboard/bot/card/markup"
)

// widestTable is how many columns a table may have in the type of code on a phone.
const widestTable = 44

// body draws Markdown as lines of Discord's: headings are bold, tables are drawn with characters, what is nested in a
// list is indented.
func body(markdown string) []string {
	if strings.TrimSpace(markdown) == "" {
		return nil
	}
	var p page
	document := markup.ParseMarkdown(markdown, nil)
	p.blocks(document.Blocks, "")
	if document.Cut {
		p.lines = append(p.lines, "…")
	}
	return p.lines
}

// page is a body on its way; each of its lines is whole Markdown, so that it may be cut between any two.
type page struct{ lines []string }

func (p *page) line(indent string, w *writing) {
	if text := strings.TrimSpace(w.String()); text != "" {
		p.lines = append(p.lines, indent+strings.ReplaceAll(text, "\n", "\n"+indent))
	}
}

func (p *page) blocks(blocks []markup.Block, indent string) {
	for _, b := range blocks {
		p.block(b, indent)
	}
}

func (p *page) block(b markup.Block, indent string) {
	var w writing
	switch b := b.(type) {
	case markup.Heading:
		w.spans(b.Text, look{bold: true})
	case markup.Paragraph:
		w.spans(b.Text, look{})
	case markup.Code:
		p.code(b.Lines)
	case markup.List:
		p.list(b, indent)
	case markup.Quote:
		p.quote(b, indent)
	case markup.Admonition:
		w.raw(b.Status.Mark())
		title := b.Label
		if b.Title != "" {
			title += ": " + b.Title
		}
		w.say(title, look{bold: true})
		p.line(indent, &w)
		p.blocks(b.Blocks, indent)
		return
	case markup.Table:
		p.table(b, indent)
	case markup.Rule:
		w.raw("———")
	}
	p.line(indent, &w)
}

func (w *writing) spans(spans []markup.Span, base look) {
	for _, s := range spans {
		l := look{base.bold || s.Strong, base.italic || s.Emphasis, base.strike || s.Strike, s.Code}
		switch {
		case s.Break:
			w.raw("\n")
		case s.Image:
			w.raw("🖼 ")
			w.link(s.Text, s.URL, l)
		case s.URL != "":
			w.link(s.Text, s.URL, l)
		default:
			w.say(s.Text, l)
		}
	}
}

// code draws a block within fences, which nothing in it closes.
func (p *page) code(lines []string) {
	safe := make([]string, len(lines))
	for i, l := range lines {
		safe[i] = strings.ReplaceAll(markup.Verbatim(l), "```", "'''")
	}
	text := card.Cut(strings.Join(safe, "\n"), maxSection-len("```\n\n```"))
	if strings.TrimSpace(text) == "" {
		return
	}
	if strings.HasSuffix(text, "`") {
		text += " "
	}
	p.lines = append(p.lines, "```\n"+text+"\n```")
}

// list writes points. What a point holds beside its first paragraph follows below it, indented.
func (p *page) list(l markup.List, indent string) {
	if len(indent) > 12 { // Discord indents no deeper
		indent = indent[:12]
	}
	for i, item := range l.Items {
		var w writing
		if l.Ordered {
			w.raw(strconv.Itoa(l.Start+i) + ". ")
		} else {
			w.raw("- ")
		}
		switch item.Task {
		case markup.Open:
			w.raw("☐ ")
		case markup.Done:
			w.raw("☑ ")
		case markup.NoTask:
		}
		rest := item.Blocks
		if len(rest) > 0 {
			if paragraph, is := rest[0].(markup.Paragraph); is {
				w.spans(paragraph.Text, look{})
				rest = rest[1:]
			} else {
				w.raw("–")
			}
		}
		p.line(indent, &w)
		p.blocks(rest, indent+"  ")
	}
}

// quote writes lines behind a bar.
func (p *page) quote(q markup.Quote, indent string) {
	var inner page
	inner.blocks(q.Blocks, "")
	for _, l := range inner.lines {
		p.lines = append(p.lines, indent+"> "+strings.ReplaceAll(l, "\n", "\n"+indent+"> "))
	}
}

// table draws a table with characters where it is narrow enough for a phone, else as one point a row.
func (p *page) table(t markup.Table, indent string) {
	if lines, fits := t.Draw(widestTable); fits {
		p.code(lines)
		return
	}
	for n, row := range t.Rows {
		var w writing
		w.raw("- ")
		w.say("Row "+strconv.Itoa(n+1), look{bold: true})
		for i, c := range row {
			w.raw(" · ")
			if i < len(t.Header) {
				if label := t.Header[i].Plain(); label != "" {
					w.say(label+": ", look{bold: true})
				}
			}
			w.spans(c, look{})
		}
		p.line(indent, &w)
	}
}
