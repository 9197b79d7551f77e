package catalog

import (
	"cmp"
	"slices"
	"sync"
	"unicode/utf8"
)

// trigramIndex finds what is spelled nearly like a text. A term is a name, title or alias; each
// stands in the list of every three neighbouring characters in it, its two ends included.
type trigramIndex struct {
	terms []string
	first []uint32 // the terms with trigram t are posts[first[t]:first[t+1]]
	posts []uint32 // positions in terms
	brief []uint32 // terms of up to maxBrief bytes, which share too little with their misspellings
	tally *sync.Pool
	loose int // changes of entities since the terms were last gathered anew; terms that nothing is called by any more do no harm
}

const (
	letters      = 40 // classes of characters: the end, a–z, 0–9, hyphen, other separators, everything else
	trigrams     = letters * letters * letters
	maxBrief     = 5
	maxTerm      = 64 // bytes of terms and of texts that are compared
	perEdit      = 4  // trigrams that one typing error can change: those around two swapped neighbours
	maxCompared  = 60 // terms whose distance is computed for suggestions
	minShare     = 0.25
	farAway      = 3 // distances from here on are all the same
	maxSuggested = 5

	usualTrigrams = 16 // about how many a term has
)

func buildTrigrams(documents []*Document, names nameIndex) trigramIndex {
	return indexTerms(termsOf(documents, names))
}

func indexTerms(terms []string) trigramIndex {
	x := trigramIndex{terms: terms, first: make([]uint32, trigrams+1)}
	all := make([]uint32, 0, usualTrigrams*len(x.terms)) // those of each term, one term after the other
	ends := make([]int, len(x.terms))
	for i, term := range x.terms {
		start := len(all)
		all = appendTrigrams(all, term)
		for _, t := range all[start:] {
			x.first[t+1]++
		}
		ends[i] = len(all)
		if len(term) <= maxBrief {
			x.brief = append(x.brief, uint32(i))
		}
	}
	for t := range trigrams {
		x.first[t+1] += x.first[t]
	}
	x.posts = make([]uint32, len(all))
	next := slices.Clone(x.first)
	start := 0
	for i, end := range ends {
		for _, t := range all[start:end] {
			x.posts[next[t]] = uint32(i)
			next[t]++
		}
		start = end
	}
	x.tally = newTally(len(x.terms))
	return x
}

func newTally(count int) *sync.Pool {
	return &sync.Pool{New: func() any { t := make([]uint8, count); return &t }}
}

// derive adds the terms of the documents of a change, and gathers all anew when much has changed.
func (x *trigramIndex) derive(m *move, names nameIndex) trigramIndex {
	next := *x
	next.loose += m.leaving + len(m.fresh)
	if derivedShare*next.loose > len(x.terms) {
		return buildTrigrams(m.documents, names)
	}
	var terms []string
	for _, i := range m.fresh {
		eachTerm(m.documents[i].Entity, func(term string) {
			if len(term) <= maxTerm && !x.has(term) {
				terms = append(terms, term)
			}
		})
	}
	if len(terms) == 0 {
		return next
	}
	more := indexTerms(terms)
	shift := uint32(len(x.terms))
	next.terms = slices.Concat(x.terms, terms)
	next.tally = newTally(len(next.terms))
	next.first, next.posts = make([]uint32, trigrams+1), make([]uint32, 0, len(x.posts)+len(more.posts))
	for t := range uint32(trigrams) {
		next.posts = append(next.posts, x.having(t)...)
		for _, i := range more.having(t) {
			next.posts = append(next.posts, i+shift)
		}
		next.first[t+1] = uint32(len(next.posts))
	}
	next.brief = slices.Clip(next.brief)
	for _, i := range more.brief {
		next.brief = append(next.brief, i+shift)
	}
	return next
}

// has looks for a term in the shortest of its lists.
func (x *trigramIndex) has(term string) bool {
	var shortest []uint32
	for n, t := range appendTrigrams(nil, term) {
		if list := x.having(t); n == 0 || len(list) < len(shortest) {
			shortest = list
		}
	}
	return slices.ContainsFunc(shortest, func(i uint32) bool { return x.terms[i] == term })
}

// termsOf gives each name once, and the titles and aliases that differ from it.
func termsOf(documents []*Document, names nameIndex) []string {
	terms := make([]string, 0, len(documents))
	add := func(term string) {
		if len(term) <= maxTerm {
			terms = append(terms, term)
		}
	}
	last := ""
	for _, i := range names.sorted {
		if name := names.name(i); name != last {
			add(name)
			last = name
		}
	}
	for _, d := range documents {
		eachTerm(d.Entity, func(term string) {
			if term != d.Entity.Ref.Name {
				add(term)
			}
		})
	}
	return slices.Clip(terms)
}

// eachTerm tells an entity's name, title and aliases.
func eachTerm(e *Entity, tell func(term string)) {
	tell(e.Ref.Name)
	eachName(e, func(key string, how How, _ string) {
		if how != ByPerson {
			tell(key)
		}
	})
}

