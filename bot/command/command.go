package command

import (
	"context"
	"strings"
	"time"

	"callboard/bot"
	"callboard/bot/card"
	"callboard/catalog"
	"callboard/catalog/docs"
	"callboard/catalog/policy"
)

// Deps is what the commands need of the rest of the house. History, CatalogAt, PagesAt, Rule, Grants, Now and Zone
// may be left out.
type Deps struct {
	Catalog      func() *catalog.Snapshot
	Viewer       func(policy.Actor) catalog.Viewer // what an actor may see
	Faults       func() []string                   // what is wrong with Callboard itself, in words; empty when all is well
	Chats        func() []Chat                     // the chat platforms that are served; nil: none
	Docs         *docs.Library                     // documentation and runbooks
	RuleProblems func() []catalog.Problem          // of the file of rules, in words that everybody may read; nil: there is none

	History   catalog.History                                             // nil: nobody knows who wrote what
	CatalogAt func(context.Context, catalog.Moment) (catalog.Past, error) // nil: there is only the present
	// PagesAt gives the documentation of an entity of a past; nil: only the present one is known.
	PagesAt func(context.Context, catalog.Past, catalog.Ref) ([]docs.ShelvedPage, error)
	Rule    func(policy.Actor, catalog.Ref) string // the rule by which an actor sees an entity, or, of the zero Ref, what they see; nil: none hides anything
	Grants  func(policy.Actor) []string            // what rules hide that an actor sees, in words; nil: nothing
	Now     func() time.Time                       // nil: time.Now
	Zone    *time.Location                         // of moments that are typed without one; nil: the machine's

	Announce  func(ctx context.Context, subject string, to []bot.Address, facts string, c *card.Card) error // as bot.Announcer.Show; nil: nothing outlives its answer
	Operators []bot.Address                                                                                 // where the operators are asked
	Account   func(context.Context, bot.ChatUser) (bot.Account, error)                                      // nil: nobody knows

	scope *scope // of the answer that is being made
}

// All gives the verbs in the order in which help shows them.
func All(d Deps) []*bot.Command {
	commands := []*bot.Command{
		d.reading(Deps.whoOwns), d.reading(Deps.runbook), d.reading(Deps.links), d.reading(Deps.deps), d.reading(Deps.find),
		d.present(Deps.docs), d.reading(Deps.stale), d.reading(Deps.explainTarget),
	}
	commands = append(commands, d.present(Deps.home), d.health(), d.whoami(), d.link())
	help := &bot.Command{}
	commands = append(commands, help)
	*help = helpCommand(commands)
	return commands
}

// reading makes a read of the catalog able to look at its past, and to say where its answer comes from.
func (d Deps) reading(read func(Deps) *bot.Command) *bot.Command {
	c := read(d)
	c.Flags = append(c.Flags, bot.Flag{Name: "at", Summary: "the catalog as it was at a time or commit; at the console only"})
	c.Run = func(ctx context.Context, req *bot.Request) (bot.Reply, error) {
		start, here, err := d.now(), d, error(nil)
		here.scope = &scope{}
		if req.Command.Has("at") {
			if here, err = here.atMoment(ctx, req); err != nil {
				return bot.Reply{}, err
			}
		}
		if err := here.expand(req); err != nil {
			return bot.Reply{}, err
		}
		reply, err := read(here).Run(ctx, req)
		if err != nil && here.scope.past != nil {
			err = &pastError{err, here.scope}
		}
		if err != nil {
			return reply, err
		}
		if here.scope.past != nil {
			here.scope.stamp(reply.Card)
		}
		return here.explained(ctx, req, reply, start), nil
	}
	return c
}

// present makes a read of what has no past able to say where its answer comes from.
func (d Deps) present(read func(Deps) *bot.Command) *bot.Command {
	c := read(d)
	c.Run = func(ctx context.Context, req *bot.Request) (bot.Reply, error) {
		start, here := d.now(), d
		here.scope = &scope{}
		if err := here.expand(req); err != nil {
			return bot.Reply{}, err
		}
		reply, err := read(here).Run(ctx, req)
		if err != nil {
			return reply, err
		}
		return here.explained(ctx, req, reply, start), nil
	}
	return c
}

func (d Deps) now() time.Time {
	if d.Now == nil {
		return time.Now()
	}
	return d.Now()
}

// view is the catalog as the asker sees it.
func (d Deps) view(req *bot.Request) catalog.View {
	return d.Catalog().As(d.Viewer(req.Actor))
}

const maxChoices = 25 // Discord shows no more

// Complete gives the names that go on with the last argument of a request.
func (d Deps) Complete(_ context.Context, req *bot.Request) []bot.Choice {
	args := req.Command.Args
	if len(req.Kinds) > 0 {
		return d.completeKinds(req)
	}
	if len(args) == 0 {
		return nil
	}
	var out []bot.Choice
	for _, c := range d.view(req).Complete(args[len(args)-1], maxChoices) {
		out = append(out, bot.Choice{Text: c.Text, Hint: c.Hint})
	}
	return out
}

// completeKinds gives the refs of entities of some kinds, by any of their words: what a form wants is a ref that means
// one entity.
func (d Deps) completeKinds(req *bot.Request) []bot.Choice {
	words := strings.Join(req.Command.Args, " ")
	found := d.view(req).Find(catalog.Query{Text: "kind:" + strings.Join(req.Kinds, ",") + " " + words, Limit: maxChoices})
	var out []bot.Choice
	for _, e := range found.Entities {
		out = append(out, bot.Choice{Text: e.Ref.String(), Hint: personName(e)})
	}
	return out
}
