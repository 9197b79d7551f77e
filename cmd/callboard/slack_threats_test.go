package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"callboard/bot"
	"callboard/bot/card/cardtest"
	"callboard/cmd/callboard/internal/config"
	"callboard/integrations/slack/slacktest"
)

// get reads a path of the program's HTTP port.
func (o *office) get(path string) string {
	o.t.Helper()
	req, err := http.NewRequestWithContext(o.t.Context(), http.MethodGet, o.base+path, nil)
	if err != nil {
		o.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		o.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		o.t.Fatal(err)
	}
	return string(body)
}

// metric is the value of a line of /metrics, 0 where it is missing.
func (o *office) metric(name string) float64 {
	o.t.Helper()
	for line := range strings.Lines(o.get("/metrics")) {
		if rest, found := strings.CutPrefix(line, name+" "); found {
			value, err := strconv.ParseFloat(strings.TrimSpace(rest), 64)
			if err != nil {
				o.t.Fatal(err)
			}
			return value
		}
	}
	return 0
}

// Row 1 of the threats: a signed request counts once within five minutes, and a write once for ever.
func TestSlackReplay(t *testing.T) {
	o := openOffice(t, config.SlackHTTP, slacktest.Options{})
	if !o.VerifyURL() || o.VerifyURL(slacktest.WrongSecret()) {
		t.Error("the challenge is for those who can sign")
	}
	first := o.Command("U1", "C1", "/who-owns", "checkout")
	if !first.OK() || !strings.Contains(first.Answer(), "team-pay") {
		t.Fatalf("%d %s", first.Status(), first.Answer())
	}
	event := o.Mention("U1", "C1", "who-owns checkout")
	o.sees("U1", "C1", "checkout", "team-pay")
	for name, tt := range map[string]struct {
		knobs []slacktest.Knob
		want  int
	}{
		"same bytes":                     {nil, 200},
		"ten seconds later":              {[]slacktest.Knob{slacktest.SignedAt(-10 * time.Second)}, 200},
		"as Slack repeats":               {[]slacktest.Knob{slacktest.Retry(1, "http_timeout")}, 200},
		"301 s old":                      {[]slacktest.Knob{slacktest.SignedAt(-301 * time.Second)}, 401},
		"302 s ahead":                    {[]slacktest.Knob{slacktest.SignedAt(302 * time.Second)}, 401},
		"a changed byte":                 {[]slacktest.Knob{slacktest.ChangedByte()}, 401},
		"another secret":                 {[]slacktest.Knob{slacktest.WrongSecret()}, 401},
		"unsigned, called a repetition":  {[]slacktest.Knob{slacktest.Unsigned(), slacktest.Retry(2, "http_error")}, 401},
		"unsigned":                       {[]slacktest.Knob{slacktest.Unsigned()}, 401},
		"old, called a repetition by it": {[]slacktest.Knob{slacktest.SignedAt(-time.Hour), slacktest.Retry(3, "http_error")}, 401},
	} {
		for _, d := range []*slacktest.Delivery{first, event} {
			if again := o.Resend(d, tt.knobs...); again.Status() != tt.want || again.Answer() != "" {
				t.Errorf("%s: %d %q, want %d and nothing", name, again.Status(), again.Answer(), tt.want)
			}
		}
	}
	if n := o.metric(`callboard_slack_dropped_total{reason="bad_signature"}`); n < 14 {
		t.Errorf("%v bad signatures counted", n)
	}

	o.Command("U2", "C1", "/callboard", "link")
	o.Until("the form is open", func() bool { return o.Modal("U2") != nil })
	o.Search("U2", o.Modal("U2"), "You in the catalog", "hopper")
	o.Fill("U2", "You in the catalog", "user:default/grace — Grace Hopper")
	sent := o.Submit("U2")
	typed := o.Command("U2", "C1", "/callboard", "link user:default/grace")
	o.sees("U1", "COPS", "Grace Hopper")
	before := len(o.Channel("COPS").FromBot())
	o.stop()
	o.start()
	for _, d := range []*slacktest.Delivery{sent, typed} {
		again := o.Resend(d)
		if again.Status() != 200 || strings.Contains(again.Answer(), "I asked the operators") {
			t.Errorf("after a restart: %d %s", again.Status(), again.Answer())
		}
	}
	if n := len(o.Channel("COPS").FromBot()); n != before {
		t.Errorf("the operators see %d messages, before %d", n, before)
	}
}

