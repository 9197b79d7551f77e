package docs_test

import (
	"io/fs"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"callboard/catalog"
	"callboard/catalog/docs"
	"callboard/catalog/docs/docstest"
)

const source = "acme"

// present is a catalog of one component, described by catalog-info.yaml at the root of the files.
func present(t *testing.T, files fs.FS, name, descriptor string) docs.Present {
	t.Helper()
	return docs.Present{
		Snapshot: catalog.NewSnapshot(catalog.Contents{
			Documents: []*catalog.Document{document(t, "catalog-info.yaml", name, descriptor)},
			Sources:   []catalog.SourceStatus{{Name: source, Web: "https://git.example.com/acme/shop/blob/main/", CheckedAt: time.Unix(1, 0)}},
		}),
		Trees: map[string]docs.Tree{source: tree(t, files)},
	}
}

// document reads only what documentation depends on.
func document(t *testing.T, at, name, descriptor string) *catalog.Document {
	t.Helper()
	var read struct {
		Metadata struct {
			Annotations map[string]string
			Links       []catalog.Link
		}
	}
	if err := yaml.Unmarshal([]byte(descriptor), &read); err != nil {
		t.Fatal(err)
	}
	ref := catalog.NewRef("component", "", name)
	entity := &catalog.Entity{Ref: ref, Kind: "Component", Origin: catalog.Origin{Source: source, Path: at, Doc: 1, Line: 1}}
	entity.Metadata.Name, entity.Metadata.Links = name, read.Metadata.Links
	for key, value := range read.Metadata.Annotations {
		entity.Metadata.Annotations = append(entity.Metadata.Annotations, catalog.Pair{Key: key, Value: value})
	}
	sortPairs(entity.Metadata.Annotations)
	return &catalog.Document{Ref: ref, Entity: entity, Origin: entity.Origin, Holds: true}
}

func sortPairs(pairs catalog.Pairs) {
	for i := range pairs {
		for j := i; j > 0 && pairs[j].Key < pairs[j-1].Key; j-- {
			pairs[j], pairs[j-1] = pairs[j-1], pairs[j]
		}
	}
}

// tree lists files.
func tree(t *testing.T, files fs.FS) docs.Tree {
	t.Helper()
	tree, err := docstest.Tree(files, "3f786850e387550fdab836ed7e6dc881de23001b")
	if err != nil {
		t.Fatal(err)
	}
	return tree
}
