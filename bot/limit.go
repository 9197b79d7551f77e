package bot

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"callboard/bot/card"
)

// Limits bound what people may ask at once (threats.md row 32). A request without a chat account, from the
// console, is not limited.
type Limits struct {
	PerUser    rate.Limit // commands a second of one person
	UserBurst  int
	PerChannel rate.Limit // commands a second of all accounts in one channel; direct messages are not counted
	ChanBurst  int
	PerTyper   rate.Limit // suggestions a second to one account that types
	TypeBurst  int
	InFlight   int // requests that are worked on at the same time

	// Person gives what the accounts of one person have in common, at once and comparable; nil: each account is
	// counted for itself.
	Person func(ChatUser) any
}

// DefaultLimits let a person ask a burst of 20 commands and then one each second; a channel in an incident asks
// five times as much. Who types a name gets suggestions at about each key.
func DefaultLimits() Limits {
	return Limits{PerUser: 1, UserBurst: 20, PerChannel: 5, ChanBurst: 100, PerTyper: 5, TypeBurst: 50, InFlight: 64}
}

// maxBuckets bounds the people and channels that are remembered: full buckets are forgotten, and when none is
// full, everybody waits for one.
const maxBuckets = 20_000

// Limit refuses what exceeds the limits. The first refusal to a person says how long to wait; those
// that follow before it asks less have no card, so that a flood of questions is no flood of answers.
func Limit(limits Limits) Middleware {
	l := &limiter{
		limits: limits, users: newBuckets(limits.PerUser, limits.UserBurst),
		channels: newBuckets(limits.PerChannel, limits.ChanBurst), typers: newBuckets(limits.PerTyper, limits.TypeBurst),
	}
	work := make(chan struct{}, limits.InFlight)
	return func(next Handler) Handler {
		return func(ctx context.Context, req *Request) Reply {
			if req.User == (ChatUser{}) {
				return next(ctx, req)
			}
			if reply, refused := l.refuse(req, time.Now()); refused {
				return reply
			}
			select {
			case work <- struct{}{}:
				defer func() { <-work }()
				return next(ctx, req)
			default:
				return busy("I am answering as many questions as I can right now. Please ask again in a moment.")
			}
		}
	}
}

func busy(text string) Reply {
	return Reply{Outcome: Busy, Card: &card.Card{Title: text, Summary: text, Status: card.Warn}}
}

type limiter struct {
	limits                  Limits
	users, channels, typers *buckets
}

func (l *limiter) refuse(req *Request, now time.Time) (Reply, bool) {
	who := any(req.User)
	if l.limits.Person != nil {
		who = l.limits.Person(req.User)
	}
	if req.Kind == Complete { // costs no command, or who chose a name with care could not send it
		return Reply{Outcome: Busy}, l.typers.take(who, now).wait > 0
	}
	user := l.users.take(who, now)
	if user.wait > 0 {
		if !user.first {
			return Reply{Outcome: Busy}, true
		}
		return busy("You ask faster than I may answer. Please go on in " + seconds(user.wait) + "."), true
	}
	if req.Address.Private {
		return Reply{}, false
	}
	channel := req.Address
	channel.Thread = ""
	here := l.channels.take(channel, now)
	switch {
	case here.wait == 0:
		return Reply{}, false
	case !here.first:
		return Reply{Outcome: Busy}, true
	}
	return busy("This channel asks faster than I may answer. Please go on in " + seconds(here.wait) + ", or ask me in a direct message."), true
}

func seconds(d time.Duration) string {
	return fmt.Sprintf("%d s", int(math.Ceil(d.Seconds())))
}

// buckets are the token buckets of people or channels.
type buckets struct {
	every rate.Limit
	burst int

	mu    sync.Mutex
	all   map[any]*bucket
	swept time.Time // when full ones were last looked for
}

type bucket struct {
	limiter *rate.Limiter
	refused bool // since the last request that was allowed
}

// verdict is what a bucket says: how long to wait, 0 when the request is allowed, and whether the refusal is the
// first in a row.
type verdict struct {
	wait  time.Duration
	first bool
}

func newBuckets(every rate.Limit, burst int) *buckets {
	return &buckets{every: every, burst: burst, all: map[any]*bucket{}}
}

func (b *buckets) take(key any, now time.Time) verdict {
	b.mu.Lock()
	defer b.mu.Unlock()
	one := b.all[key]
	if one == nil {
		if len(b.all) >= maxBuckets && !b.forgetFull(now) {
			return verdict{wait: time.Second}
		}
		one = &bucket{limiter: rate.NewLimiter(b.every, b.burst)}
		b.all[key] = one
	}
	if one.limiter.AllowN(now, 1) {
		one.refused = false
		return verdict{}
	}
	first := !one.refused
	one.refused = true
	missing := 1 - one.limiter.TokensAt(now)
	return verdict{wait: time.Duration(missing / float64(b.every) * float64(time.Second)), first: first}
}

// forgetFull drops the buckets that are as good as new, and reports whether there was one. It looks at most once a
// second, because it looks at all of them.
func (b *buckets) forgetFull(now time.Time) bool {
	if now.Sub(b.swept) < time.Second {
		return false
	}
	b.swept = now
	before := len(b.all)
	for key, one := range b.all {
		if one.limiter.TokensAt(now) >= float64(b.burst) {
			delete(b.all, key)
		}
	}
	return len(b.all) < before
}
