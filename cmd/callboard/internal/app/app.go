package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"callboard/bot"
	"callboard/bot/command"
	"callboard/catalog"
	"callboard/catalog/docs"
	"callboard/catalog/ingest"
	"callboard/cmd/callboard/internal/config"
	"callboard/integrations/git"
	"callboard/integrations/sqldb"
)

// Bounds of the program's own work.
const (
	requestLimit  = 10 * time.Second // for one command
	checkInterval = 10 * time.Second // between two looks at the store's health
	closeLimit    = 20 * time.Second // for all of Close
	socketName    = "callboard.sock"
)

// App is a running Callboard without its chat surfaces.
type App struct {
	config    *config.Config
	log       *slog.Logger
	db        *sqldb.DB
	syncer    *ingest.Syncer
	docs      *docs.Library
	docsKick  chan struct{} // one slot: the catalog is new
	linksKick chan struct{} // one slot: it is, or somebody asked to be linked

	docsSince atomic.Int64 // since when it is newer than the documentation, in Unix nanoseconds; 0: it is not
	meters    *meters
	chat      *chat
	rules     *rulebook
	handle    bot.Handler
	resume    bot.Handler // of requests that were stored by an earlier run
	closer    closer
	listener  net.Listener // of HTTP; nil until Listen

	garbage  chan struct{} // holds one when memory could go back to the system
	littered bool          // a large sync, or the start, left something behind
	grown    atomic.Bool   // a large sync, or the start, makes a large index of documentation
	thrift   thrift

	mu        sync.Mutex
	dbFault   error
	docsFault error
}

// New opens the data folder and loads the catalog that it holds. It asks nobody outside: sources are
// fetched by Run and Sync. Close frees the folder.
func New(ctx context.Context, cfg *config.Config, log *slog.Logger) (*App, error) {
	a := &App{config: cfg, log: log, meters: newMeters(prometheus.NewRegistry()), garbage: make(chan struct{}, 1), littered: true, docsKick: make(chan struct{}, 1), linksKick: make(chan struct{}, 1)}
	a.grown.Store(true)
	if err := a.open(ctx); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

func (a *App) open(ctx context.Context) error {
	db, err := sqldb.Open(ctx, sqldb.Options{Dir: a.config.Data, URL: a.config.Database, Log: a.log})
	if err != nil {
		return err
	}
	a.db = db
	a.closer.add("store", db.Close)
	if err := a.openDocs(ctx); err != nil {
		return err
	}
	if a.rules, err = openRules(ctx, a.config.Policy, db.Policy(), a.log); err != nil {
		return err
	}
	sources, history, err := openSources(a.config, &a.closer)
	if err != nil {
		return err
	}
	remote, err := remoteReader(a.config.Outbound) //nolint:contextcheck // it is called by later syncs, with a deadline of its own
	if err != nil {
		return err
	}
	a.syncer = ingest.NewSyncer(ingest.Options{
		Store: db.Catalog(), Sources: sources, Remote: remote, Log: a.log, Observe: a.observeSync,
		Published: a.catalogPublished, Large: a.thrift.begin,
		Follow: a.rules.follow,
	})
	if err := hurried(func() error { return a.syncer.Load(ctx) }); err != nil {
		return err
	}
	a.meters.watch(a.syncer.Snapshot, a.docs, a.rules.toldProblems, a.syncer.Behind)
	a.watchDocs()
	a.chat = a.newChat()
	mux := a.mux(history)
	a.handle, a.resume = a.around(mux), a.observed(a.allowed(mux))
	return nil
}

func (a *App) mux(history *git.History) *bot.Mux {
	past := newPast(a.syncer, history)
	a.closer.add("past", past.close)
	deps := command.Deps{
		Catalog: a.syncer.Snapshot, Viewer: a.rules.viewer, Faults: a.faults, Rule: a.rules.whySeen, Grants: a.rules.visibility.Grants,
		Docs: a.docs, RuleProblems: a.rules.toldProblems, History: history, CatalogAt: past.at, PagesAt: past.pages,
		Announce: a.announce(), Operators: operators(a.config), Account: a.account, Chats: a.chats,
	}
	return bot.NewMux(command.All(deps), command.Words(a.log), deps.Complete)
}

// Run keeps the catalog in step with its sources, serves HTTP and the local socket, and watches the
// store, until ctx ends or one of them fails. A failing source is no failure of Run. It serves the chats of an App that
// NewDaemon made.
func (a *App) Run(ctx context.Context) error {
	left := a.left(ctx)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var parts sync.WaitGroup
	for _, part := range []func(context.Context) error{left, a.serveHTTP, a.serveSocket, a.runSync, a.runDocs, a.runChecks, a.runChats, a.runAnnouncer, a.runLinks} {
		parts.Go(func() {
			if err := part(ctx); err != nil {
				cancel(err)
			}
		})
	}
	parts.Wait()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) && !errors.Is(cause, context.DeadlineExceeded) {
		return cause
	}
	return nil
}

