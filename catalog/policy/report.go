package policy

import (
	"slices"
	"strings"

	"callboard/catalog"
)

// Report is what the rules do at this moment, for operators: it names what is hidden from others.
type Report struct {
	Closed   bool // the rules are not known, so nobody sees anything
	Rules    []RuleReport
	Failures []Failure // the first of them
}

// RuleReport is what one rule does.
type RuleReport struct {
	Rule    Rule
	Hides   int           // entities
	Unknown []catalog.Ref // of Only, that the catalog does not know
	Empty   []catalog.Ref // groups of Only without a direct member
}

// Report says what the rules do. The zero Report stands for no rules.
func (v *Visibility) Report() Report {
	j := v.now.Load()
	if j == nil || j.rules == nil {
		return Report{Closed: true}
	}
	out := Report{Failures: slices.Clone(j.failures)}
	snapshot := j.snapshot.Value()
	for i, rule := range j.rules.rules {
		r := RuleReport{Rule: rule, Hides: j.counts[i]}
		for _, ref := range rule.Only {
			if snapshot == nil {
				break
			}
			view := snapshot.As(catalog.Everything{})
			if _, found := view.Get(ref); !found {
				r.Unknown = append(r.Unknown, ref)
			} else if ref.Kind == "group" && len(view.Relations(ref, "hasMember")) == 0 {
				r.Empty = append(r.Empty, ref)
			}
		}
		out.Rules = append(out.Rules, r)
	}
	return out
}

// Grants lists the rules that hide something which the actor sees all the same, and why. It names no other rule.
func (v *Visibility) Grants(actor Actor) []string {
	j := v.now.Load()
	if j == nil || j.rules == nil {
		return nil
	}
	snapshot := j.snapshot.Value()
	if snapshot == nil {
		return nil
	}
	refs := mine(snapshot, actor.User)
	var out []string
	for i, rule := range j.rules.rules {
		if j.counts[i] == 0 {
			continue
		}
		if why := rule.lets(refs, j.owns(i, refs)); why != "" {
			out = append(out, "what rule "+rule.Name+" hides: "+why)
		}
	}
	return out
}

// owns reports whether one of refs owns something that a rule matches and lets owners see.
func (j *judged) owns(rule int, refs []catalog.Ref) bool {
	if j.rules.owners&bit(rule) == 0 {
		return false
	}
	for e, m := range j.matches {
		if m&bit(rule) != 0 && j.rules.allowOwner(bit(rule), e, refs) {
			return true
		}
	}
	return false
}

// lets says why a rule lets somebody see what it matches; "" when it does not.
func (r *Rule) lets(mine []catalog.Ref, owner bool) string {
	for i, ref := range mine {
		switch {
		case !slices.Contains(r.Only, ref):
		case i == 0:
			return "it names " + ref.String()
		default:
			return "member of " + ref.String()
		}
	}
	if owner {
		return "owner, as far as it is yours"
	}
	return ""
}

// Why names the rules by which an actor sees an entity. Of one that they do not see it says no more than of one that
// no rule hides.
func (v *Visibility) Why(actor Actor, ref catalog.Ref) string {
	const open = "no rule hides it"
	j := v.now.Load()
	if j == nil || j.rules == nil {
		return "the rules are not known"
	}
	snapshot := j.snapshot.Value()
	if snapshot == nil {
		return open
	}
	refs := mine(snapshot, actor.User)
	if ref.IsZero() {
		return strings.Join(append([]string{"what no rule hides"}, v.Grants(actor)...), "; ")
	}
	e, found := snapshot.As(j.as(refs)).Get(ref)
	if !found {
		return open
	}
	var out []string
	for i, rule := range j.rules.rules {
		if j.matches[e]&bit(i) != 0 {
			out = append(out, "rule "+rule.Name+": "+rule.lets(refs, j.rules.allowOwner(bit(i), e, refs)))
		}
	}
	if len(out) == 0 {
		return open
	}
	return strings.Join(out, "; ")
}
