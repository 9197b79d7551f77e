package markup

import (
	"strings"

	"github.com/rivo/uniseg"
)

// Width gives the columns that a text takes on a terminal: two for most of Chinese, Japanese, Korean
// and emoji, none for combining marks. The text has passed Terminal.
func Width(s string) int {
	if ascii(s) {
		return len(s)
	}
	return uniseg.StringWidth(s)
}

// Cut shortens a text that has passed Terminal to at most columns, with an ellipsis in its last column
// where something was left out. It cuts after a word where that keeps at least half, never inside a
// character. With no columns there is nothing left.
func Cut(s string, columns int) string {
	if Width(s) <= columns {
		return s
	}
	if columns < 1 {
		return ""
	}
	head, _ := Split(s, columns-1)
	if i := strings.LastIndexByte(head, ' '); i >= 0 && 2*Width(head[:i]) >= columns && s[len(head)] != ' ' {
		head = head[:i]
	}
	return strings.TrimRight(head, " ,;:·—-") + "…"
}

// Split divides a text that has passed Terminal after as many characters as fit into columns. The rest
// is empty when all fits; the head is empty when not even the first character does.
func Split(s string, columns int) (head, rest string) {
	if ascii(s) {
		n := min(max(columns, 0), len(s))
		return s[:n], s[n:]
	}
	used, end, state := 0, 0, -1
	for rest = s; rest != ""; {
		var cluster string
		var width int
		cluster, rest, width, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if used+width > columns {
			break
		}
		used += width
		end += len(cluster)
	}
	return s[:end], s[end:]
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
