package catalog

import "strings"

// Resolve finds the entity that text means; see ux.md for what people type.
func (v View) Resolve(text string) Match {
	text = strings.ToLower(strings.TrimSpace(text))
	if ref, err := ParseRef(text, "", DefaultNamespace); err == nil {
		if e, found := v.Get(ref); found {
			return Match{Entity: e, How: ByRef}
		}
	}
	if m := v.matchOf(ByRef, v.s.names.named(text)); m.How != NoMatch {
		return m
	}
	return v.matchOf(ByPrefix, v.s.names.starting(text))
}

func (v View) matchOf(how How, ids []id) Match {
	var m Match
	for _, i := range ids {
		if v.visible(i) {
			m.Total++
			m.Candidates = append(m.Candidates, v.s.entity(i))
		}
	}
	if m.Total > 0 {
		m.How = how
	}
	if m.Total == 1 {
		m.Entity, m.Candidates = m.Candidates[0], nil
	}
	m.Candidates = m.Candidates[:min(10, len(m.Candidates))]
	return m
}
