package discord

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"callboard/bot"
)

// Codes of Discord's errors. docs.discord.com/developers topics/opcodes-and-status-codes
const (
	unknownChannel     = 10003
	unknownMember      = 10007
	unknownMessage     = 10008
	unknownUser        = 10013
	unknownWebhook     = 10015
	unknownInteraction = 10062
	alreadyAnswered    = 40060
	missingAccess      = 50001
	cannotMessage      = 50007 // this user
	missingPermission  = 50013
	invalidWebhook     = 50027 // token: it has ended
	archivedThread     = 50083
)

var errToken = errors.New("Discord refuses the bot's token: reset it under Bot of the application, and put the new one where discord.token says")

// apiError is what Discord answers when it does not do what was asked.
type apiError struct {
	Status int
	Code   int
	Text   string // Discord's words, cut
}

func (e *apiError) Error() string {
	return fmt.Sprintf("Discord answers %d %s (code %d)", e.Status, e.Text, e.Code)
}

// codeOf is Discord's code for what went wrong; 0 when Discord did not say.
func codeOf(err error) int {
	if e, is := errors.AsType[*apiError](err); is {
		return e.Code
	}
	return 0
}

// explain puts an error of the API into words that say what to do. Errors that trying again cannot mend wrap
// bot.ErrGone.
func explain(err error) error {
	if err == nil {
		return nil
	}
	if wait, is := errors.AsType[*limitedError](err); is {
		return &bot.LaterError{After: wait.after, Err: err}
	}
	switch code := codeOf(err); {
	case slices.Contains([]int{unknownChannel, unknownMessage, missingAccess, missingPermission, archivedThread}, code):
		return fmt.Errorf("%w: %w", err, bot.ErrGone)
	case statusOf(err) == http.StatusUnauthorized:
		return errToken
	}
	return err
}

func statusOf(err error) int {
	if e, is := errors.AsType[*apiError](err); is {
		return e.Status
	}
	return 0
}

// passing reports whether an error may be gone when the call is tried again.
func passing(err error) bool {
	if errors.Is(err, errToken) || errors.Is(err, errInvalids) || errors.Is(err, errGone) || errors.Is(err, errCrowded) {
		return false
	}
	if _, limited := errors.AsType[*limitedError](err); limited {
		return true
	}
	status := statusOf(err)
	return status == 0 || status >= http.StatusInternalServerError
}
