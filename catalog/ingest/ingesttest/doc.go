// Package ingesttest holds the suite that every ingest.Store has to pass, and the strange content
// that it tries them with.
package ingesttest
