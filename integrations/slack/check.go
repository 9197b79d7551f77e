package slack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"callboard/bot"
)

const (
	helloWithin  = 10 * time.Second
	maxLooked    = 100 // channels that are looked at; Slack allows about 50 calls a minute
	accountsPage = 500 // Slack advises 200 and takes 1,000
	accountPages = 200 // of which there may be about 20 a minute
	testMessage  = "A test of callboard doctor; it deletes this message at once."
	inviteFix    = "write /invite @callboard in it"
	scopeFix     = "add it under OAuth & Permissions of the app, and install the app again"
	reachFix     = "let this machine reach Slack (its network, names, outbound.proxy, outbound.ca), or ask doctor again later when Slack is in trouble"
)

var _ bot.Checker = (*Slack)(nil)

// Check implements bot.Checker.
func (s *Slack) Check(ctx context.Context, w bot.Wanted, found func(bot.Finding)) {
	c := &check{s, w, found, nil, false}
	usable := c.token(ctx)
	if s.options.AppToken.Reveal() != "" {
		c.socket(ctx)
	}
	if !usable {
		return
	}
	for _, channel := range w.Post {
		c.post(ctx, channel)
	}
	c.channels(ctx)
}

// check is one run of Check.
type check struct {
	slack   *Slack
	wanted  bot.Wanted
	found   func(bot.Finding)
	granted []string // scopes of the token
	told    bool     // Slack told them
}

func (c *check) say(part string, grade bot.Grade, fix, format string, args ...any) {
	c.found(bot.Finding{Part: part, Grade: grade, Fix: fix, Text: fmt.Sprintf(format, args...)})
}

// token asks Slack whose token it is. It reports whether anything can be done with it.
func (c *check) token(ctx context.Context) bool {
	const part = "Slack bot token"
	o := c.slack.options
	var who *slack.AuthTestResponse
	err := patiently(ctx, func() (err error) { who, err = c.slack.api.AuthTestContext(ctx); return err })
	if err != nil {
		c.say(part, bot.Wrong, mend(err, "take the Bot User OAuth Token from OAuth & Permissions of the app, and put it where slack.bot_token says"), "%v", plainly(err))
		return false
	}
	c.found(bot.Clock("Slack", who.Header.Get("Date"), time.Now()))
	switch {
	case who.BotID == "":
		c.say(part, bot.Wrong, "take the Bot User OAuth Token from OAuth & Permissions of the app", "it is the token of a person, not of the bot")
		return false
	case o.Team != who.TeamID && o.Team != who.EnterpriseID:
		c.say(part, bot.Wrong, "set slack.team: "+who.TeamID+", or take the token of the app in the other workspace",
			"it is for the workspace %s (%s), but slack.team is %s: every event would be dropped", who.Team, who.TeamID, o.Team)
		return false
	}
	c.app(ctx, who)
	c.scopes(who.Header)
	return true
}

// app compares the app of the token with the configuration.
func (c *check) app(ctx context.Context, who *slack.AuthTestResponse) {
	const part = "Slack bot token"
	var b *slack.Bot
	err := patiently(ctx, func() (err error) {
		b, err = c.slack.api.GetBotInfoContext(ctx, slack.GetBotInfoParameters{Bot: who.BotID})
		return err
	})
	switch o := c.slack.options; {
	case err != nil:
		c.say(part, bot.Doubtful, mend(err, "ask doctor again later"), "it is of @%s in %s (%s); of which app, Slack does not say: %v", who.User, who.Team, who.TeamID, explain(err))
	case b.AppID != o.App:
		c.say(part, bot.Wrong, "set slack.app: "+b.AppID+", or take the token of the other app",
			"it is of the app %s, but slack.app is %s: every event would be dropped", b.AppID, o.App)
	default:
		c.say(part, bot.Sound, "", "it is of @%s in %s (%s), app %s", who.User, who.Team, who.TeamID, b.AppID)
	}
}

