package git

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/transport"

	"callboard/catalog/ingest"
	"callboard/integrations/outbound"
)

// refsTimeout bounds asking a remote what it has.
const refsTimeout = time.Minute

// Source is one repository and branch. Its methods may be called concurrently, but Fetch waits for
// another Fetch.
type Source struct {
	cfg    Config
	limits Limits
	at     address
	http   *http.Client
	app    *appTokens

	suspect atomic.Bool                // a read found the mirror damaged
	listing atomic.Pointer[ingest.Dir] // of the newest tree

	mu     sync.Mutex
	closed bool
	objs   *objects
	lister *lister
	root   *node
	tree   ingest.Tree
	stats  Stats

	refused plumbing.Hash // a head that was over a limit
	refusal error
}

var _ ingest.Source = (*Source)(nil)

// Stats describes the last Fetch.
type Stats struct {
	Bytes   int64 // received from the remote
	Objects int   // taken into the mirror
	Rebuilt bool  // the mirror was made anew
	Took    time.Duration
}

// Open checks a configuration and clears what a crash may have left. It asks no network.
func Open(cfg Config) (*Source, error) {
	at, err := parseAddress(cfg.URL)
	if err != nil {
		return nil, named(cfg.Name, err)
	}
	if cfg.Depth == 0 {
		cfg.Depth = DefaultDepth
	}
	if err := cfg.validate(at); err != nil {
		return nil, named(cfg.Name, err)
	}
	s := &Source{cfg: cfg, at: at, limits: cfg.Limits.withDefaults()}
	s.lister = newLister(s.limits)
	if at.scheme == schemeLocal {
		return s, nil
	}
	if err := recoverMirror(cfg.mirrorDir()); err != nil {
		return nil, named(cfg.Name, failWith(ErrConfig, err, "the folder of mirrors cannot be used"))
	}
	if at.scheme == schemeSSH {
		return s, nil
	}
	if err := s.openClient(); err != nil {
		return nil, named(cfg.Name, err)
	}
	return s, nil
}

func (s *Source) openClient() (err error) {
	o := outbound.Options{
		Proxy: s.cfg.Proxy, CAFile: s.cfg.CAFile,
		Timeout: -1, MaxBytes: -1, // both are the meter's, for the whole of a Fetch
		AllowHosts: s.at.endpoints(),
	}
	if s.http, err = outbound.New(o); err != nil {
		return failWith(ErrConfig, err, "the HTTP client cannot be made")
	}
	if s.cfg.App == nil {
		return nil
	}
	o.Timeout, o.MaxBytes = outbound.DefaultTimeout, maxTokenBody
	client, err := outbound.New(withHost(o, s.cfg.App.API))
	if err != nil {
		return failWith(ErrConfig, err, "the HTTP client cannot be made")
	}
	s.app, err = newAppTokens(*s.cfg.App, s.at, client)
	return err
}

// Close ends connections and closes files. Trees that were handed out are not readable afterwards.
func (s *Source) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.http != nil {
		s.http.CloseIdleConnections()
	}
	if s.objs != nil {
		s.objs.refresh()
	}
	return nil
}

// URL gives the repository's address, without credentials.
func (s *Source) URL() string { return s.at.String() }

// Web gives the address below which the forge shows the files of a branch, ending in a slash, or ""
// when that is not known.
func (s *Source) Web(branch string) string { return s.at.web(s.cfg.Forge, branch) }

// Stats describes the last Fetch.
func (s *Source) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats
}

// Skipped lists entries of the last tree that are not in its listing, such as symbolic links, at most
// limit of them.
func (s *Source) Skipped(limit int) []Skipped {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.root == nil {
		return nil
	}
	return s.lister.skippedBelow(s.root, "", limit)
}

