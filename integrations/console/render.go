package console

import (
	"io"
	"slices"
	"strconv"
	"strings"

	"callboard/bot/card"
	"callboard/bot/card/markup"
)

// How many lines a text may take before it is cut; the whole of it is in the JSON form.
const (
	maxHeadLines  = 3
	maxValueLines = 8
	maxRowLines   = 4
)

// Render draws a card: title, facts in two columns, rows or a tree, a body of Markdown, notes, and the footer with the
// actions. It draws invalid cards too, as well as it can. The only errors are those of w.
func Render(w io.Writer, c *card.Card, style Style) error {
	_, err := io.WriteString(w, draw(c, style.normal()))
	return err
}

// draw gives the card as lines.
func draw(c *card.Card, s Style) string {
	d := drawing{style: s}
	d.head(c)
	d.fields(c.Fields)
	d.items(c.Items)
	d.body(c)
	for _, n := range c.Notes {
		d.note(n)
	}
	d.foot(c)
	return d.out.String()
}

// drawing is a card on its way to the screen.
type drawing struct {
	style Style
	out   strings.Builder
}

func (d *drawing) line(l line) { d.style.paint(&d.out, l) }

// block draws words behind a first prefix, further lines behind another.
func (d *drawing) block(first, further line, words []word, limit int) {
	for i, l := range wrap(words, d.style.Width-max(width(first), width(further)), limit) {
		if i > 0 {
			first = further
		}
		d.line(append(slices.Clip(first), l...))
	}
}

// head draws the title line, and below it the summary where that says more.
func (d *drawing) head(c *card.Card) {
	title, summary := c.Head()
	var w writing
	w.say(title, inkTitle)
	for _, tag := range c.Tags {
		w.say(" · ", inkDim)
		w.say(tag, inkDim)
	}
	prefix, hang := line(nil), line(nil)
	if m := mark(c.Status); m.text != "" {
		prefix, hang = line{m, blank(1)}, line{blank(2)}
	}
	if len(w.words) > 0 {
		d.block(prefix, hang, w.words, maxHeadLines)
	}
	if summary == "" {
		return
	}
	w = writing{}
	w.say(summary, inkPlain)
	d.block(hang, hang, w.words, maxHeadLines)
}

// fields draws labels in one column and values in another.
func (d *drawing) fields(fields []card.Field) {
	longest := 16
	if d.style.Width < narrow {
		longest = 11
	}
	column := 0
	for _, f := range fields {
		if n := markup.Width(markup.Terminal(f.Label)); n <= longest {
			column = max(column, n)
		}
	}
	column = max(column, 4) + 2
	for _, f := range fields {
		d.field(f, column)
	}
}

// field draws one fact. A label that is too long for its column gets a line of its own.
func (d *drawing) field(f card.Field, column int) {
	var label writing
	label.unbroken(f.Label, inkLabel)
	first, further := line{blank(column)}, line{blank(column)}
	if len(label.words) > 0 {
		if n := width(label.words[0]); n+2 <= column {
			first = append(line(label.words[0]), blank(column-n))
		} else {
			d.block(nil, nil, label.words, 2)
		}
	}
	room := d.style.Width - column
	value := d.value(f, room)
	source := d.source(f)
	if len(source) == 0 {
		d.block(first, further, value, maxValueLines)
		return
	}
	one := wrap(value, room, 2)
	aside := wrap(source, room, 2)
	if gap := room - width(one[0]) - width(aside[0]); len(one) == 1 && len(aside) == 1 && gap >= 2 {
		l := append(first, one[0]...)
		d.line(append(append(l, blank(gap)), aside[0]...))
		return
	}
	source[0] = append(word{{text: "(", ink: inkDim}}, source[0]...)
	source[len(source)-1] = append(source[len(source)-1], piece{text: ")", ink: inkDim})
	d.block(first, further, append(value, source...), maxValueLines)
}

// value gives what stands beside the label: its status, then the fact or the gap.
func (d *drawing) value(f card.Field, room int) []word {
	var w writing
	if m := mark(f.Status); m.text != "" {
		w.put(m)
	}
	switch {
	case f.Gap != nil && f.Gap.Fix != "":
		w.say(f.Gap.What, inkWarn)
		w.say(" — "+f.Gap.Fix, inkDim)
	case f.Gap != nil:
		w.say(f.Gap.What, inkWarn)
	default:
		w.text(d.style, f.Value, inkPlain, room)
	}
	return w.words
}

// source gives who says so, and when.
func (d *drawing) source(f card.Field) []word {
	var w writing
	w.say(f.Source, inkDim)
	if !f.At.IsZero() {
		if f.Source != "" {
			w.say(", ", inkDim)
		}
		w.unbroken(d.style.moment(f.At), inkDim)
	}
	return w.words
}

func (d *drawing) note(n card.Note) {
	m := mark(n.Status)
	if m.text == "" {
		m = piece{text: "·", ink: inkDim}
	}
	var w writing
	w.text(d.style, n.Text, inkPlain, d.style.Width-2)
	d.block(line{m, blank(1)}, line{blank(2)}, w.words, maxRowLines)
}

// foot draws the footer with the actions beside it, or below where there is no room.
func (d *drawing) foot(c *card.Card) {
	var w writing
	w.text(d.style, c.Footer, inkDim, d.style.Width)
	if !d.style.Numbers {
		if len(w.words) > 0 {
			d.block(nil, nil, w.words, maxRowLines)
		}
		d.commands(c.Actions)
		return
	}
	actions := d.actions(c)
	if len(w.words) > 0 && len(actions) > 0 {
		left, right := wrap(w.words, d.style.Width, 2), wrap(actions, d.style.Width, 2)
		gap := d.style.Width - width(left[0]) - width(right[0])
		if len(left) == 1 && len(right) == 1 && gap >= 3 {
			d.line(append(append(left[0], blank(gap)), right[0]...))
			return
		}
	}
	if len(w.words) > 0 {
		d.block(nil, nil, w.words, maxRowLines)
	}
	if len(actions) > 0 {
		d.block(nil, nil, actions, maxValueLines)
	}
}

// actions gives the buttons with the numbers that pick them.
func (d *drawing) actions(c *card.Card) []word {
	var w writing
	n := len(picks(c)) - len(c.Actions)
	for i, a := range c.Actions {
		w.space()
		w.unbroken("["+strconv.Itoa(n+i+1)+" "+a.Label+"]", inkCode)
	}
	return w.words
}

// commands draws actions as what to type: on one line, or on one each where they do not fit.
func (d *drawing) commands(actions []card.Action) {
	var all writing
	var each [][]word
	for i, a := range actions {
		var w writing
		if a.Label != a.Command {
			w.say(a.Label+": ", inkDim)
		}
		w.say(a.Command, inkCode)
		each = append(each, w.words)
		if i > 0 {
			all.say(" · ", inkDim)
		}
		all.words = append(all.words, w.words...)
	}
	if len(actions) == 0 {
		return
	}
	if len(wrap(all.words, d.style.Width, 2)) == 1 {
		each = [][]word{all.words}
	}
	for _, words := range each {
		d.block(nil, line{blank(2)}, words, maxRowLines)
	}
}

// picks gives the commands that the numbers of a card stand for: those of its rows, then its actions.
func picks(c *card.Card) []string {
	var commands []string
	for _, it := range c.Items {
		if it.Action != "" {
			commands = append(commands, it.Action)
		}
	}
	for _, a := range c.Actions {
		commands = append(commands, a.Command)
	}
	return commands
}
