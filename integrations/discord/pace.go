package discord

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	maxBuckets = 10_000 // that are remembered; of more, those that are as good as new are forgotten
	maxGone    = 10_000 // webhooks that are remembered as gone
	refusedFor = time.Minute
	spare      = maxInvalid / 10  // refusals that are kept back: other programs may share our address
	limitBytes = 16 << 10         // read of the body of a 429
	attemptMax = 15 * time.Second // for an exchange, where the client has no limit of its own

	// unsaid is how long a bucket lasts while no answer says: of a request that got lost, or met a proxy of Discord's,
	// nothing is learnt. Too short costs a 429, which says how long to wait; too long would silence a channel.
	unsaid = 5 * time.Second
	// globalBurst and what is let through in a second beside it make the global limit together.
	globalBurst = 10
)

// Why a request is not sent.
var (
	errInvalids = errors.New("Discord refused so many requests within 10 minutes that nothing is sent for a while, lest it bans this address")
	errGone     = errors.New("Discord said that this webhook does not exist any more")
)

// limitedError says that Discord, or what it said before, asks to wait.
type limitedError struct{ after time.Duration }

func (e *limitedError) Error() string {
	return "Discord asks to wait " + e.after.Round(time.Millisecond).String()
}

// pacer sends requests no faster than Discord takes them: it learns the buckets from the headers of answers, keeps to the
// global limit, and holds everything back while Discord refuses the token or would soon ban the address. It waits
// where the request's context has the time, and fails at once where it has not. The waiting is not counted to the limit of
// an exchange.
type pacer struct {
	next  http.RoundTripper
	limit time.Duration // of an exchange, its body included
	log   *slog.Logger

	global *rate.Limiter // of all but the endpoints of interactions

	mu       sync.Mutex
	names    map[string]string  // route → what Discord calls its bucket
	buckets  map[string]*bucket // by that, or the route, and the channel, guild or webhook
	until    time.Time          // nothing before: the global limit was hit
	gone     map[string]time.Time
	refused  time.Time // no call with the token before, while it is refused; zero: nothing bad
	invalids invalids
}

// bucket is what Discord lets through of a route.
type bucket struct {
	known     bool
	limit     int
	remaining int
	reset     time.Time
	until     time.Time // a 429 asked to wait
}

// invalids counts refused requests by minutes.
type invalids struct {
	counts [int(invalidSpan / time.Minute)]int
	minute int64
}

func (n *invalids) add(now time.Time, d int) (sum int) {
	minute := now.Unix() / 60
	for i := max(n.minute+1, minute-int64(len(n.counts))+1); i <= minute; i++ {
		n.counts[i%int64(len(n.counts))] = 0
	}
	n.minute = max(n.minute, minute)
	n.counts[minute%int64(len(n.counts))] += d
	for _, c := range n.counts {
		sum += c
	}
	return sum
}

// newPacer paces a client's requests. The client's own limit is for an exchange; 0 means attemptMax.
func newPacer(client *http.Client, log *slog.Logger) *pacer {
	next, limit := client.Transport, client.Timeout
	if next == nil {
		next = http.DefaultTransport
	}
	if limit <= 0 {
		limit = attemptMax
	}
	return &pacer{
		next: next, limit: limit, log: log, global: rate.NewLimiter(globalEvery-globalBurst, globalBurst),
		names: map[string]string{}, buckets: map[string]*bucket{}, gone: map[string]time.Time{},
	}
}

// RoundTrip implements http.RoundTripper.
func (p *pacer) RoundTrip(r *http.Request) (*http.Response, error) {
	route, major, interaction := routeOf(r.Method, r.URL.Path)
	if err := p.wait(r.Context(), route, major, interaction); err != nil {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, err
	}
	attempt, cancel := context.WithTimeout(r.Context(), p.limit)
	answer, err := p.next.RoundTrip(r.WithContext(attempt))
	if err != nil {
		if r.Context().Err() == nil && attempt.Err() != nil {
			err = fmt.Errorf("Discord gives no answer within %v: %w", p.limit, err)
		}
		cancel()
		return nil, err
	}
	answer.Body = ending{answer.Body, cancel}
	p.learn(route, major, interaction, answer)
	return answer, nil
}

