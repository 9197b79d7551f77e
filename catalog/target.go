package catalog

import (
	"iter"
	"strings"
)

// target is a ref as people type it, [kind:][namespace/]name, perhaps not yet complete.
type target struct{ kind, namespace, name string }

func parseTarget(text string) target {
	var t target
	t.name = text
	colon, slash := strings.IndexByte(text, ':'), strings.IndexByte(text, '/')
	if colon >= 0 && (slash < 0 || colon < slash) {
		t.kind, t.name = text[:colon], text[colon+1:]
	}
	if namespace, name, found := strings.Cut(t.name, "/"); found {
		t.namespace, t.name = namespace, name
	}
	return t
}

// fits reports whether ref has the kind and namespace that t names, if any.
func (t target) fits(ref Ref) bool {
	return (t.kind == "" || t.kind == ref.Kind) && (t.namespace == "" || t.namespace == ref.Namespace)
}

// targets gives the entities that fit the kind and namespace in text, among those that search
// finds for the name in it.
func (s *Snapshot) targets(text string, search func(name string) []id) iter.Seq[id] {
	t := parseTarget(text)
	return func(yield func(id) bool) {
		for _, i := range search(t.name) {
			if t.fits(s.ref(i)) && !yield(i) {
				return
			}
		}
	}
}
