package bot // the tests count what is remembered, which nobody outside sees

import (
	"strconv"
	"testing"
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
