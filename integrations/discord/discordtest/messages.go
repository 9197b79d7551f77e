package discordtest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// visible gives the channel of a call that the bot sees and where it has the permissions.
func (s *Server) visible(c *Call, permissions ...string) (*channel, *failure) {
	var ch *channel
	for _, known := range s.channels {
		if known.ID == c.param("channel") {
			ch = known
		}
	}
	switch {
	case ch == nil:
		return nil, unknownChannel()
	case ch.Type != typeDM && s.kicked, !s.may(ch, "VIEW_CHANNEL"):
		return nil, missingAccess()
	}
	for _, p := range permissions {
		if !s.may(ch, p) {
			return nil, missingPermission()
		}
	}
	return ch, nil
}

// posting is the permission to write in a channel.
func (ch *channel) posting() string {
	if ch.isThread() {
		return "SEND_MESSAGES_IN_THREADS"
	}
	return "SEND_MESSAGES"
}

func (s *Server) createMessage(c *Call) (any, *failure) {
	ch, f := s.visible(c)
	if f != nil {
		return nil, f
	}
	needs := []string{ch.posting()}
	if len(c.files) > 0 {
		needs = append(needs, "ATTACH_FILES")
	}
	if _, f := s.visible(c, needs...); f != nil {
		return nil, f
	}
	if u := s.user(ch.with); ch.Type == typeDM && u != nil && u.ClosedDMs {
		return nil, closedDMs()
	}
	m, f := s.compose(c.Route, c.Args, c)
	if f != nil {
		return nil, f
	}
	if m.Flags&flagEphemeral != 0 {
		return nil, s.refuse(c, "flags", "MESSAGE_FLAGS_INVALID", "Only answers to interactions can be ephemeral.")
	}
	if old := s.repeated(ch, c, m); old != nil {
		return old.wire(), nil
	}
	if f := s.reply(ch, c, m); f != nil {
		return nil, f
	}
	switch {
	case ch.Archived && ch.Locked:
		return nil, archivedThread()
	case ch.Archived:
		ch.Archived = false
	}
	s.store(ch, m)
	s.dispatch("MESSAGE_CREATE", s.eventOf(m), ch)
	return m.wire(), nil
}

// refuse is a fault in one field, which is a violation too.
func (s *Server) refuse(c *Call, at, code, words string) *failure {
	s.violate("%s: %s [%s]", c.Route, words, at)
	return invalidField(at, code, words)
}

// repeated gives the message that the same enforced nonce made within the last minutes.
func (s *Server) repeated(ch *channel, c *Call, m *Message) *Message {
	if !flag(c.Args, "enforce_nonce") || m.Nonce == "" {
		return nil
	}
	for _, old := range slices.Backward(ch.messages) {
		if old.Nonce == m.Nonce && old.User == m.User && c.At.Sub(old.at) < nonceLife {
			return old
		}
	}
	return nil
}

