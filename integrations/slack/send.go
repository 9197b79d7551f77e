package slack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/slack-go/slack"
	"golang.org/x/time/rate"
)

const (
	sendTries   = 6           // for one message
	sendFirst   = time.Second // wait after the first failure; doubled each time
	sendMost    = 30 * time.Second
	sendWaiting = 25              // messages that wait for one channel
	sendBurst   = 3               // messages that Slack lets through at once
	sendLanes   = 5_000           // channels that are remembered
	laneLife    = 5 * time.Second // an unused lane is as good as new then
	refusedFor  = time.Minute     // no call with a token that Slack refused; then one shows whether it is mended
)

// errCrowded is a message that is not sent because too many wait for its channel.
var errCrowded = errors.New("too many messages wait for this channel")

// sender keeps to the pace that Slack allows: in each channel one message after another, about one a second, and
// nothing while Slack asks to wait or refuses the token.
type sender struct {
	meters *meters
	log    *slog.Logger

	mu      sync.Mutex
	lanes   map[string]*lane
	waits   map[string]time.Time // methods, and until when Slack asked to wait with them
	refused error                // what Slack said to the token; nil: nothing bad
	until   time.Time            // no call before, while refused
}

// lane is the queue of a channel.
type lane struct {
	turn    chan struct{} // held by who sends
	pace    *rate.Limiter
	waiting int
	used    time.Time
	until   time.Time // Slack asked to wait with messages in this channel; written by who holds turn
}

func newSender(m *meters, log *slog.Logger) *sender {
	return &sender{meters: m, log: log, lanes: map[string]*lane{}, waits: map[string]time.Time{}}
}

// send calls the Web API for a channel, when it is its turn, and again while the error may pass and ctx lasts. Method
// names the call in metrics. Where Slack asks to wait for longer than ctx lasts it fails at once, and so do those that
// follow: nobody waits in vain.
func (s *sender) send(ctx context.Context, channel, method string, call func(context.Context) error) error {
	l, err := s.join(channel)
	if err != nil {
		return err
	}
	defer s.leave(l)
	select {
	case l.turn <- struct{}{}: // waiters are served in the order in which they came
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	wait := sendFirst
	for try := 1; ; try++ {
		err := s.attempt(ctx, l, method, call)
		if err == nil || !passing(err) {
			return explain(err)
		}
		pause := wait
		if limit, is := errors.AsType[*slack.RateLimitedError](err); is {
			pause = limit.RetryAfter
		} else {
			wait = min(2*wait, sendMost)
		}
		if deadline, bounded := ctx.Deadline(); try == sendTries || bounded && time.Until(deadline) < pause {
			return fmt.Errorf("%s failed, at attempt %d: %w", method, try, explain(err))
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("%s: %w, after: %w", method, ctx.Err(), explain(err))
		case <-timer.C:
		}
	}
}

// attempt makes a call at the pace of its lane, which the caller holds.
func (s *sender) attempt(ctx context.Context, l *lane, method string, call func(context.Context) error) error {
	if wait := time.Until(l.until); wait > 0 {
		return &slack.RateLimitedError{RetryAfter: wait}
	}
	if err := l.pace.Wait(ctx); err != nil {
		return fmt.Errorf("%w: %w", errCrowded, err) // ctx ends before it would be its turn
	}
	err := s.once(ctx, method, call)
	var limit *slack.RateLimitedError
	if errors.As(err, &limit) && ofChannel(method) {
		l.until = time.Now().Add(limit.RetryAfter)
	}
	return err
}

// ofChannel reports whether Slack limits a method for each channel by itself.
func ofChannel(method string) bool {
	return slices.Contains([]string{"chat.postMessage", "chat.postEphemeral", "response_url"}, method)
}

// once makes one call, unless Slack refuses the token or asked to wait with the method.
func (s *sender) once(ctx context.Context, method string, call func(context.Context) error) error {
	if err := s.held(method); err != nil {
		return err
	}
	err := call(ctx)
	s.count(method, err)
	s.note(method, err)
	return err
}

// held is an error while a method must not be called.
func (s *sender) held(method string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if s.refused != nil && method != "response_url" { // which needs no token
		if now.Before(s.until) {
			return s.refused
		}
		s.until = now.Add(refusedFor) // one call shows whether it is mended, the others wait
	}
	if wait := s.waits[method].Sub(now); wait > 0 {
		return &slack.RateLimitedError{RetryAfter: wait}
	}
	return nil
}

// note draws the conclusions from what Slack said to a call.
func (s *sender) note(method string, err error) {
	if method == "response_url" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var limit *slack.RateLimitedError
	switch {
	case refusesToken(err):
		if s.refused == nil {
			s.log.Error("Slack takes no call any more", "error", explain(err), "next_try", refusedFor)
		}
		s.refused, s.until = err, time.Now().Add(refusedFor)
	case errors.As(err, &limit):
		if !ofChannel(method) {
			s.waits[method] = time.Now().Add(limit.RetryAfter)
		}
	case s.refused != nil && (err == nil || codeOf(err) != ""):
		s.refused = nil
		s.log.Info("Slack takes the token again")
	}
}

func (s *sender) join(channel string) (*lane, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lanes[channel]
	if l == nil {
		if len(s.lanes) >= sendLanes && !s.forget() {
			return nil, errCrowded
		}
		l = &lane{turn: make(chan struct{}, 1), pace: rate.NewLimiter(rate.Every(messageEvery), sendBurst)}
		s.lanes[channel] = l
	}
	if l.waiting >= sendWaiting {
		return nil, errCrowded
	}
	l.waiting++
	return l, nil
}

func (s *sender) leave(l *lane) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.waiting--
	l.used = time.Now()
}

// forget drops the lanes that are as good as new, and reports whether there was one.
func (s *sender) forget() bool {
	before := len(s.lanes)
	for channel, l := range s.lanes {
		if l.waiting == 0 && time.Since(l.used) > laneLife && time.Now().After(l.until) {
			delete(s.lanes, channel)
		}
	}
	return len(s.lanes) < before
}

func (s *sender) count(method string, err error) {
	result := "fine"
	switch {
	case err == nil:
	case limited(err):
		result = "limited"
	case codeOf(err) != "":
		result = "refused"
	default:
		result = "failed"
	}
	s.meters.calls.WithLabelValues(method, result).Inc()
}
