package docs

import (
	"path"
	"strings"
	"unicode/utf8"
)

// MaxSteps is how many steps of a runbook are shown before the rest has to be asked for.
const MaxSteps = 12

// Cut is the beginning of a section's Markdown.
type Cut struct {
	Text  string
	Steps int  // that the whole section has: items of its lists at the first level
	Left  int  // steps beyond the cut
	Short bool // text beyond the cut was left out
}

// Steps cuts Markdown after so many steps and characters, at the end of a line and never within a
// block of code. A most of 0 means all steps.
func Steps(markdown string, most, runes int) Cut {
	var cut Cut
	var scan scanner
	var b strings.Builder
	room := runes
	done := false
	opened := ""
	for line := range strings.Lines(markdown) {
		before := scan.fence
		item := !scan.code(line) && before == "" && isStep(line)
		if item {
			cut.Steps++
		}
		switch n := utf8.RuneCountInString(line); {
		case done:
		case item && most > 0 && cut.Steps > most, n+len(before)+2 > room:
			done = true
			opened = before
		default:
			room -= n
			b.WriteString(line)
		}
		if done && item {
			cut.Left++
		}
	}
	cut.Short = done
	cut.Text = strings.TrimRight(b.String(), "\n")
	if opened != "" {
		cut.Text += "\n" + opened
	}
	return cut
}

// isStep reports whether a line begins an item of a list at the first level.
func isStep(line string) bool {
	return line != "" && line[0] != ' ' && line[0] != '\t' && isItem(line)
}

// FirstStep gives the first step as one plain line of at most limit characters, or "".
func FirstStep(markdown string, limit int) string {
	var scan scanner
	for line := range strings.Lines(markdown) {
		line = strings.TrimRight(line, "\n")
		if !scan.code(line) && isStep(line) {
			if isNumbered(line) {
				line = strings.TrimLeft(line, "0123456789")
			}
			return shorten(Plain(strings.TrimLeft(line, "-*+.) ")), limit)
		}
	}
	return ""
}

// Rebase makes links to other files of the repository whole: base is the address of the repository's
// files, ending in a slash, and file the page that the Markdown is of. Without a base, or where a
// link leaves the repository, its label stays as text.
func Rebase(markdown, base, file string) string {
	var b strings.Builder
	var scan scanner
	for line := range strings.Lines(markdown) {
		if scan.code(line) {
			b.WriteString(line)
			continue
		}
		rebaseLine(&b, line, base, file)
	}
	return b.String()
}

func rebaseLine(b *strings.Builder, line, base, file string) {
	for {
		i := strings.Index(line, "](")
		end := -1
		if i >= 0 {
			end = strings.IndexByte(line[i:], ')')
		}
		if end < 0 || strings.Count(line[:i], "`")%2 == 1 {
			b.WriteString(line)
			return
		}
		target, title, _ := strings.Cut(strings.TrimSpace(line[i+2:i+end]), " ")
		b.WriteString(line[:i+2] + rebased(target, base, file))
		if title != "" {
			b.WriteString(" " + title)
		}
		b.WriteByte(')')
		line = line[i+end+1:]
	}
}

// rebased gives the whole address of a link's target.
func rebased(target, base, file string) string {
	name, fragment, _ := strings.Cut(target, "#")
	if base == "" || strings.HasPrefix(target, "/") || strings.Contains(target, ":") || strings.HasPrefix(target, "<") {
		return target
	}
	at := file
	if name != "" {
		inside, fine := within(".", path.Join(path.Dir(file), name))
		if !fine {
			return target
		}
		at = inside
	}
	if fragment != "" {
		at += "#" + fragment
	}
	return base + at
}
