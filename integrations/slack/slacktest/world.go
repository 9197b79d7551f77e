package slacktest

import (
	"slices"
	"strings"
)

// User is a person or a bot, with what users.info says about them.
type User struct {
	ID, Name, RealName, Email, TZ string
	TeamID                        string // "" is the workspace's
	EmailConfirmed                bool
	Bot, AppUser, WorkflowBot     bool
	Deleted                       bool
	Restricted, UltraRestricted   bool // guest, guest of a single channel
	Stranger                      bool // of another workspace, met in a shared channel
	Admin, Owner, Invited         bool
}

// ChannelSpec is what a channel begins with.
type ChannelSpec struct {
	ID, Name       string
	Members        []string
	Private, IM    bool
	MPIM, Archived bool
	Shared         bool // with another workspace
}

type channel struct {
	ChannelSpec
	messages []*Message
	pins     []string
}

// AddUser adds a person, or replaces the one with the same id.
func (s *Server) AddUser(u User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u.TeamID == "" {
		u.TeamID = s.TeamID
	}
	s.users = slices.DeleteFunc(s.users, func(old *User) bool { return old.ID == u.ID })
	s.users = append(s.users, &u)
}

// AddChannel adds a channel.
func (s *Server) AddChannel(c ChannelSpec) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.channels = append(s.channels, &channel{ChannelSpec: c})
}

// Archive archives a channel.
func (s *Server) Archive(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.channel(id); c != nil {
		c.Archived = true
	}
}

// RemoveBot takes the bot out of a channel.
func (s *Server) RemoveBot(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.channel(id); c != nil {
		c.Members = slices.DeleteFunc(c.Members, func(m string) bool { return m == s.BotUser })
	}
}

func (s *Server) user(id string) *User {
	for _, u := range s.users {
		if u.ID == id {
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
		s.tb.Fatalf("slacktest: there is no user %s", id)
	}
	return u
}

func (s *Server) channel(id string) *channel {
	for _, c := range s.channels {
		if c.ID == id {
			return c
		}
	}
	return nil
}

func (s *Server) mustChannel(id string) *channel {
	s.tb.Helper()
	c := s.channel(id)
	if c == nil {
		s.tb.Fatalf("slacktest: there is no channel %s", id)
	}
	return c
}

// direct gives the conversation of the bot with one person, and opens it.
func (s *Server) direct(user string) *channel {
	id := "D" + strings.TrimPrefix(user, "U")
	if c := s.channel(id); c != nil {
		return c
	}
	c := &channel{ChannelSpec: ChannelSpec{ID: id, Name: "directmessage", IM: true, Members: []string{s.BotUser, user}}}
	s.channels = append(s.channels, c)
	return c
}

func (c *channel) find(ts string) *Message {
	for _, m := range c.messages {
		if m.TS == ts {
			return m
		}
	}
	return nil
}

// store keeps a message and names its blocks and elements that have no name.
func (s *Server) store(c *channel, m *Message) *Message {
	m.s, m.Channel = s, c.ID
	if m.TS == "" {
		m.TS = s.ts()
	}
	s.name(m.Blocks)
	c.messages = append(c.messages, m)
	s.touch()
	return m
}

// name gives identifiers to blocks and to what can be pressed in them, as Slack does.
func (s *Server) name(blocks []object) {
	for _, b := range blocks {
		if str(b, "block_id") == "" {
			b["block_id"] = s.id("b")
		}
		for _, e := range elements(b) {
			if str(e, "action_id") == "" && str(e, "type") != "image" {
				e["action_id"] = s.id("a")
			}
		}
	}
}

// elements gives what people may press or fill in a block.
func elements(block object) []object {
	var all []object
	switch str(block, "type") {
	case "actions":
		all = objects(block, "elements")
	case "section":
		if e := sub(block, "accessory"); e != nil {
			all = append(all, e)
		}
	case "input":
		if e := sub(block, "element"); e != nil {
			all = append(all, e)
		}
	}
	return all
}
