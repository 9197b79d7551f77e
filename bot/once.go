package bot

import (
	"container/list"
	"context"
	"log/slog"
	"sync"
	"time"
)

// How long events are remembered: Slack delivers late events up to hours after a reconnect (threats.md section E).
const (
	onceMemory = 24 * time.Hour
	onceMost   = 100_000 // events remembered at most; of more the oldest are forgotten
)

// Once answers an event that was delivered before with an empty reply, which adapters do not show. Reads
// are remembered in memory. What writes, as writes tells, is stored in the inbox before it is taken, so that it is recognised
// after a restart too; a repetition waits there for the first one. When it cannot be stored it is refused: the asker
// hears that nothing was changed.
func Once(writes func(*Request) bool, inbox Inbox, log *slog.Logger) Middleware {
	seen := newMemory(onceMemory, onceMost)
	return func(next Handler) Handler {
		return func(ctx context.Context, req *Request) Reply {
			key := req.User.Platform + " " + req.User.Workspace + " " + req.ID
			fresh, err := true, error(nil)
			switch {
			case req.ID == "":
			case writes(req):
				if fresh = !seen.has(key, time.Now()); fresh {
					if fresh, err = inbox.Take(ctx, key); err == nil {
						seen.add(key, time.Now()) // a repetition need not wait for the store
					}
				}
			default:
				fresh = seen.add(key, time.Now())
			}
			if err != nil {
				return FaultReply(log, err)
			}
			if req.Taken != nil {
				req.Taken()
			}
			if !fresh {
				return Reply{Outcome: Repeated}
			}
			return next(ctx, req)
		}
	}
}

// memory is a set of keys that forgets the old ones.
type memory struct {
	life time.Duration
	most int

	mu    sync.Mutex
	keys  map[string]*list.Element
	order *list.List // of remembered, oldest first
}

type remembered struct {
	key string
	at  time.Time
}

func newMemory(life time.Duration, most int) *memory {
	return &memory{life: life, most: most, keys: map[string]*list.Element{}, order: list.New()}
}

// add reports whether the key is new.
func (m *memory) add(key string, now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for oldest := m.order.Front(); oldest != nil; oldest = m.order.Front() {
		r, _ := oldest.Value.(remembered)
		if now.Sub(r.at) < m.life && len(m.keys) < m.most {
			break
		}
		m.order.Remove(oldest)
		delete(m.keys, r.key)
	}
	if _, known := m.keys[key]; known {
		return false
	}
	m.keys[key] = m.order.PushBack(remembered{key, now})
	return true
}

// has reports whether the key was added lately.
func (m *memory) has(key string, now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, known := m.keys[key]
	if !known {
		return false
	}
	r, _ := e.Value.(remembered)
	return now.Sub(r.at) < m.life
}
