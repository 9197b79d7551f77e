package catalog

import (
	"slices"
	"strings"
)

// byChannel finds the entities that name a chat channel as theirs. Text is #name or #id.
func (v View) byChannel(text string) Match { return v.byHandle(text, ByChannel) }

// byPerson finds a user, or else a group, by name, display name, e-mail or chat account. Text
// starts with @.
func (v View) byPerson(text string) Match {
	text = text[1:]
	if text == "" {
		return Match{}
	}
	for _, kind := range []string{"user", "group"} {
		m := first([]func() Match{
			func() Match { return v.byRef(kind + ":" + text) },
			func() Match { return v.ofKind(kind, text, ByPerson) },
			func() Match { return v.ofKind(kind, text, ByAlias) },
			func() Match { return v.ofKind(kind, text, ByTitle) },
		})
		if m.How != NoMatch {
			return m
		}
	}
	return first([]func() Match{
		func() Match { return v.byPrefix("user:" + text) },
		func() Match { return v.byPrefix("group:" + text) },
	})
}

// ofKind is byHandle among the entities of one kind.
func (v View) ofKind(kind, key string, how How) Match {
	ids := slices.DeleteFunc(v.s.handled(key, how), func(i id) bool { return v.s.ref(i).Kind != kind })
	return v.match(how, ids, "")
}

// WithAnnotation gives the entities whose annotation key is exactly value, sorted by ref, for keys
// that hold the id of a project, account or the like; others give nothing. A chat account finds
// its user so, in exact case and without any guess. Anything may carry an annotation: whoever
// looks for a person must also check that the kind is user, which only trusted sources define.
func (v View) WithAnnotation(key, value string) []*Entity {
	var found []*Entity
	for _, i := range v.s.handled(strings.ToLower(value), annotationRule(key)) {
		if e := v.s.entity(i); v.sees(e) && e.Metadata.Annotations.Get(key) == value {
			found = append(found, e)
		}
	}
	return found
}

// WithEmail gives the users whose profile has the e-mail address, whatever its case, sorted by ref.
func (v View) WithEmail(email string) []*Entity {
	var found []*Entity
	for _, i := range v.s.handles.find(strings.ToLower(email), ByPerson) {
		e := v.s.entity(i)
		if e.Ref.Kind != "user" || !v.sees(e) {
			continue
		}
		if via, is := v.s.handles.via(v.s.documents[i], strings.ToLower(email), ByPerson); is && strings.EqualFold(via, email) {
			found = append(found, e)
		}
	}
	return found
}
