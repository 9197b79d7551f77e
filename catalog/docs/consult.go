package docs

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"callboard/catalog"
)

// Bounds of what questions about runbooks hold in memory. A shelf may have a thousand pages of half a megabyte.
const (
	maxConsultBytes = 1 << 20 // text that one question looks at; of one page at least
	maxConsults     = 4       // questions that look at text at the same time; others wait
	shortlisted     = 40      // sections of which the pages are looked at, where there is more text
)

// Contents is what a runbook can answer with.
type Contents struct {
	Units []Unit // the first of them, in reading order
	Total int    // how many there are
	Pages int    // runbook pages
}

// ContentsOf gives the contents of pages that are in memory, with up to most units.
func ContentsOf(pages []ShelvedPage, most int) Contents {
	units := Units(pages)
	c := Contents{Units: units[:min(len(units), most)], Total: len(units)}
	for i := range pages {
		if pages[i].Runbook {
			c.Pages++
		}
	}
	return c
}

// Contents counts what the runbooks of an entity can answer with, as far as the viewer sees them, and gives up to most
// of it: less where the pages are large.
func (l *Library) Contents(ctx context.Context, view catalog.View, ref catalog.Ref, most int) (Contents, error) {
	pages, err := l.runbooks(ctx, view, []catalog.Ref{ref})
	if err != nil {
		return Contents{}, err
	}
	c := Contents{Pages: len(pages)}
	first := 0 // pages that hold the first units
	bytes := 0
	for i := range pages {
		bytes += pages[i].Bytes
		if c.Total < most && (first == 0 || bytes <= maxConsultBytes) {
			first = i + 1
		}
		c.Total += pages[i].Answers
	}
	if most == 0 || first == 0 {
		return c, nil
	}
	defer l.enter(ctx)()
	if pages, err = l.fill(ctx, pages[:first]); err != nil {
		return Contents{}, err
	}
	units := Units(pages)
	c.Units = units[:min(len(units), most)]
	return c, nil
}

// Section gives the section with an anchor of a page of an entity that the viewer sees, and whether there is one.
func (l *Library) Section(ctx context.Context, view catalog.View, ref catalog.Ref, path, anchor string) (Unit, bool, error) {
	pages, err := l.Pages(ctx, view, ref)
	if err != nil {
		return Unit{}, false, err
	}
	pages = slices.DeleteFunc(pages, func(p ShelvedPage) bool { return p.Path != path })
	defer l.enter(ctx)()
	if pages, err = l.fill(ctx, pages); err != nil {
		return Unit{}, false, err
	}
	for i := range pages {
		if unit, found := SectionUnit(&pages[i], anchor); found {
			return unit, true, nil
		}
	}
	return Unit{}, false, nil
}

// Pick finds what a symptom means in the runbooks of entities, as far as the viewer sees them. Where these have much
// text, only the pages are looked at that a search finds.
func (l *Library) Pick(ctx context.Context, view catalog.View, refs []catalog.Ref, symptom string) (Picked, error) {
	pages, err := l.runbooks(ctx, view, refs)
	if err != nil || len(pages) == 0 {
		return Picked{}, err
	}
	defer l.enter(ctx)()
	if size(pages) > maxConsultBytes {
		if pages, err = l.shortlist(ctx, view, refs, pages, symptom); err != nil {
			return Picked{}, err
		}
	}
	if pages, err = l.fill(ctx, pages); err != nil {
		return Picked{}, err
	}
	return Pick(ctx, symptom, Units(pages))
}

// enter waits until one more question may look at text, and gives what to call when it is done. Once ctx is over it
// waits no longer: whatever comes next fails.
func (l *Library) enter(ctx context.Context) (leave func()) {
	if l == nil {
		return func() {}
	}
	select {
	case l.consults <- struct{}{}:
		return func() { <-l.consults }
	case <-ctx.Done():
		return func() {}
	}
}

