package ingest

import (
	"errors"
	"math/rand/v2"
	"sync"
	"time"
)

// Bounds of how often a source is asked.
const (
	jitterShare = 0.1              // of an interval, either way, so that sources and replicas spread out
	backoffMax  = 30 * time.Minute // between two checks of a source that keeps failing, unless it is polled less often
	deferralMax = 2 * time.Hour    // the longest that a server's "come back later" is believed
	gapMin      = 500 * time.Millisecond
	gapMax      = 10 * time.Second
	idleWait    = time.Hour // between two looks at the schedule when nothing is due
)

// LaterError is implemented by errors of a Source that was told when to come back. A time of zero or
// less says nothing.
type LaterError interface {
	error
	RetryAfter() time.Duration
}

// schedule says when each source is asked next. Polls come at their interval with some jitter, and ever
// more slowly to a source that fails. Kicks come at once, unless they come thick and fast: then the gap
// between two fetches grows, up to gapMax. Whatever a server said about when to come back counts more.
type schedule struct {
	now    func() time.Time
	random func() float64 // in [0, 1)
	wake   chan struct{}  // one slot: something may be due earlier than it was

	mu    sync.Mutex
	poll  time.Duration
	turns map[*state]*turn
}

// turn is what the schedule knows of one source.
type turn struct {
	busy    bool
	due     time.Time     // of the next poll; zero: at once
	strikes int           // checks that failed since the last good one, or the last kick
	kicked  bool          // somebody asks for a fetch that has not begun
	obeyed  time.Time     // when the last fetch began that a kick had asked for
	gap     time.Duration // at least between obeyed and the next one
	after   time.Time     // the server wants no questions before
	hinted  time.Time     // since when news is known of for which no fetch has begun; zero: none is known of
	awaited time.Time     // the same of news for which a fetch has begun
	checked time.Time     // when the last good check began; zero: none in this process
}

func newSchedule(states []*state, now func() time.Time, random func() float64) *schedule {
	if random == nil {
		random = rand.Float64
	}
	p := &schedule{now: now, random: random, wake: make(chan struct{}, 1), turns: map[*state]*turn{}}
	for _, st := range states {
		p.turns[st] = &turn{gap: gapMin}
	}
	return p
}

// start sets the poll interval and makes every source due.
func (p *schedule) start(poll time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.poll = poll
	for _, t := range p.turns {
		t.busy, t.due = false, time.Time{}
	}
}

// begin takes the sources whose turn it is, which are then busy until done, and says how long it is
// until the next one's.
func (p *schedule) begin(states []*state) (now []*state, next time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at, next := p.now(), idleWait
	for _, st := range states {
		t := p.turns[st]
		if t.busy {
			continue
		}
		if wait := t.at().Sub(at); wait > 0 {
			next = min(next, wait)
			continue
		}
		t.begin(at)
		now = append(now, st)
	}
	return now, next
}

// at is when the source may be asked next.
func (t *turn) at() time.Time {
	at := t.due
	if early := t.obeyed.Add(t.gap); t.kicked && early.Before(at) {
		at = early
	}
	if at.Before(t.after) {
		return t.after
	}
	return at
}

func (t *turn) begin(at time.Time) {
	if t.kicked {
		if at.Sub(t.obeyed) < 2*t.gap {
			t.gap = min(2*t.gap, gapMax)
		} else {
			t.gap = gapMin
		}
		t.obeyed = at
	}
	t.busy, t.kicked = true, false
	t.awaited, t.hinted = t.news(), time.Time{}
}

// news is since when news is known of that is not served; zero when none is known of.
func (t *turn) news() time.Time {
	if t.awaited.IsZero() {
		return t.hinted
	}
	return t.awaited
}

// kick asks for a fetch soon. A hint says that there is news by now. A source that was left alone
// because it failed is tried again.
func (p *schedule) kick(st *state, hint bool) {
	p.mu.Lock()
	t := p.turns[st]
	t.kicked, t.strikes = true, 0
	if hint && t.hinted.IsZero() {
		t.hinted = p.now()
	}
	p.mu.Unlock()
	p.rouse()
}

func (p *schedule) rouse() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// since says from when on the source may have had the news that a fetch just brought: since the hint,
// or else since the last check that saw nothing of it. Zero when nobody knows.
func (p *schedule) since(st *state) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if news := p.turns[st].news(); !news.IsZero() {
		return news
	}
	return p.turns[st].checked
}

// settle takes note of how a check went that is now applied; applied is false when the store refused
// it. Every check counts, whoever asked for it.
func (p *schedule) settle(f fetch, applied bool) {
	defer p.rouse()
	p.mu.Lock()
	defer p.mu.Unlock()
	t, now := p.turns[f.state], p.now()
	switch later := LaterError(nil); {
	case f.err == nil:
		t.strikes, t.after = 0, time.Time{}
	case errors.As(f.err, &later) && later.RetryAfter() > 0:
		t.after = now.Add(min(later.RetryAfter(), deferralMax))
		t.strikes++
	default:
		t.strikes++
	}
	if f.err == nil && applied {
		t.checked = f.begun
		if !t.hinted.After(f.begun) {
			t.hinted = time.Time{}
		}
		if !t.awaited.After(f.begun) {
			t.awaited = time.Time{}
		}
	}
	t.due = now.Add(p.interval(t.strikes))
}

// done makes the sources free for another turn.
func (p *schedule) done(fetched []fetch) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range fetched {
		p.turns[f.state].busy = false
	}
}

// interval is the time until the next poll after so many failures in a row.
func (p *schedule) interval(strikes int) time.Duration {
	d, most := p.poll, max(p.poll, backoffMax)
	for ; strikes > 1 && d < most; strikes-- {
		d *= 2
	}
	d = min(d, most)
	return d + time.Duration((2*p.random()-1)*jitterShare*float64(d))
}

// behind says how long news has been known of that is not served yet; 0 when none is known of.
func (p *schedule) behind(st *state) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if news := p.turns[st].news(); !news.IsZero() {
		return max(0, p.now().Sub(news))
	}
	return 0
}
