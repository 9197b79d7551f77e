package command

import (
	"context"
	"strings"

	"callboard/bot"
	"callboard/bot/card"
	"callboard/catalog"
)

// treeLimit is how many lines a tree of dependencies has at most.
const treeLimit = 40

func (d Deps) deps() *bot.Command {
	return &bot.Command{
		Name: "deps", Aliases: []string{"dependencies"}, Group: bot.Read,
		Usage: "TARGET [--up|--down]", Summary: "what it needs and what needs it", MinArgs: 1, MaxArgs: -1, Target: true,
		Flags: []bot.Flag{{Name: "up", Summary: "only what uses it"}, {Name: "down", Summary: "only what it uses"}},
		Help: "Follows dependsOn, consumesApi and providesApi from both ends, as a tree. An entity that is reached twice is " +
			"followed once. Systems and domains show their parts.",
		Example: "deps checkout --up",
		Run:     d.runDeps,
	}
}

func (d Deps) runDeps(_ context.Context, req *bot.Request) (bot.Reply, error) {
	up, down := req.Command.Has("up"), req.Command.Has("down")
	if up && down {
		return bot.Reply{}, &misuseError{"deps takes --up or --down; without either it shows both", "help deps"}
	}
	s, err := d.target(req)
	if err != nil {
		return bot.Reply{}, err
	}
	c := s.card(nil)
	var uses, users int
	below, above := treesOf(s.entity)
	if !up {
		uses = s.addTree(c, below, req)
	}
	if !down {
		users = s.addTree(c, above, req)
	}
	var says []string
	if !up {
		says = append(says, below.verb+" "+count(uses, "entity", "entities"))
	}
	if !down {
		says = append(says, above.verb+" "+count(users, "entity", "entities"))
	}
	c.Summary = s.entity.Ref.Short() + " " + strings.Join(says, " and ")
	return bot.Reply{Card: c}.Fine(), nil
}

// direction is one way to follow relations.
type direction struct {
	verb  string // between the subject and the tree
	types []string
}

// treesOf says what lies below and above an entity: the parts and wholes of systems and domains, the
// members and parents of groups, and otherwise what it uses and what uses it.
func treesOf(e *catalog.Entity) (below, above direction) {
	switch e.Ref.Kind {
	case "system", "domain":
		return direction{"contains", []string{"hasPart"}}, direction{"is part of", []string{"partOf"}}
	case "group", "user":
		return direction{"includes", []string{"parentOf", "hasMember"}}, direction{"belongs to", []string{"childOf", "memberOf"}}
	}
	return direction{"uses", []string{"dependsOn", "consumesApi", "apiProvidedBy"}},
		direction{"is used by", []string{"dependencyOf", "apiConsumedBy", "providesApi"}}
}

// addTree adds a heading and the tree below it, and returns how many entities are in it.
func (s subject) addTree(c *card.Card, d direction, req *bot.Request) int {
	heading := s.entity.Ref.Short() + " " + d.verb
	nodes, more := s.view.Tree(s.entity.Ref, d.types, treeLimit)
	if len(nodes) == 0 {
		c.Items = append(c.Items, card.Item{Text: card.T(heading + " nothing in the catalog")})
		return 0
	}
	c.Items = append(c.Items, card.Item{Text: card.T(heading)})
	distinct := map[catalog.Ref]bool{}
	for _, node := range nodes {
		distinct[node.Target] = true
		item := card.Item{Text: card.T(node.Target.Short()), Depth: node.Depth, Detail: s.nodeDetail(node)}
		if req.Command.Has("explain") {
			item.Detail = card.T(node.Type + " " + node.Target.String())
		}
		if !node.Found() {
			item.Status = card.Unknown
		}
		c.Items = append(c.Items, item)
	}
	if more {
		c.Notes = append(c.Notes, card.Note{Text: card.T(heading + " more than is shown: these are the nearest " + thousands(treeLimit))})
	}
	return len(distinct)
}

func (s subject) nodeDetail(node catalog.Node) card.Text {
	switch {
	case !node.Found():
		return card.T(node.Target.Kind + ", not in the catalog")
	case node.Seen:
		return card.T("see above")
	}
	return card.T(description(s.view, node.Entity))
}
