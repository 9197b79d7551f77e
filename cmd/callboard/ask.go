package main

import (
	"fmt"
	"io"
	"strings"

	"callboard/bot"
	"callboard/catalog"
	"callboard/integrations/console"
)

type askCmd struct {
	configFlag
	As      string   `placeholder:"REF" help:"Read as this catalog user."`
	JSON    bool     `help:"Print the card as JSON."`
	Command []string `arg:"" passthrough:"" help:"The command, as in a chat."`
}

// Help adds examples.
func (askCmd) Help() string {
	return "Examples:\n  callboard ask who-owns checkout\n  callboard ask --json find payments kind:api\n\n" +
		"Exit code 1 when the answer is no: not found, ambiguous or denied."
}

// Run asks the daemon, or the stored catalog when none runs.
func (c *askCmd) Run(e *env) (err error) {
	as, err := personRef(c.As)
	if err != nil {
		return err
	}
	if flag := misplaced(c.Command); flag != "" {
		return &exitError{exitUsage, fmt.Errorf("%s belongs before the command, as in: callboard ask %s … %s", flag, flag, c.Command[0])}
	}
	session, _, err := c.connect(e)
	if err != nil {
		return err
	}
	defer closeInto(&err, session)
	reply := session.Ask(e.ctx, bot.Typed, commandLine(c.Command), as)
	if c.JSON || reply.JSON {
		err = console.RenderJSON(e.stdout, reply.Card)
	} else {
		err = console.Render(e.stdout, reply.Card, styleFor(e.stdout))
	}
	if err != nil {
		return err
	}
	return outcomeError(reply.Outcome)
}

func personRef(text string) (catalog.Ref, error) {
	if text == "" {
		return catalog.Ref{}, nil
	}
	ref, err := catalog.ParseRef(text, "user", catalog.DefaultNamespace)
	if err == nil && ref.Kind != "user" {
		err = fmt.Errorf("%s is no user: name one, as in --as user:default/mira", ref)
	}
	if err != nil {
		return catalog.Ref{}, &exitError{exitUsage, fmt.Errorf("--as: %w", err)}
	}
	return ref, nil
}

// misplaced finds a flag of ask among the words of the command, where all are the command's own.
func misplaced(args []string) string {
	for _, arg := range args {
		switch flag, _, _ := strings.Cut(arg, "="); flag {
		case "--":
			return "" // free text follows
		case "-c", "--config", "--as":
			return flag
		}
	}
	return ""
}

// commandLine joins the shell's words again.
func commandLine(args []string) string {
	if len(args) == 1 {
		return args[0]
	}
	words := make([]string, len(args))
	for i, arg := range args {
		words[i] = quoteWord(arg)
	}
	return strings.Join(words, " ")
}

// quoteWord keeps a word with blanks one word, and the value of a flag its value.
func quoteWord(arg string) string {
	const blanks = " \t"
	if !strings.ContainsAny(arg, blanks) {
		return arg
	}
	flag, value, _ := strings.Cut(arg, "=")
	if strings.HasPrefix(flag, "--") && !strings.ContainsAny(flag, blanks) {
		return flag + `="` + value + `"`
	}
	return `"` + arg + `"`
}

// outcomeError gives the exit code of an answer.
func outcomeError(outcome bot.Outcome) error {
	switch outcome {
	case bot.Fine:
		return nil
	case bot.NotFound, bot.Ambiguous, bot.Denied, bot.Unlinked:
		return &exitError{code: exitNo}
	case bot.Misused:
		return &exitError{code: exitUsage}
	case bot.Upstream, bot.Fault, bot.Busy, bot.Repeated:
		return &exitError{code: exitFault}
	}
	return &exitError{code: exitFault}
}

// closeInto closes c and reports its error unless there is another one.
func closeInto(err *error, c io.Closer) {
	if closing := c.Close(); *err == nil && closing != nil {
		*err = closing
	}
}
