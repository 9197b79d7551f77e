package bot

import (
	"sync"
	"time"
)

// Seen is a set of keys that forgets the old ones: those of longer ago than its life, and of more than it holds at most the
// oldest.
type Seen struct {
	life time.Duration
	most int

	mu    sync.Mutex
	known map[string]time.Time // when each was added
	order []string             // oldest first, from head on
	head  int
}

// NewSeen gives an empty set that holds at most so many keys, for so long.
func NewSeen(life time.Duration, most int) *Seen {
	return &Seen{life: life, most: most, known: map[string]time.Time{}}
}

// Add adds a key, and reports whether it is new. One that is known keeps its age, and makes no other forgotten.
func (s *Seen) Add(key string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(now, s.most)
	if _, known := s.known[key]; known {
		return false
	}
	s.forget(now, s.most-1)
	s.known[key] = now
	s.order = append(s.order, key)
	return true
}

// Has reports whether a key was added lately.
func (s *Seen) Has(key string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, known := s.known[key]
	return known && now.Sub(at) < s.life
}

// Len is how many keys are held.
func (s *Seen) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.known)
}

// forget drops what is old, and of more than most the oldest.
func (s *Seen) forget(now time.Time, most int) {
	for s.head < len(s.order) {
		oldest := s.order[s.head]
		if now.Sub(s.known[oldest]) < s.life && len(s.known) <= most {
			break
		}
		delete(s.known, oldest)
		s.order[s.head] = ""
		s.head++
	}
	if s.head > len(s.order)/2 { // each key is moved once at most for each that was dropped
		s.order, s.head = append(s.order[:0], s.order[s.head:]...), 0
	}
}
