// Package backstage serves Backstage's catalog read API from the snapshot, so that Backstage plugins
// and scripts written for Backstage's backend can ask Callboard instead.
//
// It stands at the edge: it knows the catalog and who may see what, and is asked over HTTP. Parameters,
// shapes and errors are Backstage's; where an answer differs, docs/reference/api.md says so. Nothing here
// waits for a database or another system.
//
// Filters, full-text terms, facets and orders are answered from columns. A column holds what all entities
// have under one search key, such as spec.type; it is made when a key is first asked for and lives, within
// a budget, until the catalog changes.
package backstage
