package slacktest

import (
	"slices"
	"strings"
)

func (c *channel) wire(bot string) object {
	return object{
		"id": c.ID, "name": c.Name, "is_channel": !c.Private && !c.IM && !c.MPIM, "is_group": c.Private,
		"is_im": c.IM, "is_mpim": c.MPIM, "is_private": c.Private || c.IM || c.MPIM, "is_archived": c.Archived,
		"is_ext_shared": c.Shared, "is_shared": c.Shared, "is_member": slices.Contains(c.Members, bot),
		"num_members": len(c.Members), "created": 1700000000,
	}
}

// visible gives a channel that the bot may know of.
func (s *Server) visible(id string) (*channel, *failure) {
	c := s.channel(id)
	if c == nil || (c.Private || c.IM || c.MPIM) && !slices.Contains(c.Members, s.BotUser) {
		return nil, fail("channel_not_found")
	}
	return c, nil
}

func (s *Server) conversationsInfo(c *Call) (object, *failure) {
	ch, f := s.visible(c.str("channel"))
	if f != nil {
		return nil, f
	}
	return object{"channel": ch.wire(s.BotUser)}, nil
}

func (s *Server) conversationsList(c *Call) (object, *failure) {
	types := c.str("types")
	if types == "" {
		types = "public_channel"
	}
	var known []*channel
	for _, ch := range s.channels {
		kind := "public_channel"
		switch {
		case ch.IM:
			kind = "im"
		case ch.MPIM:
			kind = "mpim"
		case ch.Private:
			kind = "private_channel"
		}
		if _, f := s.visible(ch.ID); f == nil && slices.Contains(strings.Split(types, ","), kind) &&
			(!ch.Archived || !flag(c.Args, "exclude_archived")) {
			known = append(known, ch)
		}
	}
	part, cursor := page(known, c, 1000)
	channels := []object{}
	for _, ch := range part {
		channels = append(channels, ch.wire(s.BotUser))
	}
	return object{"channels": channels, "response_metadata": object{"next_cursor": cursor}}, nil
}

func (s *Server) conversationsMembers(c *Call) (object, *failure) {
	ch, f := s.visible(c.str("channel"))
	if f != nil {
		return nil, f
	}
	part, cursor := page(ch.Members, c, 1000)
	return object{"members": part, "response_metadata": object{"next_cursor": cursor}}, nil
}

func (s *Server) conversationsJoin(c *Call) (object, *failure) {
	ch, f := s.visible(c.str("channel"))
	switch {
	case f != nil:
		return nil, f
	case ch.Archived:
		return nil, fail("is_archived")
	case ch.IM || ch.MPIM || ch.Private:
		return nil, fail("method_not_supported_for_channel_type")
	}
	if !slices.Contains(ch.Members, s.BotUser) {
		ch.Members = append(ch.Members, s.BotUser)
	}
	return object{"channel": ch.wire(s.BotUser)}, nil
}

func (s *Server) conversationsOpen(c *Call) (object, *failure) {
	user := c.str("users")
	if u := s.user(user); u == nil || u.Deleted {
		return nil, fail("user_not_found")
	}
	return object{"channel": s.direct(user).wire(s.BotUser)}, nil
}

// readable gives a channel in which the bot may read.
func (s *Server) readableBy(c *Call) (*channel, *failure) {
	ch, f := s.visible(c.str("channel"))
	if f != nil {
		return nil, f
	}
	if !slices.Contains(ch.Members, s.BotUser) {
		return nil, fail("not_in_channel")
	}
	return ch, nil
}

// conversationsHistory gives the newest first, as Slack does, without replies and what one person sees.
func (s *Server) conversationsHistory(c *Call) (object, *failure) {
	ch, f := s.readableBy(c)
	if f != nil {
		return nil, f
	}
	var found []*Message
	for _, m := range slices.Backward(ch.messages) {
		isReply := m.ThreadTS != "" && m.ThreadTS != m.TS && !m.Broadcast
		if m.To == "" && !isReply && within(m.TS, c) {
			found = append(found, m)
		}
	}
	return s.pageOf(found, c), nil
}

// conversationsReplies gives a thread with its parent, oldest first.
func (s *Server) conversationsReplies(c *Call) (object, *failure) {
	ch, f := s.readableBy(c)
	if f != nil {
		return nil, f
	}
	if ch.find(c.str("ts")) == nil {
		return nil, fail("thread_not_found")
	}
	var found []*Message
	for _, m := range ch.messages {
		if m.To == "" && (m.TS == c.str("ts") || m.ThreadTS == c.str("ts")) && within(m.TS, c) {
			found = append(found, m)
		}
	}
	return s.pageOf(found, c), nil
}

// within reports whether a message lies between oldest and latest, which count only with inclusive.
func within(ts string, c *Call) bool {
	oldest, latest, inclusive := c.str("oldest"), c.str("latest"), flag(c.Args, "inclusive")
	if oldest != "" && oldest != "0" && (before(ts, oldest) || ts == oldest && !inclusive) {
		return false
	}
	return latest == "" || before(ts, latest) || ts == latest && inclusive
}

// before compares message ids, whose seconds may have fewer digits when a test writes them.
func before(a, b string) bool {
	secondsA, microsA, _ := strings.Cut(a, ".")
	secondsB, microsB, _ := strings.Cut(b, ".")
	if len(secondsA) != len(secondsB) {
		return len(secondsA) < len(secondsB)
	}
	return secondsA < secondsB || secondsA == secondsB && microsA < microsB
}

func (s *Server) pageOf(found []*Message, c *Call) object {
	part, cursor := page(found, c, 999)
	messages := []object{}
	for _, m := range part {
		messages = append(messages, m.wire(flag(c.Args, "include_all_metadata")))
	}
	return object{"messages": messages, "has_more": cursor != "", "response_metadata": object{"next_cursor": cursor}}
}

func (s *Server) pinsAdd(c *Call) (object, *failure) {
	ch, f := s.readableBy(c)
	switch {
	case f != nil:
		return nil, f
	case ch.find(c.str("timestamp")) == nil:
		return nil, fail("message_not_found")
	case slices.Contains(ch.pins, c.str("timestamp")):
		return nil, fail("already_pinned")
	}
	ch.pins = append(ch.pins, c.str("timestamp"))
	return nil, nil
}

func (s *Server) pinsRemove(c *Call) (object, *failure) {
	ch, f := s.readableBy(c)
	if f != nil {
		return nil, f
	}
	i := slices.Index(ch.pins, c.str("timestamp"))
	if i < 0 {
		return nil, fail("no_pin")
	}
	ch.pins = slices.Delete(ch.pins, i, i+1)
	return nil, nil
}

// Pins gives the ids of the pinned messages.
func (c Channel) Pins() []string {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return slices.Clone(c.s.mustChannel(c.id).pins)
}