// scopes names each scope that is missing with what does not work without it.
func (c *check) scopes(header http.Header) {
	const part = "Slack scopes"
	said := header.Get("X-Oauth-Scopes")
	if said == "" {
		c.say(part, bot.Doubtful, "compare callboard manifest slack with OAuth & Permissions of the app", "Slack does not say which scopes the token has")
		return
	}
	c.told = true
	for scope := range strings.SplitSeq(said, ",") {
		c.granted = append(c.granted, strings.TrimSpace(scope))
	}
	missing := 0
	for _, s := range Scopes(c.wanted.Purposes, c.wanted.Addresses) {
		if !slices.Contains(c.granted, s.Name) {
			missing++
			grade := bot.Wrong
			if s.Optional {
				grade = bot.Doubtful
			}
			c.say(part, grade, scopeFix, "%s is missing: %s", s.Name, s.Why)
		}
	}
	if missing == 0 {
		c.say(part, bot.Sound, "", "the token has all that it needs")
	}
}

func (c *check) lacks(scope string) bool { return c.told && !slices.Contains(c.granted, scope) }

// socket opens a socket and waits for its first word. Slack may send events to any open socket, so none is opened
// while a daemon has some.
func (c *check) socket(ctx context.Context) {
	const part = "Slack socket"
	var address string
	err := patiently(ctx, func() (err error) { _, address, err = c.slack.api.StartSocketModeContext(ctx); return err })
	switch {
	case codeOf(err) == "missing_scope":
		c.say(part, bot.Wrong, "make an app-level token with the scope connections:write under Basic Information of the app", "slack.app_token lacks a scope")
		return
	case err != nil:
		c.say(part, bot.Wrong, mend(err, "check that Socket Mode is on in the app, and that slack.app_token is an app-level token of it with connections:write"), "%v", plainly(err))
		return
	case c.wanted.Serving:
		c.say(part, bot.Sound, "", "Slack lets one be opened; none was, because the daemon that runs has them and events could have come here")
		return
	}
	hello, err := c.slack.hello(ctx, address)
	switch {
	case err != nil:
		c.say(part, bot.Wrong, "let this machine, or its proxy, open WebSockets (wss://, port 443) to Slack", "a socket cannot be opened: %s", strings.ReplaceAll(err.Error(), address, "its address"))
	case hello.Info.App != "" && hello.Info.App != c.slack.options.App:
		c.say(part, bot.Wrong, "take an app-level token of the app "+c.slack.options.App, "slack.app_token is of the app %s, but slack.app is %s", hello.Info.App, c.slack.options.App)
	case hello.Connections > 1:
		c.say(part, bot.Doubtful, "stop the program that has them, or give it an app of its own", "%s open to the app: whoever has them gets a part of the events", others(hello.Connections-1))
	default:
		c.say(part, bot.Sound, "", "one was opened, Slack said hello")
	}
}

func others(n int) string {
	if n == 1 {
		return "1 other socket is"
	}
	return fmt.Sprintf("%d other sockets are", n)
}

// helloFrame is the first frame of a socket.
type helloFrame struct {
	Type        string `json:"type"`
	Connections int    `json:"num_connections"`
	Info        struct {
		App string `json:"app_id"`
	} `json:"connection_info"`
}

func (s *Slack) hello(ctx context.Context, address string) (h helloFrame, err error) {
	ctx, cancel := context.WithTimeout(ctx, helloWithin)
	defer cancel()
	conn, answer, err := s.dialer().DialContext(ctx, address, nil)
	if answer != nil {
		_ = answer.Body.Close() // it holds nothing but a refusal
	}
	if err != nil {
		return h, err
	}
	defer func() { _ = conn.Close() }() // all that matters was read
	if err := conn.SetReadDeadline(time.Now().Add(helloWithin)); err != nil {
		return h, err
	}
	if err := conn.ReadJSON(&h); err != nil {
		return h, err
	}
	if h.Type != "hello" {
		return h, errors.New("its first word is not hello")
	}
	return h, nil
}

