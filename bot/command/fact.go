package command

import (
	"cmp"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"callboard/bot/card"
	"callboard/catalog"
	"callboard/catalog/docs"
)

// fact is a field of a card together with where it comes from: the fields of a descriptor.
type fact struct {
	field    card.Field
	entity   *catalog.Entity // whose descriptor says it; nil: that of the card's subject
	pointers []string        // JSON pointers; the first that the descriptor has counts
}

// notConnected marks facts that a later version of Callboard fetches from another system.
const notConnected = "not connected yet"

// onCall is a gap until on-call sources exist; it says whether the descriptor is ready for them.
func (s subject) onCall() fact {
	for _, system := range []struct{ key, name string }{
		{"pagerduty.com/service-id", "PagerDuty "},
		{"opsgenie.com/team", "Opsgenie "},
		{"callboard/schedule", "schedule "},
		{"pagerduty.com/integration-key", "a PagerDuty integration key"}, // a credential, never shown
	} {
		value := s.entity.Metadata.Annotations.Get(system.key)
		if value == "" {
			continue
		}
		if !strings.HasSuffix(system.name, " ") {
			value = ""
		}
		return fact{
			field:    card.Field{Label: "On call", Gap: &card.Gap{What: "declared, " + system.name + card.Line(value), Fix: notConnected}},
			pointers: []string{annotation(system.key)},
		}
	}
	return gap("On call", "not declared", "add the annotation pagerduty.com/service-id")
}

func (s subject) slo() fact {
	const key = "callboard/slo"
	if value := s.entity.Metadata.Annotations.Get(key); value != "" {
		return fact{field: card.Field{Label: "SLO", Gap: &card.Gap{What: "declared, " + card.Line(value), Fix: notConnected}}, pointers: []string{annotation(key)}}
	}
	return gap("SLO", "not declared", "add the annotation "+key)
}

func (s subject) lastDeploy() fact {
	return gap("Last deploy", "unknown", "no source of deploys is connected yet")
}

func gap(label, what, fix string) fact {
	return fact{field: card.Field{Label: label, Gap: &card.Gap{What: what, Fix: fix}}}
}

func annotation(key string) string { return catalog.Pointer("/metadata/annotations", key) }

// owner names the owning group with how to reach it.
func (s subject) owner() fact {
	f := fact{field: card.Field{Label: "Owner"}, pointers: []string{"/spec/owner"}}
	owners := s.view.Relations(s.entity.Ref, "ownedBy")
	if len(owners) == 0 {
		f.field.Gap = &card.Gap{What: "not declared", Fix: "add spec.owner"}
		return f
	}
	var texts []card.Text
	for _, o := range owners {
		parts := []card.Text{name(o)}
		if o.Entity != nil {
			parts = append(parts, contactOf(s.view, o.Entity)...)
		}
		texts = append(texts, card.Join(" · ", parts...))
	}
	f.field.Value = card.Join("; ", texts...)
	return f
}

// contact is how to reach a group.
func (s subject) contact() fact {
	f := fact{field: card.Field{Label: "Contact", Value: card.Join(" · ", contactOf(s.view, s.entity)...)}, pointers: []string{annotation("callboard/channel")}}
	if f.field.Value.Empty() {
		f.field.Gap = &card.Gap{What: "not declared", Fix: "add the annotation callboard/channel"}
	}
	return f
}

func contactOf(view catalog.View, group *catalog.Entity) []card.Text {
	contact := []card.Text{channelOf(group)}
	if lead := group.Metadata.Annotations.Get("callboard/lead"); lead != "" {
		name := lead
		if ref, err := catalog.ParseRef(lead, "User", catalog.DefaultNamespace); err == nil {
			if user, found := view.Get(ref); found {
				name = personName(user)
			}
		}
		contact = append(contact, card.T("lead "+card.Line(name)))
	}
	return contact
}

