package backstage

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode"

	"callboard/catalog"
)

// entityFinder finds entities, with the search that the command find uses.
type entityFinder struct{}

// Type names the type as Backstage does.
func (entityFinder) Type() string { return "software-catalog" }

// Find asks the catalog. An empty term fits everything.
func (entityFinder) Find(_ context.Context, view catalog.View, q SearchQuery) (SearchResult, error) {
	text := q.Term
	for _, name := range sortedKeys(q.Filters) {
		values := q.Filters[name]
		switch name {
		case "componenttype":
			name = "type"
		case "kind", "namespace", "type", "lifecycle", "owner":
		default:
			return SearchResult{}, nil // documents of entities have no such field
		}
		if slices.ContainsFunc(values, isUnwritable) {
			view = view.Only(having(view, name, values))
		} else {
			text = name + ":" + strings.Join(values, ",") + " " + text
		}
	}
	found := view.Find(catalog.Query{Text: text, Limit: q.Limit})
	result := SearchResult{
		Total: found.Total, Documents: make([]SearchDocument, len(found.Entities)),
		Words: strings.Fields(strings.ToLower(q.Term)),
	}
	for i, e := range found.Entities {
		d := documentOf(e)
		result.Documents[i] = SearchDocument{Document: d, Excerpts: map[string]string{"title": d.Title, "text": d.Text}}
	}
	return result, nil
}

// isUnwritable reports whether a value cannot stand in the words of a query.
func isUnwritable(value string) bool {
	return value == "" || strings.Contains(value, ",") || strings.ContainsFunc(value, unicode.IsSpace)
}

// having gives a test whether one of the values stands in a field of an entity, in any case. Fields are those
// that results have. Nothing has an unknown field.
func having(view catalog.View, field string, values []string) func(e *catalog.Entity) bool {
	var of func(e *catalog.Entity) []string
	switch field {
	case "kind":
		of = func(e *catalog.Entity) []string { return []string{e.Ref.Kind} }
	case "namespace":
		of = func(e *catalog.Entity) []string { return []string{e.Ref.Namespace} }
	case "name":
		of = func(e *catalog.Entity) []string { return []string{e.Ref.Name} }
	case "type", "componenttype":
		of = func(e *catalog.Entity) []string { return []string{typeOf(e)} }
	case "lifecycle":
		of = func(e *catalog.Entity) []string { return []string{e.Lifecycle} }
	case "owner":
		of = func(e *catalog.Entity) (names []string) {
			for _, r := range view.Relations(e.Ref, catalog.OwnedBy) {
				names = append(names, r.Target.Name, r.Target.Kind+":"+r.Target.Name, r.Target.String())
			}
			return names
		}
	default:
		of = func(*catalog.Entity) []string { return nil }
	}
	return func(e *catalog.Entity) bool {
		return slices.ContainsFunc(of(e), func(has string) bool {
			return slices.ContainsFunc(values, func(value string) bool { return strings.EqualFold(has, value) })
		})
	}
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
		ComponentType: typeOf(e), Type: typeOf(e),
		Namespace: e.Metadata.Namespace, Kind: e.Kind, Lifecycle: e.Lifecycle,
		Owner: textMember(e.Spec, "owner"),
	}
	if kind := e.Ref.Kind; kind == "user" || kind == "group" {
		profile := member(e.Spec, "profile")
		parts := []string{e.Metadata.Description, textMember(profile, "displayName")}
		if kind == "user" {
			parts = append(parts, textMember(profile, "email"))
		}
		parts = slices.DeleteFunc(parts, func(part string) bool { return part == "" })
		d.Text = strings.Join(parts, " : ")
	}
	return d
}

func typeOf(e *catalog.Entity) string { return cmp.Or(e.Type, "other") }

// textMember gives the member of an object that is a text; "" when it has none.
func textMember(raw []byte, key string) string {
	value := member(raw, key)
	if len(value) == 0 || value[0] != '"' {
		return ""
	}
	return unquote(value)
}
