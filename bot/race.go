package bot

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// How long a platform's event waits for its answer before it is acknowledged without: Slack and Discord take an
// acknowledgement for 3 s.
const (
	inlineWithin = 700 * time.Millisecond // an answer that is ready by then goes with the acknowledgement
	takenWithin  = 200 * time.Millisecond // more, for an event to be stored before it is acknowledged
	answerLimit  = 30 * time.Second       // for all of an answer
)

// Verdict says how to acknowledge an event.
type Verdict int

// The verdicts.
const (
	Answered Verdict = iota // the answer went with the acknowledgement
	Promised                // the answer follows
	Untaken                 // the answer follows, but nothing says yet that the event is not lost in a crash
	Crowded                 // there is too much to do, and nothing is done
)

// Race has handle answer a request, and tells within a second how to acknowledge it. A reply that is ready by then goes to
// now, which reports whether the acknowledgement carries it. Every other reply goes to later in its own time, with what
// is left of the time for the answer.
func (w *Work) Race(req *Request, handle Handler, now func(Reply) bool, later func(context.Context, Reply)) Verdict {
	if !w.Begin() {
		return Crowded
	}
	ctx, cancel := context.WithTimeout(context.Background(), answerLimit)
	done := func() { cancel(); w.End() }
	taken, replies := make(chan struct{}), make(chan Reply, 1)
	req.Received, req.Taken = time.Now(), sync.OnceFunc(func() { close(taken) })
	go func() {
		var reply Reply
		if sorry := w.spared(func() { reply = handle(ctx, req) }); sorry != nil {
			reply = *sorry
		}
		replies <- reply
	}()
	follow := func(reply Reply) {
		defer done()
		if sorry := w.spared(func() { later(ctx, reply) }); sorry != nil {
			w.spared(func() { later(ctx, *sorry) })
		}
	}
	select {
	case reply := <-replies:
		answered := false
		if sorry := w.spared(func() { answered = now(reply) }); sorry != nil {
			reply = *sorry
		}
		if answered {
			done()
			return Answered
		}
		go follow(reply)
		return Promised
	case <-time.After(inlineWithin):
	}
	go func() { follow(<-replies) }()
	select {
	case <-taken:
		return Promised
	case <-time.After(takenWithin):
		return Untaken
	}
}

// spared runs a step of drawing and sending an answer, and gives what to answer instead when it panics: a card that cannot
// be drawn ends neither the program nor the other answers.
func (w *Work) spared(step func()) (sorry *Reply) {
	defer func() {
		if cause := recover(); cause != nil {
			reply := apology(w.Log, fmt.Errorf("panic: %v\n%s", cause, debug.Stack()), "I have an answer, but cannot show it")
			sorry = &reply
		}
	}()
	step()
	return nil
}
