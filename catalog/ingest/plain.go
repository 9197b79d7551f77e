package ingest

import (
	"slices"
	"strings"

	"callboard/catalog"
)

// plainParser reads the small part of YAML in which most descriptors but templates are written:
// block mappings and lists, scalars on one line with or without quotes, literal blocks, short flow lists. It
// takes a tenth of the time of yaml.v3. At the first sign of anything else it gives up, and yaml.v3 reads
// the text. What it does read comes out exactly as from yaml.v3; FuzzPlain holds it to that.
type plainParser struct {
	rest   string // what follows the line
	depth  int    // levels allowed
	dollar bool   // some key starts with a dollar sign

	// The line to be read, which holds more than a comment.
	line   string
	indent int   // -1 at the end of the text
	number int32 // in the file
}

// plain reads the text if it keeps to the plain part; else it reports false. The text was sanitized.
func (p *parser) plain(source []byte) (*value, bool) {
	in := plainParser{rest: string(source), number: p.lines, depth: p.depth}
	if strings.ContainsAny(in.rest, "\t\r") {
		return nil, false
	}
	in.advance()
	if in.indent == 0 && strings.HasPrefix(in.line, "---") {
		if strings.TrimRight(in.line, " ") != "---" {
			return nil, false
		}
		in.advance()
	}
	v := &value{at: catalog.Pos{Line: in.number, Column: 1}}
	if in.indent != 0 || !in.mapping(v, 0, 1) || in.indent >= 0 {
		return nil, false
	}
	p.dollar = p.dollar || in.dollar
	return v, true
}

// advance goes to the next line that holds more than a comment.
func (p *plainParser) advance() {
	for p.rest != "" {
		p.line, p.rest, _ = strings.Cut(p.rest, "\n")
		p.number++
		p.indent = 0
		for p.indent < len(p.line) && p.line[p.indent] == ' ' {
			p.indent++
		}
		if p.indent < len(p.line) && p.line[p.indent] != '#' {
			if strings.TrimRight(p.line, " ") == "..." {
				break // split ends its chunks here
			}
			return
		}
	}
	p.line, p.indent = "", -1
}

func (p *plainParser) at(column int) catalog.Pos {
	return catalog.Pos{Line: p.number, Column: int32(column) + 1}
}

// mapping reads the entries that stand at an indentation.
func (p *plainParser) mapping(v *value, indent, level int) bool {
	v.kind, v.keys, v.items = objectKind, make([]string, 0, 6), make([]value, 0, 6)
	for p.indent == indent {
		if !p.entry(v, indent, level) {
			return false
		}
	}
	return p.indent < indent
}

// entry reads one key, which stands in the present line at column, and its value.
func (p *plainParser) entry(v *value, column, level int) bool {
	key, from := plainKey(p.line, column)
	if key == "" || slices.Contains(v.keys, key) || len(v.keys) > 64 || level >= p.depth {
		return false
	}
	if key[0] == '$' {
		p.dollar = true
	}
	v.keys, v.items = append(v.keys, key), append(v.items, value{})
	item := &v.items[len(v.items)-1]
	keyAt := p.at(column)
	if from < len(p.line) && p.line[from] == '|' {
		return p.literal(item, from, column)
	}
	if from < len(p.line) && p.line[from] != '#' {
		if !p.inline(item, from, level+1) {
			return false
		}
		p.advance()
		if item.kind == listKind {
			item.at = keyAt
		}
		return p.indent <= column
	}
	item.at, item.plain = keyAt, true
	p.advance()
	switch {
	case p.indent >= column && isDash(p.line, p.indent):
		item.plain = false
		return p.list(item, p.indent, level+1)
	case p.indent > column:
		item.plain = false
		return p.mapping(item, p.indent, level+1)
	default:
		return true
	}
}

func isDash(line string, column int) bool {
	return column+1 < len(line) && line[column] == '-' && line[column+1] == ' '
}

// list reads the items whose dashes stand at an indentation.
func (p *plainParser) list(v *value, indent, level int) bool {
	v.kind, v.items = listKind, make([]value, 0, 4)
	for p.indent == indent && isDash(p.line, indent) {
		from := skipBlanks(p.line, indent+1)
		if from == len(p.line) || level >= p.depth {
			return false
		}
		v.items = append(v.items, value{})
		item := &v.items[len(v.items)-1]
		if key, _ := plainKey(p.line, from); key != "" {
			item.at = p.at(from)
			item.kind, item.keys, item.items = objectKind, make([]string, 0, 4), make([]value, 0, 4)
			if !p.entry(item, from, level+1) {
				return false
			}
			for p.indent == from {
				if !p.entry(item, from, level+1) {
					return false
				}
			}
		} else {
			if !p.inline(item, from, level+1) {
				return false
			}
			p.advance()
		}
		if p.indent > indent {
			return false
		}
	}
	return true
}

