package git

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/storage/filesystem"

	"callboard/catalog"
	"callboard/catalog/ingest"
)

// Bounds of what is kept of the past, for all sources together.
const (
	keptChains  = 32   // histories of branches, of 32 bytes a commit
	keptChanges = 4096 // last changes of files
	keptBlames  = 128  // blames of files, of 4 bytes a line
	keptLogs    = 256  // logs of paths
	historyJobs = 4    // repositories that are read at the same time
	minPrefix   = 4    // characters of an abbreviated hash
)

// History implements catalog.History over the local copies of sources: mirrors, and repositories on
// this machine. It never asks a remote and waits for no Fetch, so it works while a remote is gone and
// before the first Fetch after a restart.
type History struct {
	sources map[string]*Source
	slots   chan struct{}

	chains  *memo[*chain]
	changes *memo[plumbing.Hash]
	blames  *memo[catalog.Blame]
	logs    *memo[[]catalog.Commit]
}

var _ catalog.History = (*History)(nil)

// NewHistory gives the past of sources. Close it before them.
func NewHistory(sources ...*Source) *History {
	h := &History{
		sources: map[string]*Source{}, slots: make(chan struct{}, historyJobs),
		chains: newMemo[*chain](keptChains), changes: newMemo[plumbing.Hash](keptChanges),
		blames: newMemo[catalog.Blame](keptBlames), logs: newMemo[[]catalog.Commit](keptLogs),
	}
	for _, s := range sources {
		h.sources[s.cfg.Name] = s
	}
	return h
}

// Close ends what is being read.
func (h *History) Close() error {
	h.chains.close()
	h.changes.close()
	h.blames.close()
	h.logs.close()
	return nil
}

// repository is the local copy of a source's repository.
type repository struct {
	dir, common string // see findLocal
	head        plumbing.Hash
	blobLimit   int64 // larger files are not in it; 0: all are
}

// copyOf finds the local copy of a source's repository and its newest commit.
func (s *Source) copyOf() (repository, error) {
	if s.at.scheme != schemeLocal {
		m := s.lookMirror()
		if m == nil {
			return repository{}, fmt.Errorf("%w: its repository was never fetched", catalog.ErrNoHistory)
		}
		return repository{dir: m.dir, head: m.head, blobLimit: m.blobLimit}, nil
	}
	dir, common, err := findLocal(s.at.path)
	if err == nil {
		st := openStorage(dir, common)
		defer func() { _ = st.Close() }()
		var to tip
		if to, err = localTip(st, s.cfg.Branch); err == nil {
			return repository{dir: dir, common: common, head: to.commit}, nil
		}
	}
	return repository{}, fmt.Errorf("%w: %w", catalog.ErrNoHistory, err)
}

// source gives a source with its newest commit.
func (h *History) source(name string) (*Source, plumbing.Hash, error) {
	s := h.sources[name]
	if s == nil {
		return nil, plumbing.ZeroHash, fmt.Errorf("%w: it is not configured", catalog.ErrNoHistory)
	}
	repo, err := s.copyOf()
	return s, repo.head, err
}

// read lends f a walker over a source's repository. Stores are opened for each question: a mirror may
// have been replaced since the last one, and idle sources shall hold no memory.
func (h *History) read(ctx context.Context, s *Source, f func(*walker) error) (err error) {
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	repo, err := s.copyOf()
	if err != nil {
		return err
	}
	once := newObjects(repo.dir, repo.common)
	defer once.refresh()
	return once.with(func(st *filesystem.Storage) error {
		w, err := newWalker(st, s.limits.Commits)
		if err == nil {
			err = f(w)
		}
		return err
	})
}

// chain is what a branch pointed to, newest first: the first parents of its newest commit.
type chain struct {
	links  []link
	oldest catalog.Commit
}

type link struct {
	hash  plumbing.Hash
	since int64 // Unix seconds
}

func (h *History) chain(ctx context.Context, name string) (*Source, *chain, error) {
	s, head, err := h.source(name)
	if err != nil {
		return nil, nil, err
	}
	c, err := h.chains.get(ctx, name+" "+head.String(), func(ctx context.Context) (c *chain, err error) {
		err = h.read(ctx, s, func(w *walker) error {
			c, err = w.chain(ctx, head)
			return err
		})
		return c, err
	})
	return s, c, err
}

