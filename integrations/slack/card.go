package slack

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"callboard/bot/card"
	"callboard/bot/card/markup"
)

// How the bytes of a message are shared out, so that long facts never crowd out the warnings, the buttons and where
// it all comes from.
const (
	actionBytes = 4_000 // buttons and the select of rows
	footerText  = 600   // characters that are read
	footerLinks = 1_500 // bytes of the addresses behind them, and of times; words beyond stand without their address
	noteBytes   = 2_500
	fewRows     = 5 // rows that can be picked get a button each up to here, else they share a select
	shareLabel  = "Share"
	moreText    = "… cut to what Slack shows; the terminal has all of it"
)

// Identifiers of what people press. The command that an element repeats is its value, never its id.
const (
	actionRun  = "run" // a button or an option; its value is a command
	actionHome = "home"
)

// blocks draws a card as a message. Share is the command behind the share button, "" for none.
func blocks(c *card.Card, share string) []slack.Block { return draw(c, share, maxMessageBlocks) }

// draw draws a card in at most limit blocks: head, facts, rows, body, warnings, buttons, origin.
func draw(c *card.Card, share string, limit int) []slack.Block {
	foot := footer(c)
	press := actions(c, share)
	notes := within(noteBytes, noteSections(c.Notes))
	room := maxBlocksJSON - size(foot) - size(press) - size(notes) - 500 // 500 for what is around them
	elements := append(head(c), facts(c.Fields)...)
	elements = append(elements, rows(c.Items)...)
	elements = append(elements, body(c.Body)...)
	all := []slack.Block{}
	if text := append(within(room, elements), notes...); len(text) > 0 {
		all = append(all, slack.NewRichTextBlock("", text...))
	}
	all = append(append(all, press...), foot...)
	return all[:min(len(all), limit)]
}

// size is how many bytes something takes in a message.
func size(v any) int {
	encoded, err := json.Marshal(v)
	if err != nil {
		return maxBlocksJSON // nothing else will fit
	}
	return len(encoded)
}

// within keeps as many elements as fit into so many bytes, and says when some did not.
func within(bytes int, elements []slack.RichTextElement) []slack.RichTextElement {
	const moreBytes = 200
	for i, e := range elements {
		if bytes -= size(e) + 1; bytes < moreBytes && (bytes < 0 || i < len(elements)-1) {
			var w writing
			w.raw(moreText, &look{Italic: true})
			return append(elements[:i:i], w.section())
		}
	}
	return elements
}

// head is the title line, and below it the summary where that says more.
func head(c *card.Card) []slack.RichTextElement {
	title, summary := c.Head()
	var w writing
	w.raw(c.Status.Mark(), nil)
	w.say(title, &look{Bold: true})
	for _, tag := range c.Tags {
		w.say(" · "+tag, nil)
	}
	if summary != "" {
		w.raw("\n", nil)
		w.say(summary, nil)
	}
	w.end()
	return []slack.RichTextElement{w.section()}
}

// facts gives one line for each field: label, value or gap, and who says so.
func facts(fields []card.Field) []slack.RichTextElement {
	var lines []slack.RichTextElement
	for _, f := range fields {
		var w writing
		w.say(f.Label, &look{Bold: true})
		w.raw("  "+f.Status.Mark(), nil)
		if f.Gap != nil {
			w.say(f.Gap.String(), &look{Italic: true})
		} else {
			w.text(f.Value)
		}
		if f.Source != "" {
			w.say(" ("+f.Source, nil)
			if !f.At.IsZero() {
				w.raw(", ", nil)
				w.moment(f.At, false)
			}
			w.raw(")", nil)
		}
		w.end()
		lines = append(lines, w.section())
	}
	return lines
}

// rows gives the items as lists, indented by their depth.
func rows(items []card.Item) []slack.RichTextElement {
	var lists []slack.RichTextElement
	var open *slack.RichTextList
	for _, it := range items {
		depth := min(max(it.Depth, 0), maxIndent)
		if open == nil || open.Indent != depth || len(open.Elements) >= maxOptions {
			open = slack.NewRichTextList(slack.RTEListBullet, depth)
			lists = append(lists, open)
		}
		var w writing
		w.raw(it.Status.Mark(), nil)
		w.text(it.Text)
		if !it.Detail.Empty() {
			w.raw(" — ", nil)
			w.text(it.Detail)
		}
		if s := w.section(); s != nil {
			open.Elements = append(open.Elements, s)
		}
	}
	return lists
}

