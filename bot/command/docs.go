package command

import (
	"context"
	"strconv"
	"strings"
	"unicode"

	"callboard/bot"
	"callboard/bot/card"
	"callboard/catalog"
	"callboard/catalog/docs"
)

const (
	docsLimit     = 10
	findDocsLimit = 5
)

// indexing is said instead of that there is nothing, before all was looked at once.
const indexing = "The documentation is being indexed for the first time: ask again in a moment."

func (d Deps) docs() *bot.Command {
	return &bot.Command{
		Name: "docs", Aliases: []string{"doc", "techdocs"}, Group: bot.Read,
		Usage: "WORDS", Summary: "search documentation and runbooks", MaxArgs: -1,
		Flags: []bot.Flag{{Name: "open", Summary: "show this section, as ENTITY PATH#ANCHOR"}},
		Help: "Finds the sections that hold all words, those first whose headings do. The last word may be the beginning of one. Where " +
			"no section holds all, those that hold the most telling ones are shown.",
		Example: "docs idempotency key",
		Run:     d.runDocs,
	}
}

func (d Deps) runDocs(ctx context.Context, req *bot.Request) (bot.Reply, error) {
	if address := req.Command.Flags["open"]; address != "" {
		return d.openSection(ctx, req, address)
	}
	text := strings.Join(req.Command.Args, " ")
	words := docs.Words(text)
	if len(words) == 0 {
		return bot.Reply{}, &misuseError{"docs needs words to search for, as in: docs idempotency key", "help docs"}
	}
	view := d.view(req)
	found, err := d.Docs.Search(ctx, view, docs.Query{Words: words, Limit: docsLimit})
	if err != nil {
		return bot.Reply{}, err
	}
	if len(found.Hits) == 0 && !d.Docs.Indexed() {
		return plainReply(bot.Upstream, indexing, ""), nil
	}
	if len(found.Hits) == 0 {
		return noDocs(view, text, found), nil
	}
	c := &card.Card{Title: sectionsMatch(found, text), Footer: searched(view.Stats())}
	var names []string
	for i := range found.Hits {
		c.Items = append(c.Items, hitItem(&found.Hits[i], req.Command.Has("explain")))
		names = append(names, hitName(&found.Hits[i]))
	}
	if found.Total > len(found.Hits) {
		c.Notes = []card.Note{{Text: card.T("the best " + thousands(len(found.Hits)) + " are shown")}}
	}
	c.Summary = card.Line(c.Title + ": " + strings.Join(names, " · "))
	return bot.Reply{Card: c}.Fine(), nil
}

// sectionsMatch counts what was found.
func sectionsMatch(found docs.Found, text string) string {
	text = " " + said(text)
	switch {
	case found.Loose:
		return "No section holds all of" + text + "; these come near"
	case found.More:
		return "More than " + thousands(found.Total) + " sections match" + text
	}
	return count(found.Total, "section matches", "sections match") + text
}

// noDocs says that nothing was found, and which words there are that look alike.
func noDocs(view catalog.View, text string, found docs.Found) bot.Reply {
	title := "No documentation about " + said(text) + "."
	c := &card.Card{Title: title, Status: card.Warn, Footer: searched(view.Stats())}
	for _, near := range found.Near {
		c.Actions = append(c.Actions, card.Action{Label: label(near), Command: bot.Line{Verb: "docs", Args: []string{near}}.String()})
	}
	if len(found.Near) > 0 {
		c.Title += " Did you mean: " + card.Line(strings.Join(found.Near, ", ")) + "?"
	}
	c.Summary = c.Title
	c.Actions = append(c.Actions, again("Find", bot.Line{Verb: "find", Args: strings.Fields(text)})...)
	return bot.Reply{Card: c, Outcome: bot.NotFound}
}

// hitName reads "Runbook of checkout › High error rate".
func hitName(h *docs.Hit) string {
	if h.Section.Heading == "" || h.Section.Heading == h.Page {
		return card.Line(h.Page)
	}
	return card.Line(h.Page + " › " + h.Section.Heading)
}

// hitItem is a row that opens its section.
func hitItem(h *docs.Hit, explained bool) card.Item {
	line := bot.Line{Verb: "docs", Flags: map[string]string{"open": address(h)}}
	if h.Runbook {
		line = bot.Line{Verb: "runbook", Args: []string{h.Refs[0].String()}, Flags: map[string]string{"section": sectionAddress(h)}}
	}
	detail := card.T(strings.TrimSuffix(card.Line(h.Refs[0].Short()+" — "+h.Snippet), " —"))
	if explained {
		detail = card.T(card.Line(h.Refs[0].String() + " " + h.Source + " " + h.Path + ":" + strconv.Itoa(h.Section.Line) + " @" + shortRevision(h.Revision)))
	}
	return card.Item{Text: card.T(hitName(h)), Detail: detail, Action: line.String()}
}

func sectionAddress(h *docs.Hit) string {
	if h.Section.Anchor == "" {
		return h.Path
	}
	return h.Path + "#" + h.Section.Anchor
}

func address(h *docs.Hit) string { return h.Refs[0].String() + " " + sectionAddress(h) }

// openSection shows one section of a page.
func (d Deps) openSection(ctx context.Context, req *bot.Request, address string) (bot.Reply, error) {
	gone := &goneError{"There is no section " + said(address) + " any more: search again", "help docs"}
	name, place, _ := strings.Cut(address, " ")
	file, anchor, _ := strings.Cut(place, "#")
	ref, err := catalog.ParseRef(name, "component", catalog.DefaultNamespace)
	if err != nil {
		return bot.Reply{}, gone
	}
	view := d.view(req)
	unit, found, err := d.Docs.Section(ctx, view, ref, file, anchor)
	if err != nil {
		return bot.Reply{}, err
	}
	if !found {
		return bot.Reply{}, gone
	}
	c := &card.Card{Title: card.Line(unit.Title), Tags: []string{card.Line(ref.Short())}}
	if page := card.Line(unit.Page.Name); page != c.Title {
		c.Tags = append(c.Tags, page)
	}
	if putBody(c, view, &unit, 0).Short {
		c.Notes = append(c.Notes, card.Note{Text: card.T("the section is longer than a card: open the page for the rest")})
	}
	c.Summary = card.Line(ref.Short() + ": " + unit.Title + summaryOf(&unit))
	owner, _ := view.Get(ref)
	c.Footer = d.pageFooter(ctx, view, owner, &unit.Page.Page, unit.Section.Line)
	c.Actions = []card.Action{{Label: "Who owns it", Command: "who-owns " + ref.String()}}
	if req.Command.Has("explain") {
		d.explainUnit(ctx, view, c, &unit)
	}
	return bot.Reply{Card: c}.Fine(), nil
}

// putBody gives a card the Markdown of a unit, with links made whole, and reports what was cut.
func putBody(c *card.Card, view catalog.View, u *docs.Unit, most int) docs.Cut {
	base := strings.TrimSuffix(view.BlobURL(catalog.Origin{Source: u.Page.Source, Path: "x"}), "x")
	text := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, docs.Rebase(u.Text, base, u.Page.Path))
	cut := docs.Steps(text, most, card.MaxBody)
	c.Body = cut.Text
	return cut
}
