package ingest_test

import (
	"maps"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"callboard/catalog"
	"callboard/catalog/ingest"
)

// TestSyncer_At: the past is read by the same rules, and leaves the present alone.
func TestSyncer_At(t *testing.T) {
	repo := &repository{}
	h := newHouse(t, source("acme", repo), source("other", &repository{}))
	repo.commit(tree{"a/catalog-info.yaml": service("a", "system: now")})
	h.sync()
	then := fstest.MapFS{
		"a/catalog-info.yaml": {Data: []byte(service("a", "system: then"))},
		"b/catalog-info.yaml": {Data: []byte(service("b"))},
	}
	root, err := ingest.ListFS(then)
	if err != nil {
		t.Fatal(err)
	}
	when := time.Date(2026, 3, 4, 3, 12, 0, 0, time.UTC)
	past, err := h.syncer.At(t.Context(), when, map[string]ingest.Tree{"acme": {FS: then, Revision: "abc", Branch: "main", Root: root}})
	if err != nil {
		t.Fatal(err)
	}
	view := past.As(catalog.Everything{})
	a, found := view.Get(catalog.NewRef("component", "", "a"))
	if !found || a.SpecString("system") != "then" || a.Origin.Revision != "abc" || view.Len() != 2 {
		t.Errorf("got %+v of %d", a, view.Len())
	}
	if status := view.Sources()[0]; status.Revision != "abc" || !status.CheckedAt.Equal(when) {
		t.Errorf("the source is %+v", status)
	}
	if now, _ := h.syncer.Snapshot().As(catalog.Everything{}).Get(a.Ref); now.SpecString("system") != "now" {
		t.Error("the present has changed")
	}
}

// TestSyncer_AtLikeAFreshSync: what is taken over from the present, because the file is the same, makes no difference.
func TestSyncer_AtLikeAFreshSync(t *testing.T) {
	now := tree{
		"a/catalog-info.yaml":     service("a"),
		"b/catalog-info.yaml":     service("b") + "---\n" + service("a"), // a conflict
		"bad/catalog-info.yaml":   "kind: nonsense\n",
		"later/catalog-info.yaml": service("c"),
		"api/catalog-info.yaml":   "apiVersion: backstage.io/v1alpha1\nkind: API\nmetadata:\n  name: orders\nspec:\n  type: openapi\n  lifecycle: production\n  owner: team\n  definition:\n    $text: ./openapi.yaml\n",
		"api/openapi.yaml":        "openapi: 3.1.0\n",
		"all.yaml":                "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata:\n  name: all\nspec:\n  targets: [./none.yaml, ./later/catalog-info.yaml]\n",
	}
	then := fstest.MapFS{}
	for name, text := range now {
		then[name] = &fstest.MapFile{Data: []byte(text)}
	}
	then["api/openapi.yaml"] = &fstest.MapFile{Data: []byte("openapi: 3.0.0\n")}
	then["c/catalog-info.yaml"] = &fstest.MapFile{Data: []byte(service("c", "system: then"))}
	delete(then, "later/catalog-info.yaml")
	root, err := ingest.ListFS(then)
	if err != nil {
		t.Fatal(err)
	}
	when := time.Date(2026, 3, 4, 3, 12, 0, 0, time.UTC)
	look := func(h *house) map[string]any {
		past, err := h.syncer.At(t.Context(), when, map[string]ingest.Tree{"acme": {FS: then, Revision: "abc", Branch: "main", Root: root}})
		if err != nil {
			t.Fatal(err)
		}
		view := past.As(catalog.Everything{})
		out := map[string]any{"problems": view.Problems(), "sources": view.Sources()}
		for e := range view.All() {
			doc := view.Document(e.Ref)
			text, err := view.Describe(e)
			if err != nil {
				t.Fatal(err)
			}
			out[e.Ref.String()] = []any{string(text), e.Origin, doc.Origin, doc.Problems, doc.Stale, view.Losers(e.Ref), view.Orphan(e.Ref)}
		}
		return out
	}
	config := source("acme", &repository{})
	config.Paths = []string{"**/catalog-info.yaml", "all.yaml"}
	fresh := look(newHouse(t, config))
	repo := &repository{}
	config.Source = repo
	lived := newHouse(t, config)
	repo.commit(maps.Clone(now))
	lived.sync()
	if diff := cmp.Diff(fresh, look(lived)); diff != "" {
		t.Errorf("(-fresh +with a present):\n%s", diff)
	}
	if len(fresh) < 6 {
		t.Errorf("only %d entities were compared", len(fresh)-2)
	}
}