// A page that was refused can be corrected and sent again: that is no repetition.
func TestSlack_Corrected(t *testing.T) {
	inBothModes(t, func(t *testing.T, mode string) {
		o := openOffice(t, mode, slacktest.Options{})
		o.Command("U2", "C1", "/callboard", "link user:default/nobody")
		o.Until("the form is open", func() bool { return o.Modal("U2") != nil })
		if v := o.Modal("U2"); !strings.Contains(v.Lines(), "no such person") {
			t.Errorf("the form does not say what is wrong:\n%s", v.Lines())
		}
		o.Submit("U2")
		o.Until("the error is at the field", func() bool { v := o.Modal("U2"); return v != nil && v.Errors["user"] != "" })
		o.Search("U2", o.Modal("U2"), "You in the catalog", "hopper")
		o.Fill("U2", "You in the catalog", "user:default/grace — Grace Hopper")
		o.Submit("U2")
		o.Until("it is done", func() bool {
			v := o.Modal("U2")
			return v != nil && strings.Contains(v.Lines(), "I asked the operators")
		})
		o.sees("U1", "COPS", "Grace Hopper")
	})
}

// Row 2: whatever comes signed, but for another app or from another workspace, is acknowledged, counted, noted and
// dropped.
func TestForeignWorkspace(t *testing.T) {
	inBothModes(t, func(t *testing.T, mode string) {
		o := openOffice(t, mode, slacktest.Options{})
		o.Command("U1", "C1", "/who-owns", "checkout")
		card := o.sees("U1", "C1", "[Share]")
		o.Command("U2", "C1", "/callboard", "link")
		o.Until("the form is open", func() bool { return o.Modal("U2") != nil })
		o.Search("U2", o.Modal("U2"), "You in the catalog", "hopper")
		o.Fill("U2", "You in the catalog", "user:default/grace — Grace Hopper")
		answers := func() int {
			return len(o.Calls("response_url")) + len(o.Calls("chat.postEphemeral")) + len(o.Calls("chat.postMessage")) + len(o.Calls("views.publish")) + len(o.Calls("views.open"))
		}
		before := answers()
		seen := len(o.Channel("C1").FromBot())
		kinds := map[string]func(k slacktest.Knob) *slacktest.Delivery{
			"command":    func(k slacktest.Knob) *slacktest.Delivery { return o.Command("U1", "C1", "/who-owns", "checkout", k) },
			"mention":    func(k slacktest.Knob) *slacktest.Delivery { return o.Mention("U1", "C1", "who-owns checkout", k) },
			"message":    func(k slacktest.Knob) *slacktest.Delivery { return o.DM("U1", "who-owns checkout", k) },
			"action":     func(k slacktest.Knob) *slacktest.Delivery { return o.Press("U1", card, "Share", k) },
			"submission": func(k slacktest.Knob) *slacktest.Delivery { return o.Submit("U2", k) },
			"home":       func(k slacktest.Knob) *slacktest.Delivery { return o.OpenHome("U1", k) },
			"shortcut":   func(k slacktest.Knob) *slacktest.Delivery { return o.Shortcut("U1", "run", k) },
			"on message": func(k slacktest.Knob) *slacktest.Delivery { return o.MessageShortcut("U1", card, "run", k) },
			"joined":     func(k slacktest.Knob) *slacktest.Delivery { return o.Join("U1", "CINC", k) },
			"created": func(k slacktest.Knob) *slacktest.Delivery {
				return o.Event(map[string]any{"type": "channel_created", "channel": map[string]any{"id": "CNEW", "name": "inc-9", "creator": "U1"}}, k)
			},
			"suggestion": func(k slacktest.Knob) *slacktest.Delivery {
				if found := o.Search("U2", o.Modal("U2"), "You in the catalog", "hopper", k); len(found) > 0 {
					t.Errorf("a foreign select was told of %q", found)
				}
				o.Violations() // Slack has no options to show, which is meant
				all := o.Deliveries()
				return all[len(all)-1]
			},
		}
		for _, name := range slices.Sorted(maps.Keys(kinds)) {
			if name == "submission" { // the form closes when nothing is said to it, so it comes once
				continue
			}
			for reason, knob := range map[string]slacktest.Knob{"foreign_workspace": slacktest.FromTeam("T666"), "foreign_app": slacktest.ForApp("A666")} {
				counter := fmt.Sprintf("callboard_slack_dropped_total{reason=%q}", reason)
				was := o.metric(counter)
				if d := kinds[name](knob); !d.OK() || d.Answer() != "" {
					t.Errorf("%s, %s: acknowledged %v with %q", name, reason, d.OK(), d.Answer())
				}
				if n := o.metric(counter); n != was+1 {
					t.Errorf("%s, %s: counted %v times", name, reason, n-was)
				}
			}
		}
		kinds["submission"](slacktest.FromTeam("T666"))
		if n := len(o.Channel("COPS").FromBot()); n != 0 {
			t.Errorf("a foreign form had an effect: %d messages", n)
		}
		if n := answers(); n != before || len(o.Channel("C1").FromBot()) != seen {
			t.Errorf("%d calls answered something", n-before)
		}
		for _, word := range []string{"reason=foreign_workspace", "reason=foreign_app"} {
			if !strings.Contains(o.logs.String(), word) {
				t.Errorf("the log does not say %s", word)
			}
		}
	})
}

