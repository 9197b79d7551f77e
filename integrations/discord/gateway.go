package discord

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const (
	handshake      = 10 * time.Second
	helloWithin    = 10 * time.Second
	maxEvent       = 4 << 20 // bytes of a frame from the gateway
	writeWithin    = 5 * time.Second
	gatewayFirst   = time.Second
	gatewayMost    = time.Minute
	gatewayHealthy = time.Minute // a connection that lasted so long was no failure
	identifyApart  = 5 * time.Second
	leastBeat      = time.Second
)

// Opcodes. docs.discord.com/developers topics/opcodes-and-status-codes
const (
	opDispatch     = 0
	opHeartbeat    = 1
	opIdentify     = 2
	opResume       = 6
	opReconnect    = 7
	opInvalid      = 9
	opHello        = 10
	opHeartbeatAck = 11
)

// closeResume ends a connection so that the session may be resumed: 1000 and 1001 would end it.
const closeResume = 4000

// finalCloses are the codes after which Discord wants no other attempt: a token, a shard, a version or intents are wrong.
func finalClose(code int) bool {
	return slices.Contains([]int{4004, 4010, 4011, 4012, 4013, 4014}, code)
}

// Why a connection ends.
var (
	errReconnect = errors.New("the gateway asks to connect again")
	errSilent    = errors.New("the gateway does not answer heartbeats")
	errInvalid   = errors.New("the gateway does not know the session any more")
)

// session is what a new connection goes on with. Only the loop of serveGateway changes it while none is open.
type session struct {
	id  string
	url string // of the gateway that has the session

	wait       time.Duration // before the next attempt, if this one fails
	identified time.Time     // when a session was last begun, or tried to

	mu  sync.Mutex
	seq int64 // of the last event
}

func (s *session) saw(seq int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seq = max(s.seq, seq)
}

func (s *session) last() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seq
}

// forget makes the next connection begin a new session.
func (s *session) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.id, s.url, s.seq = "", "", 0
}

// serveGateway keeps a connection open until ctx ends. It is an error when Discord wants no other attempt.
func (d *Discord) serveGateway(ctx context.Context) error {
	s := &session{wait: gatewayFirst}
	for lasts(ctx) {
		start := time.Now()
		end := d.connect(ctx, s)
		if !lasts(ctx) {
			break
		}
		if time.Since(start) > gatewayHealthy {
			s.wait = gatewayFirst
		}
		pause, final := d.ended(s, end)
		if final != nil {
			return final
		}
		sleep(ctx, pause)
	}
	return nil
}

func lasts(ctx context.Context) bool { return ctx.Err() == nil }

// ended says how long to wait after the end of a connection, or why there must be no other.
func (d *Discord) ended(s *session, end error) (pause time.Duration, final error) {
	if closed, is := errors.AsType[*websocket.CloseError](end); is {
		if finalClose(closed.Code) {
			return 0, fmt.Errorf("the gateway of Discord refuses us (%d %q); callboard doctor says what to mend", closed.Code, closed.Text)
		}
		if closed.Code == 4007 || closed.Code == 4009 { // the sequence is wrong, the session timed out
			s.forget()
		}
	}
	wait := s.wait
	s.wait = min(2*s.wait, gatewayMost)
	if errors.Is(end, errReconnect) { // soon, unless it asks again and again
		d.log.Info("the gateway of Discord asks to connect again")
		return rand.N(wait), nil //nolint:gosec // to spread attempts
	}
	pause = wait/2 + rand.N(wait) //nolint:gosec // to spread attempts
	if errors.Is(end, errInvalid) {
		d.log.Info("the session with Discord is not known any more, a new one begins")
		return pause + time.Second + rand.N(4*time.Second), nil //nolint:gosec // Discord asks for one to five seconds
	}
	d.log.Warn("no connection to the gateway of Discord", "error", end, "next_try", pause)
	return pause, nil
}

// gatewayInfo is what Discord says about its gateway.
type gatewayInfo struct {
	URL    string `json:"url"`
	Limits struct {
		Remaining  int   `json:"remaining"`
		ResetAfter int64 `json:"reset_after"` // milliseconds
	} `json:"session_start_limit"`
}

