package main

import (
	"bufio"
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"

	"callboard/cmd/callboard/internal/config"
)

//go:embed init.yaml.tmpl
var initTemplate string

type initCmd struct {
	configFlag
	Git       string `placeholder:"REPOSITORY" help:"Git repository of the catalog: URL or path."`
	Token     string `placeholder:"REF" help:"Where its token is: env:NAME or file:PATH."`
	Data      string `placeholder:"DIR" help:"Data folder (data, beside the configuration file)."`
	Slack     string `placeholder:"MODE" enum:"socket,http," default:"" help:"How Slack's events come: socket or http (no Slack)."`
	Team      string `placeholder:"ID" help:"The workspace's id, as in T0123ABCD."`
	App       string `placeholder:"ID" help:"The Slack app's id, as in A0123ABCD."`
	URL       string `placeholder:"URL" help:"How others reach this server, for --slack http and --discord http."`
	Operators string `placeholder:"CHANNEL" help:"Channel of the operators, by its id in Slack or Discord."`

	Discord     string `placeholder:"MODE" enum:"gateway,http," default:"" help:"How Discord's interactions come: gateway or http (no Discord)."`
	Application string `placeholder:"ID" help:"The Discord application's id, a number."`
	Guild       string `placeholder:"ID" help:"The Discord server's id, a number."`
	PublicKey   string `placeholder:"KEY" help:"The application's public key, for --discord http."`
}

// Help adds examples.
func (initCmd) Help() string {
	return "In a terminal it asks for what no flag says. It never overwrites a file, and the file holds no secrets.\n\n" +
		"Examples:\n  callboard init\n  callboard init --git https://git.example.com/acme/catalog.git --token env:GIT_TOKEN --slack socket\n  callboard init --git ./catalog --discord gateway"
}

// Run writes a configuration.
func (c *initCmd) Run(e *env) error {
	if _, err := os.Lstat(c.Config); !errors.Is(err, fs.ErrNotExist) {
		return &exitError{exitUsage, fmt.Errorf("%s is there already, and stays as it is: edit it, or name another file by -c", c.Config)}
	}
	if _, isTerminal := terminal(e.stdin); isTerminal {
		if err := c.ask(e); err != nil {
			return err
		}
	}
	if c.Git == "" {
		return &exitError{exitUsage, errors.New("init: name the Git repository of the catalog by --git; without a terminal nobody can be asked")}
	}
	text, err := c.text()
	if err != nil {
		return err
	}
	if err := c.write(text); err != nil {
		return err
	}
	_, err = fmt.Fprintf(e.stdout, "%s is written. Next:\n%s", c.Config, c.next())
	return err
}

// question is asked at the terminal unless a flag has answered it.
type question struct {
	into     *string
	text     string
	usual    string                // taken when nothing is typed
	asked    func() bool           // nil: always
	complain func(s string) string // "" when the answer will do; nil: anything will
}

func (c *initCmd) questions() []question {
	slack := func() bool { return c.Slack != "" }
	discord := func() bool { return c.Discord != "" }
	requests := func() bool { return c.Slack == config.SlackHTTP || c.Discord == config.DiscordHTTP }
	return []question{
		{into: &c.Git, text: "Git repository with the descriptors (URL, or path on this machine)", complain: func(s string) string {
			if s == "" {
				return "Without one there is no catalog."
			}
			return ""
		}},
		{into: &c.Token, text: "Where its access token is, as in env:GIT_TOKEN (empty: it needs none)", asked: c.web, complain: form(`^((env|file):\S+)?$`, "Write env:NAME or file:PATH, and the token itself there.")},
		{into: &c.Data, text: "Data folder", usual: "data"},
		{into: &c.Slack, text: "Slack: socket (no open port needed), http, or empty for none yet", complain: func(s string) string {
			if s != config.SlackOff && s != config.SlackSocket && s != config.SlackHTTP {
				return "Write socket or http, or nothing."
			}
			return ""
		}},
		{into: &c.Discord, text: "Discord: gateway (no open port needed), http, or empty for none yet", complain: func(s string) string {
			if s != config.DiscordOff && s != config.DiscordGateway && s != config.DiscordHTTP {
				return "Write gateway or http, or nothing."
			}
			return ""
		}},
		{into: &c.URL, text: "URL by which chats reach this server, as in https://callboard.example.com", asked: requests, complain: form(`^(https://[^/?#@\s]+/?)?$`, "They send to https:// alone, as in https://callboard.example.com.")},
		{into: &c.Team, text: "Id of the workspace, as in T0123ABCD (empty: not known yet)", asked: slack, complain: form(`^([TE][A-Z0-9]{1,20})?$`, "It begins with T or E: see app.slack.com/client/T… in a browser.")},
		{into: &c.App, text: "Id of the Slack app, as in A0123ABCD (empty: there is none yet)", asked: slack, complain: form(`^(A[A-Z0-9]{1,20})?$`, "It begins with A: see Basic Information of the app.")},
		{into: &c.Application, text: "Id of the Discord application, a number (empty: there is none yet)", asked: discord, complain: form(`^([1-9][0-9]{14,19})?$`, "It is a number of 17 to 19 digits: see General Information of the application.")},
		{into: &c.Guild, text: "Id of the Discord server, a number (empty: not known yet)", asked: discord, complain: form(`^([1-9][0-9]{14,19})?$`, "It is a number of 17 to 19 digits: Copy Server ID, in developer mode.")},
		{into: &c.PublicKey, text: "Public key of the Discord application (empty: there is none yet)", asked: func() bool { return c.Discord == config.DiscordHTTP }, complain: form(`^([0-9a-f]{64})?$`, "It has 64 of 0-9 and a-f: see General Information of the application.")},
		{into: &c.Operators, text: "Channel of those who run Callboard, by its id (empty: none)", asked: func() bool { return slack() || discord() }, complain: func(s string) string {
			if s != "" && channelOf(s) == "" {
				return "Write its id, not its name: Slack shows it at the end of the channel's details, Discord copies it in developer mode."
			}
			return ""
		}},
	}
}

