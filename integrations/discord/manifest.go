package discord

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"callboard/bot"
)

// authorizeURL is where somebody who manages a guild adds an application to it. [oauth2] topics/oauth2
const authorizeURL = "https://discord.com/oauth2/authorize"

// Grant is something that an application is allowed or sent, and why.
type Grant struct {
	Name string
	Bit  uint   // its place in a set of permissions or intents; 0 of scopes
	Why  string // what does not work without it
}

// Intents are the events of the gateway that are asked for. None of them is privileged. Sources: events/gateway.
func Intents() []Grant {
	return []Grant{
		{"GUILD_MESSAGES", 9, "hears mentions of the bot in channels; of other messages Discord keeps the text back"},
		{"DIRECT_MESSAGES", 12, "hears what people write to the bot alone"},
	}
}

// Scopes are what an invitation asks for.
func Scopes() []Grant {
	return []Grant{
		{"bot", 0, "is a member of the server, so that it hears mentions, and can tell members from others"},
		{"applications.commands", 0, "slash commands, and the buttons and forms of answers"},
	}
}

// Permissions gives the least that the bot needs in channels for all of its purposes; every application is for reads.
// Sources: topics/permissions.
func Permissions(purposes []bot.Purpose) []Grant {
	all := []Grant{
		{"VIEW_CHANNEL", 10, "hears mentions; slash commands work without it, too"},
		{"SEND_MESSAGES", 11, "answers mentions"},
		{"SEND_MESSAGES_IN_THREADS", 38, "answers mentions in threads"},
		{"EMBED_LINKS", 14, "cards are embeds, which Discord drops without it"},
		{"READ_MESSAGE_HISTORY", 16, "shows its answer below the mention"},
	}
	if slices.Contains(purposes, bot.ForForms) {
		all[len(all)-1].Why += ", and finds its own message in the operators' channel after a crash, so that none is posted twice"
	}
	return all
}

// ManifestOptions say what an application is for.
type ManifestOptions struct {
	Purposes    []bot.Purpose // in the order in which they are named
	Application string        // id; "" while there is none
	Guild       string        // id; "" while it is not known
	URL         string        // base URL to which Discord sends interactions; "" for the gateway
	Commands    []Command
}

// Manifest writes the settings of the application as people find them, with a reason beside each permission, and the
// slash commands that Serve registers. Discord reads no such file: they are set by hand, once.
func Manifest(o ManifestOptions) (string, error) {
	w := &sheet{}
	var purposes []string
	for _, p := range o.Purposes {
		purposes = append(purposes, string(p))
	}
	w.line("# The Discord application of Callboard, for %s", strings.Join(purposes, " and "))
	w.line("\nMake it at https://discord.com/developers/applications: New Application. What is not named here stays as it is.")
	w.general(o)
	w.part("Installation", "")
	w.set("Installation Contexts", "Guild Install alone", "people ask it in the server, and in direct messages to it")
	w.set("Install Link", "None", "then it can be private; the invitation below is used instead")
	w.part("Bot", "")
	w.set("Token", "Reset Token", "goes where discord.token says, and nowhere else")
	w.set("Public Bot", "off", "nobody else can add it to a server of theirs")
	w.set("Presence Intent", "off", "not needed")
	w.set("Server Members Intent", "off", "not needed; with it callboard doctor counts the members of the server who are people of the catalog")
	w.set("Message Content Intent", "off", "not needed: Discord shows what mentions the bot or is written to it")
	w.part("Intents", "which Callboard asks the gateway for:")
	w.grants(Intents())
	w.part("Scopes", "of the invitation:")
	w.grants(Scopes())
	w.part("Permissions", "of the invitation, "+strconv.FormatUint(bits(Permissions(o.Purposes)), 10)+" as a number; no role of the server grants anything in the catalog:")
	w.grants(Permissions(o.Purposes))
	w.part("Invitation", "for somebody with the permission Manage Server:")
	w.line("    %s", invitation(o.Application, o.Guild, o.Purposes))
	if o.Application == "" || o.Guild == "" {
		w.line("\nWith discord.application and discord.guild in the configuration it is complete.")
	}
	w.part("Commands", "which callboard serve registers in the server, replacing those that are there:")
	commands, err := indented(declared(o.Commands))
	if err != nil {
		return "", err
	}
	w.line("%s", commands)
	return w.text.String(), nil
}

// invitation is the address that adds the application to a guild.
func invitation(application, guild string, purposes []bot.Purpose) string {
	if application == "" {
		application = "APPLICATION"
	}
	var scopes []string
	for _, s := range Scopes() {
		scopes = append(scopes, s.Name)
	}
	query := url.Values{
		"client_id": {application}, "scope": {strings.Join(scopes, " ")}, "permissions": {strconv.FormatUint(bits(Permissions(purposes)), 10)},
	}
	if guild != "" {
		query.Set("guild_id", guild)
		query.Set("disable_guild_select", "true")
	}
	return authorizeURL + "?" + query.Encode()
}

func bits(all []Grant) uint64 {
	var set uint64
	for _, g := range all {
		set |= 1 << g.Bit
	}
	return set
}

// indented writes the commands as JSON, one a paragraph.
func indented(commands []command) (string, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("    ", "  ")
	if err := e.Encode(commands); err != nil {
		return "", err
	}
	return "    " + strings.TrimSpace(out.String()), nil
}

// sheet collects the lines of a manifest.
type sheet struct{ text strings.Builder }

func (w *sheet) line(format string, args ...any) { fmt.Fprintf(&w.text, format+"\n", args...) }

func (w *sheet) part(title, about string) {
	w.line("\n## %s", title)
	if about != "" {
		w.line("\n%s", about)
	}
	w.line("")
}

func (w *sheet) set(name, value, why string) { w.line("- %s: **%s** (%s)", name, value, why) }

func (w *sheet) grants(all []Grant) {
	for _, g := range all {
		if g.Bit == 0 {
			w.line("- `%s`: %s", g.Name, g.Why)
			continue
		}
		w.line("- `%s` (bit %d): %s", g.Name, g.Bit, g.Why)
	}
}

func (w *sheet) general(o ManifestOptions) {
	w.part("General Information", "")
	w.set("Application ID", "copy", "goes into discord.application")
	if o.URL == "" {
		w.set("Interactions Endpoint URL", "empty", "interactions come over the gateway; with an address here none would")
		return
	}
	w.set("Public Key", "copy", "goes into discord.public_key")
	w.set("Interactions Endpoint URL", strings.TrimSuffix(o.URL, "/")+"/discord/interactions", "start callboard serve before you save it: Discord asks it at once")
}
