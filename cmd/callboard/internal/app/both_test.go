package app

import (
	"slices"
	"strings"
	"testing"
	"time"

	"callboard/bot/card"
	"callboard/bot/command"
	"callboard/integrations/discord/discordtest"
)

// One daemon serves both chats: a card of the operators is shown in both, follows its changes in both, and health names both.
func TestServe_Both(t *testing.T) {
	slack, guild, cfg := neighbours(t, discordtest.Options{})
	daemon := openDaemon(t, cfg)
	runDaemon(t, daemon)
	asked := &card.Card{Title: "Somebody asks to be Ada", Summary: "an account asks to be linked", Fields: []card.Field{{Label: "Person", Value: card.T("user:default/ada")}}}
	inBoth := func(text string) {
		t.Helper()
		slack.Until("the operators' message in Slack", func() bool {
			seen := slack.Channel("C1").SeenBy("U1")
			return len(seen) == 1 && strings.Contains(seen[0].Lines(), text)
		})
		guild.Until("the operators' message in Discord", func() bool {
			seen := guild.Channel(discordtest.General).SeenBy(discordtest.Ada)
			return len(seen) == 1 && strings.Contains(seen[0].Lines(), text)
		})
	}
	show := func() {
		t.Helper()
		if err := daemon.announce()(t.Context(), "test", operators(cfg), "", asked); err != nil {
			t.Fatal(err)
		}
	}
	show()
	inBoth("user:default/ada")
	asked.Fields[0].Value = card.T("user:default/grace")
	show()
	inBoth("user:default/grace")
	guild.Until("the commands", func() bool { return len(guild.Commands()) == len(cfg.Discord.Commands) })
	want := []command.Chat{{Name: "Slack"}, {Name: "Discord"}}
	for deadline := time.Now().Add(10 * time.Second); !slices.Equal(daemon.chats(), want); <-time.After(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%+v, want %+v", daemon.chats(), want)
		}
	}
}
