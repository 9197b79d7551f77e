package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"callboard/bot"
	"callboard/bot/card"
	"callboard/catalog/policy"
	"callboard/catalog/secret"
	"callboard/cmd/callboard/internal/config"
	"callboard/integrations/outbound"
	"callboard/integrations/slack"
)

const (
	chatTimeout = 15 * time.Second // for one call of a chat platform
	chatBytes   = 8 << 20          // of one answer
)

// ErrConfig is wrapped by errors that whoever runs the program can mend outside of it.
var ErrConfig = errors.New("a secret cannot be had")

// chat is what the surfaces share. Its maps are filled by openSlack, before anything runs.
type chat struct {
	posters     map[string]bot.Poster
	directories map[string]bot.Directory
	identity    *identity
	announcer   *bot.Announcer
	slack       *slack.Slack // nil: not configured
}

func (a *App) newChat() *chat {
	c := &chat{posters: map[string]bot.Poster{}, directories: map[string]bot.Directory{}}
	c.identity = newIdentity(a.config.Identity, a.syncer.Snapshot, c.directories, a.log)
	c.announcer = bot.NewAnnouncer(a.db.Chat(), c.posters, a.log)
	return c
}

// around is what every request passes on its way to the commands, outermost first.
func (a *App) around(mux *bot.Mux) bot.Handler {
	return a.observed(bot.Chain(a.allowed(mux),
		bot.Limit(bot.DefaultLimits()), bot.Once(mux.Writes, a.db.Chat(), a.log))) // a flood is not even remembered
}

// observed notes what becomes of a request, which neither a panic nor a long time ends.
func (a *App) observed(handle bot.Handler) bot.Handler {
	return bot.Chain(handle, bot.Observe(a.observeRequest), bot.Recover(a.log), bot.Deadline(requestLimit))
}

// allowed finds out who asks, and turns away who may not.
func (a *App) allowed(mux *bot.Mux) bot.Handler {
	return bot.Chain(mux.Handle, bot.Identify(a.chat.identity), admit(a.config.Identity.Guests), a.unidentified, a.refusals)
}

// left gives what carries out the requests that an earlier run of the program took and did not come to. It is
// called before anything new is taken.
func (a *App) left(ctx context.Context) func(context.Context) error {
	inbox := a.db.Chat()
	left, err := inbox.Left(ctx)
	if err != nil { // what only reads works all the same
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

// openSlack makes the adapter, if Slack is configured and it is not there yet. Nothing is sent.
func (a *App) openSlack() error {
	if a.config.Slack.Mode == config.SlackOff || a.chat.slack != nil {
		return nil
	}
	adapter, err := newSlack(a.config, a.log, a.meters.registry)
	if err != nil {
		return err
	}
	a.chat.slack = adapter
	a.chat.posters[adapter.Name()] = adapter
	a.chat.directories[adapter.Name()] = adapter
	return nil
}

// newSlack makes an adapter as it is configured. Its errors are wrong settings.
func newSlack(all *config.Config, log *slog.Logger, registry prometheus.Registerer) (*slack.Slack, error) {
	cfg := all.Slack
	options := slack.Options{
		Team: cfg.Team, App: cfg.App, APIURL: cfg.APIURL, Commands: slashVerbs(cfg), Open: cfg.OpenChannels,
		Log: log, Registerer: registry,
	}
	var err error
	if options.BotToken, err = resolved("slack.bot_token", cfg.BotToken); err != nil {
		return nil, err
	}
	if cfg.Mode == config.SlackSocket {
		options.AppToken, err = resolved("slack.app_token", cfg.AppToken)
	} else {
		options.SigningSecret, err = resolved("slack.signing_secret", cfg.SigningSecret)
	}
	if err != nil {
		return nil, err
	}
	reach := outbound.Options{Proxy: all.Outbound.Proxy, CAFile: all.Outbound.CA, Timeout: chatTimeout, MaxBytes: chatBytes}
	if u, err := url.Parse(cfg.APIURL); err == nil && u.Host != "" {
		reach.AllowHosts = []string{u.Host}
	}
	if options.Client, err = outbound.New(reach); err != nil {
		return nil, fmt.Errorf("outbound: %w", err)
	}
	if options.Sockets, err = outbound.NewSockets(reach); err != nil {
		return nil, fmt.Errorf("outbound: %w", err)
	}
	return slack.New(options), nil
}

func resolved(key string, ref secret.Ref) (secret.Value, error) {
	value, err := secret.Resolve(ref)
	if err != nil {
		return value, fmt.Errorf("%s: %w: %w", key, ErrConfig, err)
	}
	return value, nil
}

// slashVerbs gives the verb that each slash command stands for; callboard itself stands for none, because its text begins
// with one.
func slashVerbs(cfg config.Slack) map[string]string {
	verbs := map[string]string{}
	for _, name := range cfg.Commands {
		verb := name
		if name == "callboard" {
			verb = ""
		}
		verbs["/"+cfg.Prefix+name] = verb
	}
	return verbs
}

// operators gives the channels where the operators are asked.
func operators(cfg *config.Config) []bot.Address {
	var to []bot.Address
	for _, channel := range cfg.Operators.Channels {
		platform, id, _ := strings.Cut(channel, ":")
		to = append(to, bot.Address{Platform: platform, Workspace: cfg.Slack.Team, Channel: id})
	}
	return to
}

// announce gives the announcer's Show where there is a surface to show anything on, else nil.
func (a *App) announce() func(context.Context, string, []bot.Address, *card.Card) error {
	if a.config.Slack.Mode == config.SlackOff {
		return nil
	}
	return a.chat.announcer.Show
}

func (a *App) account(ctx context.Context, user bot.ChatUser) (bot.Account, error) {
	return a.chat.identity.account(ctx, user)
}

// runSlack serves Slack until ctx ends.
func (a *App) runSlack(ctx context.Context) error {
	if a.chat.slack == nil {
		return nil
	}
	return a.chat.slack.Serve(ctx, a.handle)
}

// runAnnouncer keeps cards in channels in step, where there are channels.
func (a *App) runAnnouncer(ctx context.Context) error {
	if len(a.chat.posters) > 0 {
		a.chat.announcer.Run(ctx)
	}
	return nil
}
