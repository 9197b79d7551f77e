package app

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/singleflight"

	"callboard/catalog"
	"callboard/catalog/docs"
	"callboard/catalog/ingest"
	"callboard/integrations/git"
)

// Bounds of looking into the past.
const (
	pastKept   = 2                // catalogs of the past that are kept in memory
	pastIdle   = 10 * time.Minute // after which one that nobody asks for is dropped
	pastLimit  = 2 * time.Minute  // for building one and waiting for others, which goes on when the asker has left
	pastAtOnce = 4                // sources that are asked for their history at the same time
)

// past builds the catalog as it was, from the local copies of the sources.
type past struct {
	syncer  *ingest.Syncer
	history *git.History
	flights singleflight.Group
	slot    chan struct{} // holds one while a catalog is built: each takes as much memory as the present one
	load    func(ctx context.Context, sources []catalog.SourceStatus, of catalog.Past) (*catalog.Snapshot, error)

	mu     sync.Mutex
	closed bool
	kept   []*pastCatalog // the one used last at the end
}

// pastCatalog is a catalog of the past in memory.
type pastCatalog struct {
	key      string // the sources' commits
	snapshot *catalog.Snapshot
	drop     *time.Timer
}

func newPast(syncer *ingest.Syncer, history *git.History) *past {
	p := &past{syncer: syncer, history: history, slot: make(chan struct{}, 1)}
	p.load = p.read
	return p
}

// at gives the catalog as it was at a moment. A commit is looked for in all sources; those that do not
// have it are shown as they were when it was committed.
func (p *past) at(ctx context.Context, m catalog.Moment) (catalog.Past, error) {
	sources := p.syncer.Snapshot().As(catalog.Everything{}).Sources()
	when, err := p.when(ctx, sources, m)
	if err != nil {
		return catalog.Past{}, err
	}
	out := catalog.Past{When: when, Sources: make([]catalog.PastSource, len(sources))}
	var group errgroup.Group
	group.SetLimit(pastAtOnce)
	for i, source := range sources {
		group.Go(func() error {
			out.Sources[i] = p.source(ctx, source.Name, m, when)
			return ctx.Err()
		})
	}
	if err := group.Wait(); err != nil {
		return out, err
	}
	if !slices.ContainsFunc(out.Sources, func(s catalog.PastSource) bool { return s.Err == nil }) {
		return out, firstError(out.Sources)
	}
	out.Catalog, err = p.build(ctx, sources, out)
	return out, err
}

// when gives the time of a moment.
func (p *past) when(ctx context.Context, sources []catalog.SourceStatus, m catalog.Moment) (time.Time, error) {
	if m.Commit == "" {
		return m.Time, nil
	}
	wrong := catalog.ErrNoHistory
	for _, source := range sources {
		commit, err := p.history.At(ctx, source.Name, m)
		if err == nil {
			return commit.Since, nil
		}
		if !errors.Is(err, catalog.ErrNoHistory) && (errors.Is(wrong, catalog.ErrNoHistory) || !errors.Is(err, catalog.ErrNoCommit)) {
			wrong = err // that a commit is ambiguous says more than that another source does not have it
		}
	}
	return time.Time{}, wrong
}

// source finds what a source was at.
func (p *past) source(ctx context.Context, name string, m catalog.Moment, when time.Time) catalog.PastSource {
	s := catalog.PastSource{Name: name}
	if s.Depth, s.Err = p.history.Depth(ctx, name); s.Err != nil {
		return s
	}
	err := errors.New("no commit is asked for")
	if m.Commit != "" {
		s.Commit, err = p.history.At(ctx, name, m)
	}
	if err != nil {
		s.Commit, s.Err = p.history.At(ctx, name, catalog.Moment{Time: when})
	}
	return s
}

