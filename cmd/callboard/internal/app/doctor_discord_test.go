package app

import (
	"net/http"
	"strings"
	"testing"

	"callboard/cmd/callboard/internal/config"
	"callboard/integrations/discord/discordtest"
	"callboard/integrations/slack/slacktest"
)

// guided is the patient of Slack's tests with a guild of Discord beside it.
func guided(t *testing.T, o discordtest.Options) (*discordtest.Server, *config.Config) {
	t.Helper()
	_, fake, cfg := neighbours(t, o)
	return fake, cfg
}

func neighbours(t *testing.T, o discordtest.Options) (*slacktest.Server, *discordtest.Server, *config.Config) {
	t.Helper()
	slack, cfg := patient(t)
	fake := discordtest.New(t, o)
	cfg.Discord.Mode, cfg.Discord.Application, cfg.Discord.Guild = config.DiscordGateway, fake.AppID, fake.GuildID
	cfg.Discord.APIURL, cfg.Discord.Token = fake.APIURL, inEnv(t, "DOCTOR_DISCORD", fake.Token)
	cfg.Operators.Channels = append(cfg.Operators.Channels, "discord:"+discordtest.General)
	return slack, fake, cfg
}

// Both platforms are looked at, each with its own operators' channels and people; trouble with one says nothing of the other.
func TestDoctor_Both(t *testing.T) {
	fake, cfg := guided(t, discordtest.Options{})
	wantLines(t, examine(t, cfg),
		"fine|Slack bot token|", "fine|Slack channel C1|a test message was posted and deleted", "fine|Slack people|",
		"fine|Discord bot token|it is of @callboard", "fine|Discord server|", "warning|Discord commands|",
		"fine|Discord channel "+discordtest.General+"|a test message was posted in #general and deleted",
		"fine|Discord people|0 of 1 people of the catalog are members of the server")
	fake.Fail("GET /users/@me", discordtest.Fault{Status: http.StatusForbidden, Code: 40001})
	got := examine(t, cfg, "discord:"+discordtest.General)
	wantLines(t, got, "fine|Slack bot token|", "wrong|Discord bot token|")
	if strings.Contains(got, "Slack channel C1") {
		t.Errorf("a message was posted where nobody asked for it:\n%s", got)
	}
}

// With the privileged intent the members are counted.
func TestDoctor_DiscordMembers(t *testing.T) {
	_, cfg := guided(t, discordtest.Options{Privileged: 1 << 1})
	wantLines(t, examine(t, cfg), "warning|Discord people|none of the 2 members of the server is a person of the catalog|"+
		"the others can read, and ask by /callboard link for the annotation discord.com/user-id")
}
