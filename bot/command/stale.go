package command

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"callboard/bot"
	"callboard/bot/card"
	"callboard/catalog"
)

// staleLimit is how many problems are shown unless all are asked for.
const staleLimit = 15

func (d Deps) stale() *bot.Command {
	return &bot.Command{
		Name: "stale", Aliases: []string{"problems"}, Group: bot.Read,
		Usage: "[TARGET]", Summary: "descriptors that failed, conflicts, orphans", MaxArgs: -1, Target: true,
		Flags:   []bot.Flag{{Name: "all", Summary: "every problem, not the first few"}},
		Help:    "With the name of a group, what that group owns; with an entity, that entity.",
		Example: "stale",
		Run:     d.runStale,
	}
}

func (d Deps) runStale(_ context.Context, req *bot.Request) (bot.Reply, error) {
	view := d.view(req)
	problems := d.problems(view)
	about := "the catalog"
	if target := strings.TrimSpace(strings.Join(req.Command.Args, " ")); strings.TrimPrefix(target, "@") != "" {
		req.Command.Args[0] = strings.TrimPrefix(req.Command.Args[0], "@")
		s, err := d.target(req)
		if err != nil {
			return bot.Reply{}, err
		}
		about = s.entity.Ref.Short()
		problems = slices.DeleteFunc(problems, func(p catalog.Problem) bool { return !concerns(view, p, s.entity.Ref) })
	}
	slices.SortStableFunc(problems, func(a, b catalog.Problem) int { return cmp.Compare(weight(a), weight(b)) })
	c := &card.Card{Footer: searched(view.Stats())}
	if len(problems) == 0 {
		c.Title, c.Status = "Nothing is wrong with the descriptors of "+about, card.OK
		c.Summary = c.Title
		return bot.Reply{Card: c}.Fine(), nil
	}
	c.Title, c.Status = count(len(problems), "problem", "problems")+" in the descriptors of "+about, card.Warn
	c.Summary = c.Title + ": " + strings.Join(tally(problems), ", ")
	place, limit := placer(view), staleLimit
	if req.Command.Has("all") {
		limit = card.MaxItems
	}
	for i, p := range problems {
		if i == limit {
			c.Notes = []card.Note{{Text: card.T("the first " + thousands(limit) + " are shown: " + strings.Join(tally(problems), ", "))}}
			if limit == staleLimit {
				again := req.Command
				again.Flags = map[string]string{"all": ""}
				c.Actions = []card.Action{{Label: "All", Command: again.String()}}
			}
			break
		}
		c.Items = append(c.Items, problemItem(view, p, place(p.Origin), req.Command.Has("explain")))
	}
	return bot.Reply{Card: c}.Fine(), nil
}

// problems are those of descriptors, of documentation and of the file of rules.
func (d Deps) problems(view catalog.View) []catalog.Problem {
	all := append(view.Problems(), d.Docs.Problems(view)...)
	if d.RuleProblems != nil {
		all = append(all, d.RuleProblems()...)
	}
	return all
}

// concerns reports whether a problem is the business of ref: it is about it, or about what it owns.
func concerns(view catalog.View, p catalog.Problem, ref catalog.Ref) bool {
	return p.Ref == ref || slices.ContainsFunc(view.Relations(p.Ref, "ownedBy"), func(r catalog.Related) bool { return r.Target == ref })
}

// weight orders problems: what keeps a document out of the catalog, then conflicts, then the rest. Skeletons
// are explained, but nobody has to act on them.
func weight(p catalog.Problem) int {
	switch {
	case p.Rule == catalog.RuleSkeleton, p.Rule == catalog.RuleYAML && ofSkeleton(p.Origin.Path):
		return 3
	case p.Severity == catalog.Warning:
		return 2
	case p.Rule == catalog.RuleConflict, p.Rule == catalog.RuleDuplicate:
		return 1
	}
	return 0
}

// ofSkeleton reports whether a file is, by its path, one that a template makes others of: placeholders break its YAML.
func ofSkeleton(path string) bool {
	for folder := range strings.SplitSeq(strings.ToLower(path), "/") {
		if folder == "skeleton" || folder == "skeletons" || folder == "cookiecutter" || strings.Contains(folder, "{{") {
			return true
		}
	}
	return false
}

func problemItem(view catalog.View, p catalog.Problem, place string, explained bool) card.Item {
	item := card.Item{Status: card.Warn, Text: card.Join(" ", card.Link(place, view.BlobURL(p.Origin)), card.T(card.Line(p.Sentence())))}
	if p.Severity == catalog.Error {
		item.Status = card.Bad
	}
	if p.Fix != "" {
		item.Detail = card.T("fix: " + card.Line(p.Fix))
	}
	if explained {
		rule := "rule " + string(p.Rule)
		if p.Pointer != "" {
			rule += " at " + p.Pointer
		}
		if p.Origin.Revision != "" {
			rule += " @" + shortRevision(p.Origin.Revision)
		}
		item.Detail = card.Join(" · ", item.Detail, card.T(card.Line(rule)))
	}
	return item
}

// placer gives what says where a descriptor stands: in which source, too, where there are several, for
// each has a catalog-info.yaml.
func placer(view catalog.View) func(catalog.Origin) string {
	if len(view.Sources()) > 1 {
		return catalog.Origin.String
	}
	return catalog.Origin.Place
}

// tally counts problems by rule: "3 spec, 1 conflict".
func tally(problems []catalog.Problem) []string {
	counts := map[catalog.Rule]int{}
	var rules []catalog.Rule
	for _, p := range problems {
		if counts[p.Rule]++; counts[p.Rule] == 1 {
			rules = append(rules, p.Rule)
		}
	}
	out := make([]string, 0, len(rules))
	for _, rule := range rules {
		out = append(out, thousands(counts[rule])+" "+string(rule))
	}
	return out
}
