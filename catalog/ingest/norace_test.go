//go:build !race

package ingest_test

// slowdown allows for a busy machine; the costs that the tests guard against are a hundred times
// more. worstSize is the size of the largest files permitted.
const (
	slowdown  = 10
	worstSize = 1<<20 - 200
)
