package slacktest

import "slices"

// Message is what somebody or the bot wrote in a channel. It is a copy: what happens later does not change it.
type Message struct {
	Channel, TS, ThreadTS string
	User, BotID           string
	Text                  string // as sent, in mrkdwn; beside blocks it is the notification
	Blocks                []object
	Metadata              object
	To                    string // the only one who sees it; "" is everybody
	Edits                 int
	Broadcast             bool // a reply that the channel shows too

	s *Server
}

// Channel is a channel as a test looks at it.
type Channel struct {
	s  *Server
	id string
}

// Channel gives a channel by its id.
func (s *Server) Channel(id string) Channel { return Channel{s, id} }

// Direct gives the conversation of the bot with one person.
func (s *Server) Direct(user string) Channel {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Channel{s, s.direct(user).ID}
}

// ID gives the id of the channel.
func (c Channel) ID() string { return c.id }

// Messages gives what everybody in the channel sees, replies included, oldest first.
func (c Channel) Messages() []Message { return c.filter(func(m *Message) bool { return m.To == "" }) }

// SeenBy gives what one person sees: the channel's messages and those that only this person sees.
func (c Channel) SeenBy(user string) []Message {
	return c.filter(func(m *Message) bool { return m.To == "" || m.To == user })
}

// Thread gives the replies to a message.
func (c Channel) Thread(ts string) []Message {
	return c.filter(func(m *Message) bool { return m.ThreadTS == ts && m.TS != ts })
}

// FromBot gives what the bot wrote, also what only one person sees.
func (c Channel) FromBot() []Message { return c.filter(func(m *Message) bool { return m.BotID != "" }) }

// Last gives the newest message that a person sees, and fails the test when there is none.
func (c Channel) Last(user string) Message {
	c.s.tb.Helper()
	seen := c.SeenBy(user)
	if len(seen) == 0 {
		c.s.tb.Fatalf("slack: %s sees nothing in %s", user, c.id)
	}
	return seen[len(seen)-1]
}

func (c Channel) filter(keep func(*Message) bool) []Message {
	c.s.tb.Helper()
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	var all []Message
	for _, m := range c.s.mustChannel(c.id).messages {
		if keep(m) {
			all = append(all, m.copy())
		}
	}
	return all
}

func (m *Message) copy() Message {
	again := *m
	again.Blocks, again.Metadata = copied(m.Blocks), copied(m.Metadata)
	return again
}

// Lines gives the message as people read it.
func (m Message) Lines() string {
	if len(m.Blocks) == 0 {
		return readable(m.Text)
	}
	return Lines(m.Blocks)
}

// Buttons gives the words on the buttons, in order.
func (m Message) Buttons() []string { return buttons(m.Blocks) }

func buttons(blocks []object) []string {
	var all []string
	for _, b := range blocks {
		for _, e := range elements(b) {
			if str(e, "type") == "button" {
				all = append(all, str(sub(e, "text"), "text"))
			}
		}
	}
	return all
}

// wire is the message as the API gives it.
func (m *Message) wire(withMetadata bool) object {
	o := object{"type": "message", "ts": m.TS, "user": m.User, "text": m.Text, "team": m.s.TeamID}
	if m.ThreadTS != "" {
		o["thread_ts"] = m.ThreadTS
	}
	if m.BotID != "" {
		o["bot_id"], o["app_id"] = m.BotID, m.s.AppID
	}
	if len(m.Blocks) > 0 {
		o["blocks"] = m.Blocks
	}
	if m.Edits > 0 {
		o["edited"] = object{"user": m.User, "ts": m.TS}
	}
	if withMetadata && m.Metadata != nil {
		o["metadata"] = m.Metadata
	}
	return copied(o)
}

// write puts a message of a person into a channel.
func (s *Server) write(c *channel, user, text, thread string) *Message {
	return s.store(c, &Message{User: user, Text: text, ThreadTS: thread})
}

// remove takes a message away.
func (s *Server) remove(c *channel, ts string) {
	c.messages = slices.DeleteFunc(c.messages, func(m *Message) bool { return m.TS == ts })
	s.touch()
}

// WithButton gives the message as it would be with a button, which repeats the words on it as a command.
func (m Message) WithButton(label string) Message {
	m.Blocks = append(copied(m.Blocks), object{"type": "actions", "block_id": "added", "elements": []any{object{
		"type": "button", "action_id": "run:9", "value": label, "text": object{"type": "plain_text", "text": label},
	}}})
	return m
}
