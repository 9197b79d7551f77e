// Package docs finds the documentation and the runbooks of entities, splits their pages into
// sections, and answers with the sections that fit a question. It stands on catalog alone.
//
// A page is one Markdown file of a source. The documentation of an entity is its Shelf: the pages
// in reading order, which of them are runbooks, and runbooks that lie elsewhere. Shelves are found
// by TechDocs' rules (annotation backstage.io/techdocs-ref, mkdocs.yml) and Callboard's own
// (annotation callboard/runbook, docs/runbook*.md, folders of pages named after alerts).
//
// The Library keeps an Index in step with the catalog. The Index holds the text of the sections
// too, so they are served while Git is gone; it may be deleted at any time and is built anew.
package docs
