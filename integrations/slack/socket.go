package slack

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
	"golang.org/x/time/rate"
)

const (
	socketCount  = 2               // while one is refreshed, the other takes what comes
	socketApart  = 3 * time.Second // between the starts of the two, so that they are not refreshed in the same moment
	socketWait   = time.Second
	socketMost   = 30 * time.Second
	socketOpens  = 4                      // openings in a row; then one each socketEvery
	socketEvery  = 10 * time.Second       // Slack takes about 50 a minute, and closes what is too many at once
	socketJitter = 500 * time.Millisecond // before opening again
	socketIdle   = 10 * time.Minute       // without an event, then a socket is opened anew
	handshake    = 10 * time.Second
	socketBuffer = 32 << 10 // an answer must go in one frame
	maxAck       = 19 << 10 // bytes of an acknowledgement; Slack drops those from 20 KB
	drainLimit   = 5 * time.Second
	drainLast    = 200 * time.Millisecond // for the last acknowledgement to leave
)

// serveSockets keeps the sockets open until ctx ends.
func (s *Slack) serveSockets(ctx context.Context) {
	var sockets sync.WaitGroup
	for i := range socketCount {
		sockets.Go(func() {
			if pause(ctx, time.Duration(i)*socketApart) {
				s.keepSocket(ctx)
			}
		})
	}
	sockets.Wait()
}

// pause waits, and reports whether ctx lasts still.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// jitter is up to so long.
func jitter(most time.Duration) time.Duration { return rand.N(most) } //nolint:gosec // to spread attempts

// keepSocket opens a socket again whenever it ends. slack-go waits between attempts itself, but gives up where
// the token is refused, which an operator may mend while we run.
func (s *Slack) keepSocket(ctx context.Context) {
	wait := socketWait
	opens := rate.NewLimiter(rate.Every(socketEvery), socketOpens)
	for ctx.Err() == nil {
		start := time.Now()
		err := s.runSocket(ctx, opens)
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, errIdle) {
			wait = socketWait
			pause(ctx, socketApart+jitter(socketJitter)) // else Slack may count the old one still
			continue
		}
		if time.Since(start) > socketMost {
			wait = socketWait
		}
		next := wait + jitter(wait)
		s.log.Error("no socket to Slack; check slack.app_token with callboard doctor", "error", explain(err), "next_try", next)
		pause(ctx, next)
		wait = min(2*wait, socketMost)
	}
}

// errIdle ends a socket that brought nothing for a while. Slack says how many sockets an app has only when one opens, so
// that is how another program is noticed; one that takes all events looks like a day on which nobody asks. A socket that has
// work is left alone: an event that is on its way while we close it would have to be sent again, and nothing in the protocol asks
// Slack to stop sending first.
var errIdle = errors.New("the socket is idle")

// runSocket keeps one socket open, over all its refreshes, until ctx ends or slack-go gives up. At the end of ctx
// what was read is acknowledged before the socket closes.
func (s *Slack) runSocket(ctx context.Context, opens *rate.Limiter) error {
	open, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	api := slack.New(s.options.BotToken.Reveal(), s.clientOptions(slack.OptionHTTPClient(&paced{client: s.options.Client, opens: opens}))...)
	client := socketmode.New(api, socketmode.OptionDialer(s.dialer()), socketmode.OptionReadLimit(maxBody), socketmode.OptionLog(log.New(io.Discard, "", 0)))
	var reading sync.WaitGroup
	reading.Go(func() { cancel(s.readSocket(ctx, open, client)) })
	err := client.RunContext(open)
	if cause := context.Cause(open); cause != nil {
		err = cause
	}
	cancel(err)
	reading.Wait()
	return err
}

// paced opens sockets no faster than Slack takes them: slack-go opens the next one at once when Slack closes a
// new one, as it does when an app has too many.
type paced struct {
	client *http.Client
	opens  *rate.Limiter
	again  bool
}

