package ingest

import (
	"strconv"
	"strings"

	"callboard/catalog"
)

// metadata judges everything below metadata, which is the same for all kinds.
func (c *checker) metadata(m *value) {
	switch {
	case m == nil:
		c.fail(catalog.RuleEnvelope, "/metadata", nil, "the field metadata is missing", "add metadata with a name")
		return
	case m.kind != objectKind:
		c.fail(catalog.RuleEnvelope, "/metadata", m, "metadata must be a mapping, but is "+m.kind.String(), "indent the fields below metadata, at least a name")
		return
	}
	c.name(m.get("name"))
	for i, key := range m.keys {
		v, pointer := &m.items[i], "/metadata/"+key
		switch key {
		case "namespace":
			c.namespaceField(v)
		case "title", "uid", "etag":
			c.plainText(v, pointer, false)
		case "description":
			c.plainText(v, pointer, true)
		case "labels", "annotations":
			c.pairs(v, key)
		case "tags":
			c.tags(v)
		case "links":
			c.links(v)
		}
	}
}

func (c *checker) name(v *value) {
	const pointer = "/metadata/name"
	switch {
	case v == nil:
		c.fail(catalog.RuleEnvelope, pointer, nil, "the field metadata.name is missing", "add name: the-name-of-the-entity below metadata")
	case v.kind == numberKind || v.kind == boolKind:
		c.fail(catalog.RuleEnvelope, pointer, v, "metadata.name must be text, but is "+v.kind.String(), "put it in quotes: "+strconv.Quote(v.text))
	case v.kind != textKind || v.text == "":
		c.fail(catalog.RuleEnvelope, pointer, v, "metadata.name must be text, but is "+emptyOr(v), "write name: the-name-of-the-entity")
	case !isName(v.text):
		c.fail(catalog.RuleField, pointer, v, "metadata.name must be 1 to 63 letters and digits, with - _ . between them"+tooLong(v.text),
			writeFix("name", repair(v.text, isNameByte), "shorten it, and use letters, digits and dashes only"))
	}
}

func (c *checker) namespaceField(v *value) {
	const pointer = "/metadata/namespace"
	switch {
	case v.kind != textKind || v.text == "":
		c.fail(catalog.RuleEnvelope, pointer, v, "metadata.namespace must be text, but is "+emptyOr(v), "delete it to use the namespace default, or write a name")
	case !isLabel(v.text):
		c.fail(catalog.RuleField, pointer, v, "metadata.namespace must be 1 to 63 lower-case letters and digits, with dashes between them"+tooLong(v.text),
			writeFix("namespace", repair(strings.ToLower(v.text), isLower), "use lower-case letters, digits and dashes only"))
	}
}

func (c *checker) plainText(v *value, pointer string, mayBeEmpty bool) {
	if v.kind == textKind && (v.text != "" || mayBeEmpty) {
		return
	}
	fix := "write a text, or delete the field"
	if v.kind == boolKind || v.kind == numberKind {
		fix = "put it in quotes: " + strconv.Quote(v.text)
	}
	c.fail(catalog.RuleField, pointer, v, dotted(pointer)+" must be text, but is "+emptyOr(v), fix)
}

func (c *checker) pairs(v *value, name string) {
	pointer := "/metadata/" + name
	if v.kind == nullKind && name == "annotations" {
		return // as Backstage, which adds annotations of its own before it looks
	}
	if v.kind != objectKind {
		c.fail(catalog.RuleField, pointer, v, dotted(pointer)+" must be a mapping, but is "+v.kind.String(), "write key: value pairs below it, or delete it")
		return
	}
	for i, key := range v.keys {
		item, at := &v.items[i], ""
		if !isKey(key) {
			at = catalog.Pointer(pointer, key)
			c.fail(catalog.RuleField, at, &value{kind: textKind, text: key}, "the key "+strconv.Quote(shorten(key))+" of "+name+" must read [domain/]name: a lower-case domain, a name of letters, digits and - _ .",
				"rename the key, as in example.com/"+orElse(repair(key[strings.LastIndexByte(key, '/')+1:], isNameByte), "name"))
		}
		switch {
		case item.kind == textKind && name == "annotations":
			c.annotation(item, key)
		case item.kind == textKind && (item.text == "" || isName(item.text)):
		case item.kind == textKind:
			c.fail(catalog.RuleField, catalog.Pointer(pointer, key), item, "the value of a label must be at most 63 letters and digits, with - _ . between them",
				writeFix(strconv.Quote(key), repair(item.text, isNameByte), "shorten it, or make it an annotation"))
		case item.kind == boolKind || item.kind == numberKind:
			c.fail(catalog.RuleField, catalog.Pointer(pointer, key), item, "the value of "+key+" must be text, but is "+item.kind.String(), "put it in quotes: "+strconv.Quote(item.text))
		default:
			c.fail(catalog.RuleField, catalog.Pointer(pointer, key), item, "the value of "+key+" must be text, but is "+item.kind.String(), "write a text in quotes, or delete the line")
		}
	}
}

