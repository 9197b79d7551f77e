package command

import (
	"context"

	"callboard/bot"
	"callboard/catalog"
	"callboard/catalog/policy"
)

// Deps is what the commands need of the rest of the house.
type Deps struct {
	Catalog func() *catalog.Snapshot
	Viewer  func(policy.Actor) catalog.Viewer // what an actor may see
	Faults  func() []string                   // what is wrong with Callboard itself, in words; empty when all is well
}

// All gives the verbs in the order in which help shows them.
func All(d Deps) []*bot.Command {
	commands := []*bot.Command{
		d.whoOwns(), d.links(), d.deps(), d.find(), d.stale(),
		d.health(), d.whoami(),
	}
	help := &bot.Command{}
	commands = append(commands, help)
	*help = helpCommand(commands)
	return commands
}

// view is the catalog as the asker sees it.
func (d Deps) view(req *bot.Request) catalog.View {
	return d.Catalog().As(d.Viewer(req.Actor))
}

// Complete gives the names that go on with the last argument of a request.
func (d Deps) Complete(_ context.Context, req *bot.Request) []bot.Choice {
	const most = 25 // Discord shows no more
	args := req.Command.Args
	if len(args) == 0 {
		return nil
	}
	var out []bot.Choice
	for _, c := range d.view(req).Complete(args[len(args)-1], most) {
		out = append(out, bot.Choice{Text: c.Text, Hint: c.Hint})
	}
	return out
}
