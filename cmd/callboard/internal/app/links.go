package app

import (
	"context"
	"time"

	"callboard/bot"
	"callboard/bot/card"
	"callboard/bot/command"
	"callboard/catalog"
)

const (
	linksEvery = time.Hour   // between two looks at the requests to be linked without a reason: they expire
	linksRetry = time.Minute // after one that failed
)

// runLinks has the operators' cards of requests to be linked say what came of them, at the start, after each new
// catalog and as they expire, until ctx ends. Nobody outside is asked.
func (a *App) runLinks(ctx context.Context) error {
	if len(a.chat.posters) == 0 {
		return nil
	}
	for {
		wait := linksEvery
		if err := a.reviewLinks(ctx); err != nil && ctx.Err() == nil {
			a.log.Error("what came of requests to be linked is not shown yet", "error", err)
			wait = linksRetry
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-a.linksKick:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// kickLinks wakes runLinks. Many wakings are one.
func (a *App) kickLinks() {
	select {
	case a.linksKick <- struct{}{}:
	default: // it will
	}
}

func (a *App) reviewLinks(ctx context.Context) error {
	view := a.syncer.Snapshot().As(catalog.Everything{})
	holder := func(account bot.ChatUser) *catalog.Entity {
		user, _ := annotated(view, account)
		return user
	}
	return a.chat.announcer.Review(ctx, command.LinkSubjects, func(facts string) *card.Card {
		return command.LinkAnswer(view, facts, holder, time.Now())
	})
}
