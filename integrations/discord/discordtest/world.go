package discordtest

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// User is a person or a bot, and what they are in the guild.
type User struct {
	ID, Name, Nick string
	Roles          []string
	Bot, System    bool
	Webhook        bool   // no user, but a webhook that writes
	Outside        bool   // not in the guild
	Guild          string // "" is the app's guild; another is told in what this person does
	ClosedDMs      bool   // takes no direct messages
}

// ChannelSpec is what a channel begins with.
type ChannelSpec struct {
	ID, Name, Topic string
	Type            int    // 0 text, 1 direct, 5 announcement, 11 public thread, 12 private thread
	Parent          string // of a thread the channel, of a channel its category
	Deny            []string
	Archived        bool
	Locked          bool
}

type channel struct {
	ChannelSpec
	messages []*Message
	pins     []string
	with     string // of a direct channel the person
	archive  int    // minutes
}

// Permissions of the bot that are judged, by their bit. Source: topics/permissions.
func permissionBits() map[string]uint {
	return map[string]uint{
		"MANAGE_CHANNELS": 4, "VIEW_CHANNEL": 10, "SEND_MESSAGES": 11, "EMBED_LINKS": 14, "ATTACH_FILES": 15,
		"READ_MESSAGE_HISTORY": 16, "MENTION_EVERYONE": 17, "MANAGE_THREADS": 34, "CREATE_PUBLIC_THREADS": 35,
		"SEND_MESSAGES_IN_THREADS": 38, "PIN_MESSAGES": 51, "MANAGE_MESSAGES": 13,
	}
}

// AddUser adds a person, or replaces the one with the same id.
func (s *Server) AddUser(u User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users = slices.DeleteFunc(s.users, func(old *User) bool { return old.ID == u.ID })
	s.users = append(s.users, &u)
}

// AddChannel adds a channel that the bot does not hear of.
func (s *Server) AddChannel(c ChannelSpec) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.channels = append(s.channels, &channel{ChannelSpec: c})
}

// CreateChannel makes a text channel as a person would, gives its id, and tells the bot.
func (s *Server) CreateChannel(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &channel{ChannelSpec: ChannelSpec{ID: s.id(), Name: name}}
	s.channels = append(s.channels, c)
	s.dispatch("CHANNEL_CREATE", c.wire(s), c)
	s.touch()
	return c.ID
}

// Rename gives a channel another name and tells the bot.
func (s *Server) Rename(id, name string) {
	s.tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.mustChannel(id)
	c.Name = name
	s.dispatch(c.event("UPDATE"), c.wire(s), c)
	s.touch()
}

// Archive archives a thread; locked means that only a moderator opens it again.
func (s *Server) Archive(id string, locked bool) {
	s.tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.mustChannel(id)
	c.Archived, c.Locked = true, locked
	s.dispatch(c.event("UPDATE"), c.wire(s), c)
}

// RemoveChannel deletes a channel and tells the bot.
func (s *Server) RemoveChannel(id string) {
	s.tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.mustChannel(id)
	s.channels = slices.DeleteFunc(s.channels, func(o *channel) bool { return o.ID == c.ID || o.Parent == c.ID })
	s.dispatch(c.event("DELETE"), c.wire(s), c)
	s.touch()
}

// Deny takes permissions from the bot in a channel: VIEW_CHANNEL, SEND_MESSAGES, EMBED_LINKS, PIN_MESSAGES and so on.
func (s *Server) Deny(id string, permissions ...string) {
	s.tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.mustChannel(id)
	c.Deny = append(c.Deny, permissions...)
}

// Allow gives all permissions back in a channel.
func (s *Server) Allow(id string) {
	s.tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mustChannel(id).Deny = nil
}

// user gives a person by id or name.
func (s *Server) user(id string) *User {
	for _, u := range s.users {
		if u.ID == id || u.Name == id {
			return u
		}
	}
	return nil
}

// mustUser gives a person whom the test names.
func (s *Server) mustUser(id string) *User {
	s.tb.Helper()
	u := s.user(id)
	if u == nil {
		s.tb.Fatalf("discordtest: there is no user %s", id)
	}
	return u
}

// channel gives a channel by id or name.
func (s *Server) channel(id string) *channel {
	for _, c := range s.channels {
		if c.ID == id {
			return c
		}
	}
	for _, c := range s.channels {
		if c.Name == id && c.Type == 0 {
			return c
		}
	}
	return nil
}

func (s *Server) mustChannel(id string) *channel {
	s.tb.Helper()
	c := s.channel(id)
	if c == nil {
		s.tb.Fatalf("discordtest: there is no channel %s", id)
	}
	return c
}

