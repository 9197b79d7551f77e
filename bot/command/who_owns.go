package command

import (
	"context"
	"slices"
	"strings"

	"callboard/bot"
	"callboard/bot/card"
	"callboard/catalog"
	"callboard/catalog/docs"
)

func (d Deps) whoOwns() *bot.Command {
	return &bot.Command{
		Name: "who-owns", Aliases: []string{"owner", "owns", "who"}, Group: bot.Read,
		Usage: "TARGET", Summary: "owner, on-call and links", MinArgs: 1, MaxArgs: -1, Target: true,
		Help: "TARGET is whatever you hold in hand: a name, an alias, a ref such as api:default/orders, a URL, a repository, " +
			"a file path, a pod or image name, an id from PagerDuty or Grafana.",
		Example: "who-owns checkout",
		Run:     d.runWhoOwns,
	}
}

func (d Deps) runWhoOwns(ctx context.Context, req *bot.Request) (bot.Reply, error) {
	s, err := d.target(req)
	if err != nil {
		return bot.Reply{}, err
	}
	var facts []fact
	switch s.entity.Ref.Kind {
	case "group":
		facts = s.groupFacts()
	case "user":
		facts = s.userFacts()
	default:
		facts = s.ownedFacts(d.Docs)
	}
	c := s.card(facts)
	c.Summary = s.ownerSummary()
	d.suggestOwner(ctx, s, c)
	c.Actions = []card.Action{
		{Label: "Dependencies", Command: "deps " + s.entity.Ref.String()},
		{Label: "Links", Command: "links " + s.entity.Ref.String()},
	}
	if d.Docs.Runbook(s.view, s.entity.Ref).Pages > 0 {
		c.Actions = append([]card.Action{{Label: "Runbook", Command: "runbook " + s.entity.Ref.String()}}, c.Actions...)
	}
	if req.Command.Has("explain") {
		d.explain(ctx, s, c, facts)
	} else {
		c.Actions = append(c.Actions, card.Action{Label: "Explain", Command: "who-owns " + s.entity.Ref.String() + " --explain"})
	}
	return bot.Reply{Card: c}.Fine(), nil
}

// card puts facts under the heading that all cards about an entity share.
func (s subject) card(facts []fact) *card.Card {
	e := s.entity
	c := &card.Card{Title: heading(e), Notes: s.notes(), Footer: s.footer()}
	for _, tag := range []string{typeOf(e), e.Lifecycle, tierTag(e)} {
		if tag = card.Line(tag); tag != "" {
			c.Tags = append(c.Tags, tag)
		}
	}
	for _, f := range facts {
		c.Fields = append(c.Fields, f.field)
	}
	return c
}

// heading is the name that commands take, behind the title where that says more.
func heading(e *catalog.Entity) string {
	title := e.DisplayName()
	if e.Ref.Kind == "user" || e.Ref.Kind == "group" {
		title = personName(e)
	}
	if strings.EqualFold(title, e.Metadata.Name) {
		return card.Line(e.Ref.Short())
	}
	return card.Line(title + " (" + e.Ref.Short() + ")")
}

// ownedFacts are those of everything that has an owner, in the order of ux.md section 3.
func (s subject) ownedFacts(library *docs.Library) []fact {
	facts := []fact{s.onCall(), s.owner(), s.runbook(library)}
	switch s.entity.Ref.Kind {
	case "component", "api":
		facts = append(facts, s.slo(), s.lastDeploy())
	}
	return append(facts, s.usedBy(), s.linkList())
}

func (s subject) groupFacts() []fact {
	facts := []fact{s.onCall(), s.contact()}
	members := s.view.Relations(s.entity.Ref, "hasMember")
	f := fact{field: card.Field{Label: "Members"}, pointers: []string{"/spec/members"}}
	if f.field.Value = list(members, 6); len(members) == 0 {
		f.field.Gap = &card.Gap{What: "none", Fix: "name this group in memberOf of its users"}
	}
	facts = append(facts, f)
	if nested := s.view.Relations(s.entity.Ref, "childOf", "parentOf"); len(nested) > 0 {
		facts = append(facts, fact{field: card.Field{Label: "Groups", Value: s.nesting(nested)}, pointers: []string{"/spec/parent", "/spec/children"}})
	}
	return append(facts, s.owns(), s.linkList())
}

// nesting tells a group's parents from its children.
func (s subject) nesting(nested []catalog.Related) card.Text {
	var parts []card.Text
	for _, r := range nested {
		word := "includes "
		if r.Type == "childOf" {
			word = "part of "
		}
		parts = append(parts, card.Join("", card.T(word), name(r)))
	}
	return card.Join(" · ", parts...)
}

func (s subject) userFacts() []fact {
	groups := s.view.Relations(s.entity.Ref, "memberOf")
	f := fact{field: card.Field{Label: "Groups", Value: list(groups, 8)}, pointers: []string{"/spec/memberOf"}}
	if len(groups) == 0 {
		f.field.Gap = &card.Gap{What: "none", Fix: "name their groups in spec.memberOf"}
	}
	return []fact{f, s.owns(), s.linkList()}
}

// ownerSummary is the answer in one line, for a lock screen.
func (s subject) ownerSummary() string {
	e := s.entity
	parts := []string{}
	switch e.Ref.Kind {
	case "group", "user":
		parts = append(parts, typeOf(e))
		if owned := len(s.view.Relations(e.Ref, "ownerOf")); owned > 0 {
			parts = append(parts, "owns "+count(owned, "entity", "entities"))
		}
	default:
		owners := s.view.Relations(e.Ref, "ownedBy")
		if len(owners) == 0 {
			parts = append(parts, "no owner")
		}
		for _, o := range owners {
			parts = append(parts, nameOf(o))
			if o.Entity != nil {
				parts = append(parts, channelOf(o.Entity).Plain())
			}
		}
	}
	parts = append(parts, tierTag(e))
	parts = slices.DeleteFunc(parts, func(part string) bool { return part == "" })
	return card.Line(e.Ref.Short() + ": " + strings.Join(parts, " · "))
}