// post shows a message in a channel and takes it back.
func (c *check) post(ctx context.Context, channel string) {
	part, api := "Slack channel "+channel, c.slack.api
	var ts string
	err := patiently(ctx, func() (err error) {
		_, ts, err = api.PostMessageContext(ctx, channel, slack.MsgOptionText(testMessage, false), slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl())
		return err
	})
	switch code := codeOf(err); {
	case code == "not_in_channel":
		c.say(part, bot.Wrong, inviteFix, "the bot is not in it, so that nothing can be posted there")
		return
	case code == "channel_not_found":
		c.say(part, bot.Wrong, "check the id; in a private channel "+inviteFix, "there is no such channel, or it is private and the bot is not in it")
		return
	case err != nil:
		c.say(part, bot.Wrong, mend(err, "see whether the channel is archived or closed to apps, or name another one"), "nothing can be posted: %v", explain(err))
		return
	}
	err = patiently(ctx, func() error { _, _, err := api.DeleteMessageContext(ctx, channel, ts); return err })
	if err != nil {
		c.say(part, bot.Doubtful, "delete it by hand", "a test message was posted, but could not be deleted: %v", explain(err))
		return
	}
	c.say(part, bot.Sound, "", "a test message was posted and deleted")
}

// mend gives what to do about a failed call: refused, unless a scope is missing or Slack refused nothing.
func mend(err error, refused string) string {
	switch codeOf(err) {
	case "":
		return reachFix
	case "missing_scope":
		return scopeFix
	}
	return refused
}

// plainly says what is wrong with a token. What to do about it depends on which token it is, and is said beside it.
func plainly(err error) error {
	code := codeOf(err)
	switch {
	case code == "not_allowed_token_type":
		return fmt.Errorf("Slack refuses the token (%s): it is of another kind", code)
	case refusesToken(err):
		return fmt.Errorf("Slack refuses the token (%s)", code)
	}
	return explain(err)
}

// channels finds those of the catalog where the bot is not. That needs the scope for their history, which an app that
// answers questions alone does not have.
func (c *check) channels(ctx context.Context) {
	const part = "Slack channels"
	all := slices.DeleteFunc(slices.Clone(c.wanted.Channels), func(id string) bool { return slices.Contains(c.wanted.Post, id) })
	switch {
	case len(all) == 0:
		return
	case c.lacks("channels:history"):
		c.say(part, bot.Sound, "", "%d channels of the catalog were not looked at, which needs channels:history; slash commands work in all, mentions where the bot is invited", len(all))
		return
	}
	looked := all[:min(len(all), maxLooked)]
	var outside []string
	for _, id := range looked {
		err := patiently(ctx, func() error {
			_, err := c.slack.api.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{ChannelID: id, Limit: 1})
			return err
		})
		switch code := codeOf(err); {
		case code == "not_in_channel" || code == "channel_not_found" || code == "is_archived":
			outside = append(outside, id)
		case err != nil:
			c.say(part, bot.Doubtful, mend(err, "ask doctor again later"), "they could not be looked at: %v", explain(err))
			return
		}
	}
	if len(outside) == 0 {
		c.say(part, bot.Sound, "", "the bot is in all %d channels of the catalog that were looked at", len(looked))
		return
	}
	c.say(part, bot.Doubtful, "in each of them "+strings.Replace(inviteFix, " in it", "", 1)+", or correct the annotation callboard/channel",
		"the bot is missing from %d of %d channels of the catalog: %s", len(outside), len(looked), strings.Join(outside, ", "))
}

// Accounts implements bot.Checker. It needs the scope users:read, and users:read.email for addresses.
func (s *Slack) Accounts(ctx context.Context, visit func(id string, a bot.Account)) error {
	pages := s.api.GetUsersPaginated(slack.GetUsersOptionLimit(accountsPage), slack.GetUsersOptionIncludeLocale(false))
	for range accountPages {
		var next slack.UserPagination
		err := patiently(ctx, func() (err error) { next, err = pages.Next(ctx); return err })
		if pages.Done(err) {
			return nil
		}
		if err != nil {
			return explain(err)
		}
		pages = next
		for i := range pages.Users {
			visit(pages.Users[i].ID, s.account(&pages.Users[i]))
		}
	}
	return fmt.Errorf("the workspace has more than %d accounts", accountPages*accountsPage)
}

// patiently repeats a call as long as Slack asks to wait and ctx lasts, at most once in messageEvery.
func patiently(ctx context.Context, call func() error) error {
	for {
		err := call()
		limited, is := errors.AsType[*slack.RateLimitedError](err)
		if !is {
			return err
		}
		timer := time.NewTimer(max(limited.RetryAfter, messageEvery))
		select {
		case <-ctx.Done():
			timer.Stop()
			return err
		case <-timer.C:
		}
	}
}