// form complains of what does not match a pattern, at once and not after the last question.
func form(pattern, complaint string) func(string) string {
	return func(s string) string {
		if regexp.MustCompile(pattern).MatchString(s) {
			return ""
		}
		return complaint
	}
}

// ask puts the questions that no flag has answered.
func (c *initCmd) ask(e *env) error {
	in := bufio.NewReader(e.stdin)
	for _, q := range c.questions() {
		if *q.into != "" || q.asked != nil && !q.asked() {
			continue
		}
		for {
			usual := ""
			if q.usual != "" {
				usual = " [" + q.usual + "]"
			}
			fmt.Fprintf(e.stdout, "%s%s: ", q.text, usual)
			line, err := in.ReadString('\n')
			if err != nil {
				return &exitError{exitUsage, errors.New("init: the questions were not answered, nothing is written")}
			}
			answer := strings.TrimSpace(line)
			if q.complain != nil && q.complain(answer) != "" {
				fmt.Fprintln(e.stdout, q.complain(answer))
				continue
			}
			*q.into = answer
			break
		}
	}
	return nil
}

// web reports whether the repository is reached over https.
func (c *initCmd) web() bool {
	source := config.Source{Git: c.Git}
	return source.Transport() == config.HTTPS
}

// text gives the configuration, which has no mistakes.
func (c *initCmd) text() ([]byte, error) {
	source := config.Source{Git: c.Git}
	values := struct {
		initCmd
		Name, Comment, Mode string // of Slack
		Uncertain, Way      string // the same of Discord
		Remote              bool
	}{initCmd: *c, Name: sourceName(c.Git), Remote: c.web(), Mode: c.Slack, Way: c.Discord}
	if source.Transport() == config.Local {
		absolute, err := filepath.Abs(c.Git)
		if err != nil {
			return nil, err
		}
		values.Git = absolute
	}
	if values.Data == "" {
		values.Data = "data"
	}
	if c.Operators != "" {
		if values.Operators = channelOf(c.Operators); values.Operators == "" {
			return nil, &exitError{exitUsage, fmt.Errorf("init: %q is no id of a channel, as in C0123ABCD of Slack or 1234567890123456789 of Discord", c.Operators)}
		}
	}
	if values.Mode == "" {
		values.Mode = config.SlackSocket
	}
	if values.Way == "" {
		values.Way = config.DiscordGateway
	}
	if c.Slack == "" || !c.slackKnown() {
		values.Comment = "# "
	}
	if c.Discord == "" || !c.discordKnown() {
		values.Uncertain = "# "
	}
	t, err := template.New("configuration").Funcs(template.FuncMap{"quote": quoteYAML}).Parse(initTemplate)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := t.Execute(&out, values); err != nil {
		return nil, err
	}
	name, err := filepath.Abs(c.Config)
	if err != nil {
		return nil, err
	}
	if _, err := config.Parse(name, out.Bytes()); err != nil {
		return nil, &exitError{exitUsage, errors.New("init: nothing is written, it would have mistakes:\n" + inFlags(err))}
	}
	return out.Bytes(), nil
}

