package slack

import (
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"callboard/bot/card"
	"callboard/bot/card/markup"
)

// plain makes a plain_text object of one line, in which Slack reads nothing but :emoji: names, which are
// switched off.
func plain(s string, limit int) *slack.TextBlockObject {
	s = card.Cut(markup.Terminal(s), limit)
	if strings.TrimSpace(s) == "" {
		s = "–" // Slack refuses empty texts
	}
	off := false
	return &slack.TextBlockObject{Type: slack.PlainTextType, Text: s, Emoji: &off}
}

// escaped makes a text safe where Slack reads mrkdwn: beside blocks, and in a context block. Marks such as * may
// still format it; nothing in it is a mention or a link.
func escaped(s string) string {
	s = markup.Terminal(s)
	if !strings.ContainsAny(s, "&<>") {
		return s // most texts, and a Replacer is not cheap to make
	}
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// notification is the text that a lock screen shows: the answer in one line.
func notification(c *card.Card) string {
	return card.Cut(c.Status.Mark()+escapedUpTo(c.Summary, maxText-4), maxText)
}

// escapedUpTo escapes what was cut before, so that no entity is cut apart.
func escapedUpTo(s string, limit int) string {
	for short := limit; ; short /= 2 {
		if e := escaped(card.Cut(s, short)); utf8.RuneCountInString(e) <= limit || short < 2 {
			return e
		}
	}
}

// maxSection is how many characters one fact or paragraph may take; console and docs have the whole of it.
const maxSection = 1500

// writing collects the pieces of a rich_text_section, up to maxSection characters.
type writing struct {
	elements []slack.RichTextSectionElement
	written  int
	full     bool // something was cut
}

type look = slack.RichTextSectionTextStyle

// say writes text that nobody vouches for, on one line.
func (w *writing) say(s string, style *look) { w.raw(markup.Terminal(s), style) }

// raw writes text that is safe.
func (w *writing) raw(s string, style *look) {
	s = w.room(s)
	if s == "" {
		return
	}
	if last, isText := w.last(); isText && sameLook(last.Style, style) {
		last.Text += s
		return
	}
	w.elements = append(w.elements, slack.NewRichTextSectionTextElement(s, style))
}

// end ends the line, also where there is no room for more: what follows begins a line of its own.
func (w *writing) end() {
	if last, isText := w.last(); isText && last.Style == nil {
		last.Text += "\n"
		return
	}
	w.elements = append(w.elements, slack.NewRichTextSectionTextElement("\n", nil))
}

// room cuts what there is no room for any more, and counts the rest. The first text that is cut ends with an ellipsis,
// or is one.
func (w *writing) room(s string) string {
	left := maxSection - w.written
	n := utf8.RuneCountInString(s)
	w.written += n
	switch {
	case n <= left:
		return s
	case w.full:
		return ""
	}
	w.full = true
	if left <= 0 {
		return card.Ellipsis
	}
	return card.Cut(s, left)
}

func (w *writing) last() (*slack.RichTextSectionTextElement, bool) {
	if len(w.elements) == 0 {
		return nil, false
	}
	last, isText := w.elements[len(w.elements)-1].(*slack.RichTextSectionTextElement)
	return last, isText
}

func sameLook(a, b *look) bool { return a == b || a != nil && b != nil && *a == *b }

// link writes words that lead to an address, followed by its host unless they say it. Words that claim
// to lead elsewhere give way to the address.
func (w *writing) link(words, address string, style *look) {
	to, ok := markup.ParseAddress(address)
	words = strings.TrimSpace(markup.Terminal(words))
	switch {
	case !ok:
		w.raw(words, style)
		return
	case words == "" || to.Claims(words):
		words = to.URL
	}
	words = w.room(words)
	switch words {
	case "":
		return
	case card.Ellipsis: // which does not say where it leads
		w.elements = append(w.elements, slack.NewRichTextSectionTextElement(words, style))
		return
	}
	w.elements = append(w.elements, slack.NewRichTextSectionLinkElement(to.URL, words, style))
	if !strings.Contains(strings.ToLower(words), to.Host) {
		w.raw(" ("+to.Site+")", nil)
	}
}

// text writes a text of a card.
func (w *writing) text(t card.Text) {
	for _, s := range t {
		switch {
		case !s.At.IsZero():
			w.moment(s.At, s.Age)
		case s.URL != "":
			w.link(s.Text, s.URL, nil)
		case s.Code:
			w.say(s.Text, &look{Code: true})
		case channelID(s) != "":
			w.channel(channelID(s), s.Text)
		default:
			w.say(s.Text, nil)
		}
	}
}

// channelID gives the id of the channel of Slack that a span means; "" for none.
func channelID(s card.Span) string {
	id := s.In(platform)
	if !regexp.MustCompile(`^[CG][A-Z0-9]{1,20}$`).MatchString(id) {
		return ""
	}
	return id
}

// channel writes a channel, which Slack shows by its name to those who may see it. It calls nobody.
func (w *writing) channel(id, words string) {
	if w.room(words) == words {
		w.elements = append(w.elements, slack.NewRichTextSectionChannelElement(id, nil))
	}
}

// moment writes a time that each reader sees in their own zone. An age is counted by the reader's Slack, so
// that it stays true for as long as the message is seen.
func (w *writing) moment(t time.Time, age bool) {
	format := "{date_short_pretty} {time}"
	if age {
		format = "{ago}"
	}
	fallback := t.UTC().Format("2006-01-02 15:04 UTC")
	w.elements = append(w.elements, slack.NewRichTextSectionDateElement(t.Unix(), format, nil, &fallback))
}

// section makes a rich_text_section; nil when nothing was written.
func (w *writing) section() *slack.RichTextSection {
	if len(w.elements) == 0 {
		return nil
	}
	return slack.NewRichTextSection(w.elements...)
}
