package discord_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"callboard/bot"
	"callboard/integrations/discord/discordtest"
)

// Which requests are Discord's (threats.md row 1, as it is here).
func TestSigned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := openDesk(t, overHTTP, echo)
		for name, tt := range map[string]struct {
			knob discordtest.Knob
			want int
		}{
			"as sent":      {discordtest.SignedAt(0), 200},
			"299 s old":    {discordtest.SignedAt(-299 * time.Second), 200},
			"301 s old":    {discordtest.SignedAt(-301 * time.Second), 401},
			"302 s ahead":  {discordtest.SignedAt(302 * time.Second), 401},
			"another byte": {discordtest.ChangedByte(), 401},
			"another key":  {discordtest.WrongKey(), 401},
			"unsigned":     {discordtest.Unsigned(), 401},
		} {
			if del := d.Command(discordtest.Ada, discordtest.General, "/callboard", "hello", tt.knob); del.Status() != tt.want {
				t.Errorf("%s: %d, want %d", name, del.Status(), tt.want)
			}
		}
		if why := d.Probe(); why != "" {
			t.Error(why)
		}
		big := httptest.NewRequest(http.MethodPost, "/discord/interactions", strings.NewReader(strings.Repeat("x", 2<<20)))
		answer := httptest.NewRecorder()
		d.discord.Handler(echo).ServeHTTP(answer, big)
		if answer.Code != http.StatusRequestEntityTooLarge {
			t.Errorf("a body of 2 MB: %d", answer.Code)
		}
		answer = httptest.NewRecorder()
		newDesk(t, overGateway).discord.Handler(echo).ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/discord/interactions", strings.NewReader(`{"type":1}`)))
		if answer.Code != http.StatusUnauthorized {
			t.Errorf("without a key nothing is Discord's: %d", answer.Code)
		}
	})
}

// TestForeignGuild: what is of another application or guild is dropped, of every kind (threats.md row 2).
func TestForeignGuild(t *testing.T) {
	bothModes(t, func(t *testing.T, mode string) {
		synctest.Test(t, func(t *testing.T) {
			asked := 0
			d := openDesk(t, mode, counting(&asked))
			d.Command(discordtest.Ada, incident, "/callboard", "hello")
			m := d.Channel(incident).Last(discordtest.Ada).WithButton("Again", "r0:again")
			asked = 0
			for _, knob := range []discordtest.Knob{discordtest.FromGuild("1"), discordtest.ForApp("1")} {
				d.Command(discordtest.Ada, incident, "/callboard", "hello", knob)
				d.Press(discordtest.Ada, m, "Again", knob)
				d.Interact(discordtest.Ada, incident, 4, map[string]any{"name": "callboard"}, knob)
				d.Interact(discordtest.Ada, incident, 5, map[string]any{"custom_id": "f:x", "components": []any{}}, knob)
			}
			d.Mention(discordtest.Ada, incident, "hello", discordtest.FromGuild("1"))
			<-time.After(10 * time.Second)
			if asked > 0 {
				t.Errorf("asked %d times", asked)
			}
			if n := d.gauge("callboard_discord_dropped_total"); n < 9 {
				t.Errorf("%v were counted", n)
			}
		})
	})
}

func counting(n *int) bot.Handler {
	return func(ctx context.Context, req *bot.Request) bot.Reply { *n++; return echo(ctx, req) }
}

// Bots and webhooks never ask, however they write.
func TestOnlyPeopleAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		d := openDesk(t, overGateway, counting(&asked))
		d.AddUser(discordtest.User{ID: "700000000000000011", Name: "robot", Bot: true})
		d.AddUser(discordtest.User{ID: "700000000000000012", Name: "hook", Webhook: true})
		d.AddUser(discordtest.User{ID: "700000000000000013", Name: "system", System: true})
		for _, who := range []string{"robot", "hook", "system"} {
			d.Mention(who, incident, "hello")
		}
		d.Mention(discordtest.Ada, incident, "not for the bot", discordtest.Unmentioned())
		<-time.After(5 * time.Second)
		if asked > 0 {
			t.Errorf("asked %d times", asked)
		}
	})
}

// TestAccount: who is a member, and who is not.
func TestAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := openDesk(t, overGateway, echo)
		d.AddUser(discordtest.User{ID: "700000000000000021", Name: "bert", Nick: "Bert of Pay", Roles: []string{"1"}})
		d.AddUser(discordtest.User{ID: "700000000000000022", Name: "gone", Outside: true})
		d.AddUser(discordtest.User{ID: "700000000000000023", Name: "robot", Bot: true})
		for id, want := range map[string]bot.Account{
			"700000000000000021": {Name: "Bert of Pay"},
			"700000000000000022": {Name: "700000000000000022", Stranger: true},
			"700000000000000023": {Name: "robot", Bot: true},
			"../x":               {Name: "../x", Stranger: true},
		} {
			got, err := d.discord.Account(t.Context(), bot.ChatUser{Platform: "discord", Workspace: d.GuildID, ID: id})
			if err != nil || got != want {
				t.Errorf("%s: %+v %v, want %+v", id, got, err, want)
			}
		}
		d.Fail("", discordtest.Fault{Status: 403, Code: 50001})
		if _, err := d.discord.Account(t.Context(), bot.ChatUser{Platform: "discord", Workspace: d.GuildID, ID: discordtest.Ada}); err == nil {
			t.Error("a lookup that failed is no answer")
		}
	})
}

// Commands are registered by one call, and only when they differ.
func TestRegister(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const put = "PUT /applications/{app}/guilds/{guild}/commands"
		d := openDesk(t, overGateway, echo)
		d.stop()
		end := d.background(echo)
		<-time.After(time.Minute)
		if n := len(d.Calls(put)); n != 1 {
			t.Errorf("registered %d times", n)
		}
		if err := end(); err != nil {
			t.Error(err)
		}
	})
}
