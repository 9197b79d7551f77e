// Package ingesttest holds the suite that every ingest.Store has to pass, and the generators of
// content that it and the benchmarks of stores use.
package ingesttest
