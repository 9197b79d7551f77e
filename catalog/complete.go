package catalog

// Completion is one way to go on with a name that is being typed.
type Completion struct {
	Text string // the whole target: what was typed and the rest
	Hint string // what it is: "component service"
}

// Complete gives up to limit names that start with prefix, sorted. As in a ref the prefix may say
// a kind and a namespace first.
func (v View) Complete(prefix string, limit int) []Completion {
	var found []Completion
	for _, i := range v.s.names.starting(prefix) {
		if len(found) >= limit {
			break
		}
		if e := v.s.entity(i); v.sees(e) {
			found = append(found, Completion{e.Ref.Name, e.Ref.Kind})
		}
	}
	return found
}
