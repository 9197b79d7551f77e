package card

import "time"

// Card is one answer.
type Card struct {
	Title   string   `json:"title"`             // what the card is about; empty where Summary is heading enough
	Tags    []string `json:"tags,omitempty"`    // short facts beside the title: kind, lifecycle, tier
	Summary string   `json:"summary"`           // the whole answer in one line: the notification text; a renderer that shows title and fields, items or body leaves it out
	Status  Status   `json:"status,omitempty"`  //
	Fields  []Field  `json:"fields,omitempty"`  // in order of importance
	Items   []Item   `json:"items,omitempty"`   // results, or a tree where items have depth
	Body    string   `json:"body,omitempty"`    // Markdown of one section, cut to MaxBody characters
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
	Label  string    `json:"label"`
	Value  Text      `json:"value,omitempty"`
	Source string    `json:"source,omitempty"` // who says so: "PagerDuty", "catalog-info.yaml:14"
	At     time.Time `json:"at,omitzero"`      // when Source said so, where that matters; needs a Source
	Gap    *Gap      `json:"gap,omitempty"`    // the fact is missing; Value is then empty
	Status Status    `json:"status,omitempty"`
}

// Gap is a fact that nobody provides, and how to provide it.
type Gap struct {
	What string `json:"what"`          // "not declared"
	Fix  string `json:"fix,omitempty"` // "add the annotation pagerduty.com/service-id"; empty where the reader can do nothing
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
	Status Status `json:"status,omitempty"`
	Text   Text   `json:"text"`
}

// Action is a button. Command is the text of the command that it repeats, parsed and authorised
// like typed text.
type Action struct {
	Label   string `json:"label"`
	Command string `json:"command"`
}