// chain follows first parents as far as they go, or as one question may.
func (w *walker) chain(ctx context.Context, head plumbing.Hash) (*chain, error) {
	c := &chain{}
	for at := head; ; {
		now, err := w.commit(ctx, at)
		if errors.Is(err, errLongHistory) {
			c.oldest, err = w.describe(c.links[len(c.links)-1].hash, true)
			return c, err
		}
		if err != nil {
			return nil, err
		}
		c.links = append(c.links, link{at, now.since})
		if len(now.parents) == 0 {
			c.oldest, err = w.describe(at, now.cut)
			return c, err
		}
		at = now.parents[0]
	}
}

// Depth implements catalog.History.
func (h *History) Depth(ctx context.Context, source string) (catalog.Depth, error) {
	_, c, err := h.chain(ctx, source)
	if err != nil {
		return catalog.Depth{}, err
	}
	return catalog.Depth{Oldest: c.oldest, Cut: c.oldest.Cut}, nil
}

// At implements catalog.History. Commits that came in by a merge were never what the branch pointed
// to, so that only the first parents of its commits count.
func (h *History) At(ctx context.Context, source string, m catalog.Moment) (out catalog.Commit, err error) {
	s, c, err := h.chain(ctx, source)
	if err != nil {
		return out, err
	}
	fits := func(l link) bool { return l.since <= m.Time.Unix() }
	if m.Commit != "" {
		if len(m.Commit) < minPrefix {
			return out, fmt.Errorf("%q is too short for a commit: give at least %d characters", m.Commit, minPrefix)
		}
		fits = func(l link) bool { return strings.HasPrefix(l.hash.String(), m.Commit) }
	}
	i := slices.IndexFunc(c.links, fits)
	switch {
	case i < 0 && m.Commit != "":
		return out, fmt.Errorf("%w: its branch pointed to none that begins with %q since %s",
			catalog.ErrNoCommit, m.Commit, c.oldest.Since.UTC().Format("2006-01-02 15:04 UTC"))
	case i < 0:
		return out, &catalog.BeginningError{Depth: catalog.Depth{Oldest: c.oldest, Cut: c.oldest.Cut}}
	case m.Commit != "" && slices.ContainsFunc(c.links[i+1:], fits):
		return out, fmt.Errorf("%w: give more of %q", catalog.ErrManyCommits, m.Commit)
	}
	err = h.read(ctx, s, func(w *walker) error {
		out, err = w.describe(c.links[i].hash, i == len(c.links)-1 && c.oldest.Cut)
		return err
	})
	return out, err
}

// Log implements catalog.History. Merges that changed nothing against one of their parents are left
// out, as git log does.
func (h *History) Log(ctx context.Context, source, path string, limit int) ([]catalog.Commit, error) {
	s, head, err := h.source(source)
	if err != nil {
		return nil, err
	}
	key := fmt.Sprintf("%s %s %d %s", source, head, limit, path)
	return h.logs.get(ctx, key, func(ctx context.Context) (log []catalog.Commit, err error) {
		err = h.read(ctx, s, func(w *walker) error {
			log, err = w.log(ctx, head, path, limit)
			return err
		})
		return log, err
	})
}

func (w *walker) log(ctx context.Context, head plumbing.Hash, path string, limit int) ([]catalog.Commit, error) {
	var out []catalog.Commit
	var queue newestFirst
	seen := map[plumbing.Hash]bool{}
	push := func(commits ...plumbing.Hash) error {
		for _, h := range commits {
			if seen[h] {
				continue
			}
			seen[h] = true
			c, err := w.commit(ctx, h)
			if err != nil {
				return err
			}
			heap.Push(&queue, visit{c, path})
		}
		return nil
	}
	err := push(head)
	for err == nil && len(queue) > 0 && len(out) < limit {
		c, _ := heap.Pop(&queue).(visit)
		var parent plumbing.Hash
		var found bool
		switch parent, found, err = w.same(ctx, c.step, path); {
		case err != nil:
		case found:
			err = push(parent)
		default:
			if out, err = w.appendChange(out, c.step, path); err == nil {
				err = push(c.parents...)
			}
		}
	}
	if spent(err) {
		err = nil // what was found is the newest there is
	}
	return out, err
}

