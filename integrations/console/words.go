package console

import (
	"strings"

	"callboard/bot/card"
	"callboard/bot/card/markup"
)

// text adds a card's text in an ink; columns is how much room its lines will have.
func (w *writing) text(s Style, t card.Text, i ink, columns int) {
	links := 0
	for _, span := range t {
		if span.URL != "" {
			links++
		}
	}
	for n, span := range t {
		switch {
		case !span.At.IsZero() && span.Age:
			w.unbroken(s.age(span.At), i)
		case !span.At.IsZero():
			w.unbroken(s.moment(span.At), i)
		case span.URL != "":
			w.link(s, t, n, links, columns)
		case span.Code:
			w.code(s, span.Text, len(t) > 1)
		default:
			w.say(span.Text, i)
		}
	}
}

// code adds text to be read letter by letter. Within other text and without colour, quotes hold several
// words together.
func (w *writing) code(s Style, text string, within bool) {
	if within && !s.Colour && strings.Contains(strings.TrimSpace(text), " ") {
		text = "`" + text + "`"
	}
	w.say(text, inkCode)
}

// link adds the nth span of t, a link, and where it leads. A single link without a hyperlink shows its
// whole address if that fits into one line; of several links that follow each other to the same host,
// the last shows the host.
func (w *writing) link(s Style, t card.Text, n, links, columns int) {
	to, ok := markup.ParseAddress(t[n].URL)
	if !ok {
		w.say(t[n].Text, inkPlain)
		return
	}
	if w.label(t[n], to) {
		return
	}
	switch {
	case links == 1 && !s.Colour && len(to.URL) <= columns:
		w.space()
		w.add(to.URL, inkDim, "")
	case nextHost(t[n+1:]) != to.Host:
		w.space()
		w.add("("+to.Host+")", inkDim, "")
	}
}

// label adds a link's words, and reports whether they are its address already. Words that pretend to be
// another address give way to the true one.
func (w *writing) label(span card.Span, to markup.Address) bool {
	words := strings.TrimSpace(markup.Terminal(span.Text))
	isAddress := words == "" || words == to.URL || words == span.URL || to.Claims(words)
	if isAddress {
		words = to.URL
	}
	w.add(words, inkLink, to.URL)
	return isAddress
}

// nextHost gives the host of the next link in t, if one follows.
func nextHost(t card.Text) string {
	for _, span := range t {
		if span.URL != "" {
			to, _ := markup.ParseAddress(span.URL)
			return to.Host
		}
	}
	return ""
}

// row gives an item's words and details. The address of a row's only link stands in the details, whole.
func (s Style) row(it card.Item, columns int) (words, details []word) {
	var w, d writing
	if i, to, ok := onlyLink(it.Text); ok {
		w.text(s, it.Text[:i], inkPlain, columns)
		if !w.label(it.Text[i], to) {
			d.put(piece{text: to.URL, ink: inkCode, url: to.URL, whole: true})
			if !it.Detail.Empty() {
				d.say(" · ", inkDim)
			}
		}
		w.text(s, it.Text[i+1:], inkPlain, columns)
	} else {
		w.text(s, it.Text, inkPlain, columns)
	}
	d.text(s, it.Detail, inkDim, columns)
	return w.words, d.words
}

// onlyLink finds the link in a text that has just one.
func onlyLink(t card.Text) (at int, to markup.Address, ok bool) {
	links := 0
	for i, span := range t {
		if span.URL != "" {
			at, links = i, links+1
		}
	}
	if links != 1 {
		return 0, to, false
	}
	to, ok = markup.ParseAddress(t[at].URL)
	return at, to, ok
}
