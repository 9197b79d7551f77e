package ingesttest_test

import (
	"testing"

	"callboard/catalog/ingest"
	"callboard/catalog/ingest/ingesttest"
)

func TestMemory(t *testing.T) {
	ingesttest.TestStore(t, func(*testing.T) (ingest.Store, func() ingest.Store) {
		store := &ingesttest.Memory{}
		return store, func() ingest.Store { return store }
	})
}
