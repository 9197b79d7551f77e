package docs_test

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"callboard/catalog"
	"callboard/catalog/docs"
	"callboard/catalog/docs/docstest"
)

// world is a catalog of components with their folders in two sources, which changes step by step.
type world struct {
	dice     *rand.Rand
	files    map[string]fstest.MapFS
	entities map[string]*catalog.Entity
}

func (w *world) step(t *testing.T) {
	t.Helper()
	name := fmt.Sprintf("e%d", w.dice.IntN(12))
	files := w.files[[]string{source, "other"}[w.dice.IntN(2)]]
	switch page := name + "/docs/" + []string{"index.md", "runbook.md", "more/x.md"}[w.dice.IntN(3)]; w.dice.IntN(6) {
	case 0:
		delete(files, page)
	case 1, 2:
		files[page] = &fstest.MapFile{Data: fmt.Appendf(nil, "# Page %d\n\n## A\n\ntext\n", w.dice.IntN(1000))}
	case 3:
		files[name+"/mkdocs.yml"] = &fstest.MapFile{Data: []byte([]string{"nav: [gone.md]", "docs_dir: docs/more", "nav:\n- '!include ../e1/mkdocs.yml'"}[w.dice.IntN(3)])}
	case 4:
		delete(w.entities, name)
	case 5:
		annotations := []string{
			"", "callboard/runbook: e3/docs/index.md", "callboard/runbook: https://git.example.com/acme/other/blob/main/e2/docs",
			"backstage.io/techdocs-entity: component:e4", "backstage.io/techdocs-ref: 'url:https://git.example.com/acme/other/tree/main/e5'",
		}
		e := document(t, name+"/catalog-info.yaml", name, "metadata: {annotations: {"+annotations[w.dice.IntN(len(annotations))]+"}}").Entity
		w.entities[name] = e
	}
}

// present is the world as it is, without the trees of a source that cannot be read.
func (w *world) present(t *testing.T, missing string) docs.Present {
	t.Helper()
	var documents []*catalog.Document
	for _, e := range w.entities {
		documents = append(documents, &catalog.Document{Ref: e.Ref, Entity: e, Origin: e.Origin, Holds: true})
	}
	now := docs.Present{Trees: map[string]docs.Tree{}, Snapshot: catalog.NewSnapshot(catalog.Contents{
		Documents: documents,
		Sources: []catalog.SourceStatus{
			{Name: source, Web: "https://git.example.com/acme/shop/blob/main/"}, {Name: "other", Web: "https://git.example.com/acme/other/blob/main/"},
		},
	})}
	for name, files := range w.files {
		if name != missing {
			now.Trees[name] = tree(t, files)
		}
	}
	return now
}

// contents lists all that a library knows.
func contents(t *testing.T, l *docs.Library, now docs.Present) string {
	t.Helper()
	var b strings.Builder
	view := now.Snapshot.As(catalog.Everything{})
	for e := range view.All() {
		pages, err := l.Pages(t.Context(), view, e.Ref)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s %+v\n", e.Ref, l.Runbook(view, e.Ref))
		for _, p := range pages {
			fmt.Fprintf(&b, "  %s %s %s %t\n", p.Source, p.Path, p.Title, p.Runbook)
		}
	}
	for _, p := range l.Problems(view) {
		fmt.Fprintf(&b, "%s %s\n", p.Origin.Place(), p.Sentence())
	}
	return b.String()
}

// TestLibrary_UpdateIsLikeAnew: what follows change after change knows what one that reads all at once does.
func TestLibrary_UpdateIsLikeAnew(t *testing.T) {
	for seed := range uint64(15) {
		w := &world{rand.New(rand.NewPCG(1, seed)), map[string]fstest.MapFS{source: {}, "other": {}}, map[string]*catalog.Entity{}}
		for range 30 {
			w.step(t)
		}
		library := func() *docs.Library {
			return docs.NewLibrary(t.Context(), &docstest.Memory{}, slog.New(slog.DiscardHandler))
		}
		followed := library()
		for step := range 25 {
			for range w.dice.IntN(3) {
				w.step(t)
			}
			missing := ""
			if w.dice.IntN(4) == 0 {
				missing = "other"
			}
			if err := followed.Update(t.Context(), w.present(t, missing)); err != nil {
				t.Fatal(err)
			}
			if missing != "" {
				continue
			}
			now, anew := w.present(t, ""), library()
			if err := anew.Update(t.Context(), now); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(contents(t, anew, now), contents(t, followed, now)); diff != "" {
				t.Fatalf("seed %d, step %d (-anew +followed):\n%s", seed, step, diff)
			}
		}
	}
}

// TestLibrary_UpdateLooksAtWhatChanged counts what an update asks of the tree.
func TestLibrary_UpdateLooksAtWhatChanged(t *testing.T) {
	w := &world{nil, map[string]fstest.MapFS{source: {}}, map[string]*catalog.Entity{}}
	for i := range 200 {
		name := fmt.Sprintf("e%03d", i)
		w.entities[name] = document(t, name+"/catalog-info.yaml", name, "").Entity
		w.files[source][name+"/docs/index.md"] = &fstest.MapFile{Data: []byte("# " + name)}
	}
	l := docs.NewLibrary(t.Context(), &docstest.Memory{}, slog.New(slog.DiscardHandler))
	asked := 0
	update := func() int {
		now := w.present(t, "")
		counted := now.Trees[source]
		hash := counted.Hash
		counted.Hash = func(name string) (string, docs.Kind) { asked++; return hash(name) }
		now.Trees[source] = counted
		asked = 0
		if err := l.Update(t.Context(), now); err != nil {
			t.Fatal(err)
		}
		return asked
	}
	update()
	if n := update(); n > 2 {
		t.Errorf("nothing changed, and %d files and folders were asked for", n)
	}
	w.files[source]["e007/docs/index.md"] = &fstest.MapFile{Data: []byte("# Changed")}
	if n := update(); n > 40 {
		t.Errorf("one page changed, and %d files and folders were asked for", n)
	}
}
