package discord

import (
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"callboard/bot/card"
	"callboard/bot/card/markup"
)

// maxSection is how many characters one fact or paragraph may take; console and docs have the whole of it.
const maxSection = 1_000

// escaped makes a text safe where Discord reads Markdown: nothing in it formats, mentions, links or is an emoji. A
// backslash before any ASCII punctuation shows that character. Hyphens, full stops, plus and number signs mean something
// only at the start of a line, so they are escaped there alone.
func escaped(s string) string {
	s = markup.Terminal(s)
	var b strings.Builder
	b.Grow(len(s) + 8)
	start := true // nothing but digits and blanks so far
	for i, r := range s {
		switch {
		case strings.ContainsRune("\\*_~`|<>@[]", r),
			r == ':' && (strings.HasPrefix(s[i:], "://") || emoji(s[i:])),
			start && strings.ContainsRune("-+.#", r):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
		start = start && (r == ' ' || r >= '0' && r <= '9')
	}
	return b.String()
}

// emoji reports whether s, which begins with a colon, begins with what reads as the name of an emoji.
func emoji(s string) bool {
	name, _, closed := strings.Cut(s[1:], ":")
	return closed && name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return r != '_' && r != '+' && r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
}

// escapedUpTo escapes as much of a text as fits into so many characters.
func escapedUpTo(s string, limit int) string {
	if limit < 2 {
		return ""
	}
	s = markup.Terminal(s)
	for short := limit; ; {
		e := escaped(card.Cut(s, short))
		over := utf8.RuneCountInString(e) - limit
		if over <= 0 {
			return e
		}
		if short -= max(over/2, 1); short < 2 {
			return ""
		}
	}
}

// plain is a text of one line where Discord reads no markup: labels, titles of modals. It is never empty.
func plain(s string, limit int) string {
	s = strings.TrimSpace(card.Cut(markup.Terminal(s), limit))
	if s == "" {
		return "–"
	}
	return s
}

// look is how words look; its zero value is plain.
type look struct{ bold, italic, strike, code bool }

func (l look) marks() string {
	marks := ""
	if l.bold {
		marks += "**"
	}
	if l.italic {
		marks += "*"
	}
	if l.strike {
		marks += "~~"
	}
	return marks
}

// writing collects Markdown of one paragraph, up to maxSection characters.
type writing struct {
	b    strings.Builder
	used int  // characters
	full bool // something was cut, which an ellipsis says
}

// left is the room there is, without that for the ellipsis.
func (w *writing) left() int { return maxSection - 1 - w.used }

// raw writes Markdown of our own. What does not fit is left out whole, and so is what follows.
func (w *writing) raw(s string) bool {
	n := utf8.RuneCountInString(s)
	switch {
	case w.full:
		return false
	case n > w.left():
		w.full = true
		w.b.WriteString("…")
		w.used++
		return false
	}
	w.b.WriteString(s)
	w.used += n
	return true
}

// say writes text that nobody vouches for, on one line. Marks stand close to words, else Discord shows them.
func (w *writing) say(s string, l look) {
	s = markup.Terminal(s)
	words := strings.TrimSpace(s)
	if words == "" {
		if s != "" {
			w.raw(" ")
		}
		return
	}
	marks := l.marks()
	before, after := "", ""
	if s[0] == ' ' {
		before = " "
	}
	if s[len(s)-1] == ' ' {
		after = " "
	}
	room := w.left() - 2*len(marks) - len(before) - len(after)
	if l.code {
		words = code(words, room)
	} else {
		words = escapedUpTo(words, room)
	}
	if words == "" { // not even the beginning fits
		w.raw(s)
		return
	}
	w.raw(before + marks + words + mirrored(marks) + after)
	w.full = w.full || strings.HasSuffix(words, "…") && !strings.HasSuffix(s, "…")
}

// mirrored is what closes marks.
func mirrored(marks string) string {
	if marks == "**~~" || marks == "*~~" {
		return "~~" + strings.TrimSuffix(marks, "~~")
	}
	if marks == "***~~" {
		return "~~***"
	}
	return marks
}

// code is text within backticks, in which Discord reads nothing. A backtick in it would end it.
func code(s string, room int) string {
	if strings.Contains(s, "`") {
		return escapedUpTo(s, room)
	}
	if room < 3 {
		return ""
	}
	return "`" + card.Cut(s, room-2) + "`"
}

// link writes words that lead to an address, followed by its host unless they say it. Words that claim to lead
// elsewhere give way to the address. Discord follows only addresses of the Web.
func (w *writing) link(words, address string, l look) {
	to, ok := markup.ParseAddress(address)
	words = strings.TrimSpace(markup.Terminal(words))
	if !ok {
		w.say(words, l)
		return
	}
	if mail, is := strings.CutPrefix(to.URL, "mailto:"); is {
		w.say(words, l)
		if to := to.Host; words != to && words != mail {
			w.say(" ("+to+")", look{})
		}
		return
	}
	target := "<" + strings.ReplaceAll(to.URL, `\`, "%5C") + ">"
	if words == "" || words == to.URL || to.Claims(words) {
		if !w.raw(target) {
			w.say(to.Host, l)
		}
		return
	}
	host := ""
	if !strings.Contains(strings.ToLower(words), to.Host) {
		host = " (" + escaped(to.Site) + ")"
	}
	room := w.left() - utf8.RuneCountInString(target+host) - len("[]()") - 2*len(l.marks())
	words = strings.NewReplacer("[", "(", "]", ")").Replace(words) // Discord pairs brackets, escaped or not
	label := escapedUpTo(words, min(room, 300))
	if label == "" { // no room for the address
		w.say(words, l)
		return
	}
	w.raw(l.marks() + "[" + label + "](" + target + ")" + mirrored(l.marks()) + host)
}

// text writes a text of a card.
func (w *writing) text(t card.Text) {
	for _, s := range t {
		switch {
		case !s.At.IsZero():
			w.raw(moment(s.At, s.Age))
		case s.URL != "":
			w.link(s.Text, s.URL, look{})
		case channelID(s) != "":
			w.raw("<#" + channelID(s) + ">") // Discord shows its name; it calls nobody
		default:
			w.say(s.Text, look{code: s.Code})
		}
	}
}

// channelID gives the id of the channel of Discord that a span means; "" for none.
func channelID(s card.Span) string {
	id := s.In(platform)
	if !regexp.MustCompile(`^[1-9][0-9]{14,19}$`).MatchString(id) {
		return ""
	}
	return id
}

// moment is a time that each reader sees in their own zone. An age is counted by the reader's Discord, so that it stays
// true for as long as the message is seen.
func moment(t time.Time, age bool) string {
	style := "f"
	if age {
		style = "R"
	}
	return "<t:" + strconv.FormatInt(t.Unix(), 10) + ":" + style + ">"
}

func (w *writing) String() string { return w.b.String() }
