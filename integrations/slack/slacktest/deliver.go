package slacktest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// URLs are the addresses of a bot that listens for HTTP. Those left out get nothing; Options without an address
// is what Slack calls the Options Load URL.
type URLs struct{ Commands, Interactions, Options, Events string }

// kind is what is delivered, in the words of Socket Mode.
type kind string

const (
	slashCommand kind = "slash_commands"
	interaction  kind = "interactive"
	event        kind = "events_api"
)

// Delivery is something that the server sent to the bot, and what came back. Its methods may be called while a
// repeated delivery is on its way.
type Delivery struct {
	ResponseURL, TriggerID, EventID string // as far as the payload has them
	Options                         []string

	s        *Server
	kind     kind
	payload  object
	shape    shape
	body     []byte // of the HTTP request, once it was built
	user     string
	view     string
	channel  string
	sent     time.Time
	done     chan struct{} // closed by the first acknowledgement
	acked    bool
	late     bool
	timedOut bool
	attempts int
	status   int
	answer   []byte
	err      error
	took     time.Duration
	envelope []string
	cut      Cut
}

// shape is how a delivery differs from a proper one.
type shape struct {
	secret, team, app, thread, eventID, tab string
	offset                                  time.Duration
	unsigned, changed                       bool
	retry                                   int
	reason                                  string
}

// Knob makes a delivery differ from a proper one.
type Knob func(*shape)

// WrongSecret signs with another secret.
func WrongSecret() Knob { return func(s *shape) { s.secret = "somebody else's" } }

// Unsigned leaves the signature out.
func Unsigned() Knob { return func(s *shape) { s.unsigned = true } }

// ChangedByte changes the body after it was signed.
func ChangedByte() Knob { return func(s *shape) { s.changed = true } }

// SignedAt moves the timestamp of the signature, into the past when offset is negative.
func SignedAt(offset time.Duration) Knob { return func(s *shape) { s.offset = offset } }

// FromTeam says that it comes from another workspace.
func FromTeam(id string) Knob { return func(s *shape) { s.team = id } }

// ForApp says that it is meant for another app.
func ForApp(id string) Knob { return func(s *shape) { s.app = id } }

// InThread writes below a message.
func InThread(ts string) Knob { return func(s *shape) { s.thread = ts } }

// WithEventID sets the event_id.
func WithEventID(id string) Knob { return func(s *shape) { s.eventID = id } }

// Retry marks a delivery as the n-th repetition, for a reason such as http_timeout.
func Retry(n int, reason string) Knob { return func(s *shape) { s.retry, s.reason = n, reason } }

// OnTab is the tab that was opened: home, or messages.
func OnTab(tab string) Knob { return func(s *shape) { s.tab = tab } }

func (s *Server) shaped(knobs []Knob) shape {
	made := shape{secret: s.SigningSecret, team: s.TeamID, app: s.AppID, tab: "home"}
	for _, k := range knobs {
		k(&made)
	}
	return made
}

// UseURLs delivers by HTTP to a bot that listens elsewhere.
func (s *Server) UseURLs(u URLs) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.targets, s.useSocket = u, false
}

// UseHandler starts an HTTP server with the handler of a bot, and delivers to the paths on it.
func (s *Server) UseHandler(h http.Handler, paths URLs) {
	s.tb.Helper()
	base := s.serve("bot.test", h)
	for _, p := range []*string{&paths.Commands, &paths.Interactions, &paths.Options, &paths.Events} {
		if *p != "" {
			*p = base + *p
		}
	}
	s.UseURLs(paths)
}

// deliver sends a payload and waits for the acknowledgement, 3 s at most.
func (s *Server) deliver(d *Delivery) *Delivery {
	d.s, d.done = s, make(chan struct{})
	s.mu.Lock()
	s.deliveries = append(s.deliveries, d)
	s.mu.Unlock()
	s.attempt(d)
	return d
}

// attempt sends a delivery once.
func (s *Server) attempt(d *Delivery) {
	s.mu.Lock()
	socket := s.useSocket
	s.mu.Unlock()
	if socket {
		s.bySocket(d)
		return
	}
	s.byHTTP(d)
}

// Resend delivers the same payload again: over HTTP the same bytes under a new signature.
func (s *Server) Resend(d *Delivery, knobs ...Knob) *Delivery {
	made := s.shaped(knobs)
	again := &Delivery{
		ResponseURL: d.ResponseURL, TriggerID: d.TriggerID, EventID: d.EventID, kind: d.kind, payload: d.payload,
		shape: made, body: d.body, user: d.user, view: d.view, channel: d.channel,
	}
	return s.deliver(again)
}

// Insist repeats an event that was not acknowledged as Slack does: at once, after a minute, after five more. It gives the
// last attempt.
func (s *Server) Insist(d *Delivery) *Delivery {
	for i, wait := range []time.Duration{0, time.Minute, 5 * time.Minute} {
		if d.OK() {
			break
		}
		reason := "http_error"
		switch {
		case d.TimedOut():
			reason = "http_timeout"
		case d.Status() == 0:
			reason = "connection_failed"
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-s.closed:
		}
		d = s.Resend(d, Retry(i+1, reason))
	}
	return d
}

// Deliveries gives what was sent so far.
func (s *Server) Deliveries() []*Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.deliveries)
}

