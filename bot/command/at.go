package command

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"callboard/bot"
	"callboard/bot/card"
	"callboard/catalog"
)

// consolePlatform is where a terminal's requests come from. Elsewhere nobody may ask for the past: building
// it takes as much as a first sync.
const consolePlatform = "console"

// scope is what one answer is about.
type scope struct {
	entity catalog.Ref // that was asked for; zero for none
	source string      // of that entity; "" for all sources
	past   *catalog.Past
	typed  string // the past, as the asker wrote it
}

// pastError is an error of a command that looked at the past.
type pastError struct {
	error
	scope *scope
}

// Unwrap gives the command's own error.
func (e *pastError) Unwrap() error { return e.error }

// atMoment gives the Deps of a command that looks at the moment that the flag --at names.
func (d Deps) atMoment(ctx context.Context, req *bot.Request) (Deps, error) {
	typed := req.Command.Flags["at"]
	switch {
	case req.Address.Platform != consolePlatform:
		return d, &misuseError{"--at works at the console and with callboard ask only; here I answer for the present", "help " + req.Command.Verb}
	case d.CatalogAt == nil:
		return d, &misuseError{"There is no history to look into", ""}
	}
	zone := d.Zone
	if zone == nil {
		zone = time.Local
	}
	moment, err := parseMoment(typed, d.now().In(zone))
	if err != nil {
		return d, &misuseError{err.Error(), "help " + req.Command.Verb}
	}
	past, err := d.CatalogAt(ctx, moment)
	if err != nil {
		return d, whyNoPast(typed, err)
	}
	visible := map[string]bool{}
	for _, view := range []catalog.View{d.view(req), past.Catalog.As(d.Viewer(req.Actor))} {
		for _, source := range view.Sources() {
			visible[source.Name] = true
		}
	}
	past.Sources = slices.DeleteFunc(past.Sources, func(s catalog.PastSource) bool { return !visible[s.Name] })
	d.Catalog = func() *catalog.Snapshot { return past.Catalog }
	d.Docs = nil // documentation is known as it is now only
	d.scope.past, d.scope.typed = &past, typed
	return d, nil
}

// noPastError says that a moment cannot be shown.
type noPastError struct {
	text    string
	outcome bot.Outcome
}

func (e *noPastError) Error() string { return e.text }

// whyNoPast puts into words why the moment that was typed cannot be shown.
func whyNoPast(typed string, err error) error {
	text := "The catalog of --at=" + shorten(typed)
	switch {
	case errors.As(err, new(*catalog.BeginningError)), errors.Is(err, catalog.ErrNoHistory), errors.Is(err, catalog.ErrNoCommit):
		return &noPastError{text + " is not known: " + err.Error(), bot.NotFound}
	case errors.Is(err, catalog.ErrManyCommits):
		return &noPastError{text + " is not clear: " + err.Error(), bot.Ambiguous}
	case errors.Is(err, context.DeadlineExceeded):
		return &noPastError{text + " is still being read: ask again in a moment", bot.Upstream}
	}
	return &noPastError{text + " cannot be read: " + err.Error(), bot.Upstream}
}

// stamp writes on a card of which past it is, and keeps its buttons there.
func (s *scope) stamp(c *card.Card) {
	for i := range c.Actions {
		c.Actions[i].Command = s.follow(c.Actions[i].Command)
	}
	for i := range c.Items {
		if c.Items[i].Action != "" {
			c.Items[i].Action = s.follow(c.Items[i].Action)
		}
	}
	const most = 3
	sources := slices.DeleteFunc(slices.Clone(s.past.Sources), func(p catalog.PastSource) bool { return s.source != "" && p.Name != s.source })
	var notes []card.Note
	if len(sources) > most {
		text := card.Join(" ", card.T("as of"), card.When(s.past.When), card.T("in "+count(len(sources), "repository", "repositories")))
		notes = append(notes, card.Note{Text: text})
		sources = slices.DeleteFunc(sources, func(p catalog.PastSource) bool { return p.Err == nil })
	}
	for _, p := range sources[:min(len(sources), most)] {
		notes = append(notes, s.note(p))
	}
	c.Notes = append(notes, c.Notes...)
}