// Row 3 for reads: who may ask.
func TestSlackKinds(t *testing.T) {
	inBothModes(t, func(t *testing.T, mode string) {
		o := openOffice(t, mode, slacktest.Options{Unlimited: true})
		tests := map[string]struct {
			user slacktest.User
			want string // in the answer; "" for none
		}{
			"member":                   {slacktest.User{ID: "U20"}, "team-pay"},
			"guest":                    {slacktest.User{ID: "U21", Restricted: true}, "Guests of this workspace"},
			"guest of one channel":     {slacktest.User{ID: "U22", UltraRestricted: true}, "Guests of this workspace"},
			"stranger":                 {slacktest.User{ID: "U23", Stranger: true}, "people of this workspace only"},
			"of another workspace":     {slacktest.User{ID: "U24", TeamID: "T9"}, "people of this workspace only"},
			"bot":                      {slacktest.User{ID: "U25", Bot: true}, ""},
			"workflow":                 {slacktest.User{ID: "U26", WorkflowBot: true}, ""},
			"deactivated":              {slacktest.User{ID: "U27", Deleted: true}, ""},
			"guest and stranger":       {slacktest.User{ID: "U28", Restricted: true, Stranger: true}, "people of this workspace only"},
			"deactivated guest":        {slacktest.User{ID: "U29", Restricted: true, Deleted: true}, ""},
			"invited, not here so far": {slacktest.User{ID: "U30", Invited: true}, "team-pay"},
		}
		for name, tt := range tests {
			tt.user.Name = name
			o.AddUser(tt.user)
			channel := "CK" + tt.user.ID
			o.AddChannel(slacktest.ChannelSpec{ID: channel, Name: "k", Shared: true, Members: []string{o.BotUser, tt.user.ID}})
			if d := o.Command(tt.user.ID, channel, "/who-owns", "checkout"); !d.OK() {
				t.Errorf("%s: not acknowledged", name)
			}
			if tt.want == "" {
				if n := len(o.Channel(channel).FromBot()); n != 0 {
					t.Errorf("%s: %d answers", name, n)
				}
				continue
			}
			if m := o.sees(tt.user.ID, channel, tt.want); m.To != tt.user.ID || tt.want != "team-pay" && strings.Contains(m.Lines(), "team-pay") {
				t.Errorf("%s: %s", name, m.Lines())
			}
		}
		was := o.metric(`callboard_slack_dropped_total{reason="foreign_workspace"}`)
		if d := o.Mention("U24", "CKU24", "who-owns checkout"); !d.OK() || o.metric(`callboard_slack_dropped_total{reason="foreign_workspace"}`) != was+1 {
			t.Error("a mention of somebody of another workspace, in a shared channel, is dropped and counted")
		}
		if d := o.Mention("U25", "CKU25", "who-owns checkout"); !d.OK() || len(o.Channel("CKU25").FromBot()) != 0 {
			t.Error("bots are not answered")
		}
	})
}

