package slack

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"callboard/bot"
)

// Limits of an app manifest. [manifest] docs.slack.dev/reference/app-manifest
const (
	maxCommandDescription = 2_000 // [manifest]
	maxCommandHint        = 1_000 // [manifest]
)

// Scope is a permission of the bot.
type Scope struct {
	Name     string
	Why      string // what does not work without it
	Optional bool   // an app may do without it, as Why says
}

// Scopes gives the least that an app needs for all of its purposes; every app is for reads. Addresses says whether people
// are recognised by e-mail address.
func Scopes(purposes []bot.Purpose, addresses bool) []Scope {
	scopes := []Scope{
		{Name: "commands", Why: "slash commands, and the buttons and forms of answers"},
		{Name: "app_mentions:read", Why: "hears mentions of the bot, which are the way to ask in a thread; no other message of a channel"},
		{Name: "im:history", Why: "hears what people write to the bot in a direct message"},
		{Name: "chat:write", Why: "answers mentions and direct messages, and keeps its own messages up to date"},
		{Name: "users:read", Why: "tells guests, people of other companies, bots and closed accounts from members"},
	}
	if addresses {
		scopes = append(scopes, Scope{Name: "users:read.email", Why: "recognises people by their verified address, because identity.email is on"})
	}
	if slices.Contains(purposes, bot.ForIncidents) {
		scopes = append(scopes,
			Scope{Name: "channels:read", Why: "knows the name of the channel of a mention, so that answers in open channels are for everybody"},
			Scope{Name: "groups:read", Why: "the same in private channels; leave it out if incidents are public", Optional: true})
	}
	if slices.Contains(purposes, bot.ForForms) {
		scopes = append(scopes,
			Scope{Name: "channels:history", Why: "finds its own message in a public operators' channel after a crash, so that none is posted twice"},
			Scope{Name: "groups:history", Why: "the same in a private channel; leave it out if the operators' channels are public", Optional: true})
	}
	return scopes
}

// SlashCommand is a slash command as Slack lists it.
type SlashCommand struct {
	Name    string // without a slash
	Summary string
	Usage   string // what may stand behind it
}

// ManifestOptions say what an app manifest is for.
type ManifestOptions struct {
	Purposes  []bot.Purpose // in the order in which they are named
	Addresses bool          // people are recognised by e-mail address
	URL       string        // base URL to which Slack sends requests; "" for sockets
	Commands  []SlashCommand
}

// Manifest writes the manifest of the app, which is YAML with a reason beside each scope.
func Manifest(o ManifestOptions) (string, error) {
	for _, c := range o.Commands {
		if len(c.Summary) > maxCommandDescription || len(c.Usage) > maxCommandHint || len(c.Name) > 31 || c.Summary == "" {
			return "", errors.New("the slash command " + strconv.Quote(c.Name) + " does not fit into a manifest")
		}
	}
	w := &manifest{base: strings.TrimSuffix(o.URL, "/")}
	var purposes []string
	for _, p := range o.Purposes {
		purposes = append(purposes, string(p))
	}
	w.line("# The Slack app of Callboard, for %s. Paste it at https://api.slack.com/apps: Create New App, From a manifest.", strings.Join(purposes, " and "))
	w.head()
	w.features(o.Commands)
	w.line("oauth_config:\n  scopes:\n    bot:")
	width := 0
	scopes := Scopes(o.Purposes, o.Addresses)
	for _, s := range scopes {
		width = max(width, len(s.Name))
	}
	for _, s := range scopes {
		w.line("      - %-*s # %s", width, s.Name, s.Why)
	}
	w.settings()
	return w.text.String(), nil
}

// manifest collects the lines of a manifest.
type manifest struct {
	base string
	text strings.Builder
}

func (w *manifest) line(format string, args ...any) { fmt.Fprintf(&w.text, format+"\n", args...) }

// url writes where Slack sends requests, which it does not in Socket Mode.
func (w *manifest) url(indent int, key, path string) {
	if w.base != "" {
		w.line("%*s%s: %s", indent, "", key, strconv.Quote(w.base+path))
	}
}

func (w *manifest) head() {
	w.line("_metadata:\n  major_version: 1")
	w.line("display_information:\n  name: Callboard")
	w.line("  description: %s", strconv.Quote("Who owns what, whom to reach, which runbook: from your software catalog."))
}

func (w *manifest) features(commands []SlashCommand) {
	w.line("features:")
	w.line("  app_home:\n    home_tab_enabled: true # what the viewer's groups own")
	w.line("    messages_tab_enabled: true\n    messages_tab_read_only_enabled: false # so that people can ask in a direct message")
	w.line("  bot_user:\n    display_name: callboard\n    always_online: true")
	w.line("  slash_commands: # with should_escape people and channels arrive as ids; their names can be chosen by anybody")
	for _, c := range slices.SortedStableFunc(slices.Values(commands), func(a, b SlashCommand) int { return cmp.Compare(a.Name, b.Name) }) {
		w.line("    - command: /%s", c.Name)
		w.line("      description: %s", strconv.Quote(c.Summary))
		if c.Usage != "" {
			w.line("      usage_hint: %s", strconv.Quote(c.Usage))
		}
		w.url(6, "url", "/slack/commands")
		w.line("      should_escape: true")
	}
}

func (w *manifest) settings() {
	w.line("settings:\n  event_subscriptions:")
	w.url(4, "request_url", "/slack/events")
	w.line("    bot_events:")
	w.line("      - app_home_opened\n      - app_mention\n      - message.im")
	w.line("  interactivity:\n    is_enabled: true")
	w.url(4, "request_url", "/slack/interactions")
	w.url(4, "message_menu_options_url", "/slack/options")
	w.line("  socket_mode_enabled: %t", w.base == "")
	w.line("  org_deploy_enabled: false\n  token_rotation_enabled: false")
}
