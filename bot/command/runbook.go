package command

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"callboard/bot"
	"callboard/bot/card"
	"callboard/catalog"
	"callboard/catalog/docs"
)

// Bounds of a runbook's card.
const (
	runbookChoices = 20 // sections that an overview lists
	alertsSearched = 40 // sections looked at for an alert that no entity is called after
	alertsEntities = 5  // entities whose runbooks are then looked at closely
)

func (d Deps) runbook() *bot.Command {
	return &bot.Command{
		Name: "runbook", Aliases: []string{"runbooks", "playbook"}, Group: bot.Read,
		Usage: "TARGET [SYMPTOM]", Summary: "what to do: the section of a runbook that fits", MinArgs: 1, MaxArgs: -1, Target: true,
		Flags: []bot.Flag{
			{Name: "all", Summary: "every step, however many there are"},
			{Name: "section", Summary: "exactly this section, as PATH#ANCHOR"},
		},
		Help: "SYMPTOM is what you see, in plain words, or the name of an alert. Without it you choose from the sections. Where no " +
			"entity is called TARGET, all runbooks are searched for the words, so the name of an alert is enough.",
		Example: "runbook checkout errors",
		Run:     d.runRunbook,
	}
}

func (d Deps) runRunbook(ctx context.Context, req *bot.Request) (bot.Reply, error) {
	s, symptom, err := d.runbookTarget(req)
	if err != nil {
		return bot.Reply{}, err
	}
	if s.entity == nil && d.isPast() {
		return bot.Reply{}, &misuseError{"Of the past, only the runbooks of an entity are known, and there was none " + said(symptom) +
			": name one, as in: runbook checkout errors --at=2h", "help runbook"}
	}
	if s.entity == nil {
		return d.anyRunbook(ctx, req, s, symptom)
	}
	d.scope.source = s.entity.Origin.Source
	r := runbooks{Deps: d, subject: s, req: req}
	if r.past {
		if r.pages, err = d.pagesThen(ctx, s.view, s.entity.Ref); err != nil {
			return bot.Reply{}, err
		}
	}
	if address := req.Command.Flags["section"]; address != "" {
		return r.addressed(ctx, address)
	}
	return r.answer(ctx, symptom)
}

// pagesThen gives the runbooks of an entity that the asker sees, of the moment that was asked for.
func (d Deps) pagesThen(ctx context.Context, view catalog.View, ref catalog.Ref) ([]docs.ShelvedPage, error) {
	if d.PagesAt == nil {
		return nil, &noPastError{"The runbooks of --at=" + d.scope.typed + " are not known", bot.NotFound}
	}
	pages, err := d.PagesAt(ctx, *d.scope.past, ref)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, &noPastError{"The runbooks of --at=" + d.scope.typed + " are still being read: ask again in a moment", bot.Upstream}
	}
	return docs.Visible(view, pages), err
}

// isPast reports whether the answer is about the past.
func (d Deps) isPast() bool { return d.scope != nil && d.scope.past != nil }

// runbookTarget parts the arguments into the entity and the symptom. The longest words in front that
// are a name count as the entity; else the first word, if it means one. No entity is no error here.
func (d Deps) runbookTarget(req *bot.Request) (s subject, symptom string, err error) {
	const longest = 6 // words of a title
	args := req.Command.Args
	s = subject{view: d.view(req), past: d.isPast()}
	if args[0] == "." {
		return s, "", unboundError{}
	}
	for n := min(len(args), longest); n > 0; n-- {
		typed := strings.Join(args[:n], " ")
		match := s.view.Resolve(typed)
		symptom = strings.Join(args[n:], " ")
		switch {
		case match.How == catalog.NoMatch || match.How.Guess() || n > 1 && match.How > catalog.ByTitle:
		case match.Ambiguous():
			match = d.withRunbook(s.view, match)
			if match.Entity == nil {
				return s, "", &ambiguousError{req.Command, typed, s.view, match.Candidates, match.Total}
			}
			return subject{s.view, match.Entity, typed, match, s.past}, symptom, nil
		default:
			if symptom == "" && match.How > catalog.ByPrefix {
				symptom = typed // an alert's name leads to its entity, and to the section about it
			}
			return subject{s.view, match.Entity, typed, match, s.past}, symptom, nil
		}
	}
	return s, strings.Join(args, " "), nil
}

