package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"callboard/cmd/callboard/internal/config"
	"callboard/integrations/slack/slacktest"
)

// role is who asks, and what becomes of it.
type role struct {
	name   string
	user   slacktest.User // without its id
	groups string         // of the User that carries the account's id; "" for none
	denied string         // what is said instead of an answer; "" with silent for nothing at all
	silent bool
	sees   bool // what the rule hides
}

func roles() []role {
	const guests, strangers = "Guests of this workspace", "people of this workspace only"
	return []role{
		{name: "operator", groups: "[team-pay, team-ops]", sees: true},
		{name: "member", groups: "[team-ops]"},
		{name: "member of the owners", groups: "[team-pay]", sees: true},
		{name: "unlinked"},
		{name: "guest", user: slacktest.User{Restricted: true}, denied: guests},
		{name: "guest of one channel", user: slacktest.User{UltraRestricted: true}, denied: guests},
		{name: "stranger", user: slacktest.User{Stranger: true}, denied: strangers},
		{name: "of another workspace", user: slacktest.User{TeamID: "T9"}, denied: strangers},
		{name: "bot", user: slacktest.User{Bot: true}, silent: true},
		{name: "workflow", user: slacktest.User{WorkflowBot: true}, silent: true},
		{name: "deactivated", user: slacktest.User{Deleted: true}, silent: true},
	}
}

// ownAnswer reports whether a role gets another answer to a line than somebody of whom nothing is known. It is for
// that person alone, wherever it is asked for.
func (r role) ownAnswer(line string) bool {
	if line == "whoami" || line == "home" {
		return true
	}
	return r.sees && slices.Contains([]string{"find checkout", "who-owns canary-vault", "find canary", "health"}, line) // health counts
}

// venue is a kind of channel. An answer there is for everybody, or for the asker alone.
type venue struct {
	name     string
	spec     slacktest.ChannelSpec
	everyone bool
}

func venues() []venue {
	return []venue{
		{name: "public", spec: slacktest.ChannelSpec{Name: "pay-eng"}},
		{name: "private", spec: slacktest.ChannelSpec{Name: "privategroup", Private: true}},
		{name: "between two people", spec: slacktest.ChannelSpec{Name: "directmessage", IM: true}},
		{name: "shared", spec: slacktest.ChannelSpec{Name: "partners", Shared: true}},
		{name: "incident", spec: slacktest.ChannelSpec{Name: "inc-7"}, everyone: true},
	}
}

// Threats, row 26, through Slack: each role gives each command in each kind of channel. Who may not ask gets the words for
// it, or nothing, and a line of the log and a count; what a rule hides is not there for those whom it does not
// name, and that is logged and counted too. Answers are for the asker alone but in channels that the configuration opens,
// where what not everybody may see is for the asker alone, too.
func TestRBACMatrix_Slack(t *testing.T) {
	descriptors := catalogOfOffice + `---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: { name: team-ops }
spec: { type: team, children: [] }
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: { name: canary-vault, labels: { confidential: "true" } }
spec: { type: service, lifecycle: production, owner: team-pay }
`
	for i, r := range roles() {
		for j := range venues() {
			if r.groups != "" {
				descriptors += fmt.Sprintf("---\napiVersion: backstage.io/v1alpha1\nkind: User\nmetadata: { name: u%d-%d, annotations: { slack.com/user-id: \"T1:UR%d-%d\" } }\n"+
					"spec: { profile: { displayName: Role }, memberOf: %s }\n", i, j, i, j, r.groups)
			}
		}
	}
	o := newOffice(t, config.SlackHTTP, slacktest.Options{Unlimited: true}, descriptors)
	o.verbose = true
	o.cfg.Policy.Visibility = []config.VisibleRule{{
		Name: "payments-internal", When: `entity.metadata.labels["confidential"] == "true"`, Only: []string{"group:default/team-pay"},
	}}
	o.start()
	asked := 0
	for i, r := range roles() {
		for j, p := range venues() {
			r.user.ID, r.user.Name = fmt.Sprintf("UR%d-%d", i, j), r.name
			p.spec.ID, p.spec.Members = fmt.Sprintf("CR%d-%d", i, j), []string{o.BotUser, r.user.ID}
			o.AddUser(r.user)
			o.AddChannel(p.spec)
			for _, line := range []string{"who-owns checkout", "deps checkout", "find checkout", "who-owns canary-vault", "find canary", "health", "help", "whoami", "home", "link user:default/grace"} {
				asked++
				o.judgeRight(r, p, line)
			}
		}
	}
	if asked < 500 {
		t.Errorf("%d questions", asked)
	}
	want := len(venues()) // the unlinked; others are known already, or turned away
	o.Until("the operators are asked", func() bool { return len(o.Channel("COPS").FromBot()) >= want })
	if n := len(o.Channel("COPS").FromBot()); n != want {
		t.Errorf("the operators were asked %d times, want %d", n, want)
	}
}

