package catalogtest

import (
	"bytes"
	"encoding/json"
	"path"
	"slices"
	"strconv"
	"strings"

	"callboard/catalog"
)

// The kinds, as descriptors write them.
const (
	kindComponent = "Component"
	kindAPI       = "API"
	kindResource  = "Resource"
	kindSystem    = "System"
	kindDomain    = "Domain"
	kindGroup     = "Group"
	kindUser      = "User"
)

const apiVersion = "backstage.io/v1alpha1"

// descriptor is one entity before it becomes a file or a document.
type descriptor struct {
	path        string
	kind, name  string
	title       string
	description string
	labels      []catalog.Pair
	annotations []catalog.Pair
	tags        []string
	links       []catalog.Link
	spec        []field
	relations   []catalog.Relation
}

// field is one field of the spec; exactly one of the values is set.
type field struct {
	name string
	text string
	list []string
	sub  []catalog.Pair // an object of strings
}

// relate adds a field that names other entities, and the relations that it stands for.
func (d *descriptor) relate(name, relation string, list bool, targets ...catalog.Ref) {
	f := field{name: name}
	for _, target := range targets {
		d.relations = append(d.relations, catalog.Relation{Type: relation, Target: target})
		f.list = append(f.list, written(name, target))
	}
	if !list {
		f.text, f.list = f.list[0], nil
	} else if f.list == nil {
		f.list = []string{}
	}
	d.spec = append(d.spec, f)
}

// written is a reference as people write it: short where the field implies the kind.
func written(field string, target catalog.Ref) string {
	if field == "dependsOn" || field == "owner" && target.Kind != "group" {
		return target.Kind + ":" + target.Name
	}
	return target.Name
}

func (d *descriptor) yaml() []byte {
	var b bytes.Buffer
	line := func(indent int, parts ...string) {
		b.WriteString(strings.Repeat("  ", indent))
		b.WriteString(strings.Join(parts, ""))
		b.WriteByte('\n')
	}
	line(0, "apiVersion: ", apiVersion)
	line(0, "kind: ", d.kind)
	line(0, "metadata:")
	line(1, "name: ", d.name)
	line(1, "title: ", d.title)
	line(1, "description: ", d.description)
	for _, m := range []field{{name: "labels", sub: d.labels}, {name: "annotations", sub: d.annotations}, {name: "tags", list: d.tags}} {
		if len(m.sub)+len(m.list) > 0 {
			m.yaml(line)
		}
	}
	if len(d.links) > 0 {
		line(1, "links:")
	}
	for _, link := range d.links {
		line(2, "- url: ", link.URL)
		line(3, "title: ", link.Title)
		line(3, "icon: ", link.Icon)
	}
	line(0, "spec:")
	for _, f := range d.spec {
		f.yaml(line)
	}
	return b.Bytes()
}

func (f field) yaml(line func(indent int, parts ...string)) {
	switch {
	case f.sub != nil:
		line(1, f.name, ":")
		for _, p := range f.sub {
			line(2, p.Key, ": ", quoted(p.Value))
		}
	case f.list != nil && len(f.list) == 0:
		line(1, f.name, ": []")
	case f.list != nil:
		line(1, f.name, ":")
		for _, item := range f.list {
			line(2, "- ", item)
		}
	case strings.Contains(f.text, "\n"):
		line(1, f.name, ": |")
		for text := range strings.Lines(f.text) {
			line(2, strings.TrimSuffix(text, "\n"))
		}
	default:
		line(1, f.name, ": ", f.text)
	}
}

// quoted puts quotes around what YAML would not read as a string otherwise.
func quoted(value string) string {
	if value == "true" || strings.Trim(value, "0123456789") == "" || strings.ContainsAny(value[:1], "{[*&!|>%@") {
		return strconv.Quote(value)
	}
	return value
}

func (d *descriptor) document() *catalog.Document {
	e := &catalog.Entity{
		Ref:        catalog.NewRef(d.kind, "", d.name),
		APIVersion: apiVersion,
		Kind:       d.kind,
		Metadata: catalog.Metadata{
			Name: d.name, Namespace: catalog.DefaultNamespace, Title: d.title, Description: d.description,
			Labels: pairs(d.labels), Annotations: pairs(d.annotations), Tags: d.tags, Links: d.links,
		},
		Spec:     d.specJSON(),
		Declares: slices.Clone(d.relations),
		Origin:   catalog.Origin{Source: Source, Path: d.path, Doc: 1, Line: 1},
	}
	for _, f := range d.spec {
		switch f.name {
		case "type":
			e.Type = f.text
		case "lifecycle":
			e.Lifecycle = f.text
		}
	}
	slices.SortFunc(e.Declares, func(a, b catalog.Relation) int {
		if a.Type != b.Type {
			return strings.Compare(a.Type, b.Type)
		}
		return a.Target.Compare(b.Target)
	})
	return &catalog.Document{Origin: e.Origin, Ref: e.Ref, Entity: e, Holds: true}
}

func pairs(list []catalog.Pair) catalog.Pairs {
	sorted := slices.Clone(list)
	slices.SortFunc(sorted, func(a, b catalog.Pair) int { return strings.Compare(a.Key, b.Key) })
	return sorted
}

func (d *descriptor) specJSON() json.RawMessage {
	var b bytes.Buffer
	for i, f := range d.spec {
		b.WriteString(map[bool]string{true: "{", false: ","}[i == 0])
		var value any = f.text
		if f.list != nil {
			value = f.list
		} else if f.sub != nil {
			value = pairs(f.sub)
		}
		text, err := json.Marshal(value)
		if err != nil {
			panic(err) // strings always encode
		}
		b.WriteString(strconv.Quote(f.name))
		b.WriteByte(':')
		b.Write(text)
	}
	b.WriteByte('}')
	return b.Bytes()
}

// folder is where the entity's files are.
func (d *descriptor) folder() string { return path.Dir(d.path) }
