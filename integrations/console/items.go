package console

import (
	"slices"
	"strconv"
	"strings"

	"callboard/bot/card"
)

// row is an item made ready to draw.
type row struct {
	first, further line // what stands before the words, on the first and on further lines
	words, details []word
}

// items draws rows: what they are in one column, details in another; below each other in a narrow
// window.
func (d *drawing) items(items []card.Item) {
	rows := d.rows(items)
	column := 0
	for _, r := range rows {
		if n := r.width(); n <= 2*d.style.Width/5 && len(r.details) > 0 {
			column = max(column, n)
		}
	}
	column += 2
	for _, r := range rows {
		switch {
		case len(r.details) == 0:
			d.block(r.first, r.further, r.words, maxRowLines)
		case d.style.Width < narrow:
			separated := append(r.words, word{{text: "—", ink: inkDim}})
			d.block(r.first, r.further, append(separated, r.details...), maxRowLines)
		case r.width()+2 <= column:
			first := append(r.first, joined(r.words)...)
			d.block(append(first, blank(column-r.width())), padded(r.further, column), r.details, maxRowLines)
		default:
			d.block(r.first, r.further, r.words, maxRowLines)
			rest := padded(r.further, column)
			d.block(rest, rest, r.details, maxRowLines)
		}
	}
}

// width gives the columns of a row without its details, on one line.
func (r row) width() int { return width(r.first) + width(joined(r.words)) }

func joined(words []word) line {
	var l line
	for i, w := range words {
		if i > 0 {
			l = append(l, blank(1))
		}
		l = append(l, w...)
	}
	return l
}

func padded(l line, columns int) line {
	return append(slices.Clip(l), blank(columns-width(l)))
}

// rows gives items their numbers, branches, and marks or bullets.
func (d *drawing) rows(items []card.Item) []row {
	depths, deepest := depths(items, d.style.Width/2)
	step := 0
	if deepest > 0 {
		step = min(max(d.style.Width/2/deepest, 1), 3)
	}
	digits, marked := d.columns(items)
	repeated := repeats(items)
	rows, number := make([]row, len(items)), 0
	for i, it := range items {
		r := &rows[i]
		if digits > 0 {
			label := ""
			if it.Action != "" {
				number++
				label = strconv.Itoa(number)
			}
			r.add(piece{text: strings.Repeat(" ", digits-len(label)) + label + " ", ink: inkCode}, blank(digits+1))
		}
		sign := mark(it.Status)
		switch {
		case step > 0:
			r.add(branch(depths, i, step))
			if sign.text != "" {
				r.add(sign, blank(1))
				r.add(blank(1), blank(1))
			}
		case digits == 0 || marked:
			if sign.text == "" && digits == 0 {
				sign = piece{text: "•", ink: inkDim}
			}
			r.add(sign, blank(1))
			r.add(blank(2-width(line{sign})), blank(1))
		}
		r.words, r.details = d.style.row(it, d.style.Width)
		if !d.style.Numbers && it.Action != "" && repeated[it.Text.Plain()] > 1 {
			w := writing{words: r.details}
			w.say("→ "+it.Action, inkCode)
			r.details = w.words
		}
	}
	return rows
}

func (r *row) add(first, further piece) {
	r.first, r.further = append(r.first, first), append(r.further, further)
}

// columns gives how many digits the numbers of rows take, 0 for none, and whether a row has a mark.
func (d *drawing) columns(items []card.Item) (digits int, marked bool) {
	numbers := 0
	for _, it := range items {
		if it.Action != "" {
			numbers++
		}
		marked = marked || it.Status != card.None
	}
	if d.style.Numbers && numbers > 0 {
		digits = len(strconv.Itoa(numbers))
	}
	return digits, marked
}

// repeats counts rows that say the same, which only their command tells apart.
func repeats(items []card.Item) map[string]int {
	n := make(map[string]int, len(items))
	for _, it := range items {
		n[it.Text.Plain()]++
	}
	return n
}

// depths gives each item's place in the tree, with impossible ones, and those for which the window is
// too narrow, moved to the nearest possible.
func depths(items []card.Item, limit int) (all []int, deepest int) {
	before := -1
	for _, it := range items {
		n := min(max(it.Depth, 0), before+1, limit, card.MaxDepth)
		all = append(all, n)
		deepest = max(deepest, n)
		before = n
	}
	return all, deepest
}

// branch draws the tree's lines before the ith row, and those before its further lines; step is the
// columns of a level.
func branch(depths []int, i, step int) (first, further piece) {
	var a, b strings.Builder
	for level := 1; level <= depths[i]; level++ {
		more := follows(depths, i, level)
		through := " "
		if more {
			through = "│"
		}
		through += strings.Repeat(" ", step-1)
		b.WriteString(through)
		if level < depths[i] {
			a.WriteString(through)
			continue
		}
		arms := "└─ "
		if more {
			arms = "├─ "
		}
		if step == 2 {
			arms = strings.Replace(arms, "─", "", 1)
		}
		a.WriteString(string([]rune(arms)[:step]))
	}
	return piece{text: a.String(), ink: inkDim}, piece{text: b.String(), ink: inkDim}
}

// follows reports whether a later row continues the branch of a level that the ith row is on.
func follows(depths []int, i, level int) bool {
	for _, n := range depths[i+1:] {
		if n <= level {
			return n == level
		}
	}
	return false
}
