package ingest

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
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
	firstPatience   = 30 * time.Second // how long the first catalog waits for slow sources
	patience        = time.Second      // the same where the store has an old one
	checkedInterval = 5 * time.Minute  // how often a check that found nothing new is written to the store
	manyFiles       = 500              // files whose reading is an effort
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
	Random  func() float64   // in [0, 1), spreads the polls; nil: math/rand

	// Large is called before many files are read, and what it gives once they are stored and served, so that the
	// process can save memory meanwhile. Nil: nobody does.
	Large func() (done func())

	// Follow is called with each catalog before it is served, also with one that differs in the state of its
	// sources only. It must be quick and must not call the Syncer. Nil: nobody follows that closely.
	Follow func(Next)

	// Published is called after each new catalog, with nothing: whoever follows asks Current when it
	// suits them. It must not block. Nil: nobody follows.
	Published func()
}

// Next is a catalog that is about to be served.
type Next struct {
	Snapshot *catalog.Snapshot
	Whole    bool            // anything may differ from the catalog before
	Refs     []catalog.Ref   // unless Whole: what may differ
	Trees    map[string]Tree // by source, as in Current
}

// Event tells what became of one source in one sync, for metrics and logs.
type Event struct {
	Source string
	Err    error
	Took   time.Duration      // fetching, scanning, building, storing
	Lag    time.Duration      // of the news that it brought; see catalog.SourceStatus. 0: it brought none, or nobody knows
	Set    *catalog.ChangeSet // of the whole sync; nil when it holds no file of this source
}

// Syncer keeps the catalog in step with its sources. All methods are safe for use by many goroutines.
type Syncer struct {
	opts     Options
	schedule *schedule
	shapes   *Shapes // shared by all documents of the process
	snapshot atomic.Pointer[catalog.Snapshot]
	fault    atomic.Pointer[error] // why the store refused the last change; nil when it did not

	mu      sync.Mutex // guards all below: one apply at a time
	states  []*state   // in the order of Options.Sources
	dropped []string   // sources in the store that are no longer configured
	swaps   int64
	settled bool // the documents of all files say of themselves what the last build decided
	effort  effort
}

// state is what the syncer knows of one source.
type state struct {
	config  *Config
	status  catalog.SourceStatus
	files   map[string]*catalog.File
	twins   map[string]*catalog.File // of another revision; see Syncer.At
	globs   map[string]*glob
	names   map[string][]string // what its Locations name in other sources: patterns by source
	scanned *scanned            // what the last scan left; nil until the first
	damaged bool                // not all of its tree could be read, so it is scanned again though it is the same
	written time.Time           // when status was last stored

	skeletons []string // of the last whole build

	fetching chan struct{} // holds one during a fetch
	fetched  atomic.Int64  // fetches done
	applied  int64         // the newest fetch that was applied
}

// NewSyncer makes a Syncer, which serves an empty catalog until Load or a sync.
func NewSyncer(opts Options) *Syncer {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	s := &Syncer{opts: opts, shapes: new(Shapes), effort: effort{begin: opts.Large}}
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
	s.schedule = newSchedule(s.states, opts.Now, opts.Random)
	s.snapshot.Store(catalog.NewSnapshot(catalog.Contents{Sources: s.statuses(nil)}))
	return s
}

// effort is the part of an apply that reads many files and does what follows from that.
type effort struct {
	begin func() (done func()) // may be nil
	done  func()               // nil while there is none
}

// reads tells how many files are about to be read.
func (e *effort) reads(files int) {
	if files >= manyFiles && e.begin != nil && e.done == nil {
		e.done = e.begin()
	}
}

func (e *effort) end() {
	if e.done != nil {
		e.done()
		e.done = nil
	}
}

// Snapshot gives the catalog of this moment; it never blocks and is never nil.
func (s *Syncer) Snapshot() *catalog.Snapshot { return s.snapshot.Load() }

// Current gives the catalog of this moment with the trees that it came from, by source: for whoever
// reads more of them than descriptors. Sources that were not fetched by this process have none. It
// waits for an apply that is under way.
func (s *Syncer) Current() (*catalog.Snapshot, map[string]Tree) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Snapshot(), s.trees()
}

func (s *Syncer) trees() map[string]Tree {
	trees := make(map[string]Tree, len(s.states))
	for _, st := range s.states {
		if st.scanned != nil {
			trees[st.config.Name] = *st.scanned.tree
		}
	}
	return trees
}

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
	addresses := s.addresses(nil)
	placings := make([]placing, len(s.states))
	for i, st := range s.states {
		files := ofSource(stored.Files, st.config.Name)
		st.files = make(map[string]*catalog.File, len(files))
		for _, file := range files {
			st.files[file.Path] = file
		}
		st.names = addresses.elsewhere(st.config.Name, files)
		placings[i] = st.placing(files, st.status, false)
	}
	s.dropped = dropped(stored.Sources, byName)
	b := build(placings)
	for i, st := range s.states {
		st.skeletons = b.skeletons[i]
	}
	s.settled = len(b.files) == 0
	s.publish(derive(s.Snapshot(), &b, s.statuses(nil), s.swaps+1), &b)
	return nil
}

// ofSource cuts the files of one source out of those of all, which are sorted by source and path.
func ofSource(files []*catalog.File, source string) []*catalog.File {
	from, _ := slices.BinarySearchFunc(files, source, func(f *catalog.File, name string) int { return strings.Compare(f.Source, name) })
	files = files[from:]
	to := slices.IndexFunc(files, func(f *catalog.File) bool { return f.Source != source })
	if to < 0 {
		to = len(files)
	}
	return files[:to]
}

// Sync fetches every source once and applies what is new. It returns when all are done, at the
// latest when ctx ends. With confirm, a removal that waits for an operator goes ahead.
func (s *Syncer) Sync(ctx context.Context, confirm bool) Report {
	start := s.opts.Now()
	fetched := s.fetchAll(ctx)
	set, err := s.apply(ctx, fetched, confirm)
	return s.report(set, err, s.opts.Now().Sub(start))
}

// fetch is what came of asking a source.
type fetch struct {
	state *state
	tree  Tree
	err   error
	begun time.Time
	took  time.Duration
	turn  int64         // grows with each fetch of the source
	lag   time.Duration // of the news that it brought; set when they are served
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
	begun := s.opts.Now()
	tree, err := st.config.Source.Fetch(ctx)
	return fetch{state: st, tree: tree, err: err, begun: begun, took: s.opts.Now().Sub(start), turn: st.fetched.Add(1)}
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