func noteSections(notes []card.Note) []slack.RichTextElement {
	var lines []slack.RichTextElement
	for _, n := range notes {
		var w writing
		if w.raw(n.Status.Mark(), nil); n.Status == card.None {
			w.raw("· ", nil)
		}
		w.text(n.Text)
		w.end()
		lines = append(lines, w.section())
	}
	return lines
}

// footer is small and grey: where it comes from and how old it is.
func footer(c *card.Card) []slack.Block {
	var b strings.Builder
	words, addresses := footerText, footerLinks
	for _, s := range c.Footer {
		if words <= 0 {
			break
		}
		cut := card.Cut(s.Text, max(words, 2))
		bare := escaped(cut)
		piece := mrkdwnLink(cut, s.URL)
		if !s.At.IsZero() {
			bare, piece = "", mrkdwnMoment(s)
		}
		if addresses -= len(piece) - len(bare); addresses < 0 && s.At.IsZero() {
			piece, addresses = bare, 0
		}
		if b.Len()+len(piece) > maxContextText {
			break
		}
		b.WriteString(piece)
		words -= utf8.RuneCountInString(cut)
	}
	text := strings.TrimSpace(b.String())
	if text == "" {
		return nil
	}
	return []slack.Block{slack.NewContextBlock("", &slack.TextBlockObject{Type: slack.MarkdownType, Text: text, Verbatim: true})}
}

// mrkdwnLink writes words that lead to an address, if they do and do not claim to lead elsewhere.
func mrkdwnLink(words, address string) string {
	to, ok := markup.ParseAddress(address)
	if !ok || len(to.URL) > 500 || strings.ContainsAny(to.URL, "|<>") {
		return escaped(words)
	}
	if strings.TrimSpace(words) == "" || to.Claims(words) {
		words = to.URL
	}
	return "<" + strings.ReplaceAll(to.URL, "&", "&amp;") + "|" + strings.ReplaceAll(escaped(words), "|", "¦") + ">"
}

// mrkdwnMoment writes a time that each reader sees in their own zone.
func mrkdwnMoment(s card.Span) string {
	format := "{date_short_pretty} {time}"
	if s.Age {
		format = "{ago}"
	}
	return "<!date^" + strconv.FormatInt(s.At.Unix(), 10) + "^" + format + "|" + s.At.UTC().Format("2006-01-02 15:04 UTC") + ">"
}

// actions gives what can be pressed: a button for each of a few rows or a select over many, then the buttons of
// the card, then the one that shares it.
func actions(c *card.Card, share string) []slack.Block {
	var elements []slack.BlockElement
	room := actionBytes
	add := func(e slack.BlockElement) {
		if n := size(e); n <= room && len(elements) < maxButtons {
			room -= n
			elements = append(elements, e)
		}
	}
	button := func(label, command string) {
		if len(command) <= maxButtonValue {
			add(slack.NewButtonBlockElement(actionRun+":"+strconv.Itoa(len(elements)), command, plain(label, maxButtonText)))
		}
	}
	if share != "" {
		room -= 2 * len(share) // kept for the last
	}
	picks := c.Picks()
	if len(picks) > fewRows {
		if menu := selectRows(picks, room/2); menu != nil {
			add(menu)
		}
	} else {
		for _, it := range picks {
			button(it.PickLabel(picks), it.Action)
		}
	}
	for _, a := range c.Actions {
		button(a.Label, a.Command)
	}
	if share != "" {
		room = max(room, actionBytes/2)
		button(shareLabel, share)
	}
	if len(elements) == 0 {
		return nil
	}
	return []slack.Block{slack.NewActionBlock("", elements...)}
}

// selectRows is a select over rows, those that fit: Slack keeps values of options short. Where some do not, it says so.
func selectRows(items []card.Item, bytes int) slack.BlockElement {
	var options []*slack.OptionBlockObject
	for _, it := range items {
		if len(it.Action) > maxOptionText || len(options) == maxOptions {
			continue
		}
		o := slack.NewOptionBlockObject(it.Action, plain(it.PickLabel(items), maxOptionText), nil)
		if bytes -= size(o); bytes < 0 {
			break
		}
		options = append(options, o)
	}
	if len(options) == 0 {
		return nil
	}
	label := "Pick one"
	if len(options) < len(items) {
		label += " (" + strconv.Itoa(len(options)) + " of " + strconv.Itoa(len(items)) + ")"
	}
	return slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plain(label, maxPlaceholder), actionRun+":rows", options...)
}
