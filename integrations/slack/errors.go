package slack

import (
	"errors"
	"fmt"
	"slices"

	"github.com/slack-go/slack"

	"callboard/bot"
)

// explain puts an error of the Web API into words that say what to do. Errors that trying again cannot
// mend wrap bot.ErrGone.
func explain(err error) error {
	if err == nil {
		return nil
	}
	code := codeOf(err)
	var wait *slack.RateLimitedError
	switch {
	case errors.As(err, &wait):
		return &bot.LaterError{After: wait.RetryAfter, Err: err}
	case refusesToken(err):
		return fmt.Errorf("Slack refuses the token (%s): install the app again and put its new token into the configuration", code)
	case code == "missing_scope":
		var refused slack.SlackErrorResponse
		needed := ""
		if errors.As(err, &refused) && refused.Needed != "" {
			needed = " " + refused.Needed
		}
		return fmt.Errorf("the app lacks a scope:%s; add it as callboard manifest slack prints it, and install the app again (%s)", needed, code)
	case slices.Contains([]string{"channel_not_found", "not_in_channel", "is_archived", "message_not_found", "user_not_in_channel", "cant_update_message", "edit_window_closed", "restricted_action"}, code):
		return fmt.Errorf("%s: %w", code, bot.ErrGone)
	}
	return err
}

// refusesToken reports whether Slack takes no call with this token.
func refusesToken(err error) bool {
	return slices.Contains([]string{"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive"}, codeOf(err))
}

// codeOf is Slack's word for what went wrong; "" when Slack did not say.
func codeOf(err error) string {
	if refused, is := errors.AsType[slack.SlackErrorResponse](err); is {
		return refused.Err
	}
	return ""
}

// onceError is an error after which the call must not be repeated unasked, because it may have had its effect.
type onceError struct{ err error }

func (e *onceError) Error() string { return e.err.Error() }
func (e *onceError) Unwrap() error { return e.err }

func limited(err error) bool {
	var l *slack.RateLimitedError
	return errors.As(err, &l)
}

// passing reports whether an error may be gone when the call is tried again.
func passing(err error) bool {
	var once *onceError
	var status slack.StatusCodeError
	switch {
	case errors.As(err, &once), errors.Is(err, errCrowded):
		return false
	case limited(err):
		return true
	case errors.As(err, &status):
		return status.Retryable()
	case codeOf(err) != "":
		return slices.Contains([]string{"internal_error", "fatal_error", "service_unavailable", "request_timeout", "ratelimited", "rate_limited"}, codeOf(err))
	}
	return true // the network
}
