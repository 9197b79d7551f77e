package config

import (
	"io/fs"
	"strconv"
	"strings"

	"callboard/catalog/policy"
)

// Policy holds the rules that hide entities: here, in a file of a trusted source, or both.
type Policy struct {
	Source     string        `yaml:"source"` // name of a trusted source; "" when the rules are all here
	Path       string        `yaml:"path"`   // of the file, below the root of the source's repository
	Visibility []VisibleRule `yaml:"visibility"`
}

// VisibleRule hides what When matches from all but Only and, with Owners, the owners.
type VisibleRule struct {
	Name   string   `yaml:"name"`
	When   string   `yaml:"when"`
	Only   []string `yaml:"only"`
	Owners bool     `yaml:"owners"`
}

// Rules gives the rules of this file.
func (p Policy) Rules() []policy.Rule {
	rules := make([]policy.Rule, 0, len(p.Visibility))
	for i, r := range p.Visibility {
		rule := policy.Rule{Name: r.Name, When: r.When, Owners: r.Owners, Place: "policy.visibility[" + strconv.Itoa(i) + "]"}
		for _, text := range r.Only {
			if ref, fine := policy.ParseOnly(text); fine {
				rule.Only = append(rule.Only, ref)
			}
		}
		rules = append(rules, rule)
	}
	return rules
}

func (d *decoder) policy(p Policy, c Catalog) {
	for i, r := range p.Visibility {
		for j, text := range r.Only {
			if _, fine := policy.ParseOnly(text); !fine {
				d.mistake("policy.visibility["+strconv.Itoa(i)+"].only["+strconv.Itoa(j)+"]", "%s is neither a user nor a group: %s", quote(text), policy.OnlyFix)
				return // what is left says little of the rules
			}
		}
	}
	_, mistakes := policy.Compile(p.Rules())
	for _, m := range mistakes {
		key := "policy.visibility"
		if m.Rule >= 0 {
			key += "[" + strconv.Itoa(m.Rule) + "]"
		}
		if m.Field != "" {
			key += "." + m.Field
		}
		text := m.Text
		if m.Fix != "" {
			text += ": " + m.Fix
		}
		if m.Excerpt != "" {
			text += "\n    " + strings.ReplaceAll(m.Excerpt, "\n", "\n    ")
		}
		d.mistake(key, "%s", text)
	}
	d.policyFile(p, c)
}

func (d *decoder) policyFile(p Policy, c Catalog) {
	if (p.Source == "") != (p.Path == "") {
		d.mistake("policy", "source and path stand together, as in { source: acme, path: policy.yaml }")
		return
	}
	if p.Source == "" {
		return
	}
	if clean := strings.TrimPrefix(p.Path, "/"); !fs.ValidPath(clean) || clean == "." {
		d.mistake("policy.path", "%s is not the path of a file below the repository's root", quote(p.Path))
	}
	for i := range c.Sources {
		if c.Sources[i].Name != p.Source {
			continue
		}
		if !c.Sources[i].Trusted {
			d.mistake("policy.source", "%s is not trusted, so it cannot say who sees what: set trusted: true on it, or name another source", quote(p.Source))
		}
		return
	}
	d.mistake("policy.source", "%s is no source of catalog.sources", quote(p.Source))
}
