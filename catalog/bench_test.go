package catalog_test

import (
	"runtime"
	"strconv"
	"testing"

	"callboard/catalog"
)

func sizes() []int { return []int{1_000, 10_000, 100_000} }

func BenchmarkNewSnapshot(b *testing.B) {
	for _, n := range sizes() {
		contents := generate(n)
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			before := heap()
			var s *catalog.Snapshot
			for b.Loop() {
				s = catalog.NewSnapshot(contents)
			}
			b.ReportMetric(float64(heap()-before)/float64(n), "B/entity")
			runtime.KeepAlive(s)
		})
	}
}

func BenchmarkWith(b *testing.B) {
	for _, n := range sizes() {
		contents := generate(n)
		s := catalog.NewSnapshot(contents)
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				doc := contents.Documents[i%n]
				s = s.With(catalog.Change{Contents: catalog.Contents{Documents: []*catalog.Document{doc}, Sources: contents.Sources}})
			}
		})
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func BenchmarkView(b *testing.B) {
	for _, n := range sizes() {
		v, documents := generatedView(b, n)
		typos := misspell(v, documents, 300)
		questions := []struct {
			name string
			ask  func(i int)
		}{
			{"resolve exact", func(i int) { v.Resolve(documents[i%n].Ref.Name) }},
			{"resolve typo", func(i int) { v.Resolve(typos[i%len(typos)].text) }},
			{"resolve nothing", func(i int) { v.Resolve("zebra-" + strconv.Itoa(i) + "-crossing") }},
			{"resolve pod", func(i int) { v.Resolve(documents[i%n].Ref.Name + "-7d9f8b6c5d-x2x4z") }},
			{"resolve url", func(i int) { v.Resolve("https://git.example.com/acme/" + documents[i%n].Ref.Name + "/pull/1") }},
			{"complete", func(i int) { v.Complete(documents[i%n].Ref.Name[:3], 10) }},
			{"find one word", func(int) { v.Find(catalog.Query{Text: "wallet"}) }},
			{"find common word", func(int) { v.Find(catalog.Query{Text: "service"}) }},
			{"find owner", func(int) { v.Find(catalog.Query{Text: "owner:team-wallet"}) }},
			{"relations", func(i int) { v.Relations(documents[i%n].Ref) }},
		}
		for _, q := range questions {
			b.Run(q.name+"/"+strconv.Itoa(n), func(b *testing.B) {
				i := 0
				for b.Loop() {
					q.ask(i)
					i++
				}
			})
		}
	}
}

func BenchmarkDescribe(b *testing.B) {
	contents := generate(1_000)
	docs := contents.Documents
	view := catalog.NewSnapshot(contents).As(catalog.Everything{})
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, err := view.Describe(docs[i%len(docs)].Entity); err != nil {
			b.Fatal(err)
		}
		i++
	}
}
