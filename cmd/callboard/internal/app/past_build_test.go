package app

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"callboard/catalog"
)

// TestPast_OneAtATime: whoever asks for many moments at once must not make as many catalogs at once.
func TestPast_OneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPast(nil, nil)
		t.Cleanup(func() { _ = p.close() })
		now, most := 0, 0
		var mu sync.Mutex
		count := func(n int) {
			mu.Lock()
			defer mu.Unlock()
			now += n
			most = max(most, now)
		}
		p.load = func(context.Context, []catalog.SourceStatus, catalog.Past) (*catalog.Snapshot, error) {
			count(1)
			defer count(-1)
			time.Sleep(10 * time.Second) //nolint:forbidigo // virtual time
			return catalog.NewSnapshot(catalog.Contents{}), nil
		}
		var asked sync.WaitGroup
		for n := range 20 {
			asked.Go(func() {
				of := catalog.Past{Sources: []catalog.PastSource{{Name: "acme", Commit: catalog.Commit{Revision: strconv.Itoa(n)}}}}
				_, _ = p.build(t.Context(), nil, of) // the last ones wait for too long
			})
		}
		asked.Wait()
		if most != 1 {
			t.Errorf("%d catalogs were built at once", most)
		}
	})
}
