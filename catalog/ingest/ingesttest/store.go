package ingesttest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"callboard/catalog"
	"callboard/catalog/ingest"
)

// Opener makes a new, empty store, and gives a function that closes it and opens the same one
// again. It fails t where that is not possible and cleans up after t.
type Opener func(t *testing.T) (store ingest.Store, reopen func() ingest.Store)

// TestStore runs the suite: the contract of ingest.Store, sentence by sentence. Each test gets a
// store of its own. Times have to come back as the same instants, and nil lists as nil.
func TestStore(t *testing.T, open Opener) {
	t.Helper()
	for _, test := range []struct {
		name string
		run  func(*testing.T, Opener)
	}{
		{"NewIsEmpty", newIsEmpty},
		{"EveryFieldComesBack", everyFieldComesBack},
		{"FollowsEachSet", followsEachSet},
		{"TwiceIsOnce", twiceIsOnce},
		{"SortedBytewise", sortedBytewise},
		{"DroppedTakesItsFiles", droppedTakesItsFiles},
		{"AllOrNothing", allOrNothing},
		{"LoadSeesOneMoment", loadSeesOneMoment},
		{"LargeSet", largeSet},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, open) })
	}
}

func newIsEmpty(t *testing.T, open Opener) {
	store, reopen := open(t)
	wantStored(t, store, newModel())
	apply(t, store, &catalog.ChangeSet{})
	wantStored(t, reopen(), newModel())
}

func everyFieldComesBack(t *testing.T, open Opener) {
	r := rand.New(rand.NewPCG(3, 4))
	store, reopen := open(t)
	m := newModel()
	for range 20 {
		set := wildSet(r, 30)
		apply(t, store, set)
		m.apply(set)
	}
	wantStored(t, store, m)
	wantStored(t, reopen(), m)
}

// followsEachSet compares the store with a map after each of many small sets, which add, replace
// and remove files and sources.
func followsEachSet(t *testing.T, open Opener) {
	r := rand.New(rand.NewPCG(5, 6))
	store, reopen := open(t)
	m := newModel()
	for i := range 40 {
		set := wildSet(r, 3)
		apply(t, store, set)
		m.apply(set)
		wantStored(t, store, m)
		if i%10 == 9 {
			store = reopen()
		}
	}
}

func twiceIsOnce(t *testing.T, open Opener) {
	r := rand.New(rand.NewPCG(7, 8))
	store, _ := open(t)
	m := newModel()
	for range 5 {
		set := wildSet(r, 5)
		apply(t, store, set)
		apply(t, store, set)
		m.apply(set)
	}
	wantStored(t, store, m)
}

func sortedBytewise(t *testing.T, open Opener) {
	store, _ := open(t)
	set := &catalog.ChangeSet{}
	for _, name := range []string{"é", "b", "B", "a-b", "a", "a.b", "Z", "_", "a/b"} {
		set.Sources = append(set.Sources, catalog.SourceStatus{Name: name})
		set.Files = append(set.Files, &catalog.File{Source: "b", Path: name}, &catalog.File{Source: "B", Path: name})
	}
	apply(t, store, set)
	m := newModel()
	m.apply(set)
	wantStored(t, store, m)
}

func droppedTakesItsFiles(t *testing.T, open Opener) {
	store, reopen := open(t)
	set := &catalog.ChangeSet{
		Sources: []catalog.SourceStatus{{Name: "kept"}, {Name: "gone"}},
		Files:   []*catalog.File{{Source: "kept", Path: "a"}, {Source: "gone", Path: "a"}, {Source: "gone", Path: "b"}},
	}
	m := newModel()
	m.apply(set)
	apply(t, store, set)
	drop := &catalog.ChangeSet{Dropped: []string{"gone", "never-was"}, Gone: []catalog.FileKey{{Source: "kept", Path: "never-was"}}}
	m.apply(drop)
	apply(t, store, drop)
	wantStored(t, store, m)
	wantStored(t, reopen(), m)
}

// allOrNothing ends the context at various moments of a set and expects the old or the new content.
func allOrNothing(t *testing.T, open Opener) {
	store, _ := open(t)
	const files = 2000
	generation := 1
	begin := time.Now()
	apply(t, store, Generation(generation, files))
	whole := time.Since(begin)

	done, cancel := context.WithCancel(t.Context())
	cancel()
	if err := store.Apply(done, Generation(99, files)); err == nil {
		t.Error("Apply with a context that is over gave no error")
	}
	const moments = 10
	for i := range moments {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*whole/moments)
		err := store.Apply(ctx, Generation(generation+1, files))
		cancel()
		if err == nil {
			generation++
		} else if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Apply gave %v, want the context's error", err)
		}
		got, loadErr := WholeGeneration(t.Context(), store, files)
		if loadErr != nil || got != generation {
			t.Fatalf("after Apply of set %d, which gave the error %v, the store holds set %d, %v", generation+1, err, got, loadErr)
		}
	}
	apply(t, store, Generation(generation+1, files)) // the retry
	if got, err := WholeGeneration(t.Context(), store, files); err != nil || got != generation+1 {
		t.Errorf("after a retry the store holds set %d, %v; want set %d", got, err, generation+1)
	}
}

