package discord_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"callboard/bot"
	"callboard/bot/card"
	"callboard/integrations/discord/discordtest"
)

const (
	getChannel = "GET /channels/{channel}"
	dropAnswer = "DELETE /webhooks/{app}/{token}/messages/{message}"
)

// Calls that nobody waits for end, too, when Discord never answers them, and are made again.
func TestHang(t *testing.T) {
	for _, route := range []string{"GET /gateway/bot", "GET /users/@me", "GET /applications/{app}/guilds/{guild}/commands"} {
		t.Run(route, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t, overGateway)
				d.Fail(route, discordtest.Fault{Slow: 6 * time.Hour}, discordtest.Fault{Slow: 6 * time.Hour})
				d.background(echo)
				<-time.After(2 * time.Minute)
				if n := len(d.Calls("PUT /applications/{app}/guilds/{guild}/commands")); n != 1 || d.gauge("callboard_discord_sockets") != 1 {
					t.Errorf("registered %d times, %v sockets; %s", n, d.gauge("callboard_discord_sockets"), d.logs)
				}
			})
		})
	}
}

// What is not heard about a bucket, because the answers got lost, silences no channel.
func TestPace_Lost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := openDesk(t, overGateway, echo)
		if _, err := d.discord.Post(t.Context(), general(), named("one"), "k1"); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Minute)
		for range 10 {
			d.Fail(create, discordtest.Fault{Cut: true})
		}
		for range 2 {
			if _, err := d.discord.Post(t.Context(), general(), named("two"), "k2"); err == nil {
				t.Fatal("posted without a connection")
			}
		}
		start := time.Now()
		if _, err := d.discord.Post(t.Context(), general(), named("three"), "k3"); err != nil || time.Since(start) > 30*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

// A promise that is taken back twice, because the first time seemed to fail, loses no answer.
func TestLate_TakenBackTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := openDesk(t, overGateway, func(context.Context, *bot.Request) bot.Reply {
			<-time.After(5 * time.Second)
			r := says("surprise")
			r.Visibility = bot.Public
			return r
		})
		d.Fail(dropAnswer, discordtest.Fault{Status: 502, After: true})
		d.Command(discordtest.Ada, discordtest.General, "/callboard", "hello")
		<-time.After(20 * time.Second)
		if all := d.Channel(discordtest.General).SeenBy(discordtest.Grace); len(all) != 1 || all[0].Content != "surprise" {
			t.Errorf("Grace sees %v; %s", all, d.logs)
		}
	})
}

// Where the gateway is closed for good interactions over HTTP are answered still, and Fault says what is not.
func TestGateway_FinalHTTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := openDesk(t, overHTTP, echo)
		if fault := d.discord.Fault(); fault != "" {
			t.Errorf("while all is well: %s", fault)
		}
		d.CloseSockets(4014)
		<-time.After(time.Minute)
		if fault := d.discord.Fault(); !strings.Contains(fault, "until the configuration is read again") || !strings.Contains(fault, "4014") {
			t.Errorf("the fault is %q", fault)
		}
		d.Command(discordtest.Ada, incident, "/callboard", "hello")
		if m := d.Channel(incident).Last(discordtest.Grace); m.Content != "you said hello" {
			t.Errorf("Grace sees %q", m.Content)
		}
	})
}

// What is wrong with a form may name what only the asker may see, so that others do not read it below a mention.
func TestMention_RefusedForm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		form := &card.Form{Title: "Short", Command: "fill it", Pages: []card.Page{{Submit: "Do", Inputs: []card.Input{{Name: "a", Label: "A", Kind: card.LineInput}}}}}
		d := openDesk(t, overGateway, func(_ context.Context, req *bot.Request) bot.Reply {
			if strings.Contains(req.Text, "wrong") {
				return bot.Reply{Form: form.Refused(map[string]string{"a": "the hidden one"}), Outcome: bot.Misused}
			}
			return bot.Reply{Form: form}.Fine()
		})
		for text, button := range map[string]string{"fill wrong": "Show", "fill it": "Open the form"} {
			d.Mention(discordtest.Ada, discordtest.General, text)
			<-time.After(2 * time.Second)
			m := d.Channel(discordtest.General).Last(discordtest.Grace)
			if strings.Contains(m.Lines(), "hidden") {
				t.Errorf("%s: Grace sees %s", text, m.Lines())
			}
			if err := d.Press(discordtest.Ada, m, button).Err(); err != nil {
				t.Errorf("%s: %v", text, err)
			}
			if f := d.Modal(discordtest.Ada); f == nil || strings.Contains(text, "wrong") != strings.Contains(f.Lines(), "hidden") {
				t.Errorf("%s: the form is %v", text, f)
			}
			d.CloseModal(discordtest.Ada)
		}
	})
}

// The name of a channel is asked for once, however many wait for it, and never for suggestions.
func TestPlaces_Once(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const thread = "600000000000000021"
		d := openDesk(t, overGateway, echo)
		d.AddChannel(discordtest.ChannelSpec{ID: thread, Name: "what happened", Type: 11, Parent: incident})
		d.Autocomplete(discordtest.Ada, thread, "/who-owns", "check")
		if n := len(d.Calls(getChannel)); n != 0 {
			t.Errorf("%d calls for a suggestion", n)
		}
		d.Fail(getChannel, discordtest.Fault{Slow: 300 * time.Millisecond})
		for range 5 {
			go d.Mention(discordtest.Ada, incident, "hello")
		}
		<-time.After(5 * time.Second)
		if n := len(d.Calls(getChannel)); n != 1 {
			t.Errorf("%d calls for one channel", n)
		}
		if n := len(d.Channel(incident).FromBot()); n != 5 {
			t.Errorf("%d answers; %s", n, d.logs)
		}
	})
}
