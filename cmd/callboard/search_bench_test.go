package main // the benchmarks run the program's own parts

import (
	"bytes"
	"context"
	"io"
	"iter"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"callboard/catalog"
	"callboard/catalog/catalogtest"
	"callboard/cmd/callboard/internal/app"
)

// BenchmarkSearchHTTP has 16 clients on the same machine search a whole daemon for words of catalog and documentation
// at once, where there are about as many sections of documentation as entities. It reports what most of them waited,
// and the time of the processor that they and the daemon took together. What is answered without the documentation,
// since that took too long, is counted as failed.
func BenchmarkSearchHTTP(b *testing.B) {
	for _, n := range benchSizes() {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			w := worldOf(b, n, documentedFiles(n))
			var failures failureCount
			a, err := app.New(b.Context(), w.config(), slog.New(slog.NewTextHandler(&failures, &slog.HandlerOptions{Level: slog.LevelWarn})))
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { closeApp(b, a) })
			w.sync(a)
			if err := a.IndexDocs(b.Context()); err != nil {
				b.Fatal(err)
			}
			server := daemonOf(b, a)
			fireSearches(b, server+"/api/search/query?term=", searchTerms(a))
			b.ReportMetric(100*float64(failures.Load())/float64(b.N), "failed-%")
		})
	}
}

// documentedFiles is a catalog in which one component in five has its eight sections of documentation: about one for each
// entity.
func documentedFiles(n int) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		components, documented := 0, false
		for name, text := range catalogtest.Files(catalogtest.Options{Entities: n, Seed: benchSeed, Docs: true}) {
			if strings.HasSuffix(name, ".yaml") {
				documented = components%5 == 0
				if strings.Contains(string(text), "kind: Component") {
					components++
				}
			} else if !documented {
				continue
			}
			if !yield(name, text) {
				return
			}
		}
	}
}

// failureCount counts the lines of a log that tell of searches without documentation.
type failureCount struct{ atomic.Int64 }

func (f *failureCount) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte("a part of the search failed")) {
		f.Add(1)
	}
	return len(line), nil
}

// daemonOf runs the daemon until the benchmark ends, and gives its address.
func daemonOf(b *testing.B, a *app.App) string {
	b.Helper()
	address, err := a.Listen(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	b.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			b.Error(err)
		}
	})
	return "http://" + address
}

// searchTerms are questions as people type them: a part of a name, a name's words, or a few words of what an entity
// says of itself and of what every runbook says.
func searchTerms(a *app.App) []string {
	dice := rand.New(rand.NewPCG(benchSeed, 3))
	var entities []*catalog.Entity
	for e := range a.Snapshot().As(catalog.Everything{}).All() {
		entities = append(entities, e)
	}
	usual := strings.Fields("dashboard latency error rate queue requests team rollout disk full slow runbook")
	terms := make([]string, 5000)
	for i := range terms {
		e := entities[dice.IntN(len(entities))]
		name := strings.FieldsFunc(e.Ref.Name, func(r rune) bool { return r == '-' || r == '.' })
		says := append(strings.Fields(e.Metadata.Description), name...)
		switch dice.IntN(4) {
		case 0:
			terms[i] = e.Ref.Name[:min(4, len(e.Ref.Name))]
		case 1:
			terms[i] = strings.Join(name, " ")
		case 2:
			terms[i] = says[dice.IntN(len(says))] + " " + usual[dice.IntN(len(usual))]
		default:
			terms[i] = usual[dice.IntN(len(usual))] + " " + usual[dice.IntN(len(usual))]
		}
	}
	return terms
}

// fireSearches asks from 16 clients, after a question that fills what is filled on demand.
func fireSearches(b *testing.B, address string, terms []string) {
	b.Helper()
	const clients = 16
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients, MaxConnsPerHost: clients}}
	defer client.CloseIdleConnections()
	searchOnce(b, client, address+url.QueryEscape(terms[0]))
	var mu sync.Mutex
	var waits []time.Duration
	var all sync.WaitGroup
	jobs := make(chan string)
	for range clients {
		all.Go(func() {
			for term := range jobs {
				start := time.Now()
				searchOnce(b, client, address+url.QueryEscape(term))
				mu.Lock()
				waits = append(waits, time.Since(start))
				mu.Unlock()
			}
		})
	}
	i, before := 0, processTime(b)
	for b.Loop() {
		jobs <- terms[i%len(terms)]
		i++
	}
	close(jobs)
	all.Wait()
	b.ReportMetric(float64((processTime(b)-before).Microseconds())/float64(len(waits)), "cpu-us/op")
	b.ReportMetric(float64(len(waits))/b.Elapsed().Seconds(), "req/s")
	for _, p := range []int{50, 95, 99} {
		b.ReportMetric(percentile(waits, p), "p"+strconv.Itoa(p)+"-ms")
	}
}

func searchOnce(b *testing.B, client *http.Client, address string) {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		b.Error(err)
		return
	}
	response, err := client.Do(r)
	if err != nil {
		b.Error(err)
		return
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != http.StatusOK {
		b.Error(address, response.StatusCode, err)
	}
}

// processTime is what this process took so far. It says more than time does on a busy machine.
func processTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
