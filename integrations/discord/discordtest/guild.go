package discordtest

import (
	"net/http"
	"slices"
	"strconv"
)

func (s *Server) getMe(*Call) (any, *failure) {
	return s.user(s.BotUser).wire(), nil
}

func (s *Server) getUser(c *Call) (any, *failure) {
	for _, u := range s.users {
		if u.ID == c.param("user") {
			return u.wire(), nil
		}
	}
	return nil, unknownUser()
}

func (s *Server) getGuilds(*Call) (any, *failure) {
	if s.kicked {
		return []object{}, nil
	}
	return []object{{"id": s.GuildID, "name": "Example", "icon": nil, "owner": false, "permissions": "0", "features": []string{}}}, nil
}

// getApplication gives the application with its key and the flags of its privileged intents.
func (s *Server) getApplication(*Call) (any, *failure) {
	flags := 0
	for intent, bit := range map[int]int{intentPresences: 1 << 13, intentMembers: 1 << 15, intentContent: 1 << 19} {
		if s.options.Privileged&intent != 0 {
			flags |= bit
		}
	}
	o := object{
		"id": s.AppID, "name": "Callboard", "icon": nil, "description": "", "bot_public": false, "bot_require_code_grant": false,
		"verify_key": s.PublicKey, "flags": flags, "bot": s.user(s.BotUser).wire(), "interactions_endpoint_url": nil,
	}
	if s.endpoint != "" {
		o["interactions_endpoint_url"] = s.endpoint
	}
	return o, nil
}

// editApplication sets the address for interactions, which Discord asks for a PONG first: that is [Server.Probe], because
// a bot that answers pings while it waits for this call would need two connections here.
func (s *Server) editApplication(c *Call) (any, *failure) {
	if hasKey(c.Args, "interactions_endpoint_url") {
		s.endpoint = str(c.Args, "interactions_endpoint_url")
	}
	return s.getApplication(c)
}

// guild judges the guild of a call.
func (s *Server) guild(c *Call) *failure {
	switch {
	case !isDigits(c.param("guild")):
		return s.refuse(c, "guild_id", "NUMBER_TYPE_COERCE", "Value is not snowflake.")
	case c.param("guild") != s.GuildID:
		return unknownGuild()
	case s.kicked:
		return missingAccess()
	}
	return nil
}

func (s *Server) getGuild(c *Call) (any, *failure) {
	if f := s.guild(c); f != nil {
		return nil, f
	}
	return s.guildWire(), nil
}

func (s *Server) guildWire() object {
	return object{
		"id": s.GuildID, "name": "Example", "icon": nil, "owner_id": Ada, "roles": s.roles(), "emojis": []object{},
		"features": []string{}, "preferred_locale": "en-US", "verification_level": 1, "default_message_notifications": 1,
		"explicit_content_filter": 0, "mfa_level": 0, "premium_tier": 0, "nsfw_level": 0, "stickers": []object{},
		"system_channel_id": nil, "afk_timeout": 300, "description": nil,
	}
}

func (s *Server) roles() []object {
	ids := []string{s.GuildID}
	for _, u := range s.users {
		for _, r := range u.Roles {
			if !slices.Contains(ids, r) {
				ids = append(ids, r)
			}
		}
	}
	all := []object{}
	for i, id := range ids {
		name, permissions := "role "+id, "0"
		if i == 0 {
			name, permissions = "@everyone", s.permissions(&channel{})
		}
		all = append(all, object{
			"id": id, "name": name, "color": 0, "hoist": false, "position": i, "permissions": permissions, "managed": false,
			"mentionable": false, "flags": 0,
		})
	}
	return all
}

func (s *Server) getRoles(c *Call) (any, *failure) {
	if f := s.guild(c); f != nil {
		return nil, f
	}
	return s.roles(), nil
}

func (s *Server) getChannels(c *Call) (any, *failure) {
	if f := s.guild(c); f != nil {
		return nil, f
	}
	all := []object{}
	for _, ch := range s.channels {
		if ch.Type != typeDM && !ch.isThread() {
			all = append(all, ch.wire(s))
		}
	}
	return all, nil
}

