package discordtest

import (
	"slices"
	"time"
)

// identify begins a session.
func (s *Server) identify(c *conn, d object, now time.Time) {
	recent := s.recentIdentifies(now)
	intents, isNumber := integer(d["intents"])
	shard := list(d, "shard")
	switch {
	case c.session != nil:
		s.violate("gateway: identified twice")
		s.shut(c, closeAlready)
		return
	case !s.knows(str(d, "token")):
		s.shut(c, closeBadToken)
		return
	case sub(d, "properties") == nil:
		s.violate("gateway: identify without properties")
		s.shut(c, closeDecode)
		return
	case !isNumber || intents < 0 || intents > allIntents:
		s.violate("gateway: identify with intents %v", d["intents"])
		s.shut(c, closeIntents)
		return
	case intents&(intentMembers|intentPresences|intentContent)&^s.options.Privileged != 0:
		s.shut(c, closeDisallowed)
		return
	case len(shard) > 0 && (len(shard) != 2 || shard[0] != 0.0 || shard[1] != 1.0):
		s.shut(c, closeShard)
		return
	case len(recent) >= maxIdentifies && !s.options.Unlimited:
		s.violate("gateway: more than %d times identified in a day: Discord resets the token", maxIdentifies)
		s.revoked = true
		s.shut(c, closeBadToken)
		return
	}
	early := len(recent) > 0 && now.Sub(recent[len(recent)-1]) < identifyEvery && !s.options.Unlimited
	s.hub.identifies = append(s.hub.identifies, now)
	if early {
		s.send(c, object{"op": opInvalid, "d": false, "s": nil, "t": nil})
		return
	}
	n := &session{id: "session" + s.id(), intents: intents, first: 1, conn: c}
	c.session = n
	s.hub.sessions = append(s.hub.sessions, n)
	s.push(n, "READY", object{
		"v": 9, "user": s.user(s.BotUser).wire(), "guilds": s.guildsAtStart(), "session_id": n.id,
		"resume_gateway_url": s.gatewayURL("/resume"), "session_type": "normal", "shard": []int{0, 1},
		"application": object{"id": s.AppID, "flags": 0}, "private_channels": []object{}, "relationships": []object{},
	}, NoCut)
	if !s.kicked && intents&intentGuilds != 0 {
		s.push(n, "GUILD_CREATE", s.guildAtStart(), NoCut)
	}
	s.touch()
}

func (s *Server) knows(token string) bool {
	return (token == s.Token || token == "Bot "+s.Token) && !s.revoked
}

func (s *Server) guildsAtStart() []object {
	if s.kicked {
		return []object{}
	}
	return []object{{"id": s.GuildID, "unavailable": true}}
}

// guildAtStart is the guild with all that is in it.
func (s *Server) guildAtStart() object {
	o := s.guildWire()
	channels, threads, members := []object{}, []object{}, []object{s.user(s.BotUser).member()}
	for _, ch := range s.channels {
		switch {
		case ch.isThread():
			threads = append(threads, ch.wire(s))
		case ch.Type != typeDM && s.may(ch, "VIEW_CHANNEL"):
			channels = append(channels, ch.wire(s))
		}
	}
	o["channels"], o["threads"], o["members"] = channels, threads, members
	o["member_count"], o["joined_at"], o["large"], o["unavailable"] = len(s.users), "2026-01-01T00:00:00.000000+00:00", false, false
	o["presences"], o["voice_states"], o["stage_instances"] = []object{}, []object{}, []object{}
	return o
}

// resume goes on with a session: what was missed is sent again.
func (s *Server) resume(c *conn, d object) {
	i := slices.IndexFunc(s.hub.sessions, func(o *session) bool { return o.id == str(d, "session_id") })
	seq, isNumber := integer(d["seq"])
	switch {
	case c.session != nil:
		s.violate("gateway: resumed after identifying")
		s.shut(c, closeAlready)
		return
	case !s.knows(str(d, "token")):
		s.shut(c, closeBadToken)
		return
	case i < 0 || isNumber && seq < s.hub.sessions[i].first-1:
		s.send(c, object{"op": opInvalid, "d": false, "s": nil, "t": nil})
		return
	}
	n := s.hub.sessions[i]
	if !isNumber || seq > n.seq || seq < 0 {
		s.violate("gateway: resumed with sequence %v, but %d is the last", d["seq"], n.seq)
		s.end(n)
		s.shut(c, closeSeq)
		return
	}
	if n.conn != nil {
		s.queue(n.conn, frame{drop: true})
	}
	n.conn, c.session = c, n
	missed := n.events[seq-n.first+1:]
	for _, text := range missed {
		s.queue(c, frame{text: text})
	}
	s.hub.resumes = append(s.hub.resumes, Resume{Session: n.id, Replayed: len(missed), Proper: c.proper})
	s.push(n, "RESUMED", object{}, NoCut)
	s.touch()
}

