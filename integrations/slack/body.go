package slack

import (
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"callboard/bot/card"
	"callboard/bot/card/markup"
)

// widestTable is how many columns a table may have in the type of code on a phone.
const widestTable = 60

// body draws Markdown. Slack's rich text has no headings, no tables and no lists within quotes: headings are bold
// lines, tables are drawn with characters, what is nested in a list is a deeper list or a line of its own.
func body(markdown string) []slack.RichTextElement {
	if strings.TrimSpace(markdown) == "" {
		return nil
	}
	var d page
	document := markup.ParseMarkdown(markdown, nil)
	d.blocks(document.Blocks, 0)
	if document.Cut {
		d.line("…", nil)
	}
	return d.elements
}

// page is a body on its way.
type page struct{ elements []slack.RichTextElement }

func (p *page) line(s string, style *look) {
	var w writing
	w.say(s, style)
	w.end()
	p.elements = append(p.elements, w.section())
}

func (p *page) blocks(blocks []markup.Block, depth int) {
	for _, b := range blocks {
		p.block(b, depth)
	}
}

func (p *page) block(b markup.Block, depth int) {
	switch b := b.(type) {
	case markup.Heading:
		p.spans(b.Text, &look{Bold: true})
	case markup.Paragraph:
		p.spans(b.Text, nil)
	case markup.Code:
		p.code(b.Lines)
	case markup.List:
		p.list(b, depth)
	case markup.Quote:
		p.quote(b.Blocks)
	case markup.Admonition:
		title := b.Label
		if b.Title != "" {
			title += ": " + b.Title
		}
		p.line(b.Status.Mark()+markup.Terminal(title), &look{Bold: true})
		p.blocks(b.Blocks, depth)
	case markup.Table:
		p.table(b)
	case markup.Rule:
		p.line("———", nil)
	}
}

// spans writes a paragraph with an empty line behind it.
func (p *page) spans(spans []markup.Span, base *look) {
	var w writing
	w.spans(spans, base)
	w.end()
	p.elements = append(p.elements, w.section())
}

func (w *writing) spans(spans []markup.Span, base *look) {
	for _, s := range spans {
		style := styleOf(s, base)
		switch {
		case s.Break:
			w.raw("\n", nil)
		case s.Image:
			w.link("🖼 "+s.Text, s.URL, style)
		case s.URL != "":
			w.link(s.Text, s.URL, style)
		default:
			w.say(s.Text, style)
		}
	}
}

// styleOf gives nil for text without any look, since Slack refuses a style that says nothing.
func styleOf(s markup.Span, base *look) *look {
	style := look{Bold: s.Strong, Italic: s.Emphasis, Strike: s.Strike, Code: s.Code}
	if base != nil {
		style.Bold = style.Bold || base.Bold
	}
	if style == (look{}) {
		return nil
	}
	return &style
}

func (p *page) code(lines []string) {
	safe := make([]string, len(lines))
	for i, l := range lines {
		safe[i] = markup.Verbatim(l)
	}
	text := card.Cut(strings.Join(safe, "\n"), maxSection)
	if text == "" {
		return
	}
	p.elements = append(p.elements, &slack.RichTextPreformatted{
		Type: slack.RTEPreformatted, Elements: []slack.RichTextSectionElement{slack.NewRichTextSectionTextElement(text, nil)},
	})
}

// list writes points. What a point holds beside its first paragraph follows behind it.
func (p *page) list(l markup.List, depth int) {
	style := slack.RTEListBullet
	if l.Ordered {
		style = slack.RTEListOrdered
	}
	var open *slack.RichTextList
	for i, item := range l.Items {
		if open == nil {
			open = slack.NewRichTextList(style, min(depth, maxIndent))
			if l.Ordered {
				open.Offset = l.Start - 1 + i
			}
			p.elements = append(p.elements, open)
		}
		first, rest := item.Blocks, []markup.Block(nil)
		var w writing
		switch item.Task {
		case markup.Open:
			w.raw("☐ ", nil)
		case markup.Done:
			w.raw("☑ ", nil)
		case markup.NoTask:
		}
		if len(first) > 0 {
			if paragraph, is := first[0].(markup.Paragraph); is {
				w.spans(paragraph.Text, nil)
				rest = first[1:]
			} else {
				rest = first
			}
		}
		if w.section() == nil {
			w.raw("–", nil)
		}
		open.Elements = append(open.Elements, w.section())
		if len(rest) > 0 {
			p.blocks(rest, depth+1)
			open = nil // the numbers go on after what is nested
		}
	}
}

// quote writes the paragraphs of a quote; what else is in it follows unquoted, marked by a bar.
func (p *page) quote(blocks []markup.Block) {
	for _, b := range blocks {
		paragraph, is := b.(markup.Paragraph)
		if !is {
			p.block(b, 0)
			continue
		}
		var w writing
		w.spans(paragraph.Text, nil)
		if len(w.elements) > 0 {
			p.elements = append(p.elements, &slack.RichTextQuote{Type: slack.RTEQuote, Elements: w.elements})
		}
	}
}

// table draws a table with characters where it is narrow enough for a phone, else as one list a row.
func (p *page) table(t markup.Table) {
	if lines, fits := t.Draw(widestTable); fits {
		p.code(lines)
		return
	}
	for n, row := range t.Rows {
		list := slack.NewRichTextList(slack.RTEListBullet, 0)
		for i, c := range row {
			var w writing
			if i < len(t.Header) {
				if label := t.Header[i].Plain(); label != "" {
					w.raw(label+": ", &look{Bold: true})
				}
			}
			w.spans(c, nil)
			if s := w.section(); s != nil {
				list.Elements = append(list.Elements, s)
			}
		}
		if len(list.Elements) > 0 {
			p.line("Row "+strconv.Itoa(n+1), nil)
			p.elements = append(p.elements, list)
		}
	}
}
