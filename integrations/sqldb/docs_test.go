package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"callboard/catalog"
	"callboard/catalog/docs"
	"callboard/catalog/docs/docstest"
	"callboard/integrations/sqldb"
)

// library is a Library on an index in a folder of its own, with what it follows.
type library struct {
	*docs.Library
	t     *testing.T
	db    *sqldb.DB
	index *sqldb.Docs
	dir   string
	files fstest.MapFS
	known map[string]*catalog.Entity // kept from one update to the next, as a syncer does
}

const docsSource = "acme"

func newDocsLibrary(t *testing.T) *library {
	t.Helper()
	l := &library{t: t, dir: t.TempDir(), files: fstest.MapFS{}, known: map[string]*catalog.Entity{}}
	l.open()
	t.Cleanup(func() { l.close() })
	return l
}

func (l *library) open() {
	l.t.Helper()
	l.db = open(l.t, l.dir)
	index, err := l.db.Docs(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	index.SetBudget(time.Minute)
	l.index = index
	l.Library = docs.NewLibrary(l.t.Context(), index, slog.New(slog.DiscardHandler))
}

func (l *library) close() {
	l.t.Helper()
	if err := l.index.Close(); err != nil {
		l.t.Error(err)
	}
	closeDB(l.t, l.db)
}

// write puts pages below the folder of a component.
func (l *library) write(path, text string) { l.files[path] = &fstest.MapFile{Data: []byte(text)} }

// view has one component for each folder at the top.
func (l *library) snapshot() *catalog.Snapshot {
	folders := map[string]bool{}
	for path := range l.files {
		folders[strings.SplitN(path, "/", 2)[0]] = true
	}
	contents := catalog.Contents{Sources: []catalog.SourceStatus{{Name: docsSource, Revision: "1"}}}
	for name := range folders {
		entity := l.known[name]
		if entity == nil {
			ref := catalog.NewRef("component", "", name)
			entity = &catalog.Entity{
				Ref: ref, Kind: "Component", Metadata: catalog.Metadata{Name: name},
				Origin: catalog.Origin{Source: docsSource, Path: name + "/catalog-info.yaml", Doc: 1, Line: 1},
			}
			l.known[name] = entity
		}
		contents.Documents = append(contents.Documents, &catalog.Document{Ref: entity.Ref, Entity: entity, Origin: entity.Origin, Holds: true})
	}
	return catalog.NewSnapshot(contents)
}

// counting notes the pages that are read.
type counting struct {
	fstest.MapFS
	read *sync.Map
}

// ReadFile is called by several goroutines.
func (c counting) ReadFile(name string) ([]byte, error) {
	c.read.Store(name, true)
	return c.MapFS.ReadFile(name)
}

// update follows the files as they are now, and gives what it read.
func (l *library) update() []string {
	l.t.Helper()
	read := new(sync.Map)
	tree := listed(l.t, l.files)
	tree.FS = counting{l.files, read}
	if err := l.Update(l.t.Context(), docs.Present{Snapshot: l.snapshot(), Trees: map[string]docs.Tree{docsSource: tree}}); err != nil {
		l.t.Fatalf("Update: %v", err)
	}
	var out []string
	for name := range read.Range {
		out = append(out, name.(string))
	}
	slices.Sort(out)
	return out
}

func listed(t testing.TB, files fs.FS) docs.Tree {
	t.Helper()
	tree, err := docstest.Tree(files, "3f786850e387550fdab836ed7e6dc881de23001b")
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// find gives the places of what a search finds: PATH#ANCHOR.
func (l *library) find(question string, viewer catalog.Viewer) ([]string, docs.Found) {
	l.t.Helper()
	found, err := l.Search(l.t.Context(), l.snapshot().As(viewer), docs.Query{Words: docs.Words(question)})
	if err != nil {
		l.t.Fatalf("Search(%q): %v", question, err)
	}
	var out []string
	for _, hit := range found.Hits {
		out = append(out, hit.Path+"#"+hit.Section.Anchor)
	}
	return out, found
}

func (l *library) wants(question string, want ...string) {
	l.t.Helper()
	got, _ := l.find(question, catalog.Everything{})
	if diff := cmp.Diff(want, got); diff != "" {
		l.t.Errorf("%q (-want +got):\n%s", question, diff)
	}
}

func shop(l *library) {
	l.write("cart/docs/index.md", "# Cart\n\nHolds seats for ten minutes.\n\n## Idempotency\n\nThe same key gives the same answer.\n")
	l.write("cart/docs/runbook.md", "# Cart runbook\n\n## High error rate\n\n1. Look at the dashboard.\n\n## Seats are lost (CartSeatsLost)\n\n1. Restart.\n")
	l.write("pay/docs/runbook.md", "# Pay runbook\n\n## High latency\n\n1. Compare the providers of idempotent payments.\n")
	l.write("old/docs/index.md", "# Old\n\nNobody reads this café.\n")
}

func TestDocs_Search(t *testing.T) {
	l := newDocsLibrary(t)
	shop(l)
	l.update()
	l.wants("idempotency", "cart/docs/index.md#idempotency", "pay/docs/runbook.md#high-latency")
	l.wants("high error", "cart/docs/runbook.md#high-error-rate")
	l.wants("errors", "cart/docs/runbook.md#high-error-rate")
	l.wants("dashb", "cart/docs/runbook.md#high-error-rate") // the beginning of the last word
	l.wants("CartSeatsLost", "cart/docs/runbook.md#seats-are-lost-cartseatslost")
	l.wants("seats lost", "cart/docs/runbook.md#seats-are-lost-cartseatslost")
	l.wants("cafe", "old/docs/index.md#old")
	l.wants("zebra")
	if got, found := l.find("latency zebra", catalog.Everything{}); !found.Loose || len(got) != 1 {
		t.Errorf("words of which one occurs gave %v, loose: %t", got, found.Loose)
	}
	if _, found := l.find("latnecy", catalog.Everything{}); !slices.Contains(found.Near, "latency") {
		t.Errorf("a mistyped word gave %q", found.Near)
	}
}

// TestDocs_Hidden: what a viewer may not see is absent from hits, counts and suggestions.
func TestDocs_Hidden(t *testing.T) {
	l := newDocsLibrary(t)
	shop(l)
	for i := range 300 { // more than what is fetched at a time
		l.write(fmt.Sprintf("hidden%03d/docs/index.md", i), "# Secret idempotency\n\n## Idempotent zanzibar\n")
	}
	l.update()
	viewer := catalog.ViewerFunc(func(e *catalog.Entity) bool { return e.Ref.Name == "pay" })
	got, found := l.find("idempotent", viewer)
	if diff := cmp.Diff([]string{"pay/docs/runbook.md#high-latency"}, got); diff != "" || found.Total != 1 || found.More {
		t.Errorf("%d in total, more: %t\n%s", found.Total, found.More, diff)
	}
	if got, found := l.find("zanzibar", viewer); len(got) > 0 || found.Total > 0 {
		t.Errorf("gave %v", got)
	}
	if _, found := l.find("zanzibra", viewer); len(found.Near) > 0 {
		t.Errorf("suggests %q", found.Near)
	}
	pages, err := l.Pages(t.Context(), l.snapshot().As(viewer), catalog.NewRef("component", "", "cart"))
	if err != nil || len(pages) > 0 {
		t.Errorf("%d pages, %v", len(pages), err)
	}
	if _, found := l.find("idempotent", catalog.Everything{}); found.Total < 100 || !found.More {
		t.Errorf("who sees everything finds %d, more: %t", found.Total, found.More)
	}
}

// TestDocs_MuchHidden: what is seen is found behind thousands of sections that are not.
func TestDocs_MuchHidden(t *testing.T) {
	l := newDocsLibrary(t)
	for i := range 20 {
		l.write(fmt.Sprintf("hidden%02d/docs/index.md", i), "# Secret\n"+strings.Repeat("\n## Wombats\n\ndig\n", 150))
	}
	l.write("zoo/docs/index.md", "# Zoo\n\n## Wombats\n\nThey dig.\n")
	l.update()
	viewer := catalog.ViewerFunc(func(e *catalog.Entity) bool { return e.Ref.Name == "zoo" })
	got, found := l.find("wombats", viewer)
	if diff := cmp.Diff([]string{"zoo/docs/index.md#wombats"}, got); diff != "" || found.Total != 1 || found.More {
		t.Errorf("%d in total, more: %t\n%s", found.Total, found.More, diff)
	}
}

// TestDocs_Indexed: before the first index, what is not found may be there.
func TestDocs_Indexed(t *testing.T) {
	l := newDocsLibrary(t)
	shop(l)
	if l.Indexed() {
		t.Error("nothing was looked at yet")
	}
	l.update()
	if !l.Indexed() {
		t.Error("all was looked at")
	}
	l.close()
	l.open()
	if !l.Indexed() {
		t.Error("after a restart the index is there")
	}
}

// TestDocs_Slow: a search without time says so, and takes no more.
func TestDocs_Slow(t *testing.T) {
	l := newDocsLibrary(t)
	shop(l)
	l.update()
	l.index.SetBudget(time.Nanosecond)
	_, err := l.Search(t.Context(), l.snapshot().As(catalog.Everything{}), docs.Query{Words: []string{"errors"}})
	if !errors.Is(err, docs.ErrSlow) {
		t.Errorf("gave %v", err)
	}
}

func TestDocs_UpdateReadsWhatChanged(t *testing.T) {
	l := newDocsLibrary(t)
	shop(l)
	if read := l.update(); len(read) != 4 {
		t.Fatalf("first read %v", read)
	}
	if read := l.update(); len(read) != 0 {
		t.Errorf("nothing changed, and read %v", read)
	}
	l.write("pay/docs/runbook.md", "# Pay runbook\n\n## Wrong amounts\n\n1. Stop.\n")
	if diff := cmp.Diff([]string{"pay/docs/runbook.md"}, l.update()); diff != "" {
		t.Errorf("one page changed (-want +got):\n%s", diff)
	}
	l.wants("latency")
	l.wants("wrong amounts", "pay/docs/runbook.md#wrong-amounts")
	delete(l.files, "old/docs/index.md")
	delete(l.files, "cart/docs/index.md")
	if read := l.update(); len(read) != 0 {
		t.Errorf("pages were deleted, and read %v", read)
	}
	l.wants("cafe")
	l.wants("idempotency")
	want := docs.Summary{Page: docs.PageKey{Source: docsSource, Path: "cart/docs/runbook.md"}, First: "High error rate", More: 1, Pages: 1}
	if diff := cmp.Diff(want, l.Runbook(l.snapshot().As(catalog.Everything{}), catalog.NewRef("component", "", "cart"))); diff != "" {
		t.Error(diff)
	}
}

// TestDocs_WithoutGit restarts while no source can be read.
func TestDocs_WithoutGit(t *testing.T) {
	l := newDocsLibrary(t)
	shop(l)
	l.update()
	l.close()
	l.open()
	if err := l.Update(t.Context(), docs.Present{Snapshot: l.snapshot()}); err != nil {
		t.Fatal(err)
	}
	l.wants("wrong")
	l.wants("errors", "cart/docs/runbook.md#high-error-rate")
	if l.Runbook(l.snapshot().As(catalog.Everything{}), catalog.NewRef("component", "", "cart")).Pages != 1 {
		t.Error("the runbook is forgotten")
	}
	if read := l.update(); len(read) != 0 {
		t.Errorf("after the restart it read %v", read)
	}
}

// TestDocs_Lost takes the file away, or damages it, at rest and at work.
func TestDocs_Lost(t *testing.T) {
	for name, spoil := range map[string]func(path string) error{
		"Deleted":    os.Remove,
		"Garbage":    func(path string) error { return os.WriteFile(path, []byte(strings.Repeat("no index ", 5000)), 0o600) },
		"Empty":      func(path string) error { return os.WriteFile(path, nil, 0o600) },
		"HalfBuilt":  func(path string) error { return os.Rename(path, path+".part") },
		"OldVersion": func(path string) error { return setUserVersion(path, 77) },
	} {
		t.Run(name+"/AtRest", func(t *testing.T) {
			l := newDocsLibrary(t)
			shop(l)
			l.update()
			l.close()
			if err := spoil(filepath.Join(l.dir, "docs.db")); err != nil {
				t.Fatal(err)
			}
			l.open()
			l.update()
			l.wants("errors", "cart/docs/runbook.md#high-error-rate")
		})
	}
	t.Run("Deleted/AtWork", func(t *testing.T) {
		l := newDocsLibrary(t)
		shop(l)
		l.update()
		if err := os.Remove(filepath.Join(l.dir, "docs.db")); err != nil {
			t.Fatal(err)
		}
		l.wants("errors", "cart/docs/runbook.md#high-error-rate") // from the file that is still open
		if !l.Lost(t.Context()) {
			t.Error("nobody noticed")
		}
		if read := l.update(); len(read) != 4 {
			t.Errorf("built anew from %v", read)
		}
		l.wants("errors", "cart/docs/runbook.md#high-error-rate")
	})
}

// TestDocs_DamagedAtWork: damage that a search comes upon has the index built anew, without a restart.
func TestDocs_DamagedAtWork(t *testing.T) {
	l := newDocsLibrary(t)
	shop(l)
	for i := range 300 { // more than the connections remember
		l.write(fmt.Sprintf("large%d/docs/index.md", i), "# Large\n\n"+strings.Repeat(fmt.Sprintf("Word%d and wombats.\n\n", i), 1000))
	}
	l.update()
	path := filepath.Join(l.dir, "docs.db")
	overwrite(t, path, 8192, make([]byte, size(t, path)-8192)) // all but the first page
	var err error
	for i := 0; i < 300 && err == nil; i++ {
		_, err = l.Pages(t.Context(), l.snapshot().As(catalog.Everything{}), catalog.NewRef("component", "", fmt.Sprintf("large%d", i)))
	}
	if !errors.Is(err, docs.ErrLost) || !l.Lost(t.Context()) {
		t.Fatalf("reading gave %v, want ErrLost, which Lost (%t) remembers", err, l.Lost(t.Context()))
	}
	l.update()
	l.wants("errors", "cart/docs/runbook.md#high-error-rate")
}

func setUserVersion(path string, version int) error {
	pool, err := sqldb.OpenRaw(path)
	if err != nil {
		return err
	}
	_, err = pool.ExecContext(context.Background(), fmt.Sprint("PRAGMA user_version = ", version))
	return errors.Join(err, pool.Close())
}

// FuzzSearch: whatever is asked, the only error is that there was too little time (threats.md row 29).
func FuzzSearch(f *testing.F) {
	for _, text := range []string{
		`"`, `""`, `a"b`, "NEAR(a b)", "heads:error", "error*", "^error", "-error", "a AND", "OR", "NOT x", "(((((", ")", "+", "{a b}: c",
		"'; DROP TABLE pages; --", "%", "_", "\x00", "é", "e\u0301rror", "ᾳ", "𝔘𝔫𝔦", "日本語", "error\u200berror", "ABCdefGHI", strings.Repeat("(", 500),
	} {
		f.Add(text)
	}
	dir := f.TempDir()
	db := open(f, dir)
	index, err := db.Docs(f.Context())
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		if err := index.Close(); err != nil {
			f.Error(err)
		}
		closeDB(f, db)
	})
	l := &library{dir: dir, files: fstest.MapFS{}, known: map[string]*catalog.Entity{}}
	shop(l)
	l.Library = docs.NewLibrary(f.Context(), index, slog.New(slog.DiscardHandler))
	snapshot := l.snapshot()
	tree := listed(f, l.files)
	if err := l.Update(f.Context(), docs.Present{Snapshot: snapshot, Trees: map[string]docs.Tree{docsSource: tree}}); err != nil {
		f.Fatal(err)
	}
	view := snapshot.As(catalog.Everything{})
	f.Fuzz(func(t *testing.T, text string) {
		for _, words := range [][]string{docs.Words(text), {text}, strings.Fields(text)} {
			_, err := l.Search(t.Context(), view, docs.Query{Words: words, Ref: catalog.Ref{Kind: text}})
			_, err2 := l.Search(t.Context(), view, docs.Query{Words: words, Runbooks: true})
			if err := errors.Join(err, err2); err != nil && !errors.Is(err, docs.ErrSlow) {
				t.Fatalf("%q: %v", words, err)
			}
		}
	})
}
