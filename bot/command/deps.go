package command

import (
	"context"

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
	name := s.entity.Ref.Short()
	var uses, users int
	if !up {
		uses = s.addTree(c, name+" uses", "uses nothing", req, "dependsOn", "consumesApi", "apiProvidedBy", "hasPart")
	}
	if !down {
		users = s.addTree(c, name+" is used by", "is used by nothing", req, "dependencyOf", "apiConsumedBy", "providesApi", "partOf")
	}
	switch {
	case up:
		c.Summary = name + " is used by " + count(users, "entity", "entities")
	case down:
		c.Summary = name + " uses " + count(uses, "entity", "entities")
	default:
		c.Summary = name + " uses " + count(uses, "entity", "entities") + " and is used by " + thousands(users)
	}
	return bot.Reply{Card: c}.Fine(), nil
}

// addTree adds a heading and the tree below it, and returns how many entities are in it.
func (s subject) addTree(c *card.Card, heading, nothing string, req *bot.Request, types ...string) int {
	nodes, more := s.view.Tree(s.entity.Ref, types, treeLimit)
	if len(nodes) == 0 {
		c.Items = append(c.Items, card.Item{Text: card.T(s.entity.Ref.Short() + " " + nothing + " in the catalog")})
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
		c.Notes = append(c.Notes, card.Note{Text: card.T(heading + " more than is shown; the nearest " + thousands(treeLimit) + " are here")})
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
