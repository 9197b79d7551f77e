package ingest

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"callboard/catalog"
)

// Bounds of a syncer's work.
const (
	fetchesAtOnce   = 4                // sources fetched at the same time
	slotLimit       = 5 * time.Second  // how long a fetch counts as one of these
	firstPatience   = 30 * time.Second // how long the first catalog waits for slow sources, so that who wins a conflict is no matter of luck
	patience        = time.Second      // how long news of fast sources wait for those of slow ones
	checkedInterval = 5 * time.Minute  // how often a check that found nothing new is written to the store
	foreignRounds   = 4                // chains of Locations across sources that are followed in one sync
)

// Options configure a Syncer.
type Options struct {
	Store   Store
	Sources []Config // in order of precedence
	Limits  Limits

	// Remote reads an absolute URL that a placeholder names; see Reader.
	Remote func(url string) ([]byte, error)

	Log     *slog.Logger
	Now     func() time.Time // nil: time.Now
	Observe func(Event)      // nil: nobody looks; called by one goroutine at a time
}

// Event tells what became of one source in one sync, for metrics and logs.
type Event struct {
	Source string
	Err    error
	Took   time.Duration      // fetching, scanning, building, storing
	Set    *catalog.ChangeSet // of the whole sync; nil when it holds no file of this source
}

// Syncer keeps the catalog in step with its sources. All methods are safe for use by many goroutines.
type Syncer struct {
	opts     Options
	kick     chan struct{}
	shapes   *Shapes // shared by all documents of the process
	snapshot atomic.Pointer[catalog.Snapshot]
	fault    atomic.Pointer[error] // why the store refused the last change; nil when it did not

	mu      sync.Mutex          // guards all below: one apply at a time
	states  []*state            // in the order of Options.Sources
	shown   []*catalog.Document // what the snapshot holds
	dropped []string            // sources in the store that are no longer configured
	swaps   int64
}

// state is what the syncer knows of one source.
type state struct {
	config  *Config
	status  catalog.SourceStatus
	files   map[string]*catalog.File
	tree    *Tree // the last one scanned; nil until the first fetch
	globs   map[string]*glob
	names   map[string][]string // what its Locations name in other sources: patterns by source
	extra   []string            // what Locations of other sources name here
	damaged bool                // not all of tree could be read, so it is scanned again though it is the same
	written time.Time           // when status was last stored

	fetching chan struct{} // holds one during a fetch
	fetched  atomic.Int64  // fetches done
	applied  int64         // the newest fetch that was applied
}

// NewSyncer makes a Syncer, which serves an empty catalog until Load or a sync.
func NewSyncer(opts Options) *Syncer {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	s := &Syncer{opts: opts, kick: make(chan struct{}, 1), shapes: new(Shapes)}
	for i := range opts.Sources {
		config := &s.opts.Sources[i]
		s.states = append(s.states, &state{
			config: config,
			status: catalog.SourceStatus{Name: config.Name, URL: config.URL, Trusted: config.Trusted},
			files:  map[string]*catalog.File{},
			globs:  map[string]*glob{},

			fetching: make(chan struct{}, 1),
		})
	}
	s.snapshot.Store(catalog.NewSnapshot(catalog.Contents{Sources: s.statuses()}))
	return s
}

// Snapshot gives the catalog of this moment; it never blocks and is never nil.
func (s *Syncer) Snapshot() *catalog.Snapshot { return s.snapshot.Load() }

// Fault says why the store does not take changes, or nil. The catalog that is served is then older
// than what was fetched. Like Snapshot it never blocks.
func (s *Syncer) Fault() error {
	if fault := s.fault.Load(); fault != nil {
		return *fault
	}
	return nil
}

// unread reports whether there are sources of which nothing was ever read.
func (s *Syncer) unread() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.states, func(st *state) bool { return st.status.Revision == "" })
}

