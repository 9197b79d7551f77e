package bottest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"callboard/bot"
	"callboard/bot/card"
)

// Messages is what every bot.Messages has to pass; open gives an empty one.
func Messages(t *testing.T, open func(t *testing.T) bot.Messages) {
	t.Run("wanted, begun and settled", func(t *testing.T) {
		store, m := open(t), message("k1", "link:1", "C1")
		must(t, store.Want(t.Context(), m))
		expect(t, store, "link:1", m)
		expectUnsettled(t, store, m)

		must(t, store.Begin(t.Context(), m.Key))
		m.Begun = true
		expectUnsettled(t, store, m)

		must(t, store.Settle(t.Context(), m.Key, "1700000000.000100", m.Wanted))
		m.ID, m.Shown = "1700000000.000100", m.Wanted
		expect(t, store, "link:1", m)
		expectUnsettled(t, store)
	})

	t.Run("the latest wins and keeps the message", func(t *testing.T) {
		store, m := open(t), message("k1", "link:1", "C1")
		must(t, store.Want(t.Context(), m))
		must(t, store.Begin(t.Context(), m.Key))
		must(t, store.Settle(t.Context(), m.Key, "9", m.Wanted))
		later := m
		later.Card, later.Wanted = &card.Card{Summary: "later", Title: "Größe ☕ 支払い"}, "hash2"
		must(t, store.Want(t.Context(), later))
		later.ID, later.Shown, later.Begun = "9", m.Wanted, true
		expectUnsettled(t, store, later)
	})

	t.Run("a confirmation does not undo a newer wish", func(t *testing.T) {
		store, m := open(t), message("k1", "link:1", "C1")
		must(t, store.Want(t.Context(), m))
		later := m
		later.Card, later.Wanted = &card.Card{Summary: "later"}, "hash2"
		must(t, store.Want(t.Context(), later))
		must(t, store.Settle(t.Context(), m.Key, "9", m.Wanted))
		later.ID, later.Shown = "9", m.Wanted
		expectUnsettled(t, store, later)
	})

	t.Run("given up until it is wanted again", func(t *testing.T) {
		store, m := open(t), message("k1", "link:1", "C1")
		must(t, store.Want(t.Context(), m))
		must(t, store.GiveUp(t.Context(), m.Key, "the channel is archived"))
		expectUnsettled(t, store)
		expect(t, store, "link:1", m)
		must(t, store.Want(t.Context(), m))
		expectUnsettled(t, store, m)
	})

	t.Run("subjects, places and order", func(t *testing.T) {
		store := open(t)
		var all []bot.Message
		for i := range 5 {
			m := message(fmt.Sprintf("k%d", 9-i), "link:1", fmt.Sprintf("C%d", i))
			m.Since = m.Since.Add(time.Duration(i) * time.Second)
			must(t, store.Want(t.Context(), m))
			all = append(all, m)
		}
		must(t, store.Want(t.Context(), message("other", "link:2", "C1")))
		expect(t, store, "link:1", all...)
		expect(t, store, "link:3")
		some, err := store.Unsettled(t.Context(), 2)
		must(t, err)
		if len(some) != 2 {
			t.Errorf("%d messages, want the limit of 2", len(some))
		}
	})

	t.Run("open until the last card", func(t *testing.T) {
		store := open(t)
		a, b, closed, other := message("ka", "link:ü%:1", "C1"), message("kb", "link:ü%:1", "C2"), message("kc", "link:ü%:2", "C1"), message("kd", "task:1", "C1")
		a.Facts, b.Facts, other.Facts = `{"asked":1}`, `{"asked":1}`, "x"
		must(t, store.Want(t.Context(), a, b))
		must(t, store.Want(t.Context(), closed))
		must(t, store.Want(t.Context(), other))
		expectOpen(t, store, "link:ü%", "", 10, a, b)
		expectOpen(t, store, "link:ü%", "", 1, a)
		expectOpen(t, store, "link:ü%", "ka", 1, b)
		expectOpen(t, store, "link:ü%", "kb", 1)
		expectOpen(t, store, "LINK:", "", 10)
		expectOpen(t, store, "link:_%", "", 10)
		must(t, store.GiveUp(t.Context(), "ka", "archived"))
		expectOpen(t, store, "link:", "", 10, a, b)
		a.Facts, a.Wanted = "", "hash2"
		must(t, store.Want(t.Context(), a))
		expectOpen(t, store, "link:", "", 10, b)
		expect(t, store, "link:ü%:1", a, b)
	})

	t.Run("unknown keys are errors", func(t *testing.T) {
		store := open(t)
		for name, err := range map[string]error{
			"Begin":  store.Begin(t.Context(), "nobody"),
			"Settle": store.Settle(t.Context(), "nobody", "1", "x"),
			"GiveUp": store.GiveUp(t.Context(), "nobody", "x"),
		} {
			if err == nil {
				t.Errorf("%s of an unknown key is no error", name)
			}
		}
	})
}

