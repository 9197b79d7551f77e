package command

import (
	"context"
	"strings"

	"callboard/bot"
	"callboard/bot/card"
	"callboard/catalog"
)

func (d Deps) whoami() *bot.Command {
	return &bot.Command{
		Name: "whoami", Group: bot.Meta, Summary: "who I take you for, and why", Example: "whoami",
		Run: d.runWhoami,
	}
}

func (d Deps) runWhoami(_ context.Context, req *bot.Request) (bot.Reply, error) {
	view, actor := d.view(req), req.Actor
	account := strings.TrimSpace(actor.Platform + " " + actor.ChatID)
	c := &card.Card{Title: card.Line(account), Fields: []card.Field{{Label: "Account", Value: card.T(card.Line(account))}}}
	if !actor.Linked() {
		c.Status = card.Warn
		c.Summary = "You are " + card.Line(account) + ", nobody whom the catalog knows"
		fix := "you can read, but not change anything"
		if req.User != (bot.ChatUser{}) {
			fix += "; link gets you added"
		}
		c.Fields = append(c.Fields, card.Field{Label: "Person", Gap: &card.Gap{What: "unknown: " + card.Line(actor.Why), Fix: fix}})
		return bot.Reply{Card: c}.Fine(), nil
	}
	person := card.T(actor.User.String() + " (not in the catalog)")
	if user, found := view.Get(actor.User); found {
		person = card.T(personName(user) + " (" + actor.User.String() + ")")
		c.Fields = append(c.Fields, otherAccounts(user, req.User)...)
	}
	c.Title = person.Plain()
	c.Summary = "You are " + person.Plain()
	c.Fields = append(c.Fields, card.Field{Label: "Person", Value: person, Source: card.Line(actor.Why)})
	var groups []card.Text
	for _, group := range view.Relations(actor.User, "memberOf") {
		groups = append(groups, name(group))
	}
	f := card.Field{Label: "Groups", Value: card.Join(" · ", groups...)}
	if len(groups) == 0 {
		f.Gap = &card.Gap{What: "none", Fix: "name your groups in spec.memberOf of " + actor.User.String()}
	}
	c.Fields = append(c.Fields, f, card.Field{Label: "Owns", Value: card.T(ownedWords(view, actor.User))})
	if d.Grants != nil {
		for _, text := range d.Grants(actor) {
			c.Fields = append(c.Fields, card.Field{Label: "Sees", Value: card.T(card.Line(text))})
		}
	}
	c.Fields = c.Fields[:min(len(c.Fields), card.MaxFields)]
	return bot.Reply{Card: c}.Fine(), nil
}

// otherAccounts are those by which a person is known on other platforms.
func otherAccounts(user *catalog.Entity, here bot.ChatUser) []card.Field {
	var out []card.Field
	for _, platform := range []string{"slack", "discord"} {
		key := accountAnnotation(platform)
		if id := user.Metadata.Annotations.Get(key); id != "" && platform != here.Platform {
			out = append(out, card.Field{Label: "Also", Value: card.T(card.Line(platform + " " + id)), Source: "the annotation " + key})
		}
	}
	return out
}

// ownedWords counts what a person owns, alone or through their groups.
func ownedWords(view catalog.View, user catalog.Ref) string {
	owned := view.Relations(user, "ownerOf")
	for _, group := range view.Relations(user, "memberOf") {
		owned = append(owned, view.Relations(group.Target, "ownerOf")...)
	}
	if len(owned) == 0 {
		return "nothing in the catalog"
	}
	return countOf(owned)
}
