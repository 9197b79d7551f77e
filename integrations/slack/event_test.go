package slack

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"callboard/bot"
	"callboard/bot/card"
	"callboard/catalog/secret"
)

func TestReadable(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"plain":                 {"who-owns checkout", "who-owns checkout"},
		"the bot itself":        {"<@UBOT> who-owns checkout", "who-owns checkout"},
		"the bot, labelled":     {"<@UBOT|callboard> who-owns checkout", "who-owns checkout"},
		"a person":              {"who-owns <@U1>", "who-owns @U1"},
		"a channel":             {"who-owns <#C1|pay-eng>", "who-owns #C1"},
		"a link":                {"who-owns <https://git.example.com/a/b>", "who-owns https://git.example.com/a/b"},
		"a link with a label":   {"who-owns <https://git.example.com/a/b|git.example.com>", "who-owns https://git.example.com/a/b"},
		"an address":            {"who-owns <mailto:ana@acme.example|ana@acme.example>", "who-owns ana@acme.example"},
		"entities":              {"find a &lt;b&gt; &amp;&amp; c", "find a <b> && c"},
		"entities of markup":    {"find &lt;@U1&gt;", "find <@U1>"},
		"a user group":          {"who-owns <!subteam^S1|@pay-team>", "who-owns @pay-team"},
		"everybody":             {"who-owns <!channel>", "who-owns @channel"},
		"open bracket":          {"find <x", "find <x"},
		"an entity in a link":   {"who-owns <https://a.example/?x=1&amp;y=2>", "who-owns https://a.example/?x=1&y=2"},
		"nothing but the bot":   {"<@UBOT>", ""},
		"bot in the middle":     {"please <@UBOT> help", "please  help"},
		"a bare host":           {"who-owns <http://checkout.example.com|checkout.example.com>", "who-owns checkout.example.com"},
		"a bare host, capitals": {"who-owns <http://checkout.example.com|Checkout.example.com>", "who-owns Checkout.example.com"},
		"a bare path":           {"who-owns <http://a.example/x?y=1&amp;z=2|a.example/x?y=1&amp;z=2>", "who-owns a.example/x?y=1&z=2"},
		"a bare host, slash":    {"who-owns <https://a.example/|a.example>", "who-owns a.example"},
		"a label that lies":     {"who-owns <http://evil.example|checkout.example.com>", "who-owns http://evil.example"},
		"a label of words":      {"who-owns <https://git.example.com/a/b|checkout>", "who-owns https://git.example.com/a/b"},
		"a link, same label":    {"who-owns <https://a.example/x|https://a.example/x>", "who-owns https://a.example/x"},
		"two links":             {"deps <http://a.example|a.example> <http://b.example|b.example>", "deps a.example b.example"},
		"an address, no label":  {"who-owns <mailto:ana@acme.example>", "who-owns ana@acme.example"},
		"a telephone":           {"find <tel:+4930123|+4930123>", "find +4930123"},
		"a labelled person":     {"who-owns <@U1|ana>", "who-owns @U1"},
		"a person of a grid":    {"who-owns <@W1>", "who-owns @W1"},
		"a private channel":     {"who-owns <#C1|>", "who-owns #C1"},
		"a channel, no label":   {"who-owns <#C1>", "who-owns #C1"},
		"a group, no label":     {"who-owns <!subteam^S1>", "who-owns @S1"},
		"everybody, labelled":   {"find <!here|here> <!everyone|everyone>", "find @here @everyone"},
		"a date":                {"find <!date^1700000000^{ago}|14 Nov>", "find 14 Nov"},
		"entities, twice":       {"find &amp;lt;b&amp;gt;", "find &lt;b&gt;"},
		"an entity in a label":  {"find <http://a.example?x&amp;y|a.example?x&amp;y>", "find a.example?x&y"},
		"typed like a mention":  {"find &lt;!channel&gt; &lt;#C1|x&gt;", "find <!channel> <#C1|x>"},
		"the bot and a colon":   {"<@UBOT>: who-owns checkout", "who-owns checkout"},
		"the bot and a comma":   {"<@UBOT|callboard>, who-owns checkout", "who-owns checkout"},
		"no-break space":        {"<@UBOT>\u00a0who-owns\u00a0checkout", "who-owns checkout"},
		"of no width":           {"who-owns @\u2060ana\u200b\ufeff", "who-owns @ana"},
		"empty markup":          {"find <> x", "find  x"},
		"quotes of a telephone": {"runbook etcd “no leader”", "runbook etcd “no leader”"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := readable(tt.text, "UBOT"); got != tt.want {
				t.Errorf("readable(%q) = %q, want %q", tt.text, got, tt.want)
			}
		})
	}
}

func FuzzReadable(f *testing.F) {
	for _, seed := range []string{"<@U1|x> <#C1> &lt;!channel&gt;", "<<>>", "<|>", "&amp;lt;", "<!date^1^{ago}|x>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if got := readable(text, "U1"); utf8.ValidString(text) && !utf8.ValidString(got) || len(got) > len(text)+1 {
			t.Errorf("readable(%q) = %q", text, got)
		}
	})
}

