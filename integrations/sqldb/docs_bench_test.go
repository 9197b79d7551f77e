package sqldb_test

import (
	"errors"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"callboard/catalog"
	"callboard/catalog/catalogtest"
	"callboard/catalog/docs"
)

// documented is a catalog whose components have about so many sections of documentation together.
func documented(b *testing.B, sections int) docs.Present {
	b.Helper()
	const perEntity = 4.8 // eight sections a component, and three entities in five are components
	options := catalogtest.Options{Entities: int(float64(sections) / perEntity), Docs: true}
	dir := b.TempDir()
	for path, text := range catalogtest.Files(options) {
		name := filepath.Join(dir, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, text, 0o600)); err != nil {
			b.Fatal(err)
		}
	}
	return docs.Present{
		Snapshot: catalog.NewSnapshot(catalog.Contents{
			Documents: catalogtest.Documents(options), Sources: []catalog.SourceStatus{{Name: catalogtest.Source, Revision: "1"}},
		}),
		Trees: map[string]docs.Tree{catalogtest.Source: listed(b, os.DirFS(dir))},
	}
}

// docsBySize runs bench with documentation of two sizes, made only if they are asked for.
func docsBySize(b *testing.B, bench func(b *testing.B, now docs.Present)) {
	b.Helper()
	for _, n := range []int{10_000, 100_000} {
		var now docs.Present
		b.Run("sections="+strconv.Itoa(n), func(b *testing.B) {
			if now.Snapshot == nil {
				now = documented(b, n)
			}
			bench(b, now)
		})
	}
}

func benchLibrary(b *testing.B) (*docs.Library, string) {
	b.Helper()
	dir := b.TempDir()
	db := open(b, dir)
	index, err := db.Docs(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := index.Close(); err != nil {
			b.Error(err)
		}
		closeDB(b, db)
	})
	return docs.NewLibrary(b.Context(), index, slog.New(slog.DiscardHandler)), dir + "/docs.db"
}

func updateDocs(b *testing.B, l *docs.Library, now docs.Present) {
	b.Helper()
	if err := l.Update(b.Context(), now); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkDocs_Build is the first index.
func BenchmarkDocs_Build(b *testing.B) {
	docsBySize(b, func(b *testing.B, now docs.Present) {
		b.Helper()
		for b.Loop() {
			b.StopTimer()
			l, path := benchLibrary(b)
			b.StartTimer()
			updateDocs(b, l, now)
			b.StopTimer()
			b.ReportMetric(float64(size(b, path)), "bytes")
			b.StartTimer()
		}
	})
}

// BenchmarkDocs_UpdateNothing looks at a new catalog in which no documentation changed.
func BenchmarkDocs_UpdateNothing(b *testing.B) {
	docsBySize(b, func(b *testing.B, now docs.Present) {
		b.Helper()
		l, _ := benchLibrary(b)
		updateDocs(b, l, now)
		for b.Loop() {
			updateDocs(b, l, now)
		}
	})
}

// BenchmarkDocs_Search has sixteen clients ask for one to three words, and reports what most of them waited.
func BenchmarkDocs_Search(b *testing.B) {
	docsBySize(b, func(b *testing.B, now docs.Present) {
		b.Helper()
		l, _ := benchLibrary(b)
		updateDocs(b, l, now)
		view := now.Snapshot.As(catalog.Everything{})
		for _, clients := range []int{1, 16} {
			b.Run("clients="+strconv.Itoa(clients), func(b *testing.B) {
				var mu sync.Mutex
				var waits []time.Duration
				jobs := make(chan int)
				var group sync.WaitGroup
				for range clients {
					group.Go(func() {
						for i := range jobs {
							start := time.Now()
							if _, err := l.Search(b.Context(), view, docs.Query{Words: benchWords(i)}); err != nil {
								b.Error(err)
							}
							mu.Lock()
							waits = append(waits, time.Since(start))
							mu.Unlock()
						}
					})
				}
				i, before := 0, cpuTime(b)
				for b.Loop() {
					jobs <- i
					i++
				}
				close(jobs)
				group.Wait()
				b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/float64(len(waits)), "cpu-us/op")
				b.ReportMetric(float64(len(waits))/b.Elapsed().Seconds(), "req/s")
				slices.Sort(waits)
				for _, p := range []int{50, 95, 99} {
					b.ReportMetric(float64(waits[len(waits)*p/100].Microseconds())/1000, "p"+strconv.Itoa(p)+"-ms")
				}
			})
		}
	})
}

// cpuTime is what the process took so far. It says more than time does on a busy machine.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// benchWords are common and rare words, all of them in the documentation.
func benchWords(i int) []string {
	dice := rand.New(rand.NewPCG(1, uint64(i)))
	common := []string{"dashboard", "team", "latency", "error", "queue", "requests", "answers", "kubectl", "runbook", "disk", "slow", "works"}
	words := []string{common[dice.IntN(len(common))]}
	for range dice.IntN(3) {
		words = append(words, common[dice.IntN(len(common))])
	}
	slices.Sort(words)
	return slices.Compact(words)
}