func (a *App) runSync(ctx context.Context) error {
	a.syncer.Run(ctx, a.config.Catalog.Poll)
	return nil
}

// runChecks looks at the store regularly, because SQLite does not notice a file that was deleted
// under it.
func (a *App) runChecks(ctx context.Context) error {
	ticker := time.NewTicker(checkInterval)
	defer ticker.Stop()
	for {
		a.check(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-a.garbage:
			debug.FreeOSMemory()
		case <-ticker.C:
		}
	}
}

func (a *App) check(ctx context.Context) {
	err := a.db.Check(ctx)
	if ctx.Err() != nil {
		return
	}
	a.mu.Lock()
	changed := (err == nil) != (a.dbFault == nil)
	a.dbFault = err
	a.mu.Unlock()
	switch {
	case changed && err != nil:
		a.log.Error("the store is not well", "error", err)
	case changed:
		a.log.Info("the store is well again")
		if a.syncer.Fault() != nil {
			a.syncer.Kick() // what it refused need not wait for the next poll
		}
	}
}

// Faults says in words what is wrong with Callboard itself. Outside systems are none of it.
func (a *App) Faults() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var faults []string
	if a.dbFault != nil {
		faults = append(faults, "the store: "+a.dbFault.Error())
	}
	if err := a.syncer.Fault(); err != nil && a.dbFault == nil {
		faults = append(faults, "the store refused the last change, older facts are shown: "+err.Error())
	}
	if a.docsFault != nil {
		faults = append(faults, "the documentation could not be indexed, what was indexed before is shown: "+a.docsFault.Error())
	}
	if closed := a.rules.closed(); closed != "" {
		faults = append(faults, closed)
	}
	return faults
}

// faults are Faults, with what needs somebody's care but keeps nothing from working.
func (a *App) faults() []string {
	faults := a.Faults()
	if fault := a.rules.fault(); fault != "" {
		faults = append(faults, fault)
	}
	return faults
}

// NotReady says why the program should not be asked yet, or nil: no catalog was ever read, or
// Callboard itself is not well.
func (a *App) NotReady() []string {
	reasons := a.Faults()
	view := a.syncer.Snapshot().As(catalog.Everything{})
	sources := view.Sources()
	read := func(s catalog.SourceStatus) bool { return s.Revision != "" }
	if len(sources) > 0 && !slices.ContainsFunc(sources, read) {
		reasons = append(reasons, "no source of the catalog has been read yet")
	}
	return reasons
}

// Handle answers a request.
func (a *App) Handle(ctx context.Context, req *bot.Request) bot.Reply { return a.handle(ctx, req) }

// Sync fetches all sources once.
func (a *App) Sync(ctx context.Context, confirm bool) (ingest.Report, error) {
	return a.syncer.Sync(ctx, confirm), nil
}

// Export writes the catalog as JSON lines in Backstage's shape.
func (a *App) Export(_ context.Context, w io.Writer) error {
	return export(w, a.syncer.Snapshot().As(catalog.Everything{}))
}

// Snapshot is the catalog of this moment.
func (a *App) Snapshot() *catalog.Snapshot { return a.syncer.Snapshot() }

// Close undoes New. It is safe to call twice.
func (a *App) Close() error { return a.closer.close(closeLimit) }

func (a *App) socketPath() string { return filepath.Join(a.config.Data, socketName) }

// closer is a stack of named steps that take the program apart in reverse order.
type closer struct {
	mu    sync.Mutex
	steps []step
}

type step struct {
	name string
	do   func() error
}

func (c *closer) add(name string, do func() error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.steps = append(c.steps, step{name, do})
}

// close runs the steps that have not run yet. A step that hangs costs at most the limit.
func (c *closer) close(limit time.Duration) error {
	c.mu.Lock()
	steps := c.steps
	c.steps = nil
	c.mu.Unlock()
	done := make(chan error, 1)
	go func() {
		var all error
		for _, s := range slices.Backward(steps) {
			if err := s.do(); err != nil {
				all = errors.Join(all, fmt.Errorf("close the %s: %w", s.name, err))
			}
		}
		done <- all
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		return fmt.Errorf("closing took more than %s", limit)
	}
}

// Follow is Run without HTTP, for a console that no daemon answers: while it has the data folder,
// other commands go through its parts.
func (a *App) Follow(ctx context.Context) {
	var parts sync.WaitGroup
	parts.Go(func() {
		if err := a.serveSocket(ctx); err != nil {
			a.log.Warn("other commands have to wait until this one ends", "error", err)
		}
	})
	parts.Go(func() { _ = a.runDocs(ctx) }) // it ends with ctx only
	a.syncer.Run(ctx, a.config.Catalog.Poll)
	parts.Wait()
}
