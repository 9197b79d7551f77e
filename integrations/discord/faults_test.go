package discord_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"callboard/bot"
	"callboard/bot/card"
	"callboard/integrations/discord/discordtest"
)

const (
	create = "POST /channels/{channel}/messages"
	edit   = "PATCH /channels/{channel}/messages/{message}"
)

func general() bot.Address {
	return bot.Address{Platform: "discord", Workspace: "900000000000000001", Channel: discordtest.General}
}

func named(title string) *card.Card { return &card.Card{Title: title, Summary: title} }

// A card is posted once whatever goes wrong on the way, is found again, and changes in its place.
func TestPost_Once(t *testing.T) {
	for name, f := range map[string]discordtest.Fault{
		"nothing":            {},
		"500":                {Status: 500},
		"500, but done":      {Status: 502, After: true},
		"half an answer":     {Half: true},
		"cut":                {Cut: true},
		"cut, but done":      {Cut: true, After: true},
		"429":                {Status: 429, RetryAfter: 3 * time.Second},
		"429 for everything": {Status: 429, RetryAfter: 3 * time.Second, Global: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := openDesk(t, overGateway, echo)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				if f != (discordtest.Fault{}) {
					d.Fail(create, f)
				}
				since := time.Now()
				id, err := d.discord.Post(ctx, general(), named("one"), "the key")
				if err != nil {
					t.Fatal(err, d.logs)
				}
				if n := len(d.Channel(discordtest.General).FromBot()); n != 1 {
					t.Errorf("%d messages", n)
				}
				found, ok, err := d.discord.Find(ctx, general(), "the key", since)
				if err != nil || !ok || found != id {
					t.Errorf("found %q %v %v, want %q", found, ok, err, id)
				}
				if _, ok, _ := d.discord.Find(ctx, general(), "another key", since); ok {
					t.Error("found what was not posted")
				}
				if err := d.discord.Update(ctx, general(), id, named("two")); err != nil {
					t.Fatal(err)
				}
				if m := d.Channel(discordtest.General).FromBot()[0]; m.Content != "two" {
					t.Errorf("shown is %q", m.Content)
				}
			})
		})
	}
}

// What cannot be mended by trying again says so; the announcer gives such messages up.
func TestPost_Gone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := openDesk(t, overGateway, echo)
		id, err := d.discord.Post(t.Context(), general(), named("one"), "k")
		if err != nil {
			t.Fatal(err)
		}
		for _, code := range []int{10003, 10008, 50001, 50013} {
			status := http.StatusNotFound
			if code > 50000 {
				status = http.StatusForbidden
			}
			d.Fail(edit, discordtest.Fault{Status: status, Code: code})
			if err := d.discord.Update(t.Context(), general(), id, named("two")); !errors.Is(err, bot.ErrGone) {
				t.Errorf("%d: %v", code, err)
			}
		}
		d.Fail(edit, discordtest.Fault{Status: 400, Code: 50035})
		if err := d.discord.Update(t.Context(), general(), id, named("two")); err == nil || errors.Is(err, bot.ErrGone) {
			t.Errorf("50035: %v", err)
		}
	})
}

// Where Discord asks to wait for longer than there is time, the caller hears so at once.
func TestPace_NoTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := openDesk(t, overGateway, echo)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		d.Fail(create, discordtest.Fault{Status: 429, RetryAfter: 10 * time.Minute})
		start := time.Now()
		for range 3 {
			_, err := d.discord.Post(ctx, general(), named("one"), "k")
			var later *bot.LaterError
			if !errors.As(err, &later) || later.After < 9*time.Minute {
				t.Errorf("%v", err)
			}
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("it took %v", took)
		}
		if n := len(d.Calls(create)); n != 1 {
			t.Errorf("%d calls", n)
		}
	})
}