// withRunbook takes the only candidate that has a runbook.
func (d Deps) withRunbook(view catalog.View, match catalog.Match) catalog.Match {
	has := slices.DeleteFunc(slices.Clone(match.Candidates), func(e *catalog.Entity) bool { return d.Docs.Runbook(view, e.Ref).Zero() })
	if len(has) == 1 && match.Total == len(match.Candidates) {
		match.Entity = has[0]
		match.Via = "and is the only one of " + strconv.Itoa(match.Total) + " with a runbook"
	}
	return match
}

// anyRunbook searches all runbooks for an alert or symptom.
func (d Deps) anyRunbook(ctx context.Context, req *bot.Request, s subject, symptom string) (bot.Reply, error) {
	hits, err := d.searchRunbooks(ctx, s.view, symptom)
	if err != nil {
		return bot.Reply{}, err
	}
	picked, err := d.Docs.Pick(ctx, s.view, hitEntities(hits), symptom)
	if err != nil {
		return bot.Reply{}, err
	}
	r := runbooks{Deps: d, subject: s, req: req, many: true}
	switch {
	case picked.Unit != nil:
		r.typed = strings.Join(req.Command.Args, " ")
		r.entity, _ = s.view.Get(picked.Unit.Page.On)
		r.match.How = catalog.ByRef
		return corrected(r.show(ctx, picked.Unit, picked.Others), picked.Taken), nil
	case len(picked.Others) > 0:
		return corrected(r.choose(symptom, picked.Others), picked.Taken), nil
	}
	match := s.view.Resolve(symptom)
	notFound := notFoundError{req.Command, symptom, s.view, s.view.Resolve(req.Command.Args[0]).Candidates, refusal(s.view, symptom, match), true}
	reply := notFound.reply()
	reply.Card.Title = strings.Replace(reply.Card.Title, "No entity ", "No entity and no runbook ", 1)
	reply.Card.Summary = strings.Replace(reply.Card.Summary, "No entity ", "No entity and no runbook ", 1)
	return reply, nil
}

// searchRunbooks gives the sections of all runbooks that hold the words of a symptom, and those that hold what
// runbooks usually call it.
func (d Deps) searchRunbooks(ctx context.Context, view catalog.View, symptom string) ([]docs.Hit, error) {
	words := docs.Words(symptom)
	var hits []docs.Hit
	for _, words := range [][]string{words, docs.Widen(words)} {
		found, err := d.Docs.Search(ctx, view, docs.Query{Words: words, Runbooks: true, Limit: alertsSearched})
		if err != nil {
			return nil, err
		}
		hits = append(hits, found.Hits...)
	}
	return hits, nil
}

// hitEntities are the entities to look at, those of the best hits first.
func hitEntities(hits []docs.Hit) []catalog.Ref {
	var out []catalog.Ref
	for _, hit := range hits {
		if len(hit.Refs) > 0 && len(out) < alertsEntities && !slices.Contains(out, hit.Refs[0]) {
			out = append(out, hit.Refs[0])
		}
	}
	return out
}

// runbooks answers from the runbooks of one entity, or of those that a search found.
type runbooks struct {
	Deps
	subject
	req   *bot.Request
	pages []docs.ShelvedPage // of the past; else the index has them
	many  bool               // of several entities
}

func (r *runbooks) owner(u *docs.Unit) *catalog.Entity {
	if entity, found := r.subject.view.Get(u.Page.On); found {
		return entity
	}
	return r.entity
}