// reply makes a message an answer to another.
func (s *Server) reply(ch *channel, c *Call, m *Message) *failure {
	ref := sub(c.Args, "message_reference")
	id := str(ref, "message_id")
	if id == "" {
		return nil
	}
	if ch.find(id) == nil {
		if v, isBool := ref["fail_if_not_exists"].(bool); isBool && !v {
			return nil
		}
		return invalidField("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
	}
	m.Reply = id
	return nil
}

// compose judges the content of a new message of the bot and makes one of it.
func (s *Server) compose(where string, args object, c *Call) (*Message, *failure) {
	j := &judge{mentions: s.options.AllowMentions, files: c.fileNames()}
	j.message("", args, whole)
	if f := s.verdict(where, j); f != nil {
		return nil, f
	}
	if empty(args, j.files) {
		s.violate("%s: an empty message", where)
		return nil, emptyMessage()
	}
	return &Message{
		User: s.BotUser, Content: str(args, "content"), Embeds: copied(objects(args, "embeds")),
		Components: copied(objects(args, "components")), Flags: num(args, "flags"), Nonce: snowflake(args["nonce"]),
		Attachments: attached(args, c.files, s), s: s,
	}, nil
}

// attached gives the files of a message with their descriptions.
func attached(args object, files []Attachment, s *Server) []Attachment {
	var all []Attachment
	for _, f := range files {
		for _, a := range objects(args, "attachments") {
			if snowflake(a["id"]) == f.ID {
				f.Description = str(a, "description")
			}
		}
		f.ID = s.id()
		all = append(all, f)
	}
	return all
}

// change judges an edit of a message of the bot and carries it out.
func (s *Server) change(where string, args object, c *Call, m *Message) *failure {
	j := &judge{mentions: s.options.AllowMentions, files: c.fileNames(), v2: m.Flags&componentsV2 != 0}
	for _, a := range m.Attachments {
		j.files = append(j.files, a.Name)
	}
	j.message("", args, edit)
	if f := s.verdict(where, j); f != nil {
		return f
	}
	after := *m
	if has(args, "content") || args["content"] == nil && hasKey(args, "content") {
		after.Content = str(args, "content")
	}
	if hasKey(args, "embeds") {
		after.Embeds = copied(objects(args, "embeds"))
	}
	if hasKey(args, "components") {
		after.Components = copied(objects(args, "components"))
	}
	if hasKey(args, "attachments") {
		after.Attachments = slices.DeleteFunc(slices.Clone(m.Attachments), func(a Attachment) bool {
			return !slices.ContainsFunc(objects(args, "attachments"), func(o object) bool { return snowflake(o["id"]) == a.ID })
		})
	}
	after.Attachments = append(after.Attachments, attached(args, c.files, s)...)
	if f := num(args, "flags"); f&componentsV2 != 0 {
		after.Flags |= componentsV2
		after.Content, after.Embeds = "", nil
	}
	if after.Content == "" && len(after.Embeds)+len(after.Components)+len(after.Attachments) == 0 {
		s.violate("%s: the message would be empty", where)
		return emptyMessage()
	}
	after.Edits++
	after.edited = s.now()
	after.Flags &^= flagLoading
	*m = after
	s.number(m.Components)
	s.touch()
	return nil
}

func hasKey(o object, key string) bool {
	_, there := o[key]
	return there
}

// message gives the message of a call that everybody sees.
func (s *Server) message(c *Call, permissions ...string) (*channel, *Message, *failure) {
	ch, f := s.visible(c, permissions...)
	if f != nil {
		return nil, nil, f
	}
	m := ch.find(c.param("message"))
	if m == nil || m.To != "" {
		return nil, nil, unknownMessage()
	}
	return ch, m, nil
}

func (s *Server) editMessage(c *Call) (any, *failure) {
	ch, m, f := s.message(c)
	switch {
	case f != nil:
		return nil, f
	case m.User != s.BotUser:
		return nil, notYours()
	case ch.Archived:
		return nil, archivedThread()
	}
	if f := s.change(c.Route, c.Args, c, m); f != nil {
		return nil, f
	}
	s.dispatch("MESSAGE_UPDATE", s.eventOf(m), ch)
	return m.wire(), nil
}

func (s *Server) deleteMessage(c *Call) (any, *failure) {
	ch, m, f := s.message(c)
	if f != nil {
		return nil, f
	}
	if m.User != s.BotUser && !s.may(ch, "MANAGE_MESSAGES") {
		return nil, missingPermission()
	}
	s.remove(ch, m)
	return nil, nil
}

// remove takes a message away and tells the bot.
func (s *Server) remove(ch *channel, m *Message) {
	ch.messages = slices.DeleteFunc(ch.messages, func(o *Message) bool { return o == m })
	ch.pins = slices.DeleteFunc(ch.pins, func(id string) bool { return id == m.ID })
	if m.To == "" {
		s.dispatch("MESSAGE_DELETE", object{"id": m.ID, "channel_id": ch.ID, "guild_id": s.guildOf(ch)}, ch)
	}
	s.touch()
}

// Delete takes a message away as a moderator would.
func (s *Server) Delete(m Message) {
	s.tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	ch := s.mustChannel(m.Channel)
	if found := ch.find(m.ID); found != nil {
		s.remove(ch, found)
	}
}

func (s *Server) getMessage(c *Call) (any, *failure) {
	_, m, f := s.message(c, "READ_MESSAGE_HISTORY")
	if f != nil {
		return nil, f
	}
	return s.shown(m, -1), nil
}

// getMessages gives the newest first, at most limit, before or after a message. Without the privilege of content
// people's words are left out.
func (s *Server) getMessages(c *Call) (any, *failure) {
	ch, f := s.visible(c, "READ_MESSAGE_HISTORY")
	if f != nil {
		return nil, f
	}
	limit := 50
	if q := c.queried("limit"); q != "" {
		n, err := strconv.Atoi(q)
		if err != nil || n < 1 || n > maxPage {
			return nil, s.refuse(c, "limit", "NUMBER_TYPE_MAX", "int value should be between 1 and 100.")
		}
		limit = n
	}
	before, after := c.queried("before"), c.queried("after")
	var found []*Message
	for _, m := range slices.Backward(ch.messages) {
		if m.To == "" && (before == "" || older(m.ID, before)) && (after == "" || older(after, m.ID)) {
			found = append(found, m)
		}
	}
	if after != "" && len(found) > limit {
		found = found[len(found)-limit:] // those right after it
	}
	all := []object{}
	for _, m := range found[:min(limit, len(found))] {
		all = append(all, s.shown(m, -1))
	}
	return all, nil
}

// older compares snowflakes.
func older(a, b string) bool { return len(a) < len(b) || len(a) == len(b) && a < b }

// shown is a message as a session with these intents sees it; -1 is REST, where the app's privileges count.
func (s *Server) shown(m *Message, intents int) object {
	o := m.wire()
	if intents < 0 {
		intents = s.options.Privileged
	}
	ch := s.channel(m.Channel)
	if intents&intentContent != 0 || m.User == s.BotUser || ch != nil && ch.Type == typeDM || slices.Contains(m.mentions, s.BotUser) {
		return o
	}
	o["content"], o["embeds"], o["components"], o["attachments"] = "", []object{}, []object{}, []object{}
	return o
}

func (s *Server) pin(c *Call) (any, *failure) {
	ch, m, f := s.message(c, "PIN_MESSAGES")
	switch {
	case f != nil:
		return nil, f
	case slices.Contains(ch.pins, m.ID):
		return nil, nil
	case len(ch.pins) >= maxPins:
		return nil, tooManyPins()
	}
	ch.pins = append(ch.pins, m.ID)
	s.touch()
	return nil, nil
}

func (s *Server) unpin(c *Call) (any, *failure) {
	ch, m, f := s.message(c, "PIN_MESSAGES")
	if f != nil {
		return nil, f
	}
	ch.pins = slices.DeleteFunc(ch.pins, func(id string) bool { return id == m.ID })
	s.touch()
	return nil, nil
}

func (s *Server) pinned(c *Call) ([]object, *failure) {
	ch, f := s.visible(c, "READ_MESSAGE_HISTORY")
	if f != nil {
		return nil, f
	}
	all := []object{}
	for _, id := range slices.Backward(ch.pins) {
		if m := ch.find(id); m != nil {
			all = append(all, s.shown(m, -1))
		}
	}
	return all, nil
}

func (s *Server) getOldPins(c *Call) (any, *failure) {
	all, f := s.pinned(c)
	return all, f
}

func (s *Server) getPins(c *Call) (any, *failure) {
	all, f := s.pinned(c)
	items := []object{}
	for _, m := range all {
		items = append(items, object{"pinned_at": timestamp(s.now()), "message": m})
	}
	return object{"items": items, "has_more": false}, f
}

func (s *Server) typing(c *Call) (any, *failure) {
	ch, f := s.visible(c)
	if f != nil {
		return nil, f
	}
	if !s.may(ch, ch.posting()) {
		return nil, missingPermission()
	}
	return nil, nil
}

// createThread makes a thread, of a message or free; one of a message has its id.
func (s *Server) createThread(c *Call) (any, *failure) {
	ch, f := s.visible(c, "CREATE_PUBLIC_THREADS")
	if f != nil {
		return nil, f
	}
	if ch.isThread() || ch.Type == typeDM {
		return nil, wrongChannel()
	}
	j := &judge{}
	j.text("", c.Args, "name", 1, maxChannelName)
	archive := num(c.Args, "auto_archive_duration")
	if has(c.Args, "auto_archive_duration") && !slices.Contains([]int{60, 1440, 4320, 10080}, archive) {
		j.say("auto_archive_duration", badChoice, "Value must be one of (60, 1440, 4320, 10080).")
	}
	if f := s.verdict(c.Route, j); f != nil {
		return nil, f
	}
	id := c.param("message")
	switch {
	case id == "":
		id = s.id()
	case ch.find(id) == nil:
		return nil, unknownMessage()
	case s.channel(id) != nil:
		return nil, threadThere()
	}
	t := s.thread(ch, id, strings.TrimSpace(str(c.Args, "name")))
	t.archive = archive
	return created{t.wire(s)}, nil
}

// thread opens a thread below a channel, unless there is one of the id.
func (s *Server) thread(parent *channel, id, name string) *channel {
	if t := s.channel(id); t != nil {
		return t
	}
	t := &channel{ChannelSpec: ChannelSpec{ID: id, Name: name, Type: typeThread, Parent: parent.ID}}
	s.channels = append(s.channels, t)
	s.dispatch("THREAD_CREATE", t.wire(s), t)
	s.touch()
	return t
}

// eventOf is what an event says of a message; the intents of each session cut it.
func (s *Server) eventOf(m *Message) func(intents int) object {
	ch := s.channel(m.Channel)
	guild := s.guildOf(ch)
	author := s.user(m.User)
	return func(intents int) object {
		o := s.shown(m, intents)
		if guild != nil {
			o["guild_id"] = guild
			if author != nil {
				member := author.member()
				delete(member, "user")
				o["member"] = member
			}
		}
		if author != nil && author.Webhook {
			o["webhook_id"] = author.ID
		}
		return o
	}
}

// guildOf gives the guild's id, nil for a direct channel.
func (s *Server) guildOf(ch *channel) any {
	if ch == nil || ch.Type == typeDM {
		return nil
	}
	return s.GuildID
}

func isOK(status int) bool { return status >= http.StatusOK && status < http.StatusMultipleChoices }
