package app

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"callboard/bot"
	"callboard/bot/command"
	"callboard/catalog/secret"
	"callboard/cmd/callboard/internal/config"
	"callboard/integrations/discord"
	"callboard/integrations/outbound"
	"callboard/integrations/slack"
)

// adapter is what an integration with a chat platform is to this program.
type adapter interface {
	bot.Platform
	bot.Poster
	bot.Directory
	bot.Checker
	// Handler answers the platform's requests below /NAME/.
	Handler(handle bot.Handler) http.Handler
	// Fault says in words why the platform is not reached at the moment, or not everybody answered; "" while all is well.
	Fault() string
}

// platform is a chat platform that Callboard can serve: what of the configuration means it, and how it is opened.
type platform struct {
	name      string // as in bot.Address; also the key in the configuration, and the first part of its HTTP paths
	label     string // for people
	workspace string // what it calls the place that people are members of
	addresses bool   // it tells verified e-mail addresses
	clock     bool   // its Check compares the clocks

	on       func(*config.Config) bool   // it is configured
	requests func(*config.Config) bool   // it sends HTTP requests
	place    func(*config.Config) string // id of the workspace
	secrets  func(*config.Config) []setting
	door     string // a path that it sends to
	open     func(cfg *config.Config, log *slog.Logger, registry prometheus.Registerer) (adapter, error)
}

// setting is a secret of the configuration, and its key there.
type setting struct {
	key string
	ref secret.Ref
}

// platforms are those that there are, in the order in which they are named to people.
func platforms() []platform {
	return []platform{slackPlatform(), discordPlatform()}
}

func slackPlatform() platform {
	return platform{
		name: "slack", label: "Slack", workspace: "workspace", addresses: true, clock: true, door: "/slack/events",
		on:       func(c *config.Config) bool { return c.Slack.Mode != config.SlackOff },
		requests: func(c *config.Config) bool { return c.Slack.Mode == config.SlackHTTP },
		place:    func(c *config.Config) string { return c.Slack.Team },
		secrets: func(c *config.Config) []setting {
			if c.Slack.Mode == config.SlackHTTP {
				return []setting{{"slack.bot_token", c.Slack.BotToken}, {"slack.signing_secret", c.Slack.SigningSecret}}
			}
			return []setting{{"slack.bot_token", c.Slack.BotToken}, {"slack.app_token", c.Slack.AppToken}}
		},
		open: newSlack,
	}
}

func discordPlatform() platform {
	return platform{
		name: "discord", label: "Discord", workspace: "server", door: "/discord/interactions",
		on:       func(c *config.Config) bool { return c.Discord.Mode != config.DiscordOff },
		requests: func(c *config.Config) bool { return c.Discord.Mode == config.DiscordHTTP },
		place:    func(c *config.Config) string { return c.Discord.Guild },
		secrets:  func(c *config.Config) []setting { return []setting{{"discord.token", c.Discord.Token}} },
		open:     newDiscord,
	}
}

// outlives reports whether an account of a platform can still write to the bot after it has left the workspace, as on Discord,
// where direct messages need a server in common at most when they begin.
func outlives(platform string) bool { return platform == "discord" }

// configured gives the platforms that a configuration switches on.
func configured(cfg *config.Config) []platform {
	var out []platform
	for _, p := range platforms() {
		if p.on(cfg) {
			out = append(out, p)
		}
	}
	return out
}

// newSlack makes an adapter as it is configured. Its errors are wrong settings.
func newSlack(all *config.Config, log *slog.Logger, registry prometheus.Registerer) (adapter, error) {
	cfg := all.Slack
	options := slack.Options{
		Team: cfg.Team, App: cfg.App, APIURL: cfg.APIURL, Commands: verbsOf(cfg.Commands, "/"+cfg.Prefix), Open: cfg.OpenChannels,
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
	if options.Client, options.Sockets, err = reach(all.Outbound, cfg.APIURL); err != nil {
		return nil, err
	}
	return slack.New(options), nil
}

// newDiscord makes an adapter as it is configured. Its errors are wrong settings.
func newDiscord(all *config.Config, log *slog.Logger, registry prometheus.Registerer) (adapter, error) {
	cfg := all.Discord
	options := discord.Options{
		Application: cfg.Application, Guild: cfg.Guild, APIURL: cfg.APIURL, Commands: DiscordCommands(cfg), Open: cfg.OpenChannels,
		Home: all.HTTP.URL, Log: log, Registerer: registry,
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		options.Version = strings.Trim(info.Main.Version, "()") // "(devel)" where the toolchain knows none
	}
	if cfg.Mode == config.DiscordHTTP {
		options.PublicKey = cfg.PublicKey
	}
	var err error
	if options.BotToken, err = resolved("discord.token", cfg.Token); err != nil {
		return nil, err
	}
	if options.Client, options.Sockets, err = reach(all.Outbound, cfg.APIURL); err != nil {
		return nil, err
	}
	return discord.New(options), nil
}

// DiscordCommands gives the slash commands of a configuration with the verbs that they ask; callboard itself has none, because
// its text begins with one.
func DiscordCommands(cfg config.Discord) []discord.Command {
	verbs := command.All(command.Deps{})
	out := make([]discord.Command, len(cfg.Commands))
	for i, name := range cfg.Names() {
		out[i].Name = name
		if at := slices.IndexFunc(verbs, func(c *bot.Command) bool { return c.Name == cfg.Commands[i] }); at >= 0 {
			out[i].Verb = verbs[at]
		}
	}
	return out
}

// reach makes what an adapter reaches its platform with. A server that stands in for the platform's own may be anywhere.
func reach(cfg config.Outbound, apiURL string) (*http.Client, outbound.Sockets, error) {
	options := outbound.Options{Proxy: cfg.Proxy, CAFile: cfg.CA, Timeout: chatTimeout, MaxBytes: chatBytes}
	if u, err := url.Parse(apiURL); err == nil && u.Host != "" {
		options.AllowHosts = []string{u.Host}
	}
	client, err := outbound.New(options)
	if err != nil {
		return nil, outbound.Sockets{}, fmt.Errorf("outbound: %w", err)
	}
	sockets, err := outbound.NewSockets(options)
	if err != nil {
		return nil, outbound.Sockets{}, fmt.Errorf("outbound: %w", err)
	}
	return client, sockets, nil
}

func resolved(key string, ref secret.Ref) (secret.Value, error) {
	value, err := secret.Resolve(ref)
	if err != nil {
		return value, fmt.Errorf("%s: %w: %w", key, ErrConfig, err)
	}
	return value, nil
}

// verbsOf gives the verb that each command of a platform stands for, by its full name; callboard itself stands for none,
// because its text begins with one.
func verbsOf(commands []string, prefix string) map[string]string {
	verbs := map[string]string{}
	for _, name := range commands {
		verb := name
		if name == "callboard" {
			verb = ""
		}
		verbs[prefix+name] = verb
	}
	return verbs
}