// contents gives up to most of what the runbooks can answer with.
func (r *runbooks) contents(ctx context.Context, most int) (docs.Contents, error) {
	if r.past {
		return docs.ContentsOf(r.pages, most), nil
	}
	return r.Docs.Contents(ctx, r.subject.view, r.entity.Ref, most)
}

func (r *runbooks) pick(ctx context.Context, symptom string) (docs.Picked, error) {
	if r.past {
		return docs.Pick(ctx, symptom, docs.Units(r.pages))
	}
	return r.Docs.Pick(ctx, r.subject.view, []catalog.Ref{r.entity.Ref}, symptom)
}

func (r *runbooks) section(ctx context.Context, path, anchor string) (docs.Unit, bool, error) {
	if !r.past {
		return r.Docs.Section(ctx, r.subject.view, r.entity.Ref, path, anchor)
	}
	for i := range r.pages {
		if unit, found := docs.SectionUnit(&r.pages[i], anchor); found && r.pages[i].Path == path {
			return unit, true, nil
		}
	}
	return docs.Unit{}, false, nil
}

// repeat is the command that shows a unit.
func (r *runbooks) repeat(u *docs.Unit, flags ...string) string {
	line := bot.Line{Verb: "runbook", Args: []string{r.owner(u).Ref.String()}, Flags: map[string]string{"section": u.Address()}}
	for _, flag := range flags {
		line.Flags[flag] = ""
	}
	return line.String()
}

// addressed shows the section that --section names.
func (r *runbooks) addressed(ctx context.Context, address string) (bot.Reply, error) {
	path, anchor, _ := strings.Cut(address, "#")
	unit, found, err := r.section(ctx, path, anchor)
	switch {
	case err != nil:
		return bot.Reply{}, err
	case found:
		return r.show(ctx, &unit, nil), nil
	}
	return bot.Reply{}, &goneError{r.entity.Ref.Short() + " has no section " + said(address) + " any more", "runbook " + r.entity.Ref.String()}
}

func (r *runbooks) answer(ctx context.Context, symptom string) (bot.Reply, error) {
	all, err := r.contents(ctx, 0)
	if err != nil {
		return bot.Reply{}, err
	}
	if all.Total == 0 {
		return r.none(ctx, symptom)
	}
	if len(docs.Words(symptom)) == 0 {
		return r.overview(ctx, nil)
	}
	picked, err := r.pick(ctx, symptom)
	switch {
	case err != nil:
		return bot.Reply{}, err
	case picked.Unit != nil:
		return corrected(r.show(ctx, picked.Unit, picked.Others), picked.Taken), nil
	case len(picked.Others) > 0:
		return corrected(r.choose(symptom, picked.Others), picked.Taken), nil
	case r.match.How > catalog.ByPrefix && symptom == r.typed: // nobody asked for a symptom
		return r.overview(ctx, nil)
	}
	note := card.Note{Status: card.Warn, Text: card.T("No section is about " + said(symptom) + "; these are all")}
	return r.overview(ctx, &note)
}

// corrected says on a card which words were taken for others.
func corrected(reply bot.Reply, taken []docs.Taken) bot.Reply {
	var notes []card.Note
	for _, t := range taken {
		notes = append(notes, card.Note{Status: card.Warn, Text: card.T("No section says " + said(t.Typed) + "; it was taken for " + said(t.For))})
	}
	reply.Card.Notes = append(notes, reply.Card.Notes...)
	return reply
}

