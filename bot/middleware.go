package bot

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"time"

	"callboard/bot/card"
)

// Middleware is a decorator of a Handler.
type Middleware func(Handler) Handler

// Chain puts middleware around a handler, the first outermost.
func Chain(handle Handler, around ...Middleware) Handler {
	for _, wrap := range slices.Backward(around) {
		handle = wrap(handle)
	}
	return handle
}

// Recover turns a panic into an apology with a reference that the log line carries too.
func Recover(log *slog.Logger) Middleware {
	return func(next Handler) Handler {
		return func(ctx context.Context, req *Request) (reply Reply) {
			defer func() {
				if cause := recover(); cause != nil {
					reply = FaultReply(log, fmt.Errorf("panic: %v\n%s", cause, debug.Stack()))
				}
			}()
			return next(ctx, req)
		}
	}
}

// FaultReply apologises for an error that nobody foresaw. The details go to the log only, under a
// reference that the reply shows.
func FaultReply(log *slog.Logger, err error) Reply {
	return apology(log, err, "Something went wrong on my side. Nothing was changed")
}

func apology(log *slog.Logger, err error, words string) Reply {
	id := "E-" + rand.Text()[:6]
	log.Error("a request failed", "ref_id", id, "error", err)
	text := words + " (ref " + id + ")."
	return Reply{Outcome: Fault, Card: &card.Card{Title: text, Summary: text, Status: card.Bad}}
}

// Deadline bounds the time of a request.
func Deadline(limit time.Duration) Middleware {
	return func(next Handler) Handler {
		return func(ctx context.Context, req *Request) Reply {
			ctx, cancel := context.WithTimeout(ctx, limit)
			defer cancel()
			return next(ctx, req)
		}
	}
}

// Observe reports every reply with the time that it took.
func Observe(report func(req *Request, reply Reply, took time.Duration)) Middleware {
	return func(next Handler) Handler {
		return func(ctx context.Context, req *Request) Reply {
			start := time.Now()
			reply := next(ctx, req)
			report(req, reply, time.Since(start))
			return reply
		}
	}
}
