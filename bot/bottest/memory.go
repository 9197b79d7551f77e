package bottest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"callboard/bot"
)

// Memory is a bot.Messages and a bot.Inbox that forget everything with the process. Its zero value is empty.
type Memory struct {
	mu       sync.Mutex
	messages []bot.Message
	givenUp  map[string]string
	taken    map[string]time.Time
	left     []bot.Left
	tries    map[string]int // by key: how often Left gave it
}

// Want implements bot.Messages.
func (s *Memory) Want(_ context.Context, list ...bot.Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range list {
		delete(s.givenUp, m.Key)
		if old := s.find(m.Key); old != nil {
			old.Card, old.Wanted, old.Facts = m.Card, m.Wanted, m.Facts
			continue
		}
		s.messages = append(s.messages, m)
	}
	return nil
}

// Open implements bot.Messages.
func (s *Memory) Open(_ context.Context, prefix, after string, limit int) ([]bot.Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []bot.Message
	for _, m := range s.messages {
		if m.Facts != "" && m.Key > after && strings.HasPrefix(m.Subject, prefix) {
			found = append(found, m)
		}
	}
	slices.SortFunc(found, func(a, b bot.Message) int { return strings.Compare(a.Key, b.Key) })
	return found[:min(len(found), limit)], nil
}

func (s *Memory) find(key string) *bot.Message {
	i := slices.IndexFunc(s.messages, func(m bot.Message) bool { return m.Key == key })
	if i < 0 {
		return nil
	}
	return &s.messages[i]
}

// For implements bot.Messages.
func (s *Memory) For(_ context.Context, subject string) ([]bot.Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []bot.Message
	for _, m := range s.messages {
		if m.Subject == subject {
			found = append(found, m)
		}
	}
	return found, nil
}

// Unsettled implements bot.Messages.
func (s *Memory) Unsettled(_ context.Context, limit int) ([]bot.Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []bot.Message
	for _, m := range s.messages {
		if _, dead := s.givenUp[m.Key]; !dead && m.Shown != m.Wanted && len(found) < limit {
			found = append(found, m)
		}
	}
	return found, nil
}

// Begin implements bot.Messages.
func (s *Memory) Begin(_ context.Context, key string) error {
	return s.change(key, func(m *bot.Message) { m.Begun = true })
}

// Settle implements bot.Messages.
func (s *Memory) Settle(_ context.Context, key, id, shown string) error {
	return s.change(key, func(m *bot.Message) { m.ID, m.Shown = id, shown })
}

// GiveUp implements bot.Messages.
func (s *Memory) GiveUp(_ context.Context, key, why string) error {
	return s.change(key, func(*bot.Message) {
		if s.givenUp == nil {
			s.givenUp = map[string]string{}
		}
		s.givenUp[key] = why
	})
}

func (s *Memory) change(key string, change func(*bot.Message)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.find(key)
	if m == nil {
		return errors.New("no message has the key " + key)
	}
	change(m)
	return nil
}

// Take implements bot.Inbox.
func (s *Memory) Take(_ context.Context, key string, request []byte) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if at, known := s.taken[key]; known && now.Sub(at) < 24*time.Hour {
		return false, nil
	}
	if s.taken == nil {
		s.taken, s.tries = map[string]time.Time{}, map[string]int{}
	}
	s.taken[key] = now
	s.left = append(s.left, bot.Left{Key: key, Request: request})
	return true, nil
}

// Done implements bot.Inbox.
func (s *Memory) Done(_ context.Context, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left = slices.DeleteFunc(s.left, func(l bot.Left) bool { return l.Key == key })
	return nil
}

// Left implements bot.Inbox.
func (s *Memory) Left(context.Context) ([]bot.Left, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var left []bot.Left
	for _, l := range s.left {
		if s.tries[l.Key]++; s.tries[l.Key] <= bot.LeftTries {
			left = append(left, l)
		}
	}
	return left, nil
}
