package main // the manifests are compared with what the program prints

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"callboard/bot"
	"callboard/bot/command"
	"callboard/cmd/callboard/internal/app"
	"callboard/cmd/callboard/internal/config"
	"callboard/integrations/discord"
)

var update = flag.Bool("update", false, "rewrite what deploy/ has of the output of the program")

const deployRoot = "../../deploy"

// TestDeploySlack keeps the manifests in deploy/slack as the program prints them, and within Slack's limits.
func TestDeploySlack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	withURL := filepath.Join(dir, "http.yaml")
	if err := os.WriteFile(withURL, []byte("http: {url: https://callboard.example.com}\nidentity: {email: true}\n"+
		"catalog: {sources: [{name: acme, git: https://git.example.com/acme/catalog.git}]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	plain := filepath.Join(dir, "plain.yaml")
	if err := os.WriteFile(plain, []byte("catalog: {sources: [{name: acme, git: https://git.example.com/acme/catalog.git}]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	both := filepath.Join(dir, "both.yaml")
	if err := os.WriteFile(both, []byte("slack: {open_channels: [\"inc-*\"]}\noperators: {channels: [\"slack:C0123ABCD\"]}\n"+
		"catalog: {sources: [{name: acme, git: https://git.example.com/acme/catalog.git}]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"all.yaml":       {"-c", both},
		"reads.yaml":     {"--for", "reads", "-c", plain},
		"incidents.yaml": {"--for", "incidents", "-c", plain},
		"forms.yaml":     {"--for", "forms", "-c", plain},
		"http.yaml":      {"--for", "forms", "--mode", "http", "-c", withURL},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out, errors bytes.Buffer
			if code := run(t.Context(), append([]string{"manifest", "slack"}, args...), nil, &out, &errors); code != exitFine {
				t.Fatalf("exit code %d: %s", code, errors.String())
			}
			golden(t, filepath.Join(deployRoot, "slack", name), out.Bytes())
			checkManifest(t, out.Bytes())
		})
	}
}

// TestDeployDiscord keeps the settings in deploy/discord as the program prints them, and the commands in them within Discord's
// limits (platforms.md 2.3). That the fake Discord takes them, too, is tried in integrations/discord.
func TestDeployDiscord(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "callboard.yaml")
	if err := os.WriteFile(file, []byte("http: {url: https://callboard.example.com}\n"+
		"catalog: {sources: [{name: acme, git: https://git.example.com/acme/catalog.git}]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"reads.md": {"--for", "reads"},
		"forms.md": {"--for", "forms"},
		"http.md":  {"--for", "forms", "--mode", "http"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out, errors bytes.Buffer
			if code := run(t.Context(), append([]string{"manifest", "discord", "-c", file}, args...), nil, &out, &errors); code != exitFine {
				t.Fatalf("exit code %d: %s", code, errors.String())
			}
			golden(t, filepath.Join(deployRoot, "discord", name), out.Bytes())
			checkCommands(t, out.String())
		})
	}
}

// Every verb fits into a command that Discord takes.
func TestDeployDiscord_EveryVerb(t *testing.T) {
	t.Parallel()
	var cfg config.Discord
	for _, verb := range command.All(command.Deps{}) {
		cfg.Commands = append(cfg.Commands, verb.Name)
	}
	text, err := discord.Manifest(discord.ManifestOptions{Purposes: []bot.Purpose{bot.ForReads}, Commands: app.DiscordCommands(cfg)})
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(text, `"type": 1,`); n != len(cfg.Commands) {
		t.Errorf("%d commands of %d are registered", n, len(cfg.Commands))
	}
	checkCommands(t, text)
}

// checkCommands judges the commands at the end of the settings.
func checkCommands(t *testing.T, text string) {
	t.Helper()
	type part struct {
		Name        string `json:"name"`
		Description string `json:"description"`
		Options     []part `json:"options"`
	}
	var commands []part
	_, list, _ := strings.Cut(text, "    [\n")
	if err := json.Unmarshal([]byte("["+list), &commands); err != nil || len(commands) == 0 {
		t.Fatalf("%d commands, %v", len(commands), err)
	}
	for _, c := range commands {
		total := 0
		for _, p := range append([]part{c}, c.Options...) {
			hasAtMost(t, "name of "+p.Name, p.Name, 32)
			hasAtMost(t, "description of "+p.Name, p.Description, 100)
			total += len(p.Name) + len(p.Description)
		}
		if len(c.Options) > 25 || total > 8000 {
			t.Errorf("%s has %d options and %d characters", c.Name, len(c.Options), total)
		}
	}
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s is not what the program prints; go test ./cmd/callboard -run TestDeploy -update rewrites it (-file +program)\n%s", file, diff)
	}
}

