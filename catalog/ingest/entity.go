package ingest

import (
	"encoding/json"
	"iter"
	"path"
	"slices"
	"strings"

	"callboard/catalog"
)

// entity builds the entity of a document that has no errors.
func (c *checker) entity() *catalog.Entity {
	spec := c.root.get("spec")
	metadata := c.metadataOf(c.root.get("metadata"))
	if c.doc.Ref.Name == metadata.Name {
		c.doc.Ref.Name = metadata.Name // one text for both
	}
	e := &catalog.Entity{
		Ref:        c.doc.Ref,
		APIVersion: c.shapes.word(c.root.get("apiVersion").str()),
		Kind:       c.shapes.word(c.root.get("kind").str()),
		Metadata:   metadata,
		Type:       c.shapes.word(spec.get("type").str()),
		Lifecycle:  c.shapes.word(spec.get("lifecycle").str()),
		Declares:   sortedRelations(c.declares),
		Origin:     c.doc.Origin,
		Positions:  c.doc.Positions,
	}
	if spec != nil {
		e.Spec = spec.bytes()
	}
	return e
}

// bytes writes the value as JSON into memory of just its size.
func (v *value) bytes() json.RawMessage {
	return slices.Clip(slices.Clone(v.appendJSON(make([]byte, 0, 1024))))
}

func (c *checker) metadataOf(m *value) catalog.Metadata {
	out := catalog.Metadata{Namespace: catalog.DefaultNamespace}
	var extra value
	for i, key := range m.keys {
		v := &m.items[i]
		switch key {
		case "name":
			out.Name = v.str()
		case "namespace":
			out.Namespace = c.shapes.word(v.text)
		case "title":
			out.Title = v.str()
		case "description":
			out.Description = v.str()
		case "labels":
			out.Labels = c.pairsOf(v)
		case "annotations":
			out.Annotations = c.pairsOf(v)
		case "tags":
			out.Tags = make([]string, 0, len(v.items))
			for j := range v.items {
				out.Tags = append(out.Tags, c.shapes.word(v.items[j].text))
			}
		case "links":
			for j := range v.items {
				link := &v.items[j]
				out.Links = append(out.Links, catalog.Link{
					URL: link.get("url").str(), Title: link.get("title").str(), Icon: c.shapes.word(link.get("icon").str()), Type: c.shapes.word(link.get("type").str()),
				})
			}
		default:
			extra.keys, extra.items = append(extra.keys, key), append(extra.items, *v)
		}
	}
	if extra.keys != nil {
		extra.kind = objectKind
		out.Extra = extra.bytes()
	}
	pack(&out)
	return out
}

// pack moves the texts that few documents share into one string, so that a document costs the heap one object
// for them instead of some fifteen, and nothing of its file is kept.
func pack(m *catalog.Metadata) {
	size := 0
	for text := range ownTexts(m) {
		size += len(*text)
	}
	var all strings.Builder
	all.Grow(size)
	for text := range ownTexts(m) {
		start := all.Len()
		all.WriteString(*text)
		*text = all.String()[start:]
	}
}

// ownTexts goes over the texts of metadata that are not words of Shapes.
func ownTexts(m *catalog.Metadata) iter.Seq[*string] {
	return func(yield func(*string) bool) {
		more := yield(&m.Name) && yield(&m.Title) && yield(&m.Description)
		for _, pairs := range []catalog.Pairs{m.Labels, m.Annotations} {
			for i := 0; more && i < len(pairs); i++ {
				more = yield(&pairs[i].Value)
			}
		}
		for i := 0; more && i < len(m.Links); i++ {
			more = yield(&m.Links[i].URL) && yield(&m.Links[i].Title)
		}
	}
}

func (c *checker) pairsOf(v *value) catalog.Pairs {
	pairs := make(catalog.Pairs, len(v.keys))
	for i, key := range v.keys {
		pairs[i] = catalog.Pair{Key: c.shapes.word(key), Value: v.items[i].str()}
	}
	slices.SortFunc(pairs, func(a, b catalog.Pair) int { return strings.Compare(a.Key, b.Key) })
	return pairs
}

func sortedRelations(relations []catalog.Relation) []catalog.Relation {
	slices.SortFunc(relations, func(a, b catalog.Relation) int {
		if c := strings.Compare(a.Type, b.Type); c != 0 {
			return c
		}
		return a.Target.Compare(b.Target)
	})
	if len(relations) == 0 {
		return nil
	}
	relations = slices.Compact(relations)
	return append(make([]catalog.Relation, 0, len(relations)), relations...) // of just that size
}

// Targets gives what a Location entity points at, in order: its type ("" where none is written),
// the targets, and whether a missing one is no error.
func Targets(e *catalog.Entity) (typ string, targets []string, optional bool) {
	var spec struct {
		Target   string   `json:"target"`
		Targets  []string `json:"targets"`
		Presence string   `json:"presence"`
	}
	if json.Unmarshal(e.Spec, &spec) != nil {
		return e.Type, nil, false
	}
	if spec.Target != "" {
		targets = append(targets, spec.Target)
	}
	return e.Type, append(targets, spec.Targets...), spec.Presence == "optional"
}

// SkeletonDirs gives the directories, relative to the repository's root, that the steps of a
// Template entity name by a relative URL, sorted. Nothing below them is a descriptor. For other
// entities it gives none.
func SkeletonDirs(e *catalog.Entity) []string {
	if e.Ref.Kind != "template" {
		return nil
	}
	var spec struct {
		Steps []struct {
			Input map[string]json.RawMessage `json:"input"`
		} `json:"steps"`
	}
	if json.Unmarshal(e.Spec, &spec) != nil {
		return nil
	}
	var dirs []string
	for _, step := range spec.Steps {
		var target string
		if json.Unmarshal(step.Input["url"], &target) != nil || target == "" || isURL(target) {
			continue
		}
		if dir := skeletonDir(path.Dir(e.Origin.Path), target); dir != "" {
			dirs = append(dirs, dir)
		}
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}

// skeletonDir resolves a step's url. Where part of it is only known when the template runs, the
// directory above that part counts; the template's own directory and what is above it never do.
func skeletonDir(home, target string) string {
	if cut := strings.Index(target, "{{"); cut >= 0 {
		target = target[:strings.LastIndexByte(target[:cut], '/')+1]
	}
	dir := path.Join(home, target)
	if strings.HasPrefix(target, "/") {
		dir = path.Join(".", strings.TrimLeft(target, "/"))
	}
	if escapes(".", dir) || dir == "." || dir == home || strings.HasPrefix(home, dir+"/") {
		return ""
	}
	return dir
}
