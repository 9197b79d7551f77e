package ingest

import (
	"errors"
	"sync"
	"time"
)

// remoteBudget is how long the URLs that placeholders name may hold up one sync, all together.
const remoteBudget = 20 * time.Second

var errRemoteBudget = errors.New("the URLs of this sync took too long; it is tried again with the next commit")

// budgeted gives read, which makes no further call once the time since the first one is over. Nil for nil.
func budgeted(read func(url string) ([]byte, error), budget time.Duration) func(url string) ([]byte, error) {
	if read == nil {
		return nil
	}
	begin := sync.OnceValue(time.Now)
	return func(url string) ([]byte, error) {
		if time.Since(begin()) > budget {
			return nil, errRemoteBudget
		}
		return read(url)
	}
}
