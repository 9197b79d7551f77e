package command

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"callboard/bot"
	"callboard/bot/card"
	"callboard/catalog"
)

// The inputs of the form.
const (
	linkUser = "user"
	linkNote = "note"
)

// link asks the operators to say in the catalog whose account this is. It never links by itself: the
// annotation counts, and only trusted sources may carry it (threats.md rule R1).
func (d Deps) link() *bot.Command {
	return &bot.Command{
		Name: "link", Group: bot.Meta, Writes: true,
		Usage: "[USER]", Summary: "ask the operators to link my chat account", MaxArgs: 1, Target: true,
		Help: "Opens a form. The operators get your request with the line to add to the catalog; " +
			"once it is there, I know you.",
		Example: "link",
		Run:     d.runLink,
	}
}

func (d Deps) runLink(ctx context.Context, req *bot.Request) (bot.Reply, error) {
	account := req.User
	if account == (bot.ChatUser{}) {
		text := "Accounts of chats are linked from the chat: write link there"
		return bot.Reply{Outcome: bot.Misused, Card: &card.Card{Title: text, Summary: text, Status: card.Warn}}, nil
	}
	if req.Actor.Linked() {
		return d.runWhoami(ctx, req)
	}
	form := linkForm()
	form.Values = req.Values
	if len(req.Command.Args) > 0 {
		form.Values = map[string]string{linkUser: req.Command.Args[0]}
	}
	wanted := strings.TrimSpace(form.Values[linkUser])
	if wanted == "" && req.Kind != bot.Submission {
		return bot.Reply{Form: form}.Fine(), nil
	}
	view := d.view(req)
	user, why := linkable(view, wanted, account)
	if user == nil {
		return bot.Reply{Form: form.Refused(map[string]string{linkUser: why}), Outcome: bot.Misused}, nil
	}
	if d.Announce == nil || len(d.Operators) == 0 {
		return bot.Reply{Card: linkByHand(view, user, account)}.Fine(), nil
	}
	asked := linkAsked{Account: account, Called: d.accountName(ctx, account), User: user.Ref, At: d.now().UTC()}
	facts, err := json.Marshal(asked)
	if err != nil {
		return bot.Reply{}, fmt.Errorf("encode a request to be linked: %w", err)
	}
	c := linkRequest(view, user, &asked, form.Values[linkNote])
	if err := d.Announce(ctx, LinkSubjects+account.Platform+":"+account.Workspace+":"+account.ID, d.Operators, string(facts), c); err != nil {
		return bot.Reply{}, fmt.Errorf("ask the operators: %w", err)
	}
	text := "I asked the operators to link this account to " + personName(user)
	return bot.Reply{Card: &card.Card{
		Title: text, Summary: text, Status: card.OK,
		Notes: []card.Note{{Text: card.T("They add a line to the catalog; whoami tells when it has come to me.")}},
	}}.Fine(), nil
}

func linkForm() *card.Form {
	return &card.Form{
		Title: "Link my account", Command: "link",
		Pages: []card.Page{{
			Intro:  card.T("The operators get this request and add your account to the catalog. Until then you can read, but not change anything."),
			Submit: "Ask the operators",
			Inputs: []card.Input{
				{Name: linkUser, Label: "You in the catalog", Kind: card.EntityInput, Kinds: []string{"user"}, Required: true},
				{Name: linkNote, Label: "Anything they should know", Kind: card.LinesInput},
			},
		}},
	}
}

// linkable finds the User that somebody says to be, or says why it cannot be.
func linkable(view catalog.View, wanted string, account bot.ChatUser) (user *catalog.Entity, why string) {
	ref, err := catalog.ParseRef(wanted, "user", catalog.DefaultNamespace)
	if err != nil || ref.Kind != "user" {
		return nil, "choose yourself from the people of the catalog"
	}
	user, found := view.Get(ref)
	if !found {
		return nil, "the catalog has no such person: its operators can add you"
	}
	if other := user.Metadata.Annotations.Get(accountAnnotation(account.Platform)); other != "" && other != account.ID && other != accountValue(account) {
		return nil, "this person has another account already: ask the operators"
	}
	return user, ""
}

// accountAnnotation is the annotation of a User that names an account of a platform.
func accountAnnotation(platform string) string { return platform + ".com/user-id" }

func accountValue(account bot.ChatUser) string { return account.Workspace + ":" + account.ID }

// accountLine is the line to add to a User.
func accountLine(account bot.ChatUser) card.Text {
	return card.Code(accountAnnotation(account.Platform) + `: "` + accountValue(account) + `"`)
}

func linkRequest(view catalog.View, user *catalog.Entity, asked *linkAsked, note string) *card.Card {
	account := asked.Account
	c := &card.Card{
		Title:   "Somebody asks to be " + personName(user),
		Summary: card.Line(account.Platform + " account " + account.ID + " asks to be linked to " + user.Ref.String()),
		Status:  card.Warn,
		Fields: []card.Field{
			{Label: "Account", Value: asked.who()},
			{Label: "Person", Value: card.T(user.Ref.String())},
			{Label: "If it is them", Value: card.Join(" ", card.T("add to metadata.annotations"), accountLine(account))},
			{Label: "In", Value: card.Link(user.Origin.Place(), view.BlobURL(user.Origin))},
		},
		Notes: []card.Note{{Status: card.Warn, Text: card.T("Make sure that it is them: whoever is linked may do what the person may do.")}},
	}
	if note = card.Line(note); note != "" {
		c.Fields = append(c.Fields, card.Field{Label: "They say", Value: card.T(note)})
	}
	return c
}

// linkByHand is for where nobody is configured who could be asked.
func linkByHand(view catalog.View, user *catalog.Entity, account bot.ChatUser) *card.Card {
	text := "Nobody is configured whom I could ask; this line links your account"
	return &card.Card{
		Title: text, Summary: text, Status: card.Warn,
		Fields: []card.Field{
			{Label: "Add to metadata.annotations", Value: accountLine(account)},
			{Label: "In", Value: card.Link(user.Origin.Place(), view.BlobURL(user.Origin))},
		},
		Notes: []card.Note{{Text: card.T("Ask somebody who may change that file. The operators can be named by operators.channels in the configuration.")}},
	}
}

func (d Deps) accountName(ctx context.Context, account bot.ChatUser) string {
	if d.Account == nil {
		return ""
	}
	found, err := d.Account(ctx, account)
	if err != nil {
		return "" // the id says who it is; the name only helps to recognise it
	}
	return card.Line(found.Name)
}
