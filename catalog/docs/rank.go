package docs

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// How much a word counts where it stands.
const (
	inHeading   = 8.0
	inTitle     = 6.0
	inTrail     = 3.0
	inTags      = 3.0
	inBody      = 1.0
	unknownWord = 0.4 // of the weight of a rare word: people use words that the author did not
	minShare    = 0.4 // of the telling words that a loosely fitting section must hold
)

// texts are what is searched for words, of a section or a unit.
type texts struct {
	heading []string // words
	title   []string // of the page's title and its file's name
	trail   []string
	tags    []string
	body    string // lower case
}

// fit is how well texts answer words.
type fit struct {
	score float64
	share float64 // of the words, weighed by how telling they are, 0 to 1
	many  bool    // two in five of the words at least are there
}

// weigh judges many texts against words. A word that few of them hold tells more.
func weigh(words []string, all []texts) []fit {
	grades := make([][]float64, len(all))
	holds := make([]int, len(words))
	questions := askedWords(words)
	for i := range all {
		grades[i] = make([]float64, len(words))
		for j := range questions {
			if grades[i][j] = questions[j].grade(&all[i]); grades[i][j] > 0 {
				holds[j]++
			}
		}
	}
	telling := make([]float64, len(words))
	total := 0.0
	for j := range words {
		telling[j] = math.Log(1 + float64(len(all)+1)/float64(holds[j]+1))
		if holds[j] == 0 {
			telling[j] *= unknownWord
		}
		total += telling[j]
	}
	out := make([]fit, len(all))
	for i := range all {
		held, count := 0.0, 0
		for j, g := range grades[i] {
			out[i].score += g * telling[j]
			if g > 0 {
				held += telling[j]
				count++
			}
		}
		out[i].many = 5*count >= 2*len(words)
		out[i].share = held / max(total, 1e-9)
		out[i].score *= out[i].share * math.Sqrt(out[i].share)
	}
	return out
}

// grade says how much one word is worth for texts: where it stands, and how exactly.
func (a *asked) grade(t *texts) float64 {
	best := 0.0
	for _, part := range []struct {
		words  []string
		weight float64
	}{{t.heading, inHeading}, {t.title, inTitle}, {t.trail, inTrail}, {t.tags, inTags}} {
		for _, found := range part.words {
			best = max(best, part.weight*a.like(found)/(1+0.03*float64(len(part.words))))
		}
	}
	if n := mentions(t.body, a.root, 4); n > 0 {
		return best + inBody*(1+math.Log(float64(n))/2)
	}
	for _, other := range a.kin {
		if mentions(t.body, Root(other), 1) > 0 {
			return best + inBody*kinShare/2
		}
	}
	return best
}

// mentions counts the words of a lower-case text that begin with root, up to most.
func mentions(body, root string, most int) int {
	n := 0
	for from := 0; n < most; {
		i := strings.Index(body[from:], root)
		if i < 0 {
			return n
		}
		i += from
		if before, _ := utf8.DecodeLastRuneInString(body[:i]); i == 0 || !unicode.IsLetter(before) && !unicode.IsNumber(before) {
			n++
		}
		from = i + len(root)
	}
	return n
}

// Rank sorts hits, best first. Loose hits that hold too few of the words are left out.
func Rank(words []string, hits []Hit, loose bool) []Hit {
	all := make([]texts, len(hits))
	for i := range hits {
		h := &hits[i]
		all[i] = texts{
			heading: tokens(h.Section.Heading), title: tokens(h.Page + " " + stem(h.Path)),
			trail: tokens(strings.Join(h.Section.Trail, " ")), tags: tokens(strings.Join(h.Tags, " ")),
			body: strings.ToLower(h.Section.Body),
		}
		for _, ref := range h.Refs {
			all[i].title = append(all[i].title, tokens(ref.Name)...)
		}
	}
	kept := make([]Hit, 0, len(hits))
	for i, f := range weigh(words, all) {
		hits[i].Score = f.score
		if !loose || f.many && f.share >= minShare {
			kept = append(kept, hits[i])
		}
	}
	slices.SortStableFunc(kept, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Section.Line, b.Section.Line))
	})
	return kept
}

// snippetRunes is how long a snippet is at most.
const snippetRunes = 140

// Snippet gives the line of a section that says most about the words, as plain text.
func Snippet(body string, words []string) string {
	best, most := "", -1
	var scan scanner
	for line := range strings.Lines(body) {
		line = strings.TrimRight(line, "\n")
		if strings.TrimSpace(line) == "" || scan.code(line) && fenceOf(strings.TrimSpace(line)) != "" {
			continue
		}
		n, lower := 0, strings.ToLower(line)
		for _, word := range words {
			n += min(mentions(lower, Root(word), 1), 1)
		}
		if n > most {
			best, most = line, n
		}
	}
	return around(Plain(strings.TrimLeft(strings.TrimSpace(best), "#>-*+| ")), words)
}

// around cuts a line to what stands around the first of the words.
func around(line string, words []string) string {
	runes := []rune(line)
	if len(runes) <= snippetRunes {
		return line
	}
	lower, at := strings.ToLower(line), len(line)
	for _, word := range words {
		if i := strings.Index(lower, Root(word)); i >= 0 {
			at = min(at, i)
		}
	}
	if at == len(line) || at > len(lower) {
		at = 0
	}
	start := max(utf8.RuneCountInString(lower[:min(at, len(lower))])-snippetRunes/3, 0)
	if start == 0 || start >= len(runes) {
		return shorten(line, snippetRunes)
	}
	cut := string(runes[start:])
	if i := strings.IndexByte(cut, ' '); i > 0 && i < 30 {
		cut = cut[i+1:]
	}
	return "…" + shorten(cut, snippetRunes-1)
}

// Resembles reports whether two words differ by typing errors: one, or two in a long word.
func Resembles(a, b string) bool {
	x, y := []rune(a), []rune(b)
	most := 1
	if len(x) >= 8 {
		most = 2
	}
	if a == b || max(len(x), len(y)) > maxTokenBytes || len(x)-len(y) > most || len(y)-len(x) > most {
		return false
	}
	return typos(x, y) <= most
}

// typos counts insertions, deletions, replacements and swaps of neighbours between two words.
func typos(a, b []rune) int {
	before, row := make([]int, len(b)+1), make([]int, len(b)+1)
	older := make([]int, len(b)+1)
	for j := range row {
		before[j] = j
	}
	for i := range a {
		row[0] = i + 1
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(before[j]+cost, row[j]+1, before[j+1]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], older[j-1]+1)
			}
		}
		older, before, row = before, row, older
	}
	return before[len(b)]
}

// Spread gives a text with the parts of names such as KubePodCrashLooping behind them, for an index
// that knows only whole words.
func Spread(text string) string {
	var parts []string
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) }) {
		if split := camel(word); len(split) > 1 {
			parts = append(parts, split...)
		}
	}
	if len(parts) == 0 {
		return text
	}
	return text + "\n" + strings.Join(parts, " ")
}
