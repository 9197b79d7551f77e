package backstage

import (
	"bytes"
	"slices"
	"strings"
)

// projection is the parameter fields: the paths of what is wanted of each entity. Empty is everything.
type projection []string

// Bounds of a projection.
const (
	maxFields = 50
	maxParts  = 20 // of a path
)

// parseProjection reads comma-separated paths, such as metadata.name.
func parseProjection(texts []string) (projection, error) {
	var fields projection
	for _, text := range texts {
		for field := range strings.SplitSeq(text, ",") {
			field = strings.TrimSpace(field)
			if strings.Contains(field, "[") {
				return nil, inputError("fields: %q names an item of a list; only whole lists can be had", field)
			}
			if strings.Count(field, ".") >= maxParts {
				return nil, inputError("fields: %q has more than %d parts", field, maxParts)
			}
			if field != "" {
				fields = append(fields, field)
			}
		}
	}
	if len(fields) > maxFields {
		return nil, inputError("fields: more than %d", maxFields)
	}
	return fields, nil
}

// apply gives the object raw reduced to the wanted fields. Fields that it lacks are left out.
func (f projection) apply(raw []byte) []byte {
	if len(f) == 0 {
		return raw
	}
	var root branch
	for _, field := range f {
		if path, value := resolve(raw, field); value != nil {
			root.set(path, value)
		}
	}
	var b bytes.Buffer
	root.write(&b)
	return b.Bytes()
}

// resolve follows a path of names joined by dots. A name is the fewest parts that name a member, so names
// that hold dots themselves are found too. The value is nil when there is nothing.
func resolve(raw []byte, field string) (path []string, value []byte) {
	name := ""
	for part := range strings.SplitSeq(field, ".") {
		if name += part; name != "" {
			value = member(raw, name)
		}
		if value == nil {
			name += "."
			continue
		}
		path, raw, name = append(path, name), value, ""
		value = nil
	}
	if name != "" || len(path) == 0 {
		return nil, nil
	}
	return path, raw
}

// branch is a part of a projected object: a whole value, or an object of branches.
type branch struct {
	name  string
	value []byte
	below []*branch
}

func (b *branch) set(path []string, value []byte) {
	if b.value != nil {
		return // all of it is there already
	}
	if len(path) == 0 {
		b.value, b.below = value, nil
		return
	}
	i := slices.IndexFunc(b.below, func(c *branch) bool { return c.name == path[0] })
	if i < 0 {
		i = len(b.below)
		b.below = append(b.below, &branch{name: path[0]})
	}
	b.below[i].set(path[1:], value)
}

func (b *branch) write(out *bytes.Buffer) {
	if b.value != nil {
		out.Write(b.value)
		return
	}
	out.WriteByte('{')
	for i, c := range b.below {
		if i > 0 {
			out.WriteByte(',')
		}
		out.Write(quote(c.name))
		out.WriteByte(':')
		c.write(out)
	}
	out.WriteByte('}')
}
