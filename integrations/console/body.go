package console

import (
	"slices"
	"strconv"
	"strings"

	"callboard/bot/card"
	"callboard/bot/card/markup"
)

// maxBodyLines is how many lines a body may take before it is cut; the whole of it is in the JSON form.
const maxBodyLines = 400

// body draws a card's Markdown between blank lines.
func (d *drawing) body(c *card.Card) {
	doc := markup.ParseMarkdown(c.Body, nil)
	if len(doc.Blocks) == 0 {
		return
	}
	if d.out.Len() > 0 {
		d.line(nil)
	}
	b := body{drawing: d, left: maxBodyLines}
	b.blocks(doc.Blocks, &margin{}, false)
	if b.left <= 0 || doc.Cut {
		var w writing
		w.say("… cut here; --json has all of it", inkDim)
		d.block(nil, nil, w.words, maxRowLines)
	}
	if len(c.Notes)+len(c.Actions) > 0 || !c.Footer.Empty() {
		d.line(nil)
	}
}

// body is Markdown on its way to the screen.
type body struct {
	*drawing
	left int // lines that may still be drawn
}

// margin is what stands before the lines of a block: bullets and bars of what it is in.
type margin struct {
	first, further line
	used           bool // first has been drawn
}

// within gives the margin of a block in this one that is marked on its first line, and on further ones.
// In a narrow window deep blocks share their margin, so that at least half of it is left for words.
func (b *body) within(m *margin, first, further piece) *margin {
	outer := m.take()
	if width(outer)+width(line{first}) > b.style.Width/2 {
		outer = nil
	}
	child := &margin{first: append(slices.Clip(outer), first), further: m.further}
	if width(m.further)+width(line{further}) <= b.style.Width/2 {
		child.further = append(slices.Clip(m.further), further)
	}
	return child
}

// take gives what stands before the next line.
func (m *margin) take() line {
	if m.used {
		return m.further
	}
	m.used = true
	return m.first
}

// room gives the columns for words beside a margin.
func (b *body) room(m *margin) int {
	n := width(m.further)
	if !m.used {
		n = max(n, width(m.first))
	}
	return max(b.style.Width-n, 2)
}

// put draws one line.
func (b *body) put(m *margin, l line) {
	if b.left <= 0 {
		return
	}
	b.left--
	l = append(slices.Clip(m.take()), l...)
	for len(l) > 0 && strings.TrimSpace(l[len(l)-1].text) == "" {
		l = l[:len(l)-1]
	}
	b.line(l)
}

func (b *body) wrap(m *margin, words []word) {
	if b.left > 0 && len(words) > 0 {
		for _, l := range wrap(words, b.room(m), b.left) {
			b.put(m, l)
		}
	}
}

// blocks draws blocks with blank lines between them; in a list only between paragraphs, for all else is
// set off by its indent.
func (b *body) blocks(blocks []markup.Block, m *margin, inList bool) {
	for i, block := range blocks {
		if b.left <= 0 {
			return
		}
		if i > 0 && spaced(blocks[i-1], block, inList) {
			b.put(m, nil)
		}
		b.block(block, m)
	}
	if !m.used { // a point without words is one all the same
		b.put(m, nil)
	}
}

// spaced reports whether a blank line stands between two blocks.
func spaced(before, after markup.Block, inList bool) bool {
	if _, ok := before.(markup.Heading); ok {
		return false
	}
	if !inList {
		return true
	}
	_, one := before.(markup.Paragraph)
	_, two := after.(markup.Paragraph)
	return one && two
}

// airy reports whether a blank line stands within the blocks of a point; then the points need one too.
func airy(blocks []markup.Block) bool {
	for i := 1; i < len(blocks); i++ {
		if spaced(blocks[i-1], blocks[i], true) {
			return true
		}
	}
	return false
}

func (b *body) block(block markup.Block, m *margin) {
	switch block := block.(type) {
	case markup.Heading:
		b.heading(block, m)
	case markup.Paragraph:
		b.text(m, block.Text, inkPlain)
	case markup.Code:
		b.code(block, m)
	case markup.List:
		b.list(block, m)
	case markup.Quote:
		bar := piece{text: "│ ", ink: inkDim}
		b.blocks(block.Blocks, b.within(m, bar, bar), false)
	case markup.Admonition:
		b.admonition(block, m)
	case markup.Table:
		b.table(block, m)
	case markup.Rule:
		b.put(m, line{{text: strings.Repeat("─", min(b.room(m), 20)), ink: inkDim}})
	}
}

// heading draws a title; without colour the marks of Markdown tell it from text.
func (b *body) heading(h markup.Heading, m *margin) {
	var w writing
	if !b.style.Colour {
		w.say(strings.Repeat("#", h.Level)+" ", inkTitle)
	}
	w.spans(b.style, h.Text, inkTitle, true)
	b.wrap(m, w.words)
}