// address gives where to connect. A new session is not begun when Discord allows none: it would reset the token.
func (d *Discord) address(ctx context.Context, s *session) (string, error) {
	if s.url != "" {
		return s.url, nil
	}
	var info gatewayInfo
	asking, cancel := context.WithTimeout(ctx, behindLimit)
	defer cancel()
	if err := d.api.do(asking, call{name: "gateway.get", method: http.MethodGet, path: "/gateway/bot", out: &info}); err != nil {
		return "", err
	}
	if info.URL == "" {
		return "", errors.New("Discord does not say where its gateway is")
	}
	if info.Limits.Remaining < 1 && info.Limits.ResetAfter > 0 {
		pause := time.Duration(min(info.Limits.ResetAfter, int64(24*time.Hour/time.Millisecond))) * time.Millisecond
		d.log.Error("so many sessions were begun today that Discord allows no other", "next_try", pause)
		sleep(ctx, pause)
	}
	return info.URL, nil
}

// frame is what goes over the gateway.
type frame struct {
	Op   int             `json:"op"`
	Data json.RawMessage `json:"d"`
	Seq  int64           `json:"s"`
	Type string          `json:"t"`
}

// connection is one connection to the gateway.
type connection struct {
	*Discord
	session *session
	conn    *websocket.Conn

	mu    sync.Mutex // of writing, and of acked
	acked bool
	ready bool
}

// connect opens a connection, begins a session or resumes the one there is, and reads events until it ends.
func (d *Discord) connect(ctx context.Context, s *session) error {
	at, err := d.address(ctx, s)
	if err != nil {
		return err
	}
	u, err := url.Parse(at)
	if err != nil {
		return errors.New("the address of the gateway is malformed")
	}
	u.RawQuery = url.Values{"v": {"10"}, "encoding": {"json"}}.Encode()
	dialing, cancelDial := context.WithTimeout(ctx, handshake)
	defer cancelDial()
	conn, answer, err := d.dialer().DialContext(dialing, u.String(), http.Header{"User-Agent": {d.api.agent}})
	if answer != nil {
		_ = answer.Body.Close() // it holds nothing but a refusal
	}
	if err != nil {
		s.url = "" // the session may be known elsewhere
		return err
	}
	conn.SetReadLimit(maxEvent)
	c := &connection{Discord: d, session: s, conn: conn, acked: true}
	alive, cancel := context.WithCancelCause(ctx)
	var parts sync.WaitGroup
	defer parts.Wait()
	defer func() { _ = conn.Close() }()
	defer cancel(nil)
	stop := context.AfterFunc(alive, func() { c.leave(ctx.Err() != nil) }) // ends the reading
	defer stop()
	err = c.serve(alive, cancel, &parts)
	if c.ready {
		d.state.set(false)
		d.meters.sockets.Set(0)
	}
	if cause := context.Cause(alive); cause != nil {
		return cause
	}
	return err
}

// leave says good-bye: for good at the end of the program, else so that the session goes on.
func (c *connection) leave(forGood bool) {
	code := closeResume
	if forGood {
		code = websocket.CloseNormalClosure
	}
	_ = c.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, ""), time.Now().Add(time.Second))
	_ = c.conn.Close() // whether it heard us or not
}

func (d *Discord) dialer() *websocket.Dialer {
	w := &websocket.Dialer{
		HandshakeTimeout: handshake, NetDialContext: d.options.Sockets.Dial, TLSClientConfig: d.options.Sockets.TLS,
	}
	if proxy := d.options.Sockets.Proxy; proxy != nil {
		w.Proxy = http.ProxyURL(proxy)
	}
	return w
}

// serve says hello and reads until the connection ends.
func (c *connection) serve(ctx context.Context, end context.CancelCauseFunc, parts *sync.WaitGroup) error {
	if err := c.conn.SetReadDeadline(time.Now().Add(helloWithin)); err != nil {
		return err
	}
	var f frame
	var hello struct {
		Every int64 `json:"heartbeat_interval"` // milliseconds
	}
	if err := c.conn.ReadJSON(&f); err != nil {
		return err
	}
	if f.Op != opHello || json.Unmarshal(f.Data, &hello) != nil || hello.Every <= 0 {
		return errors.New("the first word of the gateway is not hello")
	}
	every := max(time.Duration(hello.Every)*time.Millisecond, leastBeat)
	parts.Go(func() {
		if err := c.beat(ctx, every); err != nil {
			end(err)
		}
	})
	if err := c.introduce(ctx); err != nil {
		return err
	}
	for {
		if err := c.conn.SetReadDeadline(time.Now().Add(2*every + helloWithin)); err != nil {
			return err
		}
		var f frame
		if err := c.conn.ReadJSON(&f); err != nil {
			return err
		}
		if err := c.take(ctx, &f); err != nil {
			return err
		}
	}
}