// Buckets are learnt from the headers: a hundred messages meet no 429 but the first that find them out.
func TestPace_Buckets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := openDesk(t, overGateway, echo)
		for i := range 100 {
			if _, err := d.discord.Post(t.Context(), general(), named(fmt.Sprint("message ", i)), fmt.Sprint("key ", i)); err != nil {
				t.Fatal(err)
			}
		}
		refused := 0
		for _, c := range d.Calls(create) {
			if c.Status == http.StatusTooManyRequests {
				refused++
			}
		}
		if refused > 0 {
			t.Errorf("%d of %d calls were too many", refused, len(d.Calls(create)))
		}
	})
}

// A token that is refused stops all calls for a minute, and is not tried in a loop.
func TestToken_Refused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, overGateway)
		d.background(echo)
		d.ready()
		d.Revoke()
		before := len(d.Calls(create))
		for range 30 {
			if _, err := d.discord.Post(t.Context(), general(), named("one"), "k"); err == nil || !strings.Contains(err.Error(), "discord.token") {
				t.Fatalf("%v", err)
			}
			<-time.After(10 * time.Second)
		}
		if n := len(d.Calls(create)) - before; n > 6 {
			t.Errorf("%d calls within five minutes", n)
		}
		d.Heal()
		<-time.After(2 * time.Minute)
		if _, err := d.discord.Post(t.Context(), general(), named("one"), "k"); err != nil {
			t.Error(err)
		}
	})
}

// Before so many requests are refused that Discord would ban us, nothing is sent any more; ten minutes later it is.
func TestPace_Invalid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := openDesk(t, overGateway, echo)
		d.FailRandomly(1, 1, discordtest.Fault{Status: 403, Code: 50013})
		for range 10_000 {
			_, _ = d.discord.Post(t.Context(), general(), named("one"), "k")
		}
		if n := len(d.Calls("")); n > 9_050 {
			t.Errorf("%d calls", n)
		}
		d.Heal()
		<-time.After(11 * time.Minute)
		if _, err := d.discord.Post(t.Context(), general(), named("one"), "k"); err != nil {
			t.Error(err)
		}
	})
}

// Interactions that Discord has forgotten are answered by the bot's own token, and their webhook is not called again.
func TestLate_Forgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := openDesk(t, overGateway, func(ctx context.Context, req *bot.Request) bot.Reply {
			<-time.After(5 * time.Second)
			return echo(ctx, req)
		})
		d.Fail("PATCH /webhooks/{app}/{token}/messages/{message}", discordtest.Fault{Status: 404, Code: 10015})
		d.Command(discordtest.Ada, discordtest.General, "/callboard", "hello")
		<-time.After(10 * time.Second)
		if m := d.Direct(discordtest.Ada).Last(discordtest.Ada); m.Content != "you said hello" {
			t.Errorf("Ada sees %q; %s", m.Content, d.logs)
		}
	})
}

// Nothing that is secret is logged: neither the bot's token nor those of interactions.
func TestSecrets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := openDesk(t, overGateway, func(ctx context.Context, req *bot.Request) bot.Reply {
			if strings.Contains(req.Text, "late") {
				<-time.After(5 * time.Second)
			}
			return echo(ctx, req)
		})
		d.FailRandomly(1, 0.7, discordtest.Fault{Status: 500}, discordtest.Fault{Cut: true}, discordtest.Fault{Status: 404, Code: 10062}, discordtest.Fault{Status: 429, RetryAfter: time.Hour})
		for i := range 30 {
			d.Command(discordtest.Ada, discordtest.General, "/callboard", []string{"now", "late"}[i%2])
		}
		<-time.After(2 * time.Minute)
		d.CloseSockets(0)
		<-time.After(2 * time.Minute)
		logs := d.logs.String()
		secrets := []string{d.Token}
		for _, del := range d.Deliveries() {
			if token, is := del.Payload()["token"].(string); is && token != "" {
				secrets = append(secrets, token)
			}
		}
		if len(secrets) < 30 || !strings.Contains(logs, "could not be") {
			t.Fatalf("%d secrets; %s", len(secrets), logs)
		}
		for _, s := range secrets {
			if strings.Contains(logs, s) || bytes.Contains([]byte(logs), []byte("/webhooks/")) {
				t.Fatalf("a secret is in the log: %s", logs)
			}
		}
	})
}
