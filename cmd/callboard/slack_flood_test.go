package main

import (
	"encoding/json"
	"io"
	"net/http"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"callboard/cmd/callboard/internal/config"
	"callboard/integrations/slack/slacktest"
)

// said sorts what came back for the commands of a flood.
type said struct{ cards, words, silence, again, lost atomic.Int64 }

// flood gives commands from some clients, each the next when the last is answered, and counts the answers; give makes
// the i-th. It returns the most goroutines that were seen meanwhile.
func (o *office) flood(commands, clients int, count *said, give func(i int) (user, channel, text string)) (most int) {
	o.t.Helper()
	d := newSlackDriver(o.Server, o.base)
	defer d.client.CloseIdleConnections()
	var next, peak atomic.Int64
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(commands); i = next.Add(1) - 1 {
				user, channel, text := give(int(i))
				status, answer, err := d.command(o.t, user, channel, "/callboard", text)
				count.note(o.t, status, answer, err)
				if now := int64(runtime.NumGoroutine()); now > peak.Load() {
					peak.Store(now)
				}
			}
		})
	}
	all.Wait()
	return int(peak.Load())
}

func (s *said) note(t *testing.T, status int, answer []byte, err error) {
	var message struct {
		Text string `json:"text"`
	}
	bad := json.Unmarshal(answer, &message)
	switch {
	case err == nil && status == 503:
		s.again.Add(1)
	case err != nil || status != 200 || len(answer) > 0 && bad != nil:
		if s.lost.Add(1) <= 3 {
			t.Errorf("a command is lost: %d %.200s %v", status, answer, err)
		}
	case len(answer) == 0:
		s.silence.Add(1)
	case strings.Contains(message.Text, "faster than I may answer"), strings.Contains(message.Text, "as many questions as I can"):
		s.words.Add(1)
	default:
		s.cards.Add(1)
	}
}

// liveMB is what the program and its test hold on the heap.
func liveMB() float64 {
	runtime.GC()
	runtime.GC() // what the first one found in pools
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / (1 << 20)
}

// goroutinesFall waits until there are no more goroutines than a bound.
func (o *office) goroutinesFall(bound int) {
	o.t.Helper()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(20 * time.Second)
	for runtime.NumGoroutine() > bound {
		select {
		case <-deadline:
			o.t.Errorf("%d goroutines are left, want at most %d", runtime.NumGoroutine(), bound)
			return
		case <-ticker.C:
		}
	}
}

// perClient is how many goroutines one client of a flood may cost: itself, two of its connection, and at the other end
// one of the connection, one that reads ahead, and one that works on the command.
const perClient = 6

// Row 32: 10,000 commands of one person are refused but for a few, without a word for each, without a call of Slack and
// without a trace in memory, while another is answered as before.
func TestFlood(t *testing.T) {
	const commands, clients = 10_000, 32
	o := openOffice(t, config.SlackHTTP, slacktest.Options{Unlimited: true})
	o.AddChannel(slacktest.ChannelSpec{ID: "C2", Name: "calm", Members: []string{o.BotUser, "U2"}})
	give := func(i int) (user, channel, text string) {
		if i%2 == 0 {
			return "U1", "C1", "link user:default/ada" // a write
		}
		return "U1", "C1", "who-owns checkout"
	}
	calm := func(i int) {
		if d := o.Command("U2", "C2", "/who-owns", "checkout"); !d.OK() || !strings.Contains(d.Answer(), "team-pay") {
			t.Errorf("another's question %d: %d after %v: %.200s", i, d.Status(), d.Took(), d.Answer())
		}
	}
	calm(-1)
	calls, memory, goroutines := len(o.Calls("")), liveMB(), runtime.NumGoroutine()
	start := time.Now()
	var got said
	var others sync.WaitGroup
	others.Go(func() {
		for i := range 10 {
			calm(i)
		}
	})
	most := o.flood(commands, clients, &got, give)
	others.Wait()
	allowed := 20 + int64(time.Since(start).Seconds()) + 1 // the burst, and one a second

	if n := got.cards.Load(); n > allowed || n < 20 {
		t.Errorf("%d of the flood were answered, allowed are %d", n, allowed)
	}
	if n := got.words.Load(); n > allowed || n == 0 {
		t.Errorf("%d were told to wait, want one for each pause", n)
	}
	if n := got.silence.Load(); n < commands-2*allowed {
		t.Errorf("%d of %d were refused without a word", n, commands)
	}
	if n := o.metric(`callboard_slack_events_total{kind="command"}`); n != commands+11 {
		t.Errorf("the program counted %v commands, want %d", n, commands+11)
	}
	if n := len(o.Calls("")) - calls; int64(n) > 2*allowed {
		t.Errorf("the flood made %d calls of Slack", n)
	}
	if limit := goroutines + perClient*(clients+2); most > limit {
		t.Errorf("%d goroutines, want at most %d", most, limit)
	}
	o.goroutinesFall(goroutines + perClient)
	if grown := liveMB() - memory; grown > 2 {
		t.Errorf("%.1f MB more are held after the flood", grown)
	}
	calm(10)
}

