//go:build race

package ingest_test

// Under the race detector everything takes ten times as long.
const (
	slowdown  = 100
	worstSize = 1 << 17
)
