package catalog

import (
	"errors"
	"fmt"
	"strings"
)

// DefaultNamespace is the namespace of entities and references that name none.
const DefaultNamespace = "default"

// Ref names one entity. Its three parts are always lower case, so refs compare with ==
// and serve as map keys. The zero Ref names nothing.
type Ref struct{ Kind, Namespace, Name string }

// NewRef builds a Ref, lower-casing its parts and filling in the default namespace.
func NewRef(kind, namespace, name string) Ref {
	if namespace == "" {
		namespace = DefaultNamespace
	}
	return Ref{strings.ToLower(kind), strings.ToLower(namespace), strings.ToLower(name)}
}

// Errors of ParseRef; wrapped with the offending text.
var (
	ErrRefSyntax = errors.New("not an entity reference, which reads [kind:][namespace/]name")
	ErrRefKind   = errors.New("this reference must say its kind, as in component:name")
)

// ParseRef reads [kind:][namespace/]name. The first colon ends the kind unless a slash stands
// before it; the first slash ends the namespace. Parts that are missing come from the defaults; a
// missing kind without a default is an error, as is an empty part. As in Backstage the
// characters of the parts are not checked further.
func ParseRef(text, defaultKind, defaultNamespace string) (Ref, error) {
	kind, namespace, name := defaultKind, defaultNamespace, strings.TrimSpace(text)
	colon, slash := strings.IndexByte(name, ':'), strings.IndexByte(name, '/')
	if colon >= 0 && (slash < 0 || colon < slash) {
		kind, name = name[:colon], name[colon+1:]
		if kind == "" {
			return Ref{}, fmt.Errorf("%q: %w", text, ErrRefSyntax)
		}
	}
	if before, after, found := strings.Cut(name, "/"); found {
		namespace, name = before, after
		if namespace == "" {
			return Ref{}, fmt.Errorf("%q: %w", text, ErrRefSyntax)
		}
	}
	if name == "" {
		return Ref{}, fmt.Errorf("%q: %w", text, ErrRefSyntax)
	}
	if kind == "" {
		return Ref{}, fmt.Errorf("%q: %w", text, ErrRefKind)
	}
	return NewRef(kind, namespace, name), nil
}

// String gives the full form kind:namespace/name, or "" for the zero Ref.
func (r Ref) String() string {
	if r.IsZero() {
		return ""
	}
	return r.Kind + ":" + r.Namespace + "/" + r.Name
}

// Short is the form people say: the name alone, with its namespace in front unless that is the
// default one.
func (r Ref) Short() string {
	if r.Namespace == DefaultNamespace || r.Namespace == "" {
		return r.Name
	}
	return r.Namespace + "/" + r.Name
}

// IsZero reports whether r names nothing.
func (r Ref) IsZero() bool { return r == Ref{} }

// Compare orders refs by kind, then namespace, then name.
func (r Ref) Compare(o Ref) int {
	if c := strings.Compare(r.Kind, o.Kind); c != 0 {
		return c
	}
	if c := strings.Compare(r.Namespace, o.Namespace); c != 0 {
		return c
	}
	return strings.Compare(r.Name, o.Name)
}

// MarshalText writes the full form.
func (r Ref) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads the full form; empty text gives the zero Ref.
func (r *Ref) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*r = Ref{}
		return nil
	}
	parsed, err := ParseRef(string(text), "", DefaultNamespace)
	if err != nil {
		return err
	}
	*r = parsed
	return nil
}
