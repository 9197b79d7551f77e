package ingest

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"callboard/catalog"
)

// valueKind is what a value of a document is.
type valueKind uint8

const (
	nullKind valueKind = iota
	boolKind
	numberKind
	textKind
	listKind
	objectKind
)

// String names the kind for people.
func (k valueKind) String() string {
	return [...]string{"empty", "true or false", "a number", "text", "a list", "a mapping"}[k]
}

// value is one node of a document after the YAML core rules were applied, aliases and placeholders
// replaced.
type value struct {
	kind  valueKind
	plain bool        // a scalar written without quotes
	text  string      // a scalar as written: for a text its content, else still YAML
	at    catalog.Pos // zero within what a placeholder brought
	keys  []string    // an object's keys in written order
	items []value     // an object's values, or a list's items
}

// get gives the field of an object called name, or nil.
func (v *value) get(name string) *value {
	if v == nil || v.kind != objectKind {
		return nil
	}
	if i := slices.Index(v.keys, name); i >= 0 {
		return &v.items[i]
	}
	return nil
}

// str is the content of a text, or "".
func (v *value) str() string {
	if v == nil || v.kind != textKind {
		return ""
	}
	return v.text
}

// own is str in memory of its own, for what outlives the text of the file.
func (v *value) own() string { return strings.Clone(v.str()) }

// replace gives v a new content that keeps the place of the old one.
func (v *value) replace(by value) {
	by.at = v.at
	*v = by
}

// appendJSON writes the value in its written field order, without escaping HTML.
func (v *value) appendJSON(b []byte) []byte {
	switch v.kind {
	case boolKind:
		return strconv.AppendBool(b, isTrue(v.text))
	case numberKind:
		return appendNumber(b, v.text)
	case textKind:
		return appendString(b, v.text)
	case listKind:
		b = append(b, '[')
		for i := range v.items {
			if i > 0 {
				b = append(b, ',')
			}
			b = v.items[i].appendJSON(b)
		}
		return append(b, ']')
	case objectKind:
		b = append(b, '{')
		for i := range v.items {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendString(b, v.keys[i]), ':')
			b = v.items[i].appendJSON(b)
		}
		return append(b, '}')
	default:
		return append(b, "null"...)
	}
}

func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	start := 0
	for i := range len(s) {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(append(b, s[start:]...), '"')
}

// sample shows a value in a problem, on one line and shortened.
func (v *value) sample() string {
	if v == nil {
		return ""
	}
	if v.kind < listKind {
		return shorten(v.text)
	}
	const enough = 300 // bytes from which 60 runes can surely be cut
	return shorten(string(v.appendSome(nil, enough)))
}

// appendSome is appendJSON that stops soon after n bytes.
func (v *value) appendSome(b []byte, n int) []byte {
	if v.kind < listKind {
		if v.kind == textKind && len(v.text) > n {
			return appendString(b, v.text[:n])
		}
		return v.appendJSON(b)
	}
	brackets := [2]byte{'[', ']'}
	if v.kind == objectKind {
		brackets = [2]byte{'{', '}'}
	}
	b = append(b, brackets[0])
	for i := range v.items {
		if len(b) > n {
			return b
		}
		if i > 0 {
			b = append(b, ',')
		}
		if v.kind == objectKind {
			b = append(appendString(b, v.keys[i]), ':')
		}
		b = v.items[i].appendSome(b, n)
	}
	return append(b, brackets[1])
}

// shorten puts text on one line of at most 60 runes.
func shorten(s string) string {
	const most = 60
	out, n := make([]byte, 0, min(len(s), 4*most)), 0
	for _, r := range s {
		if n++; n > most {
			return string(out) + "…"
		}
		if r < ' ' {
			r = ' '
		}
		out = utf8.AppendRune(out, r)
	}
	return string(out)
}
