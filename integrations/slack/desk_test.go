package slack_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"callboard/bot"
	"callboard/bot/bottest"
	"callboard/bot/card"
	"callboard/catalog/secret"
	"callboard/integrations/outbound"
	"callboard/integrations/slack"
	"callboard/integrations/slack/slacktest"
)

const (
	overSockets = "socket"
	overHTTP    = "http"
)

// desk is the adapter in a workspace of the fake Slack, with a handler of the test behind it. It works within a bubble
// of virtual time.
type desk struct {
	*slacktest.Server

	t        *testing.T
	slack    *slack.Slack
	logs     *lockedBuffer
	registry *prometheus.Registry
	stop     func()
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// newDesk makes a workspace and the adapter; nothing runs yet.
func newDesk(t *testing.T, mode string, o slacktest.Options) *desk {
	t.Helper()
	o.Memory = true
	d := &desk{Server: slacktest.New(t, o), t: t, logs: new(lockedBuffer), registry: prometheus.NewRegistry()}
	d.AddChannel(slacktest.ChannelSpec{ID: "CINC", Name: "inc-1", Members: []string{d.BotUser, "U1", "U2"}})
	options := slack.Options{
		Team: d.TeamID, App: d.AppID, BotToken: secret.New(d.BotToken), APIURL: d.APIURL, Client: d.HTTPClient(),
		Sockets:  outbound.Sockets{Dial: d.Dialer().NetDialContext},
		Commands: map[string]string{"/callboard": "", "/who-owns": "who-owns"}, Open: []string{"inc-*"},
		Log: slog.New(slog.NewTextHandler(d.logs, nil)), Registerer: d.registry,
	}
	if mode == overSockets {
		options.AppToken = secret.New(d.AppToken)
	} else {
		options.SigningSecret = secret.New(d.SigningSecret)
	}
	d.slack = slack.New(options)
	return d
}

// openDesk makes a desk and serves it until the test ends.
func openDesk(t *testing.T, mode string, o slacktest.Options, handle bot.Handler) *desk {
	t.Helper()
	d := newDesk(t, mode, o)
	d.serve(mode, handle)
	return d
}

func (d *desk) serve(mode string, handle bot.Handler) {
	d.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := d.slack.Serve(ctx, handle); err != nil {
			d.t.Error(err)
		}
	}()
	d.stop = sync.OnceFunc(func() { cancel(); <-ended })
	d.t.Cleanup(d.stop)
	if mode == overHTTP {
		d.UseHandler(d.slack.Handler(handle), slacktest.URLs{
			Commands: "/slack/commands", Interactions: "/slack/interactions", Options: "/slack/options", Events: "/slack/events",
		})
		return
	}
	d.Until("a socket", func() bool { return d.Sockets() > 0 })
}

// count is the value of a counter, summed over its labels.
func (d *desk) count(name string) (sum float64) {
	d.t.Helper()
	families, err := d.registry.Gather()
	if err != nil {
		d.t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return sum
}

// texts gives how often each notification is seen by a person in a channel.
func (d *desk) texts(user, channel string) map[string]int {
	seen := map[string]int{}
	for _, m := range d.Channel(channel).SeenBy(user) {
		if m.BotID != "" {
			seen[m.Text]++
		}
	}
	return seen
}

func (d *desk) logged(words ...string) bool {
	log := d.logs.String()
	for _, w := range words {
		if !strings.Contains(log, w) {
			return false
		}
	}
	return true
}

// says answers with a text.
func says(text string) bot.Reply {
	return bot.Reply{Card: &card.Card{Title: text, Summary: text}, Share: "share it"}.Fine()
}

// echo answers with what was asked.
func echo(_ context.Context, req *bot.Request) bot.Reply {
	if req.Taken != nil {
		req.Taken()
	}
	return says("you said " + req.Text)
}

// bothModes runs a test over sockets and over HTTP.
func bothModes(t *testing.T, test func(t *testing.T, mode string)) {
	t.Helper()
	for _, mode := range []string{overSockets, overHTTP} {
		t.Run(mode, func(t *testing.T) { test(t, mode) })
	}
}

// background serves over sockets that need not open, and gives what ends it.
func (d *desk) background(handle bot.Handler) func() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = d.slack.Serve(ctx, handle) }()
	stop := sync.OnceFunc(func() { cancel(); <-ended })
	d.t.Cleanup(stop)
	return stop
}

// once answers each event once, as the program does.
func once(handle bot.Handler) bot.Handler {
	return bot.Once(func(*bot.Request) bool { return false }, new(bottest.Memory), slog.New(slog.DiscardHandler))(func(ctx context.Context, req *bot.Request) bot.Reply {
		req.Taken = nil
		return handle(ctx, req)
	})
}