// ending is a body whose end is that of the exchange.
type ending struct {
	io.ReadCloser
	cancel context.CancelFunc
}

// Close implements io.Closer.
func (e ending) Close() error {
	defer e.cancel()
	return e.ReadCloser.Close()
}

// routeOf gives the route of a path with its ids left out, the channel, guild or webhook that has a bucket of its own,
// and whether it is an endpoint of an interaction, which needs no token and is not counted globally.
func routeOf(method, path string) (route, major string, interaction bool) {
	if _, below, found := strings.Cut(path, "/api/"); found { // a server that stands in for Discord may have none
		path = below
	}
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if len(parts) > 0 && strings.HasPrefix(parts[0], "v") {
		parts = parts[1:]
	}
	for i := range parts {
		switch {
		case i == 0:
		case i == 1 && (parts[0] == "channels" || parts[0] == "guilds"):
			major, parts[i] = parts[i], "{id}"
		case i <= 2 && (parts[0] == "webhooks" || parts[0] == "interactions"):
			major += "/" + parts[i]
			parts[i] = "{id}"
			interaction = true
		case snowflake(parts[i]):
			parts[i] = "{id}"
		}
	}
	return method + " /" + strings.Join(parts, "/"), major, interaction
}

func snowflake(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// wait returns when the request may be sent.
func (p *pacer) wait(ctx context.Context, route, major string, interaction bool) error {
	for {
		pause, err := p.hold(route, major, interaction)
		if err != nil || pause <= 0 {
			if err == nil && !interaction {
				err = p.global.Wait(ctx)
			}
			return err
		}
		if deadline, bounded := ctx.Deadline(); bounded && time.Until(deadline) < pause {
			return &limitedError{pause}
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
}

// hold takes a place in a bucket, or gives how long to wait for one.
func (p *pacer) hold(route, major string, interaction bool) (time.Duration, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if p.invalids.add(now, 0) >= maxInvalid-spare {
		return 0, errInvalids
	}
	if _, gone := p.gone[major]; gone && interaction {
		return 0, errGone
	}
	if !interaction {
		if now.Before(p.refused) {
			return 0, errToken
		}
		if !p.refused.IsZero() {
			p.refused = now.Add(refusedFor) // one call shows whether it is mended, the others wait
		}
		if wait := p.until.Sub(now); wait > 0 {
			return wait, nil
		}
	}
	b := p.bucket(route, major)
	switch {
	case b == nil:
		return 0, errCrowded
	case now.Before(b.until):
		return b.until.Sub(now), nil
	case !b.known:
		return 0, nil
	case !now.Before(b.reset):
		b.remaining, b.reset = b.limit, now.Add(unsaid)
	case b.remaining <= 0:
		return min(b.reset.Sub(now), time.Minute), nil
	}
	b.remaining--
	return 0, nil
}

// bucket finds or makes the bucket of a route; nil where there are too many.
func (p *pacer) bucket(route, major string) *bucket {
	key := route + " " + major
	if name := p.names[route]; name != "" {
		key = name + " " + major
	}
	b := p.buckets[key]
	if b == nil {
		if len(p.buckets) >= maxBuckets && !p.forget(time.Now()) {
			return nil
		}
		b = &bucket{}
		p.buckets[key] = b
	}
	return b
}

// forget drops the buckets that are full again, and reports whether there was one.
func (p *pacer) forget(now time.Time) bool {
	before := len(p.buckets)
	for key, b := range p.buckets {
		if now.After(b.until) && (!b.known || now.After(b.reset)) {
			delete(p.buckets, key)
		}
	}
	return len(p.buckets) < before
}

// learn draws the conclusions from an answer.
func (p *pacer) learn(route, major string, interaction bool, answer *http.Response) {
	h := answer.Header
	wait, global := time.Duration(0), h.Get("X-RateLimit-Global") == "true"
	if answer.StatusCode == http.StatusTooManyRequests {
		wait, global = limitOf(answer, global)
	}
	missing := answer.StatusCode == http.StatusNotFound && interaction && codeIn(answer) == unknownWebhook
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if name := h.Get("X-RateLimit-Bucket"); name != "" && len(p.names) < maxBuckets {
		p.names[route] = name
	}
	b := p.bucket(route, major)
	if b != nil {
		b.read(h, now)
	}
	switch answer.StatusCode {
	case http.StatusTooManyRequests:
		if global {
			p.until = now.Add(wait)
		} else if b != nil {
			b.until = now.Add(wait)
		}
		if h.Get("X-RateLimit-Scope") == "shared" {
			return
		}
		p.countInvalid(now)
	case http.StatusUnauthorized:
		p.countInvalid(now)
		if !interaction {
			if p.refused.IsZero() {
				p.log.Error("Discord refuses the bot's token; put a new one where discord.token says", "next_try", refusedFor)
			}
			p.refused = now.Add(refusedFor)
		}
	case http.StatusForbidden:
		p.countInvalid(now)
	default:
		if !interaction && !p.refused.IsZero() && answer.StatusCode < http.StatusInternalServerError {
			p.refused = time.Time{}
			p.log.Info("Discord takes the token again")
		}
	}
	if missing {
		if len(p.gone) >= maxGone {
			clear(p.gone)
		}
		p.gone[major] = now
	}
}

func (p *pacer) countInvalid(now time.Time) {
	if p.invalids.add(now, 1) == maxInvalid-spare {
		p.log.Error("Discord refused very many requests: nothing is sent for up to ten minutes, lest it bans this address")
	}
}

func (b *bucket) read(h http.Header, now time.Time) {
	limit, err1 := strconv.Atoi(h.Get("X-RateLimit-Limit"))
	remaining, err2 := strconv.Atoi(h.Get("X-RateLimit-Remaining"))
	after, err3 := strconv.ParseFloat(h.Get("X-RateLimit-Reset-After"), 64)
	if err1 != nil || err2 != nil || err3 != nil || after < 0 {
		return
	}
	reset := now.Add(time.Duration(after * float64(time.Second)))
	if b.known && b.limit == limit && b.reset.Sub(reset).Abs() < time.Second/2 {
		remaining = min(remaining, b.remaining) // other requests are on their way
	}
	b.known, b.limit, b.remaining, b.reset = true, limit, remaining, reset
}

// limitOf reads how long a 429 asks to wait; the header has whole seconds, the body fractions.
func limitOf(answer *http.Response, global bool) (time.Duration, bool) {
	var said struct {
		After  float64 `json:"retry_after"`
		Global bool    `json:"global"`
	}
	_ = json.Unmarshal(peek(answer), &said) // without it the header counts
	after, err := strconv.ParseFloat(answer.Header.Get("Retry-After"), 64)
	if said.After > 0 || err != nil {
		after = max(said.After, 0.1)
	}
	return time.Duration(min(after, 3600) * float64(time.Second)), global || said.Global
}

func codeIn(answer *http.Response) int {
	var said struct {
		Code int `json:"code"`
	}
	_ = json.Unmarshal(peek(answer), &said) // without one it is 0
	return said.Code
}

// peek reads the body of an answer and leaves it there.
func peek(answer *http.Response) []byte {
	said, err := io.ReadAll(io.LimitReader(answer.Body, limitBytes))
	if err != nil {
		return nil
	}
	answer.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(said), answer.Body), answer.Body}
	return said
}

var errCrowded = fmt.Errorf("more than %d limits of Discord are kept at once", maxBuckets)
