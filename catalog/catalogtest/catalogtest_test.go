package catalogtest_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"iter"
	"maps"
	"path"
	"testing"

	"callboard/catalog"
	"callboard/catalog/catalogtest"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// TestFiles_SameBytesEverywhere pins the content: benchmarks are comparable only while it stays.
func TestFiles_SameBytesEverywhere(t *testing.T) {
	t.Parallel()
	const want = "2cb7516fffddb97dbcd2430d69908345ee8ffbe61096cbaecc48c5bed345e346"
	hash := sha256.New()
	for name, data := range catalogtest.Files(catalogtest.Options{Entities: 1000, Seed: 7, Docs: true}) {
		hash.Write([]byte(name + "\x00"))
		hash.Write(data)
	}
	if got := hex.EncodeToString(hash.Sum(nil)); got != want {
		t.Errorf("the files' hash is %s, want %s", got, want)
	}
}

func TestFiles_Shape(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, catalogtest.MinEntities, 77, 1000, 5000} {
		descriptors, docs, bytes, paths := 0, 0, 0, map[string]bool{}
		for name, data := range catalogtest.Files(catalogtest.Options{Entities: n, Seed: 1, Docs: true}) {
			if paths[name] {
				t.Errorf("%d entities: %s comes twice", n, name)
			}
			paths[name] = true
			if path.Ext(name) == ".md" {
				docs++
				continue
			}
			descriptors++
			bytes += len(data)
		}
		if want := max(n, catalogtest.MinEntities); descriptors != want {
			t.Errorf("%d entities: %d descriptors, want %d", n, descriptors, want)
		}
		if docs == 0 || docs%2 != 0 || docs > 2*descriptors {
			t.Errorf("%d entities: %d docs, want two for each component", n, docs)
		}
		if average := bytes / descriptors; n >= 100 && (average < 1400 || average > 1600) {
			t.Errorf("%d entities: %d bytes a descriptor, want about 1500", n, average)
		}
	}
}

func TestFiles_StopsWhenAsked(t *testing.T) {
	t.Parallel()
	next, stop := iter.Pull2(catalogtest.Files(catalogtest.Options{Entities: 1_000_000}))
	defer stop()
	if name, data, ok := next(); !ok || name == "" || len(data) == 0 {
		t.Errorf("first file: %q, %d bytes, %v", name, len(data), ok)
	}
}

func TestDocuments_NamesAndRelations(t *testing.T) {
	t.Parallel()
	docs := catalogtest.Documents(catalogtest.Options{Entities: 5000, Seed: 3})
	known, kinds := map[catalog.Ref]bool{}, map[string]int{}
	for _, doc := range docs {
		if known[doc.Ref] {
			t.Errorf("%s comes twice", doc.Ref)
		}
		known[doc.Ref] = true
		kinds[doc.Entity.Kind]++
	}
	wantKinds := map[string]int{"Component": 3000, "API": 750, "Resource": 500, "System": 250, "Domain": 50, "Group": 150, "User": 300}
	if diff := cmp.Diff(wantKinds, kinds); diff != "" {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
	dangling := 0
	for _, doc := range docs {
		for _, relation := range doc.Entity.Declares {
			if !known[relation.Target] {
				dangling++
			}
		}
	}
	if dangling != 60 {
		t.Errorf("%d relations lead nowhere, want one for 50 components", dangling)
	}
}

// TestDocuments_MatchFiles reads each file and finds what its document says.
func TestDocuments_MatchFiles(t *testing.T) {
	t.Parallel()
	o := catalogtest.Options{Entities: 500, Seed: 11}
	files := maps.Collect(catalogtest.Files(o))
	for _, doc := range catalogtest.Documents(o) {
		e := doc.Entity
		want := map[string]any{
			"apiVersion": e.APIVersion, "kind": e.Kind, "spec": plain(t, e.Spec),
			"metadata": map[string]any{"name": e.Metadata.Name, "title": e.Metadata.Title, "description": e.Metadata.Description},
		}
		metadata := want["metadata"].(map[string]any)
		for name, value := range map[string]any{
			"labels": e.Metadata.Labels, "annotations": e.Metadata.Annotations, "tags": e.Metadata.Tags, "links": e.Metadata.Links,
		} {
			if text := marshal(t, value); string(text) != "{}" && string(text) != "null" {
				metadata[name] = plain(t, text)
			}
		}
		var got map[string]any
		if err := yaml.Unmarshal(files[doc.Origin.Path], &got); err != nil {
			t.Fatalf("%s: %v", doc.Origin.Path, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s (-want +got):\n%s", doc.Origin.Path, diff)
		}
	}
}

func marshal(t *testing.T, value any) []byte {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func plain(t *testing.T, text []byte) any {
	t.Helper()
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func BenchmarkFiles(b *testing.B) {
	for b.Loop() {
		for range catalogtest.Files(catalogtest.Options{Entities: 10_000, Docs: true}) {
			continue
		}
	}
}