// introduce resumes the session, or begins one, of which Discord allows one each five seconds.
func (c *connection) introduce(ctx context.Context) error {
	token := c.options.BotToken.Reveal()
	if c.session.id != "" {
		return c.write(opResume, component{"token": token, "session_id": c.session.id, "seq": c.session.last()})
	}
	if !sleep(ctx, time.Until(c.session.identified.Add(identifyApart))) {
		return ctx.Err()
	}
	c.session.identified = time.Now()
	return c.write(opIdentify, component{
		"token": token, "intents": bits(Intents()), "properties": component{"os": "linux", "browser": "callboard", "device": "callboard"},
	})
}

func (c *connection) write(op int, data any) error {
	encoded, err := json.Marshal(component{"op": op, "d": data})
	if err != nil {
		return err
	}
	if len(encoded) > maxFrame {
		return fmt.Errorf("a frame of %d bytes is too long for the gateway", len(encoded))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.conn.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil {
		return err
	}
	return c.conn.WriteMessage(websocket.TextMessage, encoded)
}

// beat sends heartbeats until ctx ends or one is not answered. The first comes after a random part of the interval, so that
// not all programs beat in the same moment after an outage.
func (c *connection) beat(ctx context.Context, every time.Duration) error {
	for wait := rand.N(every); ; wait = every { //nolint:gosec // to spread heartbeats
		if !sleep(ctx, wait) {
			return nil
		}
		if !c.heard(false) {
			return errSilent
		}
		if err := c.heartbeat(); err != nil {
			return err
		}
	}
}

// heard notes whether the last heartbeat was answered, and gives what was noted before.
func (c *connection) heard(now bool) (before bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before, c.acked = c.acked, now
	return before
}

func (c *connection) heartbeat() error {
	if seq := c.session.last(); seq > 0 {
		return c.write(opHeartbeat, seq)
	}
	return c.write(opHeartbeat, nil)
}

// take works on a frame. Its error ends the connection.
func (c *connection) take(ctx context.Context, f *frame) error {
	switch f.Op {
	case opHeartbeat:
		return c.heartbeat()
	case opHeartbeatAck:
		c.heard(true)
	case opReconnect:
		c.leave(false)
		return errReconnect
	case opInvalid:
		var resumable bool
		if json.Unmarshal(f.Data, &resumable) == nil && resumable {
			c.leave(false)
			return errReconnect
		}
		c.session.forget()
		return errInvalid
	case opDispatch:
		c.session.saw(f.Seq)
		c.dispatch(ctx, f)
	}
	return nil
}

// dispatch works on an event, each by itself, so that a slow one holds up no other.
func (c *connection) dispatch(ctx context.Context, f *frame) {
	switch f.Type {
	case "READY":
		c.begun(f.Data)
	case "RESUMED":
		c.isReady()
	case "INTERACTION_CREATE":
		t, err := c.fromInteraction(f.Data)
		if err != nil {
			c.drop(err)
			return
		}
		c.meets.Go(func() { c.meet(context.WithoutCancel(ctx), t) })
	case "MESSAGE_CREATE":
		t, err := c.fromMessage(f.Data)
		if err != nil {
			c.drop(err)
			return
		}
		go c.hear(t) //nolint:contextcheck // an answer outlives its connection
	}
}

// begun notes the session.
func (c *connection) begun(data json.RawMessage) {
	var ready struct {
		Session string `json:"session_id"`
		Resume  string `json:"resume_gateway_url"`
		User    user   `json:"user"`
	}
	if err := json.Unmarshal(data, &ready); err != nil || ready.Session == "" {
		c.log.Warn("the gateway of Discord begins no session that could be resumed")
		return
	}
	c.session.id, c.session.url = ready.Session, strings.TrimSuffix(ready.Resume, "/")
	if ready.User.ID != "" {
		c.learn(ready.User.ID)
	}
	c.isReady()
}

func (c *connection) isReady() {
	c.ready = true
	c.state.set(true)
	c.meters.sockets.Set(1)
}
