package command_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/fstest"
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
	facts string
	err   error
}

func (a *announced) show(_ context.Context, subject string, to []bot.Address, facts string, c *card.Card) error {
	if a.err != nil {
		return a.err
	}
	if a.cards == nil {
		a.cards = map[string]*card.Card{}
	}
	a.cards[subject], a.to, a.facts = c, to, facts
	return nil
}

// inChat gives the handler for requests from an account of Slack, or of another platform where a request says so.
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
		if req.User == (bot.ChatUser{}) {
			req.User = bot.ChatUser{Platform: "slack", Workspace: "T1", ID: "U1"}
		}
		req.Address = bot.Address{Platform: req.User.Platform, Workspace: req.User.Workspace, Channel: "C1"}
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
	t.Run("on Discord", func(t *testing.T) {
		req := submit(map[string]string{"user": "user:default/mira"})
		req.User = bot.ChatUser{Platform: "discord", Workspace: "77", ID: "1001"}
		shown := &announced{}
		inChat(t, shown, ops)(req)
		asked := shown.cards["link:discord:77:1001"]
		if asked == nil || !strings.Contains(asked.Text(), `discord.com/user-id: "77:1001"`) || strings.Contains(asked.Text(), "slack.com") {
			t.Errorf("the operators see %v", asked)
		}
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

// A person with accounts on two platforms has one link each, and whoami on either names the other.
func TestTwoAccounts(t *testing.T) {
	files := fstest.MapFS{"people.yaml": {Data: []byte("apiVersion: backstage.io/v1alpha1\nkind: User\nmetadata:\n  name: ana\n" +
		"  annotations: { slack.com/user-id: \"T1:U1\", discord.com/user-id: \"77:1001\" }\nspec: { memberOf: [] }\n")}}
	deps := command.Deps{
		Catalog: snapshot(t, files), Faults: func() []string { return nil },
		Viewer: func(policy.Actor) catalog.Viewer { return catalog.Everything{} }, Now: now, Zone: time.UTC,
	}
	mux := bot.NewMux(command.All(deps), command.Words(slog.New(slog.DiscardHandler)), deps.Complete)
	for _, tt := range []struct {
		user        bot.ChatUser
		other, link string // in the answer to whoami, and what becomes of a link to ana
	}{
		{bot.ChatUser{Platform: "slack", Workspace: "T1", ID: "U1"}, "discord 77:1001", ""},
		{bot.ChatUser{Platform: "discord", Workspace: "77", ID: "1001"}, "slack T1:U1", ""},
		{bot.ChatUser{Platform: "discord", Workspace: "77", ID: "01"}, "", "has another account already"},
	} {
		if tt.other != "" {
			actor := policy.Actor{User: catalog.NewRef("user", "", "ana"), Platform: tt.user.Platform, ChatID: tt.user.ID}
			reply := mux.Handle(t.Context(), &bot.Request{Kind: bot.Typed, Text: "whoami", User: tt.user, Actor: actor})
			if text := reply.Card.Text(); strings.Count(text, "Also") != 1 || !strings.Contains(text, tt.other) {
				t.Errorf("%v: %s", tt.user, text)
			}
		}
		reply := mux.Handle(t.Context(), &bot.Request{
			Kind: bot.Submission, Text: "link", User: tt.user, Values: map[string]string{"user": "user:default/ana"},
		})
		if said := reply.Form != nil && strings.Contains(reply.Form.Pages[0].Inputs[0].Error, "has another account already"); said != (tt.link != "") {
			t.Errorf("%v: link says that there is another account: %v", tt.user, said)
		}
	}
}

// Health names each chat that is served, and warns of one that is not reached.
func TestHealth_Chats(t *testing.T) {
	chats := []command.Chat{{Name: "Slack"}, {Name: "Discord"}}
	deps := command.Deps{
		Catalog: snapshot(t, fixture()), Faults: func() []string { return nil }, Chats: func() []command.Chat { return chats },
		Viewer: func(policy.Actor) catalog.Viewer { return catalog.Everything{} }, Now: now, Zone: time.UTC,
	}
	mux := bot.NewMux(command.All(deps), command.Words(slog.New(slog.DiscardHandler)), deps.Complete)
	ask := func() *card.Card { return mux.Handle(t.Context(), &bot.Request{Kind: bot.Typed, Text: "health"}).Card }
	if c := ask(); c.Status != card.OK || !strings.Contains(c.Text(), "Slack — connected") || !strings.Contains(c.Text(), "Discord — connected") {
		t.Errorf("%s", c.Text())
	}
	chats[1].Fault = "Discord refuses the token"
	if c := ask(); c.Status != card.Warn || !strings.Contains(c.Text(), "Discord — Discord refuses the token") {
		t.Errorf("%s", c.Text())
	}
}
