package bot_test

import (
	"strconv"
	"testing"
	"time"

	"callboard/bot"
)

// However many keys come, the latest are known and no more are held; old ones are forgotten.
func TestSeen(t *testing.T) {
	const most = 100
	s, now := bot.NewSeen(time.Hour, most), time.Unix(1_700_000_000, 0)
	for i := range 5 * most {
		if key := strconv.Itoa(i); !s.Add(key, now) || s.Add(key, now) {
			t.Fatalf("%s is new once", key)
		}
		if want := min(i+1, most); s.Len() != want {
			t.Fatalf("after %d keys %d are held, want %d", i+1, s.Len(), want)
		}
		if i >= most && (s.Has(strconv.Itoa(i-most), now) || !s.Has(strconv.Itoa(i-most+1), now) || s.Add(strconv.Itoa(i-most+1), now)) {
			t.Fatalf("after %d keys the wrong ones are known", i+1)
		}
	}
	later := now.Add(30 * time.Minute)
	s.Add("late", later)
	later = now.Add(time.Hour)
	if s.Has("499", later) || !s.Has("late", later) || !s.Add("499", later) || s.Len() != 2 {
		t.Errorf("after an hour %d are held", s.Len())
	}
}
