package slack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/slack-go/slack"
	"golang.org/x/time/rate"
)

const (
	sendTries   = 6           // for one message
	sendFirst   = time.Second // wait after the first failure; doubled each time
	sendMost    = 30 * time.Second
	sendWaiting = 100   // messages that wait for one channel
	sendBurst   = 3     // messages that Slack lets through at once
	sendLanes   = 5_000 // channels that are remembered
)

// errCrowded is a message that is not sent because too many wait for its channel.
var errCrowded = errors.New("too many messages wait for this channel")

// sender keeps to the pace that Slack allows: in each channel one message after another, about one a second, and
// nothing while Slack asks to wait.
type sender struct {
	meters *meters
	log    *slog.Logger

	mu    sync.Mutex
	lanes map[string]*lane
}

// lane is the queue of a channel.
type lane struct {
	turn    chan struct{} // held by who sends
	pace    *rate.Limiter
	waiting int
	used    time.Time
}

func newSender(m *meters, log *slog.Logger) *sender {
	return &sender{meters: m, log: log, lanes: map[string]*lane{}}
}

// send calls the Web API for a channel, when it is its turn, and again while the error may pass and ctx lasts. Method
// names the call in metrics.
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
		if err := l.pace.Wait(ctx); err != nil {
			return err
		}
		err := call(ctx)
		s.count(method, err)
		if err == nil || !passing(err) {
			return explain(err)
		}
		if try == sendTries {
			return fmt.Errorf("%s failed %d times: %w", method, try, explain(err))
		}
		pause := wait
		var limited *slack.RateLimitedError
		if errors.As(err, &limited) {
			pause = limited.RetryAfter
		} else {
			wait = min(2*wait, sendMost)
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

func (s *sender) join(channel string) (*lane, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lanes[channel]
	if l == nil {
		s.forget()
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

// forget drops lanes that nobody has used for a while, when there are many.
func (s *sender) forget() {
	if len(s.lanes) < sendLanes {
		return
	}
	for channel, l := range s.lanes {
		if l.waiting == 0 && time.Since(l.used) > time.Minute {
			delete(s.lanes, channel)
		}
	}
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
