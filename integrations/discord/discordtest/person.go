package discordtest

import (
	"slices"
	"strings"
)

// Command gives a slash command, "/who-owns" with the text "checkout", and waits for the acknowledgement. The text is
// what the person fills in: name:value or --name=value set an option, other words fill the options in their order, the
// last text takes the rest; a subcommand is named first. What was offered by [Server.Autocomplete] is chosen by its
// name.
func (s *Server) Command(user, channel, command, text string, knobs ...Knob) *Delivery {
	s.tb.Helper()
	made := s.shaped(knobs)
	var d *Delivery
	s.locked(func() {
		u := s.mustUser(user)
		ch := s.place(channel, made.thread)
		f := &filler{s: s, user: u.ID, resolved: object{}}
		registered := s.registered(command)
		options := f.fill(registered, text)
		d = s.newInteraction(kindCommand, u.ID, ch.ID, made)
		d.payload["data"] = f.data(registered, options)
	})
	return s.deliver(d)
}

// Autocomplete types into the last option that the text reaches, and gives the names that the bot offers.
func (s *Server) Autocomplete(user, channel, command, text string, knobs ...Knob) []string {
	s.tb.Helper()
	made := s.shaped(knobs)
	var d *Delivery
	s.locked(func() {
		u := s.mustUser(user)
		ch := s.place(channel, made.thread)
		f := &filler{s: s, user: u.ID, resolved: object{}, completing: true}
		registered := s.registered(command)
		options := f.fill(registered, text)
		d = s.newInteraction(kindComplete, u.ID, ch.ID, made)
		d.payload["data"] = f.data(registered, options)
		d.it.focused = f.focused
	})
	return s.deliver(d).Choices
}

// registered gives a command that people can give.
func (s *Server) registered(command string) object {
	s.tb.Helper()
	name := strings.TrimPrefix(command, "/")
	if o := s.command(name, 1); o != nil {
		return o
	}
	if !s.options.AnyCommand {
		s.tb.Fatalf("discord: the app has no command /%s", name)
	}
	return object{"id": "1", "name": name, "type": 1, "options": []any{
		object{"name": "text", "type": float64(optionString), "autocomplete": true},
	}}
}

// place gives the channel, or the thread that a knob names.
func (s *Server) place(id, thread string) *channel {
	s.tb.Helper()
	ch := s.mustChannel(id)
	if thread == "" {
		return ch
	}
	return s.thread(ch, thread, "thread")
}

// Mention writes a text that mentions the bot in a channel, or with [InThread] in the thread of a message.
func (s *Server) Mention(user, channel, text string, knobs ...Knob) *Delivery {
	s.tb.Helper()
	if !s.shaped(knobs).noMention {
		text = "<@" + s.BotUser + "> " + text
	}
	return s.speak(user, channel, text, knobs)
}

// DM writes to the bot in the conversation of the two.
func (s *Server) DM(user, text string, knobs ...Knob) *Delivery {
	s.tb.Helper()
	return s.speak(user, s.Direct(user).ID(), text, knobs)
}

// Say writes a message that the bot does not hear of, and gives its id.
func (s *Server) Say(user, channel, text string) string {
	s.tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write(s.mustChannel(channel), s.mustUser(user).ID, text).ID
}

// speak writes a message and tells the bot of it. OK says that a session heard of it: how it is answered shows in the
// channel only.
func (s *Server) speak(user, channel, text string, knobs []Knob) *Delivery {
	s.tb.Helper()
	made := s.shaped(knobs)
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.mustUser(user)
	ch := s.place(channel, made.thread)
	m := s.write(ch, u.ID, text)
	event := s.eventOf(m)
	foreign := func(intents int) object {
		o := event(intents)
		switch {
		case ch.Type == typeDM:
		case made.guild != s.GuildID:
			o["guild_id"] = made.guild
		case u.Guild != "":
			o["guild_id"] = u.Guild
		}
		return o
	}
	d := &Delivery{ID: m.ID, s: s, event: "MESSAGE_CREATE", payload: copied(foreign(allIntents)), sent: s.now()}
	d.reached = s.dispatch("MESSAGE_CREATE", foreign, ch)
	s.deliveries = append(s.deliveries, d)
	return d
}

// Join lets somebody join the guild, and gives how many sessions heard of it.
func (s *Server) Join(user string) int {
	s.tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.mustUser(user)
	u.Outside = false
	o := u.member()
	o["guild_id"] = s.GuildID
	return s.dispatch("GUILD_MEMBER_ADD", o, nil)
}

// MessageShortcut uses a command of the context menu of a message.
func (s *Server) MessageShortcut(user string, on Message, name string, knobs ...Knob) *Delivery {
	s.tb.Helper()
	made := s.shaped(knobs)
	var d *Delivery
	s.locked(func() {
		u := s.mustUser(user)
		command := s.command(name, 3)
		if command == nil {
			s.tb.Fatalf("discord: the app has no message command %q", name)
		}
		d = s.newInteraction(kindCommand, u.ID, on.Channel, made)
		d.payload["data"] = object{
			"id": command["id"], "name": name, "type": 3, "target_id": on.ID,
			"resolved": object{"messages": object{on.ID: on.wire()}},
		}
	})
	return s.deliver(d)
}

// Interact sends any interaction, with these fields over those of a proper one: data, type, member and so on.
func (s *Server) Interact(user, channel string, kind int, more map[string]any, knobs ...Knob) *Delivery {
	s.tb.Helper()
	var d *Delivery
	s.locked(func() {
		d = s.newInteraction(kind, s.mustUser(user).ID, s.mustChannel(channel).ID, s.shaped(knobs))
		for key, v := range more {
			if v == nil {
				delete(d.payload, key)
			} else {
				d.payload[key] = v
			}
		}
	})
	return s.deliver(d)
}

// offeredValue gives the value of a choice that a person was offered by this name.
func (s *Server) offeredValue(user, name string) (any, bool) {
	i := slices.IndexFunc(s.offered[user], func(o object) bool { return str(o, "name") == name })
	if i < 0 {
		return nil, false
	}
	return s.offered[user][i]["value"], true
}
