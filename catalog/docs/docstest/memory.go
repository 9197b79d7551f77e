// Package docstest holds an index of documentation in memory, for tests of what stands on catalog/docs
// without the store.
package docstest

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"

	"callboard/catalog"
	"callboard/catalog/docs"
)

// Memory is an Index that forgets everything with the process and looks at every section for each
// search. The zero Memory is empty.
type Memory struct {
	mu      sync.Mutex
	pages   map[docs.PageKey]*docs.Page
	shelves map[catalog.Ref]*docs.Shelf
}

var _ docs.Index = (*Memory)(nil)

// Load gives what Apply stored.
func (m *Memory) Load(_ context.Context, refs []catalog.Ref) (docs.Stock, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	stock := docs.Stock{Shelves: map[catalog.Ref]docs.Kept{}}
	for ref, shelf := range m.shelves {
		if refs != nil && !slices.Contains(refs, ref) {
			continue
		}
		kept := docs.Kept{Stamp: shelf.Stamp(), Problems: shelf.Problems, Runbook: docs.Summary{Links: shelf.Links}}
		for _, f := range shelf.Files {
			page := m.pages[f.PageKey]
			if !f.Runbook || page == nil {
				continue
			}
			parts := page.Parts()
			book := docs.Book{Page: f.PageKey, First: page.Title, Parts: len(parts), Behind: f.Behind}
			if len(parts) > 0 {
				book.First = parts[0].Heading
			}
			kept.Add(book)
		}
		stock.Shelves[ref] = kept
	}
	for _, page := range m.pages {
		stock.Problems = append(stock.Problems, page.Problems...)
	}
	return stock, nil
}

// Missing gives the files of which no page is stored with the same blob.
func (m *Memory) Missing(_ context.Context, files []docs.File) ([]docs.File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var missing []docs.File
	for _, f := range files {
		if page := m.pages[f.PageKey]; page == nil || page.Blob != f.Blob {
			missing = append(missing, f)
		}
	}
	return missing, nil
}

// Apply stores a change.
func (m *Memory) Apply(_ context.Context, change *docs.Change) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if change.Whole || m.pages == nil {
		m.pages, m.shelves = map[docs.PageKey]*docs.Page{}, map[catalog.Ref]*docs.Shelf{}
	}
	for page := range change.Pages {
		m.pages[page.Key()] = page
	}
	for _, shelf := range change.Shelves {
		m.shelves[shelf.Ref] = shelf
	}
	for _, ref := range change.Gone {
		delete(m.shelves, ref)
	}
	return nil
}

// Shelf gives the pages of an entity without their sections.
func (m *Memory) Shelf(_ context.Context, ref catalog.Ref) ([]docs.ShelvedPage, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []docs.ShelvedPage
	if shelf := m.shelves[ref]; shelf != nil {
		for _, f := range shelf.Files {
			if page := m.pages[f.PageKey]; page != nil {
				listed := docs.ShelvedPage{
					Page: *page, Name: cmp.Or(f.Title, page.Title), Runbook: f.Runbook, Behind: f.Behind, On: ref,
					Answers: page.Answers(), Bytes: page.Bytes(),
				}
				listed.Sections = nil
				out = append(out, listed)
			}
		}
	}
	return out, nil
}

// Texts gives the sections of pages.
func (m *Memory) Texts(_ context.Context, pages []docs.PageKey) (map[docs.PageKey][]docs.Section, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[docs.PageKey][]docs.Section{}
	for _, key := range pages {
		if page := m.pages[key]; page != nil {
			out[key] = page.Sections
		}
	}
	return out, nil
}

// Search ranks the sections that hold all words, or else any.
func (m *Memory) Search(_ context.Context, view catalog.View, q docs.Query) (docs.Found, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all, some []docs.Hit
	sight := docs.NewSight(view)
	for ref, shelf := range m.shelves {
		if e, seen := view.Get(ref); !seen || q.Only != nil && !q.Only(e) || q.Ref != (catalog.Ref{}) && q.Ref != ref {
			continue
		}
		for _, f := range shelf.Files {
			page := m.pages[f.PageKey]
			if page == nil || q.Runbooks && !f.Runbook || !sight.Sees(ref, f.Behind) {
				continue
			}
			for _, s := range page.Sections {
				hit := docs.Hit{
					PageKey: page.Key(), Revision: page.Revision, Page: page.Title, Runbook: f.Runbook, Tags: page.Tags, Section: s,
					Refs: []catalog.Ref{ref}, Snippet: docs.Snippet(s.Body, q.Words),
				}
				switch n := holds(page, s, q.Words); {
				case n == len(q.Words):
					all = append(all, hit)
				case n > 0:
					some = append(some, hit)
				}
			}
		}
	}
	loose := len(all) == 0
	if loose {
		all = some
	}
	hits := docs.Rank(q.Words, all, loose)
	return docs.Found{Hits: hits[:min(len(hits), cmp.Or(q.Limit, 10))], Total: len(hits), Loose: loose && len(hits) > 0}, nil
}

// holds counts the words that a section holds.
func holds(page *docs.Page, s docs.Section, words []string) int {
	text := " " + strings.ToLower(docs.Spread(strings.Join([]string{page.Title, page.Path, s.Heading, s.Body}, " ")))
	n := 0
	for _, word := range words {
		if strings.Contains(text, docs.Root(word)) {
			n++
		}
	}
	return n
}

// Size counts what is stored.
func (m *Memory) Size(context.Context) (docs.Size, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	size := docs.Size{Shelves: len(m.shelves), Pages: len(m.pages)}
	for _, page := range m.pages {
		size.Sections += len(page.Sections)
	}
	return size, nil
}

// Check finds nothing wrong.
func (m *Memory) Check(context.Context) error { return nil }
