package discord

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"callboard/bot"
)

const (
	maxLooked    = 100   // channels that are looked at; Discord allows 50 calls a second
	accountsPage = 1_000 // Discord's most
	accountPages = 200
	testMessage  = "A test of callboard doctor; it deletes this message at once."
)

// Bits of an application's flags that say which privileged intents it has, those for small applications included.
// [application] resources/application
const (
	flagPresences = 1<<12 | 1<<13
	flagMembers   = 1<<14 | 1<<15
	flagContent   = 1<<18 | 1<<19
)

var _ bot.Checker = (*Discord)(nil)

// Check implements bot.Checker.
func (d *Discord) Check(ctx context.Context, w bot.Wanted, found func(bot.Finding)) {
	c := &check{discord: d, wanted: w, found: found}
	if !c.token(ctx) {
		return
	}
	ours := c.application(ctx)
	c.gateway(ctx)
	if !ours || !c.guild(ctx) {
		return
	}
	c.commands(ctx)
	for _, id := range w.Post {
		c.post(ctx, id)
	}
	c.channels(ctx)
}

// check is one run of Check.
type check struct {
	discord *Discord
	wanted  bot.Wanted
	found   func(bot.Finding)
	self    string // user id of the bot
	home    guildInfo
	roles   []string // of the bot in the guild
}

func (c *check) say(part string, grade bot.Grade, fix, format string, args ...any) {
	c.found(bot.Finding{Part: part, Grade: grade, Fix: fix, Text: fmt.Sprintf(format, args...)})
}

func (c *check) get(ctx context.Context, name, path string, out any) error {
	return c.discord.api.do(ctx, call{name: name, method: http.MethodGet, path: path, out: out})
}

func (c *check) invitation() string {
	o := c.discord.options
	return invitation(o.Application, o.Guild, c.wanted.Purposes)
}

// token asks Discord whose token it is. It reports whether anything can be done with it.
func (c *check) token(ctx context.Context) bool {
	const part = "Discord bot token"
	var me user
	if err := c.get(ctx, "user.self", "/users/@me", &me); err != nil {
		c.say(part, bot.Wrong, "reset the token under Bot of the application, and put it where discord.token says", "%v", err)
		return false
	}
	c.self = me.ID
	c.say(part, bot.Sound, "", "it is of @%s", me.Name)
	return true
}

// applicationInfo is what Discord says about the application of a token.
type applicationInfo struct {
	ID       string `json:"id"`
	Key      string `json:"verify_key"`
	Endpoint string `json:"interactions_endpoint_url"`
	Public   bool   `json:"bot_public"`
	Flags    int    `json:"flags"`
}

// application compares the application of the token with the configuration. It reports whether it may be that one.
func (c *check) application(ctx context.Context) bool {
	const part = "Discord application"
	o := c.discord.options
	var is applicationInfo
	err := c.get(ctx, "application.self", "/applications/@me", &is)
	switch {
	case err != nil:
		c.say(part, bot.Doubtful, "", "Discord does not say how it is: %v", err)
		return true
	case is.ID != o.Application:
		c.say(part, bot.Wrong, "set discord.application: \""+is.ID+"\", or take the token of the other application",
			"the token is of the application %s, but discord.application is %s: every event would be dropped", is.ID, o.Application)
		return false
	case o.PublicKey != "" && is.Key != o.PublicKey:
		c.say(part, bot.Wrong, "set discord.public_key: "+is.Key, "discord.public_key is not the key of the application: every interaction would be refused")
	case is.Public:
		c.say(part, bot.Doubtful, "switch Public Bot off under Bot of the application", "anybody can add it to a server of theirs; what comes from there is dropped")
	default:
		c.say(part, bot.Sound, "", "the token is of the application %s", is.ID)
	}
	c.endpoint(is.Endpoint)
	c.intents(is.Flags)
	return true
}

// endpoint compares where Discord sends interactions with where they are awaited.
func (c *check) endpoint(at string) {
	const part = "Discord interactions"
	const where = "Interactions Endpoint URL under General Information of the application"
	switch want := c.wanted.Requests; {
	case want == "" && at != "":
		c.say(part, bot.Wrong, "empty "+where+", or set discord.mode: http", "Discord sends them to %s, so that none comes over the gateway", at)
	case want != "" && at == "":
		c.say(part, bot.Wrong, "start callboard serve, then set "+where+" to "+want, "Discord sends them over the gateway, but discord.mode is http: none would be answered")
	case want != at:
		c.say(part, bot.Wrong, "set "+where+" to "+want, "Discord sends them to %s, which http.url does not say", at)
	case want == "":
		c.say(part, bot.Sound, "", "they come over the gateway")
	default:
		c.say(part, bot.Sound, "", "Discord sends them to %s", at)
	}
}

