package discord_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"callboard/integrations/discord/discordtest"
)

// Whatever happens to the connection, nothing is lost as far as Discord lets us resume, and nothing is answered twice.
func TestGateway(t *testing.T) {
	tests := map[string]struct {
		happens    func(d *desk)
		resumes    bool // the session goes on; else a new one begins
		identifies int
	}{
		"op 7":                {func(d *desk) { d.Reconnect() }, true, 1},
		"op 9, resumable":     {func(d *desk) { d.Invalidate(true) }, true, 1},
		"op 9":                {func(d *desk) { d.Invalidate(false) }, false, 2},
		"cut":                 {func(d *desk) { d.CloseSockets(0) }, true, 1},
		"4000":                {func(d *desk) { d.CloseSockets(4000) }, true, 1},
		"4008 too fast":       {func(d *desk) { d.CloseSockets(4008) }, true, 1},
		"4009 timed out":      {func(d *desk) { d.CloseSockets(4009) }, false, 2},
		"session is gone":     {func(d *desk) { d.EndSessions(); d.CloseSockets(0) }, false, 2},
		"refused for a while": {func(d *desk) { d.RefuseSockets(3); d.CloseSockets(0) }, true, 1},
		"heartbeat lost":      {silent, true, 1},
		"heartbeat wanted":    {func(d *desk) { d.AskHeartbeat() }, false, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := openDesk(t, overGateway, echo)
				tt.happens(d)
				d.DM(discordtest.Ada, "meanwhile")
				<-time.After(2 * time.Minute)
				d.DM(discordtest.Ada, "afterwards")
				<-time.After(5 * time.Second)
				said := map[string]int{}
				for _, m := range d.Direct(discordtest.Ada).FromBot() {
					said[m.Content]++
				}
				if said["you said afterwards"] != 1 || said["you said meanwhile"] > 1 || tt.resumes && said["you said meanwhile"] != 1 {
					t.Errorf("the bot said %v; %s", said, d.logs)
				}
				if got := len(d.Resumes()) > 0; got != tt.resumes && name != "session is gone" {
					t.Errorf("resumed %v", d.Resumes())
				}
				if n := d.Identifies(); n != tt.identifies {
					t.Errorf("identified %d times; %s", n, d.logs)
				}
			})
		})
	}
}

// silent is a gateway that acknowledges no heartbeat, although it speaks.
func silent(d *desk) {
	d.LoseHeartbeats(true)
	for range 6 {
		<-time.After(20 * time.Second)
		d.AskHeartbeat()
	}
	d.LoseHeartbeats(false)
}

// After these codes Discord wants no other attempt.
func TestGateway_Final(t *testing.T) {
	for _, code := range []int{4004, 4010, 4011, 4012, 4013, 4014} {
		synctest.Test(t, func(t *testing.T) {
			d := newDesk(t, overGateway)
			end := d.background(echo)
			d.ready()
			d.CloseSockets(code)
			<-time.After(time.Hour)
			if n := d.Identifies() + len(d.Resumes()); n != 1 {
				t.Errorf("%d: %d attempts", code, n)
			}
			if err := end(); err == nil || !strings.Contains(err.Error(), "refuses") {
				t.Errorf("%d: Serve ended with %v", code, err)
			}
		})
	}
}

// While the gateway is away the program does not storm it.
func TestGateway_Patience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := openDesk(t, overGateway, echo)
		d.RefuseSockets(1000)
		d.CloseSockets(0)
		before := len(d.Calls("GET /gateway/bot"))
		<-time.After(time.Hour)
		if n := len(d.Calls("GET /gateway/bot")) - before; n < 20 || n > 130 {
			t.Errorf("%d attempts within an hour", n)
		}
	})
}
