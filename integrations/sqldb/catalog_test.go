package sqldb_test

import (
	"os"
	"testing"

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

func size(t testing.TB, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
