package catalog

import "slices"

// Query asks for entities by words.
type Query struct {
	// Text holds words, all of which an entity must have in its name, title, aliases, description,
	// tags, kind, type, lifecycle, namespace or owner; and filters such as kind:component or
	// owner:team-x, all of which must be passed. A filter may list values: kind:api,component.
	// Filters are kind, type, lifecycle, namespace, tag, owner, system, source. Case never matters.
	Text   string
	Limit  int // how many entities to give; 0: 20
	Offset int // how many to leave out first
}

// Found is one page of a query's result.
type Found struct {
	Entities []*Entity
	Total    int // on all pages
}

const (
	defaultLimit = 20
	maxWords     = 16 // further words of a query are ignored
)

// Find gives the entities that hold all words and pass all filters: those first whose name holds
// the words, then title or alias, tags, the rest; equals by ref. No words and filters find all.
func (v View) Find(q Query) Found {
	if q.Limit <= 0 {
		q.Limit = defaultLimit
	}
	words, filters := v.parseQuery(q.Text[:min(len(q.Text), maxText)])
	var byFit [maxWords*fits + 1][]id
	total := 0
	v.scan(words, func(i id, score int) {
		if !passes(filters, i) {
			return
		}
		byFit[score] = append(byFit[score], i)
		total++
	})
	found := Found{Total: total}
	skip := max(q.Offset, 0)
	for _, ids := range byFit {
		if skip >= len(ids) {
			skip -= len(ids)
			continue
		}
		ids = ids[skip:]
		skip = 0
		found.Entities = append(found.Entities, v.s.entities(ids[:min(len(ids), q.Limit-len(found.Entities))])...)
		if len(found.Entities) == q.Limit {
			break
		}
	}
	return found
}

// scan tells each visible entity that holds all words, with how badly it fits: 0 is best.
func (v View) scan(words []string, tell func(i id, score int)) {
	judge := func(i id) bool {
		if score, fine := v.score(i, words); fine && v.visible(i) {
			tell(i, score)
		}
		return true
	}
	if len(words) == 0 {
		for i := range v.s.documents {
			judge(toID(i))
		}
		return
	}
	longest := slices.MaxFunc(words, func(a, b string) int { return len(a) - len(b) })
	v.s.texts.holding(longest, judge)
}

// score adds up how badly each word fits.
func (v View) score(i id, words []string) (int, bool) {
	line := v.s.texts.line(i)
	score := 0
	for _, word := range words {
		grade, found := fit(line, word)
		if !found || grade == fits-1 && !v.seesOwner(i) {
			return 0, false
		}
		score += grade
	}
	return score, true
}

// seesOwner reports whether the viewer sees the declared owner, or it does not exist.
func (v View) seesOwner(i id) bool {
	for _, r := range v.s.entity(i).Declares {
		if r.Type == OwnedBy && v.hides(r.Target) {
			return false
		}
	}
	return true
}
