package markup

import "strings"

// Draw lays a table out with characters, for type in which all have the same width. It is false for one that is wider
// than so many columns. The lines have passed Terminal.
func (t Table) Draw(widest int) (lines []string, fits bool) {
	cells := append([][]Cell{t.Header}, t.Rows...)
	widths := make([]int, len(t.Header))
	total := 0
	for _, row := range cells {
		for i, c := range row {
			if i < len(widths) {
				widths[i] = max(widths[i], Width(c.Plain()))
			}
		}
	}
	for _, w := range widths {
		total += w + 2
	}
	if total > widest {
		return nil, false
	}
	for n, row := range cells {
		var b strings.Builder
		for i, c := range row[:min(len(row), len(widths))] {
			text := c.Plain()
			b.WriteString(text + strings.Repeat(" ", max(widths[i]-Width(text), 0)+2))
		}
		lines = append(lines, strings.TrimRight(b.String(), " "))
		if n == 0 {
			lines = append(lines, strings.Repeat("─", max(total-2, 1)))
		}
	}
	return lines, true
}

// Plain gives the text of a cell on one line, as Terminal makes it.
func (c Cell) Plain() string {
	var b strings.Builder
	for _, s := range c {
		b.WriteString(Terminal(s.Text))
		if s.Break {
			b.WriteByte(' ')
		}
	}
	return b.String()
}
