package discord

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"callboard/bot"
	"callboard/bot/card"
)

// Drafts are for who made them, for a day, and not more than so many.
func TestDrafts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s drafts
		f := &card.Form{Title: "T", Pages: []card.Page{{}}}
		mine := s.keep(draft{user: "1", form: f, values: map[string]string{"a": "b"}})
		if _, found := s.find(mine.id, "2"); found {
			t.Error("somebody else finds it")
		}
		got, found := s.find(mine.id, "1")
		if !found || got.values["a"] != "b" {
			t.Fatalf("%+v %v", got, found)
		}
		got.values["a"] = "changed"
		if again, _ := s.find(mine.id, "1"); again.values["a"] != "b" {
			t.Error("what was found is no copy")
		}
		<-time.After(draftLife)
		if _, found := s.find(mine.id, "1"); found {
			t.Error("found after a day")
		}
		for i := range maxDrafts + 10 {
			s.keep(draft{user: strconv.Itoa(i), form: f})
		}
		if len(s.all) != maxDrafts || s.order.Len() != maxDrafts {
			t.Errorf("%d and %d drafts", len(s.all), s.order.Len())
		}
	})
}

func TestMeant(t *testing.T) {
	choices := []bot.Choice{{Text: "who-owns user:default/ada"}, {Text: "who-owns user:default/adam"}}
	for typed, want := range map[string]string{"ada": "user:default/ada", "ADAM": "user:default/adam", "ad": ""} {
		if got, why := meant(typed, choices); got != want || (got == "") != (why != "") {
			t.Errorf("%s: %q %q", typed, got, why)
		}
	}
	if got, _ := meant("ad", choices[:1]); got != "user:default/ada" {
		t.Errorf("the only one: %q", got)
	}
	if _, why := meant("x", nil); why == "" {
		t.Error("nobody is meant, and nothing is said")
	}
}

func TestReadable(t *testing.T) {
	for text, want := range map[string]string{
		"<@9> who-owns checkout":        "who-owns checkout",
		"<@9>: who-owns x":              "who-owns x",
		"<@9>, who-owns x":              "who-owns x",
		"<@!9>   help":                  "help",
		"who-owns <@123>":               "who-owns @123",
		"who-owns <#456>":               "who-owns #456",
		"who-owns <@&77>":               "who-owns @77",
		"find <:ship:123> <a:go:1>":     "find :ship: :go:",
		"who-owns <https://a.example/>": "who-owns https://a.example/",
		"find a <b> & <x":               "find a <b> & <x",
		"one\ntwo\u202e":                "one two",
	} {
		if got := readable(text, "9"); got != want {
			t.Errorf("readable(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestRouteOf(t *testing.T) {
	for path, want := range map[string][2]string{
		"/api/v10/channels/1/messages/2":             {"GET /channels/{id}/messages/{id}", "1"},
		"/api/v10/guilds/1/members/2":                {"GET /guilds/{id}/members/{id}", "1"},
		"/api/v10/webhooks/1/tok/messages/@original": {"GET /webhooks/{id}/{id}/messages/@original", "/1/tok"},
		"/api/v10/interactions/1/tok/callback":       {"GET /interactions/{id}/{id}/callback", "/1/tok"},
		"/api/v10/applications/1/guilds/2/commands":  {"GET /applications/{id}/guilds/{id}/commands", ""},
		"/api/v10/users/@me":                         {"GET /users/@me", ""},
	} {
		route, major, open := routeOf("GET", path)
		if route != want[0] || major != want[1] || open != (want[1] != "" && want[1][0] == '/') {
			t.Errorf("%s: %q %q %v", path, route, major, open)
		}
	}
}
