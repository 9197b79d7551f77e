package main

import (
	"fmt"
	"strings"
	"testing"

	"callboard/cmd/callboard/internal/config"
	"callboard/integrations/slack/slacktest"
)

// office is a workspace of Slack with a running Callboard in it, for what Slack alone has. What every chat has is tried by
// the sessions in chat_test.go.
type office struct {
	*slacktest.Server
	*site
}

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
	s := newWorkspace(t, o)
	return &office{Server: s, site: newSite(t, officeConfig(t, s, mode, newRepository(t, descriptors)))}
}

// newWorkspace makes a Slack with the channels of the office.
func newWorkspace(t *testing.T, o slacktest.Options) *slacktest.Server {
	t.Helper()
	s := slacktest.New(t, o)
	s.AddChannel(slacktest.ChannelSpec{ID: "COPS", Name: "ops", Members: []string{s.BotUser, "U1"}})
	s.AddChannel(slacktest.ChannelSpec{ID: "CINC", Name: "inc-231", Members: []string{s.BotUser, "U1", "U2"}})
	return s
}

// officeConfig is the configuration of a program in a workspace, with the catalog of a repository.
func officeConfig(t testing.TB, s *slacktest.Server, mode, repo string) *config.Config {
	t.Helper()
	return loadConfig(t, fmt.Sprintf("http: { listen: \"127.0.0.1:0\", url: \"https://callboard.example.com\" }\n"+
		"catalog: { sources: [{ name: acme, git: %q, trusted: true }] }\n%soperators: { channels: [\"slack:COPS\"] }\n", repo, slackSettings(t, s, mode)))
}

// slackSettings is the part of a configuration for a workspace.
func slackSettings(t testing.TB, s *slacktest.Server, mode string) string {
	t.Helper()
	t.Setenv("TEST_BOT_TOKEN", s.BotToken)
	t.Setenv("TEST_APP_TOKEN", s.AppToken)
	t.Setenv("TEST_SIGNING_SECRET", s.SigningSecret)
	return fmt.Sprintf("slack: { mode: %s, team: %s, app: %s, api_url: %q, open_channels: [\"inc-*\"],\n"+
		"  bot_token: env:TEST_BOT_TOKEN, app_token: env:TEST_APP_TOKEN, signing_secret: env:TEST_SIGNING_SECRET }\n", mode, s.TeamID, s.AppID, s.APIURL)
}

// start runs the program, and delivers to it.
func (o *office) start() {
	o.t.Helper()
	o.site.start()
	if o.cfg.Slack.Mode == config.SlackHTTP {
		o.UseURLs(slackURLs(o.base))
	}
}

// slackURLs are where a program listens for Slack.
func slackURLs(base string) slacktest.URLs {
	base += "/slack/"
	return slacktest.URLs{Commands: base + "commands", Interactions: base + "interactions", Options: base + "options", Events: base + "events"}
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

// The menu of a form asks the bot while somebody types, and offers only what the form can take.
func TestSlack_ExternalSelect(t *testing.T) {
	inBothModes(t, func(t *testing.T, mode string) {
		o := openOffice(t, mode, slacktest.Options{})
		o.Command("U2", "C1", "/callboard", "link")
		o.Until("the form is open", func() bool { return o.Modal("U2") != nil })
		for typed, want := range map[string]int{"hopper": 1, "check": 0} {
			if found := o.Search("U2", o.Modal("U2"), "You in the catalog", typed); len(found) != want {
				t.Errorf("%q: the menu offers %q, want %d people", typed, found, want)
			}
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
		o.Until("the home is drawn", func() bool { return o.Home("U1") != nil })
		o.Press("U1", o.Home("U1"), "Who am I?")
		o.Until("ada sees who she is, in a window of her own", func() bool {
			v := o.Modal("U1")
			return v != nil && strings.Contains(v.Lines(), "user:default/ada")
		})
		if n := len(o.Direct("U1").FromBot()); n != 0 {
			t.Errorf("%d messages came beside", n)
		}
	})
}
