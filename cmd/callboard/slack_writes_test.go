package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"callboard/bot"
	"callboard/bot/card"
	"callboard/bot/command"
	"callboard/catalog"
	"callboard/catalog/catalogtest"
	"callboard/catalog/policy"
	"callboard/catalog/secret"
	"callboard/cmd/callboard/internal/config"
	"callboard/integrations/outbound"
	"callboard/integrations/slack"
	"callboard/integrations/slack/slacktest"
	"callboard/integrations/sqldb"
)

// clerk is what answers writes in the program, the adapter and the commands over the real store, in virtual time. It
// can die between any two steps, and be started again over the same data folder.
type clerk struct {
	*slacktest.Server

	t        *testing.T
	mode     string
	dir      string
	snapshot *catalog.Snapshot
	people   []string     // refs of users of the catalog
	effects  atomic.Int32 // requests that the operators were asked

	mu     sync.Mutex
	before func() // called once, when an event is about to be stored
	after  func() // called once, when an event was stored
	run    *process
	http   atomic.Pointer[http.Handler] // of the run, over HTTP
}

// process is one run of the clerk.
type process struct {
	dead   chan struct{} // closed when it was killed: then nothing of it has an effect any more
	inbox  bot.Inbox
	clerk  *clerk
	client *http.Client
	end    func()
}

var errKilled = errors.New("the process was killed")

func openClerk(t *testing.T, mode string) *clerk {
	t.Helper()
	documents := catalogtest.Documents(catalogtest.Options{Entities: 200})
	for _, d := range documents {
		if d.Entity.Ref.Kind == "user" {
			d.Entity.Metadata.Annotations = nil // nobody has an account yet
		}
	}
	c := &clerk{
		Server: slacktest.New(t, slacktest.Options{Memory: true}), t: t, mode: mode, dir: t.TempDir(),
		snapshot: catalog.NewSnapshot(catalog.Contents{Documents: documents}),
	}
	c.AddChannel(slacktest.ChannelSpec{ID: "COPS", Name: "ops", Members: []string{c.BotUser, "U1"}})
	for _, e := range c.snapshot.As(catalog.Everything{}).Find(catalog.Query{Text: "kind:user", Limit: 20}).Entities {
		c.people = append(c.people, e.Ref.String())
	}
	c.start()
	t.Cleanup(func() { c.run.end() })
	if mode == config.SlackHTTP {
		c.UseHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*c.http.Load()).ServeHTTP(w, r) }), slacktest.URLs{
			Commands: "/slack/commands", Interactions: "/slack/interactions", Options: "/slack/options", Events: "/slack/events",
		})
	}
	return c
}

// start runs the clerk, and carries out what an earlier run left behind, as app.Run does.
func (c *clerk) start() {
	c.t.Helper()
	log := slog.New(slog.DiscardHandler)
	db, err := sqldb.Open(c.t.Context(), sqldb.Options{Dir: c.dir, Log: log, Ballast: 1})
	if err != nil {
		c.t.Fatal(err)
	}
	p := &process{dead: make(chan struct{}), inbox: db.Chat(), clerk: c}
	p.client = &http.Client{Transport: mortal{p, c.HTTPClient().Transport}}
	options := slack.Options{
		Team: c.TeamID, App: c.AppID, BotToken: secret.New(c.BotToken), APIURL: c.APIURL, Client: p.client,
		Sockets: outbound.Sockets{Dial: p.dial}, Commands: map[string]string{"/callboard": ""}, Log: log, Registerer: prometheus.NewRegistry(),
	}
	if c.mode == config.SlackSocket {
		options.AppToken = secret.New(c.AppToken)
	} else {
		options.SigningSecret = secret.New(c.SigningSecret)
	}
	adapter := slack.New(options)
	announcer := bot.NewAnnouncer(db.Chat(), map[string]bot.Poster{adapter.Name(): adapter}, log)
	deps := command.Deps{
		Catalog: func() *catalog.Snapshot { return c.snapshot }, Viewer: func(policy.Actor) catalog.Viewer { return catalog.Everything{} },
		Operators: []bot.Address{{Platform: "slack", Workspace: c.TeamID, Channel: "COPS"}},
		Announce: func(ctx context.Context, subject string, to []bot.Address, facts string, asked *card.Card) error {
			if p.killed() {
				return errKilled
			}
			c.effects.Add(1)
			return announcer.Show(ctx, subject, to, facts, asked)
		},
	}
	mux := bot.NewMux(command.All(deps), command.Words(log), deps.Complete)
	handle := bot.Chain(mux.Handle, bot.Once(mux.Writes, p, log))
	left, err := p.Left(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var parts sync.WaitGroup
	parts.Go(func() { bot.Resume(ctx, p, left, mux.Handle, log) })
	parts.Go(func() { announcer.Run(ctx) })
	parts.Go(func() { _ = adapter.Serve(ctx, handle) })
	p.end = sync.OnceFunc(func() {
		cancel()
		parts.Wait()
		if err := db.Close(); err != nil {
			c.t.Error(err)
		}
	})
	c.run = p
	if c.mode == config.SlackHTTP {
		served := p.mortal(adapter.Handler(handle))
		c.http.Store(&served)
	}
}

// kill ends the process as the system does, without a word.
func (p *process) kill() {
	close(p.dead)
	p.clerk.CloseSockets()
}

func (p *process) killed() bool {
	select {
	case <-p.dead:
		return true
	default:
		return false
	}
}

// restart starts a new run where the last one was killed, or ends by itself.
func (c *clerk) restart() {
	c.t.Helper()
	c.run.end()
	c.start()
}

func (p *process) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if p.killed() {
		return nil, errKilled
	}
	return p.clerk.Dial(ctx, network, address)
}

