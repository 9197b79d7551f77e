package app

import (
	"context"
	"iter"
	"slices"
	"time"

	"callboard/catalog/docs"
	"callboard/catalog/ingest"
)

// docsRetry is how soon the index is looked after again when nothing in the catalog changed: it may
// have been deleted, or the last attempt may have failed.
const docsRetry = 10 * time.Second

// openDocs opens the index of the documentation and what answers from it.
func (a *App) openDocs(ctx context.Context) error {
	index, err := a.db.Docs(ctx)
	if err != nil {
		return err
	}
	a.closer.add("index of the documentation", index.Close)
	a.docs = docs.NewLibrary(ctx, index, a.log)
	return nil
}

// catalogPublished wakes runDocs and runLinks. Many wakings are one: they follow the newest catalog only.
func (a *App) catalogPublished() {
	a.kickLinks()
	a.docsSince.CompareAndSwap(0, time.Now().UnixNano())
	select {
	case a.docsKick <- struct{}{}:
	default:
	}
}

// runDocs keeps the documentation in step with the catalog, behind it, until ctx ends.
func (a *App) runDocs(ctx context.Context) error {
	ticker := time.NewTicker(docsRetry)
	defer ticker.Stop()
	for due := true; ; {
		if due {
			due = a.indexDocs(ctx) != nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-a.docsKick:
			due = true
		case <-ticker.C:
			due = due || a.docs.Lost(ctx)
		}
	}
}

// indexDocs brings the documentation in step once. Old documentation is served until it can.
func (a *App) indexDocs(ctx context.Context) error {
	select {
	case <-a.docsKick: // what it tells of is seen below
	default:
	}
	since, start := a.docsSince.Load(), time.Now()
	snapshot, trees := a.syncer.Current()
	if len(trees) > 0 && a.grown.Swap(false) {
		defer a.release() // what the work below leaves behind
		defer a.thrift.begin()()
	}
	err := a.docs.Update(ctx, docs.Present{Snapshot: snapshot, Trees: docsTrees(trees)})
	result := "fine"
	switch {
	case err != nil:
		result = "failed"
	case len(a.docsKick) > 0: // a newer catalog came meanwhile
		a.docsSince.Store(start.UnixNano())
	default:
		a.docsSince.Store(0)
	}
	if err == nil && since != 0 {
		a.meters.docs.lag.Observe(time.Since(time.Unix(0, since)).Seconds())
	}
	a.meters.docs.updates.WithLabelValues(result).Inc()
	a.meters.docs.duration.Observe(time.Since(start).Seconds())
	if ctx.Err() != nil {
		return ctx.Err()
	}
	a.noteDocs(err)
	return err
}

// noteDocs remembers whether the documentation could be indexed, and writes a log line when that changed.
func (a *App) noteDocs(err error) {
	a.mu.Lock()
	changed := (err == nil) != (a.docsFault == nil)
	a.docsFault = err
	a.mu.Unlock()
	switch {
	case changed && err != nil:
		a.log.Error("the documentation could not be indexed, what was indexed before is served", "error", err)
	case changed:
		a.log.Info("the documentation can be indexed again")
	}
}

// docsWaiting is how long the catalog has been newer than the index.
func (a *App) docsWaiting() time.Duration {
	since := a.docsSince.Load()
	if since == 0 {
		return 0
	}
	return time.Since(time.Unix(0, since))
}

// IndexDocs brings the documentation in step with the catalog, for a program that ends after a sync.
func (a *App) IndexDocs(ctx context.Context) error { return a.indexDocs(ctx) }

// docsTrees are the trees as catalog/docs sees them.
func docsTrees(trees map[string]ingest.Tree) map[string]docs.Tree {
	out := make(map[string]docs.Tree, len(trees))
	for name, tree := range trees {
		out[name] = docsTree(tree)
	}
	return out
}

func docsTree(tree ingest.Tree) docs.Tree {
	root := tree.Root // what outlives an update holds the listing only
	dir := func(name string) *ingest.Dir {
		if name == "." {
			name = ""
		}
		return root.Dir(name)
	}
	return docs.Tree{
		FS: tree.FS, Revision: tree.Revision,
		Hash: func(name string) (string, docs.Kind) {
			if folder := dir(name); folder != nil {
				return folder.Hash, docs.AFolder
			}
			if hash, found := root.File(name); found {
				return hash, docs.AFile
			}
			if _, _, found := root.Link(name); found {
				return "", docs.ALink
			}
			return "", docs.Nothing
		},
		Folders: func(name string) iter.Seq2[string, string] {
			return func(yield func(string, string) bool) {
				folder := dir(name)
				if folder == nil {
					return
				}
				for _, sub := range folder.Dirs {
					if !yield(sub.Name, sub.Hash) {
						return
					}
				}
			}
		},
		List: func(name string) (folders, files []string) {
			folder := dir(name)
			if folder == nil {
				return nil, nil
			}
			for _, sub := range folder.Dirs {
				folders = append(folders, sub.Name)
			}
			for _, blob := range folder.Files {
				files = append(files, blob.Name)
			}
			for _, link := range folder.Links {
				files = append(files, link.Name)
			}
			slices.Sort(files)
			return folders, files
		},
	}
}
