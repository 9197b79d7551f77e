package discordtest

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// Fault is one thing that goes wrong with a call. The zero value of each field is that it does not.
type Fault struct {
	Slow       time.Duration // passes before anything else
	Status     int           // of HTTP, with a page of HTML as its body; 429 says RetryAfter
	RetryAfter time.Duration
	Global     bool   // of a 429: for all routes
	Shared     bool   // of a 429: of scope shared, which does not count as invalid
	Code       int    // an error of this code, under Status or 400
	Half       bool   // half of the answer comes, then the connection ends; the call was carried out
	Cut        bool   // the connection ends without an answer
	After      bool   // the call is carried out although it looks failed
	Words      string // of the error
}

// faults are what will go wrong.
type faults struct {
	queued map[string][]Fault
	random *rand.Rand
	share  float64
	choice []Fault
}

// Fail makes the next calls of a route go wrong, one fault a call; "" is any route. A route is written as
// "POST /channels/{channel}/messages".
func (s *Server) Fail(route string, f ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.faults.queued == nil {
		s.faults.queued = map[string][]Fault{}
	}
	s.faults.queued[route] = append(s.faults.queued[route], f...)
}

// FailRandomly makes a share of all calls go wrong, 0.3 for 30 %, each with one of the faults. The same seed and the
// same order of calls give the same faults.
func (s *Server) FailRandomly(seed uint64, share float64, f ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.random = rand.New(rand.NewPCG(seed, seed))
	s.faults.share, s.faults.choice = share, f
}

// Heal ends all faults, makes the token valid again, brings the bot back into the guild and gives all permissions.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults, s.revoked, s.kicked = faults{}, false, false
	s.hub.silent = false
	for _, c := range s.channels {
		c.Deny = nil
	}
}

// Revoke makes the bot's token invalid: 401 for all calls, and sockets are closed with 4004.
func (s *Server) Revoke() {
	s.mu.Lock()
	s.revoked = true
	s.mu.Unlock()
	s.CloseSockets(closeBadToken)
}

func (f *faults) next(route string) *Fault {
	for _, key := range []string{route, ""} {
		if q := f.queued[key]; len(q) > 0 {
			f.queued[key] = q[1:]
			return &q[0]
		}
	}
	if f.random != nil && f.random.Float64() < f.share && len(f.choice) > 0 {
		return &f.choice[f.random.IntN(len(f.choice))]
	}
	return nil
}

// strikes reports whether more than slowness is wrong.
func (f *Fault) strikes() bool { return f.Status != 0 || f.Code != 0 || f.Half || f.Cut }

func (f *Fault) status() int {
	switch {
	case f.Cut, f.Half:
		return 0
	case f.Status != 0:
		return f.Status
	}
	return http.StatusBadRequest
}

func (f *Fault) scope() string {
	switch {
	case f.Shared:
		return "shared"
	case f.Global:
		return "global"
	}
	return "user"
}

// write answers wrongly. Body is the right answer, if the call was carried out.
func (f *Fault) write(w http.ResponseWriter, body []byte) {
	switch {
	case f.Cut:
		panic(http.ErrAbortHandler)
	case f.Half:
		if len(body) == 0 {
			body = encode(object{"id": "0"})
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case f.Status == http.StatusTooManyRequests || f.Code != 0:
		answer := &failure{status: f.status(), code: f.Code, words: f.Words, retry: f.RetryAfter, global: f.Global}
		if f.Status == http.StatusTooManyRequests {
			answer.scope = f.scope()
		}
		status, text := render(w, nil, answer)
		w.WriteHeader(status)
		_, _ = w.Write(text)
	default:
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(f.Status)
		_, _ = w.Write([]byte("<html><body>Discord is having trouble</body></html>"))
	}
}