// Fault F28, overload, for reads: more questions at once than are worked on (bot.DefaultLimits), of many people, without a
// pause. Each hears an answer or that there is too much to do, the program stays within GOMEMLIMIT = 512 MB, and afterwards
// all is as before. Alerts and approvals join with their features.
func TestOverload(t *testing.T) {
	const commands, clients = 5_000, 96
	const limit = 512 << 20
	o := openOffice(t, config.SlackHTTP, slacktest.Options{Unlimited: true})
	for i := range 500 {
		o.AddUser(slacktest.User{ID: "UO" + strconv.Itoa(i), Name: "person-" + strconv.Itoa(i)})
	}
	before := debug.SetMemoryLimit(limit)
	t.Cleanup(func() { debug.SetMemoryLimit(before) })
	goroutines, memory := runtime.NumGoroutine(), liveMB()
	var got said
	heap, stop := watchMemory()
	most := o.flood(commands, clients, &got, func(i int) (user, channel, text string) {
		return "UO" + strconv.Itoa(i%500), "CO" + strconv.Itoa(i%100), "who-owns checkout"
	})
	stop()
	if n := got.cards.Load(); n < commands/2 {
		t.Errorf("%d of %d had their card; %d were refused in words, %d without, %d are to come again", n, commands, got.words.Load(), got.silence.Load(), got.again.Load())
	}
	if n := got.again.Load(); n > commands/10 { // a slow machine did not take them within the time that Slack has
		t.Errorf("%d of %d were not taken", n, commands)
	}
	if bound := goroutines + perClient*clients + 2*256; most > bound { // 256 events are worked on, each by two at most
		t.Errorf("%d goroutines, want at most %d", most, bound)
	}
	if *heap > limit {
		t.Errorf("the runtime held %d MB of %d", *heap>>20, limit>>20)
	}
	o.goroutinesFall(goroutines + clients) // the program keeps some connections to Slack
	if grown := liveMB() - memory; grown > 12 {
		t.Errorf("%.1f MB more are held afterwards", grown)
	}
	if d := o.Command("U1", "C1", "/who-owns", "checkout"); !d.OK() || !strings.Contains(d.Answer(), "team-pay") {
		t.Errorf("afterwards: %d %.200s", d.Status(), d.Answer())
	}
}