// push sends an event to a session, and keeps it for a resumption.
func (s *Server) push(n *session, event string, data object, cut Cut) {
	n.seq++
	text := encode(object{"op": opDispatch, "s": n.seq, "t": event, "d": data})
	n.events = append(n.events, text)
	if len(n.events) > maxReplay {
		n.first += len(n.events) - maxReplay
		n.events = n.events[len(n.events)-maxReplay:]
	}
	if n.conn == nil {
		return
	}
	if cut == BeforeRead {
		s.queue(n.conn, frame{drop: true})
		return
	}
	s.queue(n.conn, frame{text: text, after: cut == AfterRead})
}

// dispatch sends an event to all sessions that asked for its kind, also to those that are cut and may resume, and
// gives how many those were. Data is an object, or a function that makes it for the intents of a session. The caller
// holds the lock.
func (s *Server) dispatch(event string, data any, ch *channel) int {
	if s.hub.holding {
		s.hub.held = append(s.hub.held, func() { s.dispatch(event, data, ch) })
		return len(s.hub.sessions)
	}
	if ch != nil && (ch.Type != typeDM && s.kicked || !s.may(ch, "VIEW_CHANNEL")) {
		return 0
	}
	reached := 0
	for _, n := range slices.Clone(s.hub.sessions) {
		if need := intentOf(event, ch); need != 0 && n.intents&need == 0 {
			continue
		}
		made, isObject := data.(object)
		if by, isFunc := data.(func(int) object); isFunc {
			made, isObject = by(n.intents), true
		}
		if isObject {
			cut := s.hub.cut
			s.hub.cut = NoCut
			s.push(n, event, made, cut)
			reached++
		}
	}
	return reached
}

// intentOf gives the intent that an event needs, 0 for none.
func intentOf(event string, ch *channel) int {
	switch event {
	case "INTERACTION_CREATE":
		return 0
	case "MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE":
		if ch != nil && ch.Type == typeDM {
			return intentDirect
		}
		return intentMessages
	case "GUILD_MEMBER_ADD", "GUILD_MEMBER_UPDATE", "GUILD_MEMBER_REMOVE":
		return intentMembers
	}
	return intentGuilds
}

// Event sends any event to all sessions that asked for its kind, and gives how many those were.
func (s *Server) Event(event string, data map[string]any) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dispatch(event, data, s.channel(str(data, "channel_id")))
}

// Hold keeps events back until [Server.Release].
func (s *Server) Hold() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hub.holding = true
}

// Release sends what was held back, the newest first, because nothing promises an order between channels.
func (s *Server) Release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hub.holding = false
	held := s.hub.held
	s.hub.held = nil
	for _, send := range slices.Backward(held) {
		send()
	}
}

// Sockets gives how many connections have a session.
func (s *Server) Sockets() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, c := range s.hub.conns {
		if c.session != nil {
			n++
		}
	}
	return n
}

// Identifies gives how often bots have identified within a day.
func (s *Server) Identifies() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.hub.identifies)
}

// Resumes gives the resumptions so far.
func (s *Server) Resumes() []Resume {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.hub.resumes)
}

// CutNext cuts the connection that gets the next event.
func (s *Server) CutNext(at Cut) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hub.cut = at
}

// RefuseSockets answers the next connections with 503.
func (s *Server) RefuseSockets(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hub.refuse = n
}

// LoseHeartbeats makes the gateway acknowledge no heartbeats any more, or again.
func (s *Server) LoseHeartbeats(lose bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hub.silent = lose
}

// AskHeartbeat asks all connections for a heartbeat at once.
func (s *Server) AskHeartbeat() { s.tell(object{"op": opHeartbeat, "d": nil, "s": nil, "t": nil}) }

// Reconnect tells all connections to connect anew and to resume (opcode 7); those that stay are cut after 10 s.
func (s *Server) Reconnect() {
	for _, c := range s.tell(object{"op": opReconnect, "d": nil, "s": nil, "t": nil}) {
		go func() {
			timer := time.NewTimer(untilAtMost)
			defer timer.Stop()
			select {
			case <-timer.C:
				_ = c.ws.Close()
			case <-c.gone:
			case <-s.closed:
			}
		}()
	}
}

// Invalidate tells all connections that their session is invalid (opcode 9): it may be resumed, or it is gone.
func (s *Server) Invalidate(resumable bool) {
	all := s.tell(object{"op": opInvalid, "d": resumable, "s": nil, "t": nil})
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range all {
		if !resumable && c.session != nil {
			s.end(c.session)
			c.session = nil
		}
	}
}

// EndSessions forgets all sessions, so that none can be resumed.
func (s *Server) EndSessions() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hub.sessions = nil
}

func (s *Server) tell(o object) []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.hub.conns {
		s.send(c, o)
	}
	return slices.Clone(s.hub.conns)
}

// CloseSockets closes all connections with a close code; 0 cuts them without a word.
func (s *Server) CloseSockets(code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.hub.conns {
		s.queue(c, frame{code: code, drop: code == 0})
	}
}

func (s *Server) closeSockets() {
	s.mu.Lock()
	s.hub.closing = true
	all := slices.Clone(s.hub.conns)
	s.mu.Unlock()
	for _, c := range all {
		_ = c.ws.Close()
	}
}
