package slacktest_test

import (
	"bytes"
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"callboard/integrations/slack/slacktest"
)

// listen runs slack-go's Socket Mode client, which acknowledges commands with a text, and sends what it got.
func listen(t *testing.T, s *slacktest.Server) <-chan socketmode.Event {
	t.Helper()
	sm := socketmode.New(client(s, s.BotToken), socketmode.OptionDialer(s.Dialer()))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = sm.RunContext(ctx) }()
	got := make(chan socketmode.Event, 1000)
	answering := make(chan struct{})
	go func() {
		defer close(answering)
		for {
			select {
			case e := <-sm.Events:
				switch e.Type {
				case socketmode.EventTypeSlashCommand:
					_ = sm.AckCtx(ctx, e.Request.EnvelopeID, map[string]any{"text": "answer"})
				case socketmode.EventTypeEventsAPI, socketmode.EventTypeInteractive:
					_ = sm.AckCtx(ctx, e.Request.EnvelopeID, nil)
				default:
				}
				got <- e
			case <-ctx.Done():
				return
			}
		}
	}()
	t.Cleanup(func() { cancel(); <-done; <-answering })
	return got
}

// await gives the next event of a type.
func await(t *testing.T, events <-chan socketmode.Event, kind socketmode.EventType) socketmode.Event {
	t.Helper()
	for {
		select {
		case e := <-events:
			if e.Type == kind {
				return e
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("no %s came", kind)
		}
	}
}

func TestServer_Socket(t *testing.T) {
	t.Parallel()
	for _, memory := range []bool{false, true} {
		s := slacktest.New(t, slacktest.Options{Memory: memory})
		events := listen(t, s)
		if hello := await(t, events, socketmode.EventTypeHello); hello.Request.NumConnections != 1 || hello.Request.ConnectionInfo.AppID != s.AppID {
			t.Errorf("%+v", hello.Request)
		}
		if d := s.Command("U1", "C1", "/who-owns", "checkout"); !d.OK() || d.Attempts() != 1 {
			t.Fatalf("the command: %+v", d.Err())
		}
		if got := s.Channel("C1").Last("U1"); got.Text != "answer" || got.To != "U1" {
			t.Errorf("%+v", got)
		}
		e := await(t, events, socketmode.EventTypeSlashCommand)
		if c, _ := e.Data.(slack.SlashCommand); c.Text != "checkout" || !e.Request.AcceptsResponsePayload {
			t.Errorf("%+v, %+v", c, e.Request)
		}
		if d := s.Mention("U1", "C1", "hello"); !d.OK() {
			t.Error(d.Err())
		}
		if e = await(t, events, socketmode.EventTypeEventsAPI); e.Request.AcceptsResponsePayload {
			t.Error("events take no payload")
		}
	}
}

func TestServer_SocketCuts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		cut      slacktest.Cut
		attempts int
	}{
		{"before it is read", slacktest.BeforeRead, 2},
		{"before the acknowledgement", slacktest.BeforeAck, 2},
		{"after the acknowledgement", slacktest.AfterAck, 1},
	}
	for _, memory := range []bool{false, true} {
		for _, test := range tests {
			s := slacktest.New(t, slacktest.Options{Memory: memory})
			events := listen(t, s)
			await(t, events, socketmode.EventTypeHello)
			s.CutNext(test.cut)
			d := s.Mention("U1", "C1", "hello", slacktest.WithEventID("Ev7"))
			s.Mention("U1", "C1", "after")
			seen := 0 // slack-go may drop what it has read when the connection breaks, so at least once
			for contains(await(t, events, socketmode.EventTypeEventsAPI), "Ev7") {
				seen++
			}
			if !d.OK() || d.Attempts() != test.attempts || seen == 0 || seen > test.attempts {
				t.Errorf("%s (memory %v): ok %v, %d attempts, seen %d times", test.name, memory, d.OK(), d.Attempts(), seen)
			}
		}
	}
}

func contains(e socketmode.Event, id string) bool {
	return e.Request != nil && len(e.Request.Payload) > 0 && bytes.Contains(e.Request.Payload, []byte(id))
}

func TestServer_SocketDisconnect(t *testing.T) {
	t.Parallel()
	s := slacktest.New(t, slacktest.Options{})
	events := listen(t, s)
	await(t, events, socketmode.EventTypeHello)
	s.Disconnect("refresh_requested")
	await(t, events, socketmode.EventTypeHello)
	if !s.Command("U1", "C1", "/who-owns", "x").OK() {
		t.Error("nothing comes over the new connection")
	}
}

func TestServer_SecondConsumer(t *testing.T) {
	t.Parallel()
	s := slacktest.New(t, slacktest.Options{})
	events := listen(t, s)
	await(t, events, socketmode.EventTypeHello)
	other := s.Consume()
	for range 6 {
		s.Mention("U1", "C1", "hello")
	}
	if n := len(other.Received()); n != 3 {
		t.Errorf("the other one got %d of 6", n)
	}
}

func TestServer_ManySockets(t *testing.T) {
	t.Parallel()
	s := slacktest.New(t, slacktest.Options{})
	for range 10 {
		s.Consume()
	}
	_, address, err := client(s, s.BotToken).StartSocketModeContext(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ws, resp, err := s.Dialer().DialContext(t.Context(), address, nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	var frame map[string]any
	if err := ws.ReadJSON(&frame); err != nil || frame["reason"] != "too_many_websockets" {
		t.Errorf("the eleventh: %v, %v", frame, err)
	}
	_ = ws.Close()
	if _, resp, err := s.Dialer().DialContext(t.Context(), address, nil); err == nil || resp.StatusCode != http.StatusForbidden {
		t.Error("an address counts once")
	} else {
		_ = resp.Body.Close()
	}
}

// In a bubble of synctest hours pass at once: pings keep the connection, and a silent bot is noticed.
func TestServer_SocketInVirtualTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := slacktest.New(t, slacktest.Options{Memory: true})
		events := listen(t, s)
		await(t, events, socketmode.EventTypeHello)
		<-time.After(2 * time.Hour)
		if !s.Command("U1", "C1", "/who-owns", "x").OK() || s.Sockets() != 1 {
			t.Error("the connection did not last")
		}
		s.CloseSockets()
		synctest.Wait()
		d := s.Command("U1", "C1", "/who-owns", "x")
		if !d.OK() {
			t.Errorf("after the cut: %v", d.Err())
		}
	})
}

// An acknowledgement that comes too late counts for nothing, but is noted.
func TestServer_LateAck(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := slacktest.New(t, slacktest.Options{Memory: true})
		_, address, err := client(s, s.BotToken).StartSocketModeContext(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ws, resp, err := s.Dialer().DialContext(t.Context(), address, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _, _ = ws.Close(), resp.Body.Close() }()
		go func() {
			for {
				var frame struct {
					EnvelopeID string `json:"envelope_id"`
				}
				if ws.ReadJSON(&frame) != nil {
					return
				}
				if frame.EnvelopeID != "" {
					<-time.After(4 * time.Second)
					_ = ws.WriteJSON(frame)
				}
			}
		}()
		s.Until("the connection", func() bool { return s.Sockets() == 1 })
		d := s.Command("U1", "C1", "/who-owns", "x")
		if !d.TimedOut() || d.OK() {
			t.Error("it was in time")
		}
		s.Until("the late acknowledgement", d.Late)
	})
}
