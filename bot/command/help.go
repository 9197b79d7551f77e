package command

import (
	"context"
	"slices"
	"strings"

	"callboard/bot"
	"callboard/bot/card"
)

func helpCommand(commands []*bot.Command) bot.Command {
	return bot.Command{
		Name: "help", Group: bot.Meta, Usage: "[VERB]", Summary: "what I can do", MaxArgs: 1,
		Example: "help who-owns",
		Run: func(_ context.Context, req *bot.Request) (bot.Reply, error) {
			if len(req.Command.Args) == 0 {
				return helpAll(commands), nil
			}
			verb := strings.ToLower(strings.TrimPrefix(req.Command.Args[0], "/"))
			for _, c := range commands {
				if c.Name == verb || slices.Contains(c.Aliases, verb) {
					return helpOne(c), nil
				}
			}
			return bot.Reply{}, &misuseError{"There is no verb " + said(verb) + "; help lists them all", "help"}
		},
	}
}

func helpAll(commands []*bot.Command) bot.Reply {
	c := &card.Card{Title: "What I can do", Summary: "I answer who owns what, and what depends on what: try who-owns NAME"}
	for _, command := range commands {
		c.Items = append(c.Items, card.Item{
			Text:   card.Code(strings.TrimSpace(command.Name + " " + command.Usage)),
			Detail: card.T(command.Summary),
			Action: "help " + command.Name,
		})
	}
	c.Footer = card.T("Every read takes --explain (where each fact comes from) and --json. help VERB says more.")
	return bot.Reply{Card: c}.Fine()
}

func helpOne(command *bot.Command) bot.Reply {
	usage := strings.TrimSpace(command.Name + " " + command.Usage)
	c := &card.Card{Title: command.Name, Summary: usage + " — " + command.Summary}
	c.Fields = append(c.Fields, card.Field{Label: "Usage", Value: card.Code(usage)}, card.Field{Label: "Answers", Value: card.T(command.Summary)})
	if command.Help != "" {
		c.Fields = append(c.Fields, card.Field{Label: "More", Value: card.T(command.Help)})
	}
	for _, f := range command.AllFlags() {
		c.Items = append(c.Items, card.Item{Text: card.Code("--" + f.Name), Detail: card.T(f.Summary)})
	}
	c.Actions = []card.Action{{Label: "Try it", Command: command.Example}}
	return bot.Reply{Card: c}.Fine()
}
