package command

import (
	"cmp"
	"context"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"callboard/bot/card"
	"callboard/catalog"
	"callboard/catalog/docs"
)

// editPatience is how long the footer of a page waits to learn when it was edited: less than anybody notices. The
// next answer has it.
const editPatience = 300 * time.Millisecond

// pageFooter says where a page is, when it was edited and by whom, who looks after it, when its source was last
// checked, and where it can be edited.
func (d Deps) pageFooter(ctx context.Context, view catalog.View, owner *catalog.Entity, p *docs.Page, line int) card.Text {
	origin := catalog.Origin{Source: p.Source, Path: p.Path, Line: line, Revision: p.Revision}
	at := ""
	if p.Revision != "" {
		at = "@" + shortRevision(p.Revision)
	}
	checked := card.T("never checked")
	for _, source := range view.Sources() {
		if source.Name == p.Source && !source.CheckedAt.IsZero() {
			checked = card.Join(" ", card.T("checked"), card.When(source.CheckedAt))
		}
	}
	place := card.Join(" ", card.T(p.Source), card.Link(origin.Place(), view.BlobURL(origin)), card.T(at))
	if d.isPast() { // the rest is of the present
		return card.Join(", ", place, ownerWords(view, owner))
	}
	var edit card.Text
	if address := view.EditURL(origin); address != "" {
		edit = card.Link("Edit", address)
	}
	return card.Join(" · ", card.Join(", ", place, d.edited(ctx, p), ownerWords(view, owner), checked), edit)
}

// ownerWords reads "owner team-payments"; nothing where there is none.
func ownerWords(view catalog.View, e *catalog.Entity) card.Text {
	if e == nil {
		return nil
	}
	owners := view.Relations(e.Ref, "ownedBy")
	if len(owners) == 0 {
		return nil
	}
	return card.Join(" ", card.T("owner"), name(owners[0]))
}

// edited reads "edited 41 d ago by Mira Ruiz": the newest commit that changed the page. It is empty where nobody
// knows, or not soon enough.
func (d Deps) edited(ctx context.Context, p *docs.Page) card.Text {
	if d.History == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, editPatience)
	defer cancel()
	commits, err := d.History.Log(ctx, p.Source, p.Path, 1)
	if err != nil || len(commits) == 0 {
		return nil
	}
	last := commits[0]
	if last.Cut { // nobody knows whose
		return card.Join(" ", card.T("edited"), card.Age(last.When), card.T("or earlier"))
	}
	return card.Join(" ", card.T("edited"), card.Age(last.When), card.T("by "+card.Line(last.Author)))
}

// Of a section, so many commits are named.
const explainCommits = 4

// explainUnit says where a section comes from, and who wrote it in which commits, the newest first.
func (d Deps) explainUnit(ctx context.Context, view catalog.View, c *card.Card, u *docs.Unit) {
	first, last := u.Section.Line, u.Section.Last
	if u.Whole {
		first, last = 1, u.Page.Sections[len(u.Page.Sections)-1].Last
	}
	place := u.Page.Path + ":" + strconv.Itoa(first) + "-" + strconv.Itoa(last)
	trail := strings.Join(slices.Compact(append(append([]string{u.Page.Title}, u.Section.Trail...), u.Section.Heading)), " › ")
	c.Fields = append(c.Fields,
		card.Field{Label: "Section", Value: card.T(card.Line(trail)), Source: card.Line(place + " @" + shortRevision(u.Page.Revision))},
		card.Field{Label: "Page", Value: card.Code(card.Line(path.Base(u.Page.Path))), Source: card.Line(u.Page.Source + ", blob " + shortRevision(u.Page.Blob))})
	ctx, cancel := context.WithTimeout(ctx, historyPatience)
	defer cancel()
	p := d.provenance()
	origin := catalog.Origin{Source: u.Page.Source, Path: u.Page.Path, Revision: u.Page.Revision}
	blame := p.blame(ctx, origin)
	c.Notes = append(c.Notes, p.notes...)
	if blame == nil {
		return
	}
	for _, w := range writers(blame, first, last) {
		origin.Line = w.line
		place := card.Link("line "+strconv.Itoa(w.line), view.BlobURL(origin))
		c.Items = append(c.Items, card.Item{Text: card.T(count(w.lines, "line", "lines")), Detail: card.Join(" · ", commitWords(w.commit), place)})
	}
}

// writer is a commit and what it left of a section.
type writer struct {
	commit catalog.Commit
	line   int // the first
	lines  int
}

// writers gives the newest commits that wrote the lines of a section.
func writers(blame *catalog.Blame, first, last int) []writer {
	var out []writer
	for n := first; n <= last; n++ {
		commit, found := blame.Line(n)
		if !found {
			break
		}
		i := slices.IndexFunc(out, func(w writer) bool { return w.commit.Revision == commit.Revision })
		if i < 0 {
			i = len(out)
			out = append(out, writer{commit: commit, line: n})
		}
		out[i].lines++
	}
	slices.SortStableFunc(out, func(a, b writer) int { return cmp.Compare(b.commit.When.UnixNano(), a.commit.When.UnixNano()) })
	return out[:min(len(out), explainCommits)]
}