// Do is what slack-go calls.
func (p *paced) Do(r *http.Request) (*http.Response, error) {
	if p.again {
		pause(r.Context(), jitter(socketJitter))
	}
	p.again = true
	if err := p.opens.Wait(r.Context()); err != nil {
		return nil, err
	}
	return p.client.Do(r) //nolint:gosec // slack-go made it, for the configured address
}

func (s *Slack) dialer() *websocket.Dialer {
	d := &websocket.Dialer{
		HandshakeTimeout: handshake, WriteBufferSize: socketBuffer,
		NetDialContext: s.options.Sockets.Dial, TLSClientConfig: s.options.Sockets.TLS,
	}
	if proxy := s.options.Sockets.Proxy; proxy != nil {
		d.Proxy = http.ProxyURL(proxy)
	}
	return d
}

// readSocket works on what a socket brings, each event by itself, so that a slow one holds up no other. When ctx ends it
// takes nothing new, and returns when what it took is acknowledged; when open ends it returns at once.
func (s *Slack) readSocket(ctx, open context.Context, client *socketmode.Client) error {
	connected := false
	defer func() { s.countSocket(connected, false) }()
	idle := time.NewTimer(socketIdle + jitter(socketIdle/5))
	defer idle.Stop()
	var taken sync.WaitGroup
	take := func(e *socketmode.Request) {
		idle.Reset(socketIdle + jitter(socketIdle/5))
		taken.Go(func() { s.envelope(open, client, e) })
	}
	for {
		var event socketmode.Event
		select {
		case <-open.Done():
			return nil
		case <-ctx.Done():
			drained(open, &taken)
			return nil
		case <-idle.C:
			if len(client.Events) == 0 && s.leave(connected) {
				connected = false
				return errIdle
			}
			idle.Reset(socketMost + jitter(socketMost))
			continue
		case event = <-client.Events:
		}
		switch event.Type {
		case socketmode.EventTypeConnected:
			s.countSocket(connected, true)
			connected = true
		case socketmode.EventTypeConnecting:
			s.countSocket(connected, false)
			connected = false
		case socketmode.EventTypeHello:
			s.greeted(event.Request)
		case socketmode.EventTypeEventsAPI, socketmode.EventTypeInteractive, socketmode.EventTypeSlashCommand:
			take(event.Request)
		case socketmode.EventTypeErrorBadMessage:
			if e := s.unparsed(event.Data); e != nil {
				take(e)
			}
		case socketmode.EventTypeConnectionError:
			if err := s.unconnected(event.Data); err != nil {
				return err
			}
		case socketmode.EventTypeErrorWriteFailed:
			s.log.Info("an acknowledgement was lost with its socket; Slack sends the event again")
		default: // of the others slack-go takes care
		}
	}
}

// drained waits for the acknowledgements of what was taken, for a moment.
func drained(open context.Context, taken *sync.WaitGroup) {
	all := make(chan struct{})
	go func() { defer close(all); taken.Wait() }()
	timer := time.NewTimer(drainLimit)
	defer timer.Stop()
	select {
	case <-all:
		pause(open, drainLast)
	case <-timer.C:
	case <-open.Done():
	}
}

// unconnected notes an attempt that failed. slack-go waits up to five minutes between two, which is long for people: it is
// begun anew instead.
func (s *Slack) unconnected(data any) error {
	failed, is := data.(*slack.ConnectionErrorEvent)
	if !is {
		return nil
	}
	var limit *slack.RateLimitedError
	if failed.Backoff > socketMost && !errors.As(failed.ErrorObj, &limit) {
		return failed.ErrorObj
	}
	s.log.Warn("no socket to Slack", "error", explain(failed.ErrorObj), "attempt", failed.Attempt, "next_try", failed.Backoff)
	return nil
}

// countSocket notes that a socket opened or closed.
func (s *Slack) countSocket(before, now bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case now && !before:
		s.sockets++
	case before && !now:
		s.sockets--
	}
	s.meters.sockets.Set(float64(s.sockets))
}

