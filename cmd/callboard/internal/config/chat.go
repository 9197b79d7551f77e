package config

import (
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"callboard/bot"
	"callboard/bot/command"
	"callboard/catalog"
	"callboard/catalog/secret"
)

// How Slack's events reach Callboard.
const (
	SlackOff    = ""       // nothing of Slack is configured
	SlackSocket = "socket" // Callboard connects to Slack; no port is open to the Internet
	SlackHTTP   = "http"   // Slack sends requests to http.url
)

// Slack is the app of one workspace or enterprise grid.
type Slack struct {
	Mode          string     `yaml:"mode"`           // SlackOff, SlackSocket or SlackHTTP
	BotToken      secret.Ref `yaml:"bot_token"`      // xoxb-…
	AppToken      secret.Ref `yaml:"app_token"`      // xapp-…, for the mode socket
	SigningSecret secret.Ref `yaml:"signing_secret"` // for the mode http
	Team          string     `yaml:"team"`           // id of the workspace or enterprise; others are turned away
	App           string     `yaml:"app"`            // id of the app
	APIURL        string     `yaml:"api_url"`        // "" is Slack's own
	Commands      []string   `yaml:"commands"`       // slash commands, without prefix and slash
	Prefix        string     `yaml:"prefix"`         // before the names of slash commands
	OpenChannels  []string   `yaml:"open_channels"`  // globs of names of channels where answers are for everybody
}

// Identity says how chat accounts come to mean people of the catalog, besides the annotations of trusted sources.
type Identity struct {
	Email  bool `yaml:"email"`  // a verified e-mail address that one User alone has is enough
	Guests bool `yaml:"guests"` // guests of the workspace may read
}

// Operators are those who run Callboard and the catalog.
type Operators struct {
	Group    GroupRef `yaml:"group"`    // their group in the catalog
	Channels []string `yaml:"channels"` // where they are asked, as in slack:C0123ABCD
}

// GroupRef is a group of the catalog, written in full or as its name alone.
type GroupRef struct{ catalog.Ref }

// UnmarshalText reads a GroupRef.
func (g *GroupRef) UnmarshalText(text []byte) error {
	ref, err := catalog.ParseRef(string(text), "group", catalog.DefaultNamespace)
	if err != nil || ref.Kind != "group" {
		return fmt.Errorf("%s is not a group of the catalog: write group:default/name, or the name alone", quote(string(text)))
	}
	g.Ref = ref
	return nil
}

// Names gives the slash commands with the prefix, without a slash.
func (s Slack) Names() []string { return prefixed(s.Prefix, s.Commands) }

// On gives the ids of the operators' channels of a platform.
func (o Operators) On(platform string) []string {
	var ids []string
	for _, channel := range o.Channels {
		if id, is := strings.CutPrefix(channel, platform+":"); is {
			ids = append(ids, id)
		}
	}
	return ids
}

// Purposes are what the app of a platform is for, by the operators' channels there and its open ones: bot.ForReads where it
// is for nothing more.
func (c *Config) Purposes(platform string) []bot.Purpose {
	var all []bot.Purpose
	open := map[string][]string{"slack": c.Slack.OpenChannels, "discord": c.Discord.OpenChannels}
	if len(open[platform]) > 0 {
		all = append(all, bot.ForIncidents)
	}
	if len(c.Operators.On(platform)) > 0 {
		all = append(all, bot.ForForms)
	}
	if len(all) == 0 {
		return []bot.Purpose{bot.ForReads}
	}
	return all
}

func prefixed(prefix string, names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = prefix + name
	}
	return out
}

// slack checks the part for Slack. Everything about it is optional while mode is empty.
func (d *decoder) slack(s Slack, h HTTP) {
	d.oneOf("slack.mode", s.Mode, SlackOff, SlackSocket, SlackHTTP)
	d.slashCommands("slack", s.Prefix, s.Commands)
	d.openChannels("slack", s.OpenChannels)
	if s.Mode == SlackOff { // what the manifest of an app that is still to be made needs may stand there
		if !s.BotToken.IsZero() || !s.AppToken.IsZero() || !s.SigningSecret.IsZero() {
			d.mistake("slack.mode", "must be socket or http when a token is given")
		} else if s.Team != "" || s.App != "" {
			d.mistake("slack.mode", "must be socket or http when slack.team or slack.app is given; without it nothing of Slack is used")
		}
		return
	}
	d.needs("slack.bot_token", s.BotToken, "the token of the bot user (xoxb-…), as in env:SLACK_BOT_TOKEN")
	if s.Mode == SlackSocket {
		d.needs("slack.app_token", s.AppToken, "an app-level token (xapp-…) with the scope connections:write, as in env:SLACK_APP_TOKEN")
	}
	if s.Mode == SlackHTTP {
		d.needs("slack.signing_secret", s.SigningSecret, "the signing secret of the app, as in env:SLACK_SIGNING_SECRET")
		d.reached("Slack", "slack.mode", h)
	}
	d.matches("slack.team", s.Team, `^[TE][A-Z0-9]{1,20}$`, "the id of the workspace, as in T0123ABCD: requests of others are turned away")
	d.matches("slack.app", s.App, `^A[A-Z0-9]{1,20}$`, "the id of the app, as in A0123ABCD: requests of others are turned away")
	d.apiURL("slack.api_url", s.APIURL)
}

