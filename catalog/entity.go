package catalog

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// Entity is the content of one accepted descriptor document. It is never changed once built, so
// snapshots share it. What depends on other documents (relations from the other end, conflicts,
// orphans) belongs to the Snapshot and is asked of a View.
type Entity struct {
	Ref        Ref
	APIVersion string
	Kind       string // as written, e.g. "API"
	Metadata   Metadata
	Spec       json.RawMessage // object with its fields in written order; nil when absent
	Type       string          // spec.type
	Lifecycle  string          // spec.lifecycle
	Declares   []Relation      // relations stated by this descriptor, sorted; the far ends follow in the Snapshot
	Origin     Origin
	Positions  Positions
}

// Metadata is an entity's metadata as written. Annotations that Backstage adds by itself are not
// in here; see View.Annotations.
type Metadata struct {
	Name        string
	Namespace   string // as written or the default
	Title       string
	Description string
	Labels      Pairs
	Annotations Pairs
	Tags        []string
	Links       []Link
	Extra       json.RawMessage // further fields as one JSON object; nil when there are none
}

// Link is one of metadata.links.
type Link struct {
	URL   string `json:"url"`
	Title string `json:"title,omitempty"`
	Icon  string `json:"icon,omitempty"`
	Type  string `json:"type,omitempty"`
}

// Pair is one label or annotation.
type Pair struct{ Key, Value string }

// Pairs is a small map, sorted by key.
type Pairs []Pair

// Get returns the value of key, or "".
func (p Pairs) Get(key string) string {
	if i, found := slices.BinarySearchFunc(p, key, func(a Pair, k string) int { return strings.Compare(a.Key, k) }); found {
		return p[i].Value
	}
	return ""
}

// MarshalJSON writes an object.
func (p Pairs) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, pair := range p {
		if i > 0 {
			b.WriteByte(',')
		}
		writeJSON(&b, pair.Key)
		b.WriteByte(':')
		writeJSON(&b, pair.Value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// UnmarshalJSON reads an object of strings.
func (p *Pairs) UnmarshalJSON(data []byte) error {
	var m map[string]string
	if err := json.Unmarshal(data, &m); err != nil {
		return err
	}
	*p = make(Pairs, 0, len(m))
	for k, v := range m {
		*p = append(*p, Pair{k, v})
	}
	slices.SortFunc(*p, func(a, b Pair) int { return strings.Compare(a.Key, b.Key) })
	return nil
}

// Relation is a directed, named connection as seen from one end.
type Relation struct {
	Type   string `json:"type"`
	Target Ref    `json:"targetRef"`
}

// Origin says where a document was read.
type Origin struct {
	Source   string `json:"source"`
	Path     string `json:"path"`               // slash-separated, relative to the repository's root
	Doc      int    `json:"doc,omitempty"`      // 1-based position among the file's documents; 0: the file as a whole
	Line     int    `json:"line,omitempty"`     // 1-based; 0: unknown
	Revision string `json:"revision,omitempty"` // commit at which the content was read
}

// String reads "source path:line".
func (o Origin) String() string { return o.Source + " " + o.Place() }

// Place reads "path:line", or the path alone where no line is known.
func (o Origin) Place() string {
	if o.Line == 0 {
		return o.Path
	}
	return o.Path + ":" + strconv.Itoa(o.Line)
}

// SpecString returns the string field of spec called name, or "".
func (e *Entity) SpecString(name string) string {
	var text string
	if json.Unmarshal(e.specField(name), &text) != nil {
		return ""
	}
	return text
}

// SpecStrings returns the list field of spec called name; a single string counts as a list of one.
func (e *Entity) SpecStrings(name string) []string {
	raw := e.specField(name)
	var list []string
	if json.Unmarshal(raw, &list) == nil {
		return list
	}
	var one string
	if json.Unmarshal(raw, &one) == nil && one != "" {
		return []string{one}
	}
	return nil
}

// SpecObject returns the string fields of the object in spec called name.
func (e *Entity) SpecObject(name string) map[string]string {
	var fields map[string]json.RawMessage
	if json.Unmarshal(e.specField(name), &fields) != nil {
		return nil
	}
	out := make(map[string]string, len(fields))
	for key, raw := range fields {
		var text string
		if json.Unmarshal(raw, &text) == nil {
			out[key] = text
		}
	}
	return out
}

func (e *Entity) specField(name string) json.RawMessage {
	var fields map[string]json.RawMessage
	if json.Unmarshal(e.Spec, &fields) != nil {
		return nil
	}
	return fields[name]
}

// DisplayName is the title, or the name where there is none.
func (e *Entity) DisplayName() string {
	if e.Metadata.Title != "" {
		return e.Metadata.Title
	}
	return e.Metadata.Name
}

func writeJSON(b *bytes.Buffer, v any) {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err) // only strings and plain structs come here; they always encode
	}
	b.Truncate(b.Len() - 1) // Encode ends with a newline
}
