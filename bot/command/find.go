package command

import (
	"context"
	"errors"
	"strings"

	"callboard/bot"
	"callboard/bot/card"
	"callboard/catalog"
	"callboard/catalog/docs"
)

const findLimit = 10

func (d Deps) find() *bot.Command {
	return &bot.Command{
		Name: "find", Aliases: []string{"search"}, Group: bot.Read,
		Usage: "WORDS", Summary: "search the catalog and its documentation", MinArgs: 1, MaxArgs: -1, Target: true,
		Help: "All words must occur in the name, title, description, tags or owner. Words such as kind:api, owner:team-x, type:service, lifecycle:production or tag:go narrow the search. " +
			"Without such words, the sections of documentation that hold all words follow.",
		Example: "find payments kind:api",
		Run:     d.runFind,
	}
}

func (d Deps) runFind(ctx context.Context, req *bot.Request) (bot.Reply, error) {
	text := strings.Join(req.Command.Args, " ")
	view := d.view(req)
	found := view.Find(catalog.Query{Text: text, Limit: findLimit})
	sections, err := d.sectionsFor(ctx, view, text)
	late := errors.Is(err, docs.ErrLost) || errors.Is(err, docs.ErrSlow)
	if err != nil && (found.Total == 0 || !late) {
		return bot.Reply{}, err
	}
	if found.Total == 0 && len(sections.Hits) > 0 {
		return d.foundDocs(req, view, text, sections), nil
	}
	if found.Total == 0 && !d.Docs.Indexed() {
		return plainReply(bot.Upstream, "No entity matches "+said(text)+". "+indexing, ""), nil
	}
	if found.Total == 0 {
		return bot.Reply{}, &notFoundError{bot.Line{Verb: "who-owns"}, text, view, view.Resolve(text).Candidates, nil, false}
	}
	c := &card.Card{Title: count(found.Total, "entity matches", "entities match") + " " + said(text), Footer: searched(view.Stats())}
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
		c.Notes = []card.Note{{Text: card.T("the first " + thousands(len(found.Entities)) + " entities are shown; narrow with kind:, owner:, type:, lifecycle: or tag:")}}
	}
	if late { // entities are found in memory: they wait for nothing
		c.Notes = append(c.Notes, card.Note{Status: card.Warn, Text: card.T("the documentation could not be searched just now")})
	}
	if len(sections.Hits) > 0 {
		c.Items = append(c.Items, card.Item{Text: card.T("Documentation: " + sectionsMatch(sections, text))})
		c.Items = append(c.Items, sectionItems(req, sections)...)
	}
	if !late && !d.Docs.Indexed() {
		c.Notes = append(c.Notes, card.Note{Text: card.T("entities only: the documentation is being indexed for the first time")})
	}
	if d.isPast() {
		c.Notes = append(c.Notes, card.Note{Text: card.T("entities only: documentation is searched as it is now")})
	}
	c.Summary = card.Line(count(found.Total, "entity matches", "entities match") + ": " + strings.Join(names, " · "))
	return bot.Reply{Card: c}.Fine(), nil
}

// sectionsFor gives the sections that hold all words of a text that does not narrow the search to entities.
func (d Deps) sectionsFor(ctx context.Context, view catalog.View, text string) (docs.Found, error) {
	if strings.Contains(text, ":") {
		return docs.Found{}, nil
	}
	found, err := d.Docs.Search(ctx, view, docs.Query{Words: docs.Words(text), Limit: findDocsLimit})
	if found.Loose {
		return docs.Found{}, err
	}
	return found, err
}

// sectionItems are the rows of documentation below those of entities.
func sectionItems(req *bot.Request, found docs.Found) []card.Item {
	var items []card.Item
	for i := range found.Hits {
		items = append(items, hitItem(&found.Hits[i], req.Command.Has("explain")))
	}
	return items
}

// foundDocs answers where only documentation holds the words.
func (d Deps) foundDocs(req *bot.Request, view catalog.View, text string, found docs.Found) bot.Reply {
	c := &card.Card{
		Title: "No entity; " + sectionsMatch(found, text),
		Items: sectionItems(req, found), Footer: searched(view.Stats()),
	}
	c.Summary = card.Line(c.Title + ": " + hitName(&found.Hits[0]))
	return bot.Reply{Card: c}.Fine()
}

func findDetail(view catalog.View, e *catalog.Entity) string {
	text := description(view, e)
	if e.Metadata.Description != "" {
		text += " — " + card.Line(e.Metadata.Description)
	}
	return text
}
