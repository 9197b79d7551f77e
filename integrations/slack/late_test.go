package slack_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"callboard/bot"
	"callboard/bot/bottest"
	"callboard/bot/card"
	"callboard/integrations/slack/slacktest"
)

// form is a form of one input.
func form() *card.Form {
	return &card.Form{Title: "Ask", Command: "ask", Pages: []card.Page{{
		Submit: "Send", Inputs: []card.Input{{Name: "name", Label: "Name", Kind: card.LineInput, Required: true}, {Name: "who", Label: "Who", Kind: card.EntityInput}},
	}}}
}

// slowly answers after a while; forms open at once.
func slowly(after time.Duration) bot.Handler {
	return func(ctx context.Context, req *bot.Request) bot.Reply {
		req.Taken()
		if req.Text == "ask" && req.Kind == bot.Typed {
			return bot.Reply{Form: form()}.Fine()
		}
		select {
		case <-time.After(after):
		case <-ctx.Done():
		}
		if req.Kind == bot.Complete {
			return bot.Reply{Choices: []bot.Choice{{Text: "who-owns user:default/ada"}}}.Fine()
		}
		return says("at last")
	}
}

// Fault F16, a handler that is blocked for 10 s: every event is acknowledged within a second, and its answer comes
// later, through the response URL, in the form's place, or as a message.
func TestLate_Handler(t *testing.T) {
	bothModes(t, func(t *testing.T, mode string) {
		synctest.Test(t, func(t *testing.T) {
			d := openDesk(t, mode, slacktest.Options{}, slowly(9*time.Second))
			soon := func(what string, got *slacktest.Delivery) {
				t.Helper()
				if !got.OK() || got.Took() >= time.Second {
					t.Errorf("%s: acknowledged %v after %v", what, got.OK(), got.Took())
				}
			}
			soon("command", d.Command("U1", "C1", "/who-owns", "checkout"))
			d.Until("the answer", func() bool { return d.texts("U1", "C1")["at last"] == 1 })
			synctest.Wait() // a call is noted after its message
			if n := len(d.Calls("response_url")); n != 1 {
				t.Errorf("%d posts to the response URL", n)
			}
			soon("button", d.Press("U1", d.Channel("C1").Last("U1"), "Share"))
			soon("mention", d.Mention("U2", "C1", "who-owns checkout"))
			d.Until("the answer to the mention", func() bool { return d.texts("U2", "C1")["at last"] == 1 })
			soon("home", d.OpenHome("U2"))
			d.Until("the home tab", func() bool { return d.Home("U2") != nil })

			soon("form", d.Command("U1", "C1", "/callboard", "ask"))
			d.Until("the form", func() bool { return d.Modal("U1") != nil })
			start := time.Now()
			if found := d.Search("U1", d.Modal("U1"), "Who", "a"); len(found) != 0 || time.Since(start) >= time.Second {
				t.Errorf("suggestions %q after %v", found, time.Since(start))
			}
			d.Fill("U1", "Name", "Ada")
			soon("submission", d.Submit("U1"))
			if v := d.Modal("U1"); v == nil || v.Title != "One moment" {
				t.Fatalf("meanwhile: %+v", v)
			}
			d.Until("the answer in the form's place", func() bool { return d.Modal("U1") != nil && d.Modal("U1").Title == "at last" })

			d.Command("U1", "C1", "/callboard", "ask")
			d.Until("the form", func() bool { return d.Modal("U1") != nil && d.Modal("U1").Title == "Ask" })
			d.Fill("U1", "Name", "Ada")
			soon("submission", d.Submit("U1"))
			d.CloseModal("U1")
			before := d.texts("U1", "C1")["at last"]
			d.Until("the answer as a message", func() bool { return d.texts("U1", "C1")["at last"] == before+1 })
		})
	})
}

// A trigger lives for 3 s: where a form comes too late, a button opens it.
func TestLate_Form(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		d := openDesk(t, overHTTP, slacktest.Options{}, func(_ context.Context, req *bot.Request) bot.Reply {
			req.Taken()
			if asked.Add(1) == 1 {
				<-time.After(4 * time.Second)
			}
			return bot.Reply{Form: form()}.Fine()
		})
		d.Command("U1", "C1", "/callboard", "ask")
		d.Until("the button", func() bool { return d.texts("U1", "C1")["Ask"] == 1 })
		if n := len(d.Calls("views.open")); n != 0 {
			t.Errorf("Slack was asked %d times with a trigger that is over", n)
		}
		d.Press("U1", d.Channel("C1").Last("U1"), "Open the form")
		d.Until("the form", func() bool { return d.Modal("U1") != nil })
	})
}

// slowInbox stores after 2 s, one event at a time, as a busy disk does.
type slowInbox struct {
	bottest.Memory

	disk   chan struct{} // holds one while something is written
	stored atomic.Int32
	broken atomic.Bool
}

func (i *slowInbox) Take(ctx context.Context, key string, request []byte) (bool, error) {
	i.disk <- struct{}{}
	defer func() { <-i.disk }()
	<-time.After(2 * time.Second)
	if i.broken.Load() {
		return false, errors.New("disk full")
	}
	defer i.stored.Add(1)
	return i.Memory.Take(ctx, key, request)
}

