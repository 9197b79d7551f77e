package catalog

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// Describe gives the entity as JSON in Backstage's shape: what its descriptor says, the annotations
// that Backstage adds, and the relations of both ends as the viewer sees them. As in Backstage,
// metadata.uid and metadata.etag are not the descriptor's: the one is UID, the other a digest of all
// the rest, so it changes when anything that the viewer sees of the entity does.
func (v View) Describe(e *Entity) ([]byte, error) {
	metadata, err := v.describeMetadata(e)
	if err != nil {
		return nil, fmt.Errorf("describe %s: %w", e.Ref, err)
	}
	relations := make([]Relation, 0, 8)
	for _, r := range v.Relations(e.Ref) {
		relations = append(relations, Relation{r.Type, r.Target})
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err = encoder.Encode(struct {
		APIVersion string          `json:"apiVersion"`
		Kind       string          `json:"kind"`
		Metadata   json.RawMessage `json:"metadata"`
		Spec       json.RawMessage `json:"spec,omitempty"`
		Relations  []Relation      `json:"relations"`
	}{e.APIVersion, e.Kind, metadata, e.Spec, relations})
	if err != nil {
		return nil, fmt.Errorf("describe %s: %w", e.Ref, err)
	}
	return withEtag(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}

// withEtag puts the digest of a described entity in front of the rest of its metadata, which is never
// empty. Within the fields before it the text cannot occur: their quotes are escaped.
func withEtag(described []byte) []byte {
	const metadata = `,"metadata":{`
	before, after, found := bytes.Cut(described, []byte(metadata))
	if !found {
		return described
	}
	digest := sha256.Sum256(described)
	etag := make([]byte, 0, len(described)+64)
	etag = append(append(etag, before...), metadata+`"etag":"`...)
	etag = append(hex.AppendEncode(etag, digest[:20]), `",`...)
	return append(etag, after...)
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

func (v View) describeMetadata(e *Entity) (json.RawMessage, error) {
	fields := map[string]json.RawMessage{}
	if len(e.Metadata.Extra) > 0 {
		if err := json.Unmarshal(e.Metadata.Extra, &fields); err != nil {
			return nil, err
		}
	}
	put := func(name string, value any, present bool) {
		if present {
			var b bytes.Buffer
			writeJSON(&b, value)
			fields[name] = b.Bytes()
		}
	}
	m := &e.Metadata
	delete(fields, "etag")
	put("uid", UID(e.Ref), true)
	put("name", m.Name, true)
	put("namespace", m.Namespace, true)
	put("title", m.Title, m.Title != "")
	put("description", m.Description, m.Description != "")
	put("labels", m.Labels, len(m.Labels) > 0)
	put("annotations", v.Annotations(e), true)
	put("tags", m.Tags, len(m.Tags) > 0)
	put("links", m.Links, len(m.Links) > 0)
	var b bytes.Buffer
	writeJSON(&b, fields)
	return b.Bytes(), nil
}
