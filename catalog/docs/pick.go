package docs

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Unit is what a runbook answers with: a section with those below it, or a whole page that is about
// one alert.
type Unit struct {
	Page    *ShelvedPage
	Whole   bool    // the page is about one alert
	Section Section // of a whole page the first one; its Body counts for searches only
	Title   string
	Text    string // Markdown, with the headings of sections below
}

// Address names a unit within its entity: the page's path and the section's anchor.
func (u *Unit) Address() string {
	if u.Whole || u.Section.Anchor == "" {
		return u.Page.Path
	}
	return u.Page.Path + "#" + u.Section.Anchor
}

// Units gives what the runbook pages among pages can answer with, in reading order.
func Units(pages []ShelvedPage) []Unit {
	var out []Unit
	for i := range pages {
		if pages[i].Runbook {
			out = append(out, pageUnits(&pages[i])...)
		}
	}
	return out
}

func pageUnits(p *ShelvedPage) []Unit {
	var links definitions
	parts := p.Parts()
	if len(p.Sections) == 0 {
		return nil
	}
	if len(parts) == 0 || aboutOneAlert(&p.Page) {
		return []Unit{{Page: p, Whole: true, Section: p.Sections[0], Title: p.Title, Text: wholeText(p)}}
	}
	var out []Unit
	for i, s := range p.Sections {
		if len(parts) == 0 || parts[0].Line != s.Line { // both are in order
			continue
		}
		parts = parts[1:]
		out = append(out, Unit{Page: p, Section: s, Title: s.Heading, Text: withBelow(p.Sections, i, &links)})
	}
	return out
}

// SectionUnit gives the unit of a section of any page by its anchor; the whole page for "".
func SectionUnit(p *ShelvedPage, anchor string) (Unit, bool) {
	if anchor == "" && len(p.Sections) > 0 {
		return Unit{Page: p, Whole: true, Section: p.Sections[0], Title: p.Title, Text: wholeText(p)}, true
	}
	for i, s := range p.Sections {
		if s.Anchor == anchor && anchor != "" {
			return Unit{Page: p, Section: s, Title: s.Heading, Text: withBelow(p.Sections, i, new(definitions))}, true
		}
	}
	return Unit{}, false
}

// aboutOneAlert reports whether a page answers as a whole: its file is called as alerts are, or its
// headings are those of an alert's runbook.
func aboutOneAlert(p *Page) bool {
	name := stem(p.Path)
	if len(camel(name)) > 1 && !strings.ContainsAny(name, " -_.") {
		return true
	}
	known, second := 0, 0
	for _, s := range p.Sections {
		if s.Level != 2 {
			continue
		}
		second++
		switch strings.ToLower(strings.TrimRight(s.Heading, ":?")) {
		case "meaning", "impact", "diagnosis", "mitigation", "full context", "context", "symptom", "symptoms", "cause", "causes",
			"resolution", "remediation", "investigation", "verification", "escalation", "summary", "description", "severity":
			known++
		}
	}
	return known >= 2 && known*2 > second
}

// wholeText is the text of a page below its title.
func wholeText(p *ShelvedPage) string {
	var b strings.Builder
	for i, s := range p.Sections {
		writeSection(&b, &s, i > 0 && (s.Level != 1 || s.Heading != p.Title))
	}
	return strings.TrimSpace(b.String())
}

// withBelow is the text of a section and of those below it, with the headings of the latter, and with the addresses
// of its links where those stand elsewhere on the page.
func withBelow(sections []Section, at int, links *definitions) string {
	var b strings.Builder
	writeSection(&b, &sections[at], false)
	end := at + 1
	for ; end < len(sections) && sections[end].Level > sections[at].Level; end++ {
		writeSection(&b, &sections[end], true)
	}
	text := strings.TrimSpace(b.String())
	if !strings.Contains(text, "]") {
		return text
	}
	lower := ""
	var found strings.Builder
	for _, d := range links.of(sections) {
		if d.section >= at && d.section < end {
			continue
		}
		if lower == "" {
			lower = strings.ToLower(text)
		}
		if strings.Contains(lower, d.label) {
			found.WriteString("\n" + d.line)
		}
	}
	if found.Len() > 0 {
		text += "\n" + found.String()
	}
	return text
}

// definitions are the addresses of links that stand on lines of their own, of a page; found at the first use.
type definitions struct {
	all   []linkTarget
	found bool
}

type linkTarget struct {
	section     int
	label, line string // the label in lower case, with its brackets
}

// maxDefinitions bounds the addresses of one page that are looked for in each of its sections.
const maxDefinitions = 500

func (d *definitions) of(sections []Section) []linkTarget {
	if d.found {
		return d.all
	}
	d.found = true
	for i := range sections {
		var scan scanner
		for line := range strings.Lines(sections[i].Body) {
			line = strings.TrimRight(line, "\n")
			if label := definition(line); !scan.code(line) && label != "" && len(d.all) < maxDefinitions {
				d.all = append(d.all, linkTarget{i, strings.ToLower(label), line})
			}
		}
	}
	return d.all
}

// definition gives the label, brackets included, of a line such as [raft]: https://raft.example; "" of others.
func definition(line string) string {
	label, address, found := strings.Cut(strings.TrimLeft(line, " "), "]:")
	if !found || len(label) < 2 || label[0] != '[' || label[1] == '^' || strings.TrimSpace(address) == "" {
		return ""
	}
	return label + "]"
}