// hostileCatalog has an entity for each hostile text, which stands wherever a descriptor takes text.
func hostileCatalog() (descriptors string, names []string) {
	quote := func(s string) string {
		encoded, err := json.Marshal(strings.Map(func(r rune) rune {
			if r == '\ufffd' || r == '\ufffe' || r == '\uffff' {
				return -1
			}
			return r
		}, strings.ToValidUTF8(s, "?")))
		if err != nil {
			panic(err)
		}
		return strings.ReplaceAll(string(encoded), "\x7f", `\x7f`)
	}
	var b strings.Builder
	b.WriteString(catalogOfOffice)
	texts := cardtest.HostileTexts()
	names = slices.Sorted(maps.Keys(texts))
	for _, name := range names {
		s := quote(texts[name])
		fmt.Fprintf(&b, "---\napiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: { name: group-%[1]s, description: %[2]s, title: %[2]s, annotations: { callboard/channel: %[2]s } }\n"+
			"spec: { type: team, profile: { displayName: %[2]s, email: %[2]s }, children: [], members: [ada] }\n", name, s)
		fmt.Fprintf(&b, "---\napiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: %[1]s\n  title: %[2]s\n  description: %[2]s\n"+
			"  annotations: { pagerduty.com/service-id: %[2]s, github.com/project-slug: %[2]s }\n"+
			"  links: [{ url: \"https://evil.example/login\", title: %[2]s }, { url: \"https://evil.example/a\", title: \"https://good.example/login\" }, { url: \"https://good.example@evil.example/\", title: \"good.example\" }, { url: \"javascript:alert(1)\", title: script }, { url: \"https://\u0440\u0430\u0443.example/\", title: look-alike }]\n"+
			"spec: { type: service, lifecycle: %[2]s, owner: group-%[1]s }\n", name, s)
	}
	return b.String(), names
}

// Rows 11 and 12, over whole sessions: texts of the catalog, and of people, neither mention anybody nor lead elsewhere
// than they say. The fake Slack reads everything that it is sent and fails the test when they do.
func TestMentions(t *testing.T) {
	descriptors, names := hostileCatalog()
	inBothModes(t, func(t *testing.T, mode string) {
		o := newOffice(t, mode, slacktest.Options{Unlimited: true}, descriptors)
		o.problems = true
		o.start()
		texts := cardtest.HostileTexts()
		for i, name := range names {
			user, channel := fmt.Sprint("UH", i), fmt.Sprint("CH", i)
			o.AddUser(slacktest.User{ID: user, Name: strings.ToValidUTF8(texts[name], "?"), RealName: strings.ToValidUTF8(texts[name], "?")})
			o.AddChannel(slacktest.ChannelSpec{ID: channel, Name: "h", Members: []string{o.BotUser, user}})
			for _, line := range []string{"who-owns " + name, "who-owns " + name + " --explain", "who-owns " + name + " --json", "deps " + name, "stale " + name, "links " + name, "find " + name} {
				o.Command(user, channel, "/callboard", line)
			}
			o.Mention(user, channel, "find "+strings.ToValidUTF8(texts[name], "?"))
			o.Command(user, channel, "/callboard", strings.ToValidUTF8(texts[name], "?"))
			o.Command(user, channel, "/callboard", "who-owns "+name+" --share")
			o.Until("all is answered about "+name, func() bool { return len(o.Channel(channel).FromBot()) >= 9 })
		}
		o.OpenHome("U1")
		o.Until("the home tab", func() bool { return o.Home("U1") != nil })
		o.Command("U2", "C1", "/callboard", "link")
		o.Until("the form is open", func() bool { return o.Modal("U2") != nil })
		o.Search("U2", o.Modal("U2"), "You in the catalog", "hopper")
		o.Fill("U2", "You in the catalog", "user:default/grace — Grace Hopper")
		o.Fill("U2", "Anything they should know", strings.ToValidUTF8(texts["slack"]+texts["bidi"]+texts["hyperlink"], "?"))
		o.Submit("U2")
		o.sees("U1", "COPS", "Grace Hopper")
	})
}

