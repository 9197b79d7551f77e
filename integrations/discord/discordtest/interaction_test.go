package discordtest_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"callboard/integrations/discord/discordtest"
)

// begin gives a command to a bot that only takes notice of it, by 202.
func begin(t *testing.T, s *discordtest.Server, do func() *discordtest.Delivery) *discordtest.Delivery {
	t.Helper()
	got := make(chan *discordtest.Delivery, 1)
	heard := make(chan struct{}, 1)
	s.UseHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusAccepted)
		heard <- struct{}{}
	}), "/")
	go func() { got <- do() }()
	<-heard
	synctest.Wait()
	all := s.Deliveries()
	t.Cleanup(func() { <-got })
	return all[len(all)-1]
}

func command(s *discordtest.Server) func() *discordtest.Delivery {
	return func() *discordtest.Delivery { return s.Command("ada", "general", "/who-owns", "checkout") }
}

// memory is a server in a bubble.
func memory(t *testing.T) *discordtest.Server {
	t.Helper()
	return discordtest.New(t, discordtest.Options{Memory: true, AnyCommand: true})
}

func callback(d *discordtest.Delivery) string {
	return "/interactions/" + d.ID + "/" + d.Token + "/callback"
}

func webhook(s *discordtest.Server, d *discordtest.Delivery) string {
	return "/webhooks/" + s.AppID + "/" + d.Token
}

const answered = `{"type":4,"data":` + hello + `}`

func TestServer_Callback(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := memory(t)
		d := begin(t, s, command(s))
		if r := call(t, s, "POST", callback(d), `{"type":4,"data":{"content":"x"}}`); r.status != 204 || len(s.Violations()) != 1 {
			t.Errorf("without allowed_mentions it is a fault of ours, which Discord takes: %d %s", r.status, r.text)
		}
		if r := call(t, s, "POST", callback(d), answered); r.code() != 40060 || r.status != 400 {
			t.Errorf("a second answer: %d %s", r.status, r.text)
		}
		if !d.OK() || d.Took() != 0 {
			t.Errorf("OK %v after %v", d.OK(), d.Took())
		}
	})
}

func TestServer_CallbackDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := memory(t)
		d := begin(t, s, command(s))
		<-time.After(3*time.Second + time.Millisecond)
		if r := call(t, s, "POST", callback(d), answered); r.code() != 10062 || r.status != 404 {
			t.Errorf("too late: %d %s", r.status, r.text)
		}
		if d.OK() || !d.TimedOut() || !d.Late() || len(s.Channel("general").SeenBy("ada")) != 0 {
			t.Errorf("OK %v, timed out %v, late %v", d.OK(), d.TimedOut(), d.Late())
		}
	})
}

// The types of answers that each type of interaction takes.
func TestServer_CallbackTypes(t *testing.T) {
	t.Parallel()
	const modal = `"data":{"title":"T","custom_id":"c","components":[{"type":18,"label":"L","component":{"type":4,"custom_id":"i","style":1}}]}`
	tests := []struct {
		name string
		kind int
		body string
		good bool
	}{
		{"message to a command", 2, answered, true},
		{"update of a command", 2, `{"type":7,"data":` + hello + `}`, false},
		{"deferred update of a command", 2, `{"type":6}`, false},
		{"choices to a command", 2, `{"type":8,"data":{"choices":[]}}`, false},
		{"modal to a command", 2, `{"type":9,` + modal + `}`, true},
		{"update of what no message shows", 3, `{"type":7,"data":` + hello + `}`, false},
		{"choices", 4, `{"type":8,"data":{"choices":[]}}`, true},
		{"26 choices", 4, `{"type":8,"data":{"choices":[` + numbered(`{"name":"n#","value":"v"}`, 26) + `]}}`, false},
		{"message to autocomplete", 4, answered, false},
		{"message to a modal", 5, answered, true},
		{"modal to a modal", 5, `{"type":9,` + modal + `}`, false},
		{"deferred", 2, `{"type":5,"data":{"flags":64}}`, true},
		{"deferred with flags", 2, `{"type":5,"data":{"flags":32768}}`, false},
		{"pong", 2, `{"type":1}`, false},
		{"nothing", 2, `{}`, false},
	}
	for _, test := range tests {
		synctest.Test(t, func(t *testing.T) {
			s := memory(t)
			d := begin(t, s, func() *discordtest.Delivery { return s.Interact("ada", "general", test.kind, nil) })
			r := call(t, s, "POST", callback(d), test.body)
			if good := r.status == 204; good != test.good || !good && r.code() != 50035 {
				t.Errorf("%s: %d %s", test.name, r.status, r.text)
			}
			if v := s.Violations(); len(v) > 0 == test.good {
				t.Errorf("%s: %q", test.name, v)
			}
		})
	}
}

