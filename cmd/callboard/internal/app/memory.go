package app

import "callboard/catalog/ingest"

// largeSync is how many files a sync takes over before what it leaves behind is worth a collection of
// its own.
const largeSync = 500

// litter notes that memory could go back to the system: right after a large sync, and once more at the
// first one without news, when Git sources let go of what they held for reading. Left to itself, a
// program with little to do keeps it for minutes. It is called by one goroutine at a time.
func (a *App) litter(e ingest.Event) {
	large := e.Set != nil && len(e.Set.Files) >= largeSync
	if !large && !a.littered {
		return
	}
	a.littered = large
	select {
	case a.garbage <- struct{}{}:
	default:
	}
}
