package command_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"callboard/bot"
	"callboard/bot/command"
	"callboard/catalog"
)

func TestLinkAnswer(t *testing.T) {
	ops := bot.Address{Platform: "slack", Workspace: "T1", Channel: "COPS"}
	account := bot.ChatUser{Platform: "discord", Workspace: "77", ID: "1001"}
	shown := &announced{}
	inChat(t, shown, ops)(&bot.Request{Kind: bot.Submission, Text: "link", User: account, Values: map[string]string{"user": "user:default/mira", "note": "hello"}})
	facts := shown.facts
	if facts == "" {
		t.Fatalf("no facts with %v", shown.cards)
	}
	view := snapshot(t, fixture())().As(catalog.Everything{})
	empty := snapshot(t, fstest.MapFS{"x.yaml": {Data: []byte("apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {name: x}\nspec: {type: team, children: []}\n")}})().As(catalog.Everything{})
	unread := catalog.NewSnapshot(catalog.Contents{Sources: []catalog.SourceStatus{{Name: "acme"}}}).As(catalog.Everything{})
	mira, found := view.Get(catalog.NewRef("user", "", "mira"))
	if !found {
		t.Fatal("nobody is called mira")
	}
	twin := *mira
	twin.Ref = catalog.NewRef("user", "", "twin")
	const day = 24 * time.Hour
	for name, tt := range map[string]struct {
		view   catalog.View
		facts  string
		holder *catalog.Entity
		after  time.Duration
		golden string // "": stays open
	}{
		"waits":                   {view: view, facts: facts, after: 29 * day},
		"linked":                  {view: view, facts: facts, holder: mira, golden: "link linked"},
		"linked, though late":     {view: view, facts: facts, holder: mira, after: 99 * day, golden: "link linked"},
		"linked to somebody else": {view: view, facts: facts, holder: &twin, golden: "link linked to another"},
		"expired":                 {view: view, facts: facts, after: 30*day + time.Second, golden: "link expired"},
		"left the catalog":        {view: empty, facts: facts, golden: "link gone"},
		"the catalog is not read": {view: unread, facts: facts, after: day},
		"cannot be read":          {view: view, facts: "{", golden: "link unreadable"},
	} {
		t.Run(name, func(t *testing.T) {
			var asked bot.ChatUser
			c := command.LinkAnswer(tt.view, tt.facts, func(a bot.ChatUser) *catalog.Entity { asked = a; return tt.holder }, now().Add(tt.after))
			if (c != nil) != (tt.golden != "") {
				t.Fatalf("gives %+v", c)
			}
			if tt.facts == facts && asked != account {
				t.Errorf("looks for %+v", asked)
			}
			if c == nil {
				return
			}
			if err := c.Validate(); err != nil {
				t.Error(err)
			}
			if strings.Contains(c.Text(), "add to metadata") {
				t.Error("it still asks for work")
			}
			golden(t, tt.golden, c.Text())
		})
	}
}
