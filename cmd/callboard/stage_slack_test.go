package main

import (
	"strings"
	"testing"

	"callboard/cmd/callboard/internal/config"
	"callboard/integrations/slack/slacktest"
)

// slackStage is Slack as a stage. Answers to one person are ephemeral wherever they ask, the own page is the App Home tab,
// entities are found by a menu that asks the bot, and what came of a form stands in the form.
type slackStage struct {
	*slacktest.Server

	t    *testing.T
	mode string
}

func newSlackStage(t *testing.T, mode string) *slackStage {
	t.Helper()
	return &slackStage{Server: newWorkspace(t, slacktest.Options{Unlimited: true}), t: t, mode: mode}
}

func (s *slackStage) settings() string  { return slackSettings(s.t, s.Server, s.mode) }
func (s *slackStage) operators() string { return `"slack:COPS"` }

func (s *slackStage) connect(base string) {
	s.t.Helper()
	if s.mode == config.SlackHTTP {
		s.UseURLs(slackURLs(base))
		return
	}
	s.Until("a socket is open", func() bool { return s.Sockets() > 0 })
}

func (s *slackStage) user(person string) string {
	return map[string]string{"ada": "U1", "grace": "U2"}[person]
}

func (s *slackStage) channel(person string, in room) (id, thread string) {
	name, thread := in.thread()
	if in == direct {
		return s.Direct(s.user(person)).ID(), thread
	}
	return map[string]string{"general": "C1", "ops": "COPS", "inc-231": "CINC"}[name], thread
}

func (s *slackStage) Account(person string) string { return s.TeamID + ":" + s.user(person) }

func (s *slackStage) Command(person string, in room, line string) {
	s.t.Helper()
	id, thread := s.channel(person, in)
	if thread != "" {
		s.t.Fatal("Slack takes no slash commands in threads")
	}
	command, text, _ := strings.Cut(line, " ")
	s.Server.Command(s.user(person), id, command, text)
}

// Say gives a thread below the message where the answer is for everybody.
func (s *slackStage) Say(person string, in room, line string) room {
	s.t.Helper()
	id, thread := s.channel(person, in)
	if in == direct {
		s.DM(s.user(person), line)
		return in
	}
	var knobs []slacktest.Knob
	if thread != "" {
		knobs = append(knobs, slacktest.InThread(thread))
	}
	said := s.Mention(s.user(person), id, "<@"+s.BotUser+"> "+line, knobs...)
	event, _ := said.Payload()["event"].(map[string]any)
	ts, _ := event["ts"].(string)
	if in == incident {
		return in + "/" + room(ts)
	}
	return in
}

func (s *slackStage) Thread(person string, channel room, text string) room {
	s.t.Helper()
	id, _ := s.channel(person, channel)
	return channel + "/" + room(s.Server.Say(s.user(person), id, text))
}

func (s *slackStage) Press(person string, on note, label string) {
	s.t.Helper()
	surface, _ := on.raw.(slacktest.Surface)
	s.Server.Press(s.user(person), surface, label)
}

func (s *slackStage) OpenHome(person string) {
	s.t.Helper()
	s.Server.OpenHome(s.user(person))
}

func (s *slackStage) Seen(person string, in room) []note {
	s.t.Helper()
	if in == home {
		if v := s.Home(s.user(person)); v != nil {
			return []note{{text: v.Lines(), buttons: v.Buttons(), alone: true, raw: v}}
		}
		return nil
	}
	var all []note
	id, thread := s.channel(person, in)
	for _, m := range s.Channel(id).SeenBy(s.user(person)) {
		if m.ThreadTS == thread || m.TS == thread {
			all = append(all, note{text: m.Lines(), notice: m.Text, buttons: m.Buttons(), alone: m.To != "", edits: m.Edits, raw: m})
		}
	}
	return all
}

func (s *slackStage) Form(person string) string {
	if v := s.Modal(s.user(person)); v != nil {
		return v.Lines()
	}
	return ""
}

func (s *slackStage) Find(person, label, words string) {
	s.t.Helper()
	user := s.user(person)
	found := s.Search(user, s.Modal(user), label, words)
	if len(found) != 1 {
		s.t.Fatalf("%q finds %q, want one", words, found)
	}
	s.Server.Fill(user, label, found[0])
}

func (s *slackStage) Fill(person, label, text string) {
	s.t.Helper()
	s.Server.Fill(s.user(person), label, text)
}

func (s *slackStage) Submit(person string) {
	s.t.Helper()
	s.Server.Submit(s.user(person))
}
