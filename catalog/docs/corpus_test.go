package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"callboard/catalog"
	"callboard/catalog/docs"
	"callboard/catalog/docs/docstest"
)

// corpus gives a folder of the public corpora beside the repository. Where they are not, the test is
// skipped: nothing of them is part of this repository.
func corpus(t *testing.T, name string) fs.FS {
	t.Helper()
	const corpora = "../../../shared/corpora/dev"
	if info, err := os.Stat(filepath.Join(corpora, name)); err != nil || !info.IsDir() {
		t.Skip("the corpus " + name + " is not at " + corpora + ": nothing was tried")
	}
	return os.DirFS(filepath.Join(corpora, name))
}

// shelved reads all pages of a shelf.
func shelved(t *testing.T, now docs.Present, shelf *docs.Shelf) []docs.ShelvedPage {
	t.Helper()
	var out []docs.ShelvedPage
	for _, f := range shelf.Files {
		text, err := fs.ReadFile(now.Trees[f.Source].FS, f.Path)
		if err != nil {
			t.Fatal(err)
		}
		page := docs.Split(catalog.Origin{Source: f.Source, Path: f.Path, Revision: "3f78685"}, text)
		out = append(out, docs.ShelvedPage{Page: *page, Name: page.Title, Runbook: f.Runbook})
	}
	return out
}

// TestPick_Prometheus asks for alerts by their names and by what people would say at night.
func TestPick_Prometheus(t *testing.T) {
	files := corpus(t, "prometheus-operator-runbooks")
	now := present(t, files, "kubernetes", `
metadata: {name: kubernetes, annotations: {callboard/runbook: content/runbooks}}`)
	entity, _ := now.Snapshot.As(catalog.Everything{}).Get(catalog.NewRef("component", "", "kubernetes"))
	shelf := docs.Find(now, entity)
	if len(shelf.Problems) > 0 || len(shelf.Files) < 90 {
		t.Fatalf("%d pages, %v", len(shelf.Files), shelf.Problems)
	}
	units := docs.Units(shelved(t, now, shelf))
	for _, test := range docstest.Symptoms() {
		picked, err := docs.Pick(t.Context(), test.Text, units)
		if wrong := test.Wrong(picked); wrong != "" || err != nil {
			t.Error(wrong, err)
		}
	}
	for _, nonsense := range []string{"zebra", "the", "", "coffee machine is empty"} {
		if picked, err := docs.Pick(t.Context(), nonsense, units); picked.Unit != nil || err != nil {
			t.Errorf("%q gave %s", nonsense, picked.Unit.Page.Path)
		}
	}
}

// TestFind_Example reads the example of Backstage's own template.
func TestFind_Example(t *testing.T) {
	now := present(t, corpus(t, "backstage-create-app-examples"), "example-website", `
metadata: {name: example-website, annotations: {backstage.io/techdocs-ref: "dir:./example-docs"}}`)
	entity, _ := now.Snapshot.As(catalog.Everything{}).Get(catalog.NewRef("component", "", "example-website"))
	shelf := docs.Find(now, entity)
	if len(shelf.Problems) > 0 || len(shelf.Files) != 1 || shelf.Files[0].Path != "example-docs/docs/index.md" {
		t.Fatalf("%+v", shelf)
	}
	page := shelved(t, now, shelf)[0]
	if page.Title != "Example TechDocs page" || len(page.Sections) < 1 {
		t.Errorf("%q with %d sections", page.Title, len(page.Sections))
	}
}
