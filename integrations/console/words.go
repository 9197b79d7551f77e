package console

import (
	"strings"

	"callboard/bot/card"
	"callboard/bot/card/markup"
)

// text adds a card's text in an ink; columns is how much room its lines will have.
func (w *writing) text(s Style, t card.Text, i ink, columns int) {
	_, _, single := onlyLink(t)
	hosts := destinations(t)
	for n, span := range t {
		switch {
		case !span.At.IsZero() && span.Age:
			w.unbroken(s.age(span.At), i)
		case !span.At.IsZero():
			w.unbroken(s.moment(span.At), i)
		case span.URL != "":
			w.link(s, span, hosts[n], single, columns)
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

// link adds a link and where it leads: a single one that is no hyperlink its whole address, if that fits
// into one line; others the host that destinations gives.
func (w *writing) link(s Style, span card.Span, host string, single bool, columns int) {
	to, ok := markup.ParseAddress(span.URL)
	if !ok {
		w.say(span.Text, inkPlain)
		return
	}
	if w.label(span, to) {
		return
	}
	switch {
	case single && !s.Colour && len(to.URL) <= columns:
		w.space()
		w.add(to.URL, inkDim, "")
	case host != "":
		w.space()
		w.add("("+host+")", inkDim, "")
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

// destinations gives the hosts to show after a text's spans. Of links in a row that lead to the same site
// the last shows it, so that a line of them stays short: the host if they share it, else the site.
func destinations(t card.Text) map[int]string {
	hosts := make(map[int]string)
	last := -1
	var before markup.Address
	for i, span := range t {
		to, ok := markup.ParseAddress(span.URL)
		if !ok {
			continue
		}
		hosts[i] = to.Host
		if last >= 0 && before.Site == to.Site {
			if hosts[last] != to.Host {
				hosts[i] = "*." + to.Site
			}
			delete(hosts, last)
		}
		last, before = i, to
	}
	return hosts
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
