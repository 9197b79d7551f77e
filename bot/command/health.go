package command

import (
	"context"
	"strconv"
	"time"

	"callboard/bot"
	"callboard/bot/card"
	"callboard/catalog"
)

// fewSources is how many sources are listed although all is well with them.
const fewSources = 10

func (d Deps) health() *bot.Command {
	return &bot.Command{
		Name: "health", Aliases: []string{"status"}, Group: bot.Meta,
		Summary: "how fresh the catalog is, and what is broken", Example: "health",
		Run: d.runHealth,
	}
}

func (d Deps) runHealth(_ context.Context, req *bot.Request) (bot.Reply, error) {
	view := d.view(req)
	stats := view.Stats()
	c := &card.Card{Title: "OK", Status: card.OK}
	for _, text := range d.Faults() {
		c.Notes = append(c.Notes, card.Note{Status: card.Bad, Text: card.T(card.Line(text))})
		c.Title, c.Status = "Not well", card.Bad
	}
	for _, chat := range d.chats() {
		if chat.Fault != "" && c.Status == card.OK {
			c.Title, c.Status = "Working, with warnings", card.Warn
		}
		c.Items = append(c.Items, chat.item())
	}
	for _, source := range view.Sources() {
		item := sourceItem(source)
		if item.Status != card.OK && c.Status == card.OK {
			c.Title, c.Status = "Working, with warnings", card.Warn
		}
		if item.Status != card.OK || stats.Sources <= fewSources {
			c.Items = append(c.Items, item)
		}
	}
	if len(c.Items) > card.MaxItems {
		c.Items = c.Items[:card.MaxItems]
	}
	c.Tags = []string{count(stats.Entities, "entity", "entities"), count(stats.Sources, "repository", "repositories")}
	if n := len(d.problems(view)); n > 0 {
		c.Actions = []card.Action{{Label: count(n, "problem", "problems"), Command: "stale"}}
	}
	c.Summary = c.Title + " · " + c.Tags[0] + " · " + c.Tags[1]
	c.Footer = searched(stats)
	return bot.Reply{Card: c}.Fine(), nil
}

// Chat is a chat platform that is served.
type Chat struct {
	Name  string // for people, as in Slack
	Fault string // why it is not reached, in words; "" while it is
}

func (c Chat) item() card.Item {
	if c.Fault != "" {
		return card.Item{Status: card.Warn, Text: card.T(c.Name), Detail: card.T(card.Line(c.Fault))}
	}
	return card.Item{Status: card.OK, Text: card.T(c.Name), Detail: card.T("connected")}
}

func (d Deps) chats() []Chat {
	if d.Chats == nil {
		return nil
	}
	return d.Chats()
}

func sourceItem(source catalog.SourceStatus) card.Item {
	item := card.Item{Status: card.OK, Text: card.T(source.Name), Detail: card.Join(" ", card.T("@"+shortRevision(source.Revision)+", checked"), card.Age(source.CheckedAt))}
	if source.Lag > 0 {
		item.Detail = card.Join(", ", item.Detail, card.T("newest change shown within "+span(source.Lag)))
	}
	served := "showing what was last good"
	if source.Revision == "" {
		served = "never read"
	}
	switch {
	case source.Error != "":
		item.Status = card.Warn
		since := card.Join(" ", card.T("fails since"), card.When(source.FailedAt))
		if source.Failures > 1 {
			since = card.Join(", ", since, card.T(strconv.Itoa(source.Failures)+" times in a row"))
		}
		item.Detail = card.Join(" ", since, card.T("("+card.Line(source.Error)+"), "+served))
	case source.Waiting != "":
		item.Status = card.Warn
		item.Detail = card.T(card.Line(source.Waiting))
	case source.CheckedAt.IsZero():
		item.Status, item.Detail = card.Unknown, card.T("not read yet")
	}
	return item
}

// span reads "1 s", "40 s", "3 min", "2 h" or "5 d": the least of the unit that is not less than d.
func span(d time.Duration) string {
	for _, unit := range []struct {
		size, most time.Duration
		name       string
	}{{time.Second, 90 * time.Second, " s"}, {time.Minute, 90 * time.Minute, " min"}, {time.Hour, 48 * time.Hour, " h"}} {
		if d <= unit.most {
			return strconv.FormatInt(int64((d+unit.size-1)/unit.size), 10) + unit.name
		}
	}
	const day = 24 * time.Hour
	return strconv.FormatInt(int64((d+day-1)/day), 10) + " d"
}
