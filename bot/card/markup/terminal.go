package markup

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxMarks is how many combining marks in a row are kept. The scripts that stack most need four; more
// only serve to paint over the lines above and below.
const maxMarks = 8

// Terminal makes any text safe to print on one line of a terminal, without styling it. The result is
// valid UTF-8 and contains no control, bidirectional or zero-width character but combining marks:
// white space of every kind and length becomes one space, control characters become visible symbols
// (␛ for escape), and what is invisible or not text is removed or replaced by �.
func Terminal(s string) string {
	if plain(s) {
		return s
	}
	return defuse(s, false)
}

// tabStop is how far apart the columns are to which tabs lead in code.
const tabStop = 4

// Verbatim makes a line of code safe to print on a terminal: as Terminal does, but spaces stay as many as
// they are, and a tab becomes spaces up to the next multiple of four columns.
func Verbatim(s string) string {
	if strings.Contains(s, "\t") {
		var b strings.Builder
		column := 0
		for i, part := range strings.Split(s, "\t") {
			if i > 0 {
				n := tabStop - column%tabStop
				b.WriteString(strings.Repeat(" ", n))
				column += n
			}
			part = defuse(part, true)
			b.WriteString(part)
			column += Width(part)
		}
		return b.String()
	}
	return defuse(s, true)
}

// defuse is Terminal and, where every space counts, Verbatim.
func defuse(s string, everySpace bool) string {
	var b strings.Builder
	b.Grow(len(s))
	marks, spaced := maxMarks, false // a mark at the start would fall on whatever is printed before
	for _, r := range s {
		if unicode.IsSpace(r) || r == '\u2800' { // a blank pattern, of use only for looking like a space
			if !spaced || everySpace {
				b.WriteByte(' ')
			}
			marks, spaced = maxMarks, true // a mark on a space would look like one on the word before
			continue
		}
		r, ok := visible(r)
		if !ok {
			continue
		}
		if unicode.In(r, unicode.Mn, unicode.Me) {
			if marks++; marks > maxMarks {
				continue
			}
		} else {
			marks = 0
		}
		spaced = false
		b.WriteRune(r)
	}
	return b.String()
}

// plain reports whether s is printable ASCII without double spaces, which nearly all texts are.
func plain(s string) bool {
	var before byte
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c > '~' || c == ' ' && before == ' ' {
			return false
		}
		before = c
	}
	return true
}

// visible gives the character to show for r, which is no space, and whether to show one at all.
func visible(r rune) (rune, bool) {
	switch {
	case r < ' ':
		return '␀' + r, true
	case r == 0x7f:
		return '␡', true
	case r < 0xa0 && r >= 0x80, noncharacter(r):
		return utf8.RuneError, true
	case invisible(r):
		return 0, false
	}
	return r, true
}

// invisible reports whether r takes no place of its own and is no combining mark: bidirectional
// controls, zero-width spaces and joiners, tags, fillers, variation selectors. They serve to make two
// texts look alike, or to carry what nobody sees.
func invisible(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) ||
		r >= 0xe0000 && r <= 0xe0fff || // reserved for more of the same
		r >= 0x17b4 && r <= 0x17b5 || // Khmer inherent vowels
		r >= 0x180b && r <= 0x180f
}

func noncharacter(r rune) bool { return r&0xfffe == 0xfffe || r >= 0xfdd0 && r <= 0xfdef }