// show renders one section itself.
func (r *runbooks) show(ctx context.Context, u *docs.Unit, others []docs.Unit) bot.Reply {
	owner := r.owner(u)
	s := subject{r.subject.view, owner, r.typed, r.match, r.past}
	most := docs.MaxSteps
	if r.req.Command.Has("all") {
		most = 0
	}
	c := &card.Card{Title: card.Line(u.Title), Tags: []string{card.Line(owner.Ref.Short())}, Notes: s.notes()}
	if page := card.Line(u.Page.Name); page != c.Title {
		c.Tags = append(c.Tags, page)
	}
	cut := putBody(c, s.view, u, most)
	c.Summary = card.Line(owner.Ref.Short() + ": " + u.Title + summaryOf(u))
	c.Footer = r.pageFooter(ctx, s.view, owner, &u.Page.Page, u.Section.Line)
	if cut.Short && most > 0 {
		label := "More"
		if cut.Left > 0 {
			label = count(cut.Left, "more step", "more steps")
		}
		c.Actions = append(c.Actions, card.Action{Label: label, Command: r.repeat(u, "all")})
	} else if cut.Short {
		c.Notes = append(c.Notes, card.Note{Text: card.T("the section is longer than a card: open the page for the rest")})
	}
	for _, other := range others {
		if len(c.Actions) < 4 {
			c.Actions = append(c.Actions, card.Action{Label: label(other.Title), Command: r.repeat(&other)})
		}
	}
	if !r.many && r.hasOthers(ctx) {
		c.Actions = append(c.Actions, card.Action{Label: "All sections", Command: "runbook " + owner.Ref.String()})
	}
	c.Actions = append(c.Actions, card.Action{Label: "Who owns it", Command: "who-owns " + owner.Ref.String()})
	if r.req.Command.Has("explain") {
		r.explainUnit(ctx, s.view, c, u)
	}
	return bot.Reply{Card: c}.Fine()
}

// hasOthers reports whether there are several sections to choose from. Without an answer, none are offered.
func (r *runbooks) hasOthers(ctx context.Context) bool {
	all, err := r.contents(ctx, 0)
	return err == nil && all.Total > 1
}

// summaryOf is what a lock screen shows of a section: what it is for, and the first step.
func summaryOf(u *docs.Unit) string {
	const most = 160
	if step := docs.FirstStep(u.Text, most); step != "" {
		return " — first: " + step
	}
	if purpose := docs.FirstSentence(u.Text, most); purpose != "" {
		return " — " + purpose
	}
	return ""
}

// choose asks which of several sections is meant.
func (r *runbooks) choose(symptom string, units []docs.Unit) bot.Reply {
	title := said(symptom) + " fits " + count(len(units), "section", "sections") + ", pick one:"
	c := &card.Card{Title: title, Status: card.Warn, Footer: searched(r.subject.view.Stats())}
	var names []string
	for i := range units {
		c.Items = append(c.Items, r.choice(&units[i]))
		names = append(names, units[i].Title)
	}
	c.Summary = card.Line(title + " " + strings.Join(names, " · "))
	return bot.Reply{Card: c, Outcome: bot.Ambiguous}
}

// choice is a row that shows its section when it is picked.
func (r *runbooks) choice(u *docs.Unit) card.Item {
	detail := docs.FirstSentence(u.Text, 100)
	if r.many {
		detail = strings.TrimSuffix(r.owner(u).Ref.Short()+" — "+detail, " — ")
	}
	return card.Item{Text: card.T(card.Line(u.Title)), Detail: card.T(card.Line(detail)), Action: r.repeat(u)}
}

