package console

import (
	"strings"

	"callboard/bot/card/markup"
)

// columnGap is the space between the columns of a table; minColumn what a column is never squeezed below.
const (
	columnGap = 2
	minColumn = 16
)

// table draws columns, or in a window too narrow for them each row as a list of what is in it.
func (b *body) table(t markup.Table, m *margin) {
	if len(t.Header) == 0 {
		return
	}
	widths, ok := columns(b.style, t, b.room(m))
	if !ok {
		b.records(t, m)
		return
	}
	b.row(t, t.Header, widths, m, inkTitle)
	rule := line{}
	for i, n := range widths {
		if i > 0 {
			rule = append(rule, blank(columnGap))
		}
		rule = append(rule, piece{text: strings.Repeat("─", n), ink: inkDim})
	}
	b.put(m, rule)
	for _, r := range t.Rows {
		if b.left <= 0 {
			return
		}
		b.row(t, r, widths, m, inkPlain)
	}
}

// columns gives the width of each column: what its longest text takes, or where all do not fit, a fair
// share of what the shorter ones leave. It is false where that is too little to read.
func columns(s Style, t markup.Table, room int) (widths []int, ok bool) {
	room -= columnGap * (len(t.Header) - 1)
	widths = make([]int, len(t.Header))
	for _, r := range append([][]markup.Cell{t.Header}, t.Rows...) {
		for i := range min(len(r), len(widths)) {
			widths[i] = max(widths[i], width(joined(cell(s, r[i], inkPlain))), 1)
		}
	}
	fits := func(limit int) bool {
		total := 0
		for _, n := range widths {
			total += min(n, limit)
		}
		return total <= room
	}
	limit := room
	for limit > 0 && !fits(limit) {
		limit--
	}
	for i, n := range widths {
		if n > limit && limit < minColumn {
			return nil, false
		}
		widths[i] = min(n, limit)
	}
	return widths, true
}

// cell gives the words of a field of a table.
func cell(s Style, c markup.Cell, i ink) []word {
	var w writing
	w.spans(s, c, i, false)
	return w.words
}

// row draws cells beside each other, each wrapped within its column.
func (b *body) row(t markup.Table, cells []markup.Cell, widths []int, m *margin, i ink) {
	columns, height := make([][]line, len(widths)), 1
	for n := range min(len(cells), len(widths)) {
		columns[n] = wrap(cell(b.style, cells[n], i), widths[n], maxValueLines)
		height = max(height, len(columns[n]))
	}
	for y := range height {
		var l line
		for n, width := range widths {
			if n > 0 {
				l = append(l, blank(columnGap))
			}
			var text line
			if y < len(columns[n]) {
				text = columns[n][y]
			}
			l = append(l, aligned(text, width, t.Align[n])...)
		}
		b.put(m, l)
	}
}

// aligned fills a text up to a column.
func aligned(l line, columns int, side markup.Align) line {
	left, right := 0, max(columns-width(l), 0)
	switch side {
	case markup.Right:
		left, right = right, 0
	case markup.Middle:
		left = right / 2
		right -= left
	case markup.Left:
	}
	return append(append(line{blank(left)}, l...), blank(right))
}

// records draws each row as "Header: value", one below the other.
func (b *body) records(t markup.Table, m *margin) {
	rows := t.Rows
	if len(rows) == 0 {
		rows = [][]markup.Cell{make([]markup.Cell, len(t.Header))}
	}
	for _, r := range rows {
		if b.left <= 0 {
			return
		}
		inner := b.within(m, piece{text: "• ", ink: inkDim}, blank(2))
		for n := range min(len(r), len(t.Header)) {
			var w writing
			w.spans(b.style, t.Header[n], inkLabel, false)
			if len(w.words) > 0 && len(r[n]) > 0 {
				w.say(": ", inkLabel)
			}
			w.spans(b.style, r[n], inkPlain, true)
			if len(r[n]) > 0 || len(t.Rows) == 0 {
				b.wrap(inner, w.words)
			}
		}
	}
}
