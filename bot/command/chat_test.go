package command_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"callboard/bot"
	"callboard/bot/card"
	"callboard/bot/command"
	"callboard/catalog"
	"callboard/catalog/policy"
)

// announced is what the operators were shown, by subject.
type announced struct {
	cards map[string]*card.Card
	to    []bot.Address
	err   error
}

func (a *announced) show(_ context.Context, subject string, to []bot.Address, c *card.Card) error {
	if a.err != nil {
		return a.err
	}
	if a.cards == nil {
		a.cards = map[string]*card.Card{}
	}
	a.cards[subject], a.to = c, to
	return nil
}

// inChat gives the handler for requests from an account of Slack.
func inChat(t *testing.T, shown *announced, operators ...bot.Address) func(*bot.Request) bot.Reply {
	t.Helper()
	files := fixture()
	served := snapshot(t, files)
	deps := command.Deps{
		Catalog: served, Docs: documented(t, served(), files), Faults: func() []string { return nil },
		Viewer: func(policy.Actor) catalog.Viewer { return catalog.Everything{} },
		Now:    now, Zone: time.UTC, Announce: shown.show, Operators: operators,
		Account: func(context.Context, bot.ChatUser) (bot.Account, error) {
			return bot.Account{Name: "M. Ruiz <!here>"}, nil
		},
	}
	mux := bot.NewMux(command.All(deps), command.Words(slog.New(slog.DiscardHandler)), deps.Complete)
	return func(req *bot.Request) bot.Reply {
		req.User = bot.ChatUser{Platform: "slack", Workspace: "T1", ID: "U1"}
		req.Address = bot.Address{Platform: "slack", Workspace: "T1", Channel: "C1"}
		return mux.Handle(t.Context(), req)
	}
}

func TestLink(t *testing.T) {
	ops := bot.Address{Platform: "slack", Workspace: "T1", Channel: "COPS"}
	submit := func(values map[string]string) *bot.Request {
		return &bot.Request{Kind: bot.Submission, Text: "link", Values: values}
	}
	t.Run("opens a form", func(t *testing.T) {
		reply := inChat(t, &announced{}, ops)(&bot.Request{Kind: bot.Typed, Text: "link"})
		if reply.Form == nil || reply.Card != nil || reply.Outcome != bot.Fine {
			t.Fatalf("%+v", reply)
		}
		if err := reply.Form.Validate(); err != nil {
			t.Error(err)
		}
	})
	t.Run("asks the operators", func(t *testing.T) {
		shown := &announced{}
		reply := inChat(t, shown, ops)(submit(map[string]string{"user": "user:default/mira", "note": "new laptop\n<!channel>"}))
		if reply.Outcome != bot.Fine || reply.Card == nil {
			t.Fatalf("%+v", reply)
		}
		asked := shown.cards["link:slack:T1:U1"]
		if asked == nil || len(shown.to) != 1 || shown.to[0] != ops {
			t.Fatalf("shown %v to %v", shown.cards, shown.to)
		}
		if err := asked.Validate(); err != nil {
			t.Error(err)
		}
		golden(t, "link asked", reply.Card.Text()+"--- the operators see\n"+asked.Text())
	})
	for name, values := range map[string]map[string]string{
		"nobody chosen":   {"note": "x"},
		"not a person":    {"user": "component:default/checkout"},
		"unknown person":  {"user": "user:default/nobody"},
		"not a reference": {"user": "::"},
	} {
		t.Run("refused: "+name, func(t *testing.T) {
			shown := &announced{}
			reply := inChat(t, shown, ops)(submit(values))
			if reply.Form == nil || reply.Form.Pages[0].Inputs[0].Error == "" || reply.Outcome != bot.Misused {
				t.Errorf("%+v, want the form with an error on its first input", reply)
			}
			if len(shown.cards) > 0 {
				t.Errorf("the operators were asked: %v", shown.cards)
			}
			if err := reply.Form.Validate(); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("without operators", func(t *testing.T) {
		reply := inChat(t, &announced{})(submit(map[string]string{"user": "user:default/mira"}))
		golden(t, "link by hand", reply.Card.Text())
	})
	t.Run("the request cannot be stored", func(t *testing.T) {
		reply := inChat(t, &announced{err: errors.New("disk full")}, ops)(submit(map[string]string{"user": "user:default/mira"}))
		if reply.Outcome != bot.Fault {
			t.Errorf("%+v, want an apology", reply)
		}
	})
	t.Run("linked already", func(t *testing.T) {
		req := &bot.Request{Kind: bot.Typed, Text: "link", Actor: policy.Actor{User: catalog.NewRef("user", "", "mira"), Why: "the test says so"}}
		reply := inChat(t, &announced{}, ops)(req)
		if reply.Form != nil || reply.Card == nil || reply.Outcome != bot.Fine {
			t.Errorf("%+v, want who they are", reply)
		}
	})
}

func TestHome(t *testing.T) {
	mira := policy.Actor{User: catalog.NewRef("user", "", "mira"), Platform: "slack"}
	nobody := policy.Actor{Platform: "slack", Why: "no User of the catalog carries this account's id"}
	for name, actor := range map[string]policy.Actor{"home": mira, "home of nobody": nobody} {
		t.Run(name, func(t *testing.T) {
			reply := inChat(t, &announced{})(&bot.Request{Kind: bot.Home, Text: "home", Actor: actor})
			if reply.Outcome != bot.Fine {
				t.Fatalf("%+v", reply)
			}
			if err := reply.Card.Validate(); err != nil {
				t.Error(err)
			}
			golden(t, name, reply.Card.Text())
		})
	}
}