// signedBody is what the tests sign.
const signedBody = "token=x&command=%2Fwho-owns&text=checkout"

// sign signs signedBody as Slack does.
func sign(key string, at time.Time) http.Header {
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte("v0:" + stamp + ":" + signedBody))
	header := http.Header{}
	header.Set("X-Slack-Request-Timestamp", stamp)
	header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
	return header
}

// Which requests are Slack's (threats.md row 1; that a replay has no second effect is for the sessions).
func TestSigned(t *testing.T) {
	const key, body = "8f742231b10e8888abcd99yyyzzz85a5", signedBody
	synctest.Test(t, func(t *testing.T) {
		s := &Slack{options: Options{SigningSecret: secret.New(key)}}
		now := time.Now()
		good := func() http.Header { return sign(key, now) }
		tests := map[string]struct {
			header http.Header
			body   string
			want   bool
		}{
			"as sent":        {good(), body, true},
			"299 s old":      {sign(key, now.Add(-299*time.Second)), body, true},
			"301 s old":      {sign(key, now.Add(-301*time.Second)), body, false},
			"302 s ahead":    {sign(key, now.Add(302*time.Second)), body, false},
			"another byte":   {good(), body + "x", false},
			"another secret": {sign("other", now), body, false},
			"no signature":   {http.Header{"X-Slack-Request-Timestamp": good()["X-Slack-Request-Timestamp"]}, body, false},
			"no time":        {http.Header{"X-Slack-Signature": good()["X-Slack-Signature"]}, body, false},
			"empty":          {http.Header{}, body, false},
			"two signatures": {func() http.Header { h := good(); h.Add("X-Slack-Signature", "v0=00"); return h }(), body, false},
			"cut signature":  {func() http.Header { h := good(); h.Set("X-Slack-Signature", h.Get("X-Slack-Signature")[:20]); return h }(), body, false},
			"another version": {func() http.Header {
				h := good()
				h.Set("X-Slack-Signature", "v1="+h.Get("X-Slack-Signature")[3:])
				return h
			}(), body, false},
			"time is no number":   {func() http.Header { h := good(); h.Set("X-Slack-Request-Timestamp", "now"); return h }(), body, false},
			"time beyond numbers": {func() http.Header { h := good(); h.Set("X-Slack-Request-Timestamp", "99999999999999999999"); return h }(), body, false},
		}
		for name, tt := range tests {
			if got := s.signed(tt.header, []byte(tt.body)); got != tt.want {
				t.Errorf("%s: %v, want %v", name, got, tt.want)
			}
		}
		if (&Slack{}).signed(sign("", now), []byte(body)) {
			t.Error("without a secret nothing is Slack's")
		}
	})
}