// plainKey reads the key of an entry that starts at a column, and gives where its value starts.
func plainKey(line string, column int) (key string, value int) {
	end := column
	for end < len(line) && isKeyByte(line[end]) {
		end++
	}
	if end == column || end-column > 200 || end == len(line) || line[end] != ':' || end+1 < len(line) && line[end+1] != ' ' {
		return "", 0
	}
	key = line[column:end]
	if !isAlpha(key[0]) && key[0] != '$' || coreKind(key) != textKind {
		return "", 0
	}
	return key, skipBlanks(line, end+1)
}

func isAlpha(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func isKeyByte(c byte) bool { return isNameByte(c) || c == '/' || c == '$' }

func skipBlanks(line string, i int) int {
	for i < len(line) && line[i] == ' ' {
		i++
	}
	return i
}

// inline reads a value that ends with the present line.
func (p *plainParser) inline(v *value, from, level int) bool {
	v.at = p.at(from)
	text := p.line[from:]
	switch c := text[0]; {
	case c == '"' || c == '\'':
		return quoted(v, text)
	case c == '[':
		return p.flowList(v, from, level)
	case isAlnum(c) || c == '/' || c == '.' || c == '$' || c == '(' || c == '+' || c >= 0x80:
		if i := strings.Index(text, " #"); i >= 0 {
			text = text[:i]
		}
		text = strings.TrimRight(text, " ")
		if strings.Contains(text, ": ") || text[len(text)-1] == ':' {
			return false
		}
		v.text, v.plain, v.kind = text, true, coreKind(text)
		return true
	default:
		return false
	}
}

// literal reads the text whose | stands in the present line, behind a key at column, and goes to the line that
// follows it.
func (p *plainParser) literal(v *value, from, column int) bool {
	v.at, v.kind = p.at(from), textKind
	strip := p.line[from:] == "|-"
	indent := len(p.rest) - len(strings.TrimLeft(p.rest, " "))
	if !strip && p.line[from:] != "|" || indent <= column || indent == len(p.rest) || p.rest[indent] == '\n' {
		return false
	}
	var text strings.Builder
	end := 0 // of the text without the breaks that end it
	for p.rest != "" {
		line, rest, whole := strings.Cut(p.rest, "\n")
		blanks := len(line) - len(strings.TrimLeft(line, " "))
		if blanks < len(line) && blanks < indent {
			break
		}
		if !whole || blanks == len(line) && blanks > indent {
			return false // rare enough
		}
		text.WriteString(line[min(indent, len(line)):])
		if blanks < len(line) {
			end = text.Len()
		}
		text.WriteByte('\n')
		p.rest = rest
		p.number++
	}
	if !strip {
		end++
	}
	v.text = text.String()[:end]
	p.advance()
	return p.indent <= column
}

// quoted reads a text in quotes that holds nothing to be replaced.
func quoted(v *value, text string) bool {
	end := strings.IndexByte(text[1:], text[0]) + 1
	if end == 0 || text[0] == '"' && strings.IndexByte(text[:end], '\\') >= 0 || !endsLine(text[end+1:]) {
		return false
	}
	v.kind, v.text = textKind, text[1:end]
	return true
}

// endsLine reports whether nothing but a comment follows a value.
func endsLine(rest string) bool {
	trimmed := strings.TrimLeft(rest, " ")
	return trimmed == "" || trimmed[0] == '#' && len(trimmed) < len(rest)
}

// flowList reads a list in brackets of plain words.
func (p *plainParser) flowList(v *value, from, level int) bool {
	end := strings.IndexByte(p.line[from:], ']') + from
	if end < from || !endsLine(p.line[end+1:]) || level >= p.depth {
		return false
	}
	v.kind, v.items = listKind, []value{}
	i := skipBlanks(p.line, from+1)
	for i < end {
		start := i
		for i < end && isKeyByte(p.line[i]) {
			i++
		}
		word := p.line[start:i]
		if word == "" || !isAlnum(word[0]) {
			return false
		}
		v.items = append(v.items, value{kind: coreKind(word), plain: true, text: word, at: p.at(start)})
		if i = skipBlanks(p.line, i); i == end {
			break
		}
		if p.line[i] != ',' {
			return false
		}
		if i = skipBlanks(p.line, i+1); i == end {
			return false // a comma at the end is rare enough
		}
	}
	return true
}