// slackManifest is the part of Slack's schema of manifests that Callboard uses (platforms.md 1.7).
type slackManifest struct {
	Metadata struct {
		Major int `yaml:"major_version"`
	} `yaml:"_metadata"`
	Display struct {
		Name        string `yaml:"name"`
		Description string `yaml:"description"`
	} `yaml:"display_information"`
	Features struct {
		Home struct {
			Home     bool `yaml:"home_tab_enabled"`
			Messages bool `yaml:"messages_tab_enabled"`
			ReadOnly bool `yaml:"messages_tab_read_only_enabled"`
		} `yaml:"app_home"`
		Bot struct {
			Name   string `yaml:"display_name"`
			Online bool   `yaml:"always_online"`
		} `yaml:"bot_user"`
		Commands []struct {
			Command     string `yaml:"command"`
			Description string `yaml:"description"`
			Hint        string `yaml:"usage_hint"`
			URL         string `yaml:"url"`
			Escape      bool   `yaml:"should_escape"`
		} `yaml:"slash_commands"`
	} `yaml:"features"`
	OAuth struct {
		Scopes struct {
			Bot []string `yaml:"bot"`
		} `yaml:"scopes"`
	} `yaml:"oauth_config"`
	Settings struct {
		Events struct {
			URL string   `yaml:"request_url"`
			Bot []string `yaml:"bot_events"`
		} `yaml:"event_subscriptions"`
		Interactivity struct {
			Enabled bool   `yaml:"is_enabled"`
			URL     string `yaml:"request_url"`
			Options string `yaml:"message_menu_options_url"`
		} `yaml:"interactivity"`
		Socket   bool `yaml:"socket_mode_enabled"`
		Org      bool `yaml:"org_deploy_enabled"`
		Rotation bool `yaml:"token_rotation_enabled"`
	} `yaml:"settings"`
}

// checkManifest judges a manifest by the limits of platforms.md 1.7.
func checkManifest(t *testing.T, text []byte) {
	t.Helper()
	var m slackManifest
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&m); err != nil {
		t.Fatal(err)
	}
	hasAtMost(t, "name", m.Display.Name, 35)
	hasAtMost(t, "description", m.Display.Description, 140)
	hasAtMost(t, "display_name", m.Features.Bot.Name, 80)
	if !regexp.MustCompile(`^[a-z0-9._-]+$`).MatchString(m.Features.Bot.Name) || m.Metadata.Major != 1 || len(m.Features.Commands) == 0 {
		t.Errorf("not a manifest that Slack takes: %+v", m)
	}
	urls := []string{m.Settings.Events.URL, m.Settings.Interactivity.URL, m.Settings.Interactivity.Options}
	for _, c := range m.Features.Commands {
		hasAtMost(t, "command", c.Command, 32)
		hasAtMost(t, "description of "+c.Command, c.Description, 2000)
		hasAtMost(t, "usage_hint of "+c.Command, c.Hint, 1000)
		if !strings.HasPrefix(c.Command, "/") || !c.Escape {
			t.Errorf("command %+v", c)
		}
		urls = append(urls, c.URL)
	}
	for _, url := range urls {
		if m.Settings.Socket != (url == "") || url != "" && !strings.HasPrefix(url, "https://callboard.example.com/slack/") {
			t.Errorf("URL %q with socket_mode_enabled %t", url, m.Settings.Socket)
		}
	}
	for _, event := range []struct{ name, scope string }{{"app_mention", "app_mentions:read"}, {"message.im", "im:history"}, {"app_home_opened", "chat:write"}} {
		if !slices.Contains(m.Settings.Events.Bot, event.name) || !slices.Contains(m.OAuth.Scopes.Bot, event.scope) {
			t.Errorf("the event %s needs the scope %s; the manifest has %v and %v", event.name, event.scope, m.Settings.Events.Bot, m.OAuth.Scopes.Bot)
		}
	}
}

func hasAtMost(t *testing.T, what, text string, most int) {
	t.Helper()
	if n := utf8.RuneCountInString(text); n == 0 || n > most {
		t.Errorf("%s has %d characters, 1 to %d are allowed", what, n, most)
	}
}
