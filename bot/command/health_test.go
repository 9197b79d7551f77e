package command_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"callboard/bot"
	"callboard/bot/command"
	"callboard/catalog"
	"callboard/catalog/policy"
)

func TestHealth_Sources(t *testing.T) {
	at := func(hour, minute int) time.Time { return time.Date(2026, 11, 23, hour, minute, 0, 0, time.UTC) }
	good := catalog.SourceStatus{Name: "acme", Revision: "3f786850e387550fdab836ed7e6dc881de23001b", CheckedAt: at(14, 20)}
	lag := func(d time.Duration) catalog.SourceStatus {
		s := good
		s.Lag = d
		return s
	}
	failing := good
	failing.Error, failing.FailedAt, failing.Failures = "is down", at(9, 5), 7
	once := failing
	once.Failures = 1
	for want, source := range map[string]catalog.SourceStatus{
		"[ok] acme — @3f78685, checked 2026-11-23 14:20 UTC":                                       good,
		"14:20 UTC, newest change shown within 1 s":                                                lag(20 * time.Millisecond),
		"14:20 UTC, newest change shown within 62 s":                                               lag(61_200 * time.Millisecond),
		"14:20 UTC, newest change shown within 30 min":                                             lag(29*time.Minute + time.Second),
		"14:20 UTC, newest change shown within 9 h":                                                lag(9 * time.Hour),
		"14:20 UTC, newest change shown within 3 d":                                                lag(72 * time.Hour),
		"fails since 2026-11-23 09:05 UTC, 7 times in a row (is down), showing what was last good": failing,
		"fails since 2026-11-23 09:05 UTC (is down), showing what was last good":                   once,
	} {
		snapshot := catalog.NewSnapshot(catalog.Contents{Sources: []catalog.SourceStatus{source}})
		deps := command.Deps{
			Catalog: func() *catalog.Snapshot { return snapshot }, Faults: func() []string { return nil },
			Viewer: func(policy.Actor) catalog.Viewer { return catalog.Everything{} },
		}
		mux := bot.NewMux(command.All(deps), command.Words(slog.New(slog.DiscardHandler)), deps.Complete)
		reply := mux.Handle(t.Context(), &bot.Request{Kind: bot.Typed, Text: "health"})
		if err := reply.Card.Validate(); err != nil {
			t.Error(err)
		}
		if got := reply.Card.Text(); !strings.Contains(got, want) {
			t.Errorf("the card is\n%s\nit lacks %q", got, want)
		}
	}
}
