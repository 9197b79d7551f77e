package card

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Ellipsis stands for what was left out.
const Ellipsis = "…"

// Cut keeps at most limit characters (runes) of a text, with an ellipsis as the last of them where something was left
// out. It cuts after a word where that keeps at least half.
func Cut(s string, limit int) string {
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	runes := []rune(s)
	end := limit - 1
	for i := end; i >= limit/2; i-- {
		if unicode.IsSpace(runes[i]) {
			end = i
			break
		}
	}
	return strings.TrimRightFunc(string(runes[:end]), unicode.IsSpace) + Ellipsis
}
