package ingest

import (
	"context"
	"sync"
	"time"
)

// Kick asks Run for a sync of all sources as soon as possible. Kicks that come while one is waiting
// are one.
func (s *Syncer) Kick() {
	for _, st := range s.states {
		s.schedule.kick(st, false)
	}
}

// KickSource asks Run to fetch one source, because somebody says that it has news. It never blocks.
// Whatever comes while one such kick is waiting is one with it, and a source that is kicked again and
// again is fetched at most every ten seconds. It reports whether there is a source of that name.
func (s *Syncer) KickSource(name string) bool {
	for _, st := range s.states {
		if st.config.Name == name {
			s.schedule.kick(st, true)
			return true
		}
	}
	return false
}

// Behind says, by source, how long news has been known of that is not served yet: 0 where KickSource
// told of none since the last good check.
func (s *Syncer) Behind() map[string]time.Duration {
	out := make(map[string]time.Duration, len(s.states))
	for _, st := range s.states {
		out[st.config.Name] = s.schedule.behind(st)
	}
	return out
}

// Run syncs at once, then each source every poll interval and at its kicks, until ctx ends. Intervals
// vary by a tenth either way; a source that keeps failing is asked less and less often, and one whose
// error is a LaterError when that says. A source that is slow holds up neither the others nor, after a
// first patience, the first catalog.
func (s *Syncer) Run(ctx context.Context, poll time.Duration) {
	r := runner{syncer: s, slots: make(chan struct{}, fetchesAtOnce), results: make(chan fetch, len(s.states))}
	defer r.fetches.Wait()
	s.schedule.start(poll)
	r.start(ctx)
	r.apply(ctx, gather(ctx, r.results, len(s.states), s.patience()))
	for ctx.Err() == nil {
		r.wait(ctx, r.start(ctx))
	}
}

// runner fetches sources side by side and applies what they give, one batch after the other. Each source
// is fetched by one goroutine at a time.
type runner struct {
	syncer  *Syncer
	slots   chan struct{}
	results chan fetch // has room for all
	fetches sync.WaitGroup
}

// start begins what is due, and says how long it is until something else is.
func (r *runner) start(ctx context.Context) time.Duration {
	due, next := r.syncer.schedule.begin(r.syncer.states)
	for _, st := range due {
		r.fetches.Go(func() {
			defer r.slot()()
			r.results <- r.syncer.fetch(ctx, st)
		})
	}
	return next
}

// slot waits for one of the slots and returns what gives it back. A fetch that lasts waits for its server and
// not for this machine, so it loses its slot after a while: servers that hang must not keep all of them.
func (r *runner) slot() (done func()) {
	r.slots <- struct{}{}
	release := sync.OnceFunc(func() { <-r.slots })
	timer := time.AfterFunc(slotLimit, release)
	return func() {
		timer.Stop()
		release()
	}
}

// wait returns when there may be something to start.
func (r *runner) wait(ctx context.Context, next time.Duration) {
	timer := time.NewTimer(next)
	defer timer.Stop()
	select {
	case f := <-r.results:
		r.apply(ctx, append([]fetch{f}, r.ready()...))
	case <-timer.C:
	case <-r.syncer.schedule.wake:
	case <-ctx.Done():
	}
}

// ready gives the results that are there already, because they can be applied together.
func (r *runner) ready() []fetch {
	var more []fetch
	for {
		select {
		case f := <-r.results:
			more = append(more, f)
		default:
			return more
		}
	}
}

func (r *runner) apply(ctx context.Context, fetched []fetch) {
	_, _ = r.syncer.apply(ctx, fetched, false) // Fault remembers the error
	r.syncer.schedule.done(fetched)
}

// patience is long while there are sources that were never read, so that who wins a conflict is no matter
// of luck.
func (s *Syncer) patience() time.Duration {
	if s.unread() {
		return firstPatience
	}
	return patience
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
