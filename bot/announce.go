package bot

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"callboard/bot/card"
)

// Message is a card that outlives its answer: the row of the store behind it (threats.md rule R8).
type Message struct {
	Key     string // random, unique
	Subject string // what it shows, as in "link:slack:T1:U1"
	Address Address
	Card    *card.Card // what it should show
	Wanted  string     // hash of Card
	Shown   string     // Wanted of what the platform has confirmed; "" while nothing is
	ID      string     // of the platform; "" until the first confirmation
	Since   time.Time  // when it was first wanted
	Begun   bool       // a post was tried, so the message may exist although ID is empty
	Facts   string     // what the next card is drawn from, in words of the subject's owner; "" when Card is the last
}

// Messages stores the cards that outlive their answers. A change by one method leaves alone what the others
// write, so that what is wanted and what is shown never overwrite each other.
type Messages interface {
	// Want inserts messages of one subject, or gives those with their keys a new Card, Wanted and Facts: all of them, or, with
	// an error, none.
	Want(ctx context.Context, list ...Message) error
	// For gives the messages of a subject, oldest first.
	For(ctx context.Context, subject string) ([]Message, error)
	// Open gives the messages that have Facts and whose subjects begin with prefix: those with keys behind after, by key, at
	// most limit.
	Open(ctx context.Context, prefix, after string, limit int) ([]Message, error)
	// Unsettled gives the messages whose Shown is not what is Wanted and that are not given up, oldest
	// first, at most limit.
	Unsettled(ctx context.Context, limit int) ([]Message, error)
	// Begin notes that a post is about to be tried.
	Begin(ctx context.Context, key string) error
	// Settle notes what the platform has confirmed.
	Settle(ctx context.Context, key, id, shown string) error
	// GiveUp notes why the message is not tried any more.
	GiveUp(ctx context.Context, key, why string) error
}

// Bounds of an Announcer's work.
const (
	announceAtOnce = 4                // addresses served at the same time
	announceBatch  = 200              // messages of one round, and of one look at those that are open
	announceLimit  = time.Minute      // for one message
	announceEvery  = 30 * time.Second // between two looks at the store without a reason
	announceLeast  = time.Second      // between two because of messages that failed: one that is due may still wait for another
	retryLeast     = time.Second
	retryMost      = 5 * time.Minute
	holdMost       = time.Minute // a message that fails holds up those behind it until it waits for longer than this
)

// Announcer keeps cards in channels showing what is true. Callers say what a subject's card should show, as
// often as they like; the latest wins, and each message is seen exactly once, also after a crash between a
// post and its confirmation: the message is then found again by its key.
type Announcer struct {
	store   Messages
	posters map[string]Poster // by platform
	log     *slog.Logger
	kick    chan struct{} // one slot
	wanting chan struct{} // holds one from the look at a subject's messages to the change of them

	mu    sync.Mutex
	later map[string]*retry // messages that failed, by key
}

type retry struct {
	delay time.Duration
	at    time.Time
}

// NewAnnouncer makes an Announcer over the posters of the platforms. Nothing is sent until Run.
func NewAnnouncer(store Messages, posters map[string]Poster, log *slog.Logger) *Announcer {
	return &Announcer{store: store, posters: posters, log: log, kick: make(chan struct{}, 1), wanting: make(chan struct{}, 1), later: map[string]*retry{}}
}

// Show stores that the subject's messages should show c: those that exist, and a new one at each of the addresses where
// there is none. It returns once that is stored, for all of them or, with an error, for none.
//
// With facts, which are not secret, the card is open: Review gives them back until it has the last card, which closes it. A
// message that is closed stays as it is when its subject is opened anew: people would not see an edit of long ago.
func (a *Announcer) Show(ctx context.Context, subject string, to []Address, facts string, c *card.Card) error {
	return a.want(ctx, subject, facts, c, func(all []Message) []Message {
		live := all
		if facts != "" {
			live = withFacts(all)
		}
		for _, address := range to {
			if !slices.ContainsFunc(live, func(m Message) bool { return m.Address == address }) {
				live = append(live, Message{Key: rand.Text(), Subject: subject, Address: address, Since: time.Now()})
			}
		}
		return live
	})
}

// Review asks last for the last card of each open subject that begins with prefix, and has its messages show that, for good.
// Subjects for which it gives nil stay open. What is shown anew with other facts meanwhile is not closed.
func (a *Announcer) Review(ctx context.Context, prefix string, last func(facts string) *card.Card) error {
	for after := ""; ; {
		open, err := a.store.Open(ctx, prefix, after, announceBatch)
		if err != nil {
			return fmt.Errorf("look up what is open of %s: %w", prefix, err)
		}
		for _, m := range open {
			after = m.Key
			c := last(m.Facts)
			if c == nil {
				continue
			}
			same := func(all []Message) []Message {
				return slices.DeleteFunc(all, func(other Message) bool { return other.Facts != m.Facts })
			}
			if err := a.want(ctx, m.Subject, "", c, same); err != nil {
				return err
			}
		}
		if len(open) < announceBatch {
			return nil
		}
	}
}

func withFacts(all []Message) []Message {
	return slices.DeleteFunc(all, func(m Message) bool { return m.Facts == "" })
}

