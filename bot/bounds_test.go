package bot // the tests count what is remembered, which nobody outside sees

import (
	"context"
	"log/slog"
	"strconv"
	"testing"
	"testing/synctest"
)

// What is remembered of channels has an end, however many there are.
func TestPlaces_Bounds(t *testing.T) {
	var p Places
	for name, tt := range map[string]struct {
		add  func(channel string)
		held func() int
	}{
		"names":           {func(channel string) { p.Called(channel, "general") }, func() int { return len(p.names) }},
		"direct messages": {p.Direct, func() int { return len(p.own) }},
	} {
		peak := 0
		for i := range 2*maxPlaces + 10 {
			tt.add("C" + strconv.Itoa(i))
			peak = max(peak, tt.held())
		}
		if peak != maxPlaces {
			t.Errorf("%s: %d are held, want %d", name, peak, maxPlaces)
		}
	}
}

// Of onceMost events each is answered once; of more the oldest are forgotten, and answered again.
func TestOnce_Bounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reads := func(*Request) bool { return false }
		handle := Once(reads, nil, slog.New(slog.DiscardHandler))(func(context.Context, *Request) Reply { return Reply{Outcome: Fine} })
		give := func(i int) Outcome { return handle(t.Context(), &Request{ID: strconv.Itoa(i)}).Outcome }
		for i := range onceMost {
			if got := give(i); got != Fine {
				t.Fatalf("event %d: %s", i, got)
			}
		}
		for _, i := range []int{onceMost - 1, 0, 1} {
			if got := give(i); got != Repeated {
				t.Errorf("event %d again: %s", i, got)
			}
		}
		give(onceMost)
		if got := give(onceMost - 1); got != Repeated {
			t.Errorf("the newest but one again: %s", got)
		}
		if got := give(0); got != Fine {
			t.Errorf("the oldest is still remembered: %s", got)
		}
	})
}