// TestLinks looks at every link of an answer: it leads to a web page, and its words do not say another one.
func TestLinks(t *testing.T) {
	inBothModes(t, func(t *testing.T, mode string) {
		descriptors, _ := hostileCatalog()
		o := newOffice(t, mode, slacktest.Options{Unlimited: true}, descriptors)
		o.problems = true
		o.start()
		links := 0
		for i, line := range []string{"links format", "who-owns format", "who-owns format --explain", "who-owns format --share"} {
			o.Command("U1", "C1", "/callboard", line)
			o.Until("an answer to "+line, func() bool { return len(o.Channel("C1").FromBot()) > i })
			walk(o.Channel("C1").Last("U1").Blocks, func(e map[string]any) {
				if e["type"] != "link" {
					return
				}
				links++
				text, _ := e["text"].(string)
				address, _ := e["url"].(string)
				if err := cardtest.CheckLink(text, address); err != nil {
					t.Errorf("%s: %v", line, err)
				}
			})
		}
		if links == 0 {
			t.Errorf("no link came, so nothing was looked at:\n%s", o.Channel("C1").Last("U1").Lines())
		}
	})
}

// walk looks at every object of a tree.
func walk(v any, look func(map[string]any)) {
	encoded, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	var tree any
	if err := json.Unmarshal(encoded, &tree); err != nil {
		panic(err)
	}
	var down func(v any)
	down = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				down(e)
			}
		case map[string]any:
			look(v)
			for _, e := range v {
				down(e)
			}
		}
	}
	down(tree)
}

// Row 33 for Slack's routes; what holds for all of HTTP is tried there.
func TestSlackBodies(t *testing.T) {
	o := openOffice(t, config.SlackHTTP, slacktest.Options{})
	post := func(path string, body []byte, sign bool) int {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, o.base+path, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if sign {
			stamp := strconv.FormatInt(time.Now().Unix(), 10)
			req.Header.Set("X-Slack-Request-Timestamp", stamp)
			req.Header.Set("X-Slack-Signature", slacktest.Sign(o.SigningSecret, stamp, body))
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	for _, path := range []string{"/slack/commands", "/slack/interactions", "/slack/events", "/slack/options"} {
		for what, got := range map[string]struct{ status, want int }{
			"2 MB, signed": {post(path, bytes.Repeat([]byte("a"), 2<<20), true), 413},
			"unsigned":     {post(path, []byte("payload={}"), false), 401},
			"no sense":     {post(path, []byte("%zz=\x00{]"), true), 200},
			"deep JSON":    {post(path, bytes.Repeat([]byte("["), 500_000), true), 200},
			"empty":        {post(path, nil, true), 200},
		} {
			if got.status != got.want {
				t.Errorf("%s, %s: %d, want %d", path, what, got.status, got.want)
			}
		}
	}
	if got := post("/slack/elsewhere", nil, true); got != 404 {
		t.Errorf("another path: %d", got)
	}
}

// Fault F31: Slack is down when the program starts. Everything else serves, and Slack follows when it is back.
func TestSlackDown(t *testing.T) {
	inBothModes(t, func(t *testing.T, mode string) {
		o := newOffice(t, mode, slacktest.Options{Unlimited: true}, catalogOfOffice)
		o.FailRandomly(1, 1, slacktest.Fault{Status: 503})
		o.start()
		if got := o.get("/readyz"); !strings.Contains(got, "ready") {
			t.Errorf("readyz: %s", got)
		}
		if r := o.app.Handle(t.Context(), &bot.Request{Kind: bot.Typed, Text: "who-owns checkout"}); r.Outcome != bot.Fine {
			t.Errorf("the console: %+v", r)
		}
		o.Heal()
		if mode == config.SlackSocket {
			o.Until("a socket is open", func() bool { return o.Sockets() > 0 })
		}
		o.Command("U1", "C1", "/who-owns", "checkout")
		o.sees("U1", "C1", "checkout", "team-pay")
		for _, token := range []string{o.BotToken, o.AppToken, o.SigningSecret} {
			if strings.Contains(o.logs.String(), token) {
				t.Error("a secret is in the log")
			}
		}
	})
}
