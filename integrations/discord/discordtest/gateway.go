package discordtest

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

// The opcodes, the close codes and the intents. Sources: topics/opcodes-and-status-codes, events/gateway.
const (
	opDispatch, opHeartbeat, opIdentify, opResume        = 0, 1, 2, 6
	opReconnect, opInvalid, opHello, opAck               = 7, 9, 10, 11
	closeOpcode, closeDecode, closeNotYet                = 4001, 4002, 4003
	closeBadToken, closeAlready, closeSeq, closeRate     = 4004, 4005, 4007, 4008
	closeTimeout, closeShard, closeVersion, closeIntents = 4009, 4010, 4012, 4013
	closeDisallowed                                      = 4014
	intentGuilds, intentMembers, intentPresences         = 1 << 0, 1 << 1, 1 << 8
	intentMessages, intentDirect, intentContent          = 1 << 9, 1 << 12, 1 << 15
	allIntents                                           = 1<<26 - 1
)

// Cut is where a connection breaks around one event.
type Cut int

// The points at which [Server.CutNext] cuts.
const (
	NoCut      Cut = iota
	BeforeRead     // before the bot sees the event
	AfterRead      // after the bot has read it
)

// hub is the far end of the gateway.
type hub struct {
	conns      []*conn
	sessions   []*session
	identifies []time.Time
	resumes    []Resume
	silent     bool // heartbeats are not acknowledged
	cut        Cut
	closing    bool
	holding    bool
	held       []func()
	refuse     int // of the next connections
}

// Resume is a resumption that succeeded.
type Resume struct {
	Session  string
	Replayed int
	Proper   bool // it came to the address of READY
}

// session is what a bot has after identifying, over one or more connections.
type session struct {
	id      string
	intents int
	seq     int
	first   int      // the sequence number of the first kept event
	events  [][]byte // kept for a resumption
	conn    *conn    // nil while it is cut
}

// conn is one WebSocket of a bot.
type conn struct {
	ws      *websocket.Conn
	proper  bool // at the address of READY
	session *session
	queue   []frame
	more    chan struct{}
	gone    chan struct{}
	read    chan struct{}
	frames  []time.Time
	beat    time.Time
}

// frame is what goes out next: a text, or a close with a code, or a cut around it.
type frame struct {
	text  []byte
	code  int
	drop  bool // the connection without a word
	after bool // the connection after the text was read
}

// Dialer gives a WebSocket dialer that reaches the server, also through pipes.
func (s *Server) Dialer() *websocket.Dialer {
	return &websocket.Dialer{NetDialContext: s.network.dial, HandshakeTimeout: untilAtMost}
}

func (s *Server) gatewayURL(path string) string {
	return "ws" + strings.TrimPrefix(s.base, "http") + path
}

func (s *Server) getGateway(*Call) (any, *failure) {
	return object{"url": s.gatewayURL("/gateway")}, nil
}

func (s *Server) getGatewayBot(c *Call) (any, *failure) {
	recent := s.recentIdentifies(c.At)
	reset := 0
	if len(recent) > 0 {
		reset = int((identifyWindow - c.At.Sub(recent[0])).Milliseconds())
	}
	return object{"url": s.gatewayURL("/gateway"), "shards": 1, "session_start_limit": object{
		"total": maxIdentifies, "remaining": max(maxIdentifies-len(recent), 0), "reset_after": reset, "max_concurrency": 1,
	}}, nil
}

func (s *Server) recentIdentifies(now time.Time) []time.Time {
	s.hub.identifies = slices.DeleteFunc(s.hub.identifies, func(t time.Time) bool { return now.Sub(t) >= identifyWindow })
	return s.hub.identifies
}

// serveSocket takes a bot's WebSocket.
func (s *Server) serveSocket(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	refused := s.hub.refuse > 0
	if refused {
		s.hub.refuse--
	}
	s.mu.Unlock()
	if refused {
		http.Error(w, "the gateway is down", http.StatusServiceUnavailable)
		return
	}
	up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	ws, err := up.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	c := &conn{
		ws: ws, proper: strings.HasPrefix(r.URL.Path, "/resume"), more: make(chan struct{}, 1), gone: make(chan struct{}),
		read: make(chan struct{}, 1), beat: s.now(),
	}
	ws.SetReadLimit(maxAnswer)
	ws.SetPongHandler(func(data string) error {
		if data == readMark {
			signal(c.read)
		}
		return nil
	})
	s.attend(c, r.URL.Query().Get("v"), r.URL.Query().Get("encoding"))
}

// readMark is what a ping says to learn how far the far end has read.
const readMark = "read so far"

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// attend serves a connection until it breaks.
func (s *Server) attend(c *conn, version, encoding string) {
	s.mu.Lock()
	if s.hub.closing {
		s.mu.Unlock()
		_ = c.ws.Close()
		return
	}
	s.hub.conns = append(s.hub.conns, c)
	s.send(c, object{"op": opHello, "d": object{"heartbeat_interval": s.options.Heartbeat.Milliseconds()}, "s": nil, "t": nil})
	if version != "9" && version != "10" {
		s.violate("gateway: version %q in the address", version)
		s.shut(c, closeVersion)
	}
	if encoding != "json" && encoding != "" {
		s.violate("gateway: encoding %q is not known here", encoding)
		s.shut(c, closeDecode)
	}
	s.mu.Unlock()
	go s.writeTo(c)
	go s.watch(c)
	var code int
	for {
		_, text, err := c.ws.ReadMessage()
		if err != nil {
			if closed, ok := errors.AsType[*websocket.CloseError](err); ok {
				code = closed.Code
			}
			break
		}
		s.mu.Lock()
		s.take(c, text)
		s.mu.Unlock()
	}
	s.depart(c, code)
}

