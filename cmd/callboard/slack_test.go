package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"callboard/cmd/callboard/internal/app"
	"callboard/cmd/callboard/internal/config"
	"callboard/integrations/git"
	"callboard/integrations/slack/slacktest"
)

// office is a workspace of Slack with a running Callboard in it: the program's own parts, a catalog in a local
// repository, and a Slack that speaks the real protocol.
type office struct {
	*slacktest.Server

	t    *testing.T
	cfg  *config.Config
	app  *app.App
	base string // of the program's HTTP port
	logs *lockedLog
	stop func()

	problems bool // the catalog has some
	verbose  bool // the log has a line for each request
}

// lockedLog keeps the program's log, and shows it as the test's.
type lockedLog struct {
	t    *testing.T
	mu   sync.Mutex
	text strings.Builder
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(p)))
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// catalogOfOffice is a small company: ada of team-pay is known by her account, grace by nothing.
const catalogOfOffice = `apiVersion: backstage.io/v1alpha1
kind: Group
metadata: { name: team-pay, annotations: { callboard/channel: "#pay-eng" } }
spec: { type: team, children: [] }
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: { name: ada, annotations: { slack.com/user-id: "T1:U1" } }
spec: { profile: { displayName: Ada Byron, email: ada@example.com }, memberOf: [team-pay] }
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: { name: grace }
spec: { profile: { displayName: Grace Hopper, email: grace@example.com }, memberOf: [] }
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: { name: checkout, description: Takes the money }
spec: { type: service, lifecycle: production, owner: team-pay }
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: { name: checkout-web }
spec: { type: website, lifecycle: production, owner: team-pay, dependsOn: [component:checkout] }
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: { name: billing }
spec: { type: openapi, lifecycle: production, owner: team-pay, definition: "{}" }
---
apiVersion: backstage.io/v1alpha1
kind: System
metadata: { name: billing }
spec: { owner: team-pay }
`

// openOffice starts the program in a mode.
func openOffice(t *testing.T, mode string, o slacktest.Options) *office {
	t.Helper()
	of := newOffice(t, mode, o, catalogOfOffice)
	of.start()
	if mode == config.SlackSocket {
		of.Until("a socket is open", func() bool { return of.Sockets() > 0 })
	}
	return of
}

// newOffice makes the workspace, the catalog and the configuration; nothing runs yet.
func newOffice(t *testing.T, mode string, o slacktest.Options, descriptors string) *office {
	t.Helper()
	s := slacktest.New(t, o)
	s.AddChannel(slacktest.ChannelSpec{ID: "COPS", Name: "ops", Members: []string{s.BotUser, "U1"}})
	s.AddChannel(slacktest.ChannelSpec{ID: "CINC", Name: "inc-231", Members: []string{s.BotUser, "U1", "U2"}})
	repo := filepath.Join(t.TempDir(), "catalog.git")
	commit := git.Commit{Author: "Ada", Email: "ada@example.com", Message: "the catalog", When: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Write: map[string][]byte{"catalog-info.yaml": []byte(descriptors)}}
	if err := git.Init(repo, []git.Commit{commit}); err != nil {
		t.Fatal(err)
	}
	cfg := officeConfig(t, s, mode, repo)
	return &office{Server: s, t: t, cfg: cfg, logs: &lockedLog{t: t}}
}

// officeConfig is the configuration of a program in a workspace, with the catalog of a repository.
func officeConfig(t testing.TB, s *slacktest.Server, mode, repo string) *config.Config {
	t.Helper()
	t.Setenv("TEST_BOT_TOKEN", s.BotToken)
	t.Setenv("TEST_APP_TOKEN", s.AppToken)
	t.Setenv("TEST_SIGNING_SECRET", s.SigningSecret)
	name := filepath.Join(t.TempDir(), "callboard.yaml")
	text := fmt.Sprintf("http: { listen: \"127.0.0.1:0\", url: \"https://callboard.example.com\" }\ncatalog: { sources: [{ name: acme, git: %q, trusted: true }] }\n"+
		"slack: { mode: %s, team: %s, app: %s, api_url: %q, open_channels: [\"inc-*\"],\n"+
		"  bot_token: env:TEST_BOT_TOKEN, app_token: env:TEST_APP_TOKEN, signing_secret: env:TEST_SIGNING_SECRET }\n"+
		"operators: { channels: [\"slack:COPS\"] }\n", repo, mode, s.TeamID, s.AppID, s.APIURL)
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// start runs the program until stop or the end of the test, and returns when it can be asked. Without Slack it starts
// all the same.
func (o *office) start() {
	o.t.Helper()
	level := slog.LevelWarn
	if o.verbose {
		level = slog.LevelInfo
	}
	a, err := app.NewDaemon(o.t.Context(), o.cfg, slog.New(slog.NewTextHandler(o.logs, &slog.HandlerOptions{Level: level})))
	if err != nil {
		o.t.Fatal(err)
	}
	if report, err := a.Sync(o.t.Context(), false); err != nil || !report.Fine() && !o.problems {
		o.t.Fatalf("%+v, %v", report, err)
	}
	address, err := a.Listen(o.t.Context())
	if err != nil {
		o.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	o.app, o.base = a, "http://"+address
	o.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			o.t.Error(err)
		}
		if err := a.Close(); err != nil {
			o.t.Error(err)
		}
	})
	o.t.Cleanup(o.stop)
	if o.cfg.Slack.Mode == config.SlackHTTP {
		base := o.base + "/slack/"
		o.UseURLs(slacktest.URLs{Commands: base + "commands", Interactions: base + "interactions", Options: base + "options", Events: base + "events"})
	}
}

