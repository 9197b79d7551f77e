// Package policy says who somebody is and what they may do.
//
// It is a leaf over plain inputs beside the catalog. For now it holds the Actor and the visibility of
// entities; the bot asks it on every request.
package policy

import "callboard/catalog"

// Actor is the person behind a request. A zero User is somebody whom the catalog does not know.
type Actor struct {
	User      catalog.Ref   `json:"user,omitzero"`
	Groups    []catalog.Ref `json:"groups,omitempty"`
	Platform  string        `json:"platform"`            // "console", "slack", "discord"
	Workspace string        `json:"workspace,omitempty"` // Slack team, Discord guild
	ChatID    string        `json:"chat_id,omitempty"`   // the platform's id of the account; on the console the operating-system user
	Class     Class         `json:"class,omitempty"`     // what kind of account it is
	Why       string        `json:"why,omitempty"`       // how the account came to mean User, or why it does not
}

// Class is what kind of account somebody uses. Only members can be a User of the catalog, unless an annotation
// of a trusted source says so.
type Class string

// The classes of accounts.
const (
	Unsaid      Class = ""            // the platform has not said
	Member      Class = "member"      // of our own workspace
	Guest       Class = "guest"       // sees a part of the workspace only
	Stranger    Class = "stranger"    // of somebody else's workspace
	Bot         Class = "bot"         // no person
	Deactivated Class = "deactivated" // may not be here any more
)

// String says what such an account is, as in "the account is a guest's".
func (c Class) String() string {
	switch c {
	case Unsaid:
		return "of a kind that nobody has said"
	case Member:
		return "a member's"
	case Guest:
		return "a guest's"
	case Stranger:
		return "of another workspace"
	case Bot:
		return "a bot's or a workflow's"
	case Deactivated:
		return "deactivated"
	}
	return string(c)
}

// Linked reports whether the actor is a person of the catalog.
func (a Actor) Linked() bool { return !a.User.IsZero() }
