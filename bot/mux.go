package bot

import (
	"context"
	"maps"
	"slices"
	"strings"

	"callboard/bot/card"
	"callboard/catalog"
)

// Group sorts commands in the help.
type Group string

// The groups of commands.
const (
	Read Group = "read"
	Meta Group = "meta"
)

// Command is one verb. Run gets a parsed request whose arguments and flags fit the declaration; its errors are
// put into words by the Mux's Words.
type Command struct {
	Name    string
	Aliases []string // further names, understood but not advertised
	Group   Group
	Usage   string // the arguments, as in "TARGET [--up|--down]"
	Summary string // half a line for lists
	Help    string // what more there is to say, in a few sentences
	Example string // one command to try
	MinArgs int
	MaxArgs int // -1: any number
	Flags   []Flag
	Target  bool // the arguments name entities, which complete
	Writes  bool // changes something, so an event that repeats must not run it again
	Run     func(ctx context.Context, req *Request) (Reply, error)
}

// Flag is one flag of a command.
type Flag struct {
	Name    string // without dashes
	Summary string
}

// commonFlags are understood by every read.
func commonFlags() []Flag {
	return []Flag{
		{"explain", "where each fact comes from"},
		{"json", "the card as JSON"},
		{"share", "answer for everybody in the channel"},
	}
}

// AllFlags gives the command's own flags and those that every read has.
func (c *Command) AllFlags() []Flag {
	if c.Group == Read {
		return slices.Concat(c.Flags, commonFlags())
	}
	return append(slices.Clone(c.Flags), Flag{"json", "the card as JSON"})
}

// Mux sends a request to the command of its verb.
type Mux struct {
	commands []*Command
	names    map[string]*Command
	words    func(error) Reply
	complete func(ctx context.Context, req *Request) []Choice
}

// NewMux makes a Mux of commands. Words turns an error of a command into a reply; complete gives the
// ways to go on with an argument that is being typed, which is the last of req.Command.Args.
func NewMux(commands []*Command, words func(error) Reply, complete func(ctx context.Context, req *Request) []Choice) *Mux {
	m := &Mux{commands: commands, names: map[string]*Command{}, words: words, complete: complete}
	for _, c := range commands {
		for _, name := range append([]string{c.Name}, c.Aliases...) {
			m.names[name] = c
		}
	}
	return m
}

// Handle is the Mux's Handler.
func (m *Mux) Handle(ctx context.Context, req *Request) Reply {
	line, err := Parse(req.Text)
	if err != nil {
		return misuse("I can't read that: "+err.Error(), "help")
	}
	req.Command = line
	if req.Kind == Complete {
		return Reply{Choices: m.choices(ctx, req), Outcome: Fine}
	}
	if line.Verb == "" {
		line.Verb, req.Command.Verb = "help", "help"
	}
	c := m.names[line.Verb]
	if c == nil {
		return m.unknownVerb(line)
	}
	req.Command.Verb = c.Name
	if reply, wrong := checkUse(c, line); wrong {
		return reply
	}
	reply, err := c.Run(ctx, req)
	if err != nil {
		reply = m.words(err)
	}
	reply.JSON = line.Has("json")
	switch {
	case reply.Outcome != Fine || c.Group != Read:
	case line.Has("share"):
		reply.Visibility = Public
	default:
		reply.Share = shared(req.Command).String()
	}
	return reply
}

// shared is the command that gives the same answer to everybody.
func shared(line Line) Line {
	line.Flags = maps.Clone(line.Flags)
	line.Flags["share"] = ""
	return line
}

// Writes reports whether a request changes something.
func (m *Mux) Writes(req *Request) bool {
	line, err := Parse(req.Text)
	c := m.names[line.Verb]
	return req.Kind != Complete && err == nil && c != nil && c.Writes
}

