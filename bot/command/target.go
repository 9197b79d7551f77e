package command

import (
	"strings"

	"callboard/bot"
	"callboard/bot/card"
	"callboard/catalog"
)

// subject is the entity that a command is about.
type subject struct {
	view   catalog.View
	entity *catalog.Entity
	typed  string
	match  catalog.Match
	past   bool // the view is of an earlier catalog
}

// notFoundError says that a target names nothing that the asker may see.
type notFoundError struct {
	line    bot.Line // of the request, to repeat it with a suggestion
	typed   string
	view    catalog.View
	closest []*catalog.Entity
	refused *catalog.Problem // why the descriptor of just this entity was refused; nil when there is none

	searchable bool // a search for the words may find more
}

func (e *notFoundError) Error() string { return `no entity "` + e.typed + `"` }

// ambiguousError says that a target names several entities.
type ambiguousError struct {
	line       bot.Line
	typed      string
	view       catalog.View
	candidates []*catalog.Entity
	total      int
}

func (e *ambiguousError) Error() string { return `"` + e.typed + `" names several entities` }

// unboundError says that "." was asked for in a channel that stands for no entity.
type unboundError struct{}

func (unboundError) Error() string { return "no entity is bound to this channel" }

// expand writes out the refs that buttons name by their digest, because they were too long for them. What the asker may not
// see is answered like what does not exist.
func (d Deps) expand(req *bot.Request) error {
	for i, arg := range req.Command.Args {
		digest, is := bot.Digest(arg)
		if !is {
			continue
		}
		e, found := d.view(req).ByDigest(digest)
		if !found {
			return &goneError{"What this leads to is not in the catalog any more.", "help find"}
		}
		req.Command.Args[i] = e.Ref.String()
	}
	return nil
}

// target finds the entity that the arguments of a request name; several words are one name.
func (d Deps) target(req *bot.Request) (subject, error) {
	typed := strings.Join(req.Command.Args, " ")
	if typed == "." {
		return subject{}, unboundError{}
	}
	view := d.view(req)
	match := view.Resolve(typed)
	refused := refusal(view, typed, match)
	switch {
	case refused != nil:
		return subject{}, &notFoundError{req.Command, typed, view, match.Candidates, refused, true}
	case match.How.Guess() && len(match.Candidates) > 1:
		// One name is nearest, but others are near: the asker picks.
		return subject{}, &notFoundError{req.Command, typed, view, match.Candidates, nil, true}
	case match.Entity != nil:
		if d.scope != nil {
			d.scope.entity, d.scope.source = match.Entity.Ref, match.Entity.Origin.Source
		}
		return subject{view, match.Entity, typed, match, d.scope != nil && d.scope.past != nil}, nil
	case match.Ambiguous():
		return subject{}, &ambiguousError{req.Command, typed, view, match.Candidates, match.Total}
	}
	return subject{}, &notFoundError{req.Command, typed, view, match.Candidates, nil, true}
}

// refusal gives the problem that keeps out of the catalog what text names; nil when text names something
// that is in it, or nothing that anybody described.
func refusal(view catalog.View, typed string, match catalog.Match) *catalog.Problem {
	if match.Ambiguous() || match.Entity != nil && !match.How.Guess() {
		return nil
	}
	for _, p := range view.Problems() {
		if p.Severity != catalog.Error || p.Ref.IsZero() {
			continue
		}
		ref, err := catalog.ParseRef(typed, p.Ref.Kind, p.Ref.Namespace)
		if err != nil || ref != p.Ref {
			continue
		}
		if _, exists := view.Get(ref); !exists {
			return &p
		}
	}
	return nil
}

// maxLosers is how many descriptors that lost against the one shown are named on every card.
const maxLosers = 3

// notes are the remarks that every card about an entity carries: how it was found, and what makes
// its text doubtful.
func (s subject) notes() []card.Note {
	var notes []card.Note
	if how := s.match.How; how != catalog.ByRef {
		note := card.Note{Text: card.T(said(s.typed) + " found " + card.Line(how.String()+" "+s.match.Via))}
		if how.Guess() {
			note = card.Note{Status: card.Warn, Text: card.T("No entity is called " + said(s.typed) + "; this is the closest name")}
		}
		notes = append(notes, note)
	}
	doc := s.view.Document(s.entity.Ref)
	if doc.Stale {
		text := "the descriptor has errors, showing what was last good"
		if len(doc.Problems) > 0 {
			p := doc.Problems[0]
			text = p.Origin.Place() + " has errors, showing what was last good: " + p.Sentence()
			if more := len(doc.Problems) - 1; more > 0 {
				text += ", and " + count(more, "problem", "problems") + " more: stale " + s.entity.Ref.Short()
			}
		}
		notes = append(notes, card.Note{Status: card.Warn, Text: card.T(card.Line(text))})
	}
	losers := s.view.Losers(s.entity.Ref)
	for _, loss := range losers[:min(len(losers), maxLosers)] {
		notes = append(notes, card.Note{Status: card.Warn, Text: card.T(card.Line("also defined in " + loss.Origin.String() + ", not shown: " + loss.Why))})
	}
	if more := len(losers) - maxLosers; more > 0 {
		notes = append(notes, card.Note{Status: card.Warn, Text: card.T("and in " + count(more, "file", "files") + " more: stale " + s.entity.Ref.Short())})
	}
	if s.view.Orphan(s.entity.Ref) {
		notes = append(notes, card.Note{Status: card.Warn, Text: card.T("orphan: its file is still there, but no Location names it any more")})
	}
	if status, failing := s.source(); failing {
		text := card.Join(" ", card.T("the source "+status.Name+" cannot be read since"), card.When(status.FailedAt), card.T("("+card.Line(status.Error)+")"))
		notes = append(notes, card.Note{Status: card.Warn, Text: text})
	}
	return notes
}

// source gives the status of the entity's source, and whether its last check failed.
func (s subject) source() (status catalog.SourceStatus, failing bool) {
	for _, status := range s.view.Sources() {
		if status.Name == s.entity.Origin.Source {
			return status, status.Error != ""
		}
	}
	return catalog.SourceStatus{}, false
}

// footer says where the entity is described and when that was last checked.
func (s subject) footer() card.Text {
	status, _ := s.source()
	place := card.Link(s.entity.Origin.Place(), s.view.BlobURL(s.entity.Origin))
	revision := ""
	if r := s.entity.Origin.Revision; r != "" {
		revision = "@" + shortRevision(r)
	}
	checked := card.Join(" ", card.T("checked"), card.When(status.CheckedAt))
	switch {
	case s.past:
		checked = nil
	case status.CheckedAt.IsZero():
		checked = card.T("never checked")
	}
	return card.Join(", ", card.Join(" ", card.T(s.entity.Origin.Source), place, card.T(revision)), checked)
}

func shortRevision(revision string) string {
	const length = 7
	if len(revision) > length {
		return revision[:length]
	}
	return revision
}
