package catalog

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Describe gives the entity as JSON in Backstage's shape: what its descriptor says, the annotations
// that Backstage adds, and the relations of both ends as the viewer sees them.
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
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
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
