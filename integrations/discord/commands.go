package discord

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/bwmarrin/discordgo"

	"callboard/bot"
	"callboard/bot/card"
)

const registerMost = 10 * time.Minute // between two attempts

// command is a slash command as it is registered, without what Discord adds.
type command struct {
	Type        int      `json:"type"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Options     []option `json:"options,omitempty"`
}

type option struct {
	Type         int    `json:"type"`
	Name         string `json:"name"`
	Description  string `json:"description"`
	Required     bool   `json:"required,omitempty"`
	Autocomplete bool   `json:"autocomplete,omitempty"`
}

// register makes the guild's slash commands those that are configured, by one call that overwrites all; where they are
// so already there is none. It tries until it works or ctx ends.
func (d *Discord) register(ctx context.Context) {
	for wait := time.Second; ; wait = min(2*wait, registerMost) {
		err := d.overwrite(ctx)
		if err == nil || ctx.Err() != nil {
			return
		}
		d.log.Warn("the slash commands could not be registered; check discord.application and discord.guild, and that the application was added to the guild with the scope applications.commands",
			"error", err, "next_try", wait)
		if !sleep(ctx, wait) {
			return
		}
	}
}

func (d *Discord) overwrite(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, behindLimit)
	defer cancel()
	path := "/applications/" + d.options.Application + "/guilds/" + d.options.Guild + "/commands"
	var there []command
	if err := d.api.do(ctx, call{name: "commands.get", method: http.MethodGet, path: path, out: &there}); err != nil {
		return err
	}
	wanted := declared(d.options.Commands)
	if same(there, wanted) {
		return nil
	}
	if err := d.api.do(ctx, call{name: "commands.put", method: http.MethodPut, path: path, in: wanted}); err != nil {
		return err
	}
	d.log.Info("the slash commands of the guild were replaced", "commands", len(wanted))
	return nil
}

// same compares commands in any order.
func same(a, b []command) bool {
	sorted := func(all []command) string {
		all = slices.SortedFunc(slices.Values(all), func(x, y command) int { return strings.Compare(x.Name, y.Name) })
		encoded, err := json.Marshal(all)
		if err != nil {
			return err.Error()
		}
		return string(encoded)
	}
	return sorted(a) == sorted(b)
}

// declared gives the slash commands: each with one option that completes while it is typed, and a switch for each
// flag. What Discord would refuse is left out.
func declared(commands []Command) []command {
	all := []command{}
	for _, c := range commands {
		one := command{Type: int(discordgo.ChatApplicationCommand), Name: strings.ToLower(c.Name), Description: "Ask the software catalog"}
		if len(one.Name) > maxCommandName || one.Name == "" {
			continue
		}
		text := option{
			Type: int(discordgo.ApplicationCommandOptionString), Name: optionText, Autocomplete: true,
			Description: "a verb and what it is about, as in: who-owns checkout",
		}
		if c.Verb == nil {
			one.Options = []option{text}
			all = append(all, one)
			continue
		}
		one.Description = plain(c.Verb.Summary, maxSummary)
		if c.Verb.MaxArgs != 0 {
			text.Description = plain(c.Verb.Usage+", as in: "+c.Verb.Example, maxSummary)
			text.Required = c.Verb.MinArgs > 0
			one.Options = []option{text}
		}
		for _, f := range c.Verb.AllFlags() {
			if !switchable(f) || len(one.Options) == maxOptions {
				continue
			}
			one.Options = append(one.Options, option{
				Type: int(discordgo.ApplicationCommandOptionBoolean), Name: f.Name, Description: plain(card.Line(f.Summary), maxSummary),
			})
		}
		all = append(all, one)
	}
	return all
}

// switchable reports whether a flag is offered as a switch: not those that want a value, or are for scripts.
func switchable(f bot.Flag) bool { return f.Name != "at" && f.Name != "json" && f.Name != optionText }