// leave reports whether a socket may close, because all the others are open, and counts it as closed then.
func (s *Slack) leave(connected bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !connected || s.sockets < socketCount {
		return false
	}
	s.sockets--
	s.meters.sockets.Set(float64(s.sockets))
	return true
}

// greeted notes when somebody else holds sockets of the same app: events are split between both then. One more than ours
// may be an old one of ours that Slack has not closed yet, so it counts when it is there twice in a row.
func (s *Slack) greeted(hello *socketmode.Request) {
	if hello == nil {
		return
	}
	s.mu.Lock()
	ours, before := s.sockets, s.rivals
	more := hello.NumConnections - ours
	s.others++
	switch {
	case more <= 0:
		s.others, s.rivals = 0, 0
	case more > 1 || s.others > 1:
		s.rivals = more
	}
	rivals := s.rivals
	s.meters.rivals.Set(float64(rivals))
	s.mu.Unlock()
	switch {
	case rivals > 0:
		s.log.Warn("another program has sockets to the same Slack app, and gets a part of its events: stop it, or give it an app of its own",
			"connections", hello.NumConnections, "ours", ours)
	case before > 0:
		s.log.Info("no other program has sockets to the same Slack app any more")
	}
}

// envelope works on one event and acknowledges it; one that was not taken is left for Slack to send again. An
// acknowledgement may be lost with its socket, so that the answer to a command does not travel with it.
func (s *Slack) envelope(ctx context.Context, client *socketmode.Client, e *socketmode.Request) {
	start := time.Now()
	t, err := s.fromEnvelope(e.Type, e.Payload)
	if err != nil {
		s.drop(err)
		s.acknowledge(ctx, client, e.EnvelopeID, nil)
		return
	}
	carries := maxAck
	if !e.AcceptsResponsePayload || e.Type == socketmode.RequestTypeSlashCommands {
		carries = 0
	}
	r := s.react(t, carries) //nolint:contextcheck // an answer outlives its socket
	if !r.taken {
		return
	}
	s.acknowledge(ctx, client, e.EnvelopeID, r.body)
	s.meters.ack.Observe(time.Since(start).Seconds())
}

func (s *Slack) acknowledge(ctx context.Context, client *socketmode.Client, id string, body json.RawMessage) {
	var payload any // nil for none: an empty RawMessage would be the word null
	if body != nil {
		payload = body
	}
	if err := client.AckCtx(ctx, id, payload); err != nil && ctx.Err() == nil {
		s.log.Warn("an event from Slack could not be acknowledged", "error", err)
	}
}

// fromEnvelope reads the payload of an envelope, which is what the HTTP request would have held.
func (s *Slack) fromEnvelope(kind string, payload json.RawMessage) (*turn, error) {
	switch kind {
	case socketmode.RequestTypeSlashCommands:
		var fields map[string]any
		if err := json.Unmarshal(payload, &fields); err != nil {
			return nil, errMalformed
		}
		form := url.Values{}
		for name, value := range fields {
			if text, is := value.(string); is {
				form.Set(name, text)
			}
		}
		return s.fromCommand(form)
	case socketmode.RequestTypeEventsAPI:
		var o outer
		if err := json.Unmarshal(payload, &o); err != nil {
			return nil, errMalformed
		}
		return s.fromEvent(&o)
	case socketmode.RequestTypeInteractive:
		return s.fromInteraction(payload)
	}
	return nil, errUnroutable
}

// unparsed gives an event that slack-go does not know, which Slack would send again and again; nil when it is none.
func (s *Slack) unparsed(data any) *socketmode.Request {
	bad, is := data.(*socketmode.ErrorBadMessage)
	var e socketmode.Request
	if !is || json.Unmarshal(bad.Message, &e) != nil || e.EnvelopeID == "" {
		s.drop(errMalformed)
		return nil
	}
	return &e
}