// createChannel makes a channel of the guild. Discord writes the name of a text channel in small letters with hyphens.
func (s *Server) createChannel(c *Call) (any, *failure) {
	if f := s.guild(c); f != nil {
		return nil, f
	}
	j := &judge{}
	name := j.text("", c.Args, "name", 1, maxChannelName)
	j.text("", c.Args, "topic", 0, maxTopic)
	if f := s.verdict(c.Route, j); f != nil {
		return nil, f
	}
	if len(s.channels) >= maxChannels {
		return nil, fail(http.StatusBadRequest, 30013, "Maximum number of server channels reached (500)")
	}
	ch := &channel{ChannelSpec: ChannelSpec{ID: s.id(), Name: name, Topic: str(c.Args, "topic"), Type: num(c.Args, "type")}}
	s.channels = append(s.channels, ch)
	s.dispatch("CHANNEL_CREATE", ch.wire(s), ch)
	s.touch()
	return created{ch.wire(s)}, nil
}

func (s *Server) getChannel(c *Call) (any, *failure) {
	ch, f := s.visible(c)
	if f != nil {
		return nil, f
	}
	return ch.wire(s), nil
}

// editChannel changes name, topic or the archive of a thread.
func (s *Server) editChannel(c *Call) (any, *failure) {
	ch, f := s.visible(c)
	if f != nil {
		return nil, f
	}
	permission := "MANAGE_CHANNELS"
	if ch.isThread() {
		permission = "MANAGE_THREADS"
	}
	if !s.may(ch, permission) {
		return nil, missingPermission()
	}
	j := &judge{}
	if has(c.Args, "name") {
		j.text("", c.Args, "name", 1, maxChannelName)
	}
	j.text("", c.Args, "topic", 0, maxTopic)
	if f := s.verdict(c.Route, j); f != nil {
		return nil, f
	}
	if name := str(c.Args, "name"); name != "" {
		ch.Name = name
	}
	if hasKey(c.Args, "topic") {
		ch.Topic = str(c.Args, "topic")
	}
	if hasKey(c.Args, "archived") {
		ch.Archived = flag(c.Args, "archived")
	}
	if hasKey(c.Args, "locked") {
		ch.Locked = flag(c.Args, "locked")
	}
	s.dispatch(ch.event("UPDATE"), ch.wire(s), ch)
	s.touch()
	return ch.wire(s), nil
}

func (s *Server) getMember(c *Call) (any, *failure) {
	if f := s.guild(c); f != nil {
		return nil, f
	}
	u := s.user(c.param("user"))
	switch {
	case u == nil || u.ID != c.param("user"):
		return nil, unknownUser()
	case u.Outside || u.Webhook || u.Guild != "" && u.Guild != s.GuildID:
		return nil, unknownMember()
	}
	return u.member(), nil
}

// getMembers lists the guild, which needs the privileged intent of members.
func (s *Server) getMembers(c *Call) (any, *failure) {
	if f := s.guild(c); f != nil {
		return nil, f
	}
	if s.options.Privileged&intentMembers == 0 {
		return nil, missingAccess()
	}
	limit, err := strconv.Atoi(c.queried("limit"))
	if err != nil || limit < 1 || limit > 1000 {
		limit = 1
	}
	users := slices.Clone(s.users)
	slices.SortFunc(users, func(a, b *User) int {
		if older(a.ID, b.ID) {
			return -1
		}
		return 1
	})
	all := []object{}
	for _, u := range users {
		if !u.Outside && (c.queried("after") == "" || older(c.queried("after"), u.ID)) && len(all) < limit {
			all = append(all, u.member())
		}
	}
	return all, nil
}

func (s *Server) openDirect(c *Call) (any, *failure) {
	id := snowflake(c.Args["recipient_id"])
	u := s.user(id)
	switch {
	case !isDigits(id):
		return nil, s.refuse(c, "recipient_id", "NUMBER_TYPE_COERCE", "Value is not snowflake.")
	case u == nil || u.ID == s.BotUser:
		return nil, fail(http.StatusBadRequest, 50033, "Invalid Recipient(s)")
	}
	return s.direct(u.ID).wire(s), nil
}

// Kick takes the bot out of the guild and tells it.
func (s *Server) Kick() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dispatch("GUILD_DELETE", object{"id": s.GuildID}, nil)
	s.kicked = true
	s.touch()
}
