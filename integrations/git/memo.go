package git

import (
	"context"
	"slices"
	"sync"
	"time"
)

// workLimit bounds the work on one answer about the past, which goes on after the asker has left.
const workLimit = 30 * time.Second

// memo keeps answers that take long to find. One that is being found is waited for, not looked for
// twice, and it is kept also when nobody waits any more.
type memo[V any] struct {
	most int // answers that are kept; the one used longest ago goes first

	mu      sync.Mutex
	closed  bool
	work    sync.WaitGroup
	kept    map[string]V
	order   []string // keys of kept, the one used last at the end
	running map[string]*flight[V]
}

// flight is an answer that is being found.
type flight[V any] struct {
	cancel context.CancelFunc
	done   chan struct{}
	value  V
	err    error
}

func newMemo[V any](most int) *memo[V] {
	return &memo[V]{most: most, kept: map[string]V{}, running: map[string]*flight[V]{}}
}

// get gives the answer for a key, finding it if it must. The finder gets a deadline of its own; errors
// are not kept.
func (m *memo[V]) get(ctx context.Context, key string, find func(context.Context) (V, error)) (V, error) {
	m.mu.Lock()
	if value, known := m.kept[key]; known {
		m.touch(key)
		m.mu.Unlock()
		return value, nil
	}
	if m.closed {
		m.mu.Unlock()
		var none V
		return none, fail(ErrConfig, "is closed")
	}
	f := m.running[key]
	if f == nil {
		f = m.start(ctx, key, find)
	}
	m.mu.Unlock()
	select {
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
		var none V
		return none, ctx.Err()
	}
}

// start looks for an answer in the background.
func (m *memo[V]) start(ctx context.Context, key string, find func(context.Context) (V, error)) *flight[V] {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), workLimit)
	f := &flight[V]{cancel: cancel, done: make(chan struct{})}
	m.running[key] = f
	m.work.Go(func() {
		defer cancel()
		f.value, f.err = find(ctx)
		m.keep(key, f)
	})
	return f
}

func (m *memo[V]) keep(key string, f *flight[V]) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.running, key)
	if f.err == nil {
		m.putLocked(key, f.value)
	}
	close(f.done)
}

// put keeps an answer that was found by the way.
func (m *memo[V]) put(key string, value V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.putLocked(key, value)
}

func (m *memo[V]) putLocked(key string, value V) {
	m.kept[key] = value
	m.touch(key)
	if len(m.order) > m.most {
		delete(m.kept, m.order[0])
		m.order = slices.Delete(m.order, 0, 1)
	}
}

// has reports whether an answer is kept.
func (m *memo[V]) has(key string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, known := m.kept[key]
	return known
}

// touch makes a key the one used last.
func (m *memo[V]) touch(key string) {
	if i := slices.Index(m.order, key); i >= 0 {
		m.order = slices.Delete(m.order, i, i+1)
	}
	m.order = append(m.order, key)
}

// close breaks off what is being found and waits for its end.
func (m *memo[V]) close() {
	m.mu.Lock()
	m.closed = true
	for _, f := range m.running {
		f.cancel()
	}
	m.mu.Unlock()
	m.work.Wait()
}
