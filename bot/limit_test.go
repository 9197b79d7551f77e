package bot_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"callboard/bot"
	"callboard/bot/bottest"
	"callboard/bot/card"
)

func fine(context.Context, *bot.Request) bot.Reply {
	return bot.Reply{Card: &card.Card{Summary: "fine"}}.Fine()
}

func from(user, channel string) *bot.Request {
	return &bot.Request{
		Kind: bot.Typed, User: bot.ChatUser{Platform: "slack", Workspace: "T1", ID: user},
		Address: bot.Address{Platform: "slack", Workspace: "T1", Channel: channel, Private: channel == "dm"},
	}
}

// outcomes asks n times and counts the answers; words are refusals that say something.
func outcomes(t *testing.T, handle bot.Handler, n int, ask func(i int) *bot.Request) (answered, refused, words int) {
	t.Helper()
	for i := range n {
		switch reply := handle(t.Context(), ask(i)); reply.Outcome {
		case bot.Fine:
			answered++
		case bot.Busy:
			refused++
			if reply.Card != nil {
				words++
			}
		default:
			t.Fatalf("outcome %s", reply.Outcome)
		}
	}
	return answered, refused, words
}

func TestLimit(t *testing.T) {
	tests := []struct {
		name                     string
		ask                      func(i int) *bot.Request
		answered, refused, words int
	}{
		{"one user floods", func(int) *bot.Request { return from("U1", "dm") }, 20, 180, 1},
		{"ten users in messages of their own", func(i int) *bot.Request { return from(fmt.Sprint("U", i%10), "dm") }, 200, 0, 0},
		{"ten users in one channel", func(i int) *bot.Request { return from(fmt.Sprint("U", i%10), "C1") }, 100, 100, 1},
		{"threads are one channel", func(i int) *bot.Request {
			req := from(fmt.Sprint("U", i%10), "C1")
			req.Address.Thread = strconv.Itoa(i)
			return req
		}, 100, 100, 1},
		{"the console", func(int) *bot.Request { return &bot.Request{Kind: bot.Typed} }, 200, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				handle := bot.Limit(bot.DefaultLimits())(fine)
				answered, refused, words := outcomes(t, handle, 200, tt.ask)
				if answered != tt.answered || refused != tt.refused || words != tt.words {
					t.Errorf("answered %d, refused %d, in words %d; want %d, %d, %d", answered, refused, words, tt.answered, tt.refused, tt.words)
				}
			})
		})
	}
}

func TestLimit_Recovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handle := bot.Limit(bot.DefaultLimits())(fine)
		outcomes(t, handle, 100, func(int) *bot.Request { return from("U1", "dm") })
		<-time.After(5 * time.Second)
		answered, _, words := outcomes(t, handle, 10, func(int) *bot.Request { return from("U1", "dm") })
		if answered != 5 || words != 1 {
			t.Errorf("5 s later %d answered and %d refusals in words, want 5 and 1", answered, words)
		}
	})
}

func TestLimit_InFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := bot.DefaultLimits()
		limits.InFlight = 3
		release := make(chan struct{})
		handle := bot.Limit(limits)(func(ctx context.Context, req *bot.Request) bot.Reply {
			<-release
			return fine(ctx, req)
		})
		for i := range 3 {
			go handle(t.Context(), from(fmt.Sprint("U", i), "dm"))
		}
		synctest.Wait()
		if reply := handle(t.Context(), from("U9", "dm")); reply.Outcome != bot.Busy || reply.Card == nil {
			t.Errorf("the fourth at once: %+v, want a polite refusal", reply)
		}
		close(release)
		synctest.Wait()
		if reply := handle(t.Context(), from("U9", "dm")); reply.Outcome != bot.Fine {
			t.Errorf("afterwards: %+v", reply)
		}
	})
}

// A flood of accounts that ask once each takes bounded memory, and somebody new is served as soon as one of
// them could ask again in full.
func TestLimit_ManyAccounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handle := bot.Limit(bot.DefaultLimits())(fine)
		answered, refused, _ := outcomes(t, handle, 100_000, func(i int) *bot.Request { return from(fmt.Sprint("U", i), "dm") })
		if answered != 20_000 || refused != 80_000 {
			t.Errorf("answered %d and refused %d, want 20000 and 80000", answered, refused)
		}
		<-time.After(2 * time.Second)
		if reply := handle(t.Context(), from("new", "dm")); reply.Outcome != bot.Fine {
			t.Errorf("afterwards: %+v", reply)
		}
		runtime.KeepAlive(handle)
	})
}

func TestOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inbox := new(bottest.Memory)
		writes := func(req *bot.Request) bool { return req.Kind == bot.Submission }
		started := func() bot.Handler { return bot.Once(writes, inbox, slog.New(slog.DiscardHandler))(fine) }
		event := func(id string, kind bot.Kind) *bot.Request {
			req := from("U1", "C1")
			req.ID, req.Kind = id, kind
			return req
		}
		handle := started()
		expect := func(req *bot.Request, want bot.Outcome) {
			t.Helper()
			if got := handle(t.Context(), req).Outcome; got != want {
				t.Errorf("%s %s: %s, want %s", req.Kind, req.ID, got, want)
			}
		}
		expect(event("e1", bot.Typed), bot.Fine)
		expect(event("e1", bot.Typed), bot.Repeated)
		expect(event("e2", bot.Submission), bot.Fine)
		expect(event("", bot.Typed), bot.Fine)
		expect(event("", bot.Typed), bot.Fine)
		handle = started()
		expect(event("e1", bot.Typed), bot.Fine) // reads are remembered in memory only
		expect(event("e2", bot.Submission), bot.Repeated)
		<-time.After(23 * time.Hour)
		expect(event("e1", bot.Typed), bot.Repeated)
		<-time.After(2 * time.Hour)
		expect(event("e1", bot.Typed), bot.Fine)
	})
}

type brokenInbox struct{ err error }

func (b *brokenInbox) Take(context.Context, string, []byte) (bool, error) { return b.err == nil, b.err }
func (b *brokenInbox) Done(context.Context, string) error                 { return b.err }
func (b *brokenInbox) Left(context.Context) ([]bot.Left, error)           { return nil, b.err }

// A write that cannot be recorded is refused, and may be tried again.
func TestOnce_BrokenInbox(t *testing.T) {
	inbox := &brokenInbox{errors.New("disk full")}
	handle := bot.Once(func(*bot.Request) bool { return true }, inbox, slog.New(slog.DiscardHandler))(fine)
	req := from("U1", "C1")
	req.ID = "e1"
	if got := handle(t.Context(), req).Outcome; got != bot.Fault {
		t.Errorf("outcome %s, want fault", got)
	}
	inbox.err = nil
	if got := handle(t.Context(), req).Outcome; got != bot.Fine {
		t.Errorf("afterwards %s, want fine", got)
	}
}

// Suggestions have a bucket of their own: whoever looked for a name can still send what was chosen.
func TestLimit_Suggestions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handle := bot.Limit(bot.DefaultLimits())(fine)
		answered, refused, words := outcomes(t, handle, 200, func(int) *bot.Request {
			req := from("U1", "C1")
			req.Kind = bot.Complete
			return req
		})
		if answered != 50 || refused != 150 || words != 0 {
			t.Errorf("%d suggestions, %d refused, %d with words, want 50, 150 and 0", answered, refused, words)
		}
		if reply := handle(t.Context(), from("U1", "C1")); reply.Outcome != bot.Fine {
			t.Errorf("the command itself is answered by %s", reply.Outcome)
		}
	})
}