// Fetch implements ingest.Source. Its cost, when nothing has changed, is one question to the remote.
// After an error the mirror and all trees are as before.
func (s *Source) Fetch(ctx context.Context) (ingest.Tree, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ingest.Tree{}, s.describe(ctx, fail(ErrConfig, "is closed"))
	}
	start := time.Now()
	s.stats = Stats{}
	defer func() { s.stats.Took = time.Since(start) }()
	ctx, cancel := context.WithTimeout(ctx, s.limits.Deadline)
	defer cancel()
	if s.at.scheme == schemeLocal {
		tree, err := s.fetchLocal(ctx)
		return tree, s.describe(ctx, err)
	}
	token, err := s.token(ctx)
	if err != nil {
		return ingest.Tree{}, s.describe(ctx, err)
	}
	tree, err := s.fetchRemote(ctx, token)
	if errors.Is(err, ErrAuth) && s.app != nil {
		s.app.forget()
	}
	return tree, s.describe(ctx, err, token)
}

func (s *Source) token(ctx context.Context) (string, error) {
	var get func(context.Context) (string, error)
	switch {
	case s.at.scheme == schemeSSH:
		return "", nil
	case s.app != nil:
		get = s.app.Token
	case s.cfg.Token != nil:
		get = s.cfg.Token
	default:
		return "", nil
	}
	token, err := get(ctx)
	var own *Error
	if err != nil && !errors.As(err, &own) {
		err = failWith(ErrConfig, err, "its token cannot be had")
	}
	return token, err
}

// fetchRemote updates the mirror and reads it. When that fails for a reason that lies in the mirror, or
// because the branch's history was rewritten, the mirror is made anew: what is no longer reachable
// would never go away.
func (s *Source) fetchRemote(ctx context.Context, token string) (ingest.Tree, error) {
	m := s.openMirror()
	if s.suspect.Load() {
		m = nil
	}
	for {
		to, got, err := s.update(ctx, token, m)
		if err == nil {
			tree, err := s.read(ctx, to, got.dir, "", got.blobLimit)
			if m == nil || !errors.Is(err, ErrCorrupt) {
				return tree, err
			}
		} else if !errors.Is(err, errMirror) || ctx.Err() != nil {
			return ingest.Tree{}, err
		}
		m = nil
	}
}

// errMirror says that a fetch failed for a reason that may lie in the mirror that it was to update.
var errMirror = errors.New("the mirror does not fit the remote")

// update asks the remote for its branch and brings it into m, or into a new mirror when m is nil.
// What was over a limit is not asked for again until the branch has moved.
func (s *Source) update(ctx context.Context, token string, m *mirror) (to tip, _ *mirror, err error) {
	ctx, meter, stop := newMeter(ctx, s.limits)
	defer stop()
	defer func() { s.stats.Bytes += meter.received() }()
	sess, err := s.connect(ctx, token, meter)
	if err != nil {
		return to, nil, meter.cause(err)
	}
	defer func() { _ = sess.Close() }()
	adv, to, err := s.ask(ctx, sess)
	switch {
	case err != nil: // whatever the remote said, it has nothing to do with the mirror
		return to, nil, meter.cause(err)
	case m != nil && m.head == to.commit:
		return to, m, nil
	case s.refusal != nil && s.refused == to.commit:
		return to, nil, s.refusal
	case m != nil:
		err = meter.cause(m.fetch(ctx, s, sess, adv, to, meter))
		s.refresh()
		if err != nil && !transient(err) {
			err = fmt.Errorf("%w: %w", errMirror, err)
		}
		return to, m, err
	default:
		m, err = s.rebuild(ctx, sess, adv, to, meter)
		if err = meter.cause(err); errors.Is(err, ErrLimit) {
			s.refused, s.refusal = to.commit, err
		}
		return to, m, err
	}
}

