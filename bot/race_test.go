package bot_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"callboard/bot"
)

// What panics in an answer ends that answer only: the asker hears of it under a reference that the log has too.
func TestWork_Panics(t *testing.T) {
	const slow = time.Second // more than an acknowledgement waits
	for name, tt := range map[string]struct {
		handle  time.Duration
		now     func(bot.Reply) bool
		verdict bot.Verdict
	}{
		"drawing with the acknowledgement": {0, func(bot.Reply) bool { panic("cannot draw") }, bot.Promised},
		"drawing after it":                 {0, func(bot.Reply) bool { return false }, bot.Promised},
		"drawing what took long":           {slow, nil, bot.Promised},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				w := bot.Work{Log: slog.New(slog.NewTextHandler(&log, nil))}
				var said []string
				verdict := w.Race(&bot.Request{}, func(ctx context.Context, req *bot.Request) bot.Reply {
					req.Taken()
					<-time.After(tt.handle)
					return fine(ctx, req)
				}, tt.now, func(_ context.Context, r bot.Reply) {
					if r.Card.Summary == "fine" && name != "drawing with the acknowledgement" {
						panic("cannot draw")
					}
					said = append(said, r.Card.Summary)
				})
				synctest.Wait()
				<-time.After(slow)
				synctest.Wait()
				if verdict != tt.verdict || len(said) != 1 || !strings.HasPrefix(said[0], "I have an answer, but cannot show it (ref E-") {
					t.Errorf("verdict %v, said %q", verdict, said)
				}
				if !strings.Contains(log.String(), "cannot draw") || !strings.Contains(log.String(), "ref_id=E-") {
					t.Errorf("logged %q", log.String())
				}
				if left := w.Finish(0); left != 0 {
					t.Errorf("%d answers are never finished", left)
				}
			})
		})
	}
}