// channelOf is the chat channel of an entity: its annotation, else a link to a chat.
func channelOf(e *catalog.Entity) card.Text {
	if channel := e.Metadata.Annotations.Get("callboard/channel"); channel != "" {
		return card.Channel(channel)
	}
	for _, link := range e.Metadata.Links {
		u, err := url.Parse(link.URL)
		if err == nil && (u.Hostname() == "slack.com" || strings.HasSuffix(u.Hostname(), ".slack.com") || strings.HasSuffix(u.Hostname(), "discord.com")) {
			return card.T(card.Line(cmp.Or(link.Title, link.URL)))
		}
	}
	return nil
}

// personName is what people call a user or group.
func personName(e *catalog.Entity) string {
	if profile := e.SpecObject("profile"); profile["displayName"] != "" {
		return card.Line(profile["displayName"])
	}
	return card.Line(e.DisplayName())
}

// runbook says which section to begin with. Where no pages were read, as of the past, it shows what is declared.
func (s subject) runbook(library *docs.Library) fact {
	const key = "callboard/runbook"
	book := library.Runbook(s.view, s.entity.Ref)
	f := fact{field: card.Field{Label: "Runbook"}}
	if s.entity.Metadata.Annotations.Get(key) != "" {
		f.pointers = []string{annotation(key)}
	}
	switch value := s.entity.Metadata.Annotations.Get(key); {
	case book.Pages > 0:
		f.field.Value = s.bookWords(book)
		return f
	case len(book.Links) > 0:
		f.field.Value = card.Link(card.Line(book.Links[0].Title), book.Links[0].URL)
		f.pointers = []string{book.Links[0].Pointer}
		return f
	case strings.Contains(value, "://"):
		f.field.Value = card.Link(card.Line(value), value)
		return f
	case value != "":
		f.field.Value = card.Code(card.Line(value))
		return f
	}
	for i, link := range s.entity.Metadata.Links {
		if strings.EqualFold(link.Type, "runbook") || strings.Contains(strings.ToLower(link.Title), "runbook") {
			f.field.Value = card.Link(card.Line(cmp.Or(link.Title, link.URL)), link.URL)
			f.pointers = []string{catalog.Pointer("/metadata/links", strconv.Itoa(i))}
			return f
		}
	}
	return gap("Runbook", "not declared", "write docs/runbook.md, or add the annotation "+key)
}

// bookWords reads: docs/runbook.md — "High error rate" and 4 more sections.
func (s subject) bookWords(book docs.Summary) card.Text {
	place, address := book.Page.Path, s.view.BlobURL(catalog.Origin{Source: book.Page.Source, Path: book.Page.Path})
	if folder := path.Dir(s.entity.Origin.Path) + "/"; book.Page.Source == s.entity.Origin.Source {
		place = strings.TrimPrefix(place, folder)
	}
	words := ` — "` + card.Line(book.First) + `"`
	switch {
	case book.Pages > 1:
		words += " and " + count(book.Pages-1, "more page", "more pages")
	case book.More > 0:
		words += " and " + count(book.More, "more section", "more sections")
	}
	return card.Join("", card.Link(card.Line(place), address), card.T(words))
}

// usedBy says who is hit when the entity fails, and what it is part of.
func (s subject) usedBy() fact {
	f := fact{field: card.Field{Label: "Used by"}, pointers: []string{"/spec/system", "/spec/domain"}}
	var parts []card.Text
	users := s.users()
	if len(users) > 0 {
		text := countOf(users)
		if n := tierOnes(users); n > 0 {
			text += " (" + strconv.Itoa(n) + " tier-1)"
		}
		parts = append(parts, card.T(text))
	}
	if contained := s.view.Relations(s.entity.Ref, "hasPart"); len(contained) > 0 {
		parts = append(parts, card.T("contains "+countOf(contained)))
	}
	for _, whole := range s.view.Relations(s.entity.Ref, "partOf") {
		parts = append(parts, card.Join("", card.T("part of "+whole.Target.Kind+" "), name(whole)))
	}
	if len(users) == 0 {
		parts = append([]card.Text{card.T("nothing in the catalog")}, parts...)
	}
	f.field.Value = card.Join(" · ", parts...)
	return f
}