// judgeRight asks one thing and looks at what came of it.
func (o *office) judgeRight(r role, p venue, line string) {
	o.t.Helper()
	const deniedTotal, refusedTotal = `callboard_requests_total{outcome="denied",verb=""}`, `callboard_refusals_total{platform="slack"}`
	what := fmt.Sprintf("%s in %s: %s", r.name, p.name, line)
	denied, refused, answers := o.metric(deniedTotal), o.metric(refusedTotal), len(o.Channel(p.spec.ID).FromBot())
	logged := len(o.logs.String())
	d := o.Command(r.user.ID, p.spec.ID, "/callboard", line)
	log := o.logs.String()[logged:]
	turnedAway := r.silent || r.denied != ""
	if !d.OK() {
		o.t.Errorf("%s: not acknowledged", what)
	}
	if counted, noted := o.metric(deniedTotal) == denied+1, strings.Contains(log, "outcome=denied") && strings.Contains(log, "account="+r.user.ID); counted != turnedAway || noted != turnedAway {
		o.t.Errorf("%s: denied, counted %v and logged %v, want %v:\n%s", what, counted, noted, turnedAway, log)
	}
	hidden := strings.Contains(line, "canary") && !turnedAway && !r.sees
	if counted, noted := o.metric(refusedTotal) == refused+1, strings.Contains(log, "msg=refused"); counted != hidden || noted != hidden {
		o.t.Errorf("%s: a hidden entity, counted %v and logged %v, want %v:\n%s", what, counted, noted, hidden, log)
	}
	all := o.Channel(p.spec.ID).FromBot()
	switch {
	case r.silent:
		if len(all) != answers {
			o.t.Errorf("%s: answered %s", what, all[len(all)-1].Lines())
		}
		return
	case len(all) != answers+1:
		o.t.Errorf("%s: %d answers", what, len(all)-answers)
		return
	}
	m := all[len(all)-1]
	if want := map[bool]string{false: r.user.ID, true: ""}[p.everyone && (r.denied != "" || !r.ownAnswer(line))]; m.To != want {
		o.t.Errorf("%s: the answer is for %q, want %q", what, m.To, want)
	}
	o.judgeWords(r, what, line, m.Lines())
}

func (o *office) judgeWords(r role, what, line, said string) {
	o.t.Helper()
	owner := strings.Contains(said, "team-pay")
	switch {
	case r.denied != "":
		if !strings.Contains(said, r.denied) || owner {
			o.t.Errorf("%s: %s", what, said)
		}
	case line == "who-owns checkout" && !owner, line == "who-owns canary-vault" && owner != r.sees:
		o.t.Errorf("%s: %s", what, said)
	case line == "find canary" && strings.Contains(said, "canary-vault") != r.sees:
		o.t.Errorf("%s: %s", what, said)
	case line == "link user:default/grace" && strings.Contains(said, "I asked the operators") != (r.groups == ""):
		o.t.Errorf("%s: %s", what, said)
	}
}

// Threats, row 27: a select over the catalog offers nothing that a rule hides from who types.
func TestSlack_SuggestionsHide(t *testing.T) {
	inBothModes(t, func(t *testing.T, mode string) {
		for _, hidden := range []bool{false, true} {
			o := newOffice(t, mode, slacktest.Options{}, catalogOfOffice)
			if hidden {
				o.cfg.Policy.Visibility = []config.VisibleRule{{Name: "no-names", When: `entity.metadata.name == "grace"`, Only: []string{"group:default/team-pay"}}}
			}
			o.start()
			o.Command("U2", "C1", "/callboard", "link")
			o.Until("the form is open", func() bool { return o.Modal("U2") != nil })
			for _, typed := range []string{"grace", "hopper", "user"} {
				found := strings.Join(o.Search("U2", o.Modal("U2"), "You in the catalog", typed), "\n")
				if strings.Contains(found, "grace") == hidden {
					t.Errorf("hidden %v, %q offers %q", hidden, typed, found)
				}
			}
			o.stop()
		}
	})
}