// intents tells of privileged intents that are on without need.
func (c *check) intents(flags int) {
	const part = "Discord intents"
	var on []string
	if flags&flagPresences != 0 {
		on = append(on, "Presence Intent")
	}
	if flags&flagContent != 0 {
		on = append(on, "Message Content Intent")
	}
	if len(on) > 0 {
		c.say(part, bot.Doubtful, "switch off under Bot of the application", "not needed, but on: %s", strings.Join(on, ", "))
		return
	}
	c.say(part, bot.Sound, "", "no privileged one is on that is not needed")
}

// gateway opens a connection and waits for its first word. No session begins, so that the daemon's goes on.
func (c *check) gateway(ctx context.Context) {
	const part = "Discord gateway"
	var info gatewayInfo
	err := c.get(ctx, "gateway.get", "/gateway/bot", &info)
	switch {
	case err != nil:
		c.say(part, bot.Wrong, "", "Discord does not say where it is: %v", err)
		return
	case info.Limits.Remaining == 0:
		c.say(part, bot.Wrong, "stop what connects again and again with this token; Discord allows 1,000 sessions a day",
			"no session can be begun for the next %s", (time.Duration(info.Limits.ResetAfter) * time.Millisecond).Round(time.Minute))
		return
	}
	if err := c.discord.hello(ctx, info.URL); err != nil {
		c.say(part, bot.Wrong, "let this machine, or its proxy, open WebSockets (wss://, port 443) to Discord", "it cannot be reached: %v", err)
		return
	}
	c.say(part, bot.Sound, "", "it said hello; %d sessions can be begun today", info.Limits.Remaining)
}

func (d *Discord) hello(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, helloWithin)
	defer cancel()
	conn, answer, err := d.dialer().DialContext(ctx, strings.TrimSuffix(address, "/")+"/?v=10&encoding=json", http.Header{"User-Agent": {d.api.agent}})
	if answer != nil {
		_ = answer.Body.Close() // it holds nothing but a refusal
	}
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // all that matters was read
	conn.SetReadLimit(maxEvent)
	if err := conn.SetReadDeadline(time.Now().Add(helloWithin)); err != nil {
		return err
	}
	var first frame
	if err := conn.ReadJSON(&first); err != nil {
		return err
	}
	if first.Op != opHello {
		return errors.New("its first word is not hello")
	}
	return nil
}

// guildInfo is what Discord says about a guild.
type guildInfo struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Roles []struct {
		ID          string `json:"id"`
		Permissions string `json:"permissions"`
	} `json:"roles"`
}

// guild looks whether the bot is in the guild.
func (c *check) guild(ctx context.Context) bool {
	const part = "Discord server"
	guild := c.discord.options.Guild
	err := c.get(ctx, "guild.get", "/guilds/"+guild, &c.home)
	var me struct {
		Roles []string `json:"roles"`
	}
	if err == nil {
		err = c.get(ctx, "member.get", "/guilds/"+guild+"/members/"+c.self, &me)
	}
	switch status := statusOf(err); {
	case status == http.StatusNotFound || status == http.StatusForbidden || errors.Is(err, bot.ErrGone):
		c.say(part, bot.Wrong, "correct discord.guild, or let somebody who manages the server open "+c.invitation(), "the bot is not in the server %s", guild)
		return false
	case err != nil:
		c.say(part, bot.Wrong, "", "Discord does not say how it is: %v", err)
		return false
	}
	c.roles = me.Roles
	c.say(part, bot.Sound, "", "the bot is in %s (%s)", c.home.Name, c.home.ID)
	return true
}

// commands compares the slash commands of the guild with those of the configuration.
func (c *check) commands(ctx context.Context) {
	const part = "Discord commands"
	o := c.discord.options
	var there []command
	err := c.get(ctx, "commands.get", "/applications/"+o.Application+"/guilds/"+o.Guild+"/commands", &there)
	wanted := declared(o.Commands)
	fix := "start callboard serve, which registers them"
	if c.wanted.Serving {
		fix = "look at the log of callboard serve, which registers them; reload it (SIGHUP) to try at once"
	}
	switch {
	case err != nil:
		c.say(part, bot.Wrong, "add the application with the scope applications.commands: "+c.invitation(), "they cannot be read: %v", err)
	case same(there, wanted):
		c.say(part, bot.Sound, "", "all %d are registered", len(wanted))
	default:
		c.say(part, bot.Doubtful, fix, "those in the server are not those of the configuration")
	}
}

// placeInfo is what Discord says about a channel and who may do what there.
type placeInfo struct {
	channel
	Overwrites []struct {
		ID    string `json:"id"`
		Type  int    `json:"type"` // 0 role, 1 member
		Allow string `json:"allow"`
		Deny  string `json:"deny"`
	} `json:"permission_overwrites"`
}

