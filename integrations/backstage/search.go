package backstage

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"callboard/catalog"
)

// Finder finds documents of one type for /api/search/query, such as pages of documentation.
type Finder interface {
	// Type is what results carry as their type, such as techdocs.
	Type() string
	// Find gives the best documents for a term, at most limit, best first, and how many fit at all. Both
	// leave out what the view does not show. An empty term fits everything. Filters that the type does not
	// know fit nothing.
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
	Documents []any // each encodes to an object with at least title, text and location
	Total     int
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
	Type     string `json:"type"`
	Document any    `json:"document"`
	Rank     int    `json:"rank"`
	within   int    // its place among the results of its type
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
	if p.err != nil || r.fresh() {
		return p.err
	}
	q.Limit = offset + limit
	var hits []hit
	total := 0
	for _, finder := range append([]Finder{entityFinder{}}, r.api.opts.Finders...) {
		if len(types) > 0 && !slices.Contains(types, finder.Type()) {
			continue
		}
		found, err := finder.Find(r.Context(), r.view, q)
		if err != nil {
			return fmt.Errorf("search %s: %w", finder.Type(), err)
		}
		total += found.Total
		for i, document := range found.Documents[:min(len(found.Documents), q.Limit)] {
			hits = append(hits, hit{Type: finder.Type(), Document: document, within: i})
		}
	}
	// Ranks of different types say nothing about each other, so types take turns.
	slices.SortStableFunc(hits, func(x, y hit) int { return cmp.Compare(x.within, y.within) })
	return r.writeHits(hits, total, offset, limit)
}

func (r *request) writeHits(hits []hit, total, offset, limit int) error {
	var body struct {
		Results    []hit  `json:"results"`
		Next       string `json:"nextPageCursor,omitempty"`
		Previous   string `json:"previousPageCursor,omitempty"`
		NumResults int    `json:"numberOfResults"`
	}
	body.NumResults = total
	body.Results = slices.Concat([]hit{}, hits[min(offset, len(hits)):min(offset+limit, len(hits))])
	for i := range body.Results {
		body.Results[i].Rank = offset + i + 1
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
		if !slices.Contains([]string{"kind", "namespace", "type", "componenttype", "lifecycle", "owner"}, name) {
			p.fail(inputError("filters: %q is none of kind, namespace, type, lifecycle and owner", name))
		}
		filters[name] = append(filters[name], p.params[key]...)
	}
	return filters
}

// entityFinder finds entities, with the search that the command find uses.
type entityFinder struct{}

// Type names the type as Backstage does.
func (entityFinder) Type() string { return "software-catalog" }

// Find asks the catalog.
func (entityFinder) Find(_ context.Context, view catalog.View, q SearchQuery) (SearchResult, error) {
	text := q.Term
	for _, name := range sortedKeys(q.Filters) {
		values := strings.Join(q.Filters[name], ",")
		if values == "" || strings.ContainsAny(values, " \t\n\r\v\f\u0085\u00a0") {
			return SearchResult{}, nil // no entity has such a value
		}
		if name == "componenttype" {
			name = "type"
		}
		text = name + ":" + values + " " + text
	}
	found := view.Find(catalog.Query{Text: text, Limit: q.Limit})
	result := SearchResult{Total: found.Total, Documents: make([]any, len(found.Entities))}
	for i, e := range found.Entities {
		result.Documents[i] = documentOf(e)
	}
	return result, nil
}

// document is an entity as Backstage's search shows it.
type document struct {
	Title         string `json:"title"`
	Text          string `json:"text"`
	Location      string `json:"location"` // path of the entity's page in Backstage
	ComponentType string `json:"componentType"`
	Type          string `json:"type"`
	Namespace     string `json:"namespace"`
	Kind          string `json:"kind"`
	Lifecycle     string `json:"lifecycle"`
	Owner         string `json:"owner"`
}

func documentOf(e *catalog.Entity) document {
	d := document{
		Title: e.DisplayName(), Text: e.Metadata.Description,
		Location:      "/catalog/" + e.Ref.Namespace + "/" + e.Ref.Kind + "/" + e.Ref.Name,
		ComponentType: cmp.Or(e.Type, "other"), Type: cmp.Or(e.Type, "other"),
		Namespace: e.Metadata.Namespace, Kind: e.Kind, Lifecycle: e.Lifecycle,
		Owner: e.SpecString("owner"),
	}
	if kind := e.Ref.Kind; kind == "user" || kind == "group" {
		profile := e.SpecObject("profile")
		parts := []string{e.Metadata.Description, profile["displayName"]}
		if kind == "user" {
			parts = append(parts, profile["email"])
		}
		parts = slices.DeleteFunc(parts, func(part string) bool { return part == "" })
		d.Text = strings.Join(parts, " : ")
	}
	return d
}

func sortedKeys[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }
