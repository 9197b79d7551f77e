package ingest_test

import (
	"testing"
	"testing/fstest"
	"time"

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
