package backstage

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"callboard/catalog"
)

// Finder finds documents of one type for /api/search/query, such as pages of documentation.
type Finder interface {
	// Type is what results carry as their type, such as techdocs.
	Type() string
	// Find gives the best documents for a term, at most limit, best first, and how many there are to page
	// through. Both leave out what the view does not show. Filters that the type does not know fit nothing.
	// After an error the documents of other types are answered.
	Find(ctx context.Context, view catalog.View, q SearchQuery) (SearchResult, error)
}

// SearchQuery asks a Finder.
type SearchQuery struct {
	Term    string
	Filters map[string][]string // by lower-case name, each with at least one value, any of which will do
	Limit   int
}

// SearchResult is what a Finder found.
type SearchResult struct {
	Documents []SearchDocument
	Total     int
	Words     []string // in lower case, that are to be shown as found: they, or longer words that begin so
}

// SearchDocument is one document that was found.
type SearchDocument struct {
	Document any               // encodes to an object with at least title, text and location
	Excerpts map[string]string // of its fields, plain text in which the words may be found
}

// Bounds of a search.
const (
	defaultPage = 25
	maxPage     = 100
	maxDepth    = 10_000 // results that can be paged through
	maxTerm     = 1000   // bytes
)

// hit is one result.
type hit struct {
	Type      string     `json:"type"`
	Document  any        `json:"document"`
	Rank      int        `json:"rank"`
	Highlight *highlight `json:"highlight,omitempty"`
	excerpts  map[string]string
	words     []string
	within    int // its place among the results of its type
}

// search answers /api/search/query.
func (r *request) search() error {
	p := parser{params: r.params}
	q := SearchQuery{Term: strings.ToValidUTF8(p.one("term"), ""), Filters: p.searchFilters()}
	types := p.list("types")
	limit, offset := p.number("pageLimit", 1, defaultPage), p.pageCursor()
	switch {
	case limit > maxPage:
		p.fail(inputError("pageLimit: %d is too many, the most is %d", limit, maxPage))
	case len(q.Term) > maxTerm:
		p.fail(inputError("term: longer than %d bytes", maxTerm))
	}
	if p.err != nil {
		return p.err
	}
	q.Limit = offset + limit
	hits, total, err := r.hits(q, types)
	if err != nil {
		return err
	}
	r.reply.w.Header().Set("Cache-Control", "no-store") // pages change without the catalog, so there is no ETag
	return r.writeHits(hits, total, offset, limit)
}

// hits asks the finders. Those that fail are left out, unless all do.
func (r *request) hits(q SearchQuery, types []string) (hits []hit, total int, err error) {
	fine := false
	for _, finder := range append([]Finder{entityFinder{}}, r.api.opts.Finders...) {
		if len(types) > 0 && !slices.Contains(types, finder.Type()) {
			continue
		}
		found, failure := finder.Find(r.Context(), r.view, q)
		if failure != nil {
			r.api.opts.Log.WarnContext(r.Context(), "a part of the search failed", "type", finder.Type(), "error", failure)
			err = &apiError{http.StatusServiceUnavailable, "ServiceUnavailableError", "what is asked for cannot be searched right now; try again"}
			continue
		}
		fine = true
		total += found.Total
		for i, d := range found.Documents[:min(len(found.Documents), q.Limit)] {
			hits = append(hits, hit{Type: finder.Type(), Document: d.Document, excerpts: d.Excerpts, words: found.Words, within: i})
		}
	}
	if fine {
		err = nil
	}
	// Ranks of different types say nothing about each other, so types take turns.
	slices.SortStableFunc(hits, func(x, y hit) int { return cmp.Compare(x.within, y.within) })
	return hits, total, err
}

func (r *request) writeHits(hits []hit, total, offset, limit int) error {
	var body struct {
		Results    []hit  `json:"results"`
		Next       string `json:"nextPageCursor,omitempty"`
		Previous   string `json:"previousPageCursor,omitempty"`
		NumResults int    `json:"numberOfResults"`
	}
	body.NumResults = total
	body.Results = append([]hit{}, hits[min(offset, len(hits)):min(offset+limit, len(hits))]...) // null is no list
	for i := range body.Results {
		h := &body.Results[i]
		h.Rank = offset + i + 1
		h.Highlight = highlighted(h.excerpts, h.words)
	}
	if end := offset + limit; end < total && end < maxDepth {
		body.Next = after{limit, end}.encode()
	}
	if offset > 0 {
		body.Previous = after{limit, max(0, offset-limit)}.encode()
	}
	encoder := json.NewEncoder(r.reply)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(body)
}

func (p *parser) pageCursor() (offset int) {
	text := p.one("pageCursor")
	if text == "" {
		return 0
	}
	a, err := decodeAfter(text)
	if err != nil || a.Offset >= maxDepth {
		p.fail(errCursor("pageCursor"))
		return 0
	}
	return a.Offset
}

// list reads a parameter that may be given as name, name[] or name[0], several times.
func (p *parser) list(name string) []string {
	var values []string
	for _, key := range sortedKeys(p.params) {
		if rest, found := strings.CutPrefix(key, name); found && (rest == "" || isIndex(rest)) {
			values = append(values, p.params[key]...)
		}
	}
	return values
}

// isIndex reports whether text is [] or a number in brackets.
func isIndex(text string) bool {
	inside, found := strings.CutPrefix(text, "[")
	inside, ended := strings.CutSuffix(inside, "]")
	return found && ended && strings.Trim(inside, "0123456789") == ""
}

// searchFilters reads filters[name]=value, several times for several values.
func (p *parser) searchFilters() map[string][]string {
	filters := map[string][]string{}
	for _, key := range sortedKeys(p.params) {
		rest, found := strings.CutPrefix(key, "filters[")
		if !found {
			continue
		}
		name, rest, found := strings.Cut(rest, "]")
		if !found || name == "" || rest != "" && !isIndex(rest) {
			p.fail(inputError("%s: not of the form filters[name]", key))
			continue
		}
		name = lower(name)
		filters[name] = append(filters[name], p.params[key]...)
	}
	return filters
}

func sortedKeys[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }
