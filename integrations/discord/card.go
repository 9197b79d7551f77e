package discord

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/bwmarrin/discordgo"

	"callboard/bot"
	"callboard/bot/card"
)

// How the characters of a message are shared out, so that long facts never crowd out the warnings and where it all
// comes from.
const (
	noteText   = 1_500
	footerText = 600
	fewRows    = 5 // rows that can be picked get a button each up to here, else they share selects
	manyMenus  = 3 // selects of a message at most
	maxDepth   = 6 // of a row; deeper ones are drawn at this depth
	shareLabel = "Share"
	moreText   = "*… cut to what Discord shows; the terminal has all of it*"
	runMark    = "r" // begins the id of what repeats a command; digits follow, then a colon and the command
)

// message is what is posted, edited or answered. Its parts are never left out, so that an edit replaces all of them.
type message struct {
	Content    string                           `json:"content"`
	Embeds     []*discordgo.MessageEmbed        `json:"embeds"`
	Components []discordgo.MessageComponent     `json:"components"`
	Mentions   discordgo.MessageAllowedMentions `json:"allowed_mentions"` // nobody: a missing one means everybody
	Flags      int                              `json:"flags,omitempty"`
	Nonce      string                           `json:"nonce,omitempty"`
	Once       bool                             `json:"enforce_nonce,omitempty"` // of two messages with one nonce there is one
	Below      *reference                       `json:"message_reference,omitempty"`
}

// reference makes a message an answer to another one.
type reference struct {
	Message string `json:"message_id"`
	Must    bool   `json:"fail_if_not_exists"`
}

// say is a message of text alone.
func say(text string) *message {
	return &message{
		Content: text, Embeds: []*discordgo.MessageEmbed{}, Components: []discordgo.MessageComponent{},
		Mentions: discordgo.MessageAllowedMentions{Parse: []discordgo.AllowedMentionType{}},
	}
}

// draw draws a card: the answer in one line as the text, which is what a lock screen shows, then facts, rows, body,
// warnings and origin as an embed, then what can be pressed. Share is the command behind the share button, "" for none;
// keep gives a short name to a command that is too long for a button.
func draw(c *card.Card, share string, keep func(string) string) *message {
	m := say(notification(c))
	notes := within(noteText, noteLines(c.Notes))
	foot := footer(c)
	lines := append(head(c), facts(c.Fields)...)
	lines = append(lines, rows(c.Items)...)
	lines = append(lines, body(c.Body)...)
	room := maxEmbedsText - length(notes) - length(foot) - 2
	lines = append(append(within(room, lines), notes...), foot...)
	for _, text := range packed(lines) {
		m.Embeds = append(m.Embeds, &discordgo.MessageEmbed{Description: text, Color: colour(c.Status)})
	}
	m.Components = components(c, share, keep)
	return m
}

// notification is the answer in one line.
func notification(c *card.Card) string {
	return c.Status.Mark() + escapedUpTo(c.Summary, maxContent-4)
}

// colour is that of the bar beside an embed; 0 is Discord's own.
func colour(s card.Status) int {
	switch s {
	case card.OK:
		return 0x2eb67d
	case card.Warn:
		return 0xe8a317
	case card.Bad:
		return 0xd93f3f
	case card.Unknown:
		return 0x8a8f98
	case card.None:
	}
	return 0
}

// length is how many characters lines take, with their breaks.
func length(lines []string) (n int) {
	for _, l := range lines {
		n += utf8.RuneCountInString(l) + 1
	}
	return n
}

// within keeps as many lines as fit into so many characters, and says when some did not.
func within(most int, lines []string) []string {
	if length(lines) <= most {
		return lines
	}
	most -= len(moreText) + 1
	for i, l := range lines {
		if most -= utf8.RuneCountInString(l) + 1; most < 0 {
			return append(lines[:i:i], moreText)
		}
	}
	return lines
}

