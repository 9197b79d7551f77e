package slack // the tests count what is remembered, which nobody outside sees

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/slack-go/slack"
)

func quietSender() *sender {
	return newSender(newMeters(prometheus.NewRegistry()), slog.New(slog.DiscardHandler))
}

func done(context.Context) error { return nil }

// What is remembered has an end, however many channels there are.
func TestSender_Bounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, peak := quietSender(), 0
		for i := range 2*sendLanes + 10 {
			_ = s.send(t.Context(), "C"+strconv.Itoa(i), "chat.postMessage", done)
			peak = max(peak, len(s.lanes))
		}
		if peak != sendLanes {
			t.Errorf("%d lanes are held, want %d", peak, sendLanes)
		}
	})
}

// With all lanes in use another channel is refused, until one lane was idle for long enough to be forgotten; those that
// are in use, or that Slack asked to wait with, are not.
func TestSender_Lanes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := quietSender()
		busy, err := s.join("C-busy")
		if err != nil {
			t.Fatal(err)
		}
		held, err := s.join("C-held")
		if err != nil {
			t.Fatal(err)
		}
		held.until = time.Now().Add(time.Hour)
		s.leave(held)
		for i := range sendLanes - 2 {
			if err := s.send(t.Context(), "C"+strconv.Itoa(i), "chat.postMessage", done); err != nil {
				t.Fatal(err)
			}
		}
		for wait, want := range []error{errCrowded, nil} {
			if err := s.send(t.Context(), "C-new", "chat.postMessage", done); !errors.Is(err, want) {
				t.Errorf("look %d: %v, want %v", wait, err, want)
			}
			<-time.After(laneLife + time.Second)
		}
		if s.lanes["C-busy"] != busy || s.lanes["C-held"] != held || len(s.lanes) != 3 {
			t.Errorf("%d lanes are left, want the one in use, the one that waits and the new one", len(s.lanes))
		}
	})
}

// In a channel that does not move, sendWaiting messages wait; the next is refused at once, and another channel is not held
// up.
func TestSender_Crowded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := quietSender()
		release := make(chan struct{})
		results := make(chan error, sendWaiting)
		for range sendWaiting {
			go func() {
				results <- s.send(t.Context(), "C1", "chat.postMessage", func(context.Context) error { <-release; return nil })
			}()
		}
		synctest.Wait()
		start := time.Now()
		if err := s.send(t.Context(), "C1", "chat.postMessage", done); !errors.Is(err, errCrowded) || time.Since(start) > 0 {
			t.Errorf("one more: %v after %v, want %v at once", err, time.Since(start), errCrowded)
		}
		if err := s.send(t.Context(), "C2", "chat.postMessage", done); err != nil {
			t.Errorf("another channel: %v", err)
		}
		close(release)
		for range sendWaiting {
			if err := <-results; err != nil {
				t.Errorf("one that waited: %v", err)
			}
		}
		if err := s.send(t.Context(), "C1", "chat.postMessage", done); err != nil || s.lanes["C1"].waiting != 0 {
			t.Errorf("afterwards: %v, %d wait", err, s.lanes["C1"].waiting)
		}
	})
}

// Slack may ask to wait for no time at all: a call is not repeated in a tight loop.
func TestPatiently(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, calls := time.Now(), 0
		err := patiently(t.Context(), func() error {
			if calls++; calls <= 3 {
				return &slack.RateLimitedError{}
			}
			return nil
		})
		if took := time.Since(start); err != nil || took != 3*messageEvery {
			t.Errorf("%d calls in %v: %v", calls, took, err)
		}
	})
}
