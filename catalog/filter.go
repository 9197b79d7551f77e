package catalog

import (
	"slices"
	"strings"
)

// filter is one key:value of a query. It lets an entity pass for which any of its values fits.
type filter func(i id) bool

func passes(filters []filter, i id) bool {
	for _, fits := range filters {
		if !fits(i) {
			return false
		}
	}
	return true
}

// parseQuery splits a query into words and filters. KIND:WORD, the form of a ref, is both.
func (v View) parseQuery(text string) (words []string, filters []filter) {
	for word := range strings.FieldsSeq(strings.ToLower(text)) {
		if len(words)+len(filters) >= maxWords {
			break
		}
		key, value, found := strings.Cut(word, ":")
		if !found || value == "" {
			words = append(words, word)
			continue
		}
		if fits := v.filterFor(key, strings.Split(value, ",")); fits != nil {
			filters = append(filters, fits)
		} else if isKind(key) {
			filters = append(filters, v.filterFor("kind", []string{key}))
			words = append(words, value)
		} else {
			words = append(words, word)
		}
	}
	return words[:min(len(words), maxWords)], filters
}

// isKind reports whether a lower-case word is one of Backstage's kinds.
func isKind(word string) bool {
	switch word {
	case "component", "api", "resource", "system", "domain", "group", "user", "location", "template", "airesource":
		return true
	}
	return false
}

// filterFor gives the filter of a key; nil when there is none of this name.
func (v View) filterFor(key string, values []string) filter {
	var of func(d *Document) string
	switch key {
	case "kind":
		of = func(d *Document) string { return d.Entity.Ref.Kind }
	case "namespace", "ns":
		of = func(d *Document) string { return d.Entity.Ref.Namespace }
	case "type":
		of = func(d *Document) string { return d.Entity.Type }
	case "lifecycle":
		of = func(d *Document) string { return d.Entity.Lifecycle }
	case "source":
		of = func(d *Document) string { return d.Origin.Source }
	case "tag":
		return v.tagged(values)
	case "owner":
		return v.related(OwnedBy, values)
	case "system":
		return v.related(PartOf, values)
	default:
		return nil
	}
	return func(i id) bool { return containsFold(values, of(v.s.documents[i])) }
}

func (v View) tagged(values []string) filter {
	return func(i id) bool {
		return slices.ContainsFunc(v.s.entity(i).Metadata.Tags, func(tag string) bool { return containsFold(values, tag) })
	}
}

func containsFold(values []string, wanted string) bool {
	return slices.ContainsFunc(values, func(value string) bool { return strings.EqualFold(value, wanted) })
}

// related passes those who have the relation to any of the targets, which are written
// [kind:][namespace/]name. It starts at the targets, which are few.
func (v View) related(relation string, targets []string) filter {
	inverse := Inverse(relation)
	set := make(map[id]bool)
	for _, text := range targets {
		for i := range v.named(strings.TrimPrefix(text, "@")) {
			for _, e := range v.s.graph.of(i) {
				if v.s.graph.types[e.kind] == inverse {
					set[e.target] = true
				}
			}
		}
	}
	return func(i id) bool { return set[i] }
}

// named gives the entities that the viewer sees, and the refs without entity, which text names.
func (v View) named(text string) func(yield func(id) bool) {
	return func(yield func(id) bool) {
		for i := range v.s.targets(text, v.s.names.named) {
			if v.visible(i) && !yield(i) {
				return
			}
		}
		t := parseTarget(text)
		for i, ref := range v.s.dangling {
			if ref.Name == t.name && t.fits(ref) && !yield(toID(len(v.s.documents)+i)) {
				return
			}
		}
	}
}
