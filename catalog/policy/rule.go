package policy

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"callboard/catalog"
)

// Limits of a policy.
const (
	maxRules = 64
	maxOnly  = 200 // refs in one rule
)

// Rule hides the entities that When matches from everybody but those in Only and, with Owners, their owners. A
// group stands for its direct members, as ownership does in Backstage.
type Rule struct {
	Name   string
	When   string        // CEL over one entity
	Only   []catalog.Ref // users and groups
	Owners bool
	Place  string // where it is written, for people: "callboard.yaml" or "acme policy.yaml:4"
}

// Rules are compiled rules. An entity is seen by whoever all rules that match it let see it.
type Rules struct {
	rules      []Rule
	conditions []*condition
	owners     mask // the rules that let owners see
}

// mask is a set of rules, by position.
type mask uint64

func bit(i int) mask { return 1 << i }

// Mistake is one thing wrong with a rule.
type Mistake struct {
	Rule    int    // position; -1: the policy as a whole
	Field   string // "name", "when", "only" or "" for the rule itself
	Item    int    // position in only, where one of them is meant; -1: none
	Text    string // what is wrong
	Fix     string // what to do
	Excerpt string // the line of the condition with a caret below; "" for none
}

// Pointer is the JSON pointer of what is wrong, below the policy.
func (m Mistake) Pointer() string {
	if m.Rule < 0 {
		return "/visibility"
	}
	pointer := "/visibility/" + strconv.Itoa(m.Rule)
	if m.Field != "" {
		pointer += "/" + m.Field
	}
	if m.Item >= 0 {
		pointer += "/" + strconv.Itoa(m.Item)
	}
	return pointer
}

// Compile checks rules and makes them ready. With a mistake there are no Rules.
func Compile(rules []Rule) (*Rules, []Mistake) {
	language, err := newLanguage()
	if err != nil {
		return nil, []Mistake{{Rule: -1, Item: -1, Text: err.Error(), Fix: "tell those who make Callboard: no rule works"}}
	}
	if len(rules) > maxRules {
		return nil, []Mistake{{Rule: -1, Item: -1, Text: "there are " + strconv.Itoa(len(rules)) + " rules, and " + strconv.Itoa(maxRules) + " are the most", Fix: "join them"}}
	}
	out := &Rules{rules: slices.Clone(rules)}
	var mistakes []Mistake
	for i, r := range rules {
		wrong := func(field, text, fix string) {
			mistakes = append(mistakes, Mistake{Rule: i, Field: field, Item: -1, Text: text, Fix: fix})
		}
		checkRule(r, rules[:i], wrong)
		if strings.TrimSpace(r.When) == "" || utf8.RuneCountInString(r.When) > maxWhen {
			wrong("when", "a rule needs a condition of at most "+strconv.Itoa(maxWhen)+" characters", `write one, as in when: 'entity.metadata.labels["confidential"] == "true"'`)
			continue
		}
		c, flaw := compile(language, r.When)
		if flaw != nil {
			mistakes = append(mistakes, Mistake{Rule: i, Field: "when", Item: -1, Text: flaw.text, Fix: flaw.fix, Excerpt: flaw.excerpt})
		}
		out.conditions = append(out.conditions, c)
		if r.Owners {
			out.owners |= bit(i)
		}
	}
	if len(mistakes) > 0 {
		return nil, mistakes
	}
	return out, nil
}

// checkRule finds what is wrong with a rule besides its condition.
func checkRule(r Rule, before []Rule, wrong func(field, text, fix string)) {
	switch {
	case !regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`).MatchString(r.Name):
		wrong("name", strconv.Quote(shorten(r.Name))+" is not the name of a rule", "use 1 to 63 lower-case letters, digits and dashes, as in payments-internal")
	case slices.ContainsFunc(before, func(o Rule) bool { return o.Name == r.Name }):
		wrong("name", r.Name+" is the name of another rule already", "every rule needs a name of its own")
	}
	switch {
	case len(r.Only) == 0 && !r.Owners:
		wrong("only", "the rule hides what it matches from everybody", `name those who may see it, as in only: ["group:default/team-payments"], or set owners: true`)
	case len(r.Only) > maxOnly:
		wrong("only", "more than "+strconv.Itoa(maxOnly)+" users and groups", "make a group of them")
	}
}

// ParseOnly reads who may see, a user or a group by full ref.
func ParseOnly(text string) (catalog.Ref, bool) {
	ref, err := catalog.ParseRef(text, "", catalog.DefaultNamespace)
	return ref, err == nil && (ref.Kind == "user" || ref.Kind == "group")
}

// OnlyFix says how to name who may see.
const OnlyFix = "name users and groups in full, as in group:default/team-payments or user:default/mira"

func shorten(text string) string {
	const most = 60
	if r := []rune(text); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return text
}

// match gives the rules that match an entity. A rule that fails matches: what nobody knows is hidden.
func (r *Rules) match(e *catalog.Entity, failed func(rule int, err error)) mask {
	f := fields{entity: e}
	var out mask
	for i, c := range r.conditions {
		met, err := c.holds(&f)
		if err != nil {
			failed(i, err)
		}
		if met || err != nil {
			out |= bit(i)
		}
	}
	return out
}

// denies gives the rules that do not let somebody see by name or group; owners may see all the same.
func (r *Rules) denies(mine []catalog.Ref) mask {
	var out mask
	for i := range r.rules {
		if !slices.ContainsFunc(mine, func(ref catalog.Ref) bool { return slices.Contains(r.rules[i].Only, ref) }) {
			out |= bit(i)
		}
	}
	return out
}