// inFlags tells mistakes by the flags that they came from: the lines are of a file that nobody has.
func inFlags(err error) string {
	invalid, mistakes := errors.AsType[*config.InvalidError](err)
	if !mistakes {
		return err.Error()
	}
	flags := map[string]string{
		"catalog.sources[0].git": "--git", "catalog.sources[0].token": "--token", "data": "--data", "slack.mode": "--slack", "slack.team": "--team",
		"slack.app": "--app", "http.url": "--url", "operators.channels": "--operators", "operators.channels[0]": "--operators",
	}
	lines := make([]string, len(invalid.Mistakes))
	for i, m := range invalid.Mistakes {
		key := m.Key
		if flag, known := flags[key]; known {
			key = flag + " (" + key + ")"
		}
		lines[i] = key + ": " + m.Text
	}
	return strings.Join(lines, "\n")
}

// quoteYAML writes a text as YAML reads it, which knows the strings of JSON.
func quoteYAML(s string) (string, error) {
	if regexp.MustCompile(`^[A-Za-z./][A-Za-z0-9./_:@-]*$`).MatchString(s) && !strings.HasSuffix(s, ":") && s != "null" {
		return s, nil
	}
	quoted, err := json.Marshal(s)
	return string(quoted), err
}

// sourceName makes a name of the last part of an address.
func sourceName(address string) string {
	base := strings.TrimSuffix(path.Base(strings.ReplaceAll(filepath.ToSlash(address), ":", "/")), ".git")
	name := strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(base), "-"), "-")
	if name == "" {
		return "catalog"
	}
	return strings.TrimRight(name[:min(len(name), 63)], "-")
}

// write makes the file, unless there is one by now. Nothing in it is secret, and the daemon's user must read it.
func (c *initCmd) write(text []byte) (err error) {
	file, err := os.OpenFile(c.Config, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // see above
	if err != nil {
		return &exitError{exitUsage, fmt.Errorf("init: %w", err)}
	}
	defer closeInto(&err, file)
	_, err = io.Copy(file, bytes.NewReader(text))
	return err
}

func (c *initCmd) slackKnown() bool { return c.Team != "" && c.App != "" }

func (c *initCmd) discordKnown() bool {
	return c.Application != "" && c.Guild != "" && (c.PublicKey != "" || c.Discord != config.DiscordHTTP)
}

// next gives the steps to do.
func (c *initCmd) next() string {
	flag := ""
	if c.Config != config.FileName {
		flag = " -c " + c.Config
	}
	if c.Slack == "" && c.Discord == "" {
		return numbered("callboard sync"+flag+"        reads the catalog once, and says what it finds",
			"callboard console"+flag+"     asks it; try who-owns and a name of yours",
			"callboard serve"+flag+"       keeps it in step, with metrics and health")
	}
	var steps []string
	if (c.Slack == config.SlackHTTP || c.Discord == config.DiscordHTTP) && c.URL == "" {
		steps = append(steps, "set http.url in "+c.Config+" to the https:// address by which chats reach this server")
	}
	tokens := map[string]string{config.SlackSocket: "SLACK_BOT_TOKEN and SLACK_APP_TOKEN", config.SlackHTTP: "SLACK_BOT_TOKEN and SLACK_SIGNING_SECRET"}
	switch {
	case c.Slack != "" && !c.slackKnown():
		steps = append(steps, "callboard manifest slack"+flag+" --mode "+c.Slack+"   prints the app to make at https://api.slack.com/apps; put its ids into "+c.Config)
	case c.Slack != "":
		steps = append(steps, "set "+tokens[c.Slack]+" in the environment")
	}
	switch {
	case c.Discord != "" && !c.discordKnown():
		steps = append(steps, "callboard manifest discord"+flag+" --mode "+c.Discord+"   prints the application to make at https://discord.com/developers/applications; put its ids into "+c.Config)
	case c.Discord != "":
		steps = append(steps, "set DISCORD_TOKEN in the environment")
	}
	steps = append(steps, "callboard doctor"+flag+"      says what is still missing, and what mends it")
	if (c.Slack == "" || c.slackKnown()) && (c.Discord == "" || c.discordKnown()) {
		steps = append(steps, "callboard serve"+flag+"       answers in the chat")
	}
	return numbered(steps...)
}

func numbered(steps ...string) string {
	var out strings.Builder
	for i, step := range steps {
		fmt.Fprintf(&out, "  %d. %s\n", i+1, step)
	}
	return out.String()
}
