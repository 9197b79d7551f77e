package sqldb_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"callboard/catalog"
	"callboard/catalog/docs"
)

// shelvedEntity makes a component of a source with annotations, as KEY, VALUE, …
func shelvedEntity(source, path, name string, annotations ...string) *catalog.Document {
	e := &catalog.Entity{
		Ref: catalog.NewRef("component", "", name), Kind: "Component", Metadata: catalog.Metadata{Name: name},
		Origin: catalog.Origin{Source: source, Path: path, Doc: 1, Line: 1},
	}
	for pair := range slices.Chunk(annotations, 2) {
		e.Metadata.Annotations = append(e.Metadata.Annotations, catalog.Pair{Key: pair[0], Value: pair[1]})
	}
	return &catalog.Document{Ref: e.Ref, Entity: e, Origin: e.Origin, Holds: true}
}

// vault has components of the source acme whose descriptors lead to pages of the source vault.
func vault(t *testing.T) docs.Present {
	t.Helper()
	page := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	const web, ref, book = "https://git.example.com/acme/vault/blob/main/", "backstage.io/techdocs-ref", "callboard/runbook"
	return docs.Present{
		Snapshot: catalog.NewSnapshot(catalog.Contents{
			Sources: []catalog.SourceStatus{{Name: "acme", Revision: "1"}, {Name: "vault", Revision: "1", Web: web}},
			Documents: []*catalog.Document{
				shelvedEntity("acme", "own/catalog-info.yaml", "own"),
				shelvedEntity("acme", "byurl/catalog-info.yaml", "byurl", ref, "url:"+strings.Replace(web, "blob", "tree", 1)+"secret"),
				shelvedEntity("acme", "byentity/catalog-info.yaml", "byentity", "backstage.io/techdocs-entity", "component:secret"),
				shelvedEntity("acme", "bybook/catalog-info.yaml", "bybook", book, web+"secret/docs/runbook.md"),
				shelvedEntity("acme", "bynear/catalog-info.yaml", "bynear", "backstage.io/techdocs-entity", "component:near"),
				shelvedEntity("acme", "near/catalog-info.yaml", "near"),
				shelvedEntity("vault", "secret/catalog-info.yaml", "secret"),
				shelvedEntity("vault", "open/catalog-info.yaml", "open"),
			},
		}),
		Trees: map[string]docs.Tree{
			"acme": listed(t, fstest.MapFS{
				"own/docs/runbook.md":    page("# Own\n\n## Errors\n\nRestart the errors."),
				"near/docs/runbook.md":   page("# Near zanzibar\n\n## Errors of zanzibar\n\nRestart the zanzibar."),
				"near/docs/mkdocs.yml":   page("nav: [zanzibar.md]"),
				"near/mkdocs.yml":        page("nav: [zanzibar.md]"),
				"bynear/docs/runbook.md": page("# By near\n\n## Errors\n\nRestart."),
			}),
			"vault": listed(t, fstest.MapFS{
				"secret/docs/index.md":   page("# Secret zanzibar\n\n## Idempotent zanzibar\n\nErrors."),
				"secret/docs/runbook.md": page("# Secret runbook\n\n## Zanzibar errors\n\n1. Restart zanzibar."),
				"secret/mkdocs.yml":      page("nav: [zanzibar.md]"),
				"secret/docs/bad.md":     page("# Bad zanzibar\n\n```\nnever closed\x00\xff\xfe"),
				"open/docs/index.md":     page("# Open"),
			}),
		},
	}
}

// TestDocs_NoLeak: pages of hidden entities appear nowhere, whoever's descriptor leads to them.
func TestDocs_NoLeak(t *testing.T) {
	l := newDocsLibrary(t)
	now := vault(t)
	library := docs.NewLibrary(t.Context(), l.index, slog.New(slog.DiscardHandler))
	if err := library.Update(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	all := func(viewer catalog.Viewer) string { return tellAll(t, library, now.Snapshot.As(viewer), now) }
	for _, want := range []string{"byurl vault secret/docs/runbook.md", "byentity vault secret/docs/index.md", "bybook vault secret/docs/runbook.md", "bynear acme near/docs"} {
		if told := all(catalog.Everything{}); !strings.Contains(told, want) {
			t.Errorf("who sees everything is not told %q:\n%s", want, told)
		}
	}
	told := all(catalog.ViewerFunc(func(e *catalog.Entity) bool { return e.Ref.Name != "secret" && e.Ref.Name != "near" }))
	if strings.Contains(told, "zanzibar") || strings.Contains(told, "secret") || strings.Contains(told, "near/docs") {
		t.Errorf("hidden pages are told of:\n%s", told)
	}
	for _, want := range []string{"search 0 0 false false []", "search 1 0 false false []", "search 2 1 false false []"} {
		if !strings.Contains(told, want) {
			t.Errorf("no %q in\n%s", want, told)
		}
	}
}

// TestDocs_GuardedSeen: who sees the entity that the pages belong to finds them on the other shelf, too.
func TestDocs_GuardedSeen(t *testing.T) {
	l := newDocsLibrary(t)
	now := vault(t)
	library := docs.NewLibrary(t.Context(), l.index, slog.New(slog.DiscardHandler))
	if err := library.Update(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	view := now.Snapshot.As(catalog.ViewerFunc(func(e *catalog.Entity) bool { return e.Ref.Name == "bybook" || e.Ref.Name == "secret" }))
	ref := catalog.NewRef("component", "", "bybook")
	if book := library.Runbook(view, ref); book.Pages != 1 || book.First != "Zanzibar errors" {
		t.Errorf("%+v", book)
	}
	found, err := library.Search(t.Context(), view, docs.Query{Words: []string{"zanzibar"}, Ref: ref, Runbooks: true})
	if err != nil || found.Total != 1 || found.Hits[0].Refs[0] != ref {
		t.Errorf("%+v, %v", found, err)
	}
}

// tellAll lists all that a view can get out of a library.
func tellAll(t *testing.T, l *docs.Library, view catalog.View, now docs.Present) string {
	t.Helper()
	var b strings.Builder
	questions := []docs.Query{{Words: []string{"zanzibar"}}, {Words: []string{"zanzibra"}}, {Words: []string{"errors"}, Runbooks: true}, {Words: []string{"idempotent", "errors"}}}
	for e := range now.Snapshot.As(catalog.Everything{}).All() {
		if _, seen := view.Get(e.Ref); seen {
			questions = append(questions, docs.Query{Words: []string{"restart"}, Ref: e.Ref})
		} else if pages, err := l.Pages(t.Context(), view, e.Ref); len(pages) > 0 || err != nil {
			t.Errorf("%s is hidden, and gave %d pages, %v", e.Ref, len(pages), err)
		}
		pages, err := l.Pages(t.Context(), view, e.Ref)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range pages {
			fmt.Fprintln(&b, e.Ref.Name, p.Source, p.Path, p.Title)
		}
		fmt.Fprintf(&b, "%+v\n", l.Runbook(view, e.Ref))
	}
	for i, q := range questions {
		found, err := l.Search(t.Context(), view, q)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&b, "search", i, found.Total, found.More, found.Loose, found.Near)
		for _, h := range found.Hits {
			fmt.Fprintf(&b, "%s %s %s %q\n", h.Path, h.Page, h.Section.Heading, h.Snippet)
		}
	}
	for _, p := range l.Problems(view) {
		fmt.Fprintln(&b, p.Origin, p.Ref, p.Sentence())
	}
	return b.String()
}