// mortal is how a process reaches others, until it is killed.
type mortal struct {
	*process

	to http.RoundTripper
}

func (m mortal) RoundTrip(r *http.Request) (*http.Response, error) {
	if m.killed() {
		return nil, errKilled
	}
	return m.to.RoundTrip(r)
}

// mortal answers nobody once the process is killed.
func (p *process) mortal(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r)
		if p.killed() {
			panic(http.ErrAbortHandler)
		}
	})
}

// Take implements bot.Inbox, with the test's say before and after.
func (p *process) Take(ctx context.Context, key string, request []byte) (fresh bool, err error) {
	p.clerk.once(&p.clerk.before)
	if p.killed() {
		return false, errKilled
	}
	fresh, err = p.inbox.Take(ctx, key, request)
	p.clerk.once(&p.clerk.after)
	return fresh, err
}

// Done implements bot.Inbox.
func (p *process) Done(ctx context.Context, key string) error {
	if p.killed() {
		return errKilled
	}
	return p.inbox.Done(ctx, key)
}

// Left implements bot.Inbox.
func (p *process) Left(ctx context.Context) ([]bot.Left, error) { return p.inbox.Left(ctx) }

func (c *clerk) once(hook *func()) {
	c.mu.Lock()
	call := *hook
	*hook = nil
	c.mu.Unlock()
	if call != nil {
		call()
	}
}

// set makes something happen when the next event is stored.
func (c *clerk) set(hook *func(), call func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*hook = call
}

// writes are the ways to ask the operators, each as one event.
func writes() map[string]func(c *clerk, user, person string) *slacktest.Delivery {
	return map[string]func(c *clerk, user, person string) *slacktest.Delivery{
		"command": func(c *clerk, user, person string) *slacktest.Delivery {
			return c.Command(user, "C1", "/callboard", "link "+person)
		},
		"mention": func(c *clerk, user, person string) *slacktest.Delivery {
			return c.Mention(user, "C1", "link "+person)
		},
		"submission": func(c *clerk, user, _ string) *slacktest.Delivery { return c.Submit(user) },
	}
}

// open opens the form and fills it in.
func (c *clerk) open(user string) {
	c.t.Helper()
	c.Command(user, "C1", "/callboard", "link")
	c.Until("the form", func() bool { return c.Modal(user) != nil })
	found := c.Search(user, c.Modal(user), "You in the catalog", "user")
	if len(found) == 0 {
		c.t.Fatal("the form offers nobody")
	}
	c.Fill(user, "You in the catalog", found[0])
}

// Fault F14 for writes: wherever a socket is cut around an event, and the program killed with it, the operators are
// asked once: what was stored is carried out, and what was not Slack delivers again.
func TestSlackWrites_Cuts(t *testing.T) {
	type cut func(c *clerk, strike func())
	cuts := map[string]cut{
		"before it is read":         func(c *clerk, _ func()) { c.CutNext(slacktest.BeforeRead) },
		"read, not stored":          func(c *clerk, strike func()) { c.set(&c.before, strike) },
		"stored, not acknowledged":  func(c *clerk, strike func()) { c.set(&c.after, strike) },
		"after the acknowledgement": func(c *clerk, _ func()) { c.CutNext(slacktest.AfterAck) },
	}
	for kind, write := range writes() {
		for name, cut := range cuts {
			for _, killed := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%s/killed %v", kind, name, killed), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						c := openClerk(t, config.SlackSocket)
						<-time.After(10 * time.Second)
						if kind == "submission" {
							c.open("U2")
						}
						struck := false
						cut(c, func() {
							if struck = true; killed {
								c.run.kill()
								return
							}
							c.CloseSockets()
						})
						d := write(c, "U2", c.people[0])
						<-time.After(time.Second)
						if killed {
							if !struck {
								c.run.kill()
							}
							c.restart()
						}
						<-time.After(time.Minute)
						asked := c.Channel("COPS").FromBot()
						if n := c.effects.Load(); n != 1 || len(asked) != 1 || asked[0].Edits != 0 {
							t.Errorf("the operators were asked %d times and see %d messages, want one; U2 sees:\n%s", n, len(asked), c.Channel("C1").Last("U2").Lines())
						}
						if !d.Acked() {
							t.Error("never acknowledged")
						}
					})
				})
			}
		}
	}
}

// state is what the operators see in the end, in no special order.
func (c *clerk) state() []string {
	var all []string
	for _, m := range c.Channel("COPS").FromBot() {
		all = append(all, m.Lines())
	}
	slices.Sort(all)
	return all
}

