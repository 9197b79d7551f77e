package docs

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"callboard/catalog"
)

// Split reads a page. It never fails: what cannot be understood stays in the text as it is, with a
// problem that tells the author. The caller fills in Blob.
func Split(at catalog.Origin, text []byte) *Page {
	p := &Page{Source: at.Source, Path: at.Path, Revision: at.Revision}
	s := splitter{page: p, at: at}
	text = s.readable(text)
	front, body, lines := cutFront(text)
	s.front(front, lines)
	s.split(string(body), lines)
	s.title()
	return p
}

type splitter struct {
	page  *Page
	at    catalog.Origin
	named string // title of the front matter
}

func (s *splitter) problem(line int, text, fix string) {
	origin := s.at
	origin.Line = line
	s.page.Problems = append(s.page.Problems, catalog.Problem{
		Origin: origin, Severity: catalog.Warning, Rule: catalog.RuleDocs, Text: text, Fix: fix,
	})
}

// readable makes text of bytes, cut to the limit.
func (s *splitter) readable(text []byte) []byte {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	if len(text) > MaxPageBytes {
		s.problem(0, "the page has "+strconv.Itoa(len(text)>>10)+" KiB; the first "+strconv.Itoa(MaxPageBytes>>10)+" are read", "split it into several pages")
		text = text[:MaxPageBytes]
		for i := 1; i < utf8.UTFMax && i <= len(text); i++ { // not in the middle of a character
			if r := text[len(text)-i]; utf8.RuneStart(r) {
				if !utf8.FullRune(text[len(text)-i:]) {
					text = text[:len(text)-i]
				}
				break
			}
		}
	}
	if !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0 {
		s.problem(lineOfBad(text), "the page is not UTF-8; what cannot be read is shown as �", "save it as UTF-8")
		text = bytes.ReplaceAll(bytes.ToValidUTF8(text, []byte("�")), []byte{0}, []byte("�"))
	}
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	return bytes.ReplaceAll(text, []byte("\r"), []byte("\n"))
}

// lineOfBad is the line of the first byte that is no text.
func lineOfBad(text []byte) int {
	line := 1
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		switch {
		case r == utf8.RuneError && n == 1, r == 0:
			return line
		case r == '\n':
			line++
		}
		text = text[n:]
	}
	return line
}

// cutFront parts the front matter, a block between two lines of ---, from the text below it. Lines
// counts those in front of the body.
func cutFront(text []byte) (front, body []byte, lines int) {
	first, rest, found := bytes.Cut(text, []byte("\n"))
	if !found || strings.TrimRight(string(first), " \t") != "---" {
		return nil, text, 0
	}
	lines = 1
	for from := 0; from < len(rest); {
		line := rest[from:]
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			line = line[:i+1]
		}
		lines++
		if mark := strings.TrimRight(string(line), " \t\n"); mark == "---" || mark == "..." {
			return rest[:from], rest[from+len(line):], lines
		}
		from += len(line)
	}
	return nil, text, 0 // a rule without an end is a rule
}

// front reads title and tags. Front matter that is no YAML becomes a section of its own, as source.
func (s *splitter) front(front []byte, lines int) {
	if front == nil {
		return
	}
	var root yaml.Node
	err := yaml.Unmarshal(front, &root)
	if err == nil && len(root.Content) > 0 && root.Content[0].Kind != yaml.MappingNode {
		err = errors.New("it is no mapping")
	}
	if err != nil {
		s.problem(1, "the front matter is shown as it stands: "+yamlFault(err), "correct the YAML between the two lines of ---")
		s.page.Sections = append(s.page.Sections, Section{Line: 1, Last: lines, Body: "```yaml\n" + string(front) + "```"})
		return
	}
	if len(root.Content) == 0 {
		return
	}
	s.named = Plain(text(field(root.Content[0], "title")))
	if tags := field(root.Content[0], "tags"); tags != nil {
		for _, item := range tags.Content {
			if len(s.page.Tags) < 20 {
				s.page.Tags = append(s.page.Tags, Plain(text(item)))
			}
		}
	}
}

// split cuts the body at its headings. Lines is how many lines stand before it.
func (s *splitter) split(body string, lines int) {
	p := s.page
	var scan scanner
	anchors := map[string]int{}
	current := Section{Line: lines + 1}
	var b strings.Builder
	previous := "" // the line before, which an underline would make a heading
	number := lines
	flush := func(last int) {
		current.Last = max(last, current.Line)
		current.Body = cutBytes(strings.Trim(b.String(), "\n"), MaxSectionBytes)
		b.Reset()
		if current.Level > 0 || strings.TrimSpace(current.Body) != "" {
			p.Sections = append(p.Sections, current)
		}
	}
	start := func(level int, heading string, line int) {
		words, id := explicitID(heading)
		current = Section{Heading: Plain(words), Level: level, Line: line, Trail: s.trail(level)}
		current.Anchor = unique(anchors, orSlug(id, current.Heading))
	}
	for line := range strings.Lines(body) {
		number++
		line = strings.TrimRight(line, "\n")
		level, heading := 0, ""
		under := 0
		if !scan.code(line) {
			level, heading = atx(line)
			under = underline(previous, line)
		}
		full := len(p.Sections) >= MaxSections
		switch {
		case level > 0 && !full:
			flush(number - 1)
			start(level, heading, number)
			previous = ""
			continue
		case under > 0 && !full:
			text := strings.TrimSuffix(b.String(), previous+"\n")
			b.Reset()
			b.WriteString(text)
			flush(number - 2)
			start(under, strings.TrimSpace(previous), number-1)
			previous = ""
			continue
		case (level > 0 || under > 0) && len(p.Problems) == 0:
			s.problem(number, "the page has more than "+strconv.Itoa(MaxSections)+" headings; the rest is one section", "split it into several pages")
		}
		b.WriteString(line)
		b.WriteByte('\n')
		previous = line
		if scan.inside() {
			previous = ""
		}
	}
	flush(number)
}