// depart forgets a connection. Its session can be resumed, unless the bot has said goodbye.
func (s *Server) depart(c *conn, code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = c.ws.Close()
	close(c.gone)
	s.hub.conns = slices.DeleteFunc(s.hub.conns, func(o *conn) bool { return o == c })
	if c.session != nil && c.session.conn == c {
		c.session.conn = nil
		if code == websocket.CloseNormalClosure || code == websocket.CloseGoingAway {
			s.end(c.session)
		}
	}
	s.touch()
}

// end forgets a session.
func (s *Server) end(gone *session) {
	s.hub.sessions = slices.DeleteFunc(s.hub.sessions, func(o *session) bool { return o == gone })
}

// watch closes a connection whose heart does not beat.
func (s *Server) watch(c *conn) {
	ticker := time.NewTicker(s.options.Heartbeat)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-c.gone:
			return
		}
		s.mu.Lock()
		if s.now().Sub(c.beat) > 2*s.options.Heartbeat {
			s.shut(c, closeTimeout)
		}
		s.mu.Unlock()
	}
}

// writeTo sends what is queued, in order.
func (s *Server) writeTo(c *conn) {
	for {
		s.mu.Lock()
		queue := c.queue
		c.queue = nil
		s.mu.Unlock()
		for _, f := range queue {
			if !c.put(f) {
				_ = c.ws.Close()
				return
			}
		}
		select {
		case <-c.more:
		case <-c.gone:
			return
		}
	}
}

// put sends one frame and reports whether the connection goes on.
func (c *conn) put(f frame) bool {
	deadline := time.Now().Add(untilAtMost)
	if f.drop {
		return false
	}
	if f.code != 0 {
		_ = c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(f.code, closeWords(f.code)), deadline)
		return false
	}
	if c.ws.SetWriteDeadline(deadline) != nil || c.ws.WriteMessage(websocket.TextMessage, f.text) != nil {
		return false
	}
	if !f.after {
		return true
	}
	if c.ws.WriteControl(websocket.PingMessage, []byte(readMark), deadline) != nil {
		return false
	}
	timer := time.NewTimer(untilAtMost)
	defer timer.Stop()
	select {
	case <-c.read:
	case <-c.gone:
	case <-timer.C:
	}
	return false
}

func closeWords(code int) string {
	switch code {
	case closeOpcode:
		return "Unknown opcode."
	case closeDecode:
		return "Decode error."
	case closeNotYet:
		return "Not authenticated."
	case closeBadToken:
		return "Authentication failed."
	case closeAlready:
		return "Already authenticated."
	case closeSeq:
		return "Invalid seq."
	case closeRate:
		return "Rate limited."
	case closeTimeout:
		return "Session timed out."
	case closeShard:
		return "Invalid shard."
	case closeVersion:
		return "Invalid API version."
	case closeIntents:
		return "Invalid intent(s)."
	case closeDisallowed:
		return "Disallowed intent(s)."
	}
	return "Unknown error."
}

// send queues a frame. The caller holds the lock.
func (s *Server) send(c *conn, o object) { s.queue(c, frame{text: encode(o)}) }

func (s *Server) queue(c *conn, f frame) {
	c.queue = append(c.queue, f)
	signal(c.more)
}

// shut closes a connection with a code, after what is queued.
func (s *Server) shut(c *conn, code int) { s.queue(c, frame{code: code}) }

// take judges a frame of the bot and acts on it.
func (s *Server) take(c *conn, text []byte) {
	now := s.now()
	c.frames = slices.DeleteFunc(c.frames, func(t time.Time) bool { return now.Sub(t) >= framesWindow })
	c.frames = append(c.frames, now)
	var o object
	switch {
	case len(c.frames) > maxFrames:
		s.violate("gateway: more than %d frames in a minute", maxFrames)
		s.shut(c, closeRate)
		return
	case len(text) > maxFrame:
		s.violate("gateway: a frame of %d bytes, more than %d", len(text), maxFrame)
		s.shut(c, closeDecode)
		return
	case json.Unmarshal(text, &o) != nil || !hasKey(o, "op"):
		s.violate("gateway: a frame that cannot be read: %.80q", text)
		s.shut(c, closeDecode)
		return
	}
	switch op := num(o, "op"); op {
	case opHeartbeat:
		s.heartbeat(c, o["d"], now)
	case opIdentify:
		s.identify(c, sub(o, "d"), now)
	case opResume:
		s.resume(c, sub(o, "d"))
	case 3, 4, 8, 31: // presence, voice, members, sounds: heard, and nothing follows
		if c.session == nil {
			s.shut(c, closeNotYet)
		}
	default:
		s.violate("gateway: unknown opcode %d", op)
		s.shut(c, closeOpcode)
	}
}

func (s *Server) heartbeat(c *conn, d any, now time.Time) {
	c.beat = now
	if seq, isNumber := integer(d); c.session != nil && isNumber && seq > c.session.seq {
		s.violate("gateway: a heartbeat with sequence %d, beyond %d", seq, c.session.seq)
	}
	if !s.hub.silent {
		s.send(c, object{"op": opAck, "d": nil, "s": nil, "t": nil})
	}
}