// permitted computes what the bot may do in a channel. [permissions] topics/permissions, "Permission Overwrites"
func (c *check) permitted(at placeInfo) uint64 {
	const administrator = 1 << 3
	var base uint64
	for _, r := range c.home.Roles {
		if r.ID == c.home.ID || slices.Contains(c.roles, r.ID) {
			base |= number(r.Permissions)
		}
	}
	if base&administrator != 0 {
		return ^uint64(0)
	}
	var allow, deny, own, ownDeny uint64
	for _, o := range at.Overwrites {
		switch {
		case o.Type == 0 && o.ID == c.home.ID: // everyone comes first
			base = base&^number(o.Deny) | number(o.Allow)
		case o.Type == 0 && slices.Contains(c.roles, o.ID):
			allow, deny = allow|number(o.Allow), deny|number(o.Deny)
		case o.Type == 1 && o.ID == c.self:
			own, ownDeny = number(o.Allow), number(o.Deny)
		}
	}
	return (base&^deny|allow)&^ownDeny | own
}

func number(text string) uint64 {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0 // nothing is allowed, nothing denied
	}
	return n
}

// missing gives the permissions that the bot lacks in a channel, or an error that wraps bot.ErrGone where it does not see it.
func (c *check) missing(ctx context.Context, id string) (name string, missing []Grant, err error) {
	var at placeInfo
	if err := c.get(ctx, "channel.get", "/channels/"+id, &at); err != nil {
		return "", nil, err
	}
	if at.Guild != c.discord.options.Guild {
		return at.Name, nil, fmt.Errorf("it is of another server: %w", bot.ErrGone)
	}
	has := c.permitted(at)
	for _, g := range Permissions(c.wanted.Purposes) {
		if has&(1<<g.Bit) == 0 {
			missing = append(missing, g)
		}
	}
	return at.Name, missing, nil
}

// post looks at what the bot may do in a channel, shows a message there and takes it back.
func (c *check) post(ctx context.Context, id string) {
	part := "Discord channel " + id
	const fix = "allow it in the channel's settings, Permissions, for the bot"
	name, missing, err := c.missing(ctx, id)
	if err != nil {
		c.say(part, bot.Wrong, "check the id; in a private channel add the bot to it (the channel's settings, Permissions)", "there is no such channel, or the bot does not see it: %v", err)
		return
	}
	for _, g := range missing {
		c.say(part, bot.Wrong, fix, "in #%s the permission %s is missing: %s", name, g.Name, g.Why)
	}
	message := say(testMessage)
	var made struct {
		ID string `json:"id"`
	}
	err = c.discord.api.do(ctx, call{name: "message.create", method: http.MethodPost, path: "/channels/" + id + "/messages", in: message, out: &made, once: true})
	if err != nil {
		c.say(part, bot.Wrong, fix, "nothing can be posted in #%s: %v", name, err)
		return
	}
	err = c.discord.api.do(ctx, call{name: "message.delete", method: http.MethodDelete, path: "/channels/" + id + "/messages/" + made.ID})
	if err != nil {
		c.say(part, bot.Doubtful, "delete it by hand", "a test message was posted in #%s, but could not be deleted: %v", name, err)
		return
	}
	c.say(part, bot.Sound, "", "a test message was posted in #%s and deleted", name)
}

// channels finds those of the catalog where the bot cannot answer.
func (c *check) channels(ctx context.Context) {
	const part = "Discord channels"
	all := slices.DeleteFunc(slices.Clone(c.wanted.Channels), func(id string) bool { return slices.Contains(c.wanted.Post, id) })
	if len(all) == 0 {
		return
	}
	looked := all[:min(len(all), maxLooked)]
	var outside []string
	for _, id := range looked {
		name, missing, err := c.missing(ctx, id)
		switch {
		case errors.Is(err, bot.ErrGone):
			outside = append(outside, id)
		case err != nil:
			c.say(part, bot.Doubtful, "", "they could not be looked at: %v", err)
			return
		case len(missing) > 0:
			var names []string
			for _, g := range missing {
				names = append(names, g.Name)
			}
			outside = append(outside, "#"+name+" ("+strings.Join(names, ", ")+")")
		}
	}
	if len(outside) == 0 {
		c.say(part, bot.Sound, "", "the bot may answer in all %d channels of the catalog that were looked at", len(looked))
		return
	}
	c.say(part, bot.Doubtful, "allow the bot what is missing in the channel's settings, Permissions, or correct the annotation callboard/channel",
		"mentions cannot be answered in %d of %d channels of the catalog: %s", len(outside), len(looked), strings.Join(outside, ", "))
}

// Accounts implements bot.Checker. Discord lists members only to applications with the privileged Server Members Intent.
func (d *Discord) Accounts(ctx context.Context, visit func(id string, a bot.Account)) error {
	after := "0"
	for range accountPages {
		var page []member
		path := "/guilds/" + d.options.Guild + "/members?limit=" + strconv.Itoa(accountsPage) + "&after=" + after
		err := d.api.do(ctx, call{name: "members.list", method: http.MethodGet, path: path, out: &page})
		if code := codeOf(err); code == missingAccess {
			return bot.ErrUnlisted
		}
		if err != nil {
			return err
		}
		for _, m := range page {
			visit(m.User.ID, m.account())
		}
		if len(page) < accountsPage {
			return nil
		}
		after = page[len(page)-1].User.ID
	}
	return fmt.Errorf("the server has more than %d members", accountPages*accountsPage)
}
