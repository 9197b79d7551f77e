package bot

import (
	"context"
	"time"

	"callboard/bot/card"
	"callboard/catalog/policy"
)

// Kind is what made a request.
type Kind string

// The kinds of requests that exist so far.
const (
	Typed      Kind = "command"    // a slash command, a console line
	Mention    Kind = "mention"    // text that addressed the bot
	Action     Kind = "action"     // a button, which repeats a command
	Submission Kind = "submission" // a page of a form, filled in; Text is the form's command
	Home       Kind = "home"       // the person's own page was opened; Text is "home"
	Complete   Kind = "complete"   // the text so far; wants Choices
)

// Request is one thing that somebody asks of the bot.
type Request struct {
	Kind     Kind
	ID       string // the platform's id of the event, "" where it has none; the same again means a repetition
	Text     string // as typed, without the platform's wrapping
	Command  Line   // Text, parsed; set by the Mux
	User     ChatUser
	Actor    policy.Actor // who User is; set by Identify where the adapter does not know
	Address  Address
	Values   map[string]string // Submission: what was entered so far, by the names of the inputs
	Page     int               // Submission: the page that was filled in, from 0
	Kinds    []string          // Complete: the kinds of entities to choose from; empty for all
	Taken    func()            // called once when the event may be acknowledged: it is stored, or need not be; nil: nobody waits
	Received time.Time
}

// Address is where a request came from and where its answer goes.
type Address struct {
	Platform  string
	Workspace string
	Channel   string
	Thread    string
	Private   bool // nobody but the asker reads here: a DM, a terminal
	Open      bool // answers are for everybody here: an incident channel
}

// Reply is the answer to one request.
type Reply struct {
	Card       *card.Card `json:"card,omitempty"`
	Form       *card.Form `json:"form,omitempty"`    // to be filled in; it comes without a Card
	Choices    []Choice   `json:"choices,omitempty"` // for Complete
	Visibility Visibility `json:"visibility,omitempty"`
	Outcome    Outcome    `json:"outcome"`
	Share      string     `json:"-"`              // the command that gives the same answer to everybody; "" where there is none
	JSON       bool       `json:"json,omitempty"` // the asker wants the card as JSON
}

// Fine marks a reply as the answer that was asked for.
func (r Reply) Fine() Reply {
	r.Outcome = Fine
	return r
}

// Choice completes a text that is being typed.
type Choice struct {
	Text string `json:"text"`           // the whole line with the choice taken
	Hint string `json:"hint,omitempty"` // what it is
}

// Visibility says who should see a reply.
type Visibility string

// The visibilities; the adapter shows OnlyAsker in public where nobody else listens.
const (
	OnlyAsker Visibility = ""
	Public    Visibility = "public"
	Guarded   Visibility = "guarded" // OnlyAsker also where answers are for everybody: others there may not see all of it
)

// Outcome classifies replies for exit codes and metrics.
type Outcome string

// The outcomes.
const (
	Fine      Outcome = "fine"
	NotFound  Outcome = "not_found"
	Ambiguous Outcome = "ambiguous"
	Denied    Outcome = "denied"
	Unlinked  Outcome = "unlinked"
	Misused   Outcome = "misused" // unknown verb, flag or argument
	Upstream  Outcome = "upstream"
	Fault     Outcome = "fault"
	Busy      Outcome = "busy"     // too much at once; without a card when that was said a moment ago
	Repeated  Outcome = "repeated" // the event was answered before; there is no card
)

// Handler answers a request. It never fails: errors become a card.
type Handler func(ctx context.Context, req *Request) Reply

// Platform is a chat surface. Serve turns its events into requests until ctx ends or the surface is
// closed by its user, which is no error.
type Platform interface {
	Name() string
	Serve(ctx context.Context, handle Handler) error
}
