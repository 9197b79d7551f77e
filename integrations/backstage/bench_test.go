package backstage_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"callboard/catalog"
	"callboard/catalog/catalogtest"
	"callboard/integrations/backstage"
)

// BenchmarkHTTP asks over real connections with 16 clients on the same machine: the rows of design.md
// section 6 that this API has. It reports requests a second and percentiles.
func BenchmarkHTTP(b *testing.B) {
	for _, entities := range []int{10_000, 100_000} {
		docs := catalogtest.Documents(catalogtest.Options{Entities: entities, Seed: 1})
		s := catalog.NewSnapshot(catalog.Contents{Documents: docs, Revision: 1})
		api := backstage.New(backstage.Options{Catalog: func() *catalog.Snapshot { return s }, Viewer: everything, Anonymous: true, Log: quiet()})
		server := httptest.NewServer(api)
		for _, question := range []struct {
			name string
			path func(e *catalog.Entity) string
		}{
			{"by-name", func(e *catalog.Entity) string {
				return "/api/catalog/entities/by-name/" + e.Ref.Kind + "/" + e.Ref.Namespace + "/" + e.Ref.Name
			}},
			{"full-text", func(e *catalog.Entity) string {
				return "/api/catalog/entities/by-query?limit=20&orderField=metadata.name,asc&filter=kind=component&fullTextFilterFields=metadata.name,metadata.title,spec.profile.displayName&fullTextFilterTerm=" + url.QueryEscape(e.Ref.Name[:min(4, len(e.Ref.Name))])
			}},
			{"filtered", func(*catalog.Entity) string {
				return "/api/catalog/entities/by-query?limit=20&orderField=metadata.name,desc&filter=kind=component,spec.type=service"
			}},
			{"facets", func(*catalog.Entity) string {
				return "/api/catalog/entity-facets?facet=kind&facet=spec.type&facet=spec.lifecycle&filter=kind=component"
			}},
			{"search", func(e *catalog.Entity) string {
				return "/api/search/query?term=" + url.QueryEscape(e.Ref.Name[:min(4, len(e.Ref.Name))])
			}},
		} {
			b.Run(fmt.Sprintf("%s/%d", question.name, entities), func(b *testing.B) {
				random := rand.New(rand.NewPCG(1, 2))
				paths := make([]string, 5000)
				for i := range paths {
					paths[i] = question.path(docs[random.IntN(len(docs))].Entity)
				}
				fire(b, server.URL, paths)
			})
		}
		server.Close()
	}
}

// fire sends b.N requests from 16 clients, after a round that fills what is filled on demand.
func fire(b *testing.B, server string, paths []string) {
	b.Helper()
	const clients = 16
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients, MaxConnsPerHost: clients}}
	defer client.CloseIdleConnections()
	ask := func(path string) {
		r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, server+path, http.NoBody)
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
			b.Error(path, response.StatusCode, err)
		}
	}
	ask(paths[0])
	took := make([]time.Duration, b.N)
	var next atomic.Int64
	var all sync.WaitGroup
	before := cpuTime(b)
	b.ResetTimer()
	for range clients {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < b.N; i = int(next.Add(1)) - 1 {
				start := time.Now()
				ask(paths[i%len(paths)])
				took[i] = time.Since(start)
			}
		})
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/float64(b.N), "cpu-us/op")
	slices.Sort(took)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
	for _, p := range []int{50, 95, 99} {
		b.ReportMetric(float64(took[len(took)*p/100].Microseconds())/1000, fmt.Sprint("p", p, "-ms"))
	}
}

// cpuTime is what clients and server together took so far. It says more than time does on a busy machine.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkColumns makes the columns of common keys at 100,000 entities, as the first request after a
// change does, and reports the memory that they keep.
func BenchmarkColumns(b *testing.B) {
	docs := catalogtest.Documents(catalogtest.Options{Entities: 100_000, Seed: 1})
	s := catalog.NewSnapshot(catalog.Contents{Documents: docs, Revision: 1})
	for _, key := range []string{"kind", "metadata.name", "spec.owner", "metadata.tags", "relations.ownedBy", "spec.nothing", "metadata.annotations.backstage.io/techdocs-ref"} {
		b.Run(strings.ReplaceAll(key, "/", "_"), func(b *testing.B) {
			var before, after runtime.MemStats
			for b.Loop() {
				api := backstage.New(backstage.Options{Catalog: func() *catalog.Snapshot { return s }, Viewer: everything, Anonymous: true, Log: quiet()})
				ask(b, api, http.MethodGet, "/api/catalog/entities/by-query?limit=0", "")
				b.StopTimer()
				runtime.GC()
				runtime.ReadMemStats(&before)
				b.StartTimer()
				ask(b, api, http.MethodGet, "/api/catalog/entities/by-query?limit=0&filter="+key+"=x", "")
				b.StopTimer()
				runtime.GC()
				runtime.ReadMemStats(&after)
				b.StartTimer()
				runtime.KeepAlive(api)
			}
			b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/1e6, "MB")
		})
	}
}

// BenchmarkColumns_AfterChange changes one of 100,000 entities, and asks a full-text question for the first
// time after that.
func BenchmarkColumns_AfterChange(b *testing.B) {
	docs := catalogtest.Documents(catalogtest.Options{Entities: 100_000, Seed: 1})
	s := catalog.NewSnapshot(catalog.Contents{Documents: docs, Revision: 1})
	api := backstage.New(backstage.Options{Catalog: func() *catalog.Snapshot { return s }, Viewer: everything, Anonymous: true, Log: quiet()})
	const question = "/api/catalog/entities/by-query?limit=20&orderField=metadata.name,asc&filter=kind=component,relations.ownedBy=group:default/x" +
		"&fullTextFilterFields=metadata.name,metadata.title,spec.profile.displayName&fullTextFilterTerm=serv"
	ask(b, api, http.MethodGet, question, "")
	took := make([]time.Duration, 0, 1000)
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		changed := *docs[i%len(docs)]
		entity := *changed.Entity
		entity.Metadata.Title = fmt.Sprint("Changed ", i)
		changed.Entity = &entity
		s = s.With(catalog.Change{Contents: catalog.Contents{Documents: []*catalog.Document{&changed}, Revision: int64(i + 2)}})
		b.StartTimer()
		start := time.Now()
		ask(b, api, http.MethodGet, question, "")
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
}
