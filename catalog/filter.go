package catalog

import (
	"slices"
	"strings"
)

// filter is one key:value of a query. It tells the entities for which any of its values fits; it may tell one
// twice.
type filter func(tell func(id))

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

// filterFor gives the filter of a key; nil when there is none of this name. The values are in lower case.
func (v View) filterFor(key string, values []string) filter {
	switch key {
	case "kind":
		return v.valued(fieldKind, values)
	case "namespace", "ns":
		return v.valued(fieldNamespace, values)
	case "type":
		return v.valued(fieldType, values)
	case "lifecycle":
		return v.valued(fieldLifecycle, values)
	case "tag":
		return v.valued(fieldTag, values)
	case "source":
		return v.from(values)
	case "owner":
		return v.related(OwnedBy, values)
	case "system":
		return v.related(PartOf, values)
	}
	return nil
}

func (v View) valued(field uint32, values []string) filter {
	return func(tell func(id)) {
		for _, value := range values {
			v.s.texts.having(value, field, tell)
		}
	}
}

func (v View) from(sources []string) filter {
	return func(tell func(id)) {
		for name, ids := range v.s.bySource {
			if slices.Contains(sources, strings.ToLower(name)) {
				for _, i := range ids {
					tell(i)
				}
			}
		}
	}
}

// related passes those who have the relation to any of the targets, which are written
// [kind:][namespace/]name. It starts at the targets, which are few.
func (v View) related(relation string, targets []string) filter {
	inverse := Inverse(relation)
	return func(tell func(id)) {
		for _, text := range targets {
			for i := range v.named(strings.TrimPrefix(text, "@")) {
				for _, e := range v.s.graph.of(i) {
					if v.s.graph.types[e.kind] == inverse && v.s.entity(e.target) != nil {
						tell(e.target)
					}
				}
			}
		}
	}
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