// Fault F28 while Slack hangs, so that no answer leaves: of many mentions at once so many are worked on as have a place
// (bot.Work), of these so many as may be under way (bot.DefaultLimits), the others hear that there is too much to do, and
// what has no place Slack sends again. Afterwards all is as before.
func TestOverload_Hangs(t *testing.T) {
	const events, channels = 400, 100
	o := openOffice(t, config.SlackHTTP, slacktest.Options{Unlimited: true})
	person := func(i int) string { return "UO" + strconv.Itoa(i) }
	for c := range channels {
		members := []string{o.BotUser}
		for i := c; i < events; i += channels {
			o.AddUser(slacktest.User{ID: person(i), Name: "person-" + strconv.Itoa(i)})
			members = append(members, person(i))
		}
		o.AddChannel(slacktest.ChannelSpec{ID: "CO" + strconv.Itoa(c), Name: "busy-" + strconv.Itoa(c), Members: members})
	}
	o.FailRandomly(1, 1, slacktest.Fault{Slow: 8 * time.Second})
	var taken, again, lost atomic.Int64
	var all sync.WaitGroup
	for i := range events {
		all.Go(func() {
			switch d := o.Mention(person(i), "CO"+strconv.Itoa(i%channels), "who-owns checkout"); {
			case d.OK():
				taken.Add(1)
			case d.Status() == 503:
				again.Add(1)
			default:
				lost.Add(1)
			}
		})
	}
	all.Wait()
	o.Heal() // what has begun to hang goes on hanging
	refused := int64(o.metric(`callboard_slack_dropped_total{reason="overload"}`))
	if lost.Load() > 0 || refused == 0 || refused > events/2 || again.Load() < refused { // one that took long to store comes again, too
		t.Errorf("%d events were taken, %d are to come again, %d are lost; %d had no place", taken.Load(), again.Load(), lost.Load(), refused)
	}
	worked := events - int(refused)
	posts := o.posts("chat.postEphemeral", worked)
	told := 0
	for _, call := range posts {
		if text, _ := call.Args["text"].(string); strings.Contains(text, "as many questions as I can") {
			told++
		}
	}
	if least := worked / 4; told < least {
		t.Errorf("%d were told that there is too much to do, want at least %d", told, least)
	}
	if d := o.Command("U1", "C1", "/who-owns", "checkout"); !d.OK() || !strings.Contains(d.Answer(), "team-pay") {
		t.Errorf("afterwards: %d %.200s", d.Status(), d.Answer())
	}
}

// posts waits for so many calls of a method, and gives them.
func (o *office) posts(method string, want int) []slacktest.Call {
	o.t.Helper()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(30 * time.Second)
	for {
		calls := o.Calls(method)
		if len(calls) == want {
			return calls
		}
		select {
		case <-deadline:
			o.t.Errorf("%d calls of %s, want %d", len(calls), method, want)
			return calls
		case <-ticker.C:
		}
	}
}

// Fault F28: anybody can send long bodies, and each is held until its signature is checked. 64 of 16 MB at the same time take no more
// memory than 64 of the most that is read of one.
func TestOverload_Bodies(t *testing.T) {
	const clients, length, most = 64, 16 << 20, 256 << 20
	o := openOffice(t, config.SlackHTTP, slacktest.Options{})
	heap, stop := watchMemory()
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, o.base+"/slack/commands", io.LimitReader(zeros{}, length))
			if err != nil {
				t.Error(err)
				return
			}
			response, err := http.DefaultClient.Do(r)
			if err != nil {
				return // the program hung up before it read all
			}
			defer response.Body.Close()
			if response.StatusCode != http.StatusRequestEntityTooLarge {
				t.Errorf("%d for a body of %d MB", response.StatusCode, length>>20)
			}
		})
	}
	all.Wait()
	if stop(); *heap > most {
		t.Errorf("the runtime held %d MB of %d", *heap>>20, most>>20)
	}
}

// zeros never ends.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// watchMemory looks at what the Go runtime holds until stop, and gives the most that it saw, to be read after that.
func watchMemory() (most *uint64, stop func()) {
	most = new(uint64)
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(5 * time.Millisecond)
		defer ticker.Stop()
		sample := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
		for {
			metrics.Read(sample)
			*most = max(*most, sample[0].Value.Uint64()-sample[1].Value.Uint64())
			select {
			case <-end:
				return
			case <-ticker.C:
			}
		}
	}()
	return most, func() { close(end); <-ended }
}
