package catalog

import (
	"cmp"
	"slices"
	"strings"
)

const (
	maxText       = 2000 // bytes of a text to resolve; a longer one means nothing
	maxCandidates = 10
	maxCommon     = 20 // a property that more entities share does not tell them apart
	minGuess      = 4  // bytes; of a shorter text one character is too much to guess
)

// Resolve finds the entity that text means. In this order: #channel and @person; an exact ref or
// name, of any kind; alias, then title; the start of exactly one name; then what an engineer holds
// in hand: URL, repository, file path, the value of an annotation or label, the name of a pod or
// image, host; at last a name one typing error away. Case never matters. A rule that several
// entities satisfy makes the match ambiguous and ends the search; only where several names start
// with text, the later rules are asked first. Nothing found gives the closest names.
func (v View) Resolve(text string) Match {
	text = strings.ToLower(strings.TrimSpace(text))
	if text == "" || len(text) > maxText {
		return Match{}
	}
	var later Match
	for _, rule := range rulesFor(text) {
		m := rule(v, text)
		if m.How == ByPrefix && m.Ambiguous() {
			later = m
			continue
		}
		if m.How != NoMatch {
			return m
		}
	}
	if later.How != NoMatch {
		return later
	}
	return v.similarTo(text)
}

// rulesFor gives the rules to try for text. Texts whose form says what they are get only the rules
// for it: the entity "https" is not meant by a URL.
func rulesFor(text string) []func(View, string) Match {
	if _, isURL := parsePlace(text); isURL {
		return []func(View, string) Match{View.byURL}
	}
	switch text[0] {
	case '#':
		return []func(View, string) Match{View.byChannel}
	case '@':
		return []func(View, string) Match{View.byPerson}
	}
	if isKind(parseTarget(text).kind) {
		return []func(View, string) Match{View.byRef, View.byAlias, View.byPrefix} // a ref, not a pod or an image
	}
	return []func(View, string) Match{
		View.byRef, View.byAlias, View.byTitle, View.byPrefix,
		View.byRepository, View.byPath, View.byAnnotation, View.byWorkload, View.byHost,
	}
}

func (v View) byRef(text string) Match {
	found := slices.Collect(v.s.targets(text, v.s.names.named))
	m := v.match(ByRef, found, "")
	if m.Ambiguous() && !strings.Contains(text, "/") {
		// Without a namespace the default one is meant first.
		home := slices.DeleteFunc(found, func(i id) bool { return v.s.ref(i).Namespace != DefaultNamespace })
		if inHome := v.match(ByRef, home, ""); inHome.How != NoMatch {
			return inHome
		}
	}
	return m
}

func (v View) byPrefix(text string) Match {
	if parseTarget(text).name == "" {
		return Match{} // a kind alone is the start of too many
	}
	return v.match(ByPrefix, slices.Collect(v.s.targets(text, v.s.names.starting)), "")
}

func (v View) byAlias(text string) Match { return v.byHandle(text, ByAlias) }
func (v View) byTitle(text string) Match { return v.byHandle(text, ByTitle) }

// byHandle finds entities by the one rule. Properties that many share are left out, unless they
// are names.
func (v View) byHandle(key string, how How) Match {
	m := v.match(how, v.s.handled(key, how), "")
	if m.Entity != nil {
		i, _ := v.s.lookup(m.Entity.Ref)
		via, has := v.s.handles.via(v.s.documents[i], key, how)
		if !has {
			return Match{}
		}
		m.Via = via
	}
	if m.Total > maxCommon && how >= ByURL {
		return Match{}
	}
	return m
}

// match makes a Match of the entities among ids that the viewer sees. Locations give way to
// everything else: they are how entities are found, not what people ask for.
func (v View) match(how How, ids []id, via string) Match {
	seen := make([]id, 0, min(len(ids), maxCandidates))
	for _, i := range ids {
		if v.visible(i) {
			seen = append(seen, i)
		}
	}
	slices.SortFunc(seen, v.s.byImportance)
	seen = slices.Compact(seen)
	for len(seen) > 1 && v.s.ref(seen[0]).Kind != "location" && v.s.ref(seen[len(seen)-1]).Kind == "location" {
		seen = seen[:len(seen)-1]
	}
	m := Match{How: how, Via: via, Total: len(seen)}
	switch len(seen) {
	case 0:
		return Match{}
	case 1:
		m.Entity = v.s.entity(seen[0])
	default:
		m.Candidates = v.s.entities(seen[:min(len(seen), maxCandidates)])
	}
	return m
}

func (s *Snapshot) entities(ids []id) []*Entity {
	entities := make([]*Entity, 0, len(ids))
	for _, i := range ids {
		entities = append(entities, s.entity(i))
	}
	return entities
}

// byImportance orders candidates: what is most often asked for first, then by name.
func (s *Snapshot) byImportance(a, b id) int {
	if a == b {
		return 0
	}
	x, y := s.ref(a), s.ref(b)
	return cmp.Or(
		cmp.Compare(rank(x.Kind), rank(y.Kind)),
		cmp.Compare(x.Name, y.Name),
		cmp.Compare(a, b))
}

func rank(kind string) int {
	switch kind {
	case "component":
		return 0
	case "api":
		return 1
	case "resource":
		return 2
	case "system":
		return 3
	case "domain":
		return 4
	case "group":
		return 5
	case "user":
		return 6
	case "location":
		return 8
	}
	return 7
}

// similarTo answers what nothing else did: the one name that is a single typing error away, or
// the closest names.
func (v View) similarTo(text string) Match {
	if len(text) > maxTerm || text[0] == '#' || strings.Contains(text, "://") {
		return Match{}
	}
	t := parseTarget(strings.TrimPrefix(text, "@"))
	if len(t.name) >= minGuess {
		var ids []id
		for _, term := range v.s.similar.oneOff(t.name) {
			for _, i := range v.s.called(term) {
				if t.fits(v.s.ref(i)) {
					ids = append(ids, i)
				}
			}
		}
		if m := v.match(BySimilarity, ids, ""); m.Entity != nil {
			m.Candidates = v.suggest(t.name)
			return m
		}
	}
	return Match{Candidates: v.suggest(t.name)}
}

// suggest gives the few entities whose names are most like text.
func (v View) suggest(text string) []*Entity {
	terms := v.s.similar.closest(text, func(term string) bool {
		return slices.ContainsFunc(v.s.called(term), v.visible)
	})
	var suggested []id
	for _, n := range terms {
		if n.share < minShare && n.away >= farAway || n.away*2 > len(text) && n.share < 2*minShare {
			continue
		}
		ids := slices.DeleteFunc(v.s.called(n.term), func(i id) bool {
			return !v.visible(i) || slices.Contains(suggested, i)
		})
		slices.SortFunc(ids, v.s.byImportance)
		suggested = append(suggested, ids...)
		if len(suggested) >= maxSuggested {
			return v.s.entities(suggested[:maxSuggested])
		}
	}
	return v.s.entities(suggested)
}

// called gives the entities with this name, title or alias.
func (s *Snapshot) called(term string) []id {
	ids := slices.Clone(s.names.named(term))
	ids = append(ids, s.handled(term, ByAlias)...)
	ids = append(ids, s.handled(term, ByTitle)...)
	slices.Sort(ids)
	return slices.Compact(ids)
}