// trail gives the headings above a new one of the level.
func (s *splitter) trail(level int) []string {
	var out []string
	for i := len(s.page.Sections) - 1; i >= 0 && level > 1; i-- {
		if above := s.page.Sections[i]; above.Level > 0 && above.Level < level {
			out = append([]string{above.Heading}, out...)
			level = above.Level
		}
	}
	return out
}

// title settles what the page is called.
func (s *splitter) title() {
	p := s.page
	p.Title = s.named
	for i := 0; p.Title == "" && i < len(p.Sections); i++ {
		if p.Sections[i].Level == 1 {
			p.Title = p.Sections[i].Heading
		}
	}
	if p.Title == "" {
		p.Title = spaced(stem(p.Path))
	}
}

// spaced reads a file's name as words; names of alerts stay as they are.
func spaced(name string) string {
	return strings.TrimSpace(strings.NewReplacer("-", " ", "_", " ").Replace(name))
}

// scanner follows fenced code.
type scanner struct {
	fence string // what closes the block that is open; "" outside
}

// code reports whether the line is part of a code block, its fences included.
func (s *scanner) code(line string) bool {
	trimmed := strings.Trim(line, " \t\n")
	if s.fence != "" {
		if strings.HasPrefix(trimmed, s.fence) && strings.Trim(trimmed, s.fence[:1]+" \t") == "" {
			s.fence = ""
		}
		return true
	}
	if f := fenceOf(trimmed); f != "" {
		s.fence = f
		return true
	}
	return strings.HasPrefix(line, "    ") || strings.HasPrefix(line, "\t")
}

func (s *scanner) inside() bool { return s.fence != "" }

// fenceOf gives the fence that opens a code block, or "".
func fenceOf(trimmed string) string {
	for _, mark := range []string{"`", "~"} {
		n := len(trimmed) - len(strings.TrimLeft(trimmed, mark))
		if n >= 3 && (mark == "~" || !strings.Contains(trimmed[n:], "`")) {
			return strings.Repeat(mark, n)
		}
	}
	return ""
}

// atx reads "## Heading ##".
func atx(line string) (level int, heading string) {
	trimmed := strings.TrimLeft(line, " ")
	level = len(trimmed) - len(strings.TrimLeft(trimmed, "#"))
	if level == 0 || level > 6 {
		return 0, ""
	}
	rest := trimmed[level:]
	if rest != "" && rest[0] != ' ' && rest[0] != '\t' {
		return 0, ""
	}
	heading = strings.TrimSpace(rest)
	if bare := strings.TrimRight(heading, "#"); bare == "" || strings.HasSuffix(bare, " ") || strings.HasSuffix(bare, "\t") {
		heading = strings.TrimSpace(bare)
	}
	return level, heading
}

// underline gives the level of the heading that a line of = or - makes of the line before it.
func underline(previous, line string) int {
	previous, line = strings.TrimSpace(previous), strings.TrimSpace(line)
	if previous == "" || len(line) < 2 || strings.ContainsAny(previous[:1], "#>|-*+") || strings.Contains(previous, " | ") || isNumbered(previous) {
		return 0
	}
	switch strings.Trim(line, line[:1]) + line[:1] {
	case "=":
		return 1
	case "-":
		return 2
	}
	return 0
}

func isNumbered(line string) bool {
	rest := strings.TrimLeft(line, "0123456789")
	return rest != line && len(rest) > 1 && (rest[0] == '.' || rest[0] == ')') && rest[1] == ' '
}

// explicitID cuts {#id} off the end of a heading.
func explicitID(heading string) (words, id string) {
	open := strings.LastIndex(heading, "{#")
	if open < 0 || !strings.HasSuffix(heading, "}") {
		return heading, ""
	}
	return strings.TrimSpace(heading[:open]), strings.Fields(heading[open+2:len(heading)-1] + " ")[0]
}

func orSlug(id, heading string) string {
	if id != "" {
		return id
	}
	return slug(heading)
}

// slug makes the fragment by which TechDocs and forges address a heading.
func slug(heading string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(heading) {
		switch {
		case unicode.IsLetter(r) || unicode.IsNumber(r) || r == '_' || r == '-':
			b.WriteRune(r)
		case unicode.IsSpace(r):
			b.WriteByte('-')
		}
	}
	return strings.Trim(b.String(), "-")
}

func unique(seen map[string]int, anchor string) string {
	if anchor == "" {
		anchor = "section"
	}
	n := seen[anchor]
	seen[anchor]++
	if n == 0 {
		return anchor
	}
	return unique(seen, anchor+"_"+strconv.Itoa(n))
}

// cutBytes cuts a text at the end of a line.
func cutBytes(s string, most int) string {
	if len(s) <= most {
		return s
	}
	if i := strings.LastIndexByte(s[:most], '\n'); i > 0 {
		return s[:i]
	}
	return strings.ToValidUTF8(s[:most], "")
}