func (s *Source) rebuild(ctx context.Context, sess session, adv *packp.AdvRefs, to tip, meter *meter) (*mirror, error) {
	m, err := s.createMirror(adv)
	if err != nil {
		return nil, failWith(ErrConfig, err, "the mirror cannot be written")
	}
	if err := m.fetch(ctx, s, sess, adv, to, meter); err != nil {
		return nil, errors.Join(err, os.RemoveAll(m.dir))
	}
	if err := s.publish(m); err != nil {
		return nil, failWith(ErrConfig, err, "the mirror cannot be put in place")
	}
	s.objs = nil // trees of the old mirror keep its files open
	s.suspect.Store(false)
	s.stats.Rebuilt = true
	return m, nil
}

func (s *Source) connect(ctx context.Context, token string, m *meter) (session, error) {
	if s.at.scheme == schemeSSH {
		return s.openSSH(ctx, m)
	}
	return s.openHTTP(token, m), nil
}

// ask gives what the remote has, and which of it is to be read.
func (s *Source) ask(ctx context.Context, sess session) (adv *packp.AdvRefs, to tip, err error) {
	ctx, cancel := context.WithTimeout(ctx, refsTimeout)
	defer cancel()
	if adv, err = sess.refs(ctx); err != nil {
		return nil, to, err
	}
	transport.FilterUnsupportedCapabilities(adv.Capabilities)
	to, err = pick(adv, s.cfg.Branch)
	return adv, to, err
}

// fetchLocal reads a repository in place. Nothing is kept open while it does not change, since others
// write to it.
func (s *Source) fetchLocal(ctx context.Context) (ingest.Tree, error) {
	dir, common, err := findLocal(s.at.path)
	if err != nil {
		return ingest.Tree{}, err
	}
	st := openStorage(dir, common)
	to, err := localTip(st, s.cfg.Branch)
	_ = st.Close()
	if err != nil {
		return ingest.Tree{}, err
	}
	if s.tree.Revision != to.commit.String() {
		s.refresh()
	}
	return s.read(ctx, to, dir, common, 0)
}

func (s *Source) refresh() {
	if s.objs != nil {
		s.objs.refresh()
	}
}

// read makes the tree of a commit that is in the store.
func (s *Source) read(ctx context.Context, at tip, dir, common string, blobLimit int64) (ingest.Tree, error) {
	if s.objs == nil || s.objs.dir != dir {
		s.objs = newObjects(dir, common)
	}
	if s.tree.FS != nil && s.tree.Revision == at.commit.String() && s.tree.FS.(*Files).objs == s.objs { //nolint:forcetypeassert // only set below
		s.objs.refresh()
		s.tree.Branch = at.name.Short()
		return s.tree, nil
	}
	tree, err := rootTree(s.objs, at.commit)
	if err != nil {
		return ingest.Tree{}, err
	}
	root, err := s.lister.list(ctx, s.objs, tree)
	if err != nil {
		return ingest.Tree{}, err
	}
	s.root = root
	s.listing.Store(root.dir)
	s.tree = ingest.Tree{
		FS:       &Files{root: root.dir, objs: s.objs, limits: s.limits, blobLimit: blobLimit, suspect: func() { s.suspect.Store(true) }},
		Revision: at.commit.String(),
		Branch:   at.name.Short(),
		Root:     root.dir,
	}
	return s.tree, nil
}

func rootTree(objs *objects, commit plumbing.Hash) (tree plumbing.Hash, err error) {
	data, err := objs.read(commit, maxCommit)
	if large := (*TooLargeError)(nil); errors.As(err, &large) {
		return tree, fail(ErrLimit, "commit %s is larger than %d bytes", commit, maxCommit)
	}
	if err == nil {
		c, obj := new(object.Commit), new(plumbing.MemoryObject)
		obj.SetType(plumbing.CommitObject)
		_, _ = obj.Write(data) // it never fails
		err = c.Decode(obj)
		tree = c.TreeHash
	}
	if err != nil {
		return tree, corrupt(err, "commit %s cannot be read", commit)
	}
	return tree, nil
}
