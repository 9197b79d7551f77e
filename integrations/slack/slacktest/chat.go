package slacktest

import (
	"slices"
	"strings"
)

// target gives the channel that a message is meant for: a user's id stands for the conversation with the bot.
func (s *Server) target(c *Call) (*channel, *failure) {
	id := c.str("channel")
	if u := s.user(id); u != nil && !u.Deleted {
		return s.direct(id), nil
	}
	ch, f := s.visible(id)
	switch {
	case f != nil:
		return nil, f
	case ch.Archived:
		return nil, fail("is_archived")
	case !slices.Contains(ch.Members, s.BotUser) && !slices.Contains(s.scopes, "chat:write.public"):
		return nil, fail("not_in_channel")
	}
	return ch, nil
}

func (s *Server) chatPostMessage(c *Call) (object, *failure) {
	ch, f := s.target(c)
	if f != nil {
		return nil, f
	}
	m, f := s.compose(c)
	if f != nil {
		return nil, f
	}
	if wait := s.rates.message(ch.ID, s.options.Burst, c.At); wait > 0 && !s.options.Unlimited {
		return nil, &failure{code: "ratelimited", retry: wait}
	}
	if f := s.thread(ch, m, c); f != nil {
		return nil, f
	}
	s.store(ch, m)
	return object{"channel": ch.ID, "ts": m.TS, "message": m.wire(true)}, nil
}

// thread puts a message below another. Below a deleted one Slack writes it into the channel.
func (s *Server) thread(ch *channel, m *Message, c *Call) *failure {
	ts := c.str("thread_ts")
	if ts == "" {
		return nil
	}
	parent := ch.find(ts)
	switch {
	case !isTS(ts):
		s.violate("%s: thread_ts %q is no timestamp", c.Method, ts)
		return fail("invalid_thread_ts")
	case parent == nil:
		return nil
	case parent.ThreadTS != "" && parent.ThreadTS != parent.TS:
		s.violate("%s: thread_ts %s is a reply, it must be the parent", c.Method, ts)
		return fail("cannot_reply_to_message")
	}
	m.ThreadTS, m.Broadcast = ts, flag(c.Args, "reply_broadcast")
	return nil
}

func isTS(ts string) bool {
	seconds, micros, ok := strings.Cut(ts, ".")
	return ok && len(micros) == 6 && seconds != "" && strings.Trim(seconds+micros, "0123456789") == ""
}

// compose judges the content of a message and makes one of it.
func (s *Server) compose(c *Call) (*Message, *failure) {
	m := &Message{User: s.BotUser, BotID: s.BotID, Text: c.str("text"), s: s}
	blocks := list(c.Args, "blocks")
	if m.Text == "" && len(blocks) == 0 && len(list(c.Args, "attachments")) == 0 && c.str("markdown_text") == "" {
		s.violate("%s: there is neither text nor blocks", c.Method)
		return nil, fail("no_text")
	}
	if f := s.judgeMessage(c.Method, c.Args); f != nil {
		return nil, f
	}
	if m.Text == "" && len(blocks) > 0 {
		s.violate("%s: blocks without text leave the notification empty", c.Method)
	}
	m.Blocks = onlyObjects(copied(blocks))
	m.Metadata = copied(sub(c.Args, "metadata"))
	return m, nil
}

func (s *Server) chatPostEphemeral(c *Call) (object, *failure) {
	ch, f := s.target(c)
	if f != nil {
		return nil, f
	}
	u := s.user(c.str("user"))
	switch {
	case u == nil:
		return nil, fail("user_not_found")
	case !slices.Contains(ch.Members, u.ID):
		return nil, fail("user_not_in_channel")
	}
	m, f := s.compose(c)
	if f != nil {
		return nil, f
	}
	if wait := s.rates.message(ch.ID, s.options.Burst, c.At); wait > 0 && !s.options.Unlimited {
		return nil, &failure{code: "ratelimited", retry: wait}
	}
	if f := s.thread(ch, m, c); f != nil {
		return nil, f
	}
	if m.ThreadTS != "" && !slices.ContainsFunc(ch.messages, func(o *Message) bool { return o.To == "" && o.ThreadTS == m.ThreadTS && o.TS != o.ThreadTS }) {
		s.violate("%s: nobody sees it, because below %s there is no thread yet", c.Method, m.ThreadTS)
	}
	m.To = u.ID
	s.store(ch, m)
	return object{"message_ts": m.TS}, nil
}

// own gives a message that the bot may change: not what one person sees, and not what others wrote.
func (s *Server) own(c *Call, refusal string) (*channel, *Message, *failure) {
	ch, f := s.visible(c.str("channel"))
	if f != nil {
		return nil, nil, f
	}
	m := ch.find(c.str("ts"))
	switch {
	case m == nil || m.To != "":
		return nil, nil, fail("message_not_found")
	case m.BotID != s.BotID:
		return nil, nil, fail(refusal)
	}
	return ch, m, nil
}

// chatUpdate changes a message. Blocks that it does not give go away when it gives a text; metadata stays.
func (s *Server) chatUpdate(c *Call) (object, *failure) {
	ch, m, f := s.own(c, "cant_update_message")
	if f != nil {
		return nil, f
	}
	changed, f := s.compose(c)
	if f != nil {
		return nil, f
	}
	m.Text, m.Blocks = changed.Text, changed.Blocks
	if changed.Metadata != nil {
		m.Metadata = changed.Metadata
	}
	m.Edits++
	s.name(m.Blocks)
	s.touch()
	return object{"channel": ch.ID, "ts": m.TS, "text": m.Text, "message": m.wire(true)}, nil
}

func (s *Server) chatDelete(c *Call) (object, *failure) {
	ch, m, f := s.own(c, "cant_delete_message")
	if f != nil {
		return nil, f
	}
	s.remove(ch, m.TS)
	return object{"channel": ch.ID, "ts": m.TS}, nil
}

func (s *Server) chatGetPermalink(c *Call) (object, *failure) {
	ch, f := s.visible(c.str("channel"))
	if f != nil {
		return nil, f
	}
	ts := c.str("message_ts")
	m := ch.find(ts)
	if m == nil {
		return nil, fail("message_not_found")
	}
	link := "https://example.slack.com/archives/" + ch.ID + "/p" + strings.ReplaceAll(ts, ".", "")
	if m.ThreadTS != "" && m.ThreadTS != ts {
		link += "?thread_ts=" + m.ThreadTS + "&cid=" + ch.ID
	}
	return object{"channel": ch.ID, "permalink": link}, nil
}
