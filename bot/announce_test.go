package bot_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"callboard/bot"
	"callboard/bot/bottest"
	"callboard/bot/card"
)

func TestMemory(t *testing.T) {
	bottest.Messages(t, func(*testing.T) bot.Messages { return new(bottest.Memory) })
	bottest.Inbox(t, func(*testing.T) bot.Inbox { return new(bottest.Memory) })
}

// wall is a Poster that shows messages on a wall.
type wall struct {
	mu    sync.Mutex
	posts []posted
	calls int
	fail  func(call int) error // asked before each call; ErrLost makes the call have its effect all the same
}

type posted struct{ channel, key, text string }

var errLost = errors.New("the answer was lost")

func (w *wall) call(do func()) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls++
	var err error
	if w.fail != nil {
		err = w.fail(w.calls)
	}
	if err == nil || errors.Is(err, errLost) {
		do()
	}
	return err
}

func (w *wall) Post(_ context.Context, to bot.Address, c *card.Card, key string) (id string, err error) {
	err = w.call(func() {
		w.posts = append(w.posts, posted{to.Channel, key, c.Summary})
		id = strconv.Itoa(len(w.posts))
	})
	return id, err
}

func (w *wall) Update(_ context.Context, _ bot.Address, id string, c *card.Card) error {
	return w.call(func() {
		for i := range w.posts {
			if strconv.Itoa(i+1) == id {
				w.posts[i].text = c.Summary
			}
		}
	})
}

func (w *wall) Find(_ context.Context, _ bot.Address, key string, _ time.Time) (id string, found bool, err error) {
	err = w.call(func() {
		for i, p := range w.posts {
			if p.key == key {
				id, found = strconv.Itoa(i+1), true
			}
		}
	})
	return id, found, err
}

func (w *wall) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls
}

func (w *wall) shows() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for _, p := range w.posts {
		out = append(out, p.channel+": "+p.text)
	}
	slices.Sort(out) // places are served side by side
	return out
}

func expectWall(t *testing.T, w *wall, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, w.shows()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func place(channel string) bot.Address { return bot.Address{Platform: "wall", Channel: channel} }

func newAnnouncer(store bot.Messages, w *wall) *bot.Announcer {
	return bot.NewAnnouncer(store, map[string]bot.Poster{"wall": w}, slog.New(slog.DiscardHandler))
}

func show(t *testing.T, a *bot.Announcer, text string, channels ...string) {
	t.Helper()
	var to []bot.Address
	for _, c := range channels {
		to = append(to, place(c))
	}
	if err := a.Show(t.Context(), "link:1", to, &card.Card{Summary: text}); err != nil {
		t.Fatal(err)
	}
}

// running runs the announcer within a bubble of virtual time until the test's function returns.
func running(t *testing.T, a *bot.Announcer, test func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); a.Run(ctx) }()
	test()
	cancel()
	<-done
}

func TestAnnouncer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wall{}
		a := newAnnouncer(new(bottest.Memory), w)
		running(t, a, func() {
			show(t, a, "asked", "ops", "asker")
			synctest.Wait()
			expectWall(t, w, "asker: asked", "ops: asked")
			show(t, a, "linked")
			synctest.Wait()
			expectWall(t, w, "asker: linked", "ops: linked")
			show(t, a, "linked", "ops") // nothing new
			synctest.Wait()
			if n := w.count(); n != 4 {
				t.Errorf("%d calls, want 4: two posts, two updates", n)
			}
		})
	})
}

func TestAnnouncer_LatestWins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wall{}
		a := newAnnouncer(new(bottest.Memory), w)
		for i := range 100 {
			show(t, a, strconv.Itoa(i), "ops")
		}
		running(t, a, func() {
			synctest.Wait()
			expectWall(t, w, "ops: 99")
			if n := w.count(); n != 1 {
				t.Errorf("%d calls, want 1", n)
			}
		})
	})
}

// A message is seen exactly once whatever call fails, with or without an effect, and whether or not the
// program ends in between.
func TestAnnouncer_Faults(t *testing.T) {
	for failing := 1; failing <= 4; failing++ {
		for _, cause := range []error{errors.New("not delivered"), errLost} {
			for _, restart := range []bool{false, true} {
				t.Run(fmt.Sprintf("call %d, %v, restart %v", failing, cause, restart), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						store := new(bottest.Memory)
						w := &wall{fail: func(call int) error {
							if call == failing || call == failing+1 && failing == 1 {
								return cause
							}
							return nil
						}}
						a := newAnnouncer(store, w)
						running(t, a, func() {
							show(t, a, "one", "ops")
							synctest.Wait()
							if !restart {
								<-time.After(10 * time.Second)
							}
						})
						if restart {
							a = newAnnouncer(store, w)
						}
						running(t, a, func() {
							show(t, a, "two", "ops")
							<-time.After(time.Minute)
							expectWall(t, w, "ops: two")
						})
					})
				})
			}
		}
	}
}

func TestAnnouncer_Gone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wall{fail: func(int) error { return fmt.Errorf("is_archived: %w", bot.ErrGone) }}
		a := newAnnouncer(new(bottest.Memory), w)
		running(t, a, func() {
			show(t, a, "one", "ops")
			<-time.After(time.Hour)
			if n := w.count(); n != 1 {
				t.Errorf("%d calls to an archived channel, want 1", n)
			}
		})
	})
}

// While the platform is down, attempts become rare; when it is back, the message follows soon.
func TestAnnouncer_BackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := true
		w := &wall{fail: func(int) error {
			if down {
				return errors.New("503")
			}
			return nil
		}}
		a := newAnnouncer(new(bottest.Memory), w)
		running(t, a, func() {
			show(t, a, "one", "ops")
			<-time.After(time.Hour)
			w.mu.Lock()
			down = false
			calls := w.calls
			w.mu.Unlock()
			if calls < 10 || calls > 40 {
				t.Errorf("%d calls in an hour, want some 20", calls)
			}
			<-time.After(6 * time.Minute)
			expectWall(t, w, "ops: one")
		})
	})
}

// slowStore counts how often it is asked what to show, which takes a moment.
type slowStore struct {
	bottest.Memory

	asked atomic.Int32
}

func (s *slowStore) Unsettled(ctx context.Context, limit int) ([]bot.Message, error) {
	s.asked.Add(1)
	<-time.After(time.Millisecond)
	return s.Memory.Unsettled(ctx, limit)
}

// A message that is due but waits behind another that fails does not make the announcer ask the store without a pause.
func TestAnnouncer_Held(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := false
		w := &wall{fail: func(int) error {
			if down {
				return errors.New("503")
			}
			return nil
		}}
		store := new(slowStore)
		a := newAnnouncer(store, w)
		running(t, a, func() {
			show(t, a, "one", "ops")
			<-time.After(time.Minute)
			w.mu.Lock()
			down = true
			w.mu.Unlock()
			if err := a.Show(t.Context(), "link:2", []bot.Address{place("ops")}, &card.Card{Summary: "other"}); err != nil {
				t.Fatal(err)
			}
			<-time.After(500 * time.Millisecond)
			show(t, a, "two", "ops") // older, so it comes first
			store.asked.Store(0)
			<-time.After(10 * time.Minute)
			if n := store.asked.Load(); n > 200 {
				t.Errorf("the store was asked %d times in ten minutes", n)
			}
			w.mu.Lock()
			down = false
			w.mu.Unlock()
			<-time.After(6 * time.Minute)
			expectWall(t, w, "ops: other", "ops: two")
		})
	})
}
