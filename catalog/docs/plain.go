package docs

import (
	"strings"
	"unicode"
)

// Plain gives a line of Markdown as words: links by their label, without marks of emphasis and
// code, on one line.
func Plain(markdown string) string {
	var b strings.Builder
	rest := markdown
	for rest != "" {
		i := strings.IndexAny(rest, "[]!*_`<\\")
		if i < 0 {
			b.WriteString(rest)
			break
		}
		b.WriteString(rest[:i])
		rest = plainMark(&b, rest[i:])
	}
	clean := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && !unicode.IsSpace(r) {
			return -1
		}
		return r
	}, b.String())
	return strings.Join(strings.Fields(clean), " ")
}

// plainMark writes what the mark at the start of s stands for and gives what follows it.
func plainMark(b *strings.Builder, s string) string {
	switch s[0] {
	case '\\':
		if len(s) > 1 && strings.IndexByte("\\`*_[]<>#!", s[1]) >= 0 {
			b.WriteByte(s[1])
			return s[2:]
		}
	case '!':
		if strings.HasPrefix(s, "![") {
			return s[1:]
		}
	case '[':
		return s[1:]
	case ']':
		if strings.HasPrefix(s, "](") {
			if end := closing(s); end > 0 {
				return s[end+1:]
			}
		}
		return s[1:]
	case '*', '`':
		return s[1:]
	case '_': // within a word one is a letter: hold_minutes
		if strings.HasPrefix(s, "__") {
			return strings.TrimLeft(s, "_")
		}
		if before := b.String(); before != "" && isWordByte(before[len(before)-1]) && len(s) > 1 && isWordByte(s[1]) {
			break
		}
		return s[1:]
	case '<':
		if end := strings.IndexByte(s, '>'); end > 0 && len(s) > 1 && (s[1] == '/' || s[1] == '!' || unicode.IsLetter(rune(s[1]))) {
			if inner := s[1:end]; strings.Contains(inner, "://") || strings.Contains(inner, "@") {
				b.WriteString(inner)
			}
			return s[end+1:]
		}
	}
	b.WriteByte(s[0])
	return s[1:]
}

// closing gives the place of the bracket that ends a link's address, which may hold pairs of them; 0 for none.
func closing(s string) int {
	open := 0
	for i := range len(s) {
		switch s[i] {
		case '\\', '\n':
			return max(strings.IndexByte(s, ')'), 0)
		case '(':
			open++
		case ')':
			if open--; open == 0 {
				return i
			}
		}
	}
	return max(strings.IndexByte(s, ')'), 0)
}

func isWordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// FirstSentence gives the first sentence of a section's text, below its headings, as one plain line of at most
// limit characters; "" where the text begins with a list, a table or code.
func FirstSentence(body string, limit int) string {
	var words []string
	var scan scanner
	for line := range strings.Lines(body) {
		line = strings.TrimRight(line, "\n")
		trimmed := strings.TrimSpace(line)
		if level, _ := atx(line); trimmed == "" || level > 0 {
			if len(words) > 0 {
				break
			}
			continue
		}
		if scan.code(line) || isItem(trimmed) || strings.ContainsAny(trimmed[:1], "#|>!:<") || strings.HasPrefix(trimmed, "???") {
			break
		}
		words = append(words, trimmed)
	}
	text := Plain(strings.Join(words, " "))
	for i := range len(text) - 1 {
		if (text[i] == '.' || text[i] == '!' || text[i] == '?') && text[i+1] == ' ' && i > 20 {
			text = text[:i+1]
			break
		}
	}
	return shorten(text, limit)
}

// isItem reports whether a line without its indent begins a list's item.
func isItem(trimmed string) bool {
	return len(trimmed) > 1 && strings.IndexByte("-*+", trimmed[0]) >= 0 && trimmed[1] == ' ' || isNumbered(trimmed)
}

// shorten cuts a text at a word.
func shorten(s string, most int) string {
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	cut := string(runes[:max(most-1, 0)])
	if i := strings.LastIndexByte(cut, ' '); i > len(cut)/2 {
		cut = cut[:i]
	}
	return strings.TrimRight(cut, " ,;:") + "…"
}
