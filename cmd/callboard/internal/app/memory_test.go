package app

import (
	"runtime/debug"
	"testing"
)

// TestThrift: garbage is kept low from the first work to the end of the last, and never allowed more than before.
func TestThrift(t *testing.T) {
	now := func() int {
		percent := debug.SetGCPercent(100)
		debug.SetGCPercent(percent)
		return percent
	}
	defer debug.SetGCPercent(now())
	for usual, meanwhile := range map[int]int{100: thriftyPercent, 400: thriftyPercent, 20: 20, -1: -1} {
		debug.SetGCPercent(usual)
		var all thrift
		first, second := all.begin(), all.begin()
		first()
		first() // as good as once
		if got := now(); got != meanwhile {
			t.Errorf("usually %d: %d during work, want %d", usual, got, meanwhile)
		}
		second()
		if got := now(); got != usual {
			t.Errorf("usually %d: %d after work", usual, got)
		}
	}
}
