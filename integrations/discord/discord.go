package discord

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/singleflight"

	"callboard/bot"
	"callboard/catalog/secret"
	"callboard/integrations/outbound"
)

// platform is what requests from here are called.
const platform = "discord"

// behindLimit is for what nobody waits for: it is tried again later.
const behindLimit = time.Minute

// Options say which application in which guild this is.
type Options struct {
	Application string       // id of the application; events of others are dropped
	Guild       string       // id of the guild; events of others are dropped
	BotToken    secret.Value // without "Bot "
	PublicKey   string       // of the application, in hexadecimal; with it interactions come over HTTP, see Handler
	APIURL      string       // base of the API without a version, as in https://discord.com/api, which it is when it is ""
	Client      *http.Client // reaches Discord; its timeout is for each exchange, without the waiting that Discord asks for
	Home        string       // address where people find who runs this, said to Discord; "" is the application's at Discord
	Version     string       // of the program, said to Discord; "" is 0

	Sockets    outbound.Sockets // opens the connection to the gateway
	Commands   []Command        // slash commands
	Open       []string         // globs of names of channels where answers are for everybody; a thread is as open as its channel
	Log        *slog.Logger
	Registerer prometheus.Registerer
}

// agent is what Discord wants to be told with each request: "DiscordBot ($url, $versionNumber)". docs.discord.com/developers
// reference, "User Agent"
func (o Options) agent() string {
	home, version := o.Home, o.Version
	if home == "" {
		home = "https://discord.com/developers/applications/" + o.Application
	}
	if version == "" {
		version = "0"
	}
	return "DiscordBot (" + home + ", " + version + ")"
}

// Command is a slash command.
type Command struct {
	Name string       // without its slash, as it is typed: lower case
	Verb *bot.Command // what it asks; nil where the verb is typed behind it
}

// Discord is the application in one guild. It implements bot.Platform, bot.Poster and bot.Directory.
type Discord struct {
	options Options
	key     ed25519.PublicKey // nil without one
	api     *rest
	meters  *meters
	log     *slog.Logger

	mu     sync.Mutex
	handle bot.Handler
	self   string // user id of the bot; "" before Discord said it

	work   bot.Work
	meets  sync.WaitGroup // first answers on their way; none takes longer than bot.FinishLimit and some seconds
	places bot.Places
	asking singleflight.Group // for names of channels
	state  state
	drafts drafts
	kept   kept
}

// New makes the adapter. Nothing is sent before Serve or Handler. A public key that is malformed fits no signature.
func New(o Options) *Discord {
	d := &Discord{options: o, log: o.Log, work: bot.Work{Log: o.Log}, meters: newMeters(o.Registerer)}
	if key, err := hex.DecodeString(o.PublicKey); err == nil && len(key) == ed25519.PublicKeySize {
		d.key = key
	}
	d.api = newREST(o, d.meters, o.Log)
	return d
}

// Name implements bot.Platform.
func (d *Discord) Name() string { return platform }

// Serve implements bot.Platform: it registers the slash commands and keeps a connection to the gateway until ctx ends,
// which brings mentions and direct messages, and the interactions too unless they come through Handler. At the end it
// lets the answers that are under way finish for a moment, and nothing new begins. When Discord wants no other connection
// it ends with an error; interactions over HTTP are then answered still.
func (d *Discord) Serve(ctx context.Context, handle bot.Handler) error {
	d.use(handle)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var parts sync.WaitGroup
	parts.Go(func() { d.register(ctx) })
	parts.Go(func() { d.learnSelf(ctx) })
	err := d.serveGateway(ctx)
	if err != nil && d.key != nil {
		d.log.Error("mentions and direct messages are not heard any more; when it is mended, read the configuration again (SIGHUP)", "error", err)
		d.state.end(err)
		err = nil
		<-ctx.Done()
	}
	cancel()
	parts.Wait()
	d.meets.Wait()
	if left := d.work.Finish(bot.FinishLimit); left > 0 {
		d.log.Warn("answers are cut off, because the program ends", "answers", left)
	}
	return err
}

// learnSelf asks Discord who the bot is, until it says so; the gateway may say it first.
func (d *Discord) learnSelf(ctx context.Context) {
	for wait := time.Second; ctx.Err() == nil && d.selfID() == ""; wait = min(2*wait, time.Minute) {
		var me user
		asking, cancel := context.WithTimeout(ctx, behindLimit)
		err := d.api.do(asking, call{name: "user.self", method: http.MethodGet, path: "/users/@me", out: &me})
		cancel()
		if err == nil {
			d.learn(me.ID)
			return
		}
		if ctx.Err() == nil {
			d.log.Warn("Discord does not say who the bot is; check discord.token with callboard doctor", "error", err)
		}
		sleep(ctx, wait)
	}
}

// use has handle answer all that comes.
func (d *Discord) use(handle bot.Handler) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.handle = handle
}

func (d *Discord) handler() bot.Handler {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.handle
}

func (d *Discord) learn(self string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.self = self
}

func (d *Discord) selfID() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.self
}

// ours is an error unless an event is of our application and guild (threats.md row 2). A direct message has no guild.
func (d *Discord) ours(application, guild string) error {
	switch {
	case application != d.options.Application:
		return errForeignApp
	case guild != "" && guild != d.options.Guild:
		return errForeignGuild
	}
	return nil
}

// Why an event is not worked on.
var (
	errForeignApp   = errors.New("of another application")
	errForeignGuild = errors.New("of another guild")
	errUnroutable   = errors.New("not for us")
	errMalformed    = errors.New("malformed")
)

// drop counts an event that is not worked on, and says so where that is not usual.
func (d *Discord) drop(err error) {
	reason := "malformed"
	switch {
	case errors.Is(err, errForeignApp):
		reason = "foreign_app"
	case errors.Is(err, errForeignGuild):
		reason = "foreign_guild"
	case errors.Is(err, errUnroutable):
		reason = "unroutable"
	}
	d.meters.dropped.WithLabelValues(reason).Inc()
	if reason != "unroutable" {
		d.log.Warn("an event from Discord is not worked on", "reason", reason, "error", err)
	}
}

// command finds a slash command by its name.
func (d *Discord) command(name string) (Command, bool) {
	for _, c := range d.options.Commands {
		if strings.EqualFold(c.Name, name) {
			return c, true
		}
	}
	return Command{}, false
}
