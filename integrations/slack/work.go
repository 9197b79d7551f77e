package slack

import (
	"sync"
	"time"
)

const (
	atOnce      = 256              // events that are worked on
	finishLimit = 10 * time.Second // for what is under way when the program ends
)

// work counts the events that are worked on, from their arrival to the end of their answer.
type work struct {
	mu     sync.Mutex
	under  int
	ending chan struct{} // nil until finish; closed when nothing is under way any more
}

// begin takes a place, if there is one and the program is not ending. Whoever got one gives it back by end.
func (w *work) begin() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.under >= atOnce || w.ending != nil {
		return false
	}
	w.under++
	return true
}

func (w *work) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.under--; w.under == 0 && w.ending != nil {
		close(w.ending)
	}
}

// finish lets nothing new begin, waits at most limit for what is under way, and gives how much is left.
func (w *work) finish(limit time.Duration) (left int) {
	w.mu.Lock()
	if w.under == 0 || w.ending != nil {
		w.ending = make(chan struct{})
		w.mu.Unlock()
		return 0
	}
	w.ending = make(chan struct{})
	w.mu.Unlock()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-w.ending:
		return 0
	case <-timer.C:
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.under
}