// users are the entities that depend on the subject, directly or through an API that it provides.
func (s subject) users() []catalog.Related {
	users := s.view.Relations(s.entity.Ref, "dependencyOf", "apiConsumedBy")
	for _, api := range s.view.Relations(s.entity.Ref, "providesApi") {
		users = append(users, s.view.Relations(api.Target, "apiConsumedBy")...)
	}
	slices.SortFunc(users, func(a, b catalog.Related) int { return a.Target.Compare(b.Target) })
	return slices.CompactFunc(users, func(a, b catalog.Related) bool { return a.Target == b.Target })
}

// owns counts what a group or person owns, by kind.
func (s subject) owns() fact {
	owned := s.view.Relations(s.entity.Ref, "ownerOf")
	f := fact{field: card.Field{Label: "Owns", Value: card.T(countOf(owned))}}
	if len(owned) == 0 {
		f.field.Value = card.T("nothing in the catalog")
	}
	return f
}

// countOf counts entities by what people call them: "3 services, 1 API".
func countOf(related []catalog.Related) string {
	counts := map[string]int{}
	for _, r := range related {
		word := r.Target.Kind
		if r.Entity != nil {
			word = r.Entity.Kind
			if r.Entity.Ref.Kind == "component" && r.Entity.Type != "" {
				word = r.Entity.Type
			}
		}
		counts[plainWord(word)]++
	}
	words := make([]string, 0, len(counts))
	for word := range counts {
		words = append(words, word)
	}
	slices.SortFunc(words, func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	for i, word := range words {
		words[i] = count(counts[word], word, plural(word))
	}
	return strings.Join(words, ", ")
}

// plainWord writes kinds as words: "System" is a system, but an API stays one.
func plainWord(word string) string {
	if word == strings.ToUpper(word) {
		return card.Line(word)
	}
	return strings.ToLower(card.Line(word))
}

func plural(word string) string {
	switch {
	case strings.HasSuffix(word, "y") && word != "" && !strings.ContainsAny(word[max(0, len(word)-2):len(word)-1], "aeiou"):
		return word[:len(word)-1] + "ies"
	case strings.HasSuffix(word, "s"), strings.HasSuffix(word, "x"), strings.HasSuffix(word, "ch"):
		return word + "es"
	}
	return word + "s"
}

func tierOnes(related []catalog.Related) int {
	n := 0
	for _, r := range related {
		if r.Entity != nil && tierOf(r.Entity) == "1" {
			n++
		}
	}
	return n
}

// tierOf is the entity's tier, "1" to "4", or "".
func tierOf(e *catalog.Entity) string {
	if tier := e.Metadata.Annotations.Get("callboard/tier"); tier != "" {
		return tier
	}
	for _, tag := range e.Metadata.Tags {
		if tier, found := strings.CutPrefix(tag, "tier-"); found {
			return tier
		}
	}
	return ""
}

func tierTag(e *catalog.Entity) string {
	if tier := tierOf(e); tier != "" {
		return "tier " + tier
	}
	return ""
}

// name shows the far end of a relation, saying so where it does not exist.
func name(r catalog.Related) card.Text { return card.T(nameOf(r)) }

func nameOf(r catalog.Related) string {
	switch {
	case r.Entity == nil:
		return card.Line(r.Target.Short() + " (not in the catalog)")
	case r.Target.Kind == "user":
		return personName(r.Entity)
	}
	return r.Target.Short()
}

// list names up to most entities and counts the rest.
func list(related []catalog.Related, most int) card.Text {
	var parts []card.Text
	for i, r := range related {
		if i == most {
			parts = append(parts, card.T("and "+strconv.Itoa(len(related)-most)+" more"))
			break
		}
		parts = append(parts, name(r))
	}
	return card.Join(" · ", parts...)
}
