package backstage

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"callboard/catalog"
)

// maxLength bounds keys and values of the search, in characters as JavaScript counts them. Longer keys do
// not exist, longer values are null. Backstage has the same limits.
const maxLength = 200

// row is a value that an entity has under a search key. Null has no text: it exists, and equals nothing.
type row struct {
	text string
	null bool
}

// rowsOf gives what Backstage's search would hold of an entity under key, which is in lower case. It
// returns a function because much depends on the key alone. Relations are not among its keys.
func rowsOf(key string) func(v catalog.View, e *catalog.Entity, emit func(row)) {
	scalar := func(of func(e *catalog.Entity) string) func(catalog.View, *catalog.Entity, func(row)) {
		return func(_ catalog.View, e *catalog.Entity, emit func(row)) {
			if text := of(e); text != "" {
				emit(textRow(text))
			}
		}
	}
	switch key {
	case "apiversion":
		return scalar(func(e *catalog.Entity) string { return e.APIVersion })
	case "kind":
		return scalar(func(e *catalog.Entity) string { return e.Kind })
	case "metadata.name":
		return scalar(func(e *catalog.Entity) string { return e.Metadata.Name })
	case "metadata.namespace":
		return scalar(func(e *catalog.Entity) string { return e.Metadata.Namespace })
	case "metadata.title":
		return scalar(func(e *catalog.Entity) string { return e.Metadata.Title })
	case "metadata.description":
		return scalar(func(e *catalog.Entity) string { return e.Metadata.Description })
	case "metadata.uid":
		return scalar(func(e *catalog.Entity) string { return catalog.UID(e.Ref) })
	}
	rest, found := strings.CutPrefix(key, "spec.")
	if found {
		return func(_ catalog.View, e *catalog.Entity, emit func(row)) { search(e.Spec, rest, emit) }
	}
	if rest, found = strings.CutPrefix(key, "metadata."); found {
		return metadataRows(rest)
	}
	return func(catalog.View, *catalog.Entity, func(row)) {}
}

// metadataRows is rowsOf for the keys below metadata that are no single field.
func metadataRows(key string) func(v catalog.View, e *catalog.Entity, emit func(row)) {
	field, rest, deeper := strings.Cut(key, ".")
	if deeper && rest == "" {
		return func(catalog.View, *catalog.Entity, func(row)) {}
	}
	switch field {
	case "tags":
		return func(_ catalog.View, e *catalog.Entity, emit func(row)) { tagRows(e.Metadata.Tags, rest, emit) }
	case "links":
		return func(_ catalog.View, e *catalog.Entity, emit func(row)) { linkRows(e.Metadata.Links, rest, emit) }
	case "labels":
		return func(_ catalog.View, e *catalog.Entity, emit func(row)) { pairRows(e.Metadata.Labels, rest, emit) }
	case "annotations":
		added := isAdded(rest)
		return func(v catalog.View, e *catalog.Entity, emit func(row)) {
			if added {
				pairRows(v.Annotations(e), rest, emit)
			} else {
				pairRows(e.Metadata.Annotations, rest, emit)
			}
		}
	case "name", "namespace", "title", "description", "uid", "etag":
		return func(catalog.View, *catalog.Entity, func(row)) {}
	}
	return func(_ catalog.View, e *catalog.Entity, emit func(row)) { search(e.Metadata.Extra, key, emit) }
}

// isAdded reports whether an annotation is one that View.Annotations adds to those of the descriptor.
func isAdded(key string) bool {
	switch strings.TrimPrefix(key, "backstage.io/") {
	case "view-url", "edit-url", "source-location", "managed-by-location", "managed-by-origin-location", "orphan":
		return true
	}
	return false
}

func tagRows(tags []string, rest string, emit func(row)) {
	for _, tag := range tags {
		if rest == "" {
			emit(textRow(tag))
		} else if strings.ToLower(tag) == rest {
			emit(row{text: "true"})
		}
	}
}

func linkRows(links []catalog.Link, rest string, emit func(row)) {
	for _, link := range links {
		text := ""
		switch rest {
		case "url":
			text = link.URL
		case "title":
			text = link.Title
		case "icon":
			text = link.Icon
		case "type":
			text = link.Type
		}
		if text != "" {
			emit(textRow(text))
		}
	}
}

func pairRows(pairs catalog.Pairs, key string, emit func(row)) {
	for _, pair := range pairs {
		if len(pair.Key) == len(key) && strings.ToLower(pair.Key) == key {
			emit(textRow(pair.Value))
		}
	}
}

// search finds what stands under key in raw: members of objects by their names joined with dots, items of
// arrays under the array's own key, and each text of an array also as a key of its own, whose value is true.
func search(raw []byte, key string, emit func(row)) {
	if len(raw) == 0 {
		return
	}
	switch raw[0] {
	case '{':
		eachMember(raw, func(quoted, value []byte) {
			if !mayBegin(key, quoted) {
				return
			}
			name := strings.ToLower(unquote(quoted))
			rest, found := strings.CutPrefix(key, name)
			switch {
			case !found || key == "":
			case rest == "" && value[0] != '{':
				search(value, "", emit)
			case rest != "" && rest[0] == '.':
				search(value, rest[1:], emit)
			}
		})
	case '[':
		eachItem(raw, func(item []byte) {
			search(item, key, emit)
			if key != "" && item[0] == '"' && strings.ToLower(unquote(item)) == key {
				emit(row{text: "true"})
			}
		})
	default:
		if key == "" {
			emit(scalarRow(raw))
		}
	}
}

// mayBegin tells most names that key does not begin with, without making anything of them.
func mayBegin(key string, quoted []byte) bool {
	if key == "" || len(quoted) < 3 {
		return false
	}
	c := quoted[1]
	return c == '\\' || c >= utf8.RuneSelf || c|0x20 == key[0]|0x20
}

func scalarRow(raw []byte) row {
	switch raw[0] {
	case '"':
		return textRow(unquote(raw))
	case 'n':
		return row{null: true}
	case 't', 'f':
		return row{text: string(raw)}
	}
	return row{text: number(string(raw))}
}

func textRow(text string) row {
	if isLong(text) {
		return row{null: true}
	}
	return row{text: text}
}

func isLong(text string) bool {
	if len(text) <= maxLength {
		return false
	}
	length := 0
	for _, r := range text {
		if length++; r > 0xFFFF {
			length++ // JavaScript counts UTF-16 units
		}
	}
	return length > maxLength
}

// number writes a number as JavaScript does.
func number(text string) string {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return text
	}
	size := max(value, -value)
	if size == 0 {
		return "0"
	}
	if size >= 1e-6 && size < 1e21 {
		return strconv.FormatFloat(value, 'f', -1, 64)
	}
	digits := strconv.FormatFloat(value, 'e', -1, 64)
	mantissa, exponent, _ := strings.Cut(digits, "e")
	return mantissa + "e" + exponent[:1] + strings.TrimLeft(exponent[1:], "0")
}

// lower is how keys and values are compared. What is not UTF-8 can be in no catalog; it becomes a
// character that matches nothing.
func lower(text string) string {
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "\uFFFD")
	}
	return strings.ToLower(text)
}
