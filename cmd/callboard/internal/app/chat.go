package app

import (
	"context"
	"errors"
	"sync"
	"time"

	"callboard/bot"
	"callboard/bot/card"
	"callboard/bot/command"
	"callboard/catalog/policy"
	"callboard/cmd/callboard/internal/config"
)

const (
	chatTimeout = 15 * time.Second // for one call of a chat platform
	chatBytes   = 8 << 20          // of one answer
)

// ErrConfig is wrapped by errors that whoever runs the program can mend outside of it.
var ErrConfig = errors.New("a secret cannot be had")

// chat is what the surfaces share. Its maps and surfaces are filled by openChats, which NewDaemon calls before anything runs.
type chat struct {
	posters     map[string]bot.Poster
	directories map[string]bot.Directory
	identity    *identity
	announcer   *bot.Announcer
	surfaces    []*surface
}

// surface is a platform that is served.
type surface struct {
	platform
	adapter adapter

	mu    sync.Mutex
	ended error // why it is not served any more; nil while it is
}

// end notes why the platform is not served any more.
func (s *surface) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = err
}

// fault says why nobody is answered on the platform at the moment; "" while they are.
func (s *surface) fault() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended != nil {
		return "it is not served until the configuration is read again: " + s.ended.Error()
	}
	return s.adapter.Fault()
}

func (a *App) newChat() *chat {
	c := &chat{posters: map[string]bot.Poster{}, directories: map[string]bot.Directory{}}
	c.identity = newIdentity(a.config.Identity, a.syncer.Snapshot, c.directories, a.log)
	c.announcer = bot.NewAnnouncer(a.db.Chat(), c.posters, a.log)
	return c
}

// around is what every request passes on its way to the commands, outermost first.
func (a *App) around(mux *bot.Mux) bot.Handler {
	limits := bot.DefaultLimits()
	limits.Person = a.chat.identity.person
	return a.observed(bot.Chain(a.allowed(mux),
		bot.Limit(limits), bot.Once(mux.Writes, a.db.Chat(), a.log))) // a flood is not even remembered
}

// observed notes what becomes of a request, which neither a panic nor a long time ends.
func (a *App) observed(handle bot.Handler) bot.Handler {
	return bot.Chain(handle, bot.Observe(a.observeRequest), bot.Recover(a.log), bot.Deadline(requestLimit))
}

// allowed finds out who asks, and turns away who may not.
func (a *App) allowed(mux *bot.Mux) bot.Handler {
	return bot.Chain(mux.Handle, bot.Identify(a.chat.identity), admit(a.config.Identity.Guests), a.unidentified, a.refusals, a.discreet(mux.Writes))
}

// left gives what carries out the requests that an earlier run of the program took and did not come to. It is
// called before anything new is taken.
func (a *App) left(ctx context.Context) func(context.Context) error {
	inbox := a.db.Chat()
	left, err := inbox.Left(ctx)
	if err != nil && ctx.Err() == nil { // what only reads works all the same
		a.log.Error("the requests that were left behind cannot be read; the next start tries again", "error", err)
	}
	return func(ctx context.Context) error {
		bot.Resume(ctx, inbox, left, a.resume, a.log)
		return nil
	}
}

// admit turns away accounts that are nobody's, or not of this company (threats.md row 3). Bots hear nothing, so that
// two of them never talk.
func admit(guests bool) bot.Middleware {
	return func(next bot.Handler) bot.Handler {
		return func(ctx context.Context, req *bot.Request) bot.Reply {
			switch req.Actor.Class {
			case policy.Bot, policy.Deactivated:
				return bot.Reply{Outcome: bot.Denied}
			case policy.Stranger:
				return turnedAway("I answer people of this workspace only.")
			case policy.Guest:
				if !guests {
					return turnedAway("Guests of this workspace cannot ask me. A member can share an answer with you.")
				}
			case policy.Member, policy.Unsaid:
			}
			return next(ctx, req)
		}
	}
}

func turnedAway(text string) bot.Reply {
	return bot.Reply{Outcome: bot.Denied, Card: &card.Card{Title: text, Summary: text, Status: card.Warn}}
}

// openChats makes the adapters of the platforms that are configured. Nothing is sent.
func (a *App) openChats() error {
	for _, p := range configured(a.config) {
		adapter, err := p.open(a.config, a.log, a.meters.registry)
		if err != nil {
			return err
		}
		a.chat.surfaces = append(a.chat.surfaces, &surface{platform: p, adapter: adapter})
		a.chat.posters[p.name], a.chat.directories[p.name] = adapter, adapter
	}
	return nil
}

// operators gives the channels where the operators are asked, on each platform that is configured.
func operators(cfg *config.Config) []bot.Address {
	var to []bot.Address
	for _, p := range configured(cfg) {
		for _, id := range cfg.Operators.On(p.name) {
			to = append(to, bot.Address{Platform: p.name, Workspace: p.place(cfg), Channel: id})
		}
	}
	return to
}

// announce gives the announcer's Show where there is a surface to show anything on, else nil.
func (a *App) announce() func(context.Context, string, []bot.Address, string, *card.Card) error {
	if len(configured(a.config)) == 0 {
		return nil
	}
	return func(ctx context.Context, subject string, to []bot.Address, facts string, c *card.Card) error {
		defer a.kickLinks() // the catalog may have changed since the request looked at it
		return a.chat.announcer.Show(ctx, subject, to, facts, c)
	}
}

// chats tells of each platform that is served how it is.
func (a *App) chats() []command.Chat {
	var out []command.Chat
	for _, s := range a.chat.surfaces {
		out = append(out, command.Chat{Name: s.label, Fault: s.fault()})
	}
	return out
}

func (a *App) account(ctx context.Context, user bot.ChatUser) (bot.Account, error) {
	return a.chat.identity.account(ctx, user)
}

// runChats serves the platforms until ctx ends. One that cannot be served any more, because its token is refused or the like,
// leaves the others as they are: it is said in the log and by health, and served again when the configuration is read
// again, as only a person can mend it.
func (a *App) runChats(ctx context.Context) error {
	var parts sync.WaitGroup
	for _, s := range a.chat.surfaces {
		parts.Go(func() {
			if err := s.adapter.Serve(ctx, a.handle); err != nil && ctx.Err() == nil {
				s.end(err)
				a.log.Error("a chat is not served any more; when it is mended, read the configuration again (SIGHUP)", "platform", s.name, "error", err)
			}
		})
	}
	parts.Wait()
	return nil
}

// runAnnouncer keeps cards in channels in step, where there are channels.
func (a *App) runAnnouncer(ctx context.Context) error {
	if len(a.chat.posters) > 0 {
		a.chat.announcer.Run(ctx)
	}
	return nil
}