// Fault F15 for writes: of many people each asks twice, for another person the second time. Each event comes one to
// four times within five minutes, in any order but that of the two requests of one person, again after an hour, and again
// after a restart: the operators see what they see when each comes once.
func TestSlackWrites_Shuffled(t *testing.T) {
	const askers = 8
	inBothModes(t, func(t *testing.T, mode string) {
		synctest.Test(t, func(t *testing.T) {
			calm, c := openClerk(t, mode), openClerk(t, mode)
			<-time.After(10 * time.Second)
			random := rand.New(rand.NewPCG(15, 15))
			kinds := []string{"command", "mention"}
			var plan []string // event keys, each as often as it comes
			send := map[string]func(c *clerk) *slacktest.Delivery{}
			for i := range askers {
				user := fmt.Sprint("UA", i)
				calm.AddUser(slacktest.User{ID: user, Name: user})
				c.AddUser(slacktest.User{ID: user, Name: user})
				for n, person := range []string{c.people[i], c.people[(i+1)%askers]} {
					write := writes()[kinds[(i+n)%2]]
					key := fmt.Sprint(user, "/", n)
					send[key] = func(c *clerk) *slacktest.Delivery { return write(c, user, person) }
					send[key](calm)
					for range 1 + random.IntN(4) {
						plan = append(plan, key)
					}
				}
			}
			random.Shuffle(len(plan), func(i, j int) { plan[i], plan[j] = plan[j], plan[i] })
			sent := map[string]*slacktest.Delivery{}
			for _, key := range plan {
				first := key[:len(key)-1] + "0" // what the person asked before comes before
				for _, k := range []string{first, key} {
					if sent[k] == nil {
						sent[k] = send[k](c)
					} else if k == key {
						c.Resend(sent[k], slacktest.Retry(1, "http_timeout"))
					}
				}
				<-time.After(5 * time.Minute / time.Duration(len(plan)))
			}
			again := func(when string) {
				t.Helper()
				for _, key := range plan {
					if d := c.Resend(sent[key], slacktest.Retry(3, "http_error")); !d.OK() {
						t.Errorf("%s %s is not acknowledged", when, key)
					}
				}
				<-time.After(2 * time.Minute)
				if diff := cmp.Diff(calm.state(), c.state()); diff != "" || len(calm.state()) != askers {
					t.Errorf("%s the operators see, of %d (-want +got):\n%s", when, askers, diff)
				}
				if n := c.effects.Load(); n != 2*askers {
					t.Errorf("%s they were asked %d times, want %d", when, n, 2*askers)
				}
			}
			again("at first")
			<-time.After(time.Hour)
			again("after an hour")
			c.restart()
			<-time.After(10 * time.Second)
			again("after a restart")
		})
	})
}

// crashing is an inbox in which nothing is done, as when the program ends before.
type crashing struct{ bot.Inbox }

func (crashing) Done(context.Context, string) error { return errKilled }

// What an earlier run of the program had stored, and not carried out, is carried out when it starts: once, and only for
// those who may ask.
func TestSlackWrites_LeftBehind(t *testing.T) {
	inBothModes(t, func(t *testing.T, mode string) {
		o := newOffice(t, mode, slacktest.Options{}, catalogOfOffice)
		o.AddUser(slacktest.User{ID: "UGONE", Name: "gone", Deleted: true})
		o.start()
		o.stop()
		db, err := sqldb.Open(t.Context(), sqldb.Options{Dir: o.cfg.Data, Ballast: 1})
		if err != nil {
			t.Fatal(err)
		}
		log := slog.New(slog.DiscardHandler)
		store := bot.Once(func(*bot.Request) bool { return true }, crashing{db.Chat()}, log)(func(context.Context, *bot.Request) bot.Reply { return bot.Reply{} })
		for _, user := range []string{"U2", "UGONE"} {
			store(t.Context(), &bot.Request{
				Kind: bot.Typed, ID: "command:" + user, Text: "link user:default/grace", User: bot.ChatUser{Platform: "slack", Workspace: o.TeamID, ID: user},
				Address: bot.Address{Platform: "slack", Workspace: o.TeamID, Channel: "C1"},
			})
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		o.start()
		o.sees("U1", "COPS", "Grace Hopper", `slack.com/user-id: "T1:U2"`)
		for deadline := time.Now().Add(10 * time.Second); strings.Count(o.logs.String(), "the program had taken before it ended") < 2; {
			if <-time.After(10 * time.Millisecond); time.Now().After(deadline) {
				t.Fatal("the log does not say that both are done")
			}
		}
		o.stop()
		o.start()
		o.Command("U1", "C1", "/who-owns", "checkout")
		o.sees("U1", "C1", "checkout")
		if n := len(o.Channel("COPS").FromBot()); n != 1 || strings.Contains(o.Channel("COPS").Last("U1").Lines(), "UGONE") {
			t.Errorf("the operators see %d messages, want one of U2", n)
		}
		if n := strings.Count(o.logs.String(), "the program had taken before it ended"); n != 2 {
			t.Errorf("carried out %d times, want once each", n)
		}
	})
}
