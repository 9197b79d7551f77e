package command

import (
	"errors"
	"log/slog"
	"strconv"
	"strings"

	"callboard/bot"
	"callboard/bot/card"
	"callboard/catalog"
	"callboard/catalog/docs"
)

// Words turns the errors of commands into replies. One that is in no case here is our fault: the
// asker gets a reference, the log the details.
func Words(log *slog.Logger) func(error) bot.Reply {
	words := func(err error) bot.Reply {
		var notFound *notFoundError
		var ambiguous *ambiguousError
		var misused *misuseError
		var gone *goneError
		var noPast *noPastError
		switch {
		case errors.As(err, &notFound):
			return notFound.reply()
		case errors.As(err, &ambiguous):
			return ambiguous.reply()
		case errors.As(err, &misused):
			return plainReply(bot.Misused, misused.Error(), misused.next)
		case errors.As(err, &gone):
			return plainReply(bot.NotFound, gone.Error(), gone.next)
		case errors.As(err, &noPast):
			return plainReply(noPast.outcome, card.Line(noPast.Error()), "")
		case errors.Is(err, docs.ErrSlow):
			return plainReply(bot.Upstream, "The search took too long: ask again, with fewer or rarer words.", "help docs")
		case errors.Is(err, docs.ErrLost):
			return plainReply(bot.Upstream, "The documentation is being indexed anew: ask again in a moment.", "")
		case errors.As(err, new(unboundError)):
			return plainReply(bot.NotFound, "No entity is bound to this channel: name one.", "help")
		}
		return bot.FaultReply(log, err)
	}
	return func(err error) bot.Reply {
		reply := words(err)
		var past *pastError
		if errors.As(err, &past) && reply.Outcome != bot.Fault {
			past.scope.stamp(reply.Card)
		}
		return reply
	}
}

// misuseError says that a command was used wrongly, and which command helps.
type misuseError struct{ text, next string }

func (e *misuseError) Error() string { return e.text }

// goneError says that what a button led to is not there any more, and which command helps.
type goneError struct{ text, next string }

func (e *goneError) Error() string { return e.text }

func plainReply(outcome bot.Outcome, text, next string) bot.Reply {
	c := &card.Card{Title: text, Summary: text, Status: card.Warn}
	if next != "" {
		c.Actions = []card.Action{{Label: "Help", Command: next}}
	}
	return bot.Reply{Card: c, Outcome: outcome}
}

func (e *notFoundError) reply() bot.Reply {
	title := "No entity " + said(e.typed) + "."
	c := &card.Card{Title: title, Status: card.Warn, Footer: searched(e.view.Stats())}
	summary := title
	if p := e.refused; p != nil {
		text := "Its descriptor was refused, " + placer(e.view)(p.Origin) + ": " + p.Sentence()
		c.Notes = []card.Note{{Status: card.Bad, Text: card.T(card.Line(text))}}
		summary += " " + text + "."
	}
	if len(e.closest) > 0 {
		var names []string
		for _, entity := range e.closest {
			names = append(names, described(e.view, entity))
			c.Items = append(c.Items, choice(e.view, e.line, entity))
		}
		c.Title += " Closest:"
		summary += " Closest: " + strings.Join(names, " · ") + "."
	}
	c.Summary = card.Line(summary + " " + searchedWords(e.view.Stats()) + ".")
	if e.searchable {
		c.Actions = again("Find", bot.Line{Verb: "find", Args: strings.Fields(e.typed)})
	}
	return bot.Reply{Card: c, Outcome: bot.NotFound}
}

// said repeats what somebody typed, or as much of it as they need to recognise it.
func said(typed string) string { return `"` + shorten(card.Line(typed)) + `"` }

// again is a button for the words that somebody typed; none where they are too many for one.
func again(label string, line bot.Line) []card.Action {
	command := line.String()
	if len(command) > card.MaxCommand {
		return nil
	}
	return []card.Action{{Label: label, Command: command}}
}

func (e *ambiguousError) reply() bot.Reply {
	title := said(e.typed) + " matches " + count(e.total, "entity", "entities") + ", pick one:"
	c := &card.Card{Title: title, Status: card.Warn}
	var names []string
	for _, entity := range e.candidates {
		names = append(names, entity.Ref.String())
		c.Items = append(c.Items, choice(e.view, e.line, entity))
	}
	if more := e.total - len(e.candidates); more > 0 {
		c.Footer = card.T("and " + strconv.Itoa(more) + " more: say the kind or the namespace, as in kind:namespace/name")
	}
	c.Summary = card.Line(title + " " + strings.Join(names, " · "))
	return bot.Reply{Card: c, Outcome: bot.Ambiguous}
}

// choice is a row that repeats the command with the entity as its target.
func choice(view catalog.View, line bot.Line, entity *catalog.Entity) card.Item {
	line.Args = []string{entity.Ref.String()}
	return card.Item{Text: card.T(entity.Ref.String()), Detail: card.T(description(view, entity)), Action: line.String()}
}

func searchedWords(stats catalog.Stats) string {
	return "Searched " + count(stats.Entities, "entity", "entities") + " in " + count(stats.Sources, "repository", "repositories")
}

func searched(stats catalog.Stats) card.Text {
	if stats.Entities == 0 {
		return card.Join("", card.T("The catalog is empty: see "), card.Code("health"), card.T(", or run "), card.Code("callboard sync"))
	}
	text := card.T(searchedWords(stats))
	if stats.Failing > 0 {
		text = card.Join(", ", text, card.T(count(stats.Failing, "repository fails", "repositories fail")))
	}
	if stats.OldestCheck.IsZero() {
		return card.Join(", ", text, card.T("never checked"))
	}
	return card.Join(", oldest check ", text, card.Age(stats.OldestCheck))
}

// described reads "checkout (service, team-pay)".
func described(view catalog.View, e *catalog.Entity) string {
	return e.Ref.Short() + " (" + description(view, e) + ")"
}

// description reads "service, team-pay".
func description(view catalog.View, e *catalog.Entity) string {
	text := typeOf(e)
	if owners := view.Relations(e.Ref, "ownedBy"); len(owners) > 0 {
		text += ", " + owners[0].Target.Short()
	}
	return card.Line(text)
}

// typeOf is what people call the entity: its type for a component, its kind and type otherwise.
func typeOf(e *catalog.Entity) string {
	switch {
	case e.Type == "":
		return e.Kind
	case e.Ref.Kind == "component":
		return e.Type
	}
	return e.Kind + " " + e.Type
}

// count reads "41,203 entities".
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(n) + " " + many
}

func thousands(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
