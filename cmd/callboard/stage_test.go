package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// stage is a chat platform as people use it: what they do there, and what they then see. A session is written once and
// runs on every stage. What a platform does in a way of its own is said in its stage, so that a session does not know it.
// People are ada and grace, channels are general, ops (the operators', where ada reads) and inc-231 (an incident's, where
// answers are for everybody).
type stage interface {
	// Account gives what the platform calls a person's account.
	Account(person string) string
	// Command gives a slash command, as in "/who-owns checkout".
	Command(person string, in room, line string)
	// Say writes to the bot: in a channel and in a thread by a mention, directly without. It gives the room where the answer
	// to everybody comes, which may be a thread of its own.
	Say(person string, in room, line string) room
	// Thread begins a thread below what a person says.
	Thread(person string, channel room, text string) room
	// Press presses a button by the words on it.
	Press(person string, on note, label string)
	// OpenHome opens a person's own page, which then is in the place home.
	OpenHome(person string)
	// Seen gives what a person sees in a place, oldest first.
	Seen(person string, in room) []note
	// Until waits for a condition over what people see, and fails the test when it does not come true in time.
	Until(what string, condition func() bool)

	filler
}

// filler is how people fill in a form.
type filler interface {
	// Form gives the form as the person sees it; once it is sent, what the platform shows in its place. "" is neither.
	Form(person string) string
	// Find fills in the one entity that these words find.
	Find(person, label, words string)
	// Fill fills in a text.
	Fill(person, label, text string)
	// Submit sends the form.
	Submit(person string)
}

// room is where people read: the name of a channel, with a thread behind a slash.
type room string

const (
	general  room = "general"
	ops      room = "ops"
	incident room = "inc-231"
	direct   room = "direct" // a person's conversation with the bot
	home     room = "home"   // a person's own page
)

// thread parts a room in its channel and its thread, which is "" outside of threads.
func (r room) thread() (channel, thread string) {
	channel, thread, _ = strings.Cut(string(r), "/")
	return channel, thread
}

// note is a message, or a page, as a person sees it.
type note struct {
	text    string   // all that is on it
	notice  string   // what a lock screen shows
	buttons []string // the words on them
	alone   bool     // nobody else sees it
	edits   int      // how often it was changed

	raw any // what the stage knows of it
}

func (n note) holds(texts []string) bool {
	return !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(n.text, text) })
}

// session is what a script is written against: a stage, and what is said of all of them alike.
type session struct {
	stage

	t *testing.T
}

// sees waits until the newest that a person sees in a place holds all the texts, and gives it.
func (s session) sees(person string, in room, texts ...string) note {
	s.t.Helper()
	return s.seesAfter(0, person, in, texts)
}

// asks gives a slash command, and waits until a new answer holds all the texts.
func (s session) asks(person string, in room, line string, texts ...string) note {
	s.t.Helper()
	before := len(s.Seen(person, in))
	s.Command(person, in, line)
	return s.seesAfter(before, person, in, texts)
}

// says writes to the bot, and waits until a new answer holds all the texts.
func (s session) says(person string, in room, line string, texts ...string) note { //nolint:unparam // a script says what, though so far all ask the same
	s.t.Helper()
	before := len(s.Seen(person, in)) + 1 // what the person writes is seen too
	at := s.Say(person, in, line)
	if at != in {
		before = 1
	}
	return s.seesAfter(before, person, at, texts)
}

func (s session) seesAfter(before int, person string, in room, texts []string) note {
	s.t.Helper()
	var last note
	defer func() {
		if s.t.Failed() {
			s.t.Logf("the newest that %s sees in %s:\n%s", person, in, last.text)
		}
	}()
	s.Until(fmt.Sprintf("%s sees %q in %s", person, texts, in), func() bool {
		seen := s.Seen(person, in)
		if len(seen) <= before {
			return false
		}
		last = seen[len(seen)-1]
		return last.holds(texts)
	})
	return last
}

// reads waits until the form that a person fills in, or what came of it, holds all the texts.
func (s session) reads(person string, texts ...string) {
	s.t.Helper()
	defer func() {
		if s.t.Failed() {
			s.t.Logf("what %s reads:\n%s", person, s.Form(person))
		}
	}()
	s.Until(fmt.Sprintf("%s reads %q in the form", person, texts), func() bool { return note{text: s.Form(person)}.holds(texts) })
}

// reaches writes to the bot, reads what is wrong with that, in an answer or in the form, and follows the button to the form
// where there is one.
func (s session) reaches(person string, in room, line, wrong, form string) {
	s.t.Helper()
	const button = "Open the form"
	before := len(s.Seen(person, in)) + 1 // what the person writes is seen too
	s.Say(person, in, line)
	var last note
	s.Until(fmt.Sprintf("%s reads %q", person, wrong), func() bool {
		if seen := s.Seen(person, in); len(seen) > before {
			last = seen[len(seen)-1]
		}
		return strings.Contains(last.text+s.Form(person), wrong)
	})
	if strings.Contains(last.text, wrong) {
		if !last.alone {
			s.t.Errorf("what %s did wrong is for everybody to read: %s", person, last.text)
		}
		s.Press(person, last, button)
	}
	s.reads(person, form)
}

// opens opens a person's own page, and waits until it holds all the texts.
func (s session) opens(person string, texts ...string) note {
	s.t.Helper()
	s.OpenHome(person)
	return s.sees(person, home, texts...)
}

// playable is a stage that a site can be served on.
type playable interface {
	stage
	// settings gives the part of the configuration for the platform.
	settings() string
	// operators gives the operators' channel as the configuration names it.
	operators() string
	// connect delivers to a program whose HTTP port has this base, and returns when it hears what people do.
	connect(base string)
}

// stages are all platforms in all their modes. None has limits of its own: those are the adapters' concern, and the
// sessions ask faster than people do.
func stages() map[string]func(t *testing.T) playable {
	return map[string]func(t *testing.T) playable{
		"slack socket":    func(t *testing.T) playable { return newSlackStage(t, "socket") },
		"slack http":      func(t *testing.T) playable { return newSlackStage(t, "http") },
		"discord gateway": func(t *testing.T) playable { return newDiscordStage(t, "gateway") },
		"discord http":    func(t *testing.T) playable { return newDiscordStage(t, "http") },
	}
}

// openSite runs a program that is served on all of these stages, with more of a configuration.
func openSite(t *testing.T, more string, on ...playable) *site {
	t.Helper()
	text := fmt.Sprintf("http: { listen: \"127.0.0.1:0\", url: \"https://callboard.example.com\" }\ncatalog: { sources: [{ name: acme, git: %q, trusted: true }] }\n%s",
		newRepository(t, catalogOfOffice), more)
	var channels []string
	for _, s := range on {
		text += s.settings()
		channels = append(channels, s.operators())
	}
	program := newSite(t, loadConfig(t, text+fmt.Sprintf("operators: { channels: [%s] }\n", strings.Join(channels, ", "))))
	program.start()
	for _, s := range on {
		s.connect(program.base)
	}
	return program
}

// onEveryStage runs a session on each platform in each of its modes, with more of a configuration.
func onEveryStage(t *testing.T, more string, script func(t *testing.T, s session)) {
	t.Helper()
	for name, open := range stages() {
		t.Run(name, func(t *testing.T) {
			on := open(t)
			openSite(t, more, on)
			script(t, session{on, t})
		})
	}
}