// reached sees to it that a platform which sends requests knows where to.
func (d *decoder) reached(platform, key string, h HTTP) {
	if h.URL == "" {
		d.mistake("http.url", "must say how %s reaches this server when %s is http, as in https://callboard.example.com", platform, key)
	}
}

// apiURL checks the address of a server that stands in for a platform's own.
func (d *decoder) apiURL(key, text string) {
	d.webURL(key, text)
	if u, err := url.Parse(text); err == nil && u.Scheme == "http" && !isLoopback(u.Hostname()) {
		d.mistake(key, "must begin with https:// : the bot's token goes there")
	}
}

// slashCommands checks the names of a platform's slash commands: what there is no verb for would be answered by "I don't
// know". Both platforms take what is checked here: Slack 32 characters with the slash, Discord 32 without.
func (d *decoder) slashCommands(platform, prefix string, commands []string) {
	if len(commands) == 0 {
		d.mistake(platform+".commands", "must name at least one slash command, as in [callboard]")
	}
	valid := regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,30}$`)
	if prefix != "" && !valid.MatchString(prefix) {
		d.mistake(platform+".prefix", "%s is no beginning of a slash command: lower-case letters, digits, dashes and underscores, without a slash", quote(prefix))
		return
	}
	for i, name := range commands {
		key := platform + ".commands[" + strconv.Itoa(i) + "]"
		switch full := prefix + name; {
		case !valid.MatchString(full):
			d.mistake(key, "%s is not a slash command: 1 to 31 lower-case letters, digits, dashes and underscores", quote(full))
		case slices.Contains(commands[:i], name):
			d.mistake(key, "%s stands there twice", quote(name))
		default:
			d.verb(key, name)
		}
	}
}

// verb checks that there is a verb of this name. callboard itself stands for all of them.
func (d *decoder) verb(key, name string) {
	names, guess := []string{"callboard"}, ""
	for _, c := range command.All(command.Deps{}) {
		names = append(names, c.Name)
		if slices.Contains(c.Aliases, name) {
			guess = c.Name
		}
	}
	if slices.Contains(names, name) {
		return
	}
	if guess == "" {
		guess = closest(name, names)
	}
	if guess != "" {
		d.mistake(key, "%s is no verb, did you mean %s?", quote(name), guess)
		return
	}
	d.mistake(key, "%s is no verb; there are %s", quote(name), strings.Join(names, ", "))
}

// openChannels checks globs of names of channels, which are lower-case.
func (d *decoder) openChannels(platform string, globs []string) {
	for i, glob := range globs {
		key := platform + ".open_channels[" + strconv.Itoa(i) + "]"
		switch _, err := path.Match(glob, ""); {
		case err != nil || glob == "":
			d.mistake(key, "%s is not a glob, as in inc-*", quote(glob))
		case strings.ContainsAny(glob, "#/ ") || strings.ToLower(glob) != glob:
			d.mistake(key, "%s matches no channel: write names, which are lower-case, without #, as in inc-*", quote(glob))
		}
	}
}

func (d *decoder) operators(o Operators) {
	known := map[string]*regexp.Regexp{"slack": regexp.MustCompile(`^[CGD][A-Z0-9]{1,20}$`), "discord": regexp.MustCompile(snowflake)}
	for _, channel := range o.Channels {
		platform, id, _ := strings.Cut(channel, ":")
		if form := known[platform]; form == nil || !form.MatchString(id) {
			d.mistake("operators.channels", "%s is not a channel: write slack: or discord: and the channel's id, as in slack:C0123ABCD or discord:1234567890123456789", quote(channel))
		}
	}
}

func (d *decoder) needs(key string, ref secret.Ref, what string) {
	if ref.IsZero() {
		d.mistake(key, "must name %s", what)
	}
}

func (d *decoder) matches(key, text, pattern, want string) {
	if !regexp.MustCompile(pattern).MatchString(text) {
		d.mistake(key, "%s is not %s", quote(text), want)
	}
}

func isLoopback(host string) bool { return HTTP{Listen: host + ":1"}.Local() }
