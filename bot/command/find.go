package command

import (
	"context"
	"strings"

	"callboard/bot"
	"callboard/bot/card"
	"callboard/catalog"
)

const findLimit = 10

func (d Deps) find() *bot.Command {
	return &bot.Command{
		Name: "find", Aliases: []string{"search"}, Group: bot.Read,
		Usage: "WORDS", Summary: "search the catalog", MinArgs: 1, MaxArgs: -1, Target: true,
		Help:    "All words must occur in the name, title, description, tags or owner. Words such as kind:api, owner:team-x, type:service, lifecycle:production or tag:go narrow the search.",
		Example: "find payments kind:api",
		Run:     d.runFind,
	}
}

func (d Deps) runFind(_ context.Context, req *bot.Request) (bot.Reply, error) {
	text := strings.Join(req.Command.Args, " ")
	view := d.view(req)
	found := view.Find(catalog.Query{Text: text, Limit: findLimit})
	if found.Total == 0 {
		return bot.Reply{}, &notFoundError{bot.Line{Verb: "who-owns"}, text, view, view.Resolve(text).Candidates, nil, false}
	}
	c := &card.Card{Title: count(found.Total, "entity matches", "entities match") + ` "` + card.Line(text) + `"`, Footer: searched(view.Stats())}
	var names []string
	for _, e := range found.Entities {
		item := card.Item{Text: card.T(e.Ref.Short()), Detail: card.T(findDetail(view, e)), Action: "who-owns " + e.Ref.String()}
		if req.Command.Has("explain") {
			item.Detail = card.T(e.Ref.String() + " " + e.Origin.String())
		}
		c.Items = append(c.Items, item)
		names = append(names, e.Ref.Short())
	}
	if found.Total > len(found.Entities) {
		c.Notes = []card.Note{{Text: card.T("the first " + thousands(len(found.Entities)) + " are shown; narrow with kind:, owner:, type:, lifecycle: or tag:")}}
	}
	c.Summary = card.Line(count(found.Total, "entity matches", "entities match") + ": " + strings.Join(names, " · "))
	return bot.Reply{Card: c}.Fine(), nil
}

func findDetail(view catalog.View, e *catalog.Entity) string {
	text := description(view, e)
	if e.Metadata.Description != "" {
		text += " — " + card.Line(e.Metadata.Description)
	}
	return text
}
