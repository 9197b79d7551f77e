package card

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The limits of a card. They are the tightest that every surface can show in one message, or cut
// without losing meaning; adapters cut further to their own. Lengths are in characters (runes) but
// for MaxURL.
const (
	MaxTitle   = 500
	MaxSummary = 1000
	MaxTags    = 10
	MaxTag     = 100
	MaxFields  = 25 // Discord: fields of an embed
	MaxLabel   = 75 // Slack: text of a button; labels of fields keep to it too
	MaxText    = 8000
	MaxSpans   = 200 // in one text
	MaxItems   = 200
	MaxDepth   = 20
	MaxBody    = 8000 // Markdown of one section; Slack: 12,000 in one message
	MaxNotes   = 20
	MaxActions = 25   // Slack: buttons in a block; Discord: 5 rows of 5
	MaxCommand = 2000 // Slack: value of a button
	MaxURL     = 2048 // bytes; Discord: address of an embed
)

// maxProblems bounds what Validate says about one card.
const maxProblems = 10

// Validate says what is wrong with the card, nil when nothing is: up to ten problems, joined, each with
// its place. What it finds is a mistake of the command that made the card; renderers show a card that
// fails as well as they can.
func (c *Card) Validate() error {
	var v validator
	v.line("title", c.Title, MaxTitle, true)
	v.line("summary", c.Summary, MaxSummary, false)
	v.status("status", c.Status)
	v.count("tags", len(c.Tags), MaxTags)
	for i, tag := range c.Tags {
		v.line(at("tags", i), tag, MaxTag, false)
	}
	v.count("fields", len(c.Fields), MaxFields)
	for i, f := range c.Fields {
		v.field(at("fields", i), f)
	}
	v.count("items", len(c.Items), MaxItems)
	deepest := 0
	for i, it := range c.Items {
		v.item(at("items", i), it, deepest)
		deepest = it.Depth + 1
	}
	v.body("body", c.Body)
	v.count("notes", len(c.Notes), MaxNotes)
	for i, n := range c.Notes {
		v.text(at("notes", i), n.Text, false)
		v.status(at("notes", i)+".status", n.Status)
	}
	v.text("footer", c.Footer, true)
	v.count("actions", len(c.Actions), MaxActions)
	for i, a := range c.Actions {
		v.line(at("actions", i)+".label", a.Label, MaxLabel, false)
		v.line(at("actions", i)+".command", a.Command, MaxCommand, false)
	}
	return errors.Join(v.problems...)
}

func at(list string, i int) string { return fmt.Sprintf("%s[%d]", list, i) }

// validator collects problems.
type validator struct {
	problems []error
}

func (v *validator) add(place, format string, args ...any) {
	if len(v.problems) < maxProblems {
		v.problems = append(v.problems, fmt.Errorf("card: "+place+": "+format, args...))
	}
}

func (v *validator) count(place string, n, limit int) {
	if n > limit {
		v.add(place, "%d entries, at most %d are allowed", n, limit)
	}
}

// line checks a text that must be one line without control characters; Line makes one.
func (v *validator) line(place, s string, limit int, mayBeEmpty bool) {
	switch {
	case s == "" && mayBeEmpty:
	case strings.TrimSpace(s) == "":
		v.add(place, "is empty")
	case !utf8.ValidString(s):
		v.add(place, "is not valid UTF-8")
	case strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }):
		v.add(place, "contains a line break or control character")
	case utf8.RuneCountInString(s) > limit:
		v.add(place, "%d characters, at most %d are allowed", utf8.RuneCountInString(s), limit)
	}
}

// body checks Markdown, which Lines makes fit. What it says is data and may contain anything else.
func (v *validator) body(place, s string) {
	n := utf8.RuneCountInString(s)
	switch {
	case !utf8.ValidString(s):
		v.add(place, "is not valid UTF-8")
	case strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }):
		v.add(place, "contains a control character other than line breaks and tabs")
	case n > MaxBody:
		v.add(place, "%d characters, at most %d are allowed", n, MaxBody)
	}
}

func (v *validator) status(place string, s Status) {
	switch s {
	case None, OK, Warn, Bad, Unknown:
	default:
		v.add(place, "there is no status %q", string(s))
	}
}

func (v *validator) field(place string, f Field) {
	v.line(place+".label", f.Label, MaxLabel, false)
	v.text(place+".value", f.Value, f.Gap != nil)
	v.line(place+".source", f.Source, MaxTitle, true)
	v.status(place+".status", f.Status)
	if f.Gap != nil {
		v.line(place+".gap.what", f.Gap.What, MaxTitle, false)
		v.line(place+".gap.fix", f.Gap.Fix, MaxTitle, true)
		if !f.Value.Empty() {
			v.add(place, "has both a value and a gap")
		}
	}
	if f.Source == "" && !f.At.IsZero() {
		v.add(place, "has a time without a source")
	}
}

// item checks a row; deepest is how deep it may be: one more than the row before, 0 for the first.
func (v *validator) item(place string, it Item, deepest int) {
	v.text(place+".text", it.Text, false)
	v.text(place+".detail", it.Detail, true)
	v.status(place+".status", it.Status)
	v.line(place+".action", it.Action, MaxCommand, true)
	switch {
	case it.Depth < 0:
		v.add(place+".depth", "%d is negative", it.Depth)
	case it.Depth > deepest:
		v.add(place+".depth", "%d has no parent: at most %d can follow the row before", it.Depth, deepest)
	case it.Depth > MaxDepth:
		v.add(place+".depth", "%d, at most %d is allowed", it.Depth, MaxDepth)
	}
}

// text checks spans. What they say is data and may contain anything; where they lead may not.
func (v *validator) text(place string, t Text, mayBeEmpty bool) {
	if t.Empty() && !mayBeEmpty {
		v.add(place, "is empty")
	}
	v.count(place, len(t), MaxSpans)
	length := 0
	for i, s := range t {
		length += utf8.RuneCountInString(s.Text)
		if s.Text != "" && !s.At.IsZero() {
			v.add(at(place, i), "is both words and a moment")
		}
		if s.Channel != "" && (s.Text == "" || s.URL != "" || s.Code) {
			v.add(at(place, i)+".channel", "needs words, and is no link and no code")
		}
		if s.URL != "" {
			if err := CheckURL(s.URL); err != nil {
				v.add(at(place, i)+".url", "%w", err)
			}
		}
	}
	if length > MaxText {
		v.add(place, "%d characters, at most %d are allowed", length, MaxText)
	}
}
