package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"

	"callboard/catalog"
	"callboard/catalog/docs"
	"callboard/catalog/docs/docstest"
)

// heavyPage is a page of about so many bytes of words that no symptom holds, with sections of five kilobytes.
func heavyPage(number, bytes int) *fstest.MapFile {
	dice := rand.New(rand.NewPCG(7, uint64(number)))
	var b strings.Builder
	fmt.Fprintf(&b, "# Ledger %d\n", number)
	for part := 0; b.Len() < bytes; part++ {
		fmt.Fprintf(&b, "\n## Booking %d of %d\n\n", part, number)
		for end := b.Len() + 5000; b.Len() < end; {
			fmt.Fprintf(&b, "w%04d booked [ledger %d](x.md). ", dice.IntN(3000), dice.IntN(9))
		}
		b.WriteByte('\n')
	}
	return &fstest.MapFile{Data: []byte(b.String())}
}

// heavy has one component with a folder of runbooks: those of files, and so many of half a megabyte.
func heavy(t testing.TB, pages int, files fstest.MapFS) docs.Present {
	t.Helper()
	for i := range pages {
		files[fmt.Sprintf("runbooks/ledger%d.md", i)] = heavyPage(i, 500<<10)
	}
	return docs.Present{
		Snapshot: catalog.NewSnapshot(catalog.Contents{
			Documents: []*catalog.Document{shelvedEntity(docsSource, "catalog-info.yaml", "heavy", "callboard/runbook", "runbooks")},
			Sources:   []catalog.SourceStatus{{Name: docsSource, Revision: "1"}},
		}),
		Trees: map[string]docs.Tree{docsSource: listed(t, files)},
	}
}

// TestDocs_PickAmongMuch asks the public runbooks, beside so many others that only a part of them is looked at.
func TestDocs_PickAmongMuch(t *testing.T) {
	const corpus = "../../../shared/corpora/dev/prometheus-operator-runbooks/content/runbooks"
	if _, err := os.Stat(corpus); err != nil {
		t.Skip("the corpus is not at " + corpus + ": nothing was tried")
	}
	files := fstest.MapFS{}
	err := fs.WalkDir(os.DirFS(corpus), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(os.DirFS(corpus), path)
		files["runbooks/"+path] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	l := newDocsLibrary(t)
	now := heavy(t, 3, files)
	library := docs.NewLibrary(t.Context(), l.index, slog.New(slog.DiscardHandler))
	if err := library.Update(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	ref := catalog.NewRef("component", "", "heavy")
	for _, test := range docstest.Symptoms() {
		picked, err := library.Pick(t.Context(), now.Snapshot.As(catalog.Everything{}), []catalog.Ref{ref}, test.Text)
		if wrong := test.Wrong(picked); wrong != "" || err != nil {
			t.Error(wrong, err)
		}
	}
}

// TestDocs_RunbookOfMuch: a question holds a part of a large shelf in memory, and ends when its asker leaves.
func TestDocs_RunbookOfMuch(t *testing.T) {
	l := newDocsLibrary(t)
	now := heavy(t, 12, fstest.MapFS{"runbooks/Gone.md": {Data: []byte("# Gone\n\n## Checkout answers nothing\n\n1. Restart checkout.\n")}})
	library := docs.NewLibrary(t.Context(), l.index, slog.New(slog.DiscardHandler))
	if err := library.Update(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	view, refs := now.Snapshot.As(catalog.Everything{}), []catalog.Ref{catalog.NewRef("component", "", "heavy")}
	picked, err := library.Pick(t.Context(), view, refs, "checkout answers nothing")
	if err != nil || picked.Unit == nil || picked.Unit.Page.Path != "runbooks/Gone.md" {
		t.Errorf("%+v, %v", picked.Unit, err)
	}
	contents, err := library.Contents(t.Context(), view, refs[0], 20)
	if err != nil || contents.Pages != 13 || len(contents.Units) != 20 || contents.Total < 1000 {
		t.Errorf("%d units of %d on %d pages, %v", len(contents.Units), contents.Total, contents.Pages, err)
	}
	allocated := func(ask func()) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		ask()
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	for name, ask := range map[string]func(){
		"symptom":  func() { _, err = library.Pick(t.Context(), view, refs, "ledger booked") },
		"contents": func() { _, err = library.Contents(t.Context(), view, refs[0], 20) },
		"section": func() {
			_, _, err = library.Section(t.Context(), view, refs[0], "runbooks/ledger3.md", "booking-7-of-3")
		},
	} {
		if n := allocated(ask); n > 40<<20 || err != nil { // all of it is 6 MiB of text, and ten times that to compare it
			t.Errorf("%s: %d MiB, %v", name, n>>20, err)
		}
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := library.Pick(over, view, refs, "ledger booked"); !errors.Is(err, context.Canceled) {
		t.Errorf("without an asker: %v", err)
	}
}

// BenchmarkDocs_Runbook asks for a symptom, the contents and a section of a shelf of 20 MB.
func BenchmarkDocs_Runbook(b *testing.B) {
	now := heavy(b, 40, fstest.MapFS{})
	l, _ := benchLibrary(b)
	updateDocs(b, l, now)
	view, refs := now.Snapshot.As(catalog.Everything{}), []catalog.Ref{catalog.NewRef("component", "", "heavy")}
	for name, ask := range map[string]func(ctx context.Context) error{
		"symptom":  func(ctx context.Context) error { _, err := l.Pick(ctx, view, refs, "ledger booked"); return err },
		"contents": func(ctx context.Context) error { _, err := l.Contents(ctx, view, refs[0], 20); return err },
		"section": func(ctx context.Context) error {
			_, _, err := l.Section(ctx, view, refs[0], "runbooks/ledger3.md", "booking-7-of-3")
			return err
		},
	} {
		b.Run("ask="+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := ask(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
