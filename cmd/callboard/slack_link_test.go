package main

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"callboard/bot"
	"callboard/catalog"
	"callboard/cmd/callboard/internal/app"
	"callboard/cmd/callboard/internal/config"
	"callboard/integrations/git"
	"callboard/integrations/slack/slacktest"
)

// The card of a request to be linked tells the operators that it is done, whoever runs when it comes true.
func TestSlack_LinkComesTrue(t *testing.T) {
	for name, restart := range map[string]bool{"while it runs": false, "at the next start": true} {
		t.Run(name, func(t *testing.T) {
			o := openOffice(t, config.SlackSocket, slacktest.Options{})
			o.Command("U2", "C1", "/callboard", "link user:default/grace")
			o.sees("U1", "COPS", "Grace Hopper", `slack.com/user-id: "T1:U2"`)

			o.commits(graceIs(`slack.com/user-id: "T1:U9"`)) // somebody else's
			if restart {
				o.stop()
				o.CloseSockets()
				err := git.Append(o.cfg.Catalog.Sources[0].Git, git.Commit{
					Author: "Ada", Email: "ada@example.com", Message: "grace", When: time.Now(),
					Write: map[string][]byte{"catalog-info.yaml": []byte(graceIs(`slack.com/user-id: "T1:U2"`))},
				})
				if err != nil {
					t.Fatal(err)
				}
				o.start()
			} else {
				o.commits(graceIs(`slack.com/user-id: "T1:U2"`))
			}
			done := o.sees("U1", "COPS", "Linked: slack account U2 is Grace Hopper", "user:default/grace", "catalog-info.yaml")
			if strings.Contains(done.Lines(), "add to") || strings.Contains(done.Lines(), "Make sure") || done.Edits != 1 {
				t.Errorf("edited %d times, and now:\n%s", done.Edits, done.Lines())
			}
			o.Command("U2", "C1", "/callboard", "whoami")
			o.sees("U2", "C1", "Grace Hopper")

			o.commits(graceIs(`slack.com/user-id: "T1:U9"`)) // a message that shows its last card is not looked at again
			o.Command("U2", "C1", "/callboard", "whoami")
			o.sees("U2", "C1", "unknown")
			if n := len(o.Channel("COPS").FromBot()); n != 1 || o.Channel("COPS").FromBot()[0].Edits != 1 {
				t.Errorf("%d messages, %+v", n, o.Channel("COPS").FromBot())
			}
		})
	}
}

// Who left the catalog cannot be linked any more.
func TestSlack_LinkGone(t *testing.T) {
	o := openOffice(t, config.SlackHTTP, slacktest.Options{})
	o.Command("U2", "C1", "/callboard", "link user:default/grace")
	o.sees("U1", "COPS", "Grace Hopper")
	o.commits(strings.Replace(catalogOfOffice, "name: grace }", "name: hopper }", 1))
	o.sees("U1", "COPS", "Gone: user:default/grace left the catalog before slack account U2 was linked")
}

// Fault F32: while another program takes events of the app, health and doctor say so.
func TestSlack_SecondConsumer(t *testing.T) {
	o := newOffice(t, config.SlackSocket, slacktest.Options{}, catalogOfOffice)
	o.Consume()
	o.Consume()
	o.start()
	const says = "another program gets a part of the events"
	o.Until("health says it", func() bool {
		return strings.Contains(o.app.Ask(t.Context(), bot.Typed, "health", catalog.Ref{}).Card.Text(), says)
	})
	found := false
	doctor := app.Doctor{Config: o.cfg, Log: slog.New(slog.DiscardHandler), Found: func(f bot.Finding) {
		found = found || f.Part == "Slack" && f.Grade == bot.Doubtful && strings.Contains(f.Text, says)
	}}
	doctor.Run(t.Context())
	if !found {
		t.Error("doctor does not say it")
	}
}
