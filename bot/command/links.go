package command

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"callboard/bot"
	"callboard/bot/card"
	"callboard/catalog"
)

// Bounds of a card of links.
const (
	maxLinks  = 100
	maxUnsafe = 5 // links that are named although they are not shown
)

func (d Deps) links() *bot.Command {
	return &bot.Command{
		Name: "links", Aliases: []string{"link"}, Group: bot.Read,
		Usage: "TARGET", Summary: "dashboards, repository, docs and chat", MinArgs: 1, MaxArgs: -1, Target: true,
		Help:    "The links that the descriptor declares, and those that follow from its annotations.",
		Example: "links checkout",
		Run:     d.runLinks,
	}
}

func (d Deps) runLinks(ctx context.Context, req *bot.Request) (bot.Reply, error) {
	s, err := d.target(req)
	if err != nil {
		return bot.Reply{}, err
	}
	c := s.card(nil)
	links := s.allLinks()
	p := d.provenance()
	ctx, cancel := context.WithTimeout(ctx, historyPatience)
	defer cancel()
	for _, l := range links[:min(len(links), maxLinks)] {
		item := card.Item{Text: card.Link(l.label, l.url), Detail: card.T(l.kind)}
		if req.Command.Has("explain") {
			item.Detail = p.written(ctx, s.view, s.entity, l.pointer)
		}
		c.Items = append(c.Items, item)
	}
	if more := len(links) - maxLinks; more > 0 {
		c.Notes = append(c.Notes, card.Note{Text: card.T("and " + count(more, "link", "links") + " more, in the descriptor")})
	}
	c.Notes = slices.Concat(c.Notes, s.unsafeLinks(), p.notes)
	c.Summary = s.entity.Ref.Short() + ": " + count(len(links), "link", "links")
	if len(links) == 0 {
		c.Fields = []card.Field{{Label: "Links", Gap: &card.Gap{What: "none declared", Fix: "add metadata.links to " + s.entity.Origin.Place()}}}
		c.Summary = s.entity.Ref.Short() + " declares no links"
	}
	return bot.Reply{Card: c}.Fine(), nil
}

// entityLink is one place to look, and the field of the descriptor that names it.
type entityLink struct {
	label, url, kind, pointer string

	ours bool // the way to the descriptor, which the footer of a card shows too
}

// allLinks lists the declared links, then what annotations point at.
func (s subject) allLinks() []entityLink {
	var out []entityLink
	seen := map[string]bool{}
	add := func(l entityLink) {
		if card.CheckURL(l.url) == nil && !seen[l.url] {
			seen[l.url] = true
			l.label = card.Line(l.label)
			out = append(out, l)
		}
	}
	for i, link := range s.entity.Metadata.Links {
		add(entityLink{label: cmp.Or(link.Title, link.URL), url: link.URL, kind: card.Line(link.Type), pointer: "/metadata/links/" + strconv.Itoa(i)})
	}
	for _, a := range s.view.Annotations(s.entity) {
		if label, url := annotationLink(a); url != "" {
			ours := a.Key == "backstage.io/source-location" || a.Key == "backstage.io/view-url"
			add(entityLink{label: label, url: url, pointer: annotation(a.Key), ours: ours})
		}
	}
	return out
}

// unsafeLinks says which declared links are not shown, and why.
func (s subject) unsafeLinks() []card.Note {
	var notes []card.Note
	for i, link := range s.entity.Metadata.Links {
		err := card.CheckURL(link.URL)
		if err == nil || len(notes) == maxUnsafe {
			continue
		}
		pointer := "/metadata/links/" + strconv.Itoa(i)
		text := "the link " + strconv.Quote(cmp.Or(link.Title, fieldName(pointer))) + " is not shown: its " + err.Error()
		if place := s.place(s.entity, pointer); place != "" {
			text += ", " + place
		}
		notes = append(notes, card.Note{Status: card.Warn, Text: card.T(card.Line(text))})
	}
	return notes
}

// annotationLink gives the link that an annotation stands for: a repository by its slug, or an
// annotation whose value is an address.
func annotationLink(a catalog.Pair) (label, url string) {
	slugs := map[string]string{
		"github.com/project-slug":    "https://github.com/",
		"gitlab.com/project-slug":    "https://gitlab.com/",
		"bitbucket.com/project-slug": "https://bitbucket.org/",
	}
	switch {
	case slugs[a.Key] != "":
		return "repository", slugs[a.Key] + a.Value
	case a.Key == "backstage.io/source-location":
		return "source", strings.TrimPrefix(a.Value, "url:")
	case a.Key == "backstage.io/view-url":
		return "descriptor", a.Value
	case strings.HasPrefix(a.Key, "backstage.io/"):
		return "", ""
	case strings.HasPrefix(a.Value, "https://"), strings.HasPrefix(a.Value, "http://"):
		_, name, _ := strings.Cut(a.Key, "/")
		first, _, _ := strings.Cut(a.Value, ",") // some annotations hold several, comma-separated
		return strings.ReplaceAll(strings.TrimSuffix(name, "-url"), "-", " "), first
	}
	return "", ""
}

// linkList is the who-owns card's line of links.
func (s subject) linkList() fact {
	const most = 3 // what fits beside the label in 80 columns
	f := fact{field: card.Field{Label: "Links"}, pointers: []string{"/metadata/links"}}
	links := slices.DeleteFunc(s.allLinks(), func(l entityLink) bool { return l.ours })
	var parts []card.Text
	for i, l := range links {
		if i == most {
			parts = append(parts, card.T("and "+strconv.Itoa(len(links)-most)+" more"))
			break
		}
		parts = append(parts, card.Link(l.label, l.url))
	}
	if f.field.Value = card.Join(" · ", parts...); len(links) == 0 {
		f.field.Gap = &card.Gap{What: "none declared", Fix: "add metadata.links"}
	}
	return f
}