// Fault F16, a store that takes 2 s: a write is not acknowledged before it is stored, nor is its repetition, and it has
// one effect.
func TestLate_Store(t *testing.T) {
	bothModes(t, func(t *testing.T, mode string) {
		synctest.Test(t, func(t *testing.T) {
			inbox := &slowInbox{disk: make(chan struct{}, 1)}
			var effects atomic.Int32
			writes := func(*bot.Request) bool { return true }
			d := openDesk(t, mode, slacktest.Options{}, bot.Once(writes, inbox, slog.New(slog.DiscardHandler))(func(_ context.Context, req *bot.Request) bot.Reply {
				effects.Add(1)
				return says("done: " + req.Text)
			}))
			start := time.Now()
			first := d.Mention("U1", "C1", "write it", slacktest.WithEventID("Ev1"))
			if first.OK() {
				t.Errorf("acknowledged with %d stored", inbox.stored.Load())
			}
			if mode == overHTTP && time.Since(start) >= time.Second {
				t.Errorf("answered after %v", time.Since(start))
			}
			for n := 1; ; n++ {
				again := d.Resend(first, slacktest.Retry(n, "http_error"))
				if again.OK() && inbox.stored.Load() == 0 {
					t.Fatal("a repetition was acknowledged although nothing is stored")
				}
				if again.OK() {
					break
				}
				if n == 20 {
					t.Fatal("never acknowledged")
				}
				<-time.After(time.Second)
			}
			d.Until("the answer", func() bool { return d.texts("U1", "C1")["done: write it"] == 1 })
			<-time.After(time.Minute)
			if n := effects.Load(); n != 1 || d.texts("U1", "C1")["done: write it"] != 1 {
				t.Errorf("%d effects, seen %v", n, d.texts("U1", "C1"))
			}
			inbox.broken.Store(true)
			d.Command("U2", "C1", "/callboard", "write it")
			d.Until("the refusal", func() bool {
				for text := range d.texts("U2", "C1") {
					if len(text) > 30 && effects.Load() == 1 {
						return true
					}
				}
				return false
			})
		})
	})
}

// What is under way when the program ends is answered and acknowledged; nothing new begins.
func TestLate_Shutdown(t *testing.T) {
	bothModes(t, func(t *testing.T, mode string) {
		synctest.Test(t, func(t *testing.T) {
			d := openDesk(t, mode, slacktest.Options{}, slowly(500*time.Millisecond))
			asked := make(chan *slacktest.Delivery)
			go func() { asked <- d.Command("U1", "C1", "/who-owns", "checkout") }()
			go func() { asked <- d.Mention("U2", "C1", "who-owns checkout") }()
			<-time.After(100 * time.Millisecond)
			d.stop()
			for range 2 {
				if got := <-asked; !got.OK() {
					t.Errorf("not acknowledged: %d", got.Status())
				}
			}
			if d.texts("U1", "C1")["at last"] != 1 || d.texts("U2", "C1")["at last"] != 1 {
				t.Errorf("seen: %v, %v", d.texts("U1", "C1"), d.texts("U2", "C1"))
			}
			if mode == overHTTP {
				if got := d.Mention("U1", "C1", "more"); got.Status() != 503 {
					t.Errorf("afterwards %d, want 503, so that Slack sends it again", got.Status())
				}
			}
			if synctest.Wait(); d.Sockets() != 0 {
				t.Errorf("%d sockets are left", d.Sockets())
			}
		})
	})
}

// A form that waits for its answer hears of it, too, when the event turns out to be a repetition.
func TestLate_Repetition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := openDesk(t, overHTTP, slacktest.Options{}, func(_ context.Context, req *bot.Request) bot.Reply {
			req.Taken()
			if req.Kind == bot.Typed {
				return bot.Reply{Form: form()}.Fine()
			}
			<-time.After(2 * time.Second)
			return bot.Reply{Outcome: bot.Repeated}
		})
		d.Command("U1", "C1", "/callboard", "ask")
		d.Until("the form", func() bool { return d.Modal("U1") != nil })
		d.Fill("U1", "Name", "Ada")
		d.Submit("U1")
		d.Until("a word", func() bool { return d.Modal("U1") != nil && strings.HasPrefix(d.Modal("U1").Title, "I have this") })
	})
}

// An answer stays when a button on it could not be worked on.
func TestLate_Again(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outcome := bot.Busy
		d := openDesk(t, overHTTP, slacktest.Options{}, func(ctx context.Context, req *bot.Request) bot.Reply {
			r := echo(ctx, req)
			if req.Kind == bot.Action {
				r.Outcome = outcome
			}
			return r
		})
		d.Command("U1", "C1", "/callboard", "hello")
		first := d.Channel("C1").Last("U1")
		for i, o := range []bot.Outcome{bot.Busy, bot.Fault} {
			outcome = o
			d.Press("U1", first, "Share")
			d.Until("both", func() bool {
				seen := d.texts("U1", "C1")
				return seen["you said hello"] == 1 && seen["you said share it"] == i+1
			})
		}
		outcome = bot.Fine
		d.Press("U1", first, "Share")
		d.Until("the answer in its place", func() bool { return d.texts("U1", "C1")["you said hello"] == 0 })
	})
}

