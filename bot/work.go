package bot

import (
	"log/slog"
	"sync"
	"time"
)

// atOnce is how many events of one platform are worked on at the same time.
const atOnce = 256

// FinishLimit is how long a platform lets the answers go on that are under way when the program ends.
const FinishLimit = 10 * time.Second

// Work counts the events of a platform that are worked on, from their arrival to the end of their answer.
type Work struct {
	Log *slog.Logger // gets what Race recovers from

	mu     sync.Mutex
	under  int
	ending chan struct{} // nil until Finish; closed when nothing is under way any more
}

// Begin takes a place, if there is one and the program is not ending. Whoever got one gives it back by End.
func (w *Work) Begin() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.under >= atOnce || w.ending != nil {
		return false
	}
	w.under++
	return true
}

// End gives back what Begin took.
func (w *Work) End() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.under--; w.under == 0 && w.ending != nil {
		close(w.ending)
	}
}

// Finish lets nothing new begin, waits at most limit for what is under way, and gives how much is left.
func (w *Work) Finish(limit time.Duration) (left int) {
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
