// Package ingest turns Git trees into the catalog: tree at a revision → documents → validate →
// place → build → diff → store → swap.
//
// It stands between the sources (integrations/git) and the snapshot (catalog): nothing reaches the
// catalog but through here. Reading is a pure function of file contents, so a file whose blob did
// not change is not read again; errors stay with their document.
package ingest
