package main // the benchmarks run the program's own parts

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"callboard/catalog"
	"callboard/cmd/callboard/internal/app"
	"callboard/cmd/callboard/internal/config"
	"callboard/integrations/slack/slacktest"
)

// Of BenchmarkSlackCommands. Each person asks every three seconds and each channel twice a second, which nobody is refused
// for (bot.DefaultLimits).
const (
	slackRate     = 200 // commands a second
	slackPeople   = 600
	slackChannels = 100
	slackLong     = 60 * time.Second // at 100,000 entities
	slackShort    = 10 * time.Second // at fewer
)

// BenchmarkSlackCommands has many people ask a whole daemon who owns what, as Slack delivers it: signed requests that come
// at a fixed rate, whether or not those before are answered. A wait counts from when its command was due, so that one that
// was held up behind others shows. Lost is what was not answered with the card of the entity that was asked for.
func BenchmarkSlackCommands(b *testing.B) {
	forEachSize(b, func(w *benchWorld) {
		b := w.b
		s := slacktest.New(b, slacktest.Options{Unlimited: true})
		for i := range slackPeople {
			s.AddUser(slacktest.User{ID: "UB" + strconv.Itoa(i), Name: "person-" + strconv.Itoa(i)})
		}
		a, err := app.NewDaemon(b.Context(), officeConfig(b, s, config.SlackHTTP, w.repo), quietLogger(os.Stderr))
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { closeApp(b, a) })
		w.sync(a)
		if err := a.IndexDocs(b.Context()); err != nil { // its first index has a number of its own
			b.Fatal(err)
		}
		d := newSlackDriver(s, daemonOf(b, a))
		b.Cleanup(d.client.CloseIdleConnections)
		names, long := namesOfOne(a), slackShort
		if w.entities >= 100_000 {
			long = slackLong
		}
		before := processTime(b)
		var all []slackAnswer
		for b.Loop() {
			all = append(all, fireCommands(b, d, names, int(long.Seconds())*slackRate)...)
		}
		reportCommands(b, all, processTime(b)-before)
	})
}

// reportCommands says what the answers and the processor's time come to.
func reportCommands(b *testing.B, all []slackAnswer, processor time.Duration) {
	b.Helper()
	waits, lost := make([]time.Duration, len(all)), 0
	for i, got := range all {
		if waits[i] = got.wait; got.err == nil {
			continue
		}
		if lost++; lost <= 3 {
			b.Log(got.err)
		}
	}
	if lost == len(all) {
		b.Error("nothing was answered: the other figures mean nothing")
	}
	b.ReportMetric(float64(lost), "lost")
	b.ReportMetric(float64(len(all))/b.Elapsed().Seconds(), "req/s")
	b.ReportMetric(float64(processor.Microseconds())/float64(len(all)), "cpu-us/req")
	b.ReportMetric(percentile(waits, 50), "p50-ms")
	b.ReportMetric(percentile(waits, 99), "p99-ms")
}

// namesOfOne are the names of components that no other entity has: to ask for one gives its card.
func namesOfOne(a *app.App) []string {
	count := map[string]int{}
	for e := range a.Snapshot().As(catalog.Everything{}).All() {
		count[e.Ref.Name]++
	}
	var names []string
	for _, name := range componentNames(a) {
		if count[name] == 1 {
			names = append(names, name)
		}
	}
	return names
}

// slackAnswer is what came of one command.
type slackAnswer struct {
	wait time.Duration // since it was due
	err  error         // why it is lost
}

// fireCommands asks n times for the owners of entities all over the catalog, at slackRate.
func fireCommands(b *testing.B, d *slackDriver, names []string, n int) []slackAnswer {
	b.Helper()
	answers := make([]slackAnswer, n)
	var all sync.WaitGroup
	start := time.Now()
	for i := range n {
		due := start.Add(time.Duration(i) * time.Second / slackRate)
		<-time.After(time.Until(due))
		all.Go(func() {
			name := names[i*7919%len(names)] // a prime: neighbours lie far apart
			err := d.asksOwner(b, "UB"+strconv.Itoa(i%slackPeople), "CB"+strconv.Itoa(i%slackChannels), name)
			answers[i] = slackAnswer{time.Since(due), err}
		})
	}
	all.Wait()
	return answers
}

// slackDriver sends signed slash commands as Slack does, and keeps nothing of them, which the fake Slack does: it is for
// floods.
type slackDriver struct {
	slack  *slacktest.Server
	base   string // of the program
	client *http.Client
}

func newSlackDriver(s *slacktest.Server, base string) *slackDriver {
	const conns = 256 // of the 512 that the program takes
	return &slackDriver{s, base, &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: conns, MaxConnsPerHost: conns},
		Timeout:   3 * time.Second, // as long as Slack waits
	}}
}

// command gives a command and reads its answer.
func (d *slackDriver) command(t testing.TB, user, channel, command, text string) (status int, answer []byte, err error) {
	t.Helper()
	body := url.Values{
		"team_id": {d.slack.TeamID}, "api_app_id": {d.slack.AppID}, "user_id": {user}, "channel_id": {channel}, "channel_name": {"load"},
		"command": {command}, "text": {text}, "trigger_id": {"load." + strconv.FormatInt(time.Now().UnixNano(), 36) + "." + user},
		"response_url": {strings.TrimSuffix(d.slack.APIURL, "api/") + "response/load"},
	}.Encode()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.base+"/slack/commands", strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Slack-Request-Timestamp", stamp)
	r.Header.Set("X-Slack-Signature", slacktest.Sign(d.slack.SigningSecret, stamp, []byte(body)))
	response, err := d.client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(response.Body)
	return response.StatusCode, answer, err
}

// asksOwner asks who owns an entity; anything but its card is an error.
func (d *slackDriver) asksOwner(t testing.TB, user, channel, name string) error {
	t.Helper()
	status, answer, err := d.command(t, user, channel, "/who-owns", name)
	if err != nil {
		return fmt.Errorf("who owns %s: %w", name, err)
	}
	var message struct {
		Text   string `json:"text"`
		Blocks []any  `json:"blocks"`
	}
	if err := json.Unmarshal(answer, &message); err != nil || status != http.StatusOK || !strings.HasPrefix(message.Text, name+": ") || len(message.Blocks) == 0 {
		return fmt.Errorf("who owns %s: %d %.300s", name, status, answer)
	}
	return nil
}
