package ingest

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"callboard/catalog"
)

// checker collects all that is wrong with one document. Problems name fields by pointer; their
// places in the file are filled in at the end.
type checker struct {
	doc       *catalog.Document
	root      *value
	namespace string
	shapes    *Shapes
	declares  []catalog.Relation
}

func (c *checker) report(severity catalog.Severity, rule catalog.Rule, pointer string, v *value, text, fix string) {
	c.doc.Problems = append(c.doc.Problems, catalog.Problem{
		Origin: c.doc.Origin, Ref: c.doc.Ref, Pointer: pointer, Severity: severity, Rule: rule,
		Text: text, Value: v.sample(), Fix: fix,
	})
}

func (c *checker) fail(rule catalog.Rule, pointer string, v *value, text, fix string) {
	c.report(catalog.Error, rule, pointer, v, text, fix)
}

func (c *checker) failed() bool {
	for i := range c.doc.Problems {
		if c.doc.Problems[i].Severity == catalog.Error {
			return true
		}
	}
	return false
}

// check judges the whole document. Where it is no entity at all, that is all it says.
func (c *checker) check() {
	root := c.root
	if root.kind != objectKind {
		c.fail(catalog.RuleEnvelope, "", root, "this document is not an entity: it is "+root.kind.String(),
			"a descriptor is a mapping with apiVersion, kind, metadata and spec")
		return
	}
	if root.get("apiVersion") == nil && root.get("kind") == nil {
		c.fail(catalog.RuleEnvelope, "", nil, "this document is not an entity: it has no apiVersion and no kind",
			"add them, as in apiVersion: backstage.io/v1alpha1 and kind: Component, or keep the file out of the source's paths")
		return
	}
	metadata := root.get("metadata")
	if name := metadata.get("name"); isTemplated(name) {
		c.fail(catalog.RuleSkeleton, "/metadata/name", name, "this is the unrendered skeleton of a template: its name holds template syntax",
			"keep skeletons out of the source's paths and of globs in Locations")
		return
	}
	if version := c.root.get("apiVersion").str(); isAPIVersion(version) && !strings.Contains(version, "backstage") {
		c.fail(catalog.RuleKind, "/apiVersion", c.root.get("apiVersion"), "this is no entity of Backstage's: its apiVersion is "+strconv.Quote(shorten(version)),
			"keep the file out of the source's paths, or write apiVersion: backstage.io/v1alpha1 if it is meant as a descriptor")
		return
	}
	apiVersion := c.required("apiVersion", "apiVersion: backstage.io/v1alpha1")
	kind := c.required("kind", "kind: Component")
	c.rootFields()
	c.metadata(metadata)
	c.kindAndSpec(apiVersion, kind)
	c.caseClashes()
}

// isTemplated sees ${{ x }}, which is text, and {{ x }}, which is a mapping with a mapping as its key.
func isTemplated(name *value) bool {
	if name == nil {
		return false
	}
	if name.kind == objectKind && len(name.keys) == 1 && name.items[0].kind == nullKind {
		return strings.HasPrefix(name.keys[0], "{ ")
	}
	return hasTemplate(name.str())
}

// required gives the root field that must be a text, or "" after saying what is wrong with it.
func (c *checker) required(name, example string) string {
	v := c.root.get(name)
	switch {
	case v == nil:
		c.fail(catalog.RuleEnvelope, "/"+name, nil, "the field "+name+" is missing", "add "+example)
	case v.kind != textKind:
		c.fail(catalog.RuleEnvelope, "/"+name, v, name+" must be text, but is "+v.kind.String(), "write it as in "+example)
	case v.text == "":
		c.fail(catalog.RuleEnvelope, "/"+name, v, name+" is empty", "write it as in "+example)
	default:
		return v.text
	}
	return ""
}

func (c *checker) rootFields() {
	for i, key := range c.root.keys {
		switch key {
		case "apiVersion", "kind", "metadata", "spec":
			continue
		}
		fix := "move it below spec or metadata, or delete it"
		for _, known := range [...]string{"apiVersion", "kind", "metadata", "spec"} {
			if catalog.Typos(strings.ToLower(key), strings.ToLower(known), 1) < 2 {
				fix = "write it as " + known
			}
		}
		c.fail(catalog.RuleRoot, catalog.Pointer("", key), &c.root.items[i],
			"the field "+strconv.Quote(shorten(key))+" does not belong at the top of an entity, which has apiVersion, kind, metadata and spec only", fix)
	}
}