// Inbox is what every bot.Inbox has to pass; open gives an empty one.
func Inbox(t *testing.T, open func(t *testing.T) bot.Inbox) {
	t.Run("each key once", func(t *testing.T) {
		store := open(t)
		for _, step := range []struct {
			key  string
			want bool
		}{{"a", true}, {"a", false}, {"b", true}, {"a", false}, {"A", true}} {
			got, err := store.Take(t.Context(), step.key, []byte("what it asks"))
			must(t, err)
			if got != step.want {
				t.Errorf("Take(%q) = %v, want %v", step.key, got, step.want)
			}
		}
	})

	t.Run("one winner of many", func(t *testing.T) {
		store := open(t)
		var wins sync.Map
		var takers sync.WaitGroup
		for i := range 20 {
			takers.Go(func() {
				fresh, err := store.Take(t.Context(), "click", []byte("{}"))
				if err != nil {
					t.Error(err)
				}
				if fresh {
					wins.Store(i, true)
				}
			})
		}
		takers.Wait()
		n := 0
		wins.Range(func(any, any) bool { n++; return true })
		if n != 1 {
			t.Errorf("%d of 20 took the same event, want 1", n)
		}
	})

	t.Run("what is left behind", func(t *testing.T) {
		store := open(t)
		for _, key := range []string{"first", "second", "third"} {
			_, err := store.Take(t.Context(), key, []byte("asks "+key))
			must(t, err)
		}
		must(t, store.Done(t.Context(), "second"))
		must(t, store.Done(t.Context(), "unknown"))
		want := []bot.Left{{Key: "first", Request: []byte("asks first")}, {Key: "third", Request: []byte("asks third")}}
		for try := range bot.LeftTries + 1 {
			left, err := store.Left(t.Context())
			must(t, err)
			if try == bot.LeftTries {
				want = nil
			}
			if diff := cmp.Diff(want, left); diff != "" {
				t.Errorf("left at start %d (-want +got):\n%s", try+1, diff)
			}
		}
		if fresh, err := store.Take(t.Context(), "first", []byte("again")); err != nil || fresh {
			t.Errorf("what was given up is taken as new: %v, %v", fresh, err)
		}
	})
}

func message(key, subject, channel string) bot.Message {
	return bot.Message{
		Key: key, Subject: subject, Address: bot.Address{Platform: "slack", Workspace: "T1", Channel: channel, Thread: "17.1"},
		Card: &card.Card{Summary: "hello", Status: card.Warn}, Wanted: "hash1", Since: time.Unix(1_700_000_000, 0).UTC(),
	}
}

func expect(t *testing.T, store bot.Messages, subject string, want ...bot.Message) {
	t.Helper()
	got, err := store.For(t.Context(), subject)
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("messages of %s (-want +got)\n%s", subject, diff)
	}
}

func expectOpen(t *testing.T, store bot.Messages, prefix, after string, limit int, want ...bot.Message) {
	t.Helper()
	got, err := store.Open(t.Context(), prefix, after, limit)
	must(t, err)
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("open of %s behind %q (-want +got)\n%s", prefix, after, diff)
	}
}

func expectUnsettled(t *testing.T, store bot.Messages, want ...bot.Message) {
	t.Helper()
	got, err := store.Unsettled(t.Context(), 100)
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("unsettled (-want +got)\n%s", diff)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
