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
	Typed    Kind = "command"  // a slash command, a console line
	Mention  Kind = "mention"  // text that addressed the bot
	Action   Kind = "action"   // a button, which repeats a command
	Complete Kind = "complete" // the text so far; wants Choices
)

// Request is one thing that somebody asks of the bot.
type Request struct {
	Kind     Kind
	Text     string // as typed, without the platform's wrapping
	Command  Line   // Text, parsed; set by the Mux
	Actor    policy.Actor
	Address  Address
	Received time.Time
}

// Address is where a request came from and where its answer goes.
type Address struct {
	Platform  string
	Workspace string
	Channel   string
	Thread    string
	Private   bool // nobody but the asker reads here: a DM, a terminal
}

// Reply is the answer to one request.
type Reply struct {
	Card       *card.Card `json:"card,omitempty"`
	Choices    []Choice   `json:"choices,omitempty"` // for Complete
	Visibility Visibility `json:"visibility,omitempty"`
	Outcome    Outcome    `json:"outcome"`
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
)

// Handler answers a request. It never fails: errors become a card.
type Handler func(ctx context.Context, req *Request) Reply

// Platform is a chat surface. Serve turns its events into requests until ctx ends or the surface is
// closed by its user, which is no error.
type Platform interface {
	Name() string
	Serve(ctx context.Context, handle Handler) error
}