// sees waits until a person's newest message in a channel holds all the texts, and gives it.
func (o *office) sees(user, channel string, texts ...string) slacktest.Message {
	o.t.Helper()
	var last slacktest.Message
	o.Until(fmt.Sprintf("%s sees %q in %s", user, texts, channel), func() bool {
		for _, m := range o.Channel(channel).SeenBy(user) {
			last = m
		}
		for _, text := range texts {
			if !strings.Contains(last.Lines(), text) {
				return false
			}
		}
		return true
	})
	return last
}

// inBothModes runs a session over sockets and over HTTP.
func inBothModes(t *testing.T, session func(t *testing.T, mode string)) {
	t.Helper()
	for _, mode := range []string{config.SlackSocket, config.SlackHTTP} {
		t.Run(mode, func(t *testing.T) { session(t, mode) })
	}
}

func TestSlack_WhoOwns(t *testing.T) {
	inBothModes(t, func(t *testing.T, mode string) {
		o := openOffice(t, mode, slacktest.Options{})

		o.Command("U1", "C1", "/who-owns", "checkout")
		card := o.sees("U1", "C1", "checkout", "team-pay", "#pay-eng", "[Share]")
		if card.To != "U1" {
			t.Errorf("the answer is for %q, want it for the asker alone", card.To)
		}
		if !strings.HasPrefix(card.Text, "checkout: ") || strings.Contains(card.Text, "\n") {
			t.Errorf("the notification is %q, want the answer in one line", card.Text)
		}

		o.Press("U1", card, "Share")
		shared := o.sees("U2", "C1", "checkout", "team-pay")
		if shared.To != "" || strings.Contains(shared.Lines(), "[Share]") {
			t.Errorf("shared as %+v", shared)
		}

		question := o.Say("U2", "C1", "who has checkout?")
		o.Mention("U1", "C1", "<@U0BOT> who-owns checkout", slacktest.InThread(question))
		answer := o.sees("U1", "C1", "checkout", "team-pay")
		if answer.ThreadTS != question || answer.To != "U1" {
			t.Errorf("answered in thread %q to %q, want %q to U1", answer.ThreadTS, answer.To, question)
		}

		o.Command("U2", "CINC", "/callboard", "who-owns checkout")
		if m := o.sees("U1", "CINC", "checkout", "team-pay"); m.To != "" {
			t.Errorf("in a channel of an incident the answer is for %q, want it for everybody", m.To)
		}

		// An account that the catalog does not know may read, for itself; in a thread too.
		o.Mention("U2", "C1", "who-owns checkout", slacktest.InThread(question))
		if m := o.sees("U2", "C1", "checkout", "team-pay", "[Share]"); m.ThreadTS != question || m.To != "U2" {
			t.Errorf("an unlinked person is answered in thread %q to %q", m.ThreadTS, m.To)
		}

		o.DM("U2", "who-owns checkout")
		if m := o.sees("U2", o.Direct("U2").ID(), "checkout", "team-pay"); m.To != "" {
			t.Errorf("in a direct message the answer is for %q, want a message", m.To)
		}
	})
}