// Load serves the catalog that the store holds. Sources that are no longer configured are left
// out, and deleted with the next change.
func (s *Syncer) Load(ctx context.Context) error {
	stored, err := s.opts.Store.Load(ctx)
	if err != nil {
		return fmt.Errorf("load the catalog from the store: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	byName := map[string]*state{}
	for _, st := range s.states {
		byName[st.config.Name] = st
	}
	for _, status := range stored.Sources {
		if st := byName[status.Name]; st != nil {
			status.URL, status.Trusted = st.config.URL, st.config.Trusted
			st.status, st.written = status, s.opts.Now()
		}
	}
	for _, file := range stored.Files {
		if st := byName[file.Source]; st != nil {
			st.files[file.Path] = file
		}
	}
	addresses := s.addresses(nil)
	for _, st := range s.states {
		st.names = addresses.elsewhere(st.config.Name, slices.Collect(maps.Values(st.files)))
	}
	s.dropped = dropped(stored.Sources, byName)
	s.publish(build(s.placings(nil)))
	return nil
}

// Sync fetches every source once and applies what is new. It returns when all are done, at the
// latest when ctx ends. With confirm, a removal that waits for an operator goes ahead.
func (s *Syncer) Sync(ctx context.Context, confirm bool) Report {
	start := s.opts.Now()
	fetched := s.fetchAll(ctx)
	set, err := s.apply(ctx, fetched, confirm)
	return s.report(set, err, s.opts.Now().Sub(start))
}

// Kick asks Run for a sync as soon as possible. Kicks that come while one is waiting are one.
func (s *Syncer) Kick() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// Run syncs at once, then every poll interval and at each Kick, until ctx ends. A source that is
// slow holds up neither the others nor, after a first patience, the first catalog.
func (s *Syncer) Run(ctx context.Context, poll time.Duration) {
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	rounds := rounds{syncer: s, slots: make(chan struct{}, fetchesAtOnce), busy: map[*state]bool{}}
	defer rounds.stragglers.Wait()
	for {
		rounds.run(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-s.kick:
		}
	}
}

// rounds fetches sources side by side; a source takes part in one round at a time.
type rounds struct {
	syncer     *Syncer
	slots      chan struct{}
	stragglers sync.WaitGroup
	waited     bool // the first catalog had its time

	mu   sync.Mutex
	busy map[*state]bool
}

// run fetches the sources that no earlier round is still busy with. It applies together what comes
// within the patience, and each straggler when it comes.
func (r *rounds) run(ctx context.Context) {
	results := make(chan fetch, len(r.syncer.states))
	started := 0
	for _, st := range r.syncer.states {
		if r.take(st) {
			started++
			r.stragglers.Go(func() {
				defer r.slot()()
				results <- r.syncer.fetch(ctx, st)
			})
		}
	}
	ready := gather(ctx, results, started, r.patience())
	r.apply(ctx, ready)
	for range started - len(ready) {
		r.stragglers.Go(func() { r.apply(ctx, []fetch{<-results}) })
	}
}

// slot waits for one of the slots and returns what gives it back. A fetch that lasts waits for its server and
// not for this machine, so it loses its slot after a while: servers that hang must not keep all of them.
func (r *rounds) slot() (done func()) {
	r.slots <- struct{}{}
	release := sync.OnceFunc(func() { <-r.slots })
	timer := time.AfterFunc(slotLimit, release)
	return func() {
		timer.Stop()
		release()
	}
}

// patience is long while there are sources that were never read, but only once: a source that hangs
// for ever must not hold up the others for ever.
func (r *rounds) patience() time.Duration {
	if r.waited || !r.syncer.unread() {
		return patience
	}
	r.waited = true
	return firstPatience
}

func (r *rounds) apply(ctx context.Context, fetched []fetch) {
	_, _ = r.syncer.apply(ctx, fetched, false) // Fault remembers the error
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range fetched {
		delete(r.busy, f.state)
	}
}

func (r *rounds) take(st *state) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.busy[st] {
		return false
	}
	r.busy[st] = true
	return true
}

// gather receives n results, or as many as come within the patience.
func gather(ctx context.Context, results <-chan fetch, n int, patience time.Duration) []fetch {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	var ready []fetch
	for len(ready) < n {
		select {
		case f := <-results:
			ready = append(ready, f)
		case <-timer.C:
			return ready
		case <-ctx.Done():
			return ready
		}
	}
	return ready
}

// fetch is what came of asking a source.
type fetch struct {
	state *state
	tree  Tree
	err   error
	took  time.Duration
	turn  int64 // grows with each fetch of the source
}

// fetch asks a source, when no other fetch of it is under way.
func (s *Syncer) fetch(ctx context.Context, st *state) fetch {
	start := s.opts.Now()
	select {
	case st.fetching <- struct{}{}:
	case <-ctx.Done():
		return fetch{state: st, err: ctx.Err(), took: s.opts.Now().Sub(start), turn: st.fetched.Load()}
	}
	defer func() { <-st.fetching }()
	tree, err := st.config.Source.Fetch(ctx)
	return fetch{st, tree, err, s.opts.Now().Sub(start), st.fetched.Add(1)}
}

func (s *Syncer) fetchAll(ctx context.Context) []fetch {
	out := make([]fetch, len(s.states))
	var group errgroup.Group
	group.SetLimit(fetchesAtOnce)
	for i, st := range s.states {
		group.Go(func() error {
			out[i] = s.fetch(ctx, st)
			return nil
		})
	}
	_ = group.Wait() // the functions return no error; each fetch carries its own
	return out
}
