package ingest

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"

	"callboard/catalog"
)

// At gives the catalog as these trees of the configured sources made it at a time, by the same rules as a sync of
// a new, empty catalog. It changes nothing, stores nothing, and reads no URL of a placeholder, since what is
// there now is not what was there then. A source without a tree is in the catalog, but empty.
//
// What only a sync that follows another can know is not in it: orphans, and what was last good of a
// descriptor that was broken at that time.
func (s *Syncer) At(ctx context.Context, when time.Time, trees map[string]Tree) (*catalog.Snapshot, error) {
	opts := Options{Store: forgetful{}, Limits: s.opts.Limits, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return when }}
	for _, config := range s.opts.Sources {
		tree, found := trees[config.Name]
		if !found {
			tree = Tree{Root: &Dir{}}
		}
		config.Source = still{tree}
		opts.Sources = append(opts.Sources, config)
	}
	past := NewSyncer(opts)
	past.shapes = s.shapes
	s.mu.Lock()
	for i, st := range s.states {
		if s.opts.Remote == nil { // else a document may hold what a URL gave since
			past.states[i].twins = maps.Clone(st.files)
		}
	}
	s.mu.Unlock()
	past.Sync(ctx, false)
	return past.Snapshot(), ctx.Err()
}

// twin gives the file as another revision has it, if it is the same there, without reading it. Texts are shared with that
// revision, which saves most of the memory; what depends on other files is left out. Nil when it has to be read.
func (s *scan) twin(name, blob string) *catalog.File {
	known := s.twins[name]
	if !s.same(known, blob) || slices.ContainsFunc(known.Documents, func(d catalog.Document) bool { return d.Stale }) {
		return nil
	}
	file := &catalog.File{Source: known.Source, Path: name, Blob: known.Blob, Inputs: known.Inputs, Documents: slices.Clone(known.Documents)}
	for i := range file.Documents {
		doc := &file.Documents[i]
		doc.Holds, doc.Lost, doc.Origin.Revision = false, "", s.tree.Revision
		doc.Problems = slices.Clone(doc.Problems)
		for j := range doc.Problems {
			doc.Problems[j].Origin.Revision = s.tree.Revision
		}
		if doc.Entity != nil {
			entity := *doc.Entity
			entity.Origin.Revision = s.tree.Revision
			doc.Entity = &entity
		}
	}
	return file
}

// still is a source that never changes.
type still struct{ tree Tree }

// Fetch implements Source.
func (s still) Fetch(ctx context.Context) (Tree, error) { return s.tree, ctx.Err() }

// forgetful is a Store for what shall not be kept.
type forgetful struct{}

// Load implements Store.
func (forgetful) Load(context.Context) (Stored, error) { return Stored{}, nil }

// Apply implements Store.
func (forgetful) Apply(context.Context, *catalog.ChangeSet) error { return nil }
