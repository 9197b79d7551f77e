package app

import (
	"runtime/debug"
	"sync"

	"callboard/catalog/ingest"
)

// loadingPercent lets the heap grow to three times its size between two collections while the stored catalog is
// loaded. Nearly all of that stays, so looking for garbage in between finds little and took a tenth of the time.
const loadingPercent = 200

// hurried runs load with fewer collections. A lower percentage than usual that the operator has set by GOGC stays.
func hurried(load func() error) error {
	const usual = 100
	percent := debug.SetGCPercent(loadingPercent)
	defer debug.SetGCPercent(percent)
	if percent < usual {
		debug.SetGCPercent(percent)
	}
	return load()
}

// largeSync is how many files a sync takes over before what it leaves behind is worth a collection of
// its own.
const largeSync = 500

// litter notes that memory could go back to the system: right after a large sync, and once more at the
// first one without news, when Git sources let go of what they held for reading. Left to itself, a
// program with little to do keeps it for minutes. It is called by one goroutine at a time.
func (a *App) litter(e ingest.Event) {
	large := e.Set != nil && len(e.Set.Files) >= largeSync
	if large {
		a.grown.Store(true)
	}
	if large || a.littered {
		a.release()
	}
	a.littered = large
}

// release asks for memory to go back to the system.
func (a *App) release() {
	select {
	case a.garbage <- struct{}{}:
	default:
	}
}

// thriftyPercent is how much garbage, in percent of what is in use, a process may hold during large work. The
// usual 100 would let a first sync of 100,000 entities take a third more memory at its peak; the collector then
// takes some seconds of processor time less.
const thriftyPercent = 40

// thrift keeps garbage low while there is work that makes much of it.
type thrift struct {
	mu    sync.Mutex
	works int // under way
	usual int // percent otherwise
}

// begin starts a work; done ends it. A lower percentage that the operator has set by GOGC stays.
func (t *thrift) begin() (done func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.works++; t.works == 1 {
		t.usual = debug.SetGCPercent(thriftyPercent)
		if t.usual < thriftyPercent {
			debug.SetGCPercent(t.usual) // also when it is off, as a memory limit may be set instead
		}
	}
	return sync.OnceFunc(t.end)
}

func (t *thrift) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.works--; t.works == 0 {
		debug.SetGCPercent(t.usual)
	}
}