// runbooks gives the runbook pages of entities without their text, each once.
func (l *Library) runbooks(ctx context.Context, view catalog.View, refs []catalog.Ref) ([]ShelvedPage, error) {
	var out []ShelvedPage
	known := map[PageKey]bool{}
	for _, ref := range refs {
		pages, err := l.Pages(ctx, view, ref)
		if err != nil {
			return nil, err
		}
		for _, p := range pages {
			if p.Runbook && !known[p.Key()] {
				known[p.Key()] = true
				out = append(out, p)
			}
		}
	}
	return out, nil
}

func size(pages []ShelvedPage) int {
	n := 0
	for i := range pages {
		n += pages[i].Bytes
	}
	return n
}

// shortlist gives those pages that are likely to answer, up to the bound: called as the question is, or found by its
// words, or by those that mean the same.
func (l *Library) shortlist(ctx context.Context, view catalog.View, refs []catalog.Ref, pages []ShelvedPage, symptom string) ([]ShelvedPage, error) {
	at := map[PageKey]int{}
	var order []int
	asked := strings.Join(tokens(symptom), "")
	for i := range pages {
		at[pages[i].Key()] = i
		if asked != "" && (asked == strings.Join(tokens(pages[i].Title), "") || asked == strings.Join(tokens(stem(pages[i].Path)), "")) {
			order = append(order, i)
		}
	}
	found := func(words []string) ([]string, error) {
		q := Query{Words: words, Runbooks: true, Limit: shortlisted}
		if len(refs) == 1 {
			q.Ref = refs[0]
		}
		found, err := l.Search(ctx, view, q)
		for i := range found.Hits {
			if page, there := at[found.Hits[i].PageKey]; there {
				order = append(order, page)
			}
		}
		if errors.Is(err, ErrSlow) { // what else is found will do
			err = nil
		}
		return found.Near, err
	}
	words := unfold(Words(symptom))
	further := Widen(words)
	near, err := found(words)
	if err == nil {
		_, err = found(further)
	}
	for _, words := range [][]string{words, further} { // the rarest of common words alone may lead to the page
		for _, word := range words {
			if _, more := found([]string{word}); err == nil {
				err = more
			}
		}
	}
	if len(order) == 0 && err == nil { // mistyped
		_, err = found(near)
	}
	smallest := make([]int, 0, len(pages)) // beside others it shows how telling a word is
	for i := range pages {
		smallest = append(smallest, i)
	}
	slices.SortStableFunc(smallest, func(a, b int) int { return cmp.Compare(pages[a].Bytes, pages[b].Bytes) })
	return upToBound(pages, append(order, smallest...)), err
}

// upToBound gives pages in their order, those that order names first until the bound is reached.
func upToBound(pages []ShelvedPage, order []int) []ShelvedPage {
	kept := map[int]bool{}
	bytes := 0
	for _, i := range order {
		if n := pages[i].Bytes; !kept[i] && (len(kept) == 0 || bytes+n <= maxConsultBytes) {
			kept[i] = true
			bytes += n
		}
	}
	var out []ShelvedPage
	for i := range pages {
		if kept[i] {
			out = append(out, pages[i])
		}
	}
	return out
}

// fill gives pages their sections. One that has just gone has none.
func (l *Library) fill(ctx context.Context, pages []ShelvedPage) ([]ShelvedPage, error) {
	if err := ctx.Err(); err != nil || len(pages) == 0 {
		return nil, err
	}
	keys := make([]PageKey, 0, len(pages))
	for i := range pages {
		keys = append(keys, pages[i].Key())
	}
	texts, err := l.index.Texts(ctx, keys)
	for i := range pages {
		pages[i].Sections = texts[pages[i].Key()]
	}
	return pages, err
}

// Visible gives the pages of a shelf whose guards let the viewer through.
func Visible(view catalog.View, pages []ShelvedPage) []ShelvedPage {
	sight := NewSight(view)
	return slices.DeleteFunc(pages, func(p ShelvedPage) bool { return !sight.passes(p.Behind) })
}
