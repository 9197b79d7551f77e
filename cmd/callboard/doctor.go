package main

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"callboard/bot"
	"callboard/cmd/callboard/internal/app"
	"callboard/cmd/callboard/internal/config"
)

type doctorCmd struct {
	configFlag
	JSON bool     `help:"Print one line of JSON for each finding."`
	Post []string `placeholder:"CHANNEL" help:"Post a test message in this channel and delete it again, as in slack:C0123ABCD (the operators' channels)."`
}

// Help adds an example.
func (doctorCmd) Help() string {
	return "Looks at the configuration, the data folder, the clock, each source and the apps in Slack and Discord, as the user and in\n" +
		"the environment of the daemon. It changes nothing but for the test message. Exit code 1 when something is wrong;\n" +
		"warnings are fine.\n\nExample:\n  callboard doctor -c callboard.yaml --post C0123ABCD"
}

// channelOf gives a channel with its platform, as in slack:C0123ABCD, which the form of an id tells alone; "" for what is none.
func channelOf(text string) string {
	for platform, form := range map[string]string{"slack": `^[CGD][A-Z0-9]{2,20}$`, "discord": `^[1-9][0-9]{14,19}$`} {
		if id := strings.TrimPrefix(text, platform+":"); regexp.MustCompile(form).MatchString(id) {
			return platform + ":" + id
		}
	}
	return ""
}

// Run looks at everything, and says how each part is.
func (c *doctorCmd) Run(e *env) error {
	post := make([]string, len(c.Post))
	for i, channel := range c.Post {
		if post[i] = channelOf(channel); post[i] == "" {
			return &exitError{exitUsage, fmt.Errorf("--post: %q is no id of a channel, as in C0123ABCD, which Slack shows at the end of a channel's details, or "+
				"1234567890123456789, which Discord copies in developer mode", channel)}
		}
	}
	out := &findings{cmd: c, env: e}
	cfg, err := config.Load(c.Config)
	invalid, mistakes := errors.AsType[*config.InvalidError](err)
	switch {
	case mistakes:
		for _, m := range invalid.Mistakes {
			out.add(bot.Finding{Part: "configuration", Grade: bot.Wrong, Text: m.String()})
		}
		return out.end()
	case err != nil:
		if c.JSON { // else it is said on standard error
			out.add(bot.Finding{Part: "configuration", Grade: bot.Wrong, Text: err.Error(), Fix: "name a file that can be read by -c, or let callboard init write one"})
		}
		return &exitError{exitUsage, err}
	}
	out.add(bot.Finding{Part: "configuration", Grade: bot.Sound, Text: c.Config + " has no mistakes"})
	if _, isTerminal := terminal(e.stderr); isTerminal && !c.JSON {
		fmt.Fprintln(e.stderr, "Looking at the rest; this may take a minute or two …")
	}
	doctor := app.Doctor{Config: cfg, Post: post, Log: quietLogger(e.stderr), Found: out.add}
	doctor.Run(e.ctx)
	return out.end()
}

// findings prints them as they come, and counts them.
type findings struct {
	cmd      *doctorCmd
	env      *env
	all      int
	warnings int
	wrong    int
	failed   error // of the output
}

func (f *findings) add(found bot.Finding) {
	mark := "ok     "
	f.all++
	switch found.Grade {
	case bot.Doubtful:
		mark = "WARNING"
		f.warnings++
	case bot.Wrong:
		mark = "WRONG  "
		f.wrong++
	case bot.Sound:
	}
	if f.failed != nil {
		return
	}
	if f.cmd.JSON {
		f.failed = writeLine(f.env.stdout, found)
		return
	}
	text := mark + "  " + found.Part + ": " + found.Text + "\n"
	if found.Fix != "" {
		text += "         → " + found.Fix + "\n"
	}
	_, f.failed = fmt.Fprint(f.env.stdout, text)
}

func (f *findings) end() error {
	if f.failed == nil && !f.cmd.JSON {
		_, f.failed = fmt.Fprintf(f.env.stdout, "%s: %d wrong, %s\n", plural(f.all, "finding"), f.wrong, plural(f.warnings, "warning"))
	}
	switch {
	case f.failed != nil:
		return f.failed
	case f.env.ctx.Err() != nil:
		return &exitError{exitNo, errors.New("doctor: interrupted")}
	case f.wrong > 0:
		return &exitError{code: exitNo}
	}
	return nil
}
