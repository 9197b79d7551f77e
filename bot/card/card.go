package card

import (
	"strings"
	"time"
)

// Card is one answer.
type Card struct {
	Title   string   `json:"title"`
	Tags    []string `json:"tags,omitempty"`    // short facts beside the title: kind, lifecycle, tier
	Summary string   `json:"summary"`           // the whole answer in one line: the notification text
	Status  Status   `json:"status,omitempty"`  //
	Fields  []Field  `json:"fields,omitempty"`  // in order of importance
	Items   []Item   `json:"items,omitempty"`   // results, or a tree where items have depth
	Notes   []Note   `json:"notes,omitempty"`   // warnings, after all else
	Footer  Text     `json:"footer,omitempty"`  // where it comes from and how old it is
	Actions []Action `json:"actions,omitempty"` //
}

// Status is the one judgement that a card carries.
type Status string

// The statuses; None claims nothing, Unknown says that nobody can tell.
const (
	None    Status = ""
	OK      Status = "ok"
	Warn    Status = "warn"
	Bad     Status = "bad"
	Unknown Status = "unknown"
)

// Field is a labelled fact.
type Field struct {
	Label  string `json:"label"`
	Value  Text   `json:"value,omitempty"`
	Source string `json:"source,omitempty"` // who says so and when: "PagerDuty, 14:18", "catalog-info.yaml:14"
	Gap    *Gap   `json:"gap,omitempty"`    // the fact is missing; Value is then empty
	Status Status `json:"status,omitempty"`
}

// Gap is a fact that nobody provides, and how to provide it.
type Gap struct {
	What string `json:"what"` // "not declared"
	Fix  string `json:"fix"`  // "add the annotation pagerduty.com/service-id"
}

// Item is a row of a list. Depth above 0 makes it a child of the nearest earlier row that is one
// less deep.
type Item struct {
	Text   Text   `json:"text"`
	Detail Text   `json:"detail,omitempty"`
	Depth  int    `json:"depth,omitempty"`
	Status Status `json:"status,omitempty"`
	Action string `json:"action,omitempty"` // the command that picking this row runs
}

// Note is a remark that must not be overlooked.
type Note struct {
	Status Status `json:"status"`
	Text   Text   `json:"text"`
}

// Action is a button. Command is the text of the command that it repeats, parsed and authorised
// like typed text.
type Action struct {
	Label   string `json:"label"`
	Command string `json:"command"`
}

// Text is a line of spans.
type Text []Span

// Span is a piece of text that is one thing.
type Span struct {
	Text string    `json:"text,omitempty"`
	URL  string    `json:"url,omitempty"`  // where the text leads
	Code bool      `json:"code,omitempty"` // to be read letter by letter: a path, an annotation, a command
	At   time.Time `json:"at,omitzero"`    // a moment, in place of Text: shown in the reader's zone
	Age  bool      `json:"age,omitempty"`  // At is shown as "4 min ago" where the surface can keep that true
}

// T makes a Text of plain words.
func T(words string) Text { return Text{{Text: words}} }

// Plain gives the text without links and marks; moments read as dates in UTC.
func (t Text) Plain() string {
	var b strings.Builder
	for _, s := range t {
		if s.At.IsZero() {
			b.WriteString(s.Text)
		} else {
			b.WriteString(s.At.UTC().Format("2006-01-02 15:04 UTC"))
		}
	}
	return b.String()
}
