package catalog_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callboard/catalog"
)

// TestDescribe has in it everything that JSON or Backstage treats specially.
func TestDescribe(t *testing.T) {
	d := describe("wallet", titled("Wal\"let\\ \u00e9\u2028\x01"), tagged("gold", "a/b"), described("two\nlines <b>&"),
		annotated("note", "x", "backstage.io/view-url", "https://own.example.com/"), linked(catalog.Link{URL: "https://a.example.com/", Icon: "web"}, catalog.Link{URL: "https://b.example.com/", Title: "B", Type: "docs"}),
		related("ownedBy", "group:pay"))
	d.Entity.Spec = json.RawMessage("{\n  \"type\": \"service\"\n}")
	d.Entity.Metadata.Labels = catalog.Pairs{{Key: "tier", Value: "1"}}
	d.Entity.Metadata.Extra = json.RawMessage(`{"uid":"written","etag":"written","title":"lost","custom":{"a":[1,2]}}`)
	view := catalog.NewSnapshot(catalog.Contents{Documents: []*catalog.Document{d}}).As(catalog.Everything{})
	text, err := view.Describe(d.Entity)
	if err != nil || strings.Contains(string(text), "\n") || strings.Count(string(text), `"uid"`) != 1 {
		t.Fatalf("%v %s", err, text)
	}
	var got map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	metadata, _ := got["metadata"].(map[string]any)
	etag, _ := metadata["etag"].(string)
	if !regexp.MustCompile(`^[0-9a-f]{40}$`).MatchString(etag) || strings.Trim(etag, "0") == "" {
		t.Errorf("etag %q", etag)
	}
	delete(metadata, "etag")
	delete(metadata, "annotations")
	want := map[string]any{
		"apiVersion": d.Entity.APIVersion, "kind": d.Entity.Kind, "spec": map[string]any{"type": "service"},
		"metadata": map[string]any{
			"uid": catalog.UID(d.Ref), "name": d.Entity.Metadata.Name, "namespace": d.Entity.Metadata.Namespace,
			"title": d.Entity.Metadata.Title, "description": "two\nlines <b>&", "labels": map[string]any{"tier": "1"}, "tags": []any{"gold", "a/b"},
			"links": []any{
				map[string]any{"url": "https://a.example.com/", "icon": "web"},
				map[string]any{"url": "https://b.example.com/", "title": "B", "type": "docs"},
			},
			"custom": map[string]any{"a": []any{1.0, 2.0}},
		},
		"relations": []any{map[string]any{"type": "ownedBy", "targetRef": "group:default/pay"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	again, err := view.Describe(d.Entity)
	if err != nil || string(again) != string(text) {
		t.Errorf("asked twice it says %s, %v", again, err)
	}
	d.Entity.Metadata.Description = "changed"
	if changed, err := view.Describe(d.Entity); err != nil || strings.Contains(string(changed), etag) {
		t.Errorf("a change leaves the etag: %s, %v", changed, err)
	}
}

func TestUID(t *testing.T) {
	uid := catalog.UID(catalog.NewRef("Component", "", "Checkout"))
	if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(uid) {
		t.Error(uid)
	}
	if uid != catalog.UID(catalog.NewRef("component", "default", "checkout")) || uid == catalog.UID(catalog.NewRef("api", "", "checkout")) {
		t.Error("the uid does not follow the ref")
	}
}
