// Package secret holds a value that cannot be printed, and the references by which configuration
// names secrets instead of holding them.
//
// It is a leaf. Whoever talks to an outside system resolves a Ref as late as possible and reveals
// the Value only to the call that needs it.
package secret

import (
	"encoding/json"
	"fmt"
	"log/slog"
)

const redacted = "[secret]"

// Value is a secret. However it is printed, logged or encoded, also deep inside other values, it
// reads [secret]. The zero Value holds nothing.
type Value struct {
	// A function, because fmt reads unexported string fields past every method.
	reveal func() string
}

var (
	_ fmt.Formatter  = Value{}
	_ fmt.GoStringer = Value{}
	_ json.Marshaler = Value{}
	_ slog.LogValuer = Value{}
)

// New makes a Value of text.
func New(text string) Value { return Value{func() string { return text }} }

// Reveal gives the text itself, or "" for the zero Value. Its callers are the places to review.
func (v Value) Reveal() string {
	if v.reveal == nil {
		return ""
	}
	return v.reveal()
}

// IsZero reports whether v holds nothing.
func (v Value) IsZero() bool { return v.Reveal() == "" }

// String gives [secret].
func (Value) String() string { return redacted }

// GoString gives [secret].
func (Value) GoString() string { return redacted }

// Format writes [secret], whatever the verb and flags.
func (Value) Format(s fmt.State, _ rune) {
	_, _ = s.Write([]byte(redacted)) // a printer has nobody to tell of a failed write
}

// MarshalText gives [secret].
func (Value) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON gives "[secret]".
func (Value) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalYAML gives [secret].
func (Value) MarshalYAML() (any, error) { return redacted, nil }

// LogValue gives [secret].
func (Value) LogValue() slog.Value { return slog.StringValue(redacted) }
