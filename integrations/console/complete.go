package console

import (
	"context"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/term"

	"callboard/bot"
	"callboard/bot/card/markup"
)

const (
	maxChoices      = 20              // listed at once
	completeTimeout = 2 * time.Second // then Tab does nothing
)

// keys gives x/term's callback for keys that it does not know itself: Tab completes, twice lists what
// could be meant; Ctrl-C starts the line again.
func (s *session) keys(ctx context.Context, screen *term.Terminal, in *input) func(string, int, rune) (string, int, bool) {
	listed := "" // the text for which Tab has found nothing to add
	return func(text string, pos int, key rune) (string, int, bool) {
		switch key {
		case keyCancel:
			_, _ = io.WriteString(screen, s.opts.Prompt+markup.Terminal(text)+"^C\n")
			return "", 0, true
		case keyTab:
			asked, done := in.interruptible(ctx)
			choices := s.choices(asked, text[:pos])
			done()
			head := completed(text[:pos], choices)
			if head != text[:pos] || len(choices) < 2 {
				listed = ""
				return head + text[pos:], len(head), true
			}
			if listed == head {
				_, _ = io.WriteString(screen, s.list(choices))
			}
			listed = head
			return text, pos, true
		default:
			listed = ""
			return "", 0, false
		}
	}
}

// choices asks what could follow the text before the cursor. What comes back is data: it is made safe to
// stand in the line.
func (s *session) choices(ctx context.Context, text string) []bot.Choice {
	ctx, cancel := context.WithTimeout(ctx, completeTimeout)
	defer cancel()
	var choices []bot.Choice
	for _, c := range s.handle(ctx, s.request(bot.Complete, text)).Choices {
		if c.Text = markup.Terminal(c.Text); c.Text != "" && len(c.Text) <= maxLine {
			choices = append(choices, c)
		}
	}
	return choices
}

// completed gives the text with all added that is sure: the only choice, or what several begin with.
func completed(text string, choices []bot.Choice) string {
	switch len(choices) {
	case 0:
		return text
	case 1:
		only := choices[0].Text
		if !strings.HasSuffix(only, " ") && !strings.HasSuffix(only, "=") {
			only += " "
		}
		return only
	}
	common := choices[0].Text
	for _, c := range choices[1:] {
		n := 0
		for n < len(common) && n < len(c.Text) && common[n] == c.Text[n] {
			n++
		}
		common = common[:n]
	}
	for common != "" && !utf8.ValidString(common) {
		common = common[:len(common)-1]
	}
	if len(common) <= len(text) {
		return text
	}
	return common
}

// list shows what could be meant, in two columns.
func (s *session) list(choices []bot.Choice) string {
	style := s.style().normal()
	more := len(choices) - maxChoices
	choices = choices[:min(len(choices), maxChoices)]
	column := 0
	for _, c := range choices {
		column = max(column, markup.Width(c.Text))
	}
	column = min(column, style.Width/2) + 2
	var b strings.Builder
	for _, c := range choices {
		text := markup.Cut(c.Text, column-2)
		hint := markup.Cut(markup.Terminal(c.Hint), style.Width-column)
		style.paint(&b, line{{text: text}, blank(column - markup.Width(text)), {text: hint, ink: inkDim}})
	}
	if more > 0 {
		style.paint(&b, line{{text: "… and " + strconv.Itoa(more) + " more", ink: inkDim}})
	}
	return b.String()
}
