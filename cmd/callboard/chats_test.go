package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"callboard/integrations/discord/discordtest"
	"callboard/integrations/slack/slacktest"
)

// onBoth runs a session on a program that is served on Slack and on Discord at once.
func onBoth(t *testing.T, script func(t *testing.T, program *site, slack *slackStage, discord *discordStage)) {
	t.Helper()
	for _, modes := range [][2]string{{"socket", "gateway"}, {"http", "http"}} {
		t.Run(modes[0]+" and "+modes[1], func(t *testing.T) {
			slack, discord := newSlackStage(t, modes[0]), newDiscordStage(t, modes[1])
			script(t, openSite(t, "", slack, discord), slack, discord)
		})
	}
}

// Two accounts of one person are one person.
func TestChats_OnePerson(t *testing.T) {
	onBoth(t, func(t *testing.T, _ *site, slack *slackStage, discord *discordStage) {
		here, there := session{slack, t}, session{discord, t}
		here.asks("ada", general, "/callboard whoami", "Ada Byron (user:default/ada)", "Also", "discord", discord.Account("ada"))
		there.asks("ada", general, "/callboard whoami", "Ada Byron (user:default/ada)", "Also", "slack", slack.Account("ada"))
		here.opens("ada", "My services", "Ada Byron", "checkout-web")
		there.opens("ada", "My services", "Ada Byron", "checkout-web")
	})
}

// A card that outlives its answer stands in the operators' channels of both platforms, and is changed on both.
func TestChats_OneCard(t *testing.T) {
	onBoth(t, func(t *testing.T, program *site, slack *slackStage, discord *discordStage) {
		both := []session{{slack, t}, {discord, t}}
		for i, asker := range both {
			asker.asks("grace", general, "/callboard link user:default/grace", "I asked the operators")
			for _, s := range both {
				s.sees("ada", ops, "Grace Hopper", asker.Account("grace"))
			}
			asker.Command("grace", general, "/callboard link")
			asker.reads("grace", "You in the catalog")
			asker.Find("grace", "You in the catalog", "hopper")
			asker.Fill("grace", "Anything they should know", "it is urgent")
			asker.Submit("grace")
			asker.reads("grace", "I asked the operators")
			for _, s := range both {
				if card := s.sees("ada", ops, asker.Account("grace"), "it is urgent"); card.edits == 0 {
					t.Errorf("the card is a new one, want the first one changed:\n%s", card.text)
				}
				if n := len(s.Seen("ada", ops)); n != i+1 {
					t.Errorf("the operators see %d messages after %d requests", n, i+1)
				}
			}
		}

		program.commits(graceIs(fmt.Sprintf("slack.com/user-id: %q, discord.com/user-id: %q", slack.Account("grace"), discord.Account("grace"))))
		for _, s := range both {
			s.Until("all requests are done", func() bool {
				return !slices.ContainsFunc(s.Seen("ada", ops), func(n note) bool { return !strings.Contains(n.text, "is Grace Hopper") })
			})
			s.asks("grace", general, "/callboard whoami", "Grace Hopper (user:default/grace)", "Also")
		}
	})
}

// While one platform is down the other answers, and what was to be shown follows when it is back.
func TestChats_OneDown(t *testing.T) {
	onBoth(t, func(t *testing.T, program *site, slack *slackStage, discord *discordStage) {
		here, there := session{slack, t}, session{discord, t}
		slack.FailRandomly(1, 1, slacktest.Fault{Status: 503})
		slack.CloseSockets()
		there.asks("ada", general, "/who-owns checkout", "checkout", "team-pay")
		there.asks("grace", general, "/callboard link user:default/grace", "I asked the operators")
		there.sees("ada", ops, "Grace Hopper", discord.Account("grace"))
		slack.Heal()
		slack.connect(program.base)
		here.sees("ada", ops, "Grace Hopper", discord.Account("grace"))
		here.says("ada", direct, "who-owns checkout", "checkout", "team-pay")

		discord.FailRandomly(1, 1, discordtest.Fault{Status: 503})
		discord.CloseSockets(0)
		here.asks("ada", general, "/who-owns checkout-web", "checkout-web", "team-pay")
		here.asks("grace", general, "/callboard link user:default/grace", "I asked the operators")
		here.sees("ada", ops, "Grace Hopper", slack.Account("grace"))
		discord.Heal()
		discord.connect(program.base)
		there.sees("ada", ops, "Grace Hopper", slack.Account("grace"))
		there.says("ada", direct, "who-owns checkout", "checkout", "team-pay")
	})
}
