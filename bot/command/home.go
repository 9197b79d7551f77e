package command

import (
	"cmp"
	"context"
	"slices"

	"callboard/bot"
	"callboard/bot/card"
	"callboard/catalog"
)

// homeMost is how many services a person's own page lists: each takes a block or two, and Slack shows 100.
const homeMost = 40

// home is a person's own page: what their groups own, what needs them first.
func (d Deps) home() *bot.Command {
	return &bot.Command{
		Name: "home", Group: bot.Read, Summary: "my services, and what is wrong with them",
		Example: "home", Run: d.runHome,
	}
}

func (d Deps) runHome(_ context.Context, req *bot.Request) (bot.Reply, error) {
	if !req.Actor.Linked() {
		return bot.Reply{Card: strangerHome(req)}.Fine(), nil
	}
	view := d.view(req)
	owned := ownedBy(view, req.Actor.User)
	wrong := map[catalog.Ref]int{}
	for _, p := range d.problems(view) {
		wrong[p.Ref]++
	}
	slices.SortStableFunc(owned, func(a, b *catalog.Entity) int {
		return cmp.Or(cmp.Compare(wrong[b.Ref], wrong[a.Ref]), cmp.Compare(rank(a), rank(b)), a.Ref.Compare(b.Ref))
	})
	c := &card.Card{Title: "My services", Tags: []string{personTag(view, req.Actor.User)}, Footer: searched(view.Stats())}
	needy := 0
	for i, e := range owned {
		if wrong[e.Ref] > 0 {
			needy++
		}
		if i < homeMost {
			c.Items = append(c.Items, homeItem(view, e, wrong[e.Ref]))
		}
	}
	switch {
	case len(owned) == 0:
		c.Summary = "You and your groups own nothing in the catalog"
		c.Notes = []card.Note{{Text: card.T("What spec.owner of a descriptor gives to you or to one of your groups is shown here.")}}
	case needy == 0:
		c.Status = card.OK
		c.Summary = count(len(owned), "entity", "entities") + " of yours, nothing is wrong with the descriptors"
	default:
		c.Status = card.Warn
		c.Summary = count(needy, "entity needs", "entities need") + " you, of " + thousands(len(owned))
	}
	if len(owned) > homeMost {
		c.Notes = append(c.Notes, card.Note{Text: card.T("the first " + thousands(homeMost) + " of " + thousands(len(owned)) + " are shown, those with problems first")})
	}
	c.Actions = []card.Action{{Label: "Who am I?", Command: "whoami"}, {Label: "Help", Command: "help"}}
	return bot.Reply{Card: c}.Fine(), nil
}

// strangerHome is the page of somebody whom the catalog does not know.
func strangerHome(req *bot.Request) *card.Card {
	c := &card.Card{
		Title: "Welcome", Summary: "I do not know yet who you are in the catalog", Status: card.Warn,
		Notes: []card.Note{
			{Text: card.T("You can ask who owns what, and for runbooks. To see your services here, link your account.")},
			{Text: card.T(card.Line(req.Actor.Why))},
		},
		Actions: []card.Action{{Label: "Help", Command: "help"}},
	}
	if req.Actor.Why == "" {
		c.Notes = c.Notes[:1]
	}
	if req.User != (bot.ChatUser{}) {
		c.Actions = append([]card.Action{{Label: "Link my account", Command: "link"}}, c.Actions...)
	}
	return c
}

// ownedBy gives what a person owns, alone or through their groups, each entity once.
func ownedBy(view catalog.View, user catalog.Ref) []*catalog.Entity {
	seen := map[catalog.Ref]bool{}
	var owned []*catalog.Entity
	collect := func(owner catalog.Ref) {
		for _, r := range view.Relations(owner, "ownerOf") {
			if r.Found() && !seen[r.Target] {
				seen[r.Target] = true
				owned = append(owned, r.Entity)
			}
		}
	}
	collect(user)
	for _, group := range view.Relations(user, "memberOf") {
		collect(group.Target)
	}
	return owned
}

// rank orders kinds by how likely somebody looks for them.
func rank(e *catalog.Entity) int {
	if i := slices.Index([]string{"component", "api", "resource", "system", "domain"}, e.Ref.Kind); i >= 0 {
		return i
	}
	return 5
}

func homeItem(view catalog.View, e *catalog.Entity, problems int) card.Item {
	item := card.Item{
		Text: card.T(card.Line(e.DisplayName())), Detail: card.T(described(view, e)),
		Status: card.OK, Action: "who-owns " + e.Ref.String(),
	}
	if problems > 0 {
		item.Status = card.Warn
		item.Detail = card.T(count(problems, "problem", "problems") + " in " + e.Origin.Place())
		item.Action = "stale " + e.Ref.String()
	}
	return item
}

func personTag(view catalog.View, user catalog.Ref) string {
	if e, found := view.Get(user); found {
		return personName(e)
	}
	return user.Short()
}
