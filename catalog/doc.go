// Package catalog holds the software catalog's model: refs, entities, relations, problems, and the
// Snapshot that answers every question from memory.
//
// It is the innermost package and imports nothing else of ours. catalog/ingest fills it from Git,
// integrations/sqldb keeps it, bot/command asks it. The format is Backstage's; the rules were
// collected in the design notes (backstage.md) and are named where they apply.
package catalog
