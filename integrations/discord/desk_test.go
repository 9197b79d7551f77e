package discord_test

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"callboard/bot"
	"callboard/bot/card"
	"callboard/catalog/secret"
	"callboard/integrations/discord"
	"callboard/integrations/discord/discordtest"
	"callboard/integrations/outbound"
)

const (
	overGateway = "gateway"
	overHTTP    = "http"
	incident    = "600000000000000009"
)

// desk is the adapter in a guild of the fake Discord, with a handler of the test behind it. It works within a bubble of
// virtual time.
type desk struct {
	*discordtest.Server

	t        *testing.T
	discord  *discord.Discord
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

// newDesk makes a guild and the adapter; nothing runs yet.
func newDesk(t *testing.T, mode string) *desk {
	t.Helper()
	d := &desk{Server: discordtest.New(t, discordtest.Options{Memory: true}), t: t, logs: new(lockedBuffer), registry: prometheus.NewRegistry()}
	d.AddChannel(discordtest.ChannelSpec{ID: incident, Name: "inc-1"})
	options := discord.Options{
		Application: d.AppID, Guild: d.GuildID, BotToken: secret.New(d.Token), APIURL: d.APIURL, Client: d.HTTPClient(),
		Sockets:  outbound.Sockets{Dial: d.Dial},
		Commands: []discord.Command{{Name: "callboard"}, {Name: "who-owns", Verb: whoOwns()}}, Open: []string{"inc-*"},
		Log: slog.New(slog.NewTextHandler(d.logs, nil)), Registerer: d.registry,
	}
	if mode == overHTTP {
		options.PublicKey = d.PublicKey
	}
	d.discord = discord.New(options)
	return d
}

func whoOwns() *bot.Command {
	return &bot.Command{
		Name: "who-owns", Group: bot.Read, Usage: "TARGET", Summary: "owner, on-call and links", Example: "who-owns checkout",
		MinArgs: 1, MaxArgs: -1, Target: true,
	}
}

// openDesk makes a desk and serves it until the test ends.
func openDesk(t *testing.T, mode string, handle bot.Handler) *desk {
	t.Helper()
	d := newDesk(t, mode)
	d.serve(mode, handle)
	return d
}

func (d *desk) serve(mode string, handle bot.Handler) {
	d.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := d.discord.Serve(ctx, handle); err != nil {
			d.t.Error(err)
		}
	}()
	d.stop = sync.OnceFunc(func() { cancel(); <-ended })
	d.t.Cleanup(d.stop)
	if mode == overHTTP {
		d.UseHandler(d.discord.Handler(handle), "/discord/interactions")
	}
	d.t.Cleanup(func() {
		if d.t.Failed() {
			d.t.Log(d.logs)
		}
	})
	d.ready()
	d.Until("the commands", func() bool { return len(d.Calls("PUT /applications/{app}/guilds/{guild}/commands")) > 0 })
}

// ready waits until the adapter knows that it has a session.
func (d *desk) ready() {
	d.t.Helper()
	for range 600 {
		if d.gauge("callboard_discord_sockets") > 0 {
			return
		}
		<-time.After(100 * time.Millisecond)
	}
	d.t.Fatal("no session within a minute; " + d.logs.String())
}

// gauge is the value of a counter or a gauge, summed over its labels.
func (d *desk) gauge(name string) (sum float64) {
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

// bothModes runs a test with interactions from the gateway and over HTTP.
func bothModes(t *testing.T, test func(t *testing.T, mode string)) {
	t.Helper()
	for _, mode := range []string{overGateway, overHTTP} {
		t.Run(mode, func(t *testing.T) { test(t, mode) })
	}
}

// background serves, and gives what ends it with the error of Serve.
func (d *desk) background(handle bot.Handler) func() error {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.discord.Serve(ctx, handle) }()
	stop := sync.OnceValue(func() error { cancel(); return <-ended })
	d.t.Cleanup(func() { _ = stop() })
	return stop
}
