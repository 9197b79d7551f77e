package slacktest

import (
	"cmp"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Fault is one thing that goes wrong with a call. The zero value of each field is that it does not.
type Fault struct {
	Slow       time.Duration // passes before anything else
	Status     int           // of HTTP, with a page of HTML as its body; 429 says RetryAfter
	RetryAfter time.Duration
	Error      string // ok:false with this code
	Half       bool   // half of the answer comes, then the connection ends; the call was carried out
	Cut        bool   // the connection ends without an answer
	After      bool   // the call is carried out although it looks failed
}

// faults are what will go wrong.
type faults struct {
	queued map[string][]Fault
	seed   uint64
	random map[string]*rand.Rand // by channel, or by method where a call has none; nil: nothing goes wrong by chance
	share  float64
	choice []Fault
}

// Fail makes the next calls of a method go wrong, one fault a call; "" is any method, and "response_url" are
// posts to response addresses.
func (s *Server) Fail(method string, f ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.faults.queued == nil {
		s.faults.queued = map[string][]Fault{}
	}
	s.faults.queued[method] = append(s.faults.queued[method], f...)
}

// FailRandomly makes a share of all calls go wrong, 0.3 for 30 %, each with one of the faults. The same seed and the
// same order of the calls for a channel give the same faults there, whatever happens in other channels meanwhile.
func (s *Server) FailRandomly(seed uint64, share float64, f ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.seed, s.faults.random = seed, map[string]*rand.Rand{}
	s.faults.share, s.faults.choice = share, f
}

// Heal ends all faults, gives back all scopes and makes revoked tokens valid.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = faults{}
	s.scopes = allScopes()
	clear(s.revoked)
}

// Revoke makes a token fail with a code: token_revoked, invalid_auth, account_inactive.
func (s *Server) Revoke(token, code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoked[token] = code
}

// DropScope takes a scope from the app.
func (s *Server) DropScope(scope string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scopes = slices.DeleteFunc(s.scopes, func(have string) bool { return have == scope })
}

func (f *faults) next(c *Call) *Fault {
	method := c.Method
	for _, key := range []string{method, ""} {
		if q := f.queued[key]; len(q) > 0 {
			f.queued[key] = q[1:]
			return &q[0]
		}
	}
	if f.random == nil || len(f.choice) == 0 {
		return nil
	}
	if random := f.chance(cmp.Or(c.str("channel"), method)); random.Float64() < f.share {
		return &f.choice[random.IntN(len(f.choice))]
	}
	return nil
}

// chance is the chance of a channel or a method, which no other disturbs.
func (f *faults) chance(of string) *rand.Rand {
	if f.random[of] == nil {
		h := fnv.New64a()
		_, _ = h.Write([]byte(of))
		f.random[of] = rand.New(rand.NewPCG(f.seed, h.Sum64()))
	}
	return f.random[of]
}

// strikes reports whether more than slowness is wrong.
func (f *Fault) strikes() bool { return f.Status != 0 || f.Error != "" || f.Half || f.Cut }

func (f *Fault) code() string {
	switch {
	case f.Error != "":
		return f.Error
	case f.Status == http.StatusTooManyRequests:
		return "ratelimited"
	case f.Half:
		return "half"
	case f.Cut:
		return "cut"
	}
	return "http " + strconv.Itoa(f.Status)
}

func (f *Fault) status() int {
	switch {
	case f.Cut, f.Half:
		return 0
	case f.Status != 0:
		return f.Status
	}
	return http.StatusOK
}

// write answers wrongly. Body is the right answer, if the call was carried out.
func (f *Fault) write(w http.ResponseWriter, body []byte) {
	switch {
	case f.Cut:
		panic(http.ErrAbortHandler)
	case f.Half:
		if body == nil {
			body = encode(object{"ok": true})
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case f.Status == http.StatusTooManyRequests:
		w.Header().Set("Retry-After", strconv.Itoa(int(f.RetryAfter/time.Second)))
		w.WriteHeader(f.Status)
		_, _ = w.Write(encode(object{"ok": false, "error": "ratelimited"}))
	case f.Status != 0:
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(f.Status)
		_, _ = w.Write([]byte("<html><body>Slack is having trouble</body></html>"))
	default:
		_, _ = w.Write(encode(object{"ok": false, "error": f.Error}))
	}
}

// rates count calls and messages.
type rates struct {
	calls    map[string][]time.Time
	channels map[string]*bucket
}

type bucket struct {
	left float64
	at   time.Time
}

func (r *rates) init() { r.calls, r.channels = map[string][]time.Time{}, map[string]*bucket{} }

// method counts a call and gives how long to wait when there were too many in the last minute.
func (r *rates) method(name string, limit int, now time.Time) time.Duration {
	recent := slices.DeleteFunc(r.calls[name], func(t time.Time) bool { return now.Sub(t) >= minute })
	defer func() { r.calls[name] = recent }()
	if len(recent) >= limit {
		return max(minute-now.Sub(recent[0]), time.Second)
	}
	recent = append(recent, now)
	return 0
}

// message counts a message in a channel and gives how long to wait when there is no room.
func (r *rates) message(channel string, burst int, now time.Time) time.Duration {
	b := r.channels[channel]
	if b == nil {
		b = &bucket{left: float64(burst), at: now}
		r.channels[channel] = b
	}
	b.left = min(float64(burst), b.left+float64(now.Sub(b.at))/float64(channelEvery))
	b.at = now
	if b.left < 1 {
		return time.Duration((1 - b.left) * float64(channelEvery))
	}
	b.left--
	return 0
}

// Scopes gives what the app may do.
func (s *Server) Scopes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.scopes)
}