func (c *checker) annotation(v *value, key string) {
	if (key == "backstage.io/view-url" || key == "backstage.io/edit-url") && isScript(v.text) {
		c.fail(catalog.RuleField, catalog.Pointer("/metadata/annotations", key), v, key+" cannot be a script", "write the URL of a page")
	}
}

func (c *checker) tags(v *value) {
	const pointer = "/metadata/tags"
	if v.kind != listKind {
		fix := "delete it, or write tags: []"
		if v.kind == textKind {
			fix = "write tags: [" + repair(strings.ToLower(v.text), isTagByte) + "]"
		}
		c.fail(catalog.RuleField, pointer, v, "metadata.tags must be a list, but is "+v.kind.String(), fix)
		return
	}
	for i := range v.items {
		tag := &v.items[i]
		if tag.kind == textKind && isTag(tag.text) {
			continue
		}
		at := pointer + "/" + strconv.Itoa(i)
		if tag.kind != textKind {
			c.fail(catalog.RuleField, at, tag, "a tag must be text, but is "+tag.kind.String(), quoteFix(tag))
			continue
		}
		c.fail(catalog.RuleField, at, tag, "a tag must be 1 to 63 lower-case letters, digits, and : + #, with single dashes between them"+tooLong(tag.text),
			writeFix("", repair(strings.ToLower(tag.text), isTagByte), "rename or delete it"))
	}
}

func (c *checker) links(v *value) {
	const pointer = "/metadata/links"
	if v.kind != listKind {
		c.fail(catalog.RuleField, pointer, v, "metadata.links must be a list, but is "+v.kind.String(), "write a list whose items have a url, or delete it")
		return
	}
	for i := range v.items {
		link, at := &v.items[i], pointer+"/"+strconv.Itoa(i)
		if link.kind != objectKind {
			c.fail(catalog.RuleField, at, link, "a link must be a mapping with a url, but is "+link.kind.String(), "write - url: "+orElse(link.str(), "https://example.com/"))
			continue
		}
		switch target := link.get("url"); {
		case target == nil:
			c.fail(catalog.RuleField, at+"/url", nil, "the link has no url", "add url: https://… to it, or delete it")
		case target.kind != textKind || target.text == "":
			c.fail(catalog.RuleField, at+"/url", target, "the url of a link must be text, but is "+emptyOr(target), "write url: https://…")
		case !isURL(target.text):
			c.fail(catalog.RuleField, at+"/url", target, "the url of a link must be a whole URL with its scheme", urlFix(target.text))
		}
		for _, name := range [...]string{"title", "icon", "type"} {
			item := link.get(name)
			if item == nil || item.kind == textKind && (strings.TrimSpace(item.text) != "" || name == "type" && item.text != "") {
				continue
			}
			c.fail(catalog.RuleField, at+"/"+name, item, "the "+name+" of a link must be text, but is "+emptyOr(item), "write a text, or delete the line")
		}
	}
}

func urlFix(text string) string {
	if whole := "https://" + strings.TrimLeft(text, "/"); isURL(whole) && strings.Contains(text, ".") && len(whole) <= 200 {
		return "write url: " + whole
	}
	return "write url: https://…"
}

func emptyOr(v *value) string {
	if v.kind == textKind {
		return nullKind.String()
	}
	return v.kind.String()
}

func quoteFix(v *value) string {
	if v.kind == boolKind || v.kind == numberKind {
		return "put it in quotes: " + strconv.Quote(v.text)
	}
	return "write a text, or delete it"
}

// writeFix proposes the repaired text, where there is one.
func writeFix(field, repaired, otherwise string) string {
	switch {
	case repaired == "":
		return otherwise
	case field == "":
		return "write " + repaired
	default:
		return "write " + field + ": " + repaired
	}
}

func tooLong(text string) string {
	if n := len([]rune(text)); n > maxName {
		return "; this has " + strconv.Itoa(n)
	}
	return ""
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
