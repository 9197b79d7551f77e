package main

import (
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"

	"callboard/bot"
	"callboard/bot/command"
	"callboard/cmd/callboard/internal/config"
	"callboard/integrations/slack"
)

type manifestCmd struct {
	Slack   manifestSlackCmd   `cmd:"" help:"Print the manifest of the Slack app, with a reason for each scope."`
	Discord manifestDiscordCmd `cmd:"" help:"Print the settings of the Discord application, with a reason for each permission."`
}

// manifestConfig is what both manifests are made from.
type manifestConfig struct {
	Config string `short:"c" placeholder:"FILE" help:"Configuration file (callboard.yaml, where there is one)."`
}

type manifestSlackCmd struct {
	manifestConfig
	For  string `placeholder:"PURPOSE" enum:"reads,incidents,forms," default:"" help:"What the app is for: reads, incidents or forms (what the configuration uses)."`
	Mode string `placeholder:"MODE" enum:"socket,http," default:"" help:"How events come: socket or http (what the configuration says, else socket)."`
}

// Help adds examples.
func (manifestSlackCmd) Help() string {
	return "The commands, their prefix and in mode http the URL come from the configuration; none is needed to begin with.\n\n" +
		"Examples:\n  callboard manifest slack\n  callboard manifest slack --for reads --mode http -c callboard.yaml"
}

// Run prints the manifest.
func (c *manifestSlackCmd) Run(e *env) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	options := slack.ManifestOptions{Purposes: []bot.Purpose{bot.Purpose(c.For)}, Addresses: cfg.Identity.Email}
	if c.For == "" {
		options.Purposes = cfg.Purposes("slack")
	}
	if c.Mode == config.SlackHTTP || c.Mode == "" && cfg.Slack.Mode == config.SlackHTTP {
		if !strings.HasPrefix(cfg.HTTP.URL, "https://") {
			return &exitError{exitUsage, errors.New("http.url in callboard.yaml must say how Slack reaches this server: https://callboard.example.com, or what it is called")}
		}
		options.URL = cfg.HTTP.URL
	}
	options.Commands = slashCommands(cfg.Slack)
	text, err := slack.Manifest(options)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	_, err = io.WriteString(e.stdout, text)
	return err
}

// load reads the configuration, or takes the defaults where nobody has written one yet.
func (c manifestConfig) load() (*config.Config, error) {
	file := configFlag(c)
	if c.Config == "" {
		file.Config = config.FileName
	}
	cfg, err := file.load()
	if c.Config == "" && errors.Is(err, fs.ErrNotExist) {
		return config.Default(), nil
	}
	return cfg, err
}

// slashCommands describes the configured slash commands as help does.
func slashCommands(cfg config.Slack) []slack.SlashCommand {
	verbs := command.All(command.Deps{})
	out := make([]slack.SlashCommand, len(cfg.Commands))
	for i, name := range cfg.Commands {
		out[i] = slack.SlashCommand{Name: cfg.Names()[i], Summary: "Ask what the catalog knows; help lists how", Usage: "who-owns checkout | help"}
		if at := slices.IndexFunc(verbs, func(c *bot.Command) bool { return c.Name == name }); at >= 0 {
			out[i].Summary, out[i].Usage = verbs[at].Summary, verbs[at].Usage
		}
	}
	return out
}
