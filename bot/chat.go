package bot

import (
	"context"
	"errors"
	"time"

	"callboard/bot/card"
	"callboard/catalog/policy"
)

// ChatUser is an account of a chat platform. Nothing but these three say who it is: names can be chosen by
// everybody (threats.md rule R1).
type ChatUser struct {
	Platform  string // "slack", "discord"
	Workspace string // Slack team, Discord guild
	ID        string
}

// Account is what a platform says about one of its accounts.
type Account struct {
	Name  string         // for people to read
	Email string         // "" unless the platform has verified it
	Zone  *time.Location // nil when the platform does not say

	Guest       bool // sees a part of the workspace only
	Stranger    bool // of another workspace
	Bot         bool // a bot, a webhook or a workflow
	Deactivated bool
}

// Directory knows the accounts of a platform. Adapters implement it.
type Directory interface {
	// Account looks an account up, from a cache that is at most some minutes old. An event that says of an account
	// that it is a member may fill that cache.
	Account(ctx context.Context, user ChatUser) (Account, error)
}

// Identity tells which person of the catalog an account is. It never fails: an account that cannot be told
// is an Actor without a User, whose Why says the reason.
type Identity interface {
	Actor(ctx context.Context, user ChatUser) policy.Actor
}

// Identify fills in the Actor of requests that come from a chat account.
func Identify(who Identity) Middleware {
	return func(next Handler) Handler {
		return func(ctx context.Context, req *Request) Reply {
			if req.User != (ChatUser{}) {
				req.Actor = who.Actor(ctx, req.User)
			}
			return next(ctx, req)
		}
	}
}

// Inbox remembers the events that change something, so that a repetition has no second effect and a crash loses none
// (threats.md rule R7).
type Inbox interface {
	// Take stores the event's key, with the request that it makes, and reports whether it is new: false means that it
	// was taken in the last 24 hours, also by an earlier run of the program.
	Take(ctx context.Context, key string, request []byte) (fresh bool, err error)
	// Done notes that the request was carried out or refused, and forgets it. The key stays.
	Done(ctx context.Context, key string) error
	// Left gives what was taken in the last 24 hours and is not done, oldest first: before anything new is taken, that is
	// what an earlier run of the program left behind. What was given LeftTries times is not given again.
	Left(ctx context.Context) ([]Left, error)
}

// Left is a request that was taken and not done.
type Left struct {
	Key     string
	Request []byte // as it was given to Take
}

// LeftTries is how often a request that was left behind is tried: it may be what ends the program.
const LeftTries = 3

// ErrGone is what a Poster's errors wrap when trying again is of no use: the channel is archived, the bot was
// removed from it, somebody deleted the message.
var ErrGone = errors.New("the place is gone")

// LaterError is what a Poster's errors wrap when the platform says how long to wait.
type LaterError struct {
	After time.Duration
	Err   error
}

func (e *LaterError) Error() string { return e.Err.Error() }
func (e *LaterError) Unwrap() error { return e.Err }

// Poster keeps cards in a channel up to date. Adapters implement it, and keep to the pace that the platform
// allows. Posting is at least once: an error may come after the message was made.
type Poster interface {
	// Post shows a card and gives the id of the message. The key goes with the message, unseen by people.
	Post(ctx context.Context, to Address, c *card.Card, key string) (id string, err error)
	// Update replaces what a message of Post shows.
	Update(ctx context.Context, to Address, id string, c *card.Card) error
	// Find gives the id of the message that Post made with the key, if it was made no earlier than since.
	Find(ctx context.Context, to Address, key string, since time.Time) (id string, found bool, err error)
}
