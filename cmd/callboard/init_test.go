package main

import (
	"strings"
	"testing"

	"callboard/cmd/callboard/internal/config"
)

// TestInit_Commented: what stands behind the signs loads once they are taken away.
func TestInit_Commented(t *testing.T) {
	t.Parallel()
	for mode, discord := range map[string]string{"": "", "socket": "gateway", "http": "http"} {
		c := initCmd{configFlag: configFlag{"callboard.yaml"}, Git: "https://git.example.com/acme/catalog.git", Slack: mode, Discord: discord, URL: "https://callboard.example.com"}
		text, err := c.text()
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(text), "\n")
		for i, line := range lines {
			if uncommented, is := strings.CutPrefix(line, "# "); is && strings.HasSuffix(line, ":") || strings.HasPrefix(line, "#   ") {
				lines[i] = uncommented
			}
		}
		cfg, err := config.Parse("callboard.yaml", []byte(strings.Join(lines, "\n")))
		if err != nil {
			t.Fatalf("mode %q: %v in\n%s", mode, err, strings.Join(lines, "\n"))
		}
		if cfg.Slack.Mode == config.SlackOff || cfg.Slack.App != "A0123ABCD" || !cfg.Identity.Email || len(cfg.Operators.Channels) != 1 ||
			cfg.Discord.Mode == config.DiscordOff || cfg.Discord.Guild == "" {
			t.Errorf("mode %q: %+v", mode, cfg)
		}
	}
}

// TestInit_Ask: a wrong answer is asked for again at once, an empty one is fine where the question says so.
func TestInit_Ask(t *testing.T) {
	t.Parallel()
	answers := []string{"", "https://git.example.com/acme/catalog.git", "hunter2", "env:GIT_TOKEN", "", "both", "http", "irc", "", "http://x", "https://callboard.example.com", "acme", "T1", "", "#ops", "C0OPS"}
	var out strings.Builder
	c := initCmd{configFlag: configFlag{"callboard.yaml"}}
	if err := c.ask(&env{stdin: strings.NewReader(strings.Join(answers, "\n") + "\n"), stdout: &out}); err != nil {
		t.Fatalf("%v after\n%s", err, out.String())
	}
	want := initCmd{configFlag: c.configFlag, Git: answers[1], Token: "env:GIT_TOKEN", Slack: "http", Team: "T1", URL: "https://callboard.example.com", Operators: "C0OPS"}
	if c != want {
		t.Errorf("%+v, want %+v", c, want)
	}
	for _, complaint := range []string{"no catalog", "Write env:NAME", "Write socket or http", "Write gateway or http", "https:// alone", "begins with T or E", "not its name"} {
		if !strings.Contains(out.String(), complaint) {
			t.Errorf("nothing says %q:\n%s", complaint, out.String())
		}
	}
	if _, err := c.text(); err != nil {
		t.Error(err)
	}
}

// Both chats may be set up at once; each has steps of its own.
func TestInit_Discord(t *testing.T) {
	t.Parallel()
	const id, key = "1234567890123456789", "3c6d4ec9b1d2f5a8e7900112233445566778899aabbccddeeff0011223344556"
	answers := []string{"./acme", "", "socket", "http", "https://callboard.example.com", "T1", "A1", "acme", id, id, "C0FFEE", key, id}
	var out strings.Builder
	c := initCmd{configFlag: configFlag{"callboard.yaml"}}
	if err := c.ask(&env{stdin: strings.NewReader(strings.Join(answers, "\n") + "\n"), stdout: &out}); err != nil {
		t.Fatalf("%v after\n%s", err, out.String())
	}
	text, err := c.text()
	if err != nil {
		t.Fatalf("%v after\n%s", err, out.String())
	}
	cfg, err := config.Parse("callboard.yaml", text)
	if err != nil || cfg.Discord.Mode != "http" || cfg.Discord.PublicKey != key || cfg.Slack.Mode != "socket" || cfg.Operators.On("discord")[0] != id {
		t.Errorf("%+v, %v", cfg, err)
	}
	if next := c.next(); !strings.Contains(next, "set DISCORD_TOKEN") || !strings.Contains(next, "set SLACK_BOT_TOKEN and SLACK_APP_TOKEN") {
		t.Error(next)
	}
	c.Guild = ""
	if next := c.next(); !strings.Contains(next, "callboard manifest discord --mode http") || strings.Contains(next, "callboard serve") {
		t.Error(next)
	}
}

func TestSourceName(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://git.example.com/acme/Catalog_Repo.git": "catalog-repo",
		"git@git.example.com:catalog":                   "catalog",
		"./acme/":                                       "acme",
		"/":                                             "catalog",
		".":                                             "catalog",
		strings.Repeat("x", 100):                        strings.Repeat("x", 63),
		strings.Repeat("x", 62) + "-y":                  strings.Repeat("x", 62),
	} {
		if got := sourceName(address); got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}
