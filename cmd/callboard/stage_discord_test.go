package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"callboard/cmd/callboard/internal/config"
	"callboard/integrations/discord/discordtest"
)

// The channels of the guild that are not there from the beginning.
const (
	discordOps      = "600000000000000002"
	discordIncident = "600000000000000003"
)

// discordStage is Discord as a stage. A message cannot be answered to one person, so that such an answer is behind a button;
// the own page is the verb home in the direct messages; a form cannot search, so that words are typed and the bot finds
// out whom they mean; a form closes when it is sent, and what came of it is a message, with a button to correct it.
type discordStage struct {
	*discordtest.Server

	t    *testing.T
	mode string
	at   map[string]room // where a person opened a form last
}

func newDiscordStage(t *testing.T, mode string) *discordStage {
	t.Helper()
	s := discordtest.New(t, discordtest.Options{Unlimited: true})
	s.AddChannel(discordtest.ChannelSpec{ID: discordOps, Name: string(ops)})
	s.AddChannel(discordtest.ChannelSpec{ID: discordIncident, Name: string(incident)})
	return &discordStage{Server: s, t: t, mode: mode, at: map[string]room{}}
}

func (s *discordStage) settings() string {
	s.t.Setenv("TEST_DISCORD_TOKEN", s.Token)
	key := ""
	if s.mode == config.DiscordHTTP {
		key = fmt.Sprintf("public_key: %q, ", s.PublicKey)
	}
	return fmt.Sprintf("discord: { mode: %s, application: %q, guild: %q, %sapi_url: %q, open_channels: [\"inc-*\"], token: env:TEST_DISCORD_TOKEN }\n",
		s.mode, s.AppID, s.GuildID, key, s.APIURL)
}

func (s *discordStage) operators() string { return `"discord:` + discordOps + `"` }

func (s *discordStage) connect(base string) {
	s.t.Helper()
	if s.mode == config.DiscordHTTP {
		s.UseURL(base + "/discord/interactions")
	}
	s.Until("a session", func() bool { return s.Sockets() > 0 })
	s.Until("the slash commands", func() bool { return len(s.Commands()) > 0 })
}

func (s *discordStage) Account(person string) string {
	return s.GuildID + ":" + map[string]string{"ada": discordtest.Ada, "grace": discordtest.Grace}[person]
}

// channel gives what the server calls a place; a thread has the id of the message that it begins at.
func (s *discordStage) channel(person string, in room) string {
	name, thread := in.thread()
	switch {
	case in == direct, in == home:
		return s.Direct(person).ID()
	case thread != "":
		return thread
	}
	return name
}

// Command fills in the one option that is a text, and sets those that are switches.
func (s *discordStage) Command(person string, in room, line string) {
	s.t.Helper()
	if in == direct {
		s.t.Fatal("the slash commands of a server are not in direct messages")
	}
	command, text, _ := strings.Cut(line, " ")
	var words, switches []string
	for word := range strings.FieldsSeq(text) {
		if strings.HasPrefix(word, "--") && command != "/callboard" {
			switches = append(switches, word)
		} else {
			words = append(words, word)
		}
	}
	if len(words) > 0 {
		switches = append(switches, `"text:`+strings.Join(words, " ")+`"`)
	}
	s.at[person] = in
	s.Server.Command(person, s.channel(person, in), command, strings.Join(switches, " "))
}

// Say writes, waits for the answer, and presses the button that an answer to one person is behind.
func (s *discordStage) Say(person string, in room, line string) room {
	s.t.Helper()
	s.at[person] = in
	if in == direct {
		s.DM(person, line)
		return in
	}
	name, thread := in.thread()
	var knobs []discordtest.Knob
	if thread != "" {
		knobs = append(knobs, discordtest.InThread(thread))
	}
	said := s.Mention(person, name, line, knobs...)
	var answer discordtest.Message
	s.Until("an answer to "+line, func() bool {
		for _, m := range s.Channel(s.channel(person, in)).SeenBy(person) {
			if m.Reply == said.ID {
				answer = m
			}
		}
		return answer.ID != ""
	})
	if slices.Equal(answer.Buttons(), []string{"Show"}) {
		s.Server.Press(person, answer, "Show")
	}
	return in
}

func (s *discordStage) Thread(person string, channel room, text string) room {
	s.t.Helper()
	return channel + "/" + room(s.Server.Say(person, string(channel), text))
}

func (s *discordStage) Press(person string, on note, label string) {
	s.t.Helper()
	m, _ := on.raw.(discordtest.Message)
	s.Server.Press(person, m, label)
}

func (s *discordStage) OpenHome(person string) {
	s.t.Helper()
	s.Say(person, direct, "home")
	s.at[person] = home
}

func (s *discordStage) Seen(person string, in room) []note {
	s.t.Helper()
	var all []note
	if name, thread := in.thread(); thread != "" && len(s.Channel(name).Thread(thread)) == 0 {
		return nil // Discord opens it when somebody writes there
	}
	for _, m := range s.Channel(s.channel(person, in)).SeenBy(person) {
		all = append(all, note{text: m.Lines(), notice: m.Content, buttons: m.Buttons(), alone: m.To != "", edits: m.Edits, raw: m})
	}
	return all
}

func (s *discordStage) Form(person string) string {
	s.t.Helper()
	if m := s.Modal(person); m != nil {
		return m.Lines()
	}
	if seen := s.Seen(person, s.at[person]); len(seen) > 0 {
		return seen[len(seen)-1].text
	}
	return ""
}

// again opens a form that was closed to tell what is wrong with it.
func (s *discordStage) again(person string) {
	s.t.Helper()
	seen := s.Seen(person, s.at[person])
	if s.Modal(person) == nil && len(seen) > 0 && slices.Equal(seen[len(seen)-1].buttons, []string{"Correct it"}) {
		s.Press(person, seen[len(seen)-1], "Correct it")
	}
}

func (s *discordStage) Find(person, label, words string) {
	s.t.Helper()
	s.Fill(person, label, words)
}

func (s *discordStage) Fill(person, label, text string) {
	s.t.Helper()
	s.again(person)
	s.Server.Fill(person, label, text)
}

func (s *discordStage) Submit(person string) {
	s.t.Helper()
	s.Server.Submit(person)
}
