package sqldb_test

import (
	"strconv"
	"testing"

	"callboard/catalog"
	"callboard/catalog/ingest"
	"callboard/catalog/ingest/ingesttest"
	"callboard/integrations/sqldb"
)

const testBallast = 64 << 10

func open(t testing.TB, dir string) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open(t.Context(), sqldb.Options{Dir: dir, Ballast: testBallast})
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return db
}

func closeDB(t testing.TB, db *sqldb.DB) {
	t.Helper()
	if err := db.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
}

func TestCatalog(t *testing.T) {
	ingesttest.TestStore(t, func(t *testing.T) (ingest.Store, func() ingest.Store) {
		dir := t.TempDir()
		db := open(t, dir)
		t.Cleanup(func() { closeDB(t, db) })
		return db.Catalog(), func() ingest.Store {
			closeDB(t, db)
			db = open(t, dir)
			return db.Catalog()
		}
	})
}

func BenchmarkCatalog_Apply(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		set := &catalog.ChangeSet{Files: ingesttest.Files(n)}
		b.Run("entities="+strconv.Itoa(n), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				db := open(b, b.TempDir())
				b.StartTimer()
				if err := db.Catalog().Apply(b.Context(), set); err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				closeDB(b, db)
				b.StartTimer()
			}
		})
	}
}

func BenchmarkCatalog_Load(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		db := open(b, b.TempDir())
		if err := db.Catalog().Apply(b.Context(), &catalog.ChangeSet{Files: ingesttest.Files(n)}); err != nil {
			b.Fatal(err)
		}
		b.Run("entities="+strconv.Itoa(n), func(b *testing.B) {
			for b.Loop() {
				stored, err := db.Catalog().Load(b.Context())
				if err != nil || len(stored.Files) != n {
					b.Fatalf("%d files, %v", len(stored.Files), err)
				}
			}
		})
		closeDB(b, db)
	}
}
