package catalog

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// Describe gives the entity as JSON in Backstage's shape: what its descriptor says, the annotations
// that Backstage adds, and the relations of both ends as the viewer sees them. As in Backstage,
// metadata.uid and metadata.etag are not the descriptor's: the one is UID, the other a digest of all
// the rest, so it changes when anything that the viewer sees of the entity does.
func (v View) Describe(e *Entity) ([]byte, error) {
	// Thousands are asked for each second, so this is written by hand: encoding/json takes ten times as long.
	b := make([]byte, 0, 1024+len(e.Spec)+len(e.Metadata.Description)+len(e.Metadata.Extra))
	b = append(appendText(append(b, `{"apiVersion":`...), e.APIVersion), `,"kind":`...)
	b = append(appendText(b, e.Kind), `,"metadata":{"etag":"`...)
	etag := len(b)
	b = append(b, emptyEtag...)
	b, err := v.appendMetadata(b, e)
	if err != nil {
		return nil, fmt.Errorf("describe %s: %w", e.Ref, err)
	}
	b = append(b, '}')
	if e.Spec != nil {
		if b, err = appendCompact(append(b, `,"spec":`...), e.Spec); err != nil {
			return nil, fmt.Errorf("describe %s: spec: %w", e.Ref, err)
		}
	}
	b = append(b, `,"relations":[`...)
	for i, r := range v.Relations(e.Ref) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendText(append(b, `{"type":`...), r.Type), `,"targetRef":`...)
		b = append(appendText(b, r.Target.String()), '}')
	}
	b = append(b, "]}"...)
	digest := sha256.Sum256(b)
	hex.Encode(b[etag:], digest[:len(emptyEtag)/2])
	return b, nil
}

// emptyEtag holds the place of the digest while it is made.
const emptyEtag = "0000000000000000000000000000000000000000"

// appendMetadata writes the fields of metadata behind the value of its first one.
func (v View) appendMetadata(b []byte, e *Entity) ([]byte, error) {
	m := &e.Metadata
	b = append(b, `","uid":"`...)
	b = append(append(b, UID(e.Ref)...), `","name":`...)
	b = append(appendText(b, m.Name), `,"namespace":`...)
	b = appendText(b, m.Namespace)
	if m.Title != "" {
		b = appendText(append(b, `,"title":`...), m.Title)
	}
	if m.Description != "" {
		b = appendText(append(b, `,"description":`...), m.Description)
	}
	if len(m.Labels) > 0 {
		b = appendPairs(append(b, `,"labels":`...), m.Labels)
	}
	b = appendPairs(append(b, `,"annotations":`...), v.Annotations(e))
	for i, tag := range m.Tags {
		b = appendText(append(b, opening(i, `,"tags":[`)...), tag)
	}
	if len(m.Tags) > 0 {
		b = append(b, ']')
	}
	for i, link := range m.Links {
		b = appendLink(append(b, opening(i, `,"links":[`)...), link)
	}
	if len(m.Links) > 0 {
		b = append(b, ']')
	}
	return appendExtra(b, m.Extra)
}

func opening(i int, first string) string {
	if i == 0 {
		return first
	}
	return ","
}

func appendLink(b []byte, link Link) []byte {
	b = appendText(append(b, `{"url":`...), link.URL)
	for _, field := range [...]Pair{{`,"title":`, link.Title}, {`,"icon":`, link.Icon}, {`,"type":`, link.Type}} {
		if field.Value != "" {
			b = appendText(append(b, field.Key...), field.Value)
		}
	}
	return append(b, '}')
}

func appendPairs(b []byte, pairs Pairs) []byte {
	b = append(b, '{')
	for i, pair := range pairs {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(append(appendText(b, pair.Key), ':'), pair.Value)
	}
	return append(b, '}')
}

// appendExtra adds the further fields of metadata, but for those that are written already.
func appendExtra(b []byte, extra json.RawMessage) ([]byte, error) {
	if len(extra) == 0 {
		return b, nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(extra, &fields); err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	for _, name := range [...]string{"uid", "etag", "name", "namespace", "title", "description", "labels", "annotations", "tags", "links"} {
		delete(fields, name)
	}
	if len(fields) == 0 {
		return b, nil
	}
	var rest bytes.Buffer
	writeJSON(&rest, fields)
	return append(append(b, ','), rest.Bytes()[1:rest.Len()-1]...), nil
}

// appendCompact adds JSON without line breaks, so that an entity is one line.
func appendCompact(b []byte, raw json.RawMessage) ([]byte, error) {
	if bytes.IndexByte(raw, '\n') < 0 {
		return append(b, raw...), nil
	}
	var compact bytes.Buffer
	err := json.Compact(&compact, raw)
	return append(b, compact.Bytes()...), err
}

// appendText writes text as a JSON string.
func appendText(b []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf || c == 0x7f {
			var escaped bytes.Buffer
			writeJSON(&escaped, text)
			return append(b, escaped.Bytes()...)
		}
	}
	b = append(append(b, '"'), text...)
	return append(b, '"')
}

// UID gives the identifier that stands for ref in metadata.uid. It has the form of a UUID (version 8 of
// RFC 9562) and depends on the ref alone, so it is the same everywhere and at all times.
func UID(ref Ref) string {
	digest := sha256.Sum256([]byte(ref.String()))
	digest[6] = digest[6]&0x0f | 0x80
	digest[8] = digest[8]&0x3f | 0x80
	uid := make([]byte, 0, 36)
	for i, end := range [...]int{4, 6, 8, 10, 16} {
		if i > 0 {
			uid = append(uid, '-')
		}
		uid = hex.AppendEncode(uid, digest[[...]int{0, 4, 6, 8, 10}[i]:end])
	}
	return string(uid)
}