// Whose events are worked on in a channel that several companies share: there the team of an event may be another company's.
func TestForeigner(t *testing.T) {
	const ofT1, ofGrid = `{"team_id":"T1"}`, `{"enterprise_id":"E1","team_id":"T7"}`
	tests := map[string]struct {
		configured, team, authorization, userTeam string
		want                                      error
	}{
		"one of us":                              {"T1", "T1", ofT1, "T1", nil},
		"Slack does not say":                     {"T1", "T1", ofT1, "", nil},
		"somebody else, our channel":             {"T1", "T1", ofT1, "T2", errForeignWorkspace},
		"somebody else, their channel":           {"T1", "T2", ofT1, "T2", errForeignWorkspace},
		"one of us, their channel":               {"T1", "T2", ofT1, "T1", nil},
		"another workspace":                      {"T1", "T2", `{"team_id":"T2"}`, "T2", errForeignWorkspace},
		"enterprise":                             {"E1", "T7", ofGrid, "T7", nil},
		"enterprise, somebody else":              {"E1", "T7", ofGrid, "T2", errForeignWorkspace},
		"enterprise, somebody else in their own": {"E1", "T2", ofGrid, "T2", errForeignWorkspace},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := &Slack{options: Options{Team: tt.configured, App: "A1"}}
			var o outer
			event := `{"type":"event_callback","api_app_id":"A1","team_id":"` + tt.team + `","authorizations":[` + tt.authorization +
				`],"event":{"type":"app_mention","user":"U1","channel":"C1","ts":"1.1","text":"help","user_team":"` + tt.userTeam + `"}}`
			if err := json.Unmarshal([]byte(event), &o); err != nil {
				t.Fatal(err)
			}
			if _, err := s.fromEvent(&o); !errors.Is(err, tt.want) {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
}

// A button works whatever else Slack sends beside it.
func TestInteraction_Unknown(t *testing.T) {
	const begin = `{"type":"block_actions","api_app_id":"A1","team":{"id":"T1"},"user":{"id":"U1"},"actions":[{"block_id":"b","action_id":"run:0","value":"help"}`
	s := &Slack{options: Options{Team: "T1", App: "A1"}}
	for name, rest := range map[string]string{
		"a block of another shape":    `],"message":{"blocks":[{"type":"rich_text","elements":[7]}]}}`,
		"a table":                     `],"message":{"blocks":[{"type":"table","rows":"none"}]}}`,
		"attachments":                 `],"container":{"attachment_id":{"x":1}},"message":{"attachments":7}}`,
		"a state":                     `],"state":{"values":{"b":{"a":{"selected_option":7}}}},"view":{"hash":1}}`,
		"another element behind it":   `,{"block_id":"b","action_id":"x","value":{"y":1}}]}`,
		"an enterprise that is none":  `],"enterprise":null,"is_enterprise_install":"false","view":null}`,
		"a channel that has no shape": `],"channel":{"id":"C1","name":"x","topic":[]}}`,
	} {
		turn, err := s.fromInteraction([]byte(begin + rest))
		if err != nil || turn.request.Text != "help" || turn.request.User.ID != "U1" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is typed into a select over the catalog is a name, never a flag.
func TestInteraction_Typed(t *testing.T) {
	s := &Slack{options: Options{Team: "T1", App: "A1"}}
	for typed, want := range map[string]string{
		"ada": "who-owns ada", "--": "who-owns ", "--json": "who-owns json", "—json": "who-owns json", "ada --j": "who-owns ada j", `"ada`: "who-owns ada", "a-b": "who-owns a-b",
	} {
		payload, err := json.Marshal(map[string]any{
			"type": "block_suggestion", "api_app_id": "A1", "team": map[string]any{"id": "T1"}, "action_id": "entity:user", "value": typed,
		})
		if err != nil {
			t.Fatal(err)
		}
		if turn, err := s.fromInteraction(payload); err != nil || turn.request.Text != want {
			t.Errorf("%q: %+v, %v, want %q", typed, turn, err, want)
		}
	}
}

// Whatever Slack sends, reading it ends in a turn or an error.
func FuzzPayload(f *testing.F) {
	const team = `"api_app_id":"A1","team":{"id":"T1"},"user":{"id":"U1"}`
	for _, seed := range []string{
		`{"type":"block_actions",` + team + `,"actions":[{"block_id":"b","action_id":"run:0","value":"help"}]}`,
		`{"type":"block_actions",` + team + `,"actions":[null,{}],"container":null}`,
		`{"type":"view_submission",` + team + `,"view":{"callback_id":"form","private_metadata":"{\"c\":\"ask\"}","blocks":[{"type":"input"}],"state":{"values":{"a":{"b":{}}}}}}`,
		`{"type":"view_submission",` + team + `,"view":{"callback_id":"form","private_metadata":"{\"c\":\"ask\",\"p\":-1}","state":null}}`,
		`{"type":"block_suggestion",` + team + `,"action_id":"entity:user","value":"a"}`,
		`{"type":"event_callback","api_app_id":"A1","team_id":"T1","event":{"type":"message","channel_type":"im","user":"U1","text":"<"}}`,
		`{"type":"event_callback","api_app_id":"A1","team_id":"T1","event":null,"authorizations":[null]}`,
		`{"api_app_id":"A1","team_id":"T1","command":"/x","text":7}`,
	} {
		for _, kind := range []string{"interactive", "events_api", "slash_commands"} {
			f.Add(kind, []byte(seed))
		}
	}
	f.Fuzz(func(t *testing.T, kind string, payload []byte) {
		s := &Slack{options: Options{Team: "T1", App: "A1", Commands: map[string]string{"/x": ""}}, log: slog.New(slog.DiscardHandler)}
		turn, err := s.fromEnvelope(kind, payload)
		if err == nil && (turn == nil || turn.kind == "" || turn.request.Kind == "") {
			t.Errorf("%s: nothing was made of %s", kind, payload)
		}
	})
}

// An answer goes to Slack's own hosts, or to the server that stands in for it, wherever a payload says.
func TestRespond_Host(t *testing.T) {
	for address, want := range map[string]bool{
		"https://hooks.slack.com/commands/1": true, "https://hooks.slack-gov.com/commands/1": true, "http://hooks.slack.com/1": false,
		"https://hooks.slack.com.evil.example/1": false, "https://hooks.slack.com@evil.example/1": false, "https://hooks.slack.com:8443/1": false,
		"https://evil.example/hooks.slack.com": false, "file:///etc/passwd": false, "": false, "%zz": false,
	} {
		if got := (&Slack{}).trusted(address); got != want {
			t.Errorf("%q is trusted: %v, want %v", address, got, want)
		}
	}
	test := &Slack{options: Options{APIURL: "http://127.0.0.1:8080/api/"}}
	if !test.trusted("http://127.0.0.1:8080/response/1") || test.trusted("https://127.0.0.1:8080/response/1") || test.trusted("https://hooks.slack.com/1") {
		t.Error("a server that stands in for Slack is the only one that is answered")
	}
	s := &Slack{sender: newSender(nil, nil)}
	err := s.respond(t.Context(), &turn{responseURL: "https://evil.example/"}, bot.Reply{Card: &card.Card{Summary: "x"}})
	if err == nil || !strings.Contains(err.Error(), "does not lead to Slack") {
		t.Errorf("%v, want a refusal before anything is sent", err)
	}
}
