package command

import (
	"context"
	"errors"
	"strconv"
	"time"

	"callboard/bot/card"
	"callboard/catalog"
)

// historyPatience is how long an answer waits for Git's history, all questions together.
const historyPatience = 2 * time.Second

// provenance tells who wrote the lines of descriptors, for one answer.
type provenance struct {
	history catalog.History
	blames  map[catalog.FileKey]*catalog.Blame // nil values: could not be had
	notes   []card.Note                        // why something could not be had
}

func (d Deps) provenance() *provenance {
	return &provenance{history: d.History, blames: map[catalog.FileKey]*catalog.Blame{}}
}

// written says who wrote a field and where it stands: `3f78685 Mira Ruiz, 41 d ago · payments: tier 1 · line 23`.
// It is empty when the descriptor does not have the field.
func (p *provenance) written(ctx context.Context, view catalog.View, entity *catalog.Entity, pointer string) card.Text {
	pos, found := entity.Positions.Exact(pointer)
	if !found {
		return nil
	}
	origin := entity.Origin
	origin.Line = int(pos.Line)
	place := card.Link("line "+strconv.Itoa(origin.Line), view.BlobURL(origin))
	blame := p.blame(ctx, origin)
	if blame == nil {
		return place
	}
	commit, found := blame.Line(origin.Line)
	if !found {
		return place
	}
	return card.Join(" · ", commitWords(commit), place)
}

// commitWords reads "3f78685 Mira Ruiz, 41 d ago · payments: tier 1".
func commitWords(c catalog.Commit) card.Text {
	who := shortRevision(c.Revision) + " " + card.Line(c.Author)
	if c.Cut {
		who += " or somebody earlier"
	}
	return card.Join(" · ", card.Join(", ", card.T(who), card.Age(c.When)), card.T(card.Line(shorten(c.Subject))))
}

// blame asks once for each file.
func (p *provenance) blame(ctx context.Context, origin catalog.Origin) *catalog.Blame {
	key := catalog.FileKey{Source: origin.Source, Path: origin.Path}
	if known, asked := p.blames[key]; asked {
		return known
	}
	p.blames[key] = nil
	if p.history == nil {
		return nil
	}
	blame, err := p.history.Blame(ctx, origin.Source, origin.Revision, origin.Path)
	if err != nil {
		p.notes = append(p.notes, historyNote(origin.Path, err))
		return nil
	}
	p.blames[key] = &blame
	return &blame
}

// historyNote says why nobody knows who wrote a file.
func historyNote(path string, err error) card.Note {
	text := "the history of " + path + " is unavailable: " + err.Error()
	if errors.Is(err, context.DeadlineExceeded) {
		text = "the history of " + path + " could not be read in time: ask again in a moment"
	}
	return card.Note{Status: card.Warn, Text: card.T(card.Line(text))}
}
