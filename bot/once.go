package bot

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"
)

// How long events are remembered: Slack delivers late events up to hours after a reconnect (threats.md section E).
const (
	onceMemory = 24 * time.Hour
	onceMost   = 100_000 // events remembered at most; of more the oldest are forgotten
	doneLimit  = 5 * time.Second
)

// Once answers an event that was delivered before with an empty reply, which adapters do not show. Reads
// are remembered in memory. What writes, as writes tells, is stored in the inbox before it is taken, so that it is recognised
// after a restart too; a repetition waits there for the first one. When it cannot be stored it is refused: the asker
// hears that nothing was changed. What is stored when the program ends without having carried it out is for Resume.
func Once(writes func(*Request) bool, inbox Inbox, log *slog.Logger) Middleware {
	seen := NewSeen(onceMemory, onceMost)
	return func(next Handler) Handler {
		return func(ctx context.Context, req *Request) Reply {
			key := req.User.Platform + " " + req.User.Workspace + " " + req.ID
			fresh, stored, err := true, false, error(nil)
			switch {
			case req.ID == "":
			case writes(req):
				if fresh = !seen.Has(key, time.Now()); fresh {
					if fresh, err = take(ctx, inbox, key, req); err == nil {
						seen.Add(key, time.Now()) // a repetition need not wait for the store
						stored = fresh
					}
				}
			default:
				fresh = seen.Add(key, time.Now())
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
			if stored {
				defer done(ctx, inbox, key, log) // after a panic too: the asker hears of it
			}
			return next(ctx, req)
		}
	}
}

// kept is what a request is carried out from after the program was restarted. Who the asker is, is asked anew.
type kept struct {
	Kind     Kind              `json:"kind"`
	ID       string            `json:"id"`
	Text     string            `json:"text"`
	User     ChatUser          `json:"user"`
	Address  Address           `json:"address"`
	Values   map[string]string `json:"values,omitempty"`
	Page     int               `json:"page,omitempty"`
	Received time.Time         `json:"received"`
}

func take(ctx context.Context, inbox Inbox, key string, req *Request) (fresh bool, err error) {
	encoded, err := json.Marshal(kept{req.Kind, req.ID, req.Text, req.User, req.Address, req.Values, req.Page, req.Received})
	if err != nil {
		return false, err
	}
	return inbox.Take(ctx, key, encoded)
}

// done outlives the request's own deadline, which may be what ended it.
func done(ctx context.Context, inbox Inbox, key string, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), doneLimit)
	defer cancel()
	if err := inbox.Done(ctx, key); err != nil {
		log.Warn("a request was answered, but this could not be noted: it is carried out again at the next start", "error", err)
	}
}

// Resume carries out what an earlier run of the program took, and acknowledged perhaps, and did not come to. What the
// last run did but could not note is done again, so that commands which write must bear that. Nobody is shown the
// answers: where they belong is gone with the last run. What ctx interrupts stays for the next start.
func Resume(ctx context.Context, inbox Inbox, left []Left, handle Handler, log *slog.Logger) {
	for _, l := range left {
		var k kept
		if err := json.Unmarshal(l.Request, &k); err != nil {
			log.Error("a request that was left behind cannot be read, and is dropped", "error", err)
		} else {
			reply := handle(ctx, &Request{
				Kind: k.Kind, ID: k.ID, Text: k.Text, User: k.User, Address: k.Address, Values: k.Values, Page: k.Page, Received: k.Received,
			})
			if ctx.Err() != nil {
				return
			}
			log.Warn("a request was carried out that the program had taken before it ended", "platform", k.User.Platform,
				"account", k.User.ID, "received", k.Received, "outcome", string(reply.Outcome))
		}
		done(ctx, inbox, l.Key, log)
	}
}
