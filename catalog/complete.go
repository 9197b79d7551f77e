package catalog

import "strings"

// Completion is one way to go on with a name that is being typed.
type Completion struct {
	Text string // the whole target: what was typed and the rest
	Hint string // what it is: "component service"; several kinds may bear one name
}

// maxHint bounds, in bytes, the hint of one name.
const maxHint = 60

// Complete gives up to limit names that start with prefix, in lower case and sorted by name, each
// once. As in a ref the prefix may say a kind and a namespace first.
func (v View) Complete(prefix string, limit int) []Completion {
	prefix = strings.ToLower(prefix)
	typed := prefix[:len(prefix)-len(parseTarget(prefix).name)]
	var found []Completion
	last := ""
	for i := range v.s.targets(prefix, v.s.names.starting) {
		e := v.s.entity(i)
		if !v.sees(e) {
			continue
		}
		if len(found) > 0 && e.Ref.Name == last {
			addHint(&found[len(found)-1], hint(e))
			continue
		}
		if len(found) >= limit {
			break
		}
		found = append(found, Completion{typed + e.Ref.Name, hint(e)})
		last = e.Ref.Name
	}
	return found
}

func addHint(c *Completion, more string) {
	if !strings.Contains(c.Hint, more) && len(c.Hint)+len(more) < maxHint {
		c.Hint += ", " + more
	}
}

func hint(e *Entity) string {
	if e.Type == "" {
		return e.Ref.Kind
	}
	return e.Ref.Kind + " " + e.Type
}