func TestSlack_TypoAndPick(t *testing.T) {
	inBothModes(t, func(t *testing.T, mode string) {
		o := openOffice(t, mode, slacktest.Options{})
		o.Command("U1", "C1", "/who-owns", "billing")
		pick := o.sees("U1", "C1", `"billing" matches 2 entities`)
		buttons := pick.Buttons()
		if len(buttons) < 2 || buttons[0] == buttons[1] {
			t.Fatalf("buttons %q, want two that differ", buttons)
		}
		o.Press("U1", pick, buttons[0])
		if m := o.sees("U1", "C1", "billing", "team-pay", "[Share]"); m.To != "U1" || m.TS != pick.TS || m.Edits != 1 {
			t.Errorf("the choice is for %q, message %s edited %d times, want it for the asker in place of the question", m.To, m.TS, m.Edits)
		}

		o.Command("U1", "C1", "/who-owns", "chekout")
		typo := o.sees("U1", "C1", `No entity "chekout"`, "checkout")
		if typo.To != "U1" || !strings.Contains(typo.Text, `No entity "chekout"`) || strings.Contains(typo.Lines(), "[Share]") {
			t.Errorf("the typo is told to %q, notification %q:\n%s", typo.To, typo.Text, typo.Lines())
		}
		o.Press("U1", typo, typo.Buttons()[0])
		if m := o.sees("U1", "C1", "checkout", "service", "team-pay", "[Share]"); m.To != "U1" {
			t.Errorf("the answer to a typo is for %q", m.To)
		}
		for _, m := range o.Channel("C1").SeenBy("U2") {
			if m.BotID != "" {
				t.Errorf("another sees %s", m.Lines())
			}
		}

		o.Command("U1", "C1", "/callboard", "whoowns checkout")
		o.sees("U1", "C1", "Did you mean: who-owns")
	})
}

func TestSlack_Link(t *testing.T) {
	inBothModes(t, func(t *testing.T, mode string) {
		o := openOffice(t, mode, slacktest.Options{})
		o.Command("U2", "C1", "/callboard", "whoami")
		if m := o.sees("U2", "C1", "Person", "unknown", "no User of the catalog carries", "link gets you added"); m.To != "U2" {
			t.Errorf("who somebody is was told to %q", m.To)
		}
		o.Mention("U2", "C1", "link user:default/nobody") // no form can be opened: the reason goes with the button
		if m := o.sees("U2", "C1", "You in the catalog", "no such person", "[Open the form]"); m.To != "U2" {
			t.Errorf("the reason is told to %q", m.To)
		}

		o.Command("U2", "C1", "/callboard", "link")
		o.Until("the form is open", func() bool { return o.Modal("U2") != nil })
		if found := o.Search("U2", o.Modal("U2"), "You in the catalog", "check"); len(found) > 0 {
			t.Errorf("the select offers %q, want people only", found)
		}
		o.Search("U2", o.Modal("U2"), "You in the catalog", "hopper")
		o.Fill("U2", "You in the catalog", "user:default/grace — Grace Hopper")
		o.Fill("U2", "Anything they should know", "first day <!channel>")
		o.Submit("U2")
		o.Until("the form says what happened", func() bool {
			v := o.Modal("U2")
			return v != nil && strings.Contains(v.Lines(), "I asked the operators")
		})
		asked := o.sees("U1", "COPS", "Grace Hopper", "U2", `slack.com/user-id: "T1:U2"`, "first day")
		if asked.To != "" || asked.Edits != 0 {
			t.Errorf("%+v, want one message for everybody there", asked)
		}
		o.CloseModal("U2")

		// The same again changes nothing: the operators see one message.
		o.Command("U2", "C1", "/callboard", "link user:default/grace")
		o.sees("U2", "C1", "I asked the operators")
		if n := len(o.Channel("COPS").FromBot()); n != 1 {
			t.Errorf("the operators see %d messages, want 1", n)
		}
	})
}

func TestSlack_Home(t *testing.T) {
	inBothModes(t, func(t *testing.T, mode string) {
		o := openOffice(t, mode, slacktest.Options{})
		o.OpenHome("U1", slacktest.OnTab("messages"))
		if h := o.Home("U1"); h != nil {
			t.Errorf("the tab of messages was opened, and the home drawn:\n%s", h.Lines())
		}
		o.OpenHome("U1")
		o.Until("ada sees her services", func() bool {
			h := o.Home("U1")
			return h != nil && strings.Contains(h.Lines(), "My services") && strings.Contains(h.Lines(), "checkout-web")
		})
		o.Press("U1", o.Home("U1"), "Who am I?")
		o.Until("ada sees who she is, in a window of her own", func() bool {
			v := o.Modal("U1")
			return v != nil && strings.Contains(v.Lines(), "user:default/ada")
		})
		if n := len(o.Direct("U1").FromBot()); n != 0 {
			t.Errorf("%d messages came beside", n)
		}
		o.OpenHome("U2")
		o.Until("grace is welcomed", func() bool {
			h := o.Home("U2")
			return h != nil && strings.Contains(h.Lines(), "[Link my account]")
		})
		o.Press("U2", o.Home("U2"), "Link my account")
		o.Until("the form is open", func() bool { return o.Modal("U2") != nil })
	})
}
