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
	Why       string        `json:"why,omitempty"`       // how the account came to mean User, or why it does not
}

// Linked reports whether the actor is a person of the catalog.
func (a Actor) Linked() bool { return !a.User.IsZero() }
