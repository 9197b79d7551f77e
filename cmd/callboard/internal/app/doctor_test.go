package app

// Internal, because the fake Slack's ids are shorter than those that a configuration file may hold.

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"callboard/bot"
	"callboard/catalog/secret"
	"callboard/cmd/callboard/internal/config"
	"callboard/integrations/git"
	"callboard/integrations/slack/slacktest"
)

const doctorCatalog = `apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: ada, annotations: {slack.com/user-id: U1}}
spec: {memberOf: [team]}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: team, annotations: {callboard/channel: "slack:C2"}}
spec: {type: team, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: checkout, annotations: {callboard/channel: "slack:C1"}}
spec: {type: service, lifecycle: production, owner: nobody}
`

// patient is a configuration with which nothing is wrong, and its Slack.
func patient(t *testing.T) (*slacktest.Server, *config.Config) {
	t.Helper()
	fake := slacktest.New(t, slacktest.Options{})
	fake.AddChannel(slacktest.ChannelSpec{ID: "C2", Name: "pay-eng", Members: []string{"U1"}})
	fake.AddUser(slacktest.User{ID: "U3", Name: "guest", Restricted: true})
	fake.AddUser(slacktest.User{ID: "U4", Name: "gone", Deleted: true})
	dir := t.TempDir()
	repo := filepath.Join(dir, "acme")
	if err := git.Init(repo, []git.Commit{{
		Author: "A", Email: "a@example.com", Message: "catalog", When: time.Unix(1.8e9, 0),
		Write: map[string][]byte{"catalog-info.yaml": []byte(doctorCatalog)},
	}}); err != nil {
		t.Fatal(err)
	}
	cfg := config.Default()
	source := config.DefaultSource()
	source.Name, source.Git, source.Trusted = "acme", repo, true
	cfg.Data, cfg.Catalog.Sources = filepath.Join(dir, "data"), []config.Source{source}
	cfg.HTTP.Listen = "127.0.0.1:0"
	cfg.Slack.Mode, cfg.Slack.Team, cfg.Slack.App, cfg.Slack.APIURL = config.SlackSocket, fake.TeamID, fake.AppID, fake.APIURL
	cfg.Slack.BotToken, cfg.Slack.AppToken = inEnv(t, "DOCTOR_BOT", fake.BotToken), inEnv(t, "DOCTOR_APP", fake.AppToken)
	cfg.Operators.Channels = []string{"slack:C1"}
	a, err := New(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	a.syncer.Sync(t.Context(), false)
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	return fake, cfg
}

func inEnv(t *testing.T, name, value string) secret.Ref {
	t.Helper()
	t.Setenv(name, value)
	ref, err := secret.ParseRef("env:" + name)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

// examine gives the findings, one a line, and sees to it that none holds a part of a token.
func examine(t *testing.T, cfg *config.Config, post ...string) string {
	t.Helper()
	var lines []string
	doctor := Doctor{Config: cfg, Post: post, Log: slog.New(slog.DiscardHandler), Found: func(f bot.Finding) {
		if f.Grade != bot.Sound && f.Fix == "" {
			t.Errorf("nothing says what to do about %s: %s", f.Part, f.Text)
		}
		lines = append(lines, strings.Join([]string{string(f.Grade), f.Part, f.Text, f.Fix}, "|"))
	}}
	doctor.Run(t.Context())
	all := strings.Join(lines, "\n") + "\n"
	for _, token := range []string{"xoxb-", "xapp-"} {
		if strings.Contains(all, token) {
			t.Errorf("a finding shows a part of a token:\n%s", all)
		}
	}
	return all
}

func wantLines(t *testing.T, got string, want ...string) {
	t.Helper()
	for _, line := range want {
		if !strings.Contains("\n"+got, "\n"+line) {
			t.Errorf("no finding begins with %q:\n%s", line, got)
		}
	}
}

func TestDoctor_AllIsWell(t *testing.T) {
	fake, cfg := patient(t)
	got := examine(t, cfg)
	wantLines(t, got,
		"fine|disk|", "fine|data folder|it can be written, and no daemon has it", "fine|source acme|main @", "fine|clock|the same as Slack's",
		"fine|Slack bot token|it is of @callboard in Example (T1), app A1", "fine|Slack scopes|the token has all that it needs",
		"fine|Slack socket|one was opened, Slack said hello", "fine|Slack channel C1|a test message was posted and deleted",
		"warning|Slack channels|the bot is missing from 1 of 1 channels of the catalog: C2|",
		"fine|Slack people|1 of 2 members of the workspace are people of the catalog", "fine|rules|there are none",
		"warning|owners|1 owner that entities name is not in the catalog: group:default/nobody|")
	if strings.Contains(got, "wrong|") {
		t.Errorf("something is wrong:\n%s", got)
	}
	if left := fake.Channel("C1").Messages(); len(left) > 0 {
		t.Errorf("the test message stays: %v", left)
	}
	cfg.Identity.Email = true
	wantLines(t, examine(t, cfg), "fine|Slack people|1 of 2 members") // Grace's address is nobody's
}

func TestDoctor_Slack(t *testing.T) {
	tests := []struct {
		name string
		harm func(t *testing.T, fake *slacktest.Server, cfg *config.Config)
		post []string
		want []string
		not  []string
	}{
		{
			"a scope is missing", func(_ *testing.T, fake *slacktest.Server, cfg *config.Config) {
				cfg.Identity.Email = true
				fake.DropScope("users:read.email")
				fake.DropScope("app_mentions:read")
			}, nil,
			[]string{
				"wrong|Slack scopes|app_mentions:read is missing: hears mentions of the bot",
				"wrong|Slack scopes|users:read.email is missing: recognises people by their verified address",
			},
			[]string{"wrong|Slack scopes|users:read is"},
		},
		{
			"the token was revoked", func(_ *testing.T, fake *slacktest.Server, _ *config.Config) {
				fake.Revoke(fake.BotToken, "token_revoked")
			}, nil,
			[]string{"wrong|Slack bot token|Slack refuses the token (token_revoked)", "fine|Slack socket|"},
			[]string{"Slack channel", "fine|Slack scopes"},
		},
		{
			"the app's token was revoked", func(_ *testing.T, fake *slacktest.Server, _ *config.Config) {
				fake.Revoke(fake.AppToken, "invalid_auth")
			}, nil,
			[]string{"wrong|Slack socket|Slack refuses the token (invalid_auth)|check that Socket Mode is on", "fine|Slack bot token|"},
			[]string{"install the app again"},
		},
		{
			"the two tokens are mixed up", func(_ *testing.T, _ *slacktest.Server, cfg *config.Config) {
				cfg.Slack.BotToken, cfg.Slack.AppToken = cfg.Slack.AppToken, cfg.Slack.BotToken
			}, nil,
			[]string{
				"wrong|Slack bot token|Slack refuses the token (not_allowed_token_type): it is of another kind|take the Bot User OAuth Token",
				"wrong|Slack socket|Slack refuses the token (not_allowed_token_type): it is of another kind|check that Socket Mode is on",
			},
			nil,
		},
		{
			"no Slack to be reached", func(_ *testing.T, _ *slacktest.Server, cfg *config.Config) { cfg.Slack.APIURL = "http://127.0.0.1:1/" }, nil,
			[]string{`wrong|Slack bot token|Post "http://127.0.0.1:1/auth.test": dial tcp 127.0.0.1:1: connect: connection refused|let this machine reach Slack`, "wrong|Slack socket|"},
			[]string{"take the Bot User OAuth Token", "check that Socket Mode"},
		},
		{
			"nothing can be posted", func(_ *testing.T, fake *slacktest.Server, _ *config.Config) { fake.DropScope("chat:write") }, nil,
			[]string{"wrong|Slack channel C1|nothing can be posted: the app lacks a scope: chat:write; add it as callboard manifest slack prints it, and install the app again (missing_scope)|add it under OAuth & Permissions"},
			nil,
		},
		{
			"another workspace", func(_ *testing.T, _ *slacktest.Server, cfg *config.Config) { cfg.Slack.Team = "T9" }, nil,
			[]string{"wrong|Slack bot token|it is for the workspace Example (T1), but slack.team is T9: every event would be dropped|set slack.team: T1"},
			nil,
		},
		{
			"another app", func(_ *testing.T, _ *slacktest.Server, cfg *config.Config) { cfg.Slack.App = "A9" }, nil,
			[]string{"wrong|Slack bot token|it is of the app A1, but slack.app is A9"},
			nil,
		},
		{
			"a token that is not there", func(t *testing.T, _ *slacktest.Server, cfg *config.Config) {
				t.Helper()
				ref, err := secret.ParseRef("env:DOCTOR_NOWHERE")
				if err != nil {
					t.Fatal(err)
				}
				cfg.Slack.AppToken = ref
			}, nil,
			[]string{"wrong|slack.app_token|env:DOCTOR_NOWHERE: this environment variable is not set|give doctor the environment of the daemon"},
			[]string{"Slack bot token"},
		},
		{
			"somebody else's sockets", func(_ *testing.T, fake *slacktest.Server, _ *config.Config) { fake.Consume() }, nil,
			[]string{"warning|Slack socket|1 other socket"},
			nil,
		},
		{
			"not in the operators' channel", func(_ *testing.T, fake *slacktest.Server, _ *config.Config) {
				fake.DropScope("chat:write.public") // which the manifest does not ask for
				fake.RemoveBot("C1")
			}, nil,
			[]string{"wrong|Slack channel C1|the bot is not in it"},
			nil,
		},
		{
			"no such channel", nil, []string{"slack:C9"}, []string{"wrong|Slack channel C9|there is no such channel"}, []string{"Slack channel C1"},
		},
		{
			"reads alone", func(_ *testing.T, fake *slacktest.Server, cfg *config.Config) {
				cfg.Operators.Channels = nil
				fake.DropScope("channels:history")
				fake.DropScope("groups:history")
			}, nil,
			[]string{"fine|Slack scopes|", "fine|Slack channels|2 channels of the catalog were not looked at"},
			[]string{"Slack channel C1"},
		},
		{
			"a moment's patience", func(_ *testing.T, fake *slacktest.Server, _ *config.Config) {
				fake.Fail("auth.test", slacktest.Fault{Status: 429, RetryAfter: time.Second})
			}, nil,
			[]string{"fine|Slack bot token|"},
			nil,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fake, cfg := patient(t)
			if tt.harm != nil {
				tt.harm(t, fake, cfg)
			}
			got := examine(t, cfg, tt.post...)
			wantLines(t, got, tt.want...)
			for _, text := range tt.not {
				if strings.Contains(got, text) {
					t.Errorf("a finding has %q:\n%s", text, got)
				}
			}
		})
	}
}

// openDaemon opens a daemon with a configuration of its own, so that the test may go on changing the doctor's.
func openDaemon(t *testing.T, cfg *config.Config) *App {
	t.Helper()
	own := *cfg
	daemon, err := NewDaemon(t.Context(), &own, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return daemon
}

// runDaemon serves until the test ends.
func runDaemon(t *testing.T, daemon *App) {
	t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- daemon.Run(t.Context()) }()
	t.Cleanup(func() {
		if err := errors.Join(<-ended, daemon.Close()); err != nil {
			t.Error(err)
		}
	})
}

// TestDoctor_BesideDaemon: the doctor reads the catalog through the daemon, and takes no event from it.
func TestDoctor_BesideDaemon(t *testing.T) {
	fake, cfg := patient(t)
	cfg.Policy.Visibility = []config.VisibleRule{
		{Name: "payments", When: `entity.kind == "component"`, Only: []string{"group:default/team", "group:default/nobody"}},
	}
	runDaemon(t, openDaemon(t, cfg))
	fake.Until("the daemon's sockets", func() bool { return fake.Sockets() == 2 })
	got := examine(t, cfg)
	wantLines(t, got, "fine|data folder|a daemon has it", "fine|Slack socket|Slack lets one be opened; none was", "fine|Slack people|1 of 2 members")
	wantLines(t, got, "fine|rules|entities that payments hides: 1", "warning|rules|payments lets group:default/nobody see, whom the catalog does not have|correct policy.visibility[0]")
	if fake.Sockets() != 2 {
		t.Errorf("%d sockets are open", fake.Sockets())
	}
}

// TestDoctor_HTTP: the doctor knocks where Slack will.
func TestDoctor_HTTP(t *testing.T) {
	fake, cfg := patient(t)
	cfg.Slack.Mode, cfg.Slack.SigningSecret = config.SlackHTTP, inEnv(t, "DOCTOR_SIGNING", fake.SigningSecret)
	cfg.HTTP.URL = "http://127.0.0.1:9"
	wantLines(t, examine(t, cfg), "warning|Slack requests|Slack will send to http://127.0.0.1:9/slack/events, where no daemon listens yet")

	daemon := openDaemon(t, cfg)
	address, err := daemon.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	runDaemon(t, daemon)
	fake.Until("the daemon knows itself", func() bool { return len(fake.Calls("auth.test")) > 1 })
	wantLines(t, examine(t, cfg), "warning|Slack requests|http://127.0.0.1:9/slack/events cannot be reached from here")
	cfg.HTTP.URL = "http://" + address
	wantLines(t, examine(t, cfg), "fine|Slack requests|http://"+address+"/slack/events leads here, and wants a signature")
	cfg.HTTP.URL = strings.TrimSuffix(fake.APIURL, "/api/")
	wantLines(t, examine(t, cfg), "wrong|Slack requests|"+cfg.HTTP.URL+"/slack/events answers 404")
}

// TestDoctor_DataFolder: the folders above a data folder are made with it, and a file in its place is named.
func TestDoctor_DataFolder(t *testing.T) {
	_, cfg := patient(t)
	cfg.Slack = config.Slack{}
	top := t.TempDir()
	cfg.Data = filepath.Join(top, "a", "b", "data")
	wantLines(t, examine(t, cfg), "fine|data folder|"+cfg.Data+" does not exist yet")
	cfg.Data = filepath.Join(top, "file")
	if err := os.WriteFile(cfg.Data, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	wantLines(t, examine(t, cfg), "wrong|data folder|"+cfg.Data+" cannot be written: not a directory|let data name a folder")

	cfg.Data = filepath.Join(top, "broken")
	if err := os.Mkdir(cfg.Data, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(cfg.Data, "callboard.db"), 0o700); err != nil {
		t.Fatal(err)
	}
	cfg.Catalog.Sources[0].Git = filepath.Join(top, "nowhere")
	got := examine(t, cfg)
	wantLines(t, got, "wrong|data folder|", "wrong|source "+cfg.Catalog.Sources[0].Name+"|")
	if !strings.Contains(got, "may be moved away") {
		t.Errorf("nothing says what to do about the store:\n%s", got)
	}
}