// want stores that those of a subject's messages that choose gives should show c.
func (a *Announcer) want(ctx context.Context, subject, facts string, c *card.Card, choose func([]Message) []Message) error {
	hash, err := cardHash(c)
	if err != nil {
		return err
	}
	select {
	case a.wanting <- struct{}{}:
		defer func() { <-a.wanting }()
	case <-ctx.Done():
		return fmt.Errorf("wait for the messages of others: %w", ctx.Err())
	}
	messages, err := a.store.For(ctx, subject)
	if err != nil {
		return fmt.Errorf("look up the messages of %s: %w", subject, err)
	}
	messages = choose(messages)
	if len(messages) == 0 {
		return nil
	}
	for i := range messages {
		m := &messages[i]
		m.Card, m.Wanted, m.Facts = c, hash, facts
	}
	if err := a.store.Want(ctx, messages...); err != nil {
		return fmt.Errorf("store the messages of %s: %w", subject, err)
	}
	a.Kick()
	return nil
}

func cardHash(c *card.Card) (string, error) {
	content, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("encode a card: %w", err)
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:16]), nil
}

// Kick makes Run look at the store soon.
func (a *Announcer) Kick() {
	select {
	case a.kick <- struct{}{}:
	default: // it will
	}
}

// Run sends what is wanted until ctx ends.
func (a *Announcer) Run(ctx context.Context) {
	for {
		wait := a.round(ctx)
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-a.kick:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// round tries all messages that are due once and gives the time until the next one is.
func (a *Announcer) round(ctx context.Context) time.Duration {
	messages, err := a.store.Unsettled(ctx, announceBatch)
	if err != nil {
		if ctx.Err() == nil {
			a.log.Error("messages that wait to be shown cannot be read", "error", err)
		}
		return announceEvery
	}
	byPlace, held := map[Address][]Message{}, map[Address]bool{}
	for _, m := range messages {
		switch {
		case held[m.Address]:
		case a.due(m.Key):
			byPlace[m.Address] = append(byPlace[m.Address], m)
		default:
			held[m.Address] = a.holds(m.Key)
		}
	}
	slots := make(chan struct{}, announceAtOnce)
	var places sync.WaitGroup
	for _, here := range byPlace { // within a place the order is kept
		slots <- struct{}{}
		places.Go(func() {
			defer func() { <-slots }()
			for _, m := range here {
				if a.try(ctx, m); a.holds(m.Key) {
					return
				}
			}
		})
	}
	places.Wait()
	return a.untilNext()
}

// try brings one message up to date, or notes when to try again.
func (a *Announcer) try(ctx context.Context, m Message) {
	limited, cancel := context.WithTimeout(ctx, announceLimit)
	defer cancel()
	err := a.settle(limited, m)
	switch {
	case ctx.Err() != nil:
	case err == nil:
		a.forget(m.Key)
	case errors.Is(err, ErrGone):
		a.log.Warn("a message is given up", "subject", m.Subject, "platform", m.Address.Platform, "channel", m.Address.Channel, "error", err)
		if err := a.store.GiveUp(ctx, m.Key, err.Error()); err != nil {
			a.postpone(m.Key, err)
			return
		}
		a.forget(m.Key)
	default:
		a.log.Warn("a message is not shown yet", "subject", m.Subject, "platform", m.Address.Platform, "channel", m.Address.Channel, "error", err)
		a.postpone(m.Key, err)
	}
}

func (a *Announcer) settle(ctx context.Context, m Message) error {
	poster := a.posters[m.Address.Platform]
	if poster == nil {
		return fmt.Errorf("no %s is configured any more: %w", m.Address.Platform, ErrGone)
	}
	if m.ID == "" && m.Begun {
		id, found, err := poster.Find(ctx, m.Address, m.Key, m.Since)
		if err != nil {
			return fmt.Errorf("look for a message that may have been posted: %w", err)
		}
		if found {
			m.ID = id
		}
	}
	if m.ID == "" {
		if err := a.store.Begin(ctx, m.Key); err != nil {
			return err
		}
		id, err := poster.Post(ctx, m.Address, m.Card, m.Key)
		if err != nil {
			return err
		}
		return a.store.Settle(ctx, m.Key, id, m.Wanted)
	}
	if err := poster.Update(ctx, m.Address, m.ID, m.Card); err != nil {
		return err
	}
	return a.store.Settle(ctx, m.Key, m.ID, m.Wanted)
}

func (a *Announcer) due(key string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.later[key]
	return r == nil || !time.Now().Before(r.at)
}

// holds reports whether a message failed, and those behind it wait for it, so that the order is kept. One that fails again
// and again holds up nobody.
func (a *Announcer) holds(key string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.later[key]
	return r != nil && r.delay <= holdMost
}

// postpone notes when to try a message again: when the platform said, else later each time.
func (a *Announcer) postpone(key string, why error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.later[key]
	if r == nil {
		r = &retry{delay: retryLeast}
		a.later[key] = r
	}
	if later, is := errors.AsType[*LaterError](why); is {
		r.at = time.Now().Add(later.After)
		return
	}
	r.at = time.Now().Add(r.delay)
	r.delay = min(2*r.delay, retryMost)
}

func (a *Announcer) forget(key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.later, key)
}

func (a *Announcer) untilNext() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	wait := announceEvery
	for _, r := range a.later {
		wait = min(wait, time.Until(r.at))
	}
	return max(wait, announceLeast)
}
