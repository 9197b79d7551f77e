package ingest_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"callboard/catalog"
	"callboard/catalog/ingest"
	"callboard/catalog/ingest/ingesttest"
)

// watched is a repository that notes when it is asked.
type watched struct {
	repository
	takes time.Duration // of each fetch

	mu    sync.Mutex
	times []time.Time
	most  int // fetches at once
	now   int
}

func (w *watched) Fetch(ctx context.Context) (ingest.Tree, error) {
	w.mu.Lock()
	w.times = append(w.times, time.Now())
	w.now++
	w.most = max(w.most, w.now)
	w.mu.Unlock()
	tree, err := w.repository.Fetch(ctx)
	time.Sleep(w.takes) //nolint:forbidigo // virtual time
	w.mu.Lock()
	w.now--
	w.mu.Unlock()
	return tree, err
}

// asked gives the times between the fetches so far and forgets all but the last.
func (w *watched) asked() []time.Duration {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	var gaps []time.Duration
	for i := range len(w.times) - 1 {
		gaps = append(gaps, w.times[i+1].Sub(w.times[i]))
	}
	w.times = w.times[max(0, len(w.times)-1):]
	return gaps
}

// runs starts a syncer in a bubble, and ends it with the test.
func runs(t *testing.T, poll time.Duration, opts ingest.Options) *ingest.Syncer {
	t.Helper()
	opts.Store, opts.Log = &ingesttest.Memory{}, slog.New(slog.DiscardHandler)
	if opts.Random == nil {
		opts.Random = func() float64 { return 0.5 } // no jitter
	}
	syncer := ingest.NewSyncer(opts)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		syncer.Run(ctx, poll)
	}()
	t.Cleanup(func() { cancel(); <-done })
	synctest.Wait()
	return syncer
}

func pass(d time.Duration) {
	time.Sleep(d) //nolint:forbidigo // virtual time
	synctest.Wait()
}

func watch(name string, w *watched) ingest.Config {
	c := source(name, &w.repository)
	c.Source = w
	return c
}

func newWatched() *watched {
	w := &watched{}
	w.commit(tree{"catalog-info.yaml": service("a")})
	return w
}

func TestRun_PollsVary(t *testing.T) {
	for random, want := range map[float64]time.Duration{0: 54 * time.Second, 0.5: time.Minute, 0.75: 63 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			w := newWatched()
			runs(t, time.Minute, ingest.Options{Sources: []ingest.Config{watch("acme", w)}, Random: func() float64 { return random }})
			pass(3*want + time.Second)
			if got := w.asked(); !slices.Equal(got, []time.Duration{want, want, want}) {
				t.Errorf("with %v it is asked after %v, want each %v", random, got, want)
			}
		})
	}
}

func TestRun_FailingSourceIsAskedLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad, good := newWatched(), newWatched()
		bad.fail(errDown)
		syncer := runs(t, time.Minute, ingest.Options{Sources: []ingest.Config{watch("bad", bad), watch("good", good)}})
		minutes := func(n ...int) (out []time.Duration) {
			for _, m := range n {
				out = append(out, time.Duration(m)*time.Minute)
			}
			return out
		}
		pass(91 * time.Minute)
		if got, want := bad.asked(), minutes(1, 2, 4, 8, 16, 30, 30); !slices.Equal(got, want) {
			t.Errorf("the failing source is asked after %v, want %v", got, want)
		}
		if got := good.asked(); len(got) != 91 {
			t.Errorf("the good source is asked %d times", len(got))
		}
		if status := syncer.Snapshot().As(catalog.Everything{}).Sources()[0]; status.Failures != 8 {
			t.Errorf("it has failed 8 times in a row, its status says %d", status.Failures)
		}
		syncer.KickSource("bad") // a hint: perhaps it is well again
		pass(3*time.Minute + time.Second)
		if got, want := bad.asked(), minutes(0, 1, 2); !slices.Equal(got, want) {
			t.Errorf("after a kick it is asked after %v, want %v", got, want)
		}
		bad.fail(nil)
		pass(4 * time.Minute)
		bad.asked()
		pass(2 * time.Minute)
		if got, want := bad.asked(), minutes(1, 1); !slices.Equal(got, want) {
			t.Errorf("mended, it is asked after %v", got)
		}
		if status := syncer.Snapshot().As(catalog.Everything{}).Sources()[0]; status.Failures != 0 || status.Error != "" {
			t.Errorf("mended, its status is %+v", status)
		}
	})
}

func TestRun_SyncEndsBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatched()
		w.fail(errDown)
		syncer := runs(t, time.Minute, ingest.Options{Sources: []ingest.Config{watch("acme", w)}})
		pass(62 * time.Minute) // the next poll would be in half an hour
		w.fail(nil)
		syncer.Sync(t.Context(), false)
		w.asked()
		pass(61 * time.Second)
		if got := w.asked(); !slices.Equal(got, []time.Duration{time.Minute}) {
			t.Errorf("after a sync by hand that went well the source is polled after %v", got)
		}
	})
}

type laterError struct{ after time.Duration }

func (laterError) Error() string               { return "come back later" }
func (e laterError) RetryAfter() time.Duration { return e.after }

func TestRun_ServerSaysWhen(t *testing.T) {
	for after, want := range map[time.Duration]time.Duration{
		17 * time.Minute: 17 * time.Minute,
		time.Second:      time.Minute, // the poll is later still
		0:                time.Minute,
		-time.Hour:       time.Minute,
		90 * time.Hour:   2 * time.Hour,
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWatched()
			w.fail(errors.Join(errDown, laterError{after}))
			syncer := runs(t, time.Minute, ingest.Options{Sources: []ingest.Config{watch("acme", w)}})
			if after > time.Minute {
				syncer.KickSource("acme") // a hint does not count more than what the server said
			}
			pass(want + time.Second)
			if got := w.asked(); len(got) == 0 || got[0] != want {
				t.Errorf("told to come back in %v, it asks after %v, want %v", after, got, want)
			}
		})
	}
}

