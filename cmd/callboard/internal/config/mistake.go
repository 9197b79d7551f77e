package config

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"callboard/catalog"
)

// maxMistakes is how many mistakes an InvalidError lists at most.
const maxMistakes = 50

// Mistake is one thing wrong in a configuration file.
type Mistake struct {
	File string
	Line int    // 1-based; 0 where the file as a whole is meant
	Key  string // as in catalog.sources[0].git; "" where no key is meant
	Text string // what is wrong and what to do; never holds what may be a secret
}

// String reads "file:line: key: text".
func (m Mistake) String() string {
	place := m.File
	if m.Line > 0 {
		place += ":" + strconv.Itoa(m.Line)
	}
	if m.Key != "" {
		place += ": " + m.Key
	}
	return place + ": " + m.Text
}

// InvalidError is a configuration file with mistakes, sorted by line.
type InvalidError struct{ Mistakes []Mistake }

// Error lists the mistakes, one a line.
func (e *InvalidError) Error() string {
	lines := make([]string, 0, len(e.Mistakes)+1)
	for i, m := range e.Mistakes {
		if i == maxMistakes {
			lines = append(lines, fmt.Sprintf("and %d more", len(e.Mistakes)-i))
			break
		}
		lines = append(lines, m.String())
	}
	return strings.Join(lines, "\n")
}

func (d *decoder) err() error {
	if len(d.mistakes) == 0 {
		return nil
	}
	slices.SortStableFunc(d.mistakes, func(a, b Mistake) int { return cmp.Compare(a.Line, b.Line) })
	return &InvalidError{d.mistakes}
}

// mistake records what is wrong with the value of key, at the line where it was read or of the
// nearest key around it. It does not, when that value could not even be read.
func (d *decoder) mistake(key, format string, args ...any) {
	for k := key; k != ""; k = parent(k) {
		if d.wrong[k] {
			return
		}
	}
	d.mistakeAt(d.line(key), key, format, args...)
}

// misread records why the value of key could not be read.
func (d *decoder) misread(n *yaml.Node, key, format string, args ...any) {
	d.wrong[key] = true
	d.mistakeAt(n.Line, key, format, args...)
}

func (d *decoder) mistakeAt(line int, key, format string, args ...any) {
	d.mistakes = append(d.mistakes, Mistake{d.file, line, key, fmt.Sprintf(format, args...)})
}

func (d *decoder) line(key string) int {
	for ; key != ""; key = parent(key) {
		if line, found := d.lines[key]; found {
			return line
		}
	}
	return 0
}

// parent gives the key around key, or "".
func parent(key string) string { return key[:max(0, strings.LastIndexAny(key, ".["))] }

// quote shows a value from the file, shortened.
func quote(text string) string {
	const most = 60
	if utf8.RuneCountInString(text) > most {
		text = string([]rune(text)[:most-1]) + "…"
	}
	return strconv.Quote(text)
}

// closest gives the one of known that text was most likely meant to be, or "".
func closest(text string, known []string) string {
	best, least := "", 3
	for _, candidate := range known {
		if len(text) > 2*len(candidate)+3 {
			continue
		}
		d := catalog.Typos(squash(text), squash(candidate), least)
		if d < least && d <= len(candidate)/2 {
			best, least = candidate, d
		}
	}
	return best
}

// squash makes fileBytes, file-bytes and file_bytes alike.
func squash(key string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(key))
}