// note reads "as of 2026-03-04 03:12, commit abc1234 of acme; the history goes back to 2025-01-01 09:00".
func (s *scope) note(p catalog.PastSource) card.Note {
	head := card.Join(" ", card.T("as of"), card.When(s.past.When))
	if p.Err != nil {
		return card.Note{Status: card.Warn, Text: card.Join("", head, card.T(card.Line(", without "+p.Name+": "+p.Err.Error())))}
	}
	return card.Note{Text: card.Join("", head, card.T(", commit "+shortRevision(p.Commit.Revision)+" of "+card.Line(p.Name)+"; "), reach(p.Depth))}
}

// reach says how deep a history is.
func reach(depth catalog.Depth) card.Text {
	text := card.Join(" ", card.T("the history goes back to"), card.When(depth.Oldest.Since))
	if depth.Cut {
		text = card.Join(" ", text, card.T("(older commits are not kept here)"))
	}
	return text
}

// follow makes a command look at the same past. Those that cannot are left alone.
func (s *scope) follow(command string) string {
	line, err := bot.Parse(command)
	if err != nil || line.Verb == "help" || line.Verb == "health" || line.Verb == "whoami" {
		return command
	}
	line.Flags["at"] = s.typed
	return line.String()
}

// parseMoment reads what --at takes: a date, which means the end of that day; a date and time, with or without a
// zone; a time of today; a distance such as 2h or 3d; a commit. Without a zone, that of now counts.
func parseMoment(text string, now time.Time) (catalog.Moment, error) {
	text = strings.TrimSpace(text)
	at, ok := parseDistance(text, now)
	if !ok {
		at, ok = parseTime(text, now)
	}
	if !ok {
		if isCommit := regexp.MustCompile(`^[0-9a-fA-F]{4,40}$`); isCommit.MatchString(text) {
			return catalog.Moment{Commit: strings.ToLower(text)}, nil
		}
		return catalog.Moment{}, errors.New(`--at takes a time such as 2026-03-04, 2026-03-04T03:12 or 2h, or a commit; ` + said(text) + " is neither")
	}
	if at.After(now) {
		return catalog.Moment{}, errors.New("--at=" + shorten(card.Line(text)) + " lies in the future; it is now " + now.Format("2006-01-02 15:04 MST"))
	}
	return catalog.Moment{Time: at}, nil
}

// parseDistance reads "90m", "2h", "3d" and "1w", with or without "ago".
func parseDistance(text string, now time.Time) (time.Time, bool) {
	found := regexp.MustCompile(`^(\d{1,5}) ?([mhdw])( ago)?$`).FindStringSubmatch(text)
	if found == nil {
		return time.Time{}, false
	}
	n, err := strconv.Atoi(found[1])
	if err != nil {
		return time.Time{}, false
	}
	switch found[2] {
	case "m":
		return now.Add(-time.Duration(n) * time.Minute), true
	case "h":
		return now.Add(-time.Duration(n) * time.Hour), true
	case "d":
		return now.AddDate(0, 0, -n), true
	}
	return now.AddDate(0, 0, -7*n), true
}

func parseTime(text string, now time.Time) (time.Time, bool) {
	for _, layout := range []string{
		time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04",
	} {
		if at, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return at, true
		}
	}
	if at, err := time.ParseInLocation(time.DateOnly, text, now.Location()); err == nil {
		if end := at.AddDate(0, 0, 1).Add(-time.Second); end.Before(now) || at.After(now) {
			return end, true
		}
		return now, true
	}
	if at, err := time.ParseInLocation("15:04", text, now.Location()); err == nil {
		year, month, day := now.Date()
		return time.Date(year, month, day, at.Hour(), at.Minute(), 0, 0, now.Location()), true
	}
	return time.Time{}, false
}