// appendChange adds a commit to a log, unless it has never had the path.
func (w *walker) appendChange(log []catalog.Commit, c *step, path string) ([]catalog.Commit, error) {
	if there, err := w.entry(c.tree, path); err != nil || there.IsZero() && len(c.parents) == 0 {
		return log, err
	}
	described, err := w.describe(c.hash, c.cut)
	return append(log, described), err
}

// Blame implements catalog.History. It follows a file that was moved without a change; one that was changed in the
// same commit is laid to that commit. Where the history ends, is too long to be followed, or had a version that was too large to be
// kept, commits are marked as cut.
func (h *History) Blame(ctx context.Context, source, revision, path string) (catalog.Blame, error) {
	s := h.sources[source]
	from, ok := parseHash(revision)
	if s == nil || !ok {
		return catalog.Blame{}, catalog.ErrNoHistory
	}
	key := func(last plumbing.Hash) string { return source + " " + last.String() + " " + path }
	find := func(ctx context.Context, w *walker, last plumbing.Hash) (catalog.Blame, error) {
		verdicts, err := w.blame(ctx, last, path, s.limits.FileBytes)
		if err != nil {
			return catalog.Blame{}, err
		}
		return w.tell(verdicts)
	}
	last, err := h.changes.get(ctx, source+" "+revision+" "+path, func(ctx context.Context) (last plumbing.Hash, err error) {
		err = h.read(ctx, s, func(w *walker) error {
			if last, err = w.lastChange(ctx, from, path); err != nil || h.blames.has(key(last)) {
				return err
			}
			blame, err := find(ctx, w, last) // now, since opening a large repository takes longer
			if err == nil {
				h.blames.put(key(last), blame)
			}
			return err
		})
		return last, err
	})
	if err != nil {
		return catalog.Blame{}, err
	}
	return h.blames.get(ctx, key(last), func(ctx context.Context) (blame catalog.Blame, err error) {
		err = h.read(ctx, s, func(w *walker) error {
			blame, err = find(ctx, w, last)
			return err
		})
		return blame, err
	})
}

// tell describes the commits of verdicts, each once.
func (w *walker) tell(verdicts []verdict) (catalog.Blame, error) {
	blame := catalog.Blame{Lines: make([]int32, len(verdicts))}
	known := map[verdict]int32{}
	for i, v := range verdicts {
		at, found := known[v]
		if !found {
			c, err := w.describe(v.commit, v.cut)
			if err != nil {
				return catalog.Blame{}, err
			}
			at = int32(len(blame.Commits))
			known[v] = at
			blame.Commits = append(blame.Commits, c)
		}
		blame.Lines[i] = at
	}
	return blame, nil
}

// File implements catalog.History, for files of at most Limits.FileBytes.
func (h *History) File(ctx context.Context, source, revision, path string) (data []byte, err error) {
	s := h.sources[source]
	from, ok := parseHash(revision)
	if s == nil || !ok {
		return nil, catalog.ErrNoHistory
	}
	err = h.read(ctx, s, func(w *walker) error {
		blob, err := w.at(ctx, from, path)
		if err != nil {
			return err
		}
		if blob.IsZero() {
			return catalog.ErrNoFile
		}
		data, err = readFrom(w.st, blob, s.limits.FileBytes)
		return err
	})
	return data, err
}

// Tree gives the files of a source at a revision. They are readable until done is called.
func (h *History) Tree(ctx context.Context, source, revision string) (tree ingest.Tree, done func(), err error) {
	s := h.sources[source]
	commit, ok := parseHash(revision)
	if s == nil || !ok {
		return tree, nil, catalog.ErrNoHistory
	}
	repo, err := s.copyOf()
	if err != nil {
		return tree, nil, err
	}
	objs := newObjects(repo.dir, repo.common)
	root, err := rootTree(objs, commit)
	if err == nil {
		var n *node
		l := newLister(s.limits)
		if now := s.listing.Load(); now != nil {
			l.know(now) // most folders were then as they are now
		}
		if n, err = l.list(ctx, objs, root); err == nil {
			files := &Files{root: n.dir, objs: objs, limits: s.limits, blobLimit: repo.blobLimit, suspect: func() {}}
			tree = ingest.Tree{FS: files, Revision: revision, Root: n.dir}
		}
	}
	if err != nil {
		objs.refresh()
		return tree, nil, err
	}
	return tree, objs.refresh, nil
}
