package git

import (
	"context"
	"io"
	"sync"
	"time"
)

// meter counts what a remote sends, ends the transfer at the cap, and notices a remote that has
// stopped sending. It remembers why it ended, because the decoders between it and the caller do not
// keep the errors that they meet.
type meter struct {
	max    int64
	stall  time.Duration
	cancel context.CancelCauseFunc
	timer  *time.Timer

	mu    sync.Mutex
	bytes int64
	err   error
}

// newMeter gives a context that ends when the remote stalls. stop releases it.
func newMeter(ctx context.Context, l Limits) (context.Context, *meter, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	m := &meter{max: l.Bytes, stall: l.Stall, cancel: cancel}
	m.timer = time.AfterFunc(l.Stall, func() {
		m.fail(fail(ErrTimeout, "sent nothing for %s, so the transfer was ended", l.Stall))
	})
	return ctx, m, func() { m.timer.Stop(); cancel(nil) }
}

func (m *meter) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err == nil {
		m.err = err
		m.cancel(err)
	}
}

// pause stops waiting for the remote, while what it sent is being worked on.
func (m *meter) pause() { m.timer.Stop() }

// cause gives the reason why the meter ended the transfer, or err.
func (m *meter) cause(err error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil && m.err != nil {
		return m.err
	}
	return err
}

func (m *meter) count(n int) error {
	m.timer.Reset(m.stall)
	m.mu.Lock()
	m.bytes += int64(n)
	over := m.bytes > m.max
	m.mu.Unlock()
	if over {
		m.fail(fail(ErrLimit, "sent more than the %d bytes that limits.bytes allows: lower depth, or raise the limit", m.max))
		return m.cause(io.ErrUnexpectedEOF)
	}
	return nil
}

// wrap meters a reader.
func (m *meter) wrap(r io.Reader) io.Reader { return &meteredReader{r, m} }

type meteredReader struct {
	r io.Reader
	m *meter
}

func (r *meteredReader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if over := r.m.count(n); over != nil {
		return 0, over
	}
	return n, err
}

func (m *meter) received() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.bytes
}
