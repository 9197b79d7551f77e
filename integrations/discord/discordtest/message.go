package discordtest

import (
	"slices"
	"strings"
	"time"
)

// Attachment is a file of a message.
type Attachment struct {
	ID, Name, Description string
	Content               []byte
}

// Message is what somebody or the bot wrote in a channel. It is a copy: what happens later does not change it.
type Message struct {
	Channel, ID string
	User        string // the author's id
	Content     string
	Embeds      []object
	Components  []object
	Attachments []Attachment
	Flags       int
	To          string // the only one who sees it; "" is everybody
	Reply       string // the message that it answers
	Command     string // the interaction's token that it belongs to
	Nonce       string
	Edits       int
	Pinned      bool

	s        *Server
	at       time.Time
	edited   time.Time
	mentions []string
	hook     bool // written by the interaction's webhook
}

// Channel is a channel as a test looks at it.
type Channel struct {
	s  *Server
	id string
}

// Channel gives a channel by its id or name.
func (s *Server) Channel(id string) Channel {
	s.tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	return Channel{s, s.mustChannel(id).ID}
}

// Direct gives the conversation of the bot with one person.
func (s *Server) Direct(user string) Channel {
	s.tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	return Channel{s, s.direct(s.mustUser(user).ID).ID}
}

// ID gives the id of the channel.
func (c Channel) ID() string { return c.id }

// Messages gives what everybody in the channel sees, oldest first.
func (c Channel) Messages() []Message { return c.filter(func(m *Message) bool { return m.To == "" }) }

// SeenBy gives what one person sees: the channel's messages and those that only this person sees.
func (c Channel) SeenBy(user string) []Message {
	id := ""
	c.s.locked(func() { id = c.s.mustUser(user).ID })
	return c.filter(func(m *Message) bool { return m.To == "" || m.To == id })
}

// Thread gives what everybody sees in the thread that begins at a message, whose id the thread has too.
func (c Channel) Thread(message string) []Message {
	c.s.mu.Lock()
	there := c.s.channel(message) != nil
	c.s.mu.Unlock()
	if !there {
		return nil
	}
	return Channel{c.s, message}.Messages()
}

// FromBot gives what the bot wrote, also what only one person sees.
func (c Channel) FromBot() []Message {
	return c.filter(func(m *Message) bool { return m.User == c.s.BotUser })
}

// Last gives the newest message that a person sees, and fails the test when there is none.
func (c Channel) Last(user string) Message {
	c.s.tb.Helper()
	seen := c.SeenBy(user)
	if len(seen) == 0 {
		c.s.tb.Fatalf("discord: %s sees nothing in %s", user, c.id)
	}
	return seen[len(seen)-1]
}

// Pins gives the ids of the pinned messages.
func (c Channel) Pins() []string {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return slices.Clone(c.s.mustChannel(c.id).pins)
}

func (c Channel) filter(keep func(*Message) bool) []Message {
	c.s.tb.Helper()
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	var all []Message
	ch := c.s.mustChannel(c.id)
	for _, m := range ch.messages {
		if keep(m) {
			again := m.copy()
			again.Pinned = slices.Contains(ch.pins, m.ID)
			all = append(all, again)
		}
	}
	return all
}

func (m *Message) copy() Message {
	again := *m
	again.Embeds, again.Components = copied(m.Embeds), copied(m.Components)
	return again
}

// Ephemeral reports whether one person only sees the message.
func (m Message) Ephemeral() bool { return m.To != "" }

// Waiting reports whether the message says that the app is thinking.
func (m Message) Waiting() bool { return m.Flags&flagLoading != 0 }

// Buttons gives the words on the buttons, in order.
func (m Message) Buttons() []string {
	var all []string
	walk(m.Components, func(c object) {
		if num(c, "type") == typeButton {
			all = append(all, buttonWords(c))
		}
	})
	return all
}

// WithButton gives the message as it would be with another button, whose custom_id is given.
func (m Message) WithButton(label, customID string) Message {
	m.Components = append(copied(m.Components), object{"type": float64(typeRow), "components": []any{object{
		"type": float64(typeButton), "style": float64(1), "label": label, "custom_id": customID,
	}}})
	return m
}

// wire is the message as the API gives it.
func (m *Message) wire() object {
	o := object{
		"id": m.ID, "channel_id": m.Channel, "type": 0, "content": m.Content, "timestamp": timestamp(m.at),
		"edited_timestamp": nil, "tts": false, "mention_everyone": strings.Contains(m.Content, "@everyone"),
		"mentions": []object{}, "mention_roles": []string{}, "pinned": false, "flags": m.Flags,
		"embeds": orEmpty(m.Embeds), "components": orEmpty(m.Components), "attachments": m.files(),
	}
	if u := m.s.user(m.User); u != nil {
		o["author"] = u.wire()
	}
	var mentioned []object
	for _, id := range m.mentions {
		if u := m.s.user(id); u != nil {
			mentioned = append(mentioned, u.wire())
		}
	}
	o["mentions"] = orEmpty(mentioned)
	if ch := m.s.channel(m.Channel); ch != nil {
		o["pinned"] = slices.Contains(ch.pins, m.ID)
	}
	if m.Edits > 0 {
		o["edited_timestamp"] = timestamp(m.edited)
	}
	if m.Nonce != "" {
		o["nonce"] = m.Nonce
	}
	if m.hook {
		o["webhook_id"], o["application_id"] = m.s.AppID, m.s.AppID
	}
	if m.Reply != "" {
		o["type"] = 19
		o["message_reference"] = object{"message_id": m.Reply, "channel_id": m.Channel, "guild_id": m.s.GuildID}
	}
	return copied(o)
}

func (m *Message) files() []object {
	all := []object{}
	for _, a := range m.Attachments {
		all = append(all, object{
			"id": a.ID, "filename": a.Name, "description": a.Description, "size": len(a.Content),
			"url": m.s.base + "/attachments/" + a.ID + "/" + a.Name, "proxy_url": m.s.base + "/attachments/" + a.ID + "/" + a.Name,
		})
	}
	return all
}

func orEmpty(all []object) []object {
	if all == nil {
		return []object{}
	}
	return all
}

// write puts a message of a person into a channel. The caller holds the lock.
func (s *Server) write(c *channel, user, content string) *Message {
	m := &Message{User: user, Content: content, s: s}
	for _, u := range s.users {
		if strings.Contains(content, "<@"+u.ID+">") || strings.Contains(content, "<@!"+u.ID+">") {
			m.mentions = append(m.mentions, u.ID)
		}
	}
	return s.store(c, m)
}
