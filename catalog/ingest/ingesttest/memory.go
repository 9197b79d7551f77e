package ingesttest

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"callboard/catalog"
	"callboard/catalog/ingest"
)

// Memory is a Store that forgets everything with the process. Its zero value is empty.
type Memory struct {
	// Fail, if set, is asked before each Apply; its error is the Apply's, which then changes nothing.
	Fail func() error

	mu      sync.Mutex
	sources map[string]catalog.SourceStatus
	files   map[catalog.FileKey]*catalog.File
}

// Load implements ingest.Store.
func (m *Memory) Load(ctx context.Context) (ingest.Stored, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var stored ingest.Stored
	for _, status := range m.sources {
		stored.Sources = append(stored.Sources, status)
	}
	for _, file := range m.files {
		copied := *file
		copied.Documents = slices.Clone(file.Documents)
		stored.Files = append(stored.Files, &copied)
	}
	slices.SortFunc(stored.Sources, func(a, b catalog.SourceStatus) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(stored.Files, func(a, b *catalog.File) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Path, b.Path))
	})
	return stored, ctx.Err()
}

// Apply implements ingest.Store.
func (m *Memory) Apply(ctx context.Context, set *catalog.ChangeSet) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.Fail != nil {
		if err := m.Fail(); err != nil {
			return err
		}
	}
	if m.sources == nil {
		m.sources, m.files = map[string]catalog.SourceStatus{}, map[catalog.FileKey]*catalog.File{}
	}
	for _, name := range set.Dropped {
		delete(m.sources, name)
		for key := range m.files {
			if key.Source == name {
				delete(m.files, key)
			}
		}
	}
	for _, key := range set.Gone {
		delete(m.files, key)
	}
	for _, status := range set.Sources {
		m.sources[status.Name] = status
	}
	for _, file := range set.Files {
		copied := *file
		copied.Documents = slices.Clone(file.Documents)
		m.files[catalog.FileKey{Source: file.Source, Path: file.Path}] = &copied
	}
	return nil
}