// appendTrigrams adds the trigrams of term to list, each once.
func appendTrigrams(list []uint32, term string) []uint32 {
	var a, b uint32
	start := len(list)
	for i := range len(term) + 1 {
		var c uint32
		if i < len(term) {
			c = letter(term[i])
		}
		if t := (a*letters+b)*letters + c; i > 0 && !slices.Contains(list[start:], t) { // they are few
			list = append(list, t)
		}
		a, b = b, c
	}
	return list
}

func letter(c byte) uint32 {
	switch {
	case 'a' <= c && c <= 'z':
		return uint32(c-'a') + 1
	case '0' <= c && c <= '9':
		return uint32(c-'0') + 27
	case c == '-':
		return 37
	case c == '_', c == '.', c == '/', c == ' ', c == ':':
		return 38
	}
	return 39
}

func (x *trigramIndex) having(t uint32) []uint32 { return x.posts[x.first[t]:x.first[t+1]] }

// oneOff gives the terms that are one typing error away from text, sorted. One error changes at
// most perEdit trigrams, so such a term stands in one of the perEdit+1 shortest lists.
func (x *trigramIndex) oneOff(text string) []string {
	lists := make([][]uint32, 0, maxTerm)
	for _, t := range appendTrigrams(nil, text) {
		lists = append(lists, x.having(t))
	}
	slices.SortFunc(lists, func(a, b []uint32) int { return cmp.Compare(len(a), len(b)) })
	lists = lists[:min(len(lists), perEdit+1)]
	if len(text) <= maxBrief {
		lists = append(lists, x.brief)
	}
	wanted := []rune(text)
	var found []string
	for _, list := range lists {
		for _, i := range list {
			term := x.terms[i]
			if mayBeOneOff(text, term) && distance(wanted, []rune(term), 1) == 1 {
				found = append(found, term)
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// mayBeOneOff tells most pairs that differ by more than one typing error, which changes at most two neighbouring
// characters of up to four bytes.
func mayBeOneOff(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	begin, end := 0, 0
	for begin < len(a) && a[begin] == b[begin] {
		begin++
	}
	for end < len(a)-begin && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	return len(b)-begin-end <= 2*utf8.UTFMax
}

// near is a term and how much it is like a text.
type near struct {
	term  string
	share float64 // of the trigrams of both
	away  int     // typing errors, up to farAway
}

// closest gives the terms most like text that keep lets through, best first. Keep is asked before
// anything is cut off, so what it holds back has no influence on the rest.
func (x *trigramIndex) closest(text string, keep func(term string) bool) []near {
	all := x.sharing(text)
	for i := len(all)/2 - 1; i >= 0; i-- {
		sink(all, i)
	}
	wanted := []rune(text)
	var kept []near
	for last := ""; len(all) > 0 && len(kept) < maxCompared; {
		n := all[0]
		all[0] = all[len(all)-1]
		all = all[:len(all)-1]
		sink(all, 0)
		if n.term == last || !keep(n.term) {
			continue
		}
		last = n.term
		n.away = distance(wanted, []rune(n.term), farAway-1)
		kept = append(kept, n)
	}
	slices.SortStableFunc(kept, func(a, b near) int { return cmp.Compare(a.away, b.away) })
	return kept
}

// better orders by share, then by term.
func (n near) better(o near) bool {
	if n.share != o.share {
		return n.share > o.share
	}
	return n.term < o.term
}

// sink moves what stands at i in a heap with the best on top down to where nothing below is better.
// Of the thousands that share something only the best are looked at, so that sorting all would be a waste.
func sink(heap []near, i int) {
	for {
		child := 2*i + 1
		if child >= len(heap) {
			return
		}
		if child+1 < len(heap) && heap[child+1].better(heap[child]) {
			child++
		}
		if !heap[child].better(heap[i]) {
			return
		}
		heap[i], heap[child] = heap[child], heap[i]
		i = child
	}
}

// sharing gives the terms that share enough trigrams with text, in no order.
func (x *trigramIndex) sharing(text string) []near {
	tally, _ := x.tally.Get().(*[]uint8)
	defer x.tally.Put(tally)
	clear(*tally)
	wanted := appendTrigrams(nil, text)
	for _, t := range wanted {
		for _, i := range x.having(t) {
			(*tally)[i]++ // a text has fewer than 256 trigrams
		}
	}
	var found []near
	for i, shared := range *tally {
		if shared == 0 {
			continue
		}
		both := len(wanted) + len(x.terms[i]) // about as many trigrams as characters
		if share := 2 * float64(shared) / float64(both); share >= minShare {
			found = append(found, near{term: x.terms[i], share: share})
		}
	}
	if len(text) <= maxBrief {
		for _, i := range x.brief {
			if (*tally)[i] == 0 {
				found = append(found, near{term: x.terms[i]})
			}
		}
	}
	return found
}
