package ingest

import (
	"bytes"
	"strings"

	"callboard/catalog"
)

// maxPatience is how many bytes of a file may be parsed again to find the lines of its syntax errors.
// Beyond it the line is the one that yaml.v3 names.
const maxPatience = 1 << 19

// explain makes a fault of a syntax error of yaml.v3, which often names the line where the broken
// mapping began rather than the one that breaks it.
func (p *parser) explain(source []byte, line int, message string) error {
	line = p.brokenLine(source, max(line, 1))
	text := lineOf(source, line)
	bad := &fault{
		at:   catalog.Pos{Line: p.lines + int32(line), Column: int32(indent(text)) + 1},
		text: "this is not YAML: " + message, value: shorten(strings.TrimSpace(text)),
		fix: "check the quotes, colons and indentation of this line and the one above it",
	}
	switch {
	case hasTemplate(text):
		bad.fix = "a skeleton of a template must be kept out of the source's paths; elsewhere put the value in quotes"
	case strings.Contains(text[:indent(text)], "\t"):
		bad.fix = "indent with spaces in place of tabs"
	case strings.Contains(message, "mapping values are not allowed"):
		bad.fix = "put the value in quotes if it holds a colon; else correct the indentation"
	case strings.Contains(message, "cannot start any token"):
		bad.fix = "put the value in quotes"
	case strings.HasPrefix(message, "unknown anchor"):
		bad.fix = "define the anchor (&name) before the alias, in the same document"
	}
	return bad
}

// brokenLine finds the line of a syntax error: the one after the longest beginning of the text that
// is YAML by itself, looking from the reported line on.
func (p *parser) brokenLine(source []byte, reported int) int {
	end, n, found := 0, 0, 0
	for end < len(source) {
		next := bytes.IndexByte(source[end:], '\n')
		if next < 0 {
			break
		}
		end, n = end+next+1, n+1
		if n < reported-1 || n < 1 {
			continue
		}
		if p.patience -= end; p.patience < 0 || n > reported+200 {
			break
		}
		if _, err := decode(source[:end]); err == nil {
			found = n
		}
	}
	if found >= reported {
		return found + 1
	}
	return reported
}

func lineOf(source []byte, n int) string {
	i := 0
	for line := range bytes.Lines(source) {
		if i++; i == n {
			return strings.TrimRight(string(line), "\r\n")
		}
	}
	return ""
}

func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " \t")) }
