package sqldb_test

import (
	"strconv"
	"testing"

	"callboard/catalog"
	"callboard/catalog/catalogtest"
	"callboard/catalog/ingest"
	"callboard/integrations/sqldb"
)

// generated is the catalog of n entities that all benchmarks use, as read from its descriptors.
func generated(b *testing.B, n int) *catalog.ChangeSet {
	b.Helper()
	reader := ingest.Reader{Source: catalogtest.Source, Revision: "3f786850e387550fdab836ed7e6dc881de23001b", Shapes: new(ingest.Shapes)}
	set := &catalog.ChangeSet{Sources: []catalog.SourceStatus{{Name: catalogtest.Source}}}
	for path, text := range catalogtest.Files(catalogtest.Options{Entities: n}) {
		docs := reader.Read(path, text).Documents
		if len(docs) == 0 || docs[0].Entity == nil {
			b.Fatalf("%s was refused", path)
		}
		set.Files = append(set.Files, &catalog.File{
			Source: reader.Source, Path: path, Blob: reader.Revision, Documents: docs,
		})
	}
	return set
}

// bySize runs bench with catalogs of three sizes, made only if they are asked for.
func bySize(b *testing.B, bench func(b *testing.B, set *catalog.ChangeSet)) {
	b.Helper()
	for _, n := range []int{1_000, 10_000, 100_000} {
		var set *catalog.ChangeSet
		b.Run("entities="+strconv.Itoa(n), func(b *testing.B) {
			if set == nil {
				set = generated(b, n)
			}
			b.ReportAllocs()
			bench(b, set)
		})
	}
}

// BenchmarkCatalog_Apply is the first sync: everything at once into a new store.
func BenchmarkCatalog_Apply(b *testing.B) {
	bySize(b, func(b *testing.B, set *catalog.ChangeSet) {
		b.Helper()
		for b.Loop() {
			b.StopTimer()
			db := open(b, b.TempDir())
			b.StartTimer()
			apply(b, db, set)
			b.StopTimer()
			b.ReportMetric(float64(size(b, db.Path()))/float64(len(set.Files)), "bytes/entity")
			closeDB(b, db)
			b.StartTimer()
		}
	})
}

// BenchmarkCatalog_ApplyOne is one changed file in a store of that size.
func BenchmarkCatalog_ApplyOne(b *testing.B) {
	bySize(b, func(b *testing.B, set *catalog.ChangeSet) {
		b.Helper()
		db := open(b, b.TempDir())
		defer closeDB(b, db)
		apply(b, db, set)
		one := &catalog.ChangeSet{Sources: set.Sources, Files: set.Files[:1]}
		for b.Loop() {
			apply(b, db, one)
		}
	})
}

// BenchmarkCatalog_Load is a restart: open the store and load everything.
func BenchmarkCatalog_Load(b *testing.B) {
	bySize(b, func(b *testing.B, set *catalog.ChangeSet) {
		b.Helper()
		dir := b.TempDir()
		db := open(b, dir)
		apply(b, db, set)
		closeDB(b, db)
		for b.Loop() {
			db := open(b, dir)
			stored, err := db.Catalog().Load(b.Context())
			if err != nil || len(stored.Files) != len(set.Files) {
				b.Fatalf("%d files, %v", len(stored.Files), err)
			}
			closeDB(b, db)
		}
	})
}

func apply(t testing.TB, db *sqldb.DB, set *catalog.ChangeSet) {
	t.Helper()
	if err := db.Catalog().Apply(t.Context(), set); err != nil {
		t.Fatalf("Apply: %v", err)
	}
}
