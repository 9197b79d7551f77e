package discord_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"callboard/bot"
	"callboard/catalog/secret"
	"callboard/integrations/discord"
	"callboard/integrations/discord/discordtest"
	"callboard/integrations/outbound"
)

const (
	opsChannel = "610000000000000001"
	payChannel = "610000000000000002"
)

// checked gives the findings about a server after it was harmed, one a line, and sees to it that none holds the token.
func checked(t *testing.T, o discordtest.Options, wanted bot.Wanted, harm func(fake *discordtest.Server, options *discord.Options)) string {
	t.Helper()
	fake := discordtest.New(t, o)
	fake.AddChannel(discordtest.ChannelSpec{ID: opsChannel, Name: "ops"})
	fake.AddChannel(discordtest.ChannelSpec{ID: payChannel, Name: "pay-eng"})
	options := discord.Options{
		Application: fake.AppID, Guild: fake.GuildID, BotToken: secret.New(fake.Token), APIURL: fake.APIURL,
		Client: fake.HTTPClient(), Sockets: outbound.Sockets{Dial: fake.Dial}, Log: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry(),
		Commands: []discord.Command{{Name: "callboard"}},
	}
	register(t, fake, options.Commands)
	if harm != nil {
		harm(fake, &options)
	}
	var lines []string
	discord.New(options).Check(t.Context(), wanted, func(f bot.Finding) {
		lines = append(lines, strings.Join([]string{string(f.Grade), f.Part, f.Text, f.Fix}, "|"))
	})
	got := strings.Join(lines, "\n")
	if strings.Contains(got, fake.Token) {
		t.Errorf("a finding holds the token:\n%s", got)
	}
	return got
}

// register gives the guild the commands as the manifest prints them, all of which Discord takes.
func register(t *testing.T, fake *discordtest.Server, commands []discord.Command) {
	t.Helper()
	text, err := discord.Manifest(discord.ManifestOptions{Purposes: []bot.Purpose{bot.ForReads}, Commands: commands})
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(text, "    [\n")
	url := fake.APIURL + "/v10/applications/" + fake.AppID + "/guilds/" + fake.GuildID + "/commands"
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url, strings.NewReader("["+list))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bot "+fake.Token)
	request.Header.Set("User-Agent", "DiscordBot (https://callboard.example, 1)")
	answer, err := fake.HTTPClient().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if err := answer.Body.Close(); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s, %v", answer.Status, err)
	}
}

// TestCheck: each mistake around an application is found, by name and with what mends it; nothing is said wrong where nothing is.
func TestCheck(t *testing.T) {
	forms := bot.Wanted{Purposes: []bot.Purpose{bot.ForForms}, Post: []string{opsChannel}, Channels: []string{opsChannel, payChannel}}
	tests := []struct {
		name    string
		options discordtest.Options
		wanted  bot.Wanted
		harm    func(fake *discordtest.Server, options *discord.Options)
		want    []string // "" at first: nothing is wrong nor doubtful
	}{
		{"all is well", discordtest.Options{}, forms, nil, []string{
			"",
			"fine|Discord bot token|it is of @callboard|", "fine|Discord application|the token is of the application 8",
			"fine|Discord interactions|they come over the gateway|", "fine|Discord intents|", "fine|Discord gateway|it said hello",
			"fine|Discord server|the bot is in Example", "fine|Discord commands|all 1 are registered|",
			"fine|Discord channel " + opsChannel + "|a test message was posted in #ops and deleted|",
			"fine|Discord channels|the bot may answer in all 1 channels",
		}},
		{
			"the token was reset",
			discordtest.Options{Tolerate: true},
			forms, func(_ *discordtest.Server, o *discord.Options) { o.BotToken = secret.New("another") },
			[]string{"wrong|Discord bot token|Discord refuses the bot's token", "|reset the token under Bot of the application"},
		},
		{
			"another application",
			discordtest.Options{},
			forms, func(_ *discordtest.Server, o *discord.Options) { o.Application = "800000000000000009" },
			[]string{`wrong|Discord application|`, `set discord.application: "800000000000000001"`},
		},
		{
			"another key",
			discordtest.Options{},
			forms, func(_ *discordtest.Server, o *discord.Options) { o.PublicKey = strings.Repeat("0", 64) },
			[]string{"wrong|Discord application|discord.public_key is not the key of the application"},
		},
		{
			"interactions go elsewhere",
			discordtest.Options{},
			forms, func(fake *discordtest.Server, _ *discord.Options) {
				fake.UseURL("https://old.example.com/discord/interactions")
			},
			[]string{"wrong|Discord interactions|Discord sends them to https://old.example.com/discord/interactions, so that none comes over the gateway|empty Interactions Endpoint URL"},
		},
		{
			"interactions do not come",
			discordtest.Options{},
			bot.Wanted{Requests: "https://callboard.example.com/discord/interactions"},
			nil,
			[]string{"wrong|Discord interactions|Discord sends them over the gateway", "to https://callboard.example.com/discord/interactions"},
		},
		{
			"privileges without need",
			discordtest.Options{Privileged: 1<<15 | 1<<8},
			forms, nil,
			[]string{"warning|Discord intents|not needed, but on: Presence Intent, Message Content Intent|"},
		},
		{
			"another guild",
			discordtest.Options{},
			forms, func(_ *discordtest.Server, o *discord.Options) { o.Guild = "900000000000000009" },
			[]string{"wrong|Discord server|the bot is not in the server 900000000000000009|", "https://discord.com/oauth2/authorize?client_id=800000000000000001"},
		},
		{
			"other commands",
			discordtest.Options{},
			forms, func(_ *discordtest.Server, o *discord.Options) {
				o.Commands = append(o.Commands, discord.Command{Name: "deps"})
			},
			[]string{"warning|Discord commands|those in the server are not those of the configuration|start callboard serve"},
		},
		{
			"no gateway",
			discordtest.Options{},
			forms, func(fake *discordtest.Server, _ *discord.Options) { fake.RefuseSockets(5) },
			[]string{"wrong|Discord gateway|it cannot be reached", "port 443"},
		},
		{"permissions are missing", discordtest.Options{}, forms, func(fake *discordtest.Server, _ *discord.Options) {
			fake.Deny(opsChannel, "SEND_MESSAGES")
			fake.Deny(payChannel, "EMBED_LINKS", "READ_MESSAGE_HISTORY")
		}, []string{
			"wrong|Discord channel " + opsChannel + "|in #ops the permission SEND_MESSAGES is missing: answers mentions|",
			"wrong|Discord channel " + opsChannel + "|nothing can be posted in #ops",
			"warning|Discord channels|mentions cannot be answered in 1 of 1 channels of the catalog: #pay-eng (EMBED_LINKS, READ_MESSAGE_HISTORY)|",
		}},
		{
			"a channel that the bot does not see",
			discordtest.Options{},
			forms, func(fake *discordtest.Server, _ *discord.Options) { fake.Deny(opsChannel, "VIEW_CHANNEL") },
			[]string{"wrong|Discord channel " + opsChannel + "|there is no such channel, or the bot does not see it"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := checked(t, tt.options, tt.wanted, tt.harm)
			if tt.want[0] == "" && (strings.Contains(got, "wrong|") || strings.Contains(got, "warning|")) {
				t.Errorf("not well:\n%s", got)
			}
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("lacks %q:\n%s", want, got)
				}
			}
		})
	}
}
