package slacktest

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// Cut is where a connection breaks around one envelope.
type Cut int

// The points at which [Server.CutNext] cuts.
const (
	NoCut      Cut = iota
	BeforeRead     // before the bot sees the envelope
	BeforeAck      // after the bot has read it; its acknowledgement is lost
	AfterAck       // after the acknowledgement has arrived
)

// hub is the far end of Socket Mode.
type hub struct {
	tickets   map[string]bool // not used yet
	conns     []*conn
	next      int
	waiting   []*Delivery // for somebody to connect
	envelopes map[string]*Delivery
	cut       Cut
	closing   bool
}

// conn is one WebSocket of a bot.
type conn struct {
	ws       *websocket.Conn
	write    sync.Mutex
	pending  map[string]*Delivery // sent and not acknowledged
	draining bool                 // gets no new envelopes
	deaf     bool                 // acknowledgements are lost
	read     chan struct{}        // all that was sent has been read
	gone     chan struct{}
}

// Dialer gives a WebSocket dialer that reaches the server, also through pipes.
func (s *Server) Dialer() *websocket.Dialer {
	return &websocket.Dialer{NetDialContext: s.network.dial, HandshakeTimeout: untilAtMost}
}

func (s *Server) appsConnectionsOpen(*Call) (object, *failure) {
	ticket := s.id("ticket")
	s.socket.tickets[ticket] = true
	return object{"url": "ws" + strings.TrimPrefix(s.base, "http") + "/link/" + ticket}, nil
}

// UseSocket delivers by Socket Mode, as at the beginning.
func (s *Server) UseSocket() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.useSocket = true
}

// Sockets gives how many connections are open.
func (s *Server) Sockets() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.socket.conns)
}

// CutNext cuts the connection that gets the next envelope.
func (s *Server) CutNext(at Cut) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.socket.cut = at
}

