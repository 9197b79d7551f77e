package command

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"callboard/bot/card"
	"callboard/catalog"
)

// likelyCommits is how many commits are asked who looks after a folder.
const likelyCommits = 20

// suggestOwner says on the card of an entity without an owner who it may be.
func (d Deps) suggestOwner(ctx context.Context, s subject, c *card.Card) {
	switch s.entity.Ref.Kind {
	case "group", "user", "location":
		return
	}
	owners := s.view.Relations(s.entity.Ref, "ownedBy")
	if slices.ContainsFunc(owners, catalog.Related.Found) {
		return
	}
	text := "No owner."
	if len(owners) > 0 {
		text = "No owner: " + owners[0].Target.Short() + " is not in the catalog."
	}
	if d.History != nil {
		ctx, cancel := context.WithTimeout(ctx, historyPatience)
		defer cancel()
		likely, err := d.likelyOwner(ctx, s)
		switch {
		case errors.Is(err, context.DeadlineExceeded):
			text += " The history could not be read in time to say who it may be: ask again in a moment."
		case err != nil:
			text += " Who it may be is unknown: " + err.Error()
		case likely.who != "":
			text += " Likely " + likely.String() + "."
			c.Summary = card.Line(c.Summary + " · likely " + likely.who)
		case likely.commits > 0:
			text += " The " + lastCommits(likely.commits) + " by " + likely.authors + "."
		}
	}
	c.Notes = append(c.Notes, card.Note{Status: card.Warn, Text: card.T(card.Line(text))})
}

func lastCommits(n int) string {
	if n == 1 {
		return "only commit is"
	}
	return "last " + strconv.Itoa(n) + " commits are"
}

// likely is who may own something, and why.
type likely struct {
	who        string // short ref of a group or user; "" when nobody is known
	codeowners bool   // a CODEOWNERS file says so
	by         int    // of the newest commits, how many are by who
	commits    int    // how many commits were looked at
	authors    string // of the commits, when the catalog knows none of them
}

// String reads "team-payments (CODEOWNERS; 14 of the last 20 commits)".
func (l likely) String() string {
	var why []string
	if l.codeowners {
		why = append(why, "CODEOWNERS")
	}
	if l.by > 0 {
		why = append(why, strconv.Itoa(l.by)+" of the last "+count(l.commits, "commit", "commits"))
	}
	return l.who + " (" + strings.Join(why, "; ") + ")"
}

// likelyOwner asks CODEOWNERS, then the newest commits of the entity's folder.
func (d Deps) likelyOwner(ctx context.Context, s subject) (likely, error) {
	folder := s.folder()
	named, err := d.codeowner(ctx, s, folder)
	if err != nil {
		return likely{}, err
	}
	commits, err := d.History.Log(ctx, s.entity.Origin.Source, strings.TrimSuffix(folder, "/"), likelyCommits)
	if err != nil {
		return likely{}, err
	}
	counts, strangers := map[catalog.Ref]int{}, map[string]int{}
	for _, commit := range commits {
		refs := s.authorOf(commit)
		for _, ref := range refs {
			counts[ref]++
		}
		if len(refs) == 0 {
			strangers[card.Line(commit.Author)]++
		}
	}
	out := likely{who: named.Short(), codeowners: true, by: counts[named], commits: len(commits), authors: mostOf(strangers)}
	if named.IsZero() {
		out.who, out.codeowners = "", false
		for _, ref := range slices.SortedFunc(maps.Keys(counts), catalog.Ref.Compare) {
			if counts[ref] > out.by {
				out.who, out.by = ref.Short(), counts[ref]
			}
		}
	}
	return out, nil
}

// folder is where in its source the entity's code lies, with a slash at its end; "" is all of the source. A
// source-location that leads to the same repository counts before the place of the descriptor.
func (s subject) folder() string {
	status, _ := s.source()
	location := strings.TrimPrefix(s.entity.Metadata.Annotations.Get("backstage.io/source-location"), "url:")
	if status.Web != "" {
		tree := strings.Replace(status.Web, "/blob/", "/tree/", 1)
		for _, base := range []string{status.Web, tree} {
			if rest, found := strings.CutPrefix(strings.TrimSuffix(location, "/")+"/", base); found {
				return rest
			}
		}
	}
	if dir := path.Dir(s.entity.Origin.Path); dir != "." {
		return dir + "/"
	}
	return ""
}

// codeowner gives the first group or person of the catalog who owns the folder by the source's CODEOWNERS;
// the zero Ref when there is none.
func (d Deps) codeowner(ctx context.Context, s subject, folder string) (catalog.Ref, error) {
	status, _ := s.source()
	target := folder
	if target == "" {
		target = s.entity.Origin.Path
	}
	for _, name := range catalog.CodeownersPaths() {
		data, err := d.History.File(ctx, s.entity.Origin.Source, cmp.Or(status.Revision, s.entity.Origin.Revision), name)
		if errors.Is(err, catalog.ErrNoFile) {
			continue
		}
		if err != nil {
			return catalog.Ref{}, err
		}
		for _, owner := range catalog.ParseCodeowners(data).Owners(target) {
			if ref := s.ownerNamed(owner); !ref.IsZero() {
				return ref, nil
			}
		}
		return catalog.Ref{}, nil
	}
	return catalog.Ref{}, nil
}

// ownerNamed finds who is meant by @org/team, @login or an e-mail address.
func (s subject) ownerNamed(owner string) catalog.Ref {
	login, isLogin := strings.CutPrefix(owner, "@")
	if !isLogin {
		return s.known("user", "@"+owner)
	}
	_, team, isTeam := strings.Cut(login, "/")
	if !isTeam {
		return s.known("user", owner)
	}
	for i := strings.LastIndexByte(team, '/'); i >= 0; i = -1 { // GitLab: a subgroup
		team = team[i+1:]
	}
	if ref := s.known("group", login); !ref.IsZero() {
		return ref
	}
	return s.known("group", "group:"+team)
}

// known resolves a text, if it means an entity of this kind without doubt.
func (s subject) known(kind, text string) catalog.Ref {
	match := s.view.Resolve(text)
	if match.Entity == nil || match.Entity.Ref.Kind != kind || match.How.Guess() || match.How == catalog.ByPrefix {
		return catalog.Ref{}
	}
	return match.Entity.Ref
}

// authorOf gives the groups of the person who wrote a commit, or the person where they are in none.
func (s subject) authorOf(commit catalog.Commit) []catalog.Ref {
	user := s.known("user", "@"+commit.Email)
	if user.IsZero() {
		return nil
	}
	var groups []catalog.Ref
	for _, group := range s.view.Relations(user, "memberOf") {
		if group.Found() {
			groups = append(groups, group.Target)
		}
	}
	if len(groups) == 0 {
		return []catalog.Ref{user}
	}
	return groups
}

// mostOf names up to three, most often first: "Ann (3), Bob (1)".
func mostOf(counts map[string]int) string {
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), strings.Compare(a, b)) })
	for i, name := range names {
		names[i] = name + " (" + strconv.Itoa(counts[name]) + ")"
	}
	return strings.Join(names[:min(len(names), 3)], ", ")
}
