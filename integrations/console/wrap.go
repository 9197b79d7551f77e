package console

import (
	"strings"

	"callboard/bot/card/markup"
)

// piece is text of one ink that is safe to print.
type piece struct {
	text string
	ink  ink
	url  string // where it leads: an address made printable by markup.ParseAddress

	whole bool // never broken, even if it is wider than the window: the terminal wraps it, and it can be copied
}

// word is pieces with no place to break between them; line is what is printed in one.
type (
	word []piece
	line []piece
)

func width[L ~[]piece](l L) int {
	n := 0
	for _, p := range l {
		n += markup.Width(p.text)
	}
	return n
}

func blank(columns int) piece { return piece{text: strings.Repeat(" ", max(columns, 0))} }

// writing collects words. Text enters through say and address, which defuse it.
type writing struct {
	words []word
	glued bool // the next text continues the last word
}

// say adds text that may come from anywhere.
func (w *writing) say(s string, i ink) { w.add(markup.Terminal(s), i, "") }

// unbroken adds text that stays on one line, spaces and all.
func (w *writing) unbroken(s string, i ink) {
	w.put(piece{text: markup.Terminal(s), ink: i})
	w.glued = true
}

// space allows a break here.
func (w *writing) space() { w.glued = false }

// add splits safe text at its spaces.
func (w *writing) add(s string, i ink, url string) {
	for s != "" {
		if s[0] == ' ' {
			w.glued = false
			s = s[1:]
			continue
		}
		end := strings.IndexByte(s, ' ')
		if end < 0 {
			end = len(s)
		}
		w.put(piece{text: s[:end], ink: i, url: url})
		w.glued = true
		s = s[end:]
	}
}

// put adds a piece to the last word or as a new one. Separators and units stay with the word before them.
func (w *writing) put(p piece) {
	if p.text == "" {
		return
	}
	last := len(w.words) - 1
	switch {
	case last >= 0 && w.glued:
		w.words[last] = append(w.words[last], p)
	case last >= 0 && (p.text == "·" || p.text == "—" || p.text == "→" || p.text == "%"):
		w.words[last] = append(w.words[last], blank(1), p)
	default:
		w.words = append(w.words, word{p})
	}
}

// wrap sets words into lines of at most columns. After limit lines the rest is left out, which an
// ellipsis shows. There is always one line, be it empty.
func wrap(words []word, columns, limit int) []line {
	columns = max(columns, 1)
	lines := []line{nil}
	used := 0
	next := func() {
		lines = append(lines, nil)
		used = 0
	}
	for _, w := range words {
		if len(lines) > limit {
			break
		}
		n := width(w)
		if used > 0 && used+1+n > columns {
			next()
		}
		if used > 0 {
			w, n = append(word{blank(1)}, w...), n+1
		}
		for n > columns && len(lines) <= limit && !whole(w) {
			var head word
			head, w = split(w, columns)
			lines[len(lines)-1] = line(head)
			next()
			n = width(w)
		}
		lines[len(lines)-1] = append(lines[len(lines)-1], w...)
		used += n
	}
	if len(lines) > limit {
		lines = lines[:limit]
		lines[limit-1] = ellipsis(lines[limit-1], columns)
	}
	return lines
}

// whole reports whether a word starts with an address that is not broken.
func whole(w word) bool { return w[0].whole || len(w) > 1 && w[1].whole && w[0].text == " " }

// split divides a word that is too long after as many columns as fit, at least one character.
func split(w word, columns int) (head, rest word) {
	left := columns
	for i, p := range w {
		n := markup.Width(p.text)
		if n <= left {
			head = append(head, p)
			left -= n
			continue
		}
		before, after := markup.Split(p.text, left)
		if before == "" && len(head) == 0 { // a wide character in one column
			before, after = markup.Split(p.text, 2)
		}
		if before != "" {
			head = append(head, piece{text: before, ink: p.ink, url: p.url})
		}
		if after != "" {
			rest = append(rest, piece{text: after, ink: p.ink, url: p.url})
		}
		return head, append(rest, w[i+1:]...)
	}
	return head, nil
}

// ellipsis marks a line as cut.
func ellipsis(l line, columns int) line {
	if width(l)+2 <= columns {
		return append(l, piece{text: " …", ink: inkDim})
	}
	head, _ := split(word(l), columns-1)
	return append(line(head), piece{text: "…", ink: inkDim})
}