// TestRun_FloodOfKicks is the syncer's part of TestFloodOfWebhooks.
func TestRun_FloodOfKicks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, other := newWatched(), newWatched()
		syncer := runs(t, time.Hour, ingest.Options{Sources: []ingest.Config{watch("acme", w), watch("other", other)}})
		pass(time.Minute)
		for range 5000 {
			syncer.KickSource("acme")
			pass(12 * time.Millisecond)
		}
		w.commit(tree{"catalog-info.yaml": service("last")})
		syncer.KickSource("acme")
		pass(10 * time.Second)
		if _, found := syncer.Snapshot().As(catalog.Everything{}).Get(catalog.NewRef("component", "", "last")); !found {
			t.Error("what the last kick told of is not there ten seconds later")
		}
		if n := len(w.asked()); n < 5 || n > 15 {
			t.Errorf("5,000 kicks in a minute made %d fetches", n)
		}
		if n := len(other.asked()); n != 0 {
			t.Errorf("the other source was fetched %d times", n)
		}
		pass(time.Minute)
		start := time.Now()
		w.asked()
		syncer.KickSource("acme")
		synctest.Wait()
		if got := w.asked(); len(got) != 1 || time.Since(start) != 0 {
			t.Errorf("after the flood a kick is not obeyed at once: %v", got)
		}
		if syncer.KickSource("nobody") {
			t.Error("a source that does not exist was kicked")
		}
	})
}

func TestRun_Lag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reported atomic.Int64 // the lag of the last event
		w := newWatched()
		w.takes = 100 * time.Millisecond
		syncer := runs(t, time.Minute, ingest.Options{
			Sources: []ingest.Config{watch("acme", w)}, Observe: func(e ingest.Event) { reported.Store(int64(e.Lag)) },
		})
		want := func(lag time.Duration, what string) {
			t.Helper()
			status := syncer.Snapshot().As(catalog.Everything{}).Sources()[0]
			if event := time.Duration(reported.Load()); status.Lag != lag || event != lag {
				t.Errorf("%s: the lag is %v, in the event %v; want %v", what, status.Lag, event, lag)
			}
		}
		pass(time.Second)
		want(0, "the first catalog")
		pass(20 * time.Second)
		w.commit(tree{"catalog-info.yaml": service("b")})
		syncer.KickSource("acme")
		if pass(50 * time.Millisecond); syncer.Behind()["acme"] != 50*time.Millisecond {
			t.Errorf("while it is fetched: behind by %v", syncer.Behind()["acme"])
		}
		pass(time.Second)
		want(100*time.Millisecond, "after a hint")
		if behind := syncer.Behind()["acme"]; behind != 0 {
			t.Errorf("behind by %v with everything fetched", behind)
		}
		w.commit(tree{"catalog-info.yaml": service("c")})
		pass(61 * time.Second)
		// The check before began at the hint, ended a fetch later, and was a poll ago; then came a fetch.
		want(time.Minute+200*time.Millisecond, "by polling, at most")
		pass(time.Minute)
		syncer.KickSource("acme")
		pass(50 * time.Millisecond)
		w.commit(tree{"catalog-info.yaml": service("d")}) // too late for the fetch that is under way
		syncer.KickSource("acme")
		pass(60 * time.Millisecond)
		if behind := syncer.Behind()["acme"]; behind != 60*time.Millisecond {
			t.Errorf("with a hint that came during a fetch: behind by %v", behind)
		}
		pass(time.Second)
		want(550*time.Millisecond, "after a hint that came during a fetch")
		w.fail(errDown)
		syncer.KickSource("acme")
		pass(90 * time.Second)
		if behind := syncer.Behind()["acme"]; behind != 90*time.Second {
			t.Errorf("behind by %v, 90 s after a hint that could not be followed", behind)
		}
	})
}

func TestRun_FourAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatched()
		w.takes = time.Second
		var sources []ingest.Config
		for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i"} {
			sources = append(sources, watch(name, w))
		}
		syncer := runs(t, time.Minute, ingest.Options{Sources: sources})
		for range 20 {
			syncer.Kick()
			pass(10 * time.Second)
		}
		if w.most != 4 {
			t.Errorf("%d sources were fetched at once", w.most)
		}
	})
}

// slowFirst answers its first fetch late, with what was true when it was asked.
type slowFirst struct {
	*repository
	release chan struct{}
	asked   atomic.Bool
}

func (s *slowFirst) Fetch(ctx context.Context) (ingest.Tree, error) {
	tree, err := s.repository.Fetch(ctx)
	if !s.asked.Swap(true) {
		<-s.release
	}
	return tree, err
}

func TestRun_OvertakenFetchIsNoNews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		repo := &repository{}
		repo.commit(tree{"catalog-info.yaml": service("old")})
		config, slow := source("acme", repo), &slowFirst{repository: repo, release: make(chan struct{})}
		config.Source = slow
		syncer := runs(t, time.Hour, ingest.Options{Sources: []ingest.Config{config}})
		repo.commit(tree{"catalog-info.yaml": service("new")})
		pass(time.Second)
		got := make(chan ingest.Report)
		go func() { got <- syncer.Sync(t.Context(), false) }()
		synctest.Wait()
		close(slow.release)
		<-got
		synctest.Wait()
		if _, found := syncer.Snapshot().As(catalog.Everything{}).Get(catalog.NewRef("component", "", "new")); !found {
			t.Error("a fetch that began earlier and ended later took the catalog back")
		}
	})
}
