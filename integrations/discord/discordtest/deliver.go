package discordtest

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Delivery is something that the server sent to the bot, and what came back. Its methods may be called while a
// repeated delivery is on its way.
type Delivery struct {
	ID      string   // of the interaction or of the message
	Token   string   // of the interaction, "" for a message
	Choices []string // what the bot offered, by name

	s        *Server
	it       *interaction // nil for an event
	event    string
	payload  object
	shape    shape
	sent     time.Time
	done     chan struct{} // closed by the first acknowledgement
	acked    bool
	late     bool
	timedOut bool
	reached  int // sessions of the gateway
	status   int
	answer   []byte
	err      error
	took     time.Duration
	refused  string
}

// shape is how a delivery differs from a proper one.
type shape struct {
	guild, app, thread string
	offset             time.Duration
	unsigned, changed  bool
	wrongKey           bool
	noMention          bool
}

// Knob makes a delivery differ from a proper one.
type Knob func(*shape)

// WrongKey signs with another key.
func WrongKey() Knob { return func(s *shape) { s.wrongKey = true } }

// Unsigned leaves the signature out.
func Unsigned() Knob { return func(s *shape) { s.unsigned = true } }

// ChangedByte changes the body after it was signed.
func ChangedByte() Knob { return func(s *shape) { s.changed = true } }

// SignedAt moves the timestamp of the signature, into the past when offset is negative.
func SignedAt(offset time.Duration) Knob { return func(s *shape) { s.offset = offset } }

// FromGuild says that it comes from another guild.
func FromGuild(id string) Knob { return func(s *shape) { s.guild = id } }

// ForApp says that it is meant for another application.
func ForApp(id string) Knob { return func(s *shape) { s.app = id } }

// InThread writes in the thread of a message, whose id the thread has; it is opened when there is none.
func InThread(message string) Knob { return func(s *shape) { s.thread = message } }

// Unmentioned writes a message that does not mention the bot.
func Unmentioned() Knob { return func(s *shape) { s.noMention = true } }

func (s *Server) shaped(knobs []Knob) shape {
	made := shape{guild: s.GuildID, app: s.AppID}
	for _, k := range knobs {
		k(&made)
	}
	return made
}

// UseURL delivers interactions by HTTP to an address; "" goes back to the gateway.
func (s *Server) UseURL(address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endpoint = address
}

// UseGateway delivers interactions by the gateway, as at the beginning.
func (s *Server) UseGateway() { s.UseURL("") }

// UseHandler starts an HTTP server with the handler of a bot, and delivers interactions to a path on it.
func (s *Server) UseHandler(h http.Handler, path string) {
	s.tb.Helper()
	s.UseURL(s.serve("bot.test", h) + path)
}

// newInteraction makes an interaction and its delivery. The caller holds the lock.
func (s *Server) newInteraction(kind int, user, channel string, made shape) *Delivery {
	it := &interaction{id: s.id(), kind: kind, user: user, channel: channel}
	it.token = "aW50" + it.id + "token"
	d := &Delivery{ID: it.id, Token: it.token, s: s, it: it, event: "INTERACTION_CREATE", shape: made}
	it.delivery = d
	s.interactions[it.token] = it
	u, ch := s.mustUser(user), s.mustChannel(channel)
	o := object{
		"id": it.id, "application_id": made.app, "type": kind, "token": it.token, "version": 1, "channel_id": ch.ID,
		"channel": ch.wire(s), "app_permissions": s.permissions(ch), "locale": "en-US", "entitlements": []object{},
		"authorizing_integration_owners": object{"0": made.guild}, "attachment_size_limit": maxFile,
	}
	if ch.Type == typeDM {
		o["user"], o["context"] = u.wire(), 1
		d.payload = o
		return d
	}
	guild := made.guild
	if u.Guild != "" {
		guild = u.Guild
	}
	o["guild_id"], o["guild_locale"], o["context"] = guild, "en-US", 0
	o["guild"] = object{"id": guild, "locale": "en-US", "features": []string{}}
	if u.Outside {
		o["user"] = u.wire()
	} else {
		member := u.member()
		member["permissions"] = s.permissions(ch)
		o["member"] = member
	}
	d.payload = o
	return d
}

