package slack

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack/socketmode"
)

const (
	socketCount  = 2 // while one is refreshed, the other takes what comes
	socketWait   = time.Second
	socketMost   = time.Minute
	handshake    = 10 * time.Second
	socketBuffer = 32 << 10 // an answer must go in one frame
	maxAck       = 19 << 10 // bytes of an acknowledgement; Slack drops those from 20 KB
)

// serveSockets keeps the sockets open until ctx ends.
func (s *Slack) serveSockets(ctx context.Context) error {
	var sockets sync.WaitGroup
	for range socketCount {
		sockets.Go(func() { s.keepSocket(ctx) })
	}
	sockets.Wait()
	return nil
}

// keepSocket opens a socket again whenever it ends. slack-go waits between attempts itself, but gives up where
// the token is refused, which an operator may mend while we run.
func (s *Slack) keepSocket(ctx context.Context) {
	wait := socketWait
	for ctx.Err() == nil {
		start := time.Now()
		err := s.runSocket(ctx)
		if ctx.Err() != nil {
			return
		}
		if time.Since(start) > socketMost {
			wait = socketWait
		}
		s.log.Error("no socket to Slack", "error", explain(err), "next_try", wait)
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
		wait = min(2*wait, socketMost)
	}
}

func (s *Slack) runSocket(ctx context.Context) error {
	client := socketmode.New(s.api, socketmode.OptionDialer(s.dialer()), socketmode.OptionReadLimit(maxBody))
	ctx, cancel := context.WithCancel(ctx)
	var reading sync.WaitGroup
	reading.Go(func() { s.readSocket(ctx, client) })
	defer reading.Wait()
	defer cancel()
	return client.RunContext(ctx)
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

// readSocket works on what a socket brings, each event by itself, so that a slow one holds up no other.
func (s *Slack) readSocket(ctx context.Context, client *socketmode.Client) {
	open := false
	defer func() { s.countSocket(open, false) }()
	for {
		var event socketmode.Event
		select {
		case <-ctx.Done():
			return
		case event = <-client.Events:
		}
		switch event.Type {
		case socketmode.EventTypeHello:
			s.greeted(event.Request)
		case socketmode.EventTypeConnected:
			s.countSocket(open, true)
			open = true
		case socketmode.EventTypeConnecting:
			s.countSocket(open, false)
			open = false
		case socketmode.EventTypeConnectionError, socketmode.EventTypeInvalidAuth, socketmode.EventTypeErrorWriteFailed:
			s.log.Warn("trouble with a socket to Slack", "event", string(event.Type))
		case socketmode.EventTypeErrorBadMessage:
			if bad, is := event.Data.(*socketmode.ErrorBadMessage); is {
				s.unparsed(ctx, client, bad)
			}
		case socketmode.EventTypeEventsAPI, socketmode.EventTypeInteractive, socketmode.EventTypeSlashCommand:
			s.work.Go(func() { s.envelope(ctx, client, event.Request) })
		}
	}
}

// countSocket notes that a socket opened or closed.
func (s *Slack) countSocket(before, now bool) {
	switch {
	case now && !before:
		s.meters.sockets.Inc()
	case before && !now:
		s.meters.sockets.Dec()
	}
}

// greeted warns when somebody else holds sockets of the same app: events are split between both then.
func (s *Slack) greeted(hello *socketmode.Request) {
	if hello != nil && hello.NumConnections > socketCount+1 { // one more may be closing
		s.log.Warn("another program has sockets to the same Slack app, and gets a part of its events: stop it, or give it an app of its own",
			"connections", hello.NumConnections, "ours", socketCount)
	}
}

// envelope works on one event and acknowledges it; one that was not taken is left for Slack to send again.
func (s *Slack) envelope(ctx context.Context, client *socketmode.Client, e *socketmode.Request) {
	start := time.Now()
	t, err := s.fromEnvelope(e.Type, e.Payload)
	if err != nil {
		s.drop(err)
		s.acknowledge(ctx, client, e.EnvelopeID, nil)
		return
	}
	carries := maxAck
	if !e.AcceptsResponsePayload {
		carries = 0
	}
	r := s.react(t, carries)
	if !r.taken {
		return
	}
	s.acknowledge(ctx, client, e.EnvelopeID, r.body)
	s.meters.ack.Observe(time.Since(start).Seconds())
}

func (s *Slack) acknowledge(ctx context.Context, client *socketmode.Client, id string, body any) {
	if err := client.AckCtx(ctx, id, body); err != nil && ctx.Err() == nil {
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

// unparsed takes an event that slack-go does not know, which Slack would send again and again.
func (s *Slack) unparsed(ctx context.Context, client *socketmode.Client, bad *socketmode.ErrorBadMessage) {
	var e socketmode.Request
	if json.Unmarshal(bad.Message, &e) != nil || e.EnvelopeID == "" {
		s.drop(errMalformed)
		return
	}
	s.work.Go(func() { s.envelope(ctx, client, &e) })
}