// Disconnect sends a disconnect frame to all connections: warning, refresh_requested, link_disabled. After
// refresh_requested they get nothing new. Those that stay are closed after 10 s, with link_disabled at once.
func (s *Server) Disconnect(reason string) {
	s.mu.Lock()
	all := slices.Clone(s.socket.conns)
	for _, c := range all {
		c.draining = reason != "warning"
	}
	s.mu.Unlock()
	for _, c := range all {
		_ = c.send(disconnect(reason))
		if reason == "link_disabled" {
			_ = c.ws.Close()
			continue
		}
		go func() {
			timer := time.NewTimer(warnBeforeClose)
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

func disconnect(reason string) object {
	return object{"type": "disconnect", "reason": reason, "debug_info": object{"host": "applink-1"}}
}

// CloseSockets cuts all connections without a word.
func (s *Server) CloseSockets() {
	s.mu.Lock()
	all := slices.Clone(s.socket.conns)
	s.mu.Unlock()
	for _, c := range all {
		_ = c.ws.Close()
	}
}

func (s *Server) closeSockets() {
	s.mu.Lock()
	s.socket.closing = true
	s.mu.Unlock()
	s.CloseSockets()
}

// serveSocket takes a bot's WebSocket; its address counts once.
func (s *Server) serveSocket(w http.ResponseWriter, r *http.Request) {
	ticket := r.PathValue("ticket")
	s.mu.Lock()
	valid := s.socket.tickets[ticket]
	delete(s.socket.tickets, ticket)
	s.mu.Unlock()
	if !valid {
		http.Error(w, "this address was used or never given", http.StatusForbidden)
		return
	}
	up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	ws, err := up.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	c := &conn{ws: ws, pending: map[string]*Delivery{}, read: make(chan struct{}, 1), gone: make(chan struct{})}
	ws.SetReadLimit(maxBody)
	ws.SetPongHandler(func(data string) error {
		if data == readMark {
			select {
			case c.read <- struct{}{}:
			default:
			}
		}
		return nil
	})
	s.attend(c)
}

// attend serves a connection until it breaks.
func (s *Server) attend(c *conn) {
	defer func() { _ = c.ws.Close() }()
	s.mu.Lock()
	if len(s.socket.conns) >= maxSockets || s.socket.closing {
		s.mu.Unlock()
		_ = c.send(disconnect("too_many_websockets"))
		return
	}
	s.socket.conns = append(s.socket.conns, c)
	n := len(s.socket.conns)
	waiting := s.socket.waiting
	s.socket.waiting = nil
	s.mu.Unlock()
	go func() {
		_ = c.send(object{
			"type": "hello", "num_connections": n, "connection_info": object{"app_id": s.AppID},
			"debug_info": object{"host": "applink-1", "started": "2026-01-01 00:00:00.000", "build_number": 1, "approximate_connection_time": connectionLife},
		})
		s.mu.Lock()
		s.touch()
		s.mu.Unlock()
		for _, d := range waiting {
			s.envelope(d)
		}
		s.ping(c)
	}()
	for {
		_, frame, err := c.ws.ReadMessage()
		if err != nil {
			break
		}
		s.acknowledge(c, frame)
	}
	s.depart(c)
}

// ping sends a ping every 10 s, as clients expect.
func (s *Server) ping(c *conn) {
	ticker := time.NewTicker(pingEvery)
	defer ticker.Stop()
	for {
		if c.ws.WriteControl(websocket.PingMessage, []byte("Ping from applink-1"), time.Now().Add(pingEvery)) != nil {
			return
		}
		select {
		case <-ticker.C:
		case <-c.gone:
			return
		}
	}
}

// depart forgets a connection. What it did not acknowledge goes to another one.
func (s *Server) depart(c *conn) {
	s.mu.Lock()
	close(c.gone)
	s.socket.conns = slices.DeleteFunc(s.socket.conns, func(o *conn) bool { return o == c })
	var lost []*Delivery
	for _, d := range c.pending {
		if !d.acked && !s.socket.closing {
			lost = append(lost, d)
		}
	}
	slices.SortFunc(lost, func(a, b *Delivery) int { return a.sent.Compare(b.sent) })
	s.touch()
	s.mu.Unlock()
	for _, d := range lost {
		s.envelope(d)
	}
}

// send writes a frame.
func (c *conn) send(o object) error {
	c.write.Lock()
	defer c.write.Unlock()
	if err := c.ws.SetWriteDeadline(time.Now().Add(untilAtMost)); err != nil {
		return err
	}
	return c.ws.WriteMessage(websocket.TextMessage, encode(o))
}

// bySocket sends a delivery and waits for its acknowledgement.
func (s *Server) bySocket(d *Delivery) {
	s.envelope(d)
	timer := time.NewTimer(s.options.AckWithin)
	defer timer.Stop()
	select {
	case <-d.done:
	case <-s.closed:
	case <-timer.C:
		s.mu.Lock()
		defer s.mu.Unlock()
		if !d.acked {
			d.timedOut, d.err = true, context.DeadlineExceeded
			s.failed(d)
			s.touch()
		}
	}
}

// envelope sends a delivery over the next connection, or keeps it until there is one.
func (s *Server) envelope(d *Delivery) {
	s.mu.Lock()
	c := s.pick()
	if c == nil {
		s.socket.waiting = append(s.socket.waiting, d)
		s.mu.Unlock()
		return
	}
	cut := s.socket.cut
	s.socket.cut = NoCut
	id := s.id("envelope-")
	d.envelope = append(d.envelope, id)
	d.sent = s.now()
	d.attempts++
	o := object{
		"envelope_id": id, "type": string(d.kind), "payload": d.payload, "accepts_response_payload": d.kind != event,
	}
	if n := max(d.attempts-1, d.shape.retry); n > 0 && d.kind == event {
		o["retry_attempt"], o["retry_reason"] = n, "timeout"
	}
	c.pending[id] = d
	if s.socket.envelopes == nil {
		s.socket.envelopes = map[string]*Delivery{}
	}
	s.socket.envelopes[id] = d
	c.deaf = c.deaf || cut == BeforeAck
	d.cut = cut
	s.mu.Unlock()
	if cut == BeforeRead {
		_ = c.ws.Close()
		return
	}
	if c.send(o) != nil {
		_ = c.ws.Close()
		return
	}
	if cut == BeforeAck {
		s.awaitRead(c)
		_ = c.ws.Close()
	}
}

// readMark is what a ping says to learn how far the far end has read.
const readMark = "read so far"

// awaitRead waits until the far end has read all that was sent: a reader answers a ping after what came before it.
func (s *Server) awaitRead(c *conn) {
	if c.ws.WriteControl(websocket.PingMessage, []byte(readMark), time.Now().Add(untilAtMost)) != nil {
		return
	}
	timer := time.NewTimer(untilAtMost)
	defer timer.Stop()
	select {
	case <-c.read:
	case <-c.gone:
	case <-timer.C:
	}
}

// pick gives the next connection that takes envelopes. The caller holds the lock.
func (s *Server) pick() *conn {
	h := &s.socket
	for range h.conns {
		h.next = (h.next + 1) % len(h.conns)
		if c := h.conns[h.next]; !c.draining && !c.deaf {
			return c
		}
	}
	return nil
}

// acknowledge takes a frame of the bot.
func (s *Server) acknowledge(c *conn, frame []byte) {
	var ack struct {
		EnvelopeID string          `json:"envelope_id"`
		Payload    json.RawMessage `json:"payload"`
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.deaf {
		return
	}
	err := json.Unmarshal(frame, &ack)
	d := s.socket.envelopes[ack.EnvelopeID]
	switch {
	case err != nil || d == nil:
		s.violate("socket: an acknowledgement of nothing: %.80q", frame)
		return
	case len(frame) >= maxAckBytes:
		s.violate("socket: an acknowledgement of %d bytes is dropped", len(frame))
		return
	case len(ack.Payload) > 0 && string(ack.Payload) != "null" && d.kind == event:
		s.violate("socket: an acknowledgement with a payload, where none is accepted")
	}
	delete(c.pending, ack.EnvelopeID)
	d.took = s.now().Sub(d.sent)
	if d.timedOut || d.took > s.options.AckWithin {
		d.late = !d.acked
		s.touch()
		return
	}
	if string(ack.Payload) == "null" {
		ack.Payload = nil
	}
	d.answer, d.status = ack.Payload, http.StatusOK
	if text := ""; json.Unmarshal(ack.Payload, &text) == nil && d.kind == slashCommand {
		d.answer = []byte(text)
	}
	s.accept(d, d.answer)
	if d.cut == AfterAck {
		_ = c.ws.Close()
	}
}

// Consumer is another process that has connected to the same app.
type Consumer struct {
	mu       sync.Mutex
	received []map[string]any
}

// Received gives the payloads that went to this consumer.
func (c *Consumer) Received() []map[string]any {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.received)
}

// Consume connects another process to the same app: it acknowledges all it gets, so that the bot misses that. It stays
// until its connection is cut.
func (s *Server) Consume() *Consumer {
	s.tb.Helper()
	s.mu.Lock()
	opened, f := s.appsConnectionsOpen(nil)
	before := len(s.socket.conns)
	s.mu.Unlock()
	if f != nil {
		s.tb.Fatal(errors.New(f.code))
	}
	ws, resp, err := s.Dialer().Dial(str(opened, "url"), nil)
	if err != nil {
		s.tb.Fatal(err)
	}
	_ = resp.Body.Close()
	c := &Consumer{}
	go c.run(ws)
	s.Until("connection "+strconv.Itoa(before+1), func() bool { return s.Sockets() > before })
	return c
}

func (c *Consumer) run(ws *websocket.Conn) {
	defer func() { _ = ws.Close() }()
	for {
		var o object
		if ws.ReadJSON(&o) != nil || str(o, "type") == "disconnect" {
			return
		}
		if id := str(o, "envelope_id"); id != "" {
			c.mu.Lock()
			c.received = append(c.received, sub(o, "payload"))
			c.mu.Unlock()
			if ws.WriteJSON(object{"envelope_id": id}) != nil {
				return
			}
		}
	}
}