// deliver sends an interaction and waits for the acknowledgement, 3 s at most.
func (s *Server) deliver(d *Delivery) *Delivery {
	s.mu.Lock()
	d.done = make(chan struct{})
	d.sent = s.now()
	d.it.born = d.sent
	s.deliveries = append(s.deliveries, d)
	address := s.endpoint
	if address == "" {
		d.reached = s.dispatch(d.event, d.payload, nil)
	}
	s.mu.Unlock()
	if address != "" {
		s.byHTTP(d, address)
	}
	s.await(d)
	return d
}

// await waits for the acknowledgement. Somebody who gets none sees that the application did not respond.
func (s *Server) await(d *Delivery) {
	s.mu.Lock()
	left := s.options.AckWithin - s.now().Sub(d.sent)
	if d.err != nil || d.status != 0 && d.status != http.StatusAccepted && !d.acked {
		left = 0 // nothing more will come
	}
	s.mu.Unlock()
	if left > 0 {
		timer := time.NewTimer(left)
		defer timer.Stop()
		select {
		case <-d.done:
		case <-s.closed:
		case <-timer.C:
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if d.acked {
		return
	}
	if left > 0 || errors.Is(d.err, context.DeadlineExceeded) {
		d.timedOut = true
	}
	if m := s.modals[d.it.user]; m != nil && d.it.kind == kindSubmit {
		m.Errors = map[string]string{"": "Something went wrong. Try again."}
	}
	s.touch()
}

// accepted notes the first acknowledgement. The caller holds the lock of the server.
func (d *Delivery) accepted(took time.Duration) {
	d.acked, d.took = true, took
	select {
	case <-d.done:
	default:
		close(d.done)
	}
}

// Resend delivers the same payload again, as Discord may after a cut: an interaction with the same id and token.
func (s *Server) Resend(d *Delivery, knobs ...Knob) *Delivery {
	s.tb.Helper()
	if d.it == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		again := &Delivery{ID: d.ID, s: s, event: d.event, payload: d.payload, sent: s.now()}
		again.reached = s.dispatch(d.event, d.payload, nil)
		return again
	}
	s.mu.Lock()
	address := s.endpoint
	again := &Delivery{ID: d.ID, Token: d.Token, s: s, it: d.it, event: d.event, payload: d.payload, shape: s.shaped(knobs)}
	again.done, again.sent = make(chan struct{}), s.now()
	s.deliveries = append(s.deliveries, again)
	if address == "" {
		again.reached = s.dispatch(again.event, again.payload, nil)
	}
	s.mu.Unlock()
	if address != "" {
		s.byHTTP(again, address)
	}
	return again
}

// Deliveries gives what was sent so far.
func (s *Server) Deliveries() []*Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.deliveries)
}

func (s *Server) byHTTP(d *Delivery, address string) {
	ctx, cancel := context.WithTimeout(context.Background(), s.options.AckWithin)
	defer cancel()
	req, err := s.request(ctx, d, address)
	if err != nil {
		s.tb.Errorf("discordtest: %v", err)
		return
	}
	resp, err := s.client.Do(req)
	var answer []byte
	if err == nil {
		answer, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
		_ = resp.Body.Close()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d.err, d.answer = err, answer
	if err != nil {
		return
	}
	d.status = resp.StatusCode
	switch {
	case d.status == http.StatusAccepted:
		if len(bytes.TrimSpace(answer)) > 0 {
			s.violate("answer by body: 202 must come without a body")
		}
	case isOK(d.status) && d.it != nil && d.it.delivery == d:
		if !strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
			s.violate("answer by body: the content type must be application/json, not %q", resp.Header.Get("Content-Type"))
		}
		s.answeredByBody(d.it, answer)
	}
}

