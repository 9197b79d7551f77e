package discord

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"callboard/bot"
	"callboard/bot/card"
)

func quiet() *Discord {
	return New(Options{Application: "1", Guild: "2", Client: http.DefaultClient, Log: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry()})
}

// A gateway that asks to connect again and again is not stormed.
func TestEnded_Again(t *testing.T) {
	d, s := quiet(), &session{wait: gatewayFirst}
	if pause, err := d.ended(s, errReconnect); err != nil || pause > gatewayFirst {
		t.Errorf("the first time: %v %v", pause, err)
	}
	var sum time.Duration
	for range 40 {
		pause, err := d.ended(s, errReconnect)
		if err != nil {
			t.Fatal(err)
		}
		sum += pause
	}
	if sum < 5*time.Minute {
		t.Errorf("40 attempts within %v", sum)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// In no second more requests go out than Discord takes, not in the first one either.
func TestPacer_Global(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent []time.Time
		p := newPacer(&http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
			sent = append(sent, time.Now())
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("{}")), Header: http.Header{}}, nil
		})}, slog.New(slog.DiscardHandler))
		for i := range 200 {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://discord.com/api/v10/channels/"+strconv.Itoa(i), http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := p.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = answer.Body.Close()
		}
		for i := globalEvery; i < len(sent); i++ {
			if apart := sent[i].Sub(sent[i-globalEvery]); apart < time.Second {
				t.Fatalf("%d requests within %v", globalEvery+1, apart)
			}
		}
	})
}

// Nobody makes the forms of others forgotten.
func TestDrafts_PerPerson(t *testing.T) {
	var s drafts
	f := &card.Form{Title: "T", Pages: []card.Page{{}}}
	other := s.keep(draft{user: "2", form: f})
	first := s.keep(draft{user: "1", form: f})
	var last *draft
	for range 2 * maxDrafts {
		last = s.keep(draft{user: "1", form: f})
	}
	if _, found := s.find(other.id, "2"); !found {
		t.Error("the form of somebody else is forgotten")
	}
	if _, found := s.find(first.id, "1"); found {
		t.Error("the oldest of many is still there")
	}
	if _, found := s.find(last.id, "1"); !found || s.order.Len() != maxOwn+1 || len(s.all) != maxOwn+1 {
		t.Errorf("found %v, %d and %d drafts", found, s.order.Len(), len(s.all))
	}
}

// People name group conversations, so that such a name opens nothing.
func TestFromInteraction_Group(t *testing.T) {
	d := quiet()
	d.options.Open, d.options.Commands = []string{"inc-*"}, []Command{{Name: "callboard"}}
	for guild, known := range map[string]bool{"": false, "2": true} {
		_, err := d.fromInteraction([]byte(`{"id":"5","application_id":"1","type":2,"token":"t","guild_id":"` + guild + `","context":2,"user":{"id":"9"},` +
			`"channel_id":"7` + guild + `","channel":{"id":"7` + guild + `","type":3,"name":"inc-1"},"data":{"name":"callboard","type":1}}`))
		if err != nil {
			t.Fatal(err)
		}
		if name, is := d.places.Name("7" + guild); is != known {
			t.Errorf("in the guild %q: %q %v", guild, name, is)
		}
	}
}

// A ref that is too long for a choice is offered, and travels as its digest.
func TestChoices_Long(t *testing.T) {
	command := "who-owns component:" + strings.Repeat("n", 60) + "/" + strings.Repeat("c", 60)
	short, _ := bot.Short(command, maxChoiceText+len("who-owns "))
	turn := newTurn("suggestion")
	turn.prefix = "who-owns "
	data, _ := choices(turn, []bot.Choice{{Text: command}}).data.(component)
	offered, _ := data["choices"].([]component)
	if len(offered) != 1 || offered[0]["value"] != strings.TrimPrefix(short, "who-owns ") || short == command || !strings.HasPrefix(offered[0]["name"].(string), "component:nnn") {
		t.Errorf("offered: %v", offered)
	}
}

// Who types so fast that the catalog is not asked does not hear that it has no such name.
func TestEntities_Busy(t *testing.T) {
	d, turn := quiet(), newTurn("submission")
	turn.draft = &draft{form: &card.Form{Title: "T", Pages: []card.Page{{Inputs: []card.Input{{Name: "who", Label: "Who", Kind: card.EntityInput}}}}}}
	turn.request.Values = map[string]string{"who": "ada"}
	for outcome, want := range map[bot.Outcome]string{bot.Busy: "send it again", bot.Fine: "nothing in the catalog"} {
		d.use(func(context.Context, *bot.Request) bot.Reply { return bot.Reply{Outcome: outcome} })
		r, fine := d.entities(t.Context(), turn)
		if fine || !strings.Contains(r.Form.Pages[0].Inputs[0].Error, want) {
			t.Errorf("%s: %v", outcome, r.Form.Pages[0].Inputs[0].Error)
		}
	}
}

func TestOptions_Agent(t *testing.T) {
	for _, tt := range []struct{ home, version, want string }{
		{"https://callboard.example", "v1.2.3", "DiscordBot (https://callboard.example, v1.2.3)"},
		{"", "", "DiscordBot (https://discord.com/developers/applications/1, 0)"},
	} {
		if got := (Options{Application: "1", Home: tt.home, Version: tt.version}).agent(); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}

// A server that stands in for Discord may have its API at the root.
func TestRouteOf_Root(t *testing.T) {
	if route, major, open := routeOf("GET", "/v10/webhooks/1/tok"); route != "GET /webhooks/{id}/{id}" || major != "/1/tok" || !open {
		t.Errorf("%q %q %v", route, major, open)
	}
}