// overview lists the sections to choose from; a single one is shown itself, unless there is something to note.
func (r *runbooks) overview(ctx context.Context, note *card.Note) (bot.Reply, error) {
	all, err := r.contents(ctx, runbookChoices)
	if err != nil {
		return bot.Reply{}, err
	}
	if len(all.Units) == 0 { // they went just now
		return r.none(ctx, "")
	}
	if all.Total == 1 && note == nil && r.match.How <= catalog.ByPrefix {
		return r.show(ctx, &all.Units[0], nil), nil
	}
	c := &card.Card{Title: card.Line(r.entity.Ref.Short() + " · runbook"), Notes: r.notes()}
	if note != nil {
		c.Notes = append([]card.Note{*note}, c.Notes...)
	}
	for i := range all.Units {
		c.Items = append(c.Items, r.choice(&all.Units[i]))
	}
	c.Tags = []string{count(all.Total, "section", "sections")}
	if more := all.Total - len(all.Units); more > 0 {
		c.Notes = append(c.Notes, card.Note{Text: card.T("and " + thousands(more) + " more: say what you see, as in runbook " + r.entity.Ref.Short() + " SYMPTOM")})
	}
	for i, link := range r.Docs.Runbook(r.subject.view, r.entity.Ref).Links {
		if i < 5 {
			c.Items = append(c.Items, card.Item{Text: card.Link(card.Line(link.Title), link.URL), Detail: card.T("elsewhere")})
		}
	}
	first := &all.Units[0]
	c.Summary = card.Line(r.entity.Ref.Short() + ": a runbook of " + count(all.Total, "section", "sections") + ": " + titles(all.Units, 5))
	if all.Pages == 1 {
		c.Footer = r.pageFooter(ctx, r.subject.view, r.entity, &first.Page.Page, 0)
	} else {
		c.Footer = r.footer()
	}
	if r.req.Command.Has("explain") {
		r.explainUnit(ctx, r.subject.view, c, first)
	}
	return bot.Reply{Card: c}.Fine(), nil
}

func titles(units []docs.Unit, most int) string {
	var names []string
	for i := range units {
		if i == most {
			names = append(names, "…")
			break
		}
		names = append(names, units[i].Title)
	}
	return strings.Join(names, " · ")
}

// none says that there are no pages, and where else to look: links, and the runbooks of others.
func (r *runbooks) none(ctx context.Context, symptom string) (bot.Reply, error) {
	c := &card.Card{Title: card.Line(r.entity.Ref.Short() + " · runbook"), Notes: r.notes(), Footer: r.footer()}
	book := r.Docs.Runbook(r.subject.view, r.entity.Ref)
	for i, link := range book.Links {
		if i < 10 {
			c.Items = append(c.Items, card.Item{Text: card.Link(card.Line(link.Title), link.URL), Detail: card.T("elsewhere, not indexed")})
		}
	}
	c.Summary = card.Line(r.entity.Ref.Short() + ": " + count(len(book.Links), "runbook", "runbooks") + " elsewhere")
	if declared := r.subject.runbook(nil).field; len(book.Links) == 0 && declared.Gap == nil { // of the past, and pages that are not shown to the asker
		c.Fields = []card.Field{declared}
		c.Summary = r.entity.Ref.Short() + ": " + card.Line(declared.Value.Plain())
	} else if len(book.Links) == 0 {
		c.Fields = []card.Field{{Label: "Runbook", Gap: &card.Gap{
			What: "not declared", Fix: "write docs/runbook.md beside the descriptor, or add the annotation callboard/runbook",
		}}}
		c.Summary = r.entity.Ref.Short() + " has no runbook"
	}
	if words := docs.Words(symptom); len(words) > 0 && !r.past {
		found, err := r.Docs.Search(ctx, r.subject.view, docs.Query{Words: words, Runbooks: true, Limit: 5})
		if err != nil {
			return bot.Reply{}, err
		}
		for i := range found.Hits {
			c.Items = append(c.Items, hitItem(&found.Hits[i], r.req.Command.Has("explain")))
		}
	}
	if !r.past && !r.Docs.Indexed() {
		c.Notes = append(c.Notes, card.Note{Status: card.Warn, Text: card.T(indexing)})
	}
	reply := bot.Reply{Card: c}
	if reply.Outcome = bot.NotFound; len(c.Items) > 0 {
		reply.Outcome = bot.Fine
	}
	return reply, nil
}

// label cuts a heading to what fits on a button.
func label(title string) string {
	const most = 40
	title = card.Line(title)
	if runes := []rune(title); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return title
}