func (s *Server) request(ctx context.Context, d *Delivery, address string) (*http.Request, error) {
	body := encode(d.payload)
	stamp := strconv.FormatInt(s.now().Add(d.shape.offset).Unix(), 10)
	key := s.key
	if d.shape.wrongKey {
		key = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	}
	signature := Sign(key, stamp, body)
	if d.shape.changed {
		body[len(body)-1] ^= 1
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Discord-Interactions/1.0 (+https://discord.com)")
	if !d.shape.unsigned {
		req.Header.Set("X-Signature-Timestamp", stamp)
		req.Header.Set("X-Signature-Ed25519", signature)
	}
	return req, nil
}

// Sign gives the signature of a request body, as the header X-Signature-Ed25519 has it.
func Sign(key ed25519.PrivateKey, timestamp string, body []byte) string {
	return hex.EncodeToString(ed25519.Sign(key, append([]byte(timestamp), body...)))
}

// Probe does what Discord does before it takes an address for interactions: a PING that must be answered with a PONG,
// and one with a wrong signature that must be refused with 401. It says what is wrong, "" for nothing.
func (s *Server) Probe() string {
	s.tb.Helper()
	s.mu.Lock()
	address := s.endpoint
	ping := object{"id": s.id(), "application_id": s.AppID, "type": kindPing, "token": "probe", "version": 1}
	s.mu.Unlock()
	right := &Delivery{s: s, payload: ping, shape: s.shaped(nil)}
	s.byHTTP(right, address)
	wrong := &Delivery{s: s, payload: ping, shape: s.shaped([]Knob{WrongKey()})}
	s.byHTTP(wrong, address)
	var pong object
	switch {
	case right.err != nil:
		return right.err.Error()
	case right.status != http.StatusOK || json.Unmarshal(right.answer, &pong) != nil || num(pong, "type") != answerPong:
		return "the PING was not answered with a PONG, but with " + strconv.Itoa(right.status) + " " + string(right.answer)
	case wrong.status != http.StatusUnauthorized:
		return "a wrong signature was answered with " + strconv.Itoa(wrong.status) + " instead of 401"
	}
	return ""
}

// OK reports whether the bot acknowledged in time; a message was taken when a session of the gateway heard of it.
func (d *Delivery) OK() bool {
	return d.get(func() bool { return d.acked && !d.timedOut || d.it == nil && d.reached > 0 })
}

// Acked reports whether the bot acknowledged.
func (d *Delivery) Acked() bool { return d.get(func() bool { return d.acked || d.late }) }

// TimedOut reports whether no acknowledgement came in time.
func (d *Delivery) TimedOut() bool { return d.get(func() bool { return d.timedOut }) }

// Late reports whether the acknowledgement came after the deadline.
func (d *Delivery) Late() bool { return d.get(func() bool { return d.late }) }

func (d *Delivery) get(read func() bool) bool {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	return read()
}

// Status gives the status of the HTTP answer, 0 when there was none.
func (d *Delivery) Status() int {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	return d.status
}

// Answer gives the body of the HTTP answer.
func (d *Delivery) Answer() string {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	return string(d.answer)
}

// Refused says why Discord did not take the answer of the HTTP body, "" when it did.
func (d *Delivery) Refused() string {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	return d.refused
}

// Took gives how long the acknowledgement took.
func (d *Delivery) Took() time.Duration {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	return d.took
}

// Err gives why the bot could not be reached, or nil.
func (d *Delivery) Err() error {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	return d.err
}

// Payload gives a copy of what was sent.
func (d *Delivery) Payload() map[string]any { return maps.Clone(copied(d.payload)) }

// Gone makes the webhook of the interaction answer 404 from now on.
func (d *Delivery) Gone() {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	d.it.gone = true
}