// text draws spans, each Break on a new line.
func (b *body) text(m *margin, spans []markup.Span, i ink) {
	for len(spans) > 0 {
		end := slices.IndexFunc(spans, func(s markup.Span) bool { return s.Break })
		if end < 0 {
			end = len(spans)
		}
		var w writing
		w.spans(b.style, spans[:end], i, true)
		b.wrap(m, w.words)
		spans = spans[min(end+1, len(spans)):]
	}
}

// code draws lines as they are. One that is too long goes on in the next line, behind a mark.
func (b *body) code(c markup.Code, m *margin) {
	const indent = 4
	inner := b.within(m, blank(indent), blank(indent))
	for _, l := range c.Lines {
		head, rest := splitCode(markup.Verbatim(l), b.room(inner))
		b.put(inner, line{{text: head, ink: inkCode}})
		for rest != "" && b.left > 0 {
			head, rest = splitCode(rest, b.room(inner)-2)
			b.put(inner, line{{text: "↪ ", ink: inkDim}, {text: head, ink: inkCode}})
		}
	}
}

// splitCode divides a line that is too long, before a space if one is near the end.
func splitCode(s string, columns int) (head, rest string) {
	head, rest = markup.Split(s, max(columns, 2))
	if i := strings.LastIndexByte(head, ' '); rest != "" && rest[0] != ' ' && i > len(head)/2 && strings.TrimSpace(head[:i]) != "" {
		return s[:i], s[i:]
	}
	return head, rest
}

// list draws points behind bullets or numbers.
func (b *body) list(l markup.List, m *margin) {
	digits := len(strconv.Itoa(l.Start + len(l.Items) - 1))
	airy := slices.ContainsFunc(l.Items, func(it markup.ListItem) bool { return airy(it.Blocks) })
	for i, it := range l.Items {
		if b.left <= 0 {
			return
		}
		if i > 0 && airy {
			b.put(m, nil)
		}
		sign := piece{text: "• ", ink: inkDim}
		if l.Ordered {
			number := strconv.Itoa(l.Start + i)
			sign = piece{text: strings.Repeat(" ", digits-len(number)) + number + ". "}
		}
		switch it.Task {
		case markup.Open:
			sign.text += "[ ] "
		case markup.Done:
			sign.text += "[x] "
		case markup.NoTask:
		}
		b.blocks(it.Blocks, b.within(m, sign, blank(markup.Width(sign.text))), true)
	}
}

// admonition draws a block behind a bar, headed by what kind it is.
func (b *body) admonition(a markup.Admonition, m *margin) {
	sign := mark(a.Status)
	bar := piece{text: "│ ", ink: sign.ink}
	inner := b.within(m, bar, bar)
	var w writing
	w.put(sign)
	w.space()
	w.say(a.Label+":", inkTitle)
	w.say(" "+a.Title, inkTitle)
	blocks := a.Blocks
	if len(blocks) > 0 && a.Title == "" {
		if first, ok := blocks[0].(markup.Paragraph); ok && !slices.ContainsFunc(first.Text, func(s markup.Span) bool { return s.Break }) {
			w.space()
			w.spans(b.style, first.Text, inkPlain, true)
			blocks = blocks[1:]
		}
	}
	b.wrap(inner, w.words)
	if len(blocks) > 0 {
		if len(blocks) < len(a.Blocks) && spaced(a.Blocks[0], blocks[0], false) {
			b.put(inner, nil)
		}
		b.blocks(blocks, inner, false)
	}
}

// spans adds text of a document, in an ink where it has no look of its own. Addresses stay in one piece,
// so that they can be copied, if whole.
func (w *writing) spans(s Style, spans []markup.Span, i ink, whole bool) {
	text := make(card.Text, len(spans)) // as fields say it, for where links lead
	for n, span := range spans {
		text[n] = card.Span{Text: span.Text, URL: span.URL}
	}
	hosts := destinations(text)
	for n, span := range spans {
		own := i
		if span.Strong {
			own = inkTitle
		}
		if span.Strike {
			w.say("~~", inkDim)
			own = inkDim
		}
		if span.Image {
			w.say("image: ", inkDim)
		}
		switch {
		case span.Break:
			w.space()
		case span.URL != "" && span.URL == span.Text:
			w.put(piece{text: span.URL, ink: inkLink, url: span.URL, whole: whole})
			w.glued = true
		case span.URL != "":
			w.link(s, text[n], hosts[n], false, 0)
		case span.Code:
			w.code(s, span.Text, true)
		default:
			w.say(span.Text, own)
		}
		if span.Strike {
			w.say("~~", inkDim)
		}
	}
}
