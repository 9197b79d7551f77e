package catalog

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
	t := v.s.texts.tally(len(v.s.documents))
	defer v.s.texts.tallies.Put(t)
	v.count(t, q.Text[:min(len(q.Text), maxText)])
	var page [maxWords*fits + 1]struct{ skip, take int } // of those with each score
	t.each(func(i id, score int) {
		if v.visible(i) {
			page[score].take++
		} else {
			t.sums[i] = 0
		}
	})
	found := Found{}
	skip, take := max(q.Offset, 0), q.Limit
	for score := range page {
		p := &page[score]
		found.Total += p.take
		p.skip = min(skip, p.take)
		p.take = min(take, p.take-p.skip)
		skip, take = skip-p.skip, take-p.take
	}
	var picked [len(page)][]id
	t.each(func(i id, score int) {
		switch p := &page[score]; {
		case p.take == 0:
		case p.skip > 0:
			p.skip--
		default:
			p.take--
			picked[score] = append(picked[score], i)
		}
	})
	for _, ids := range picked {
		found.Entities = append(found.Entities, v.s.entities(ids)...)
	}
	return found
}

// count leaves in t the entities that have all words and pass all filters of a query.
func (v View) count(t *tally, text string) {
	words, filters := v.parseQuery(text)
	for _, filter := range filters {
		filter(func(i id) { t.mark(i, 0) })
		t.count()
	}
	for _, word := range words {
		v.s.texts.holding(word, t.mark)
		v.hideOwners(t)
		t.count()
	}
	if !t.begun {
		for i := range v.s.documents {
			t.mark(toID(i), 0)
		}
		t.count()
	}
}

// hideOwners takes back the marks of those in which a word stands only as the name of an owner whom the
// viewer does not see.
func (v View) hideOwners(t *tally) {
	if v.seesAll() {
		return
	}
	for i, m := range t.marks {
		if m == fits && !v.seesOwner(toID(i)) {
			t.marks[i] = 0
		}
	}
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
