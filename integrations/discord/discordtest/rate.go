package discordtest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// rates count calls.
type rates struct {
	buckets map[string]*bucket
	global  bucket
	invalid []time.Time
	dead    map[string]bool // tokens of webhooks that answered 404
}

// bucket counts calls until it is reset.
type bucket struct {
	used  int
	reset time.Time
}

// take counts a call, and gives how long to wait when there is no room.
func (b *bucket) take(l Limit, now time.Time) time.Duration {
	if !now.Before(b.reset) {
		b.used, b.reset = 0, now.Add(l.Per)
	}
	if b.used >= l.Calls {
		return b.reset.Sub(now)
	}
	b.used++
	return 0
}

// limitOf gives what the bucket of a route takes.
func (s *Server) limitOf(pattern string) Limit {
	if l, set := s.options.Limits[pattern]; set {
		return l
	}
	switch pattern {
	case "POST /channels/{channel}/messages", "PATCH /channels/{channel}/messages/{message}", "DELETE /channels/{channel}/messages/{message}":
		return Limit{5, 5 * time.Second}
	case "POST /webhooks/{app}/{token}", "PATCH /webhooks/{app}/{token}/messages/{message}":
		return Limit{5, 2 * time.Second}
	}
	return Limit{10, time.Second}
}

// limit counts a call in its bucket, which the route and the channel, guild or webhook in the path name, and in the
// global one, which the endpoints of interactions are exempt from.
func (s *Server) limit(w http.ResponseWriter, c *Call, to route) *failure {
	if !to.open {
		if wait := s.rates.global.take(Limit{globalLimit, time.Second}, c.At); wait > 0 {
			return &failure{status: http.StatusTooManyRequests, retry: wait, global: true, scope: "global"}
		}
	}
	if to.pattern == callbackRoute {
		return nil
	}
	major := c.param("channel") + "/" + c.param("guild") + "/" + c.param("app") + c.param("token")
	key := to.pattern + " " + major
	b := s.rates.buckets[key]
	if b == nil {
		b = &bucket{}
		s.rates.buckets[key] = b
	}
	l := s.limitOf(to.pattern)
	wait := b.take(l, c.At)
	hash := sha256.Sum256([]byte(to.pattern))
	h := w.Header()
	h.Set("X-RateLimit-Limit", strconv.Itoa(l.Calls))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(l.Calls-b.used))
	h.Set("X-RateLimit-Reset", fmt.Sprintf("%.3f", float64(b.reset.UnixMilli())/1000))
	h.Set("X-RateLimit-Reset-After", fmt.Sprintf("%.3f", b.reset.Sub(c.At).Seconds()))
	h.Set("X-RateLimit-Bucket", hex.EncodeToString(hash[:16]))
	if wait > 0 {
		return &failure{status: http.StatusTooManyRequests, retry: wait, scope: "user"}
	}
	return nil
}

// answered counts an answer among the invalid ones.
func (r *rates) answered(now time.Time, status int, scope string) {
	invalid := status == http.StatusUnauthorized || status == http.StatusForbidden || status == http.StatusTooManyRequests
	if invalid && scope != "shared" {
		r.invalid = append(r.invalid, now)
	}
}

// banned gives the answer of the edge to an address with too many invalid requests, nil for none.
func (r *rates) banned(now time.Time, limit int) *failure {
	r.invalid = slices.DeleteFunc(r.invalid, func(t time.Time) bool { return now.Sub(t) >= invalidWindow })
	if len(r.invalid) < limit {
		return nil
	}
	wait := invalidWindow - now.Sub(r.invalid[0])
	return &failure{status: http.StatusTooManyRequests, retry: wait, page: "error code: 1015"}
}

// Invalid gives how many answers of 401, 403 and 429 the last ten minutes had; those of scope shared do not count.
func (s *Server) Invalid() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rates.banned(s.now(), s.options.InvalidLimit)
	return len(s.rates.invalid)
}
