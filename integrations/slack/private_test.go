package slack_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"callboard/bot"
	"callboard/integrations/slack/slacktest"
)

// Who sees an answer: the asker alone, except in direct messages with the bot, in channels that the configuration opens, and
// where the asker shares it.
func TestPrivate(t *testing.T) {
	bothModes(t, func(t *testing.T, mode string) {
		synctest.Test(t, func(t *testing.T) {
			d := openDesk(t, mode, slacktest.Options{}, func(ctx context.Context, req *bot.Request) bot.Reply {
				r := echo(ctx, req)
				if req.Text == "share it" {
					r.Visibility = bot.Public
				}
				return r
			})
			d.AddChannel(slacktest.ChannelSpec{ID: "GSEC", Name: "privategroup", Private: true, Members: []string{"U1", "U2"}})
			d.AddChannel(slacktest.ChannelSpec{ID: "D12", Name: "directmessage", IM: true, Members: []string{"U1", "U2"}})
			d.AddChannel(slacktest.ChannelSpec{ID: "CEXT", Name: "inc-shared", Shared: true, Members: []string{d.BotUser, "U1"}})
			answer := func(channel, want string) slacktest.Message {
				t.Helper()
				<-time.After(5 * time.Second)
				m := d.Channel(channel).Last("U1")
				if m.BotID == "" || m.To != want {
					t.Errorf("in %s: %q is for %q, want %q", channel, m.Text, m.To, want)
				}
				return m
			}
			d.Command("U1", "C1", "/callboard", "a")
			answer("C1", "U1")
			d.Command("U1", "GSEC", "/callboard", "a")
			answer("GSEC", "U1")
			d.Command("U1", "D12", "/callboard", "a")
			shared := d.Press("U1", answer("D12", "U1"), "Share")
			if !shared.OK() {
				t.Error("not shared")
			}
			public := answer("D12", "") // the asker wanted that
			d.Press("U1", public.WithButton("again"), "again")
			answer("D12", "U1") // but not what they press there

			d.Mention("U1", "C1", "top level")
			if m := answer("C1", "U1"); m.ThreadTS != "" {
				t.Errorf("an answer to one person in a thread that nobody opened: %+v", m)
			}
			d.Mention("U1", "CINC", "in an incident")
			if m := answer("CINC", ""); m.ThreadTS == "" {
				t.Error("an answer for everybody belongs below the question")
			}
			d.Command("U1", "CINC", "/callboard", "a")
			answer("CINC", "")
			for range 2 { // what came with a command must not count for the mention after it
				d.Command("U1", "CEXT", "/callboard", "other companies listen")
				alone := answer("CEXT", "U1")
				d.Press("U1", alone.WithButton("again"), "again")
				answer("CEXT", "U1")
				d.Mention("U1", "CEXT", "other companies listen")
				answer("CEXT", "U1")
			}
			d.DM("U1", "hello")
			own := d.Direct("U1").ID()
			answer(own, "")
			d.Press("U1", d.Channel(own).Last("U1").WithButton("again"), "again")
			answer(own, "")
		})
	})
}

// Without the scope to ask for names, questions are answered to the asker alone, and the log says why, once a minute.
func TestPrivate_NoScope(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := openDesk(t, overHTTP, slacktest.Options{}, echo)
		d.DropScope("channels:read")
		for range 3 {
			d.Mention("U1", "CINC", "hello")
			<-time.After(5 * time.Second)
			if m := d.Channel("CINC").Last("U1"); m.To != "U1" {
				t.Errorf("%+v", m)
			}
		}
		if n := len(d.Calls("conversations.info")); n != 1 || !d.logged("channels:read") {
			t.Errorf("asked %d times; %s", n, d.logs)
		}
	})
}

// A channel stays open although Slack once did not say what it is; the asker waits for that no longer than for an answer
// that goes with the acknowledgement.
func TestPrivate_Doubt(t *testing.T) {
	bothModes(t, func(t *testing.T, mode string) {
		synctest.Test(t, func(t *testing.T) {
			d := openDesk(t, mode, slacktest.Options{}, echo)
			d.Fail("conversations.info", slacktest.Fault{Slow: 10 * time.Second})
			for _, want := range []string{"U1", ""} {
				if got := d.Command("U1", "CINC", "/callboard", "hello"); !got.OK() || got.Took() >= time.Second {
					t.Errorf("acknowledged %v after %v", got.OK(), got.Took())
				}
				<-time.After(90 * time.Second)
				if m := d.Channel("CINC").Last("U1"); m.To != want {
					t.Errorf("for %q, want %q", m.To, want)
				}
			}
		})
	})
}

