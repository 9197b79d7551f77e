package slack_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"callboard/integrations/slack/slacktest"
)

// Fault F14: wherever a socket is cut around an event, the event has one answer.
func TestSocket_Cuts(t *testing.T) {
	for name, at := range map[string]slacktest.Cut{"before it is read": slacktest.BeforeRead, "before the acknowledgement": slacktest.BeforeAck, "after the acknowledgement": slacktest.AfterAck} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := openDesk(t, overSockets, slacktest.Options{}, once(echo))
				for i := range 5 {
					<-time.After(10 * time.Second)
					d.CutNext(at)
					d.Command("U1", "C1", "/callboard", fmt.Sprint("c", i))
					<-time.After(10 * time.Second)
					d.CutNext(at)
					if got := d.Mention("U1", "C1", fmt.Sprint("m", i)); !got.OK() {
						t.Errorf("mention %d is not acknowledged", i)
					}
				}
				<-time.After(time.Minute)
				for i := range 5 {
					for _, kind := range []string{"c", "m"} {
						if text := fmt.Sprint("you said ", kind, i); d.texts("U1", "C1")[text] != 1 {
							t.Errorf("%q is seen %d times, want once", text, d.texts("U1", "C1")[text])
						}
					}
				}
			})
		})
	}
}

// Fault F14: while Slack closes sockets, by whatever word, nothing is lost or doubled.
func TestSocket_Disconnects(t *testing.T) {
	for _, reason := range []string{"warning", "refresh_requested", "link_disabled"} {
		t.Run(reason, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := openDesk(t, overSockets, slacktest.Options{}, once(echo))
				const events = 60
				for i := range events {
					if i%20 == 5 {
						d.Disconnect(reason)
					}
					d.Mention("U1", "C1", fmt.Sprint("m", i))
					<-time.After(time.Second)
				}
				<-time.After(time.Minute)
				seen := d.texts("U1", "C1")
				for i := range events {
					if n := seen[fmt.Sprint("you said m", i)]; n != 1 {
						t.Errorf("mention %d has %d answers", i, n)
					}
				}
				if d.Sockets() != 2 || d.count("callboard_slack_sockets") != 2 {
					t.Errorf("%d sockets, %v by the gauge", d.Sockets(), d.count("callboard_slack_sockets"))
				}
			})
		})
	}
}

// When Slack closes each new socket, because the app has too many, they are not opened in a storm; when there is room
// they come back.
func TestSocket_TooMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, overSockets, slacktest.Options{Unlimited: true})
		for range 10 {
			d.Consume()
		}
		d.UseSocket()
		go func() {
			<-time.After(5 * time.Minute)
			d.CloseSockets()
		}()
		start := time.Now()
		before := len(d.Calls("apps.connections.open"))
		go func() {
			<-time.After(4 * time.Minute)
			if n := len(d.Calls("apps.connections.open")) - before; n > 2*(4+4*6) {
				t.Errorf("%d sockets were opened in 4 minutes", n)
			}
		}()
		ended := d.background(echo)
		<-time.After(6*time.Minute - time.Since(start))
		if d.Sockets() != 2 {
			t.Errorf("%d sockets, want both", d.Sockets())
		}
		ended()
	})
}

// The two sockets are not opened in the same moment, neither at first nor when both were cut.
func TestSocket_Apart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := openDesk(t, overSockets, slacktest.Options{}, echo)
		<-time.After(time.Minute)
		for range 3 {
			d.CloseSockets()
			<-time.After(time.Minute)
		}
		calls := d.Calls("apps.connections.open")
		if len(calls) != 8 {
			t.Fatalf("%d openings, want 8", len(calls))
		}
		if gap := calls[1].At.Sub(calls[0].At); gap < time.Second {
			t.Errorf("at first they are %v apart", gap)
		}
		for i := 2; i < len(calls); i += 2 {
			if calls[i+1].At.Equal(calls[i].At) {
				t.Errorf("both were opened at %v", calls[i].At)
			}
		}
	})
}

// Fault F32: another program on the same app is noticed, also when it has one socket only.
func TestSocket_SecondConsumer(t *testing.T) {
	const warning = "another program has sockets to the same Slack app"
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, overSockets, slacktest.Options{})
		d.Consume()
		d.background(echo)
		<-time.After(10 * time.Second)
		if !d.logged(warning) {
			t.Errorf("nothing is said of the other one:\n%s", d.logs)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		d := openDesk(t, overSockets, slacktest.Options{}, echo)
		for range 5 {
			<-time.After(time.Minute)
			d.Disconnect("refresh_requested")
		}
		<-time.After(time.Minute)
		if d.logged(warning) {
			t.Errorf("alone, but:\n%s", d.logs)
		}
	})
}