func checkUse(c *Command, line Line) (Reply, bool) {
	usage := strings.TrimSpace(c.Name + " " + c.Usage)
	for flag := range line.Flags {
		if !slices.ContainsFunc(c.AllFlags(), func(f Flag) bool { return f.Name == flag }) {
			return misuse(c.Name+" has no flag --"+shown(flag)+". Usage: "+usage, "help "+c.Name), true
		}
	}
	if words := strings.Fields(strings.Join(line.Args, " ")); len(words) < c.MinArgs { // "" is no target
		return misuse(c.Name+" needs a target, as in: "+c.Example, "help "+c.Name), true
	}
	if c.MaxArgs >= 0 && len(line.Args) > c.MaxArgs {
		return misuse(c.Name+" takes "+countWords(c.MaxArgs)+", not "+countWords(len(line.Args))+". Usage: "+usage, "help "+c.Name), true
	}
	return Reply{}, false
}

func countWords(n int) string {
	switch n {
	case 0:
		return "no arguments"
	case 1:
		return "one argument"
	}
	return "more than one argument"
}

func misuse(text, next string) Reply {
	return Reply{Outcome: Misused, Card: &card.Card{
		Title: text, Summary: text, Status: card.Warn,
		Actions: []card.Action{{Label: "Help", Command: next}},
	}}
}

// shown repeats what somebody typed, or the beginning of it: what is wrong may be very long.
func shown(typed string) string {
	const most = 80 // characters
	text := []rune(card.Line(typed))
	if len(text) > most {
		return string(text[:most-1]) + "…"
	}
	return string(text)
}

// unknownVerb says what the asker may have meant. A first word that is no verb may be the target of
// the most common question, so that is offered too.
func (m *Mux) unknownVerb(line Line) Reply {
	text := `I don't know "` + shown(line.Verb) + `".`
	c := &card.Card{Status: card.Warn}
	if near := m.nearest(line.Verb); near != nil {
		text += " Did you mean: " + near.Name + " — " + near.Summary
		meant := line
		meant.Verb = near.Name
		if again := meant.String(); len(line.Args) >= near.MinArgs && len(again) <= card.MaxCommand {
			c.Actions = append(c.Actions, card.Action{Label: near.Name, Command: again})
		}
	}
	c.Title, c.Summary = text, text
	c.Actions = append(c.Actions, card.Action{Label: "Help", Command: "help"})
	return Reply{Card: c, Outcome: Misused}
}

// nearest finds the verb that a mistyped one resembles, or nil.
func (m *Mux) nearest(verb string) *Command {
	squeeze := func(s string) string { return strings.NewReplacer("-", "", "_", "").Replace(s) }
	typed := squeeze(verb)
	var best *Command
	bestDistance := 1 + len(typed)/3
	for _, c := range m.commands {
		for _, name := range append([]string{c.Name}, c.Aliases...) {
			name = squeeze(name)
			distance := catalog.Typos(typed, name, bestDistance)
			if len(typed) >= 3 && strings.HasPrefix(name, typed) {
				distance = 0
			}
			if distance <= bestDistance && (best == nil || distance < bestDistance) {
				best, bestDistance = c, distance
			}
		}
	}
	return best
}

// choices completes a verb, a flag, or an argument.
func (m *Mux) choices(ctx context.Context, req *Request) []Choice {
	text := strings.TrimLeft(req.Text, " /")
	start := strings.LastIndexByte(text, ' ') + 1
	before, last := text[:start], text[start:]
	if start == 0 {
		return m.verbChoices(last)
	}
	c := m.names[req.Command.Verb]
	switch {
	case c == nil:
		return nil
	case strings.HasPrefix(last, "--"):
		return flagChoices(c, before, last)
	case c.Name == "help":
		return prefixed(before, m.verbChoices(last))
	case !c.Target:
		return nil
	}
	if last == "" {
		req.Command.Args = append(req.Command.Args, "")
	}
	return prefixed(before, m.complete(ctx, req))
}

func (m *Mux) verbChoices(prefix string) []Choice {
	var out []Choice
	for _, c := range m.commands {
		if strings.HasPrefix(c.Name, strings.ToLower(prefix)) {
			out = append(out, Choice{c.Name, c.Summary})
		}
	}
	return out
}

func flagChoices(c *Command, before, prefix string) []Choice {
	var out []Choice
	for _, f := range c.AllFlags() {
		if strings.HasPrefix("--"+f.Name, prefix) {
			out = append(out, Choice{before + "--" + f.Name, f.Summary})
		}
	}
	return out
}

func prefixed(before string, choices []Choice) []Choice {
	for i := range choices {
		choices[i].Text = before + choices[i].Text
	}
	return choices
}