func TestServer_FollowUps(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := memory(t)
		d := begin(t, s, command(s))
		hook := webhook(s, d)
		call(t, s, "POST", callback(d), `{"type":5,"data":{"flags":64}}`)
		if m := s.Channel("general").Last("ada"); !m.Waiting() || !m.Ephemeral() || m.Lines() != "(thinking)" {
			t.Errorf("%v", m)
		}
		if call(t, s, "POST", hook, hello); s.Channel("general").Last("ada").Lines() != "hello" || len(s.Channel("general").SeenBy("ada")) != 1 {
			t.Errorf("the first follow-up takes the place of the announcement: %v", s.Channel("general").SeenBy("ada"))
		}
		second := call(t, s, "POST", hook, hello)
		if all := s.Channel("general").SeenBy("grace"); len(all) != 1 || all[0].ID != second.id() {
			t.Errorf("a follow-up of its own is for everybody: %v", all)
		}
		if r := call(t, s, "GET", messages+"/"+s.Channel("general").SeenBy("ada")[0].ID, ""); r.code() != 10008 {
			t.Errorf("an ephemeral message is not in the channel: %s", r.text)
		}
		if r := call(t, s, "PATCH", hook+"/messages/@original", `{"content":"edited","allowed_mentions":{"parse":[]}}`); r.status != 200 || r.body["content"] != "edited" {
			t.Errorf("%d %s", r.status, r.text)
		}
		call(t, s, "DELETE", hook+"/messages/@original", "")
		if r := call(t, s, "GET", hook+"/messages/@original", ""); r.code() != 10008 {
			t.Errorf("deleted: %s", r.text)
		}
		if r := call(t, s, "DELETE", hook+"/messages/"+second.id(), ""); r.status != 204 {
			t.Errorf("%d %s", r.status, r.text)
		}
		<-time.After(15*time.Minute + time.Second)
		if r := call(t, s, "POST", hook, hello); r.code() != 50027 || r.status != 401 {
			t.Errorf("after 15 minutes: %d %s", r.status, r.text)
		}
	})
}

func TestServer_WebhookGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := memory(t)
		d := begin(t, s, command(s))
		call(t, s, "POST", callback(d), answered)
		d.Gone()
		if r := call(t, s, "POST", webhook(s, d), hello); r.code() != 10015 || len(s.Violations()) != 0 {
			t.Errorf("%s", r.text)
		}
		call(t, s, "POST", webhook(s, d), hello)
		if v := s.Violations(); len(v) != 1 || !strings.Contains(v[0], "had answered 404 before") {
			t.Errorf("%q", v)
		}
	})
}

// Interactions are exempt from the global limit, and their payloads say who, where and from which guild.
func TestServer_Payload(t *testing.T) {
	t.Parallel()
	s := discordtest.New(t, discordtest.Options{AnyCommand: true})
	s.AddUser(discordtest.User{ID: "700000000000000003", Name: "eve", Outside: true})
	s.AddUser(discordtest.User{ID: "700000000000000004", Name: "mallory", Guild: "911"})
	s.AddUser(discordtest.User{ID: "700000000000000005", Name: "robot", Bot: true, Roles: []string{"5"}})
	s.UseHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }), "/")
	give := func(user, channel string, knobs ...discordtest.Knob) map[string]any {
		return s.Command(user, channel, "/help", "", knobs...).Payload()
	}
	if p := give("ada", "general"); p["guild_id"] != s.GuildID || p["application_id"] != s.AppID || p["member"] == nil || p["user"] != nil {
		t.Errorf("%v", p)
	}
	if p := give("eve", "general"); p["member"] != nil || p["user"] == nil {
		t.Errorf("outside: %v", p)
	}
	if p := give("mallory", "general"); p["guild_id"] != "911" {
		t.Errorf("of another guild: %v", p)
	}
	if p := give("ada", "general", discordtest.FromGuild("912"), discordtest.ForApp("913")); p["guild_id"] != "912" || p["application_id"] != "913" {
		t.Errorf("foreign: %v", p)
	}
	if p := give("ada", s.Direct("ada").ID()); p["guild_id"] != nil || p["user"] == nil || p["context"] != 1.0 {
		t.Errorf("direct: %v", p)
	}
	if d := s.Command("robot", "general", "/help", ""); d.OK() || d.Status() != http.StatusTeapot {
		t.Errorf("%d", d.Status())
	}
}