func (s *Server) byHTTP(d *Delivery) {
	ctx, cancel := context.WithTimeout(context.Background(), s.options.AckWithin)
	defer cancel()
	req, err := s.request(ctx, d)
	if err != nil {
		s.tb.Errorf("slacktest: %v", err)
		return
	}
	s.mu.Lock()
	d.attempts++
	d.sent = s.now()
	s.mu.Unlock()
	resp, err := s.client.Do(req)
	if err != nil {
		s.answered(d, 0, nil, err)
		return
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	s.answered(d, resp.StatusCode, answer, err)
}

func (s *Server) request(ctx context.Context, d *Delivery) (*http.Request, error) {
	address, contentType := s.address(d)
	if d.body == nil {
		d.body = d.encode()
	}
	timestamp := strconv.FormatInt(s.now().Add(d.shape.offset).Unix(), 10)
	signature := Sign(d.shape.secret, timestamp, d.body)
	body := bytes.Clone(d.body)
	if d.shape.changed {
		body[len(body)-1] ^= 1
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)")
	if !d.shape.unsigned {
		req.Header.Set("X-Slack-Request-Timestamp", timestamp)
		req.Header.Set("X-Slack-Signature", signature)
	}
	if d.shape.retry > 0 {
		req.Header.Set("X-Slack-Retry-Num", strconv.Itoa(d.shape.retry))
		req.Header.Set("X-Slack-Retry-Reason", d.shape.reason)
	}
	return req, nil
}

// Sign gives the signature of a request body, as the header X-Slack-Signature has it.
func Sign(secret, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("v0:" + timestamp + ":"))
	mac.Write(body)
	return "v0=" + hex.EncodeToString(mac.Sum(nil))
}

func (s *Server) address(d *Delivery) (address, contentType string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	const form = "application/x-www-form-urlencoded"
	switch {
	case d.kind == slashCommand:
		return s.targets.Commands, form
	case d.kind == event:
		return s.targets.Events, "application/json"
	case str(d.payload, "type") == "block_suggestion":
		return s.targets.Options, form
	}
	return s.targets.Interactions, form
}

// encode gives the body of the HTTP request.
func (d *Delivery) encode() []byte {
	switch d.kind {
	case slashCommand:
		form := url.Values{}
		for key, v := range d.payload {
			switch v := v.(type) {
			case string:
				form.Set(key, v)
			case bool:
				form.Set(key, strconv.FormatBool(v))
			}
		}
		return []byte(form.Encode())
	case interaction:
		return []byte(url.Values{"payload": {string(encode(d.payload))}}.Encode())
	case event:
	}
	return encode(d.payload)
}

// answered notes what came back over HTTP and shows it.
func (s *Server) answered(d *Delivery, status int, answer []byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d.status, d.answer, d.err, d.took = status, answer, err, s.now().Sub(d.sent)
	d.timedOut = errors.Is(err, context.DeadlineExceeded) || d.took > s.options.AckWithin
	if err == nil && status == http.StatusOK && !d.timedOut {
		s.accept(d, answer)
		return
	}
	s.failed(d)
	s.touch()
}

// accept shows what an acknowledgement says, once.
func (s *Server) accept(d *Delivery, answer []byte) {
	first := !d.acked
	d.acked = true
	if first {
		s.show(d, bytes.TrimSpace(answer))
		close(d.done)
	}
	s.touch()
}

// show does what Slack does with the body of an acknowledgement.
func (s *Server) show(d *Delivery, answer []byte) {
	switch {
	case d.kind == slashCommand && len(answer) > 0:
		s.showAnswer(d, answer)
	case str(d.payload, "type") == "view_submission":
		s.showSubmission(d, answer)
	case str(d.payload, "type") == "block_suggestion":
		d.Options = s.suggested(d, answer)
	}
}

// showAnswer writes the message that a command was answered with: to the one who gave it, unless it says otherwise.
func (s *Server) showAnswer(d *Delivery, answer []byte) {
	c := &Call{Method: "answer of a command", At: s.now()}
	if err := json.Unmarshal(answer, &c.Args); err != nil {
		c.Args = object{"text": string(answer)}
	}
	m, f := s.compose(c)
	if f != nil {
		return
	}
	if str(c.Args, "response_type") != "in_channel" {
		m.To = d.user
	}
	if ch := s.channel(d.channel); ch != nil {
		s.store(ch, m)
	}
}

// failed tells the person in a modal that the bot did not answer.
func (s *Server) failed(d *Delivery) {
	if v := s.viewBy(func(v *View) bool { return v.ID == d.view && d.view != "" }); v != nil && str(d.payload, "type") == "view_submission" {
		v.Errors = map[string]string{"": "We had some trouble connecting. Try again?"}
	}
}

// OK reports whether the bot acknowledged in time.
func (d *Delivery) OK() bool { return d.get(func() bool { return d.acked && !d.timedOut && !d.late }) }

// Acked reports whether the bot acknowledged, be it late.
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

// Answer gives the body of the HTTP answer or the payload of the acknowledgement.
func (d *Delivery) Answer() string {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	return string(d.answer)
}

// Took gives how long the acknowledgement took.
func (d *Delivery) Took() time.Duration {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	return d.took
}

// Attempts gives how often it was sent.
func (d *Delivery) Attempts() int {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	return d.attempts
}

// Err gives why the bot could not be reached, or nil.
func (d *Delivery) Err() error {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	return d.err
}

// Payload gives a copy of what was sent.
func (d *Delivery) Payload() map[string]any { return maps.Clone(copied(d.payload)) }