// build reads the trees of the sources' commits into a catalog, unless one is kept.
func (p *past) build(ctx context.Context, sources []catalog.SourceStatus, of catalog.Past) (*catalog.Snapshot, error) {
	parts := make([]string, 0, len(sources))
	for _, s := range of.Sources {
		parts = append(parts, s.Name+"="+s.Commit.Revision)
	}
	key := strings.Join(parts, " ")
	if snapshot := p.find(key); snapshot != nil {
		return snapshot, nil
	}
	built := p.flights.DoChan(key, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pastLimit)
		defer cancel()
		select {
		case p.slot <- struct{}{}:
			defer func() { <-p.slot }()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		snapshot, err := p.load(ctx, sources, of)
		if err == nil {
			p.keep(key, snapshot)
		}
		return snapshot, err
	})
	select {
	case result := <-built:
		snapshot, _ := result.Val.(*catalog.Snapshot)
		return snapshot, result.Err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *past) read(ctx context.Context, sources []catalog.SourceStatus, of catalog.Past) (*catalog.Snapshot, error) {
	trees, done, err := p.trees(ctx, of)
	defer done()
	if err != nil {
		return nil, err
	}
	for _, s := range sources {
		if tree, found := trees[s.Name]; found {
			tree.Branch = s.Branch
			trees[s.Name] = tree
		}
	}
	return p.syncer.At(ctx, of.When, trees)
}

// trees opens what the sources were at. They are readable until done is called, also after an error.
func (p *past) trees(ctx context.Context, of catalog.Past) (trees map[string]ingest.Tree, done func(), err error) {
	trees = map[string]ingest.Tree{}
	var open []func()
	done = func() {
		for _, end := range open {
			end()
		}
	}
	for _, s := range of.Sources {
		if s.Err != nil {
			continue
		}
		tree, end, err := p.history.Tree(ctx, s.Name, s.Commit.Revision)
		if err != nil {
			return nil, done, err
		}
		open = append(open, end)
		trees[s.Name] = tree
	}
	return trees, done, nil
}

// pages reads the documentation of an entity as it was.
func (p *past) pages(ctx context.Context, of catalog.Past, ref catalog.Ref) ([]docs.ShelvedPage, error) {
	entity, found := of.Catalog.As(catalog.Everything{}).Get(ref)
	if !found {
		return nil, nil
	}
	trees, done, err := p.trees(ctx, of)
	defer done()
	if err != nil {
		return nil, err
	}
	return docs.Read(ctx, docs.Present{Snapshot: of.Catalog, Trees: docsTrees(trees)}, entity)
}

// find gives a catalog that is kept, or nil.
func (p *past) find(key string) *catalog.Snapshot {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.kept, func(c *pastCatalog) bool { return c.key == key })
	if i < 0 {
		return nil
	}
	found := p.kept[i]
	found.drop.Reset(pastIdle)
	p.kept = append(slices.Delete(p.kept, i, i+1), found)
	return found.snapshot
}

func (p *past) keep(key string, snapshot *catalog.Snapshot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	c := &pastCatalog{key: key, snapshot: snapshot}
	c.drop = time.AfterFunc(pastIdle, func() { p.forget(c) })
	p.kept = append(p.kept, c)
	if len(p.kept) > pastKept {
		p.kept[0].drop.Stop()
		p.kept = slices.Delete(p.kept, 0, 1)
	}
}

func (p *past) forget(c *pastCatalog) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kept = slices.DeleteFunc(p.kept, func(other *pastCatalog) bool { return other == c })
}

// close drops what is kept.
func (p *past) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, c := range p.kept {
		c.drop.Stop()
	}
	p.kept = nil
	return nil
}

// firstError says why no source could be shown: a history that is too short counts before one that
// is not there.
func firstError(sources []catalog.PastSource) error {
	err := catalog.ErrNoHistory
	for _, s := range sources {
		var early *catalog.BeginningError
		if errors.As(s.Err, &early) || errors.Is(err, catalog.ErrNoHistory) && s.Err != nil {
			err = s.Err
		}
	}
	return err
}