// loadSeesOneMoment loads while sets are applied.
func loadSeesOneMoment(t *testing.T, open Opener) {
	store, _ := open(t)
	const files = 200
	apply(t, store, Generation(1, files))
	done := make(chan error, 1)
	go func() {
		defer close(done)
		for i := range 10 {
			if err := store.Apply(t.Context(), Generation(2+i, files)); err != nil {
				done <- err
				return
			}
		}
	}()
	for running := true; running; {
		if _, err := WholeGeneration(t.Context(), store, files); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			running = false
		default:
		}
	}
}

func largeSet(t *testing.T, open Opener) {
	store, reopen := open(t)
	const files = 20_000
	apply(t, store, Generation(1, files))
	apply(t, store, Generation(2, files))
	if got, err := WholeGeneration(t.Context(), reopen(), files); err != nil || got != 2 {
		t.Errorf("the store holds set %d, %v; want set 2", got, err)
	}
}

// Generation is a set that rewrites the same n files and their source and says in each row that it
// is the i-th; what a store holds after a crash can then be told to be one whole set. See
// WholeGeneration.
func Generation(i, n int) *catalog.ChangeSet {
	mark := strconv.Itoa(i)
	set := &catalog.ChangeSet{Sources: []catalog.SourceStatus{{Name: "acme", Revision: mark}}}
	for k := range n {
		set.Files = append(set.Files, &catalog.File{
			Source: "acme", Path: fmt.Sprintf("%06d.yaml", k), Blob: mark,
			Documents: []catalog.Document{{Lost: mark}},
		})
	}
	return set
}

// WholeGeneration says which Generation of n files store holds, 0 for none at all; it is an error
// if that is not one and all of it.
func WholeGeneration(ctx context.Context, store ingest.Store, n int) (int, error) {
	stored, err := store.Load(ctx)
	if err != nil {
		return 0, err
	}
	if len(stored.Sources)+len(stored.Files) == 0 {
		return 0, nil
	}
	if len(stored.Sources) != 1 || len(stored.Files) != n {
		return 0, fmt.Errorf("the store holds %d sources and %d files, want 1 and %d", len(stored.Sources), len(stored.Files), n)
	}
	mark := stored.Sources[0].Revision
	for _, f := range stored.Files {
		if len(f.Documents) != 1 || f.Blob != mark || f.Documents[0].Lost != mark {
			return 0, fmt.Errorf("the source is at set %s, but file %s is of set %s", mark, f.Path, f.Blob)
		}
	}
	return strconv.Atoi(mark)
}

// model is a store as plain as can be.
type model struct {
	sources map[string]catalog.SourceStatus
	files   map[catalog.FileKey]*catalog.File
}

func newModel() model {
	return model{make(map[string]catalog.SourceStatus), make(map[catalog.FileKey]*catalog.File)}
}

func (m model) apply(set *catalog.ChangeSet) {
	for _, name := range set.Dropped {
		delete(m.sources, name)
		maps.DeleteFunc(m.files, func(k catalog.FileKey, _ *catalog.File) bool { return k.Source == name })
	}
	for _, k := range set.Gone {
		delete(m.files, k)
	}
	for _, f := range set.Files {
		m.files[catalog.FileKey{Source: f.Source, Path: f.Path}] = f
	}
	for _, s := range set.Sources {
		m.sources[s.Name] = s
	}
}

func (m model) stored() ingest.Stored {
	sources, files := slices.Collect(maps.Values(m.sources)), slices.Collect(maps.Values(m.files))
	slices.SortFunc(sources, func(a, b catalog.SourceStatus) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(files, func(a, b *catalog.File) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Path, b.Path))
	})
	return ingest.Stored{Sources: sources, Files: files}
}

func wildSet(r *rand.Rand, n int) *catalog.ChangeSet {
	names := []string{"acme", "platform", "größe"}
	key := func() (source, path string) { return pick(r, names...), "dir/" + strconv.Itoa(r.IntN(40)) + ".yaml" }
	set := &catalog.ChangeSet{}
	if r.IntN(5) == 0 {
		set.Dropped = append(set.Dropped, pick(r, names...))
	}
	for range r.IntN(n + 1) {
		source, path := key()
		set.Gone = append(set.Gone, catalog.FileKey{Source: source, Path: path})
	}
	for range n {
		f := Wild[catalog.File](r)
		f.Source, f.Path = key()
		set.Files = append(set.Files, &f)
	}
	for range r.IntN(3) {
		s := Wild[catalog.SourceStatus](r)
		s.Name = pick(r, names...)
		set.Sources = append(set.Sources, s)
	}
	return set
}

func apply(t *testing.T, store ingest.Store, set *catalog.ChangeSet) {
	t.Helper()
	if err := store.Apply(t.Context(), set); err != nil {
		t.Fatalf("Apply: %v", err)
	}
}

func wantStored(t *testing.T, store ingest.Store, m model) {
	t.Helper()
	got, err := store.Load(t.Context())
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	if diff := gocmp.Diff(m.stored(), got, SamePositions()); diff != "" {
		t.Fatalf("the store holds something else (-want +got):\n%.3000s", diff)
	}
}

// SamePositions lets go-cmp compare what only package catalog sees.
func SamePositions() gocmp.Option {
	return gocmp.Comparer(func(a, b catalog.Positions) bool { return a == b })
}