// packed makes descriptions of embeds, each as long as may be.
func packed(lines []string) []string {
	var all []string
	var b strings.Builder
	used := 0
	for _, l := range lines {
		n := utf8.RuneCountInString(l) + 1
		if used+n > maxDescription {
			all = append(all, b.String())
			b.Reset()
			used = 0
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(l)
		used += n
	}
	if b.Len() > 0 {
		all = append(all, b.String())
	}
	return all
}

// head is the title with its tags. The summary is above it already.
func head(c *card.Card) []string {
	var w writing
	if title, _ := c.Head(); title != c.Summary {
		w.say(card.Cut(title, 300), look{bold: true})
	}
	for i, tag := range c.Tags {
		if i > 0 || w.used > 0 {
			w.raw(" · ")
		}
		w.say(tag, look{})
	}
	return line(&w)
}

func line(w *writing) []string {
	if text := strings.TrimSpace(w.String()); text != "" {
		return []string{text}
	}
	return nil
}

// facts gives one line for each field: label, value or gap, and who says so.
func facts(fields []card.Field) []string {
	var lines []string
	for _, f := range fields {
		var w writing
		w.say(f.Label, look{bold: true})
		w.raw("  " + f.Status.Mark())
		if f.Gap != nil {
			w.say(f.Gap.String(), look{italic: true})
		} else {
			w.text(f.Value)
		}
		if f.Source != "" {
			w.say(" ("+f.Source, look{})
			if !f.At.IsZero() {
				w.raw(", " + moment(f.At, false))
			}
			w.raw(")")
		}
		lines = append(lines, line(&w)...)
	}
	return lines
}

// rows gives the items as points, indented by their depth.
func rows(items []card.Item) []string {
	var lines []string
	for _, it := range items {
		var w writing
		w.raw(it.Status.Mark())
		w.text(it.Text)
		if !it.Detail.Empty() {
			w.raw(" — ")
			w.text(it.Detail)
		}
		for _, l := range line(&w) {
			lines = append(lines, strings.Repeat("  ", min(max(it.Depth, 0), maxDepth))+"- "+l)
		}
	}
	return lines
}

func noteLines(notes []card.Note) []string {
	var lines []string
	for _, n := range notes {
		var w writing
		if n.Status == card.None {
			w.raw("· ")
		}
		w.raw(n.Status.Mark())
		w.text(n.Text)
		lines = append(lines, line(&w)...)
	}
	return lines
}

// footer is small and grey: where it comes from and how old it is. The footer of an embed shows no times.
func footer(c *card.Card) []string {
	w := writing{used: maxSection - footerText}
	w.text(c.Footer)
	for _, l := range line(&w) {
		return []string{"-# " + l}
	}
	return nil
}

// components gives what can be pressed: a button for each of a few rows or selects over many, then the buttons of the
// card, then the one that shares it.
func components(c *card.Card, share string, keep func(string) string) []discordgo.MessageComponent {
	all := []discordgo.MessageComponent{}
	var buttons []discordgo.MessageComponent
	count := 0
	button := func(label, command string) {
		prefix := runMark + strconv.Itoa(count) + ":"
		count++
		buttons = append(buttons, discordgo.Button{
			Label: plain(label, maxButtonText), Style: discordgo.SecondaryButton, CustomID: prefix + fit(command, maxCustomID-len(prefix), keep),
		})
	}
	picks := c.Picks()
	if len(picks) > fewRows {
		all = append(all, menus(picks, keep)...)
	} else {
		for _, it := range picks {
			button(it.PickLabel(picks), it.Action)
		}
	}
	room := (maxRows - len(all)) * maxRowButtons
	for _, a := range c.Actions {
		button(a.Label, a.Command)
	}
	if share != "" {
		if len(buttons) >= room {
			buttons = buttons[:room-1]
		}
		button(shareLabel, share)
	}
	buttons = buttons[:min(len(buttons), room)]
	for len(buttons) > 0 {
		n := min(len(buttons), maxRowButtons)
		all = append(all, discordgo.ActionsRow{Components: buttons[:n]})
		buttons = buttons[n:]
	}
	return all
}

// fit makes a command so short that a button can carry it.
func fit(command string, most int, keep func(string) string) string {
	if short, fits := bot.Short(command, most); fits {
		return short
	}
	return keep(command)
}

// menus are selects over rows, as many as a message has room for beside its buttons.
func menus(items []card.Item, keep func(string) string) []discordgo.MessageComponent {
	var all []discordgo.MessageComponent
	var options []discordgo.SelectMenuOption
	seen := map[string]bool{}
	flush := func() {
		if len(options) == 0 {
			return
		}
		text := "Pick one"
		if len(all) > 0 {
			text = "Or one of these"
		}
		all = append(all, discordgo.ActionsRow{Components: []discordgo.MessageComponent{
			discordgo.SelectMenu{CustomID: runMark + "rows" + strconv.Itoa(len(all)) + ":", Placeholder: text, Options: options},
		}})
		options = nil
	}
	for _, it := range items {
		command := fit(it.Action, maxOptionText, keep)
		if seen[command] {
			continue
		}
		if len(options) == maxOptions {
			flush()
		}
		if len(all) == manyMenus {
			break
		}
		seen[command] = true
		options = append(options, discordgo.SelectMenuOption{Label: plain(it.PickLabel(items), maxOptionText), Value: command})
	}
	flush()
	if last := len(all) - 1; len(seen) < len(items) && last >= 0 {
		row, _ := all[last].(discordgo.ActionsRow)
		menu, _ := row.Components[0].(discordgo.SelectMenu)
		menu.Placeholder += " (" + strconv.Itoa(len(seen)) + " of " + strconv.Itoa(len(items)) + ")"
		row.Components[0] = menu
	}
	return all
}