func (c *checker) kindAndSpec(apiVersion, kind string) {
	model := c.kindOf(apiVersion, kind)
	spec := c.root.get("spec")
	switch {
	case spec == nil && model == "":
	case spec == nil:
		c.fail(catalog.RuleSpec, "/spec", nil, "the field spec is missing", "add spec with "+requiredFields(model))
	case spec.kind != objectKind:
		c.fail(catalog.RuleSpec, "/spec", spec, "spec must be a mapping, but is "+spec.kind.String(), "indent the fields below spec")
	default:
		c.fields(fieldsOf(model, spec.get("type").str()), spec, "/spec")
		if model == "Location" {
			c.scripts(spec)
		}
	}
}

// kindOf checks kind and apiVersion and gives the kind by whose rules spec is judged: the one
// that was surely meant, or "".
func (c *checker) kindOf(apiVersion, kind string) string {
	if apiVersion != "" && !isAPIVersion(apiVersion) {
		c.fail(catalog.RuleField, "/apiVersion", c.root.get("apiVersion"), "apiVersion must read prefix/version in letters and digits", "write apiVersion: backstage.io/v1alpha1")
	}
	if kind == "" {
		return ""
	}
	node := c.root.get("kind")
	meant := closestKind(kind)
	if meant != kind {
		text, fix := "there is no kind "+strconv.Quote(shorten(kind)), "use one of "+strings.Join(kindNames(), ", ")
		if !isKind(kind) {
			text += "; kinds are letters and digits"
		}
		if meant != "" {
			fix = "write kind: " + meant
		}
		c.fail(catalog.RuleKind, "/kind", node, text, fix)
		if !strings.EqualFold(kind, meant) {
			return ""
		}
	}
	if apiVersion == "" || !isAPIVersion(apiVersion) {
		return meant
	}
	versions := versionsOf(meant)
	if slices.Contains(versions, apiVersion) {
		return meant
	}
	c.fail(catalog.RuleKind, "/apiVersion", c.root.get("apiVersion"), "there is no kind "+meant+" in apiVersion "+strconv.Quote(shorten(apiVersion)), "write apiVersion: "+versions[0])
	if meant == "Template" { // older templates have another spec
		return ""
	}
	return meant
}

func requiredFields(kind string) string {
	var names []string
	for _, f := range fieldsOf(kind, "") {
		if f.must {
			names = append(names, f.name)
		}
	}
	if names == nil {
		return "its fields, or spec: {}"
	}
	return strings.Join(names, ", ")
}

// scripts refuses targets of a Location that would run in a browser.
func (c *checker) scripts(spec *value) {
	one := func(v *value, pointer string) {
		if isScript(v.str()) {
			c.fail(catalog.RuleSpec, pointer, v, "a Location cannot point at a script", "write the path or URL of a descriptor")
		}
	}
	one(spec.get("target"), "/spec/target")
	if targets := spec.get("targets"); targets != nil && targets.kind == listKind {
		for i := range targets.items {
			one(&targets.items[i], "/spec/targets/"+strconv.Itoa(i))
		}
	}
}

// fields judges a mapping by the rows of the table.
func (c *checker) fields(fields []field, v *value, pointer string) {
	for i := range fields {
		f := &fields[i]
		at := pointer + "/" + f.name
		item := v.get(f.name)
		if item == nil {
			if f.must {
				c.fail(catalog.RuleSpec, at, nil, "the field "+dotted(at)+" is missing", "add "+f.example)
			}
			continue
		}
		c.field(f, item, at)
	}
}

func (c *checker) field(f *field, v *value, pointer string) {
	switch f.shape {
	case oneText, anyText:
		c.text(f, v, pointer)
	case textOrBool:
		if v.kind != boolKind {
			c.text(f, v, pointer)
		}
	case texts, anyTextList:
		c.list(f, v, pointer, c.text)
	case oneOrTexts:
		if v.kind == textKind {
			c.text(f, v, pointer)
		} else {
			c.list(f, v, pointer, c.text)
		}
	case mapping:
		c.mapping(f, v, pointer)
	case mappings:
		c.list(f, v, pointer, c.mapping)
	case oneOrMaps:
		if v.kind == objectKind {
			c.mapping(f, v, pointer)
		} else {
			c.list(f, v, pointer, c.mapping)
		}
	}
}

