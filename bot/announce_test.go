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
	if err := a.Show(t.Context(), "link:1", to, "", &card.Card{Summary: text}); err != nil {
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

func (s *slowStore) For(ctx context.Context, subject string) ([]bot.Message, error) {
	found, err := s.Memory.For(ctx, subject)
	<-time.After(time.Millisecond)
	return found, err
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
			if err := a.Show(t.Context(), "link:2", []bot.Address{place("ops")}, "", &card.Card{Summary: "other"}); err != nil {
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

// A card is open from its facts to its last one. What is asked anew afterwards is a new message; what is asked anew while the
// last one is being drawn stays open.
func TestAnnouncer_Review(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wall{}
		a := newAnnouncer(new(bottest.Memory), w)
		ask := func(subject, facts, text string, channels ...string) {
			t.Helper()
			var to []bot.Address
			for _, c := range channels {
				to = append(to, place(c))
			}
			if err := a.Show(t.Context(), subject, to, facts, &card.Card{Summary: text}); err != nil {
				t.Fatal(err)
			}
		}
		var seen []string
		review := func(last func(facts string) *card.Card) {
			t.Helper()
			seen = nil
			err := a.Review(t.Context(), "link:", func(facts string) *card.Card { seen = append(seen, facts); return last(facts) })
			if err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		answer := func(text string) func(string) *card.Card {
			return func(string) *card.Card { return &card.Card{Summary: text} }
		}
		running(t, a, func() {
			ask("link:1", "f1", "asked", "ops", "security")
			ask("task:1", "f2", "other", "ops")
			review(func(string) *card.Card { return nil })
			if len(seen) != 2 {
				t.Errorf("%q were looked at, want both messages", seen)
			}
			calls := w.count()
			review(func(string) *card.Card { return nil })
			if w.count() != calls {
				t.Error("what stays as it is was sent again")
			}
			review(answer("linked"))
			expectWall(t, w, "ops: linked", "ops: other", "security: linked")
			review(answer("never"))
			if len(seen) != 0 {
				t.Errorf("%q were looked at again after their last card", seen)
			}
			ask("link:1", "f3", "asked again", "ops")
			synctest.Wait()
			expectWall(t, w, "ops: asked again", "ops: linked", "ops: other", "security: linked")
			review(func(string) *card.Card {
				ask("link:1", "f4", "asked once more", "ops")
				return &card.Card{Summary: "expired"}
			})
			expectWall(t, w, "ops: asked once more", "ops: linked", "ops: other", "security: linked")
			review(answer("linked at last"))
			expectWall(t, w, "ops: linked", "ops: linked at last", "ops: other", "security: linked")
		})
	})
}

// Those who ask in the same moment for the same subject get one message.
func TestAnnouncer_AtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, store := &wall{}, new(slowStore)
		a := newAnnouncer(store, w)
		running(t, a, func() {
			var asking sync.WaitGroup
			for i := range 10 {
				asking.Go(func() {
					if err := a.Show(t.Context(), "link:1", []bot.Address{place("ops")}, "facts", &card.Card{Summary: strconv.Itoa(i)}); err != nil {
						t.Error(err)
					}
				})
			}
			asking.Wait()
			<-time.After(time.Minute)
			if n := len(w.shows()); n != 1 {
				t.Errorf("%d messages, want 1", n)
			}
		})
	})
}

// More subjects than one look at the store gives are all looked at.
func TestAnnouncer_ReviewMany(t *testing.T) {
	a := newAnnouncer(new(bottest.Memory), &wall{})
	const many = 450
	for i := range many {
		if err := a.Show(t.Context(), fmt.Sprint("link:", i), []bot.Address{place("ops")}, strconv.Itoa(i), &card.Card{Summary: "asked"}); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		want int
		last *card.Card
	}{{many, nil}, {many, &card.Card{Summary: "linked"}}, {0, nil}} {
		looked := 0
		err := a.Review(t.Context(), "link:", func(string) *card.Card { looked++; return step.last })
		if err != nil || looked != step.want {
			t.Errorf("%d were looked at, %v; want %d", looked, err, step.want)
		}
	}
}

// faultyStore fails at one of its calls.
type faultyStore struct {
	bottest.Memory

	calls, failAt int
}

var errStore = errors.New("the disk is full")

func (s *faultyStore) fails() bool { s.calls++; return s.calls == s.failAt }

func (s *faultyStore) For(ctx context.Context, subject string) ([]bot.Message, error) {
	if s.fails() {
		return nil, errStore
	}
	return s.Memory.For(ctx, subject)
}

func (s *faultyStore) Open(ctx context.Context, prefix, after string, limit int) ([]bot.Message, error) {
	if s.fails() {
		return nil, errStore
	}
	return s.Memory.Open(ctx, prefix, after, limit)
}

func (s *faultyStore) Want(ctx context.Context, list ...bot.Message) error {
	if s.fails() {
		return errStore
	}
	return s.Memory.Want(ctx, list...)
}

// Whichever call of the store fails, Show changed nothing, as its asker is told, and what Review could not close is
// closed by the next.
func TestAnnouncer_StoreFails(t *testing.T) {
	channels := []bot.Address{place("ops"), place("security"), place("it")}
	for failAt := 1; ; failAt++ {
		store := &faultyStore{failAt: failAt}
		a := newAnnouncer(store, &wall{})
		err := a.Show(t.Context(), "link:1", channels, "facts", &card.Card{Summary: "asked"})
		stored, _ := store.Memory.For(t.Context(), "link:1")
		if err == nil {
			if failAt < 3 || len(stored) != len(channels) {
				t.Errorf("after %d calls nothing failed, and %d messages are stored", failAt, len(stored))
			}
			break
		}
		if !errors.Is(err, errStore) || len(stored) != 0 {
			t.Errorf("call %d failed: %v, and %d messages are stored", failAt, err, len(stored))
		}
	}
	last := func(string) *card.Card { return &card.Card{Summary: "linked"} }
	for failAt := 1; failAt <= 3; failAt++ {
		store := &faultyStore{}
		a := newAnnouncer(store, &wall{})
		if err := a.Show(t.Context(), "link:1", channels, "facts", &card.Card{Summary: "asked"}); err != nil {
			t.Fatal(err)
		}
		store.failAt = store.calls + failAt
		if err := a.Review(t.Context(), "link:", last); !errors.Is(err, errStore) {
			t.Errorf("call %d of a review failed, and it gives %v", failAt, err)
		}
		if err := a.Review(t.Context(), "link:", last); err != nil {
			t.Error(err)
		}
		stored, _ := store.Memory.For(t.Context(), "link:1")
		for _, m := range stored {
			if m.Facts != "" || m.Card.Summary != "linked" {
				t.Errorf("call %d of a review failed, and the next leaves %+v", failAt, m)
			}
		}
	}
}