func writeSection(b *strings.Builder, s *Section, headed bool) {
	if headed && s.Heading != "" && s.Level > 1 {
		b.WriteString(strings.Repeat("#", max(s.Level, 2)) + " " + s.Heading + "\n\n")
	}
	if s.Body != "" {
		b.WriteString(s.Body + "\n\n")
	}
}

// Picked is what a symptom was found to mean.
type Picked struct {
	Unit   *Unit   // the one that fits clearly; nil when none does
	Others []Unit  // further ones that fit, best first; of an unclear pick all, at most MaxOthers
	Taken  []Taken // words that no unit holds, and those that were looked for instead
}

// Taken is a mistyped word, and what it was taken for.
type Taken struct{ Typed, For string }

// MaxOthers is how many units are offered beside, or instead of, a picked one.
const MaxOthers = 8

// A unit is picked when it scores this much more than the next.
const clearly = 1.15

// Pick finds the unit that a symptom in plain words, or the name of an alert, means. The only error is that ctx is over.
func Pick(ctx context.Context, symptom string, units []Unit) (Picked, error) {
	if i := named(symptom, units); i >= 0 {
		return Picked{Unit: &units[i]}, nil
	}
	words := unfold(Words(symptom))
	if len(words) == 0 {
		return Picked{}, nil
	}
	all, err := unitTexts(ctx, units)
	if err != nil {
		return Picked{}, err
	}
	words, taken := correct(words, all)
	type scored struct {
		unit int
		fit
	}
	var fits []scored
	for i, f := range weigh(words, all) {
		if f.many && f.share >= minShare {
			fits = append(fits, scored{i, f})
		}
	}
	slices.SortStableFunc(fits, func(a, b scored) int { return cmp.Compare(b.score, a.score) })
	p := Picked{Taken: taken}
	if len(fits) == 0 {
		return p, nil
	}
	best := fits[0]
	rest := fits
	if len(fits) == 1 || best.score >= clearly*fits[1].score {
		p.Unit = &units[best.unit]
		rest = fits[1:]
	}
	for _, f := range rest {
		if len(p.Others) < MaxOthers && f.score*2 >= best.score {
			p.Others = append(p.Others, units[f.unit])
		}
	}
	return p, nil
}

// minTypo is how long a word is at least that may be mistyped.
const minTypo = 4

// correct puts in place of each word that no text holds, nor one that means the same, the word that resembles it
// most often found in them.
func correct(words []string, all []texts) (out []string, taken []Taken) {
	out = slices.Clone(words)
	var known map[string]int // words of the texts, and how often they are there; counted when a word is missing
	for i, a := range askedWords(words) {
		if utf8.RuneCountInString(a.word) < minTypo || slices.ContainsFunc(all, func(t texts) bool { return t.hold(&a) }) {
			continue
		}
		if known == nil {
			known = vocabulary(all)
		}
		best := ""
		for word, n := range known {
			if Resembles(a.word, word) && (best == "" || n > known[best] || n == known[best] && word < best) {
				best = word
			}
		}
		if best != "" {
			out[i] = best
			taken = append(taken, Taken{a.word, best})
		}
	}
	return distinctWords(out), taken
}

// hold reports whether texts have a word or one that means the same. The beginning of the word is not enough:
// filesytem is no kind of files.
func (t *texts) hold(a *asked) bool {
	for _, list := range [][]string{t.heading, t.title, t.trail, t.tags} {
		for _, found := range list {
			if strings.HasPrefix(found, a.word) || a.like(found) >= kinShare {
				return true
			}
		}
	}
	return mentions(t.body, a.root, 1) > 0
}

func vocabulary(all []texts) map[string]int {
	known := map[string]int{}
	for i := range all {
		t := &all[i]
		for _, list := range [][]string{t.heading, t.title, t.trail, t.tags} {
			for _, word := range list {
				known[word] += 5 // what headings say was meant to be found
			}
		}
		for word := range strings.FieldsFuncSeq(t.body, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) }) {
			known[word]++
		}
	}
	return known
}

// named finds the only unit whose title or file is called exactly so; -1 for none.
func named(symptom string, units []Unit) int {
	asked := strings.Join(tokens(symptom), "")
	found := -1
	for i := range units {
		u := &units[i]
		called := asked == strings.Join(tokens(u.Title), "") || u.Whole && asked == strings.Join(tokens(stem(u.Page.Path)), "")
		if asked == "" || !called {
			continue
		}
		if found >= 0 {
			return -1
		}
		found = i
	}
	return found
}

func unitTexts(ctx context.Context, units []Unit) ([]texts, error) {
	all := make([]texts, len(units))
	for i := range units {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		u := &units[i]
		all[i] = texts{
			heading: tokens(u.Title), trail: tokens(strings.Join(u.Section.Trail, " ")),
			tags: tokens(strings.Join(u.Page.Tags, " ")), body: strings.ToLower(Spread(u.Text)),
		}
		if u.Whole {
			all[i].heading = append(all[i].heading, tokens(stem(u.Page.Path))...)
			slices.Sort(all[i].heading)
			all[i].heading = slices.Compact(all[i].heading)
		}
	}
	return all, nil
}
