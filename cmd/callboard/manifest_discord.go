package main

import (
	"errors"
	"io"
	"strings"

	"callboard/bot"
	"callboard/cmd/callboard/internal/app"
	"callboard/cmd/callboard/internal/config"
	"callboard/integrations/discord"
)

type manifestDiscordCmd struct {
	manifestConfig
	For  string `placeholder:"PURPOSE" enum:"reads,incidents,forms," default:"" help:"What the application is for: reads, incidents or forms (what the configuration uses)."`
	Mode string `enum:"gateway,http," default:"" help:"How interactions come: gateway or http (what the configuration says, else gateway)."`
}

// Help adds examples.
func (manifestDiscordCmd) Help() string {
	return "Discord reads no manifest file: these are the settings to make by hand, once, the address that adds the application to\n" +
		"the server, and the slash commands that callboard serve registers. Ids, commands and in mode http the URL come from the\n" +
		"configuration; none is needed to begin with.\n\n" +
		"Examples:\n  callboard manifest discord\n  callboard manifest discord --for reads --mode http -c callboard.yaml"
}

// Run prints the settings.
func (c *manifestDiscordCmd) Run(e *env) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	options := discord.ManifestOptions{
		Purposes: []bot.Purpose{bot.Purpose(c.For)}, Application: cfg.Discord.Application, Guild: cfg.Discord.Guild,
		Commands: app.DiscordCommands(cfg.Discord),
	}
	if c.For == "" {
		options.Purposes = cfg.Purposes("discord")
	}
	if c.Mode == config.DiscordHTTP || c.Mode == "" && cfg.Discord.Mode == config.DiscordHTTP {
		if !strings.HasPrefix(cfg.HTTP.URL, "https://") {
			return &exitError{exitUsage, errors.New("http.url in callboard.yaml must say how Discord reaches this server: https://callboard.example.com, or what it is called")}
		}
		options.URL = cfg.HTTP.URL
	}
	text, err := discord.Manifest(options)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	_, err = io.WriteString(e.stdout, text)
	return err
}