func (c *checker) list(f *field, v *value, pointer string, each func(f *field, v *value, pointer string)) {
	if v.kind != listKind {
		fix := "write it as a list: one item a line, each behind a dash"
		if v.kind == textKind && v.text != "" && len(v.text) <= maxName {
			fix = "write " + f.name + ": [" + v.text + "]"
		}
		if v.kind == nullKind {
			fix = "delete it, or write " + f.name + ": []"
		}
		c.fail(catalog.RuleSpec, pointer, v, dotted(pointer)+" must be a list, but is "+v.kind.String(), fix)
		return
	}
	if len(v.items) < f.least {
		c.fail(catalog.RuleSpec, pointer, v, dotted(pointer)+" must have an item at least", "write "+f.example)
	}
	for i := range v.items {
		each(f, &v.items[i], pointer+"/"+strconv.Itoa(i))
	}
}

func (c *checker) mapping(f *field, v *value, pointer string) {
	if v.kind != objectKind {
		c.fail(catalog.RuleSpec, pointer, v, dotted(pointer)+" must be a mapping, but is "+v.kind.String(), "write it as field: value pairs, or delete it")
		return
	}
	c.fields(f.fields, v, pointer)
	if !f.others {
		return
	}
	for i, key := range v.keys {
		known := false
		for _, row := range f.fields {
			known = known || row.name == key
		}
		if !known {
			c.text(&field{name: key, shape: anyText}, &v.items[i], catalog.Pointer(pointer, key))
		}
	}
}

func (c *checker) text(f *field, v *value, pointer string) {
	switch {
	case v.kind != textKind:
		c.fail(catalog.RuleSpec, pointer, v, dotted(pointer)+" must be text, but is "+v.kind.String(), textFix(f, v))
	case v.text == "" && f.shape != anyText && f.shape != anyTextList && f.shape != textOrBool:
		c.fail(catalog.RuleSpec, pointer, v, dotted(pointer)+" is empty", textFix(f, v))
	case f.most > 0 && utf8.RuneCountInString(v.text) > f.most:
		c.fail(catalog.RuleSpec, pointer, v, dotted(pointer)+" is longer than "+strconv.Itoa(f.most)+" characters", "shorten it")
	case f.oneOf != "" && (strings.Contains(v.text, " ") || !hasWord(f.oneOf, v.text)):
		c.fail(catalog.RuleSpec, pointer, v, dotted(pointer)+" must be one of: "+strings.ReplaceAll(f.oneOf, " ", ", "), "write one of these, or delete the field")
	case f.refs:
		c.reference(f, v, pointer)
	}
}

func textFix(f *field, v *value) string {
	switch {
	case v.kind == boolKind || v.kind == numberKind:
		return "put it in quotes: " + strconv.Quote(v.text)
	case v.kind == objectKind && len(v.keys) == 1 && strings.HasPrefix(v.keys[0], "$"):
		return "only $text, $json and $yaml read files; " + v.keys[0] + " is not known"
	case f.must:
		return "write it as in " + f.example
	default:
		return "write a text, or delete the field"
	}
}

func (c *checker) reference(f *field, v *value, pointer string) {
	ref, err := catalog.ParseRef(c.shapes.word(v.text), f.kind, c.namespace)
	if err != nil {
		text, fix := dotted(pointer)+" is not an entity reference, which reads [kind:][namespace/]name", "write the name of an entity"
		if f.kind == "" && !strings.Contains(v.text, ":") {
			text, fix = dotted(pointer)+" must say the kind of what it refers to", "write component:"+v.text+" or resource:"+v.text
		}
		c.fail(catalog.RuleReference, pointer, v, text, fix)
		return
	}
	if f.only != "" && !hasWord(f.only, ref.Kind) {
		c.report(catalog.Warning, catalog.RuleReference, pointer, v,
			dotted(pointer)+" can lead to a "+strings.ReplaceAll(f.only, " ", " or ")+" only; the reference to "+ref.String()+" is left out",
			"name a "+strings.ReplaceAll(f.only, " ", " or "))
		return
	}
	c.declares = append(c.declares, catalog.Relation{Type: f.relation, Target: ref})
}

// hasWord reports whether a list separated by blanks holds the word.
func hasWord(words, word string) bool {
	for one := range strings.SplitSeq(words, " ") {
		if one == word {
			return true
		}
	}
	return false
}

// dotted writes a pointer as people do: /spec/steps/0/id is spec.steps[0].id.
func dotted(pointer string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		switch {
		case b.Len() == 0:
			b.WriteString(part)
		case all(part, isDigit):
			b.WriteString("[" + part + "]")
		default:
			b.WriteString("." + strings.NewReplacer("~1", "/", "~0", "~").Replace(part))
		}
	}
	return b.String()
}
