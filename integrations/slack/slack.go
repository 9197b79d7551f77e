package slack

import (
	"context"
	"errors"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/slack-go/slack"
	"golang.org/x/sync/singleflight"

	"callboard/bot"
	"callboard/catalog/secret"
	"callboard/integrations/outbound"
)

// platform is what requests from here are called.
const platform = "slack"

// Options say which app of which workspace this is.
type Options struct {
	Team          string       // id of the workspace or enterprise; events of others are dropped
	App           string       // id of the app; events of others are dropped
	BotToken      secret.Value // xoxb-…
	AppToken      secret.Value // xapp-…; with it events come through sockets
	SigningSecret secret.Value // with it events come as HTTP requests, see Handler
	APIURL        string       // base of the Web API, ending in a slash; "" is Slack's own
	Client        *http.Client // reaches Slack

	Sockets    outbound.Sockets  // opens sockets
	Commands   map[string]string // slash commands, with their slash → the verb in front of the text; "" for none
	Open       []string          // globs of names of channels where answers are for everybody
	Log        *slog.Logger
	Registerer prometheus.Registerer
}

// Slack is the app of one workspace. It implements bot.Platform, bot.Poster and bot.Directory.
type Slack struct {
	options Options
	api     *slack.Client
	sender  *sender
	meters  *meters
	log     *slog.Logger
	handle  bot.Handler

	mu      sync.Mutex
	self    string // user id of the bot, from auth.test; "" before the first answer
	sockets int    // that are open
	others  int    // greetings in a row that counted more than those
	rivals  int    // sockets of other programs, as far as is known

	work   bot.Work
	places bot.Places
	asking singleflight.Group // for names of channels
}

// New makes the adapter. Nothing is sent before Serve or Handler.
func New(o Options) *Slack {
	s := &Slack{options: o, log: o.Log, work: bot.Work{Log: o.Log}, meters: newMeters(o.Registerer)}
	s.api = slack.New(o.BotToken.Reveal(), s.clientOptions(slack.OptionHTTPClient(o.Client))...)
	s.sender = newSender(s.meters, o.Log)
	return s
}

// clientOptions are what clients of the Web API have in common. The library's own logger is silenced: it prints to
// standard error.
func (s *Slack) clientOptions(more ...slack.Option) []slack.Option {
	options := append(more, slack.OptionAppLevelToken(s.options.AppToken.Reveal()), slack.OptionLog(log.New(io.Discard, "", 0)))
	if s.options.APIURL != "" {
		options = append(options, slack.OptionAPIURL(strings.TrimSuffix(s.options.APIURL, "/")+"/"))
	}
	return options
}

// Name implements bot.Platform.
func (s *Slack) Name() string { return platform }

// Serve implements bot.Platform: with an app token it keeps sockets open until ctx ends; without, events come
// through Handler, and Serve only waits. Either way it lets the answers that are under way finish for a moment, and
// nothing new begins.
func (s *Slack) Serve(ctx context.Context, handle bot.Handler) error {
	s.use(handle)
	var parts sync.WaitGroup
	parts.Go(func() { s.learnSelf(ctx) })
	if s.options.AppToken.Reveal() != "" {
		parts.Go(func() { s.serveSockets(ctx) })
	}
	<-ctx.Done()
	parts.Wait()
	if left := s.work.Finish(bot.FinishLimit); left > 0 {
		s.log.Warn("answers are cut off, because the program ends", "answers", left)
	}
	return nil
}

// Fault says in words why Slack is not reached, or why not everybody is answered; "" while all is well.
func (s *Slack) Fault() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.options.AppToken.Reveal() != "" && s.sockets == 0:
		return "no socket to Slack is open; callboard doctor says more"
	case s.self == "":
		return "Slack has not said yet who the bot is; callboard doctor says more"
	case s.rivals > 0:
		return others(s.rivals) + " open to the same app, and another program gets a part of the events: stop it, or give it an app of its own"
	}
	return ""
}

// learnSelf asks Slack who the bot is, until it says so.
func (s *Slack) learnSelf(ctx context.Context) {
	for wait := time.Second; ; wait = min(2*wait, time.Minute) {
		var answer *slack.AuthTestResponse
		err := s.sender.once(ctx, "auth.test", func(ctx context.Context) (err error) {
			answer, err = s.api.AuthTestContext(ctx)
			return err
		})
		if err == nil {
			s.mu.Lock()
			s.self = answer.UserID
			s.mu.Unlock()
			return
		}
		if ctx.Err() == nil {
			s.log.Warn("Slack does not say who the bot is; check slack.bot_token with callboard doctor", "error", explain(err))
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// use has handle answer all that comes.
func (s *Slack) use(handle bot.Handler) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handle = handle
}

func (s *Slack) handler() bot.Handler {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.handle
}

func (s *Slack) selfID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.self
}

// ours is an error unless an event is of our workspace and app (threats.md row 2).
func (s *Slack) ours(app string, teams ...string) error {
	switch {
	case app != s.options.App:
		return errForeignApp
	case !slices.Contains(teams, s.options.Team):
		return errForeignWorkspace
	}
	return nil
}

// trusted reports whether a response_url of a payload leads to Slack, or to the server that stands in for it.
func (s *Slack) trusted(responseURL string) bool {
	u, err := url.Parse(responseURL)
	if err != nil || u.User != nil {
		return false
	}
	if api, err := url.Parse(s.options.APIURL); err == nil && s.options.APIURL != "" {
		return u.Host == api.Host && u.Scheme == api.Scheme
	}
	return u.Scheme == "https" && (u.Host == "hooks.slack.com" || u.Host == "hooks.slack-gov.com")
}

// Why an event is not worked on. It is acknowledged all the same.
var (
	errForeignApp       = errors.New("of another app")
	errForeignWorkspace = errors.New("of another workspace")
	errUnroutable       = errors.New("not for us")
	errMalformed        = errors.New("malformed")
)