// Bots and workflows are not answered, whatever the handler behind would say, and a button that is delivered again is
// answered once.
func TestPrivate_BotsAndRepetitions(t *testing.T) {
	bothModes(t, func(t *testing.T, mode string) {
		synctest.Test(t, func(t *testing.T) {
			d := openDesk(t, mode, slacktest.Options{}, once(echo))
			for _, u := range []slacktest.User{{ID: "UB", Name: "b", Bot: true}, {ID: "UW", Name: "w", WorkflowBot: true}} {
				d.AddUser(u)
				d.AddChannel(slacktest.ChannelSpec{ID: "C" + u.ID, Name: "bots", Members: []string{d.BotUser, u.ID}})
				got := d.Mention(u.ID, "C"+u.ID, "who-owns checkout")
				if <-time.After(time.Minute); !got.OK() || len(d.Channel("C"+u.ID).FromBot()) != 0 {
					t.Errorf("%s: acknowledged %v, or answered", u.ID, got.OK())
				}
			}
			d.Command("U1", "C1", "/callboard", "a")
			<-time.After(time.Minute)
			answer := d.Channel("C1").Last("U1")
			if n := len(d.Channel("C1").FromBot()); n != 1 {
				t.Errorf("%d answers, want the person's", n)
			}
			pressed := d.Press("U1", answer.WithButton("again"), "again")
			<-time.After(time.Minute)
			calls := len(d.Calls("response_url"))
			for range 3 {
				if again := d.Resend(pressed); !again.OK() {
					t.Error("a repetition is not acknowledged")
				}
			}
			<-time.After(time.Minute)
			if n := len(d.Calls("response_url")); n != calls || calls == 0 {
				t.Errorf("%d answers to a button that was pressed once, at first %d", n, calls)
			}
		})
	})
}

// The answer to a button on a message in a thread stands in that thread, whether the response URL takes it or not.
func TestPrivate_Thread(t *testing.T) {
	bothModes(t, func(t *testing.T, mode string) {
		synctest.Test(t, func(t *testing.T) {
			d := openDesk(t, mode, slacktest.Options{}, echo)
			thread := d.Say("U1", "C1", "shall we?")
			d.show(d.announcing(), "subject", "C1", thread, "a card")
			d.Until("the card", func() bool { return d.texts("U1", "C1")["a card"] == 1 })
			on := d.Channel("C1").Last("U1").WithButton("again")
			for _, fault := range []slacktest.Fault{{}, {Error: "expired_url"}} {
				d.Fail("response_url", fault)
				d.Press("U1", on, "again")
				<-time.After(5 * time.Second)
				if m := d.Channel("C1").Last("U1"); m.Text != "you said again" || m.To != "U1" || m.ThreadTS != thread {
					t.Errorf("after %+v: %q for %q in thread %q, want it in %q", fault, m.Text, m.To, m.ThreadTS, thread)
				}
			}
		})
	})
}

// The name of a channel is asked for once, however many ask their first questions there at the same time.
func TestPrivate_Together(t *testing.T) {
	bothModes(t, func(t *testing.T, mode string) {
		synctest.Test(t, func(t *testing.T) {
			d := openDesk(t, mode, slacktest.Options{Unlimited: true}, echo)
			d.Fail("conversations.info", slacktest.Fault{Slow: 300 * time.Millisecond})
			const together = 20
			for range together {
				go d.Command("U1", "CINC", "/callboard", "hello")
			}
			<-time.After(time.Minute)
			if n := len(d.Calls("conversations.info")); n != 1 {
				t.Errorf("asked %d times", n)
			}
			if n := d.texts("U2", "CINC")["you said hello"]; n != together {
				t.Errorf("everybody sees %d of %d answers", n, together)
			}
		})
	})
}