// Who gives a command while too much is under way hears so at once, in either mode: Slack would not send it again.
func TestLate_Crowd(t *testing.T) {
	bothModes(t, func(t *testing.T, mode string) {
		synctest.Test(t, func(t *testing.T) {
			const atOnce = 256
			d := openDesk(t, mode, slacktest.Options{Unlimited: true}, slowly(5*time.Second))
			for range atOnce {
				go d.Command("U1", "C1", "/who-owns", "checkout")
			}
			<-time.After(2 * time.Second)
			if got := d.Command("U2", "C1", "/who-owns", "checkout"); !got.OK() || got.Took() >= time.Second {
				t.Errorf("acknowledged %v after %v", got.OK(), got.Took())
			}
			if m := d.Channel("C1").Last("U2"); !strings.Contains(m.Text, "as many questions as I can") || m.To != "U2" {
				t.Errorf("U2 sees %q, for %q", m.Text, m.To)
			}
			if n := d.count("callboard_slack_dropped_total"); n != 1 {
				t.Errorf("%v events dropped", n)
			}
			d.Until("all answers", func() bool { return d.texts("U1", "C1")["at last"] == atOnce })
		})
	})
}

// A response URL that takes nothing any more, after five posts or half an hour, is no end: the answer goes as a message,
// to whom it was meant for.
func TestLate_ResponseURL(t *testing.T) {
	bothModes(t, func(t *testing.T, mode string) {
		synctest.Test(t, func(t *testing.T) {
			d := openDesk(t, mode, slacktest.Options{}, slowly(5*time.Second))
			d.Fail("response_url", slacktest.Fault{Status: 404})
			d.Command("U1", "C1", "/who-owns", "checkout")
			d.Until("the answer", func() bool { return d.texts("U1", "C1")["at last"] == 1 })
			synctest.Wait() // a call is noted after its message
			if m := d.Channel("C1").Last("U1"); m.To != "U1" || len(d.Calls("chat.postEphemeral")) != 1 {
				t.Errorf("the answer is for %q", m.To)
			}
		})
	})
}

// A trigger lives for 3 s: what a button on the home tab or in a modal shows after that comes as a direct message, a form as
// a button for it.
func TestLate_View(t *testing.T) {
	bothModes(t, func(t *testing.T, mode string) {
		synctest.Test(t, func(t *testing.T) {
			d := openDesk(t, mode, slacktest.Options{}, func(_ context.Context, req *bot.Request) bot.Reply {
				req.Taken()
				r := says(req.Text)
				r.Card.Actions = []card.Action{{Label: "soon", Command: "soon"}, {Label: "late", Command: "late"}, {Label: "late form", Command: "late form"}}
				if strings.HasPrefix(req.Text, "late") {
					<-time.After(4 * time.Second)
				}
				if req.Text == "late form" {
					return bot.Reply{Form: form()}.Fine()
				}
				return r
			})
			own := d.Direct("U1").ID()
			d.OpenHome("U1")
			d.Until("the home tab", func() bool { return d.Home("U1") != nil })
			d.Press("U1", d.Home("U1"), "late")
			d.Until("the answer to the tab's button", func() bool { return d.texts("U1", own)["late"] == 1 })
			d.Press("U1", d.Home("U1"), "soon")
			d.Until("the modal", func() bool { return d.Modal("U1") != nil })
			d.Press("U1", d.Modal("U1"), "late")
			d.Until("the answer to the modal's button", func() bool { return d.texts("U1", own)["late"] == 2 })
			d.CloseModal("U1")
			d.Press("U1", d.Home("U1"), "late form")
			d.Until("a button for the form", func() bool { return d.texts("U1", own)["Ask"] == 1 })
			if m := d.Direct("U1").Last("U1"); m.To != "" || !slices.Contains(m.Buttons(), "Open the form") {
				t.Errorf("the direct message: for %q, buttons %q", m.To, m.Buttons())
			}
		})
	})
}

// Who opens the home tab too often keeps what is on it.
func TestLate_HomeStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outcome := bot.Fine
		d := openDesk(t, overHTTP, slacktest.Options{}, func(_ context.Context, req *bot.Request) bot.Reply {
			req.Taken()
			if outcome == bot.Busy {
				return bot.Reply{Outcome: outcome, Card: says("too fast").Card}
			}
			return says("home sweet home")
		})
		for _, outcome = range []bot.Outcome{bot.Fine, bot.Busy} {
			d.OpenHome("U1")
			<-time.After(5 * time.Second)
		}
		if lines := slacktest.Lines(d.Home("U1").Blocks); !strings.Contains(lines, "home sweet home") || len(d.Calls("views.publish")) != 1 {
			t.Errorf("the tab shows %s", lines)
		}
	})
}
