package git

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"
	"unicode"

	"callboard/catalog/ingest"
)

// The kinds of failure that a caller may want to tell apart with errors.Is. Whatever this package
// returns is a one-line sentence for people that names the source, what happened and what to do, and
// carries no credentials.
var (
	ErrConfig    = errors.New("configuration")
	ErrAuth      = errors.New("credentials missing or refused") // HTTP 401, ssh authentication
	ErrForbidden = errors.New("access denied")                  // HTTP 403
	ErrNotFound  = errors.New("repository not found")
	ErrBranch    = errors.New("branch not found")
	ErrEmpty     = errors.New("repository is empty")
	ErrLimit     = errors.New("limit exceeded")
	ErrTooLarge  = errors.New("file too large") // see TooLargeError
	ErrTLS       = errors.New("certificate not accepted")
	ErrHostKey   = errors.New("host key not accepted")
	ErrTimeout   = errors.New("timed out")
	ErrNetwork   = errors.New("cannot connect")
	ErrProtocol  = errors.New("unexpected answer")
	ErrRedirect  = errors.New("redirect refused")
	ErrCorrupt   = errors.New("repository is damaged")
)

// Error is a failure of a source.
type Error struct {
	URL  string // of the source, without credentials
	Kind error  // one of the Err values of this package
	What string // what happened, and what to do
	Err  error  // the cause, where it helps

	After time.Duration // when the server said to come back; 0 when it did not
}

// RetryAfter gives After; it makes an Error an ingest.LaterError.
func (e *Error) RetryAfter() time.Duration { return e.After }

// Error gives one line.
func (e *Error) Error() string {
	s := e.What
	if e.URL != "" {
		s = e.URL + ": " + s
	}
	if e.Err != nil {
		s += " (" + oneLine(e.Err.Error()) + ")"
	}
	return s
}

// Unwrap lets errors.Is find both the kind and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}

// TooLargeError is a file over the size cap. Size is -1 when the server was asked not to send files
// of that size, so that nobody knows it.
type TooLargeError struct {
	Path      string
	Size, Max int64
}

// Error gives one line.
func (e *TooLargeError) Error() string {
	if e.Size < 0 {
		return fmt.Sprintf("%s: file is larger than allowed (at most %d bytes)", e.Path, e.Max)
	}
	return fmt.Sprintf("%s: file has %d bytes, at most %d are allowed", e.Path, e.Size, e.Max)
}

// Unwrap makes errors.Is true for ErrTooLarge and ingest's error of that name.
func (e *TooLargeError) Unwrap() []error { return []error{ErrTooLarge, ingest.ErrTooLarge} }

func fail(kind error, format string, args ...any) *Error {
	return &Error{Kind: kind, What: fmt.Sprintf(format, args...)}
}

func failWith(kind, cause error, format string, args ...any) *Error {
	return &Error{Kind: kind, What: fmt.Sprintf(format, args...), Err: cause}
}

// transient reports whether trying the same again later may help without touching the mirror.
func transient(err error) bool {
	if _, lost := errors.AsType[*net.OpError](err); lost {
		return true
	}
	for _, kind := range []error{
		ErrAuth, ErrForbidden, ErrNotFound, ErrBranch, ErrEmpty, ErrTLS, ErrHostKey,
		ErrTimeout, ErrNetwork, ErrRedirect, ErrConfig, context.Canceled, context.DeadlineExceeded,
	} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// describe turns whatever went wrong on the way into an *Error of this source, with every secret
// that was used taken out of the text.
func (s *Source) describe(ctx context.Context, err error, secrets ...string) error {
	if err == nil {
		return nil
	}
	var e *Error
	if !errors.As(err, &e) || ctx.Err() != nil && (errors.Is(e.Kind, ErrProtocol) || errors.Is(e.Kind, ErrNetwork)) {
		e = classify(ctx, err, s.at.scheme != schemeLocal && s.stats.Bytes == 0)
	}
	out := *e
	out.URL = s.at.String()
	out.What = redact(out.What, secrets)
	if out.Err != nil {
		if text := out.Err.Error(); redact(text, secrets) != text {
			out.Err = errors.New(redact(text, secrets))
		}
	}
	return &out
}

// classify finds the kind of an error that no step has given a kind yet. Silent is a remote of which not
// a byte came.
func classify(ctx context.Context, err error, silent bool) *Error {
	var dns *net.DNSError
	var op *net.OpError
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return failWith(ErrTimeout, context.Canceled, "was interrupted")
	case ctx.Err() != nil && silent, ctx.Err() == nil && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded)):
		return fail(ErrTimeout, "the server gave no answer in time; is it up and well, and may this machine reach it?")
	case ctx.Err() != nil:
		return fail(ErrTimeout, "did not finish in time; is the server slow, or the repository very large? A smaller catalog.depth makes the first fetch smaller, a larger limits.deadline gives it more time")
	case errors.As(err, &dns):
		return fail(ErrNetwork, "cannot find host %q; check the address and the machine's DNS", dns.Name)
	case errors.As(err, &op):
		return failWith(ErrNetwork, err, "cannot connect; is the server up, and may this machine reach it?")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fail(ErrNetwork, "ended the connection before its answer; is the server well, and does a proxy in between let Git pass?")
	default:
		return failWith(ErrProtocol, err, "the transfer failed")
	}
}

func redact(text string, secrets []string) string {
	for _, s := range secrets {
		if len(s) >= 4 {
			text = strings.ReplaceAll(text, s, "[secret]")
		}
	}
	return text
}

// oneLine makes text of unknown origin fit for a log line: no control characters, bounded length.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
	const limit = 300
	if r := []rune(s); len(r) > limit {
		s = string(r[:limit]) + "…"
	}
	return strings.Join(strings.Fields(s), " ")
}