// Fault F32: one that comes later is noticed within half an hour in which nobody asks, and so is its end; health says it as
// long as it is there. The looks lose no event.
func TestSocket_LaterConsumer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := openDesk(t, overSockets, slacktest.Options{}, once(echo))
		says := func(after time.Duration, want string, sockets float64) {
			t.Helper()
			<-time.After(after)
			if got := d.slack.Fault(); !strings.Contains(got, want) || want == "" && got != "" || d.count("callboard_slack_foreign_sockets") != sockets {
				t.Errorf("after %v it says %q, with %v foreign sockets; want %q, %v", after, got, d.count("callboard_slack_foreign_sockets"), want, sockets)
			}
			if d.Sockets() < 1 || d.count("callboard_slack_sockets") < 1 {
				t.Error("no socket is open")
			}
		}
		says(2*time.Hour, "", 0)
		if n := len(d.Calls("apps.connections.open")); n < 2+2*8 || n > 2+2*12 {
			t.Errorf("%d openings in two hours", n)
		}
		d.Consume()
		says(30*time.Minute, "1 other socket is open to the same app", 1)
		says(2*time.Hour, "stop it", 1)
		d.CloseSockets() // the other does not come back
		says(30*time.Minute, "", 0)
	})
	synctest.Test(t, func(t *testing.T) {
		d := openDesk(t, overSockets, slacktest.Options{}, once(echo))
		const events = 40
		for i := range events {
			<-time.After(11*time.Minute + time.Duration(i)*time.Second)
			if got := d.Mention("U1", "C1", fmt.Sprint("m", i)); !got.OK() {
				t.Errorf("mention %d is not acknowledged", i)
			}
		}
		<-time.After(time.Minute)
		for i := range events {
			if n := d.texts("U1", "C1")[fmt.Sprint("you said m", i)]; n != 1 {
				t.Errorf("mention %d has %d answers", i, n)
			}
		}
	})
}

// Faults F30 and F31: without Slack, or with a token that it refuses, the adapter says so, waits, and comes back.
func TestSocket_NoSlack(t *testing.T) {
	tests := map[string]struct {
		fail func(d *desk)
		says []string
	}{
		"down":          {func(d *desk) { d.FailRandomly(1, 1, slacktest.Fault{Status: 503}) }, []string{"no socket to Slack"}},
		"revoked":       {func(d *desk) { d.Revoke(d.AppToken, "token_revoked") }, []string{"token_revoked", "slack.app_token"}},
		"cut":           {func(d *desk) { d.FailRandomly(1, 1, slacktest.Fault{Cut: true}) }, []string{"no socket to Slack"}},
		"rate limited":  {func(d *desk) { d.FailRandomly(1, 1, slacktest.Fault{Status: 429, RetryAfter: 30 * time.Second}) }, []string{"no socket to Slack"}},
		"scope missing": {func(d *desk) { d.FailRandomly(1, 1, slacktest.Fault{Error: "missing_scope"}) }, []string{"missing_scope", "lacks a scope"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t, overSockets, slacktest.Options{})
				tt.fail(d)
				d.background(echo)
				<-time.After(30 * time.Minute)
				if !d.logged(tt.says...) || d.logged(d.AppToken) || d.logged(d.BotToken) {
					t.Errorf("the log does not say %q, or too much:\n%.2000s", tt.says, d.logs)
				}
				if n := len(d.Calls("")); n > 500 {
					t.Errorf("%d calls in half an hour", n)
				}
				d.Heal()
				<-time.After(2 * time.Minute)
				if got := d.Mention("U1", "C1", "hello"); !got.OK() || d.Sockets() != 2 {
					t.Errorf("mended, but: acknowledged %v, %d sockets", got.OK(), d.Sockets())
				}
			})
		})
	}
}

// The library's own logger prints nothing.
func TestSocket_Silent(t *testing.T) {
	name := filepath.Join(t.TempDir(), "stderr")
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	old := os.Stderr
	os.Stderr = file
	synctest.Test(t, func(t *testing.T) {
		d := openDesk(t, overSockets, slacktest.Options{Tolerate: true}, echo)
		d.FailRandomly(1, 0.5, slacktest.Fault{Status: 500}, slacktest.Fault{Half: true}, slacktest.Fault{Error: "fatal_error"})
		for i := range 10 {
			d.CutNext(slacktest.BeforeAck)
			d.Mention("U1", "C1", strconv.Itoa(i))
			<-time.After(time.Minute)
		}
	})
	os.Stderr = old
	_ = file.Close()
	if printed, err := os.ReadFile(name); err != nil || len(printed) > 0 {
		t.Errorf("printed %q, %v", printed, err)
	}
}

// While Slack opens no socket, the last one stays, however idle it is.
func TestSocket_LastStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := openDesk(t, overSockets, slacktest.Options{}, once(echo))
		<-time.After(time.Minute)
		d.FailRandomly(1, 1, slacktest.Fault{Status: 503})
		<-time.After(3 * time.Hour)
		if d.Sockets() != 1 {
			t.Errorf("%d sockets, want the last one", d.Sockets())
		}
		d.Heal()
		<-time.After(5 * time.Minute)
		if got := d.Mention("U1", "C1", "hello"); !got.OK() || d.Sockets() != 2 {
			t.Errorf("mended, but: acknowledged %v, %d sockets", got.OK(), d.Sockets())
		}
	})
}
