package command

import (
	"encoding/json"
	"slices"
	"time"

	"callboard/bot"
	"callboard/bot/card"
	"callboard/catalog"
)

// LinkSubjects is what the subjects of requests to be linked begin with.
const LinkSubjects = "link:"

// linkLife is how long a request to be linked waits for the operators.
const linkLife = 30 * 24 * time.Hour

// linkAsked is what a request to be linked asks for, as its messages keep it.
type linkAsked struct {
	Account bot.ChatUser `json:"account"`
	Called  string       `json:"called,omitempty"` // what the platform calls the account; anybody may choose that
	User    catalog.Ref  `json:"user"`
	At      time.Time    `json:"at"`
}

func (a *linkAsked) who() card.Text {
	who := a.Account.Platform + " account " + a.Account.ID + " of " + a.Account.Workspace
	if a.Called != "" {
		who += `, called "` + a.Called + `" there`
	}
	return card.T(card.Line(who))
}

// LinkAnswer gives the last card of a request to be linked, from the facts of its messages: once a User carries the
// account's annotation, which holder finds, or where nobody can answer it any more. It is nil while the request is open.
func LinkAnswer(view catalog.View, facts string, holder func(bot.ChatUser) *catalog.Entity, now time.Time) *card.Card {
	var asked linkAsked
	if err := json.Unmarshal([]byte(facts), &asked); err != nil {
		return linkClosed(&asked, "This request cannot be read any more", "Who asked can ask again.")
	}
	account := card.Line(asked.Account.Platform + " account " + asked.Account.ID)
	if user := holder(asked.Account); user != nil {
		return linkedCard(view, &asked, user)
	}
	if _, found := view.Get(asked.User); !found && allRead(view) {
		return linkClosed(&asked, "Gone: "+asked.User.String()+" left the catalog before "+account+" was linked", "Who asked can ask again.")
	}
	if now.Sub(asked.At) > linkLife {
		return linkClosed(&asked, "Expired: nobody linked "+account+" within 30 days", "Who still needs it can ask again.")
	}
	return nil
}

// allRead reports whether what is missing in the catalog is in none of its sources.
func allRead(view catalog.View) bool {
	return !slices.ContainsFunc(view.Sources(), func(s catalog.SourceStatus) bool { return s.Revision == "" })
}

func linkedCard(view catalog.View, asked *linkAsked, user *catalog.Entity) *card.Card {
	text := card.Line("Linked: " + asked.Account.Platform + " account " + asked.Account.ID + " is " + personName(user))
	c := &card.Card{
		Title: text, Summary: text, Status: card.OK,
		Fields: []card.Field{
			{Label: "Account", Value: asked.who()},
			{Label: "Person", Value: card.T(user.Ref.String())},
			{Label: "By", Value: card.Join(" in ", card.Code(accountAnnotation(asked.Account.Platform)), card.Link(user.Origin.Place(), view.BlobURL(user.Origin)))},
		},
	}
	if user.Ref != asked.User {
		c.Notes = []card.Note{{Status: card.Warn, Text: card.T("They had asked to be " + asked.User.String() + ".")}}
	}
	return c
}

func linkClosed(asked *linkAsked, text, note string) *card.Card {
	c := &card.Card{Title: card.Line(text), Summary: card.Line(text), Status: card.None, Notes: []card.Note{{Text: card.T(note)}}}
	if !asked.User.IsZero() {
		c.Fields = []card.Field{{Label: "Account", Value: asked.who()}, {Label: "Person", Value: card.T(asked.User.String())}}
	}
	return c
}
