package config

import "callboard/catalog/secret"

// How Discord's events reach Callboard.
const (
	DiscordOff     = ""        // nothing of Discord is configured
	DiscordGateway = "gateway" // Callboard connects to Discord; no port is open to the Internet
	DiscordHTTP    = "http"    // Discord sends interactions to http.url
)

// snowflake is what ids of Discord look like: the time in milliseconds since 2015, shifted by 22 bits, with leading digits
// that have made it 17 to 19 long so far.
const snowflake = `^[1-9][0-9]{14,19}$`

// Discord is the application in one guild, as Discord calls a server.
type Discord struct {
	Mode         string     `yaml:"mode"`          // DiscordOff, DiscordGateway or DiscordHTTP
	Token        secret.Ref `yaml:"token"`         // of the bot
	PublicKey    string     `yaml:"public_key"`    // of the application, 64 hexadecimal digits, for the mode http; it is no secret
	Application  string     `yaml:"application"`   // id of the application; interactions of others are turned away
	Guild        string     `yaml:"guild"`         // id of the guild; others are turned away
	APIURL       string     `yaml:"api_url"`       // "" is Discord's own
	Commands     []string   `yaml:"commands"`      // application commands, without prefix
	Prefix       string     `yaml:"prefix"`        // before the names of application commands
	OpenChannels []string   `yaml:"open_channels"` // globs of names of channels where answers are for everybody
}

// Names gives the application commands with the prefix.
func (c Discord) Names() []string { return prefixed(c.Prefix, c.Commands) }

// discord checks the part for Discord. Everything about it is optional while mode is empty.
func (d *decoder) discord(c Discord, h HTTP) {
	d.oneOf("discord.mode", c.Mode, DiscordOff, DiscordGateway, DiscordHTTP)
	d.slashCommands("discord", c.Prefix, c.Commands)
	d.openChannels("discord", c.OpenChannels)
	if c.Mode == DiscordOff { // what the manifest of an application that is still to be made needs may stand there
		if !c.Token.IsZero() {
			d.mistake("discord.mode", "must be gateway or http when a token is given")
		} else if c.Application != "" || c.Guild != "" {
			d.mistake("discord.mode", "must be gateway or http when discord.application or discord.guild is given; without it nothing of Discord is used")
		}
		return
	}
	d.needs("discord.token", c.Token, "the token of the bot, as in env:DISCORD_TOKEN")
	d.matches("discord.application", c.Application, snowflake, "the id of the application, a number as in 1234567890123456789: interactions of others are turned away")
	d.matches("discord.guild", c.Guild, snowflake, "the id of the server, a number as in 1234567890123456789: interactions of others are turned away")
	if c.Mode == DiscordHTTP {
		d.matches("discord.public_key", c.PublicKey, `^[0-9a-f]{64}$`, "the public key of the application, 64 of 0-9 and a-f, with which Discord's requests are checked")
		d.reached("Discord", "discord.mode", h)
	}
	if c.Mode == DiscordGateway && c.PublicKey != "" {
		d.matches("discord.public_key", c.PublicKey, `^[0-9a-f]{64}$`, "a public key, 64 of 0-9 and a-f; discord.mode gateway needs none")
	}
	d.apiURL("discord.api_url", c.APIURL)
}