// direct gives the conversation of the bot with one person, and opens it.
func (s *Server) direct(user string) *channel {
	for _, c := range s.channels {
		if c.with == user {
			return c
		}
	}
	c := &channel{ChannelSpec: ChannelSpec{ID: s.id(), Type: typeDM}, with: user}
	s.channels = append(s.channels, c)
	return c
}

// The types of channels that have a meaning here.
const (
	typeText, typeDM             = 0, 1
	typeThread, typePrivateTread = 11, 12
)

func (c *channel) isThread() bool {
	return c.Type == typeThread || c.Type == typePrivateTread || c.Type == 10
}

// event names an event about the channel.
func (c *channel) event(what string) string {
	if c.isThread() {
		return "THREAD_" + what
	}
	return "CHANNEL_" + what
}

func (c *channel) find(id string) *Message {
	for _, m := range c.messages {
		if m.ID == id {
			return m
		}
	}
	return nil
}

// store keeps a message. The caller holds the lock, and tells the bot.
func (s *Server) store(c *channel, m *Message) *Message {
	m.s, m.Channel, m.at = s, c.ID, s.now()
	if m.ID == "" {
		m.ID = s.id()
	}
	s.number(m.Components)
	c.messages = append(c.messages, m)
	s.touch()
	return m
}

// number gives components the ids that they do not have, as Discord does.
func (s *Server) number(components []object) {
	n := 0
	walk(components, func(c object) {
		n++
		if !has(c, "id") {
			c["id"] = float64(n)
		}
	})
}

// walk visits all components, parents first.
func walk(components []object, visit func(object)) {
	for _, c := range components {
		visit(c)
		walk(objects(c, "components"), visit)
		for _, key := range []string{"accessory", "component"} {
			if inner := sub(c, key); inner != nil {
				walk([]object{inner}, visit)
			}
		}
	}
}

// wire is a channel as the API gives it.
func (c *channel) wire(s *Server) object {
	o := object{"id": c.ID, "type": c.Type, "flags": 0}
	if last := len(c.messages); last > 0 {
		o["last_message_id"] = c.messages[last-1].ID
	}
	if c.Type == typeDM {
		o["recipients"] = []object{s.mustUser(c.with).wire()}
		return o
	}
	o["guild_id"], o["name"], o["topic"], o["position"], o["nsfw"] = s.GuildID, c.Name, c.Topic, 0, false
	o["permission_overwrites"], o["parent_id"] = s.overwrites(c), nil
	if c.Parent != "" {
		o["parent_id"] = c.Parent
	}
	if c.isThread() {
		o["owner_id"], o["message_count"], o["member_count"] = s.BotUser, len(c.messages), 2
		o["thread_metadata"] = object{
			"archived": c.Archived, "locked": c.Locked, "auto_archive_duration": max(c.archive, 60),
			"archive_timestamp": timestamp(time.Unix(0, 0)),
		}
		o["permissions"] = s.permissions(c)
	}
	return o
}

// overwrites are the permissions that the bot has lost in a channel.
func (s *Server) overwrites(c *channel) []object {
	var denied uint64
	for name, bit := range permissionBits() {
		if slices.Contains(c.Deny, name) {
			denied |= 1 << bit
		}
	}
	if denied == 0 {
		return []object{}
	}
	return []object{{"id": s.BotUser, "type": 1, "allow": "0", "deny": strconv.FormatUint(denied, 10)}}
}

// wire is a user as the API gives it.
func (u *User) wire() object {
	return object{
		"id": u.ID, "username": u.Name, "discriminator": "0", "global_name": u.Name, "avatar": nil, "bot": u.Bot,
		"system": u.System, "flags": 0, "public_flags": 0,
	}
}

// member is a user in the guild as the API gives it.
func (u *User) member() object {
	o := object{
		"user": u.wire(), "nick": nil, "avatar": nil, "roles": append([]string{}, u.Roles...), "deaf": false, "mute": false,
		"joined_at": "2026-01-01T00:00:00.000000+00:00", "premium_since": nil, "pending": false, "flags": 0,
		"communication_disabled_until": nil,
	}
	if u.Nick != "" {
		o["nick"] = u.Nick
	}
	return o
}

// may reports whether the bot has a permission in a channel; a thread takes its channel's.
func (s *Server) may(c *channel, permission string) bool {
	if c.Type == typeDM {
		return true
	}
	if parent := s.channel(c.Parent); c.isThread() && parent != nil && slices.Contains(parent.Deny, permission) {
		return false
	}
	return !slices.Contains(c.Deny, permission)
}

// permissions gives the bot's permissions in a channel as Discord writes them.
func (s *Server) permissions(c *channel) string {
	var all uint64
	for name, bit := range permissionBits() {
		if s.may(c, name) {
			all |= 1 << bit
		}
	}
	return strconv.FormatUint(all, 10)
}

func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000-07:00") }

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
