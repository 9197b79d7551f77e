package discordtest

import (
	"net/http"
	"time"
)

// failure is an answer that says no. Source of the codes: topics/opcodes-and-status-codes.
type failure struct {
	status int
	code   int
	words  string
	errors object // of code 50035
	retry  time.Duration
	global bool
	scope  string
	page   string // of text instead of JSON
}

func fail(status, code int, words string) *failure {
	return &failure{status: status, code: code, words: words}
}

// invalidForm is the answer to a payload outside the limits.
func invalidForm(faults []fault) *failure {
	return &failure{status: http.StatusBadRequest, code: 50035, words: "Invalid Form Body", errors: nested(faults)}
}

func invalidField(at, code, words string) *failure {
	return invalidForm([]fault{{at, code, words}})
}

func unauthorized() *failure       { return fail(http.StatusUnauthorized, 0, "401: Unauthorized") }
func notFound() *failure           { return fail(http.StatusNotFound, 0, "404: Not Found") }
func unknownChannel() *failure     { return fail(http.StatusNotFound, 10003, "Unknown Channel") }
func unknownGuild() *failure       { return fail(http.StatusNotFound, 10004, "Unknown Guild") }
func unknownMember() *failure      { return fail(http.StatusNotFound, 10007, "Unknown Member") }
func unknownMessage() *failure     { return fail(http.StatusNotFound, 10008, "Unknown Message") }
func unknownUser() *failure        { return fail(http.StatusNotFound, 10013, "Unknown User") }
func unknownWebhook() *failure     { return fail(http.StatusNotFound, 10015, "Unknown Webhook") }
func unknownInteraction() *failure { return fail(http.StatusNotFound, 10062, "Unknown interaction") }

func unknownCommand() *failure {
	return fail(http.StatusNotFound, 10063, "Unknown application command")
}

func tooManyPins() *failure {
	return fail(http.StatusBadRequest, 30003, "Maximum number of pins reached (250)")
}

func tooManyCreates() *failure {
	return fail(http.StatusBadRequest, 30034, "Max number of daily application command creates has been reached (200)")
}

func tooLarge() *failure {
	return fail(http.StatusRequestEntityTooLarge, 40005, "Request entity too large")
}

func alreadyAcknowledged() *failure {
	return fail(http.StatusBadRequest, 40060, "Interaction has already been acknowledged.")
}
func missingAccess() *failure { return fail(http.StatusForbidden, 50001, "Missing Access") }
func notYours() *failure {
	return fail(http.StatusForbidden, 50005, "Cannot edit a message authored by another user")
}

func emptyMessage() *failure {
	return fail(http.StatusBadRequest, 50006, "Cannot send an empty message")
}

func closedDMs() *failure {
	return fail(http.StatusForbidden, 50007, "Cannot send messages to this user")
}

func missingPermission() *failure { return fail(http.StatusForbidden, 50013, "Missing Permissions") }

func wrongChannel() *failure {
	return fail(http.StatusBadRequest, 50024, "Cannot execute action on this channel type")
}

func invalidToken() *failure   { return fail(http.StatusUnauthorized, 50027, "Invalid Webhook Token") }
func archivedThread() *failure { return fail(http.StatusBadRequest, 50083, "Thread is archived") }
func badJSON() *failure {
	return fail(http.StatusBadRequest, 50109, "The request body contains invalid JSON.")
}

func threadThere() *failure {
	return fail(http.StatusBadRequest, 160004, "A thread has already been created for this message")
}

// body gives the answer in Discord's shape.
func (f *failure) body() []byte {
	if f.page != "" {
		return []byte(f.page)
	}
	if f.status == http.StatusTooManyRequests && f.code == 0 {
		return encode(object{"message": "You are being rate limited.", "retry_after": f.retry.Seconds(), "global": f.global})
	}
	o := object{"message": f.words, "code": f.code}
	if f.errors != nil {
		o["errors"] = f.errors
	}
	if f.retry > 0 {
		o["retry_after"] = f.retry.Seconds()
	}
	return encode(o)
}
