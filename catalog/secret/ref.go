package secret

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// MaxBytes is the most that a secret may be long.
const MaxBytes = 64 << 10

// Errors of ParseRef and Resolve. None of the errors of this package holds any part of a secret, nor
// text that might be one.
var (
	ErrLiteral     = errors.New("a secret must not stand here itself: put it into an environment variable and write env:NAME, or into a file and write file:PATH")
	ErrUnsupported = errors.New("vault: references are not supported yet: use env:NAME or file:PATH")
	ErrExposed     = errors.New("everybody on this machine may read or change it")
)

// Ref names where a secret is kept: env:NAME or file:PATH. The zero Ref names nothing.
type Ref struct{ scheme, target string }

// ParseRef reads env:NAME or file:PATH. Text without a scheme is taken for a secret that somebody
// wrote down, so it is in no error.
func ParseRef(text string) (Ref, error) {
	scheme, target, found := strings.Cut(text, ":")
	switch {
	case found && scheme == "vault":
		return Ref{}, ErrUnsupported
	case found && scheme == "env":
		if !isVariable(target) {
			return Ref{}, errors.New("env: must be followed by the name of an environment variable: letters, digits and _")
		}
	case found && scheme == "file":
		if target == "" || strings.ContainsAny(target, "\x00\n") {
			return Ref{}, errors.New("file: must be followed by a path")
		}
	default:
		return Ref{}, ErrLiteral
	}
	return Ref{scheme, target}, nil
}

func isVariable(name string) bool {
	return len(name) <= 256 && regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`).MatchString(name)
}

// String gives the reference as it is written, or "" for the zero Ref.
func (r Ref) String() string {
	if r.IsZero() {
		return ""
	}
	return r.scheme + ":" + r.target
}

// IsZero reports whether r names nothing.
func (r Ref) IsZero() bool { return r == Ref{} }

// Under gives r with a relative file path joined to dir; other references stay as they are.
func (r Ref) Under(dir string) Ref {
	if r.scheme == "file" && !filepath.IsAbs(r.target) {
		r.target = filepath.Join(dir, r.target)
	}
	return r
}

// MarshalText writes the reference.
func (r Ref) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what ParseRef reads; empty text gives the zero Ref.
func (r *Ref) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*r = Ref{}
		return nil
	}
	parsed, err := ParseRef(string(text))
	if err != nil {
		return err
	}
	*r = parsed
	return nil
}

// Resolve fetches the secret that r names; the zero Ref gives the zero Value. One newline at its end
// is dropped. A secret that is missing, empty or longer than MaxBytes is an error, and so is a file
// that everybody may read or change (ErrExposed).
func Resolve(r Ref) (Value, error) {
	var text string
	switch r.scheme {
	case "":
		return Value{}, nil
	case "env":
		content, found := os.LookupEnv(r.target)
		if !found {
			return Value{}, fmt.Errorf("%s: this environment variable is not set", r)
		}
		text = content
	default:
		content, err := readFile(r.target)
		if err != nil {
			return Value{}, fmt.Errorf("%s: %w", r, err)
		}
		text = content
	}
	text = strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
	switch {
	case text == "":
		return Value{}, fmt.Errorf("%s: it is empty", r)
	case len(text) > MaxBytes:
		return Value{}, fmt.Errorf("%s: it is longer than %d KiB, no secret is", r, MaxBytes>>10)
	}
	return New(text), nil
}

func readFile(path string) (string, error) {
	if err := checkMode(os.Stat(path)); err != nil { // before opening: a pipe would block
		return "", err
	}
	file, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return "", reason(err)
	}
	defer file.Close()
	if err := checkMode(file.Stat()); err != nil { // what was opened may be another file
		return "", err
	}
	content, err := io.ReadAll(io.LimitReader(file, MaxBytes+3)) // the limit, a line end, and one to notice more
	if err != nil {
		return "", reason(err)
	}
	return string(content), nil
}

func checkMode(info fs.FileInfo, err error) error {
	switch {
	case err != nil:
		return reason(err)
	case !info.Mode().IsRegular():
		return errors.New("not a regular file")
	case info.Mode().Perm()&0o006 != 0:
		return fmt.Errorf("%w (mode %04o): chmod 600 it, or mount it with mode 0400 or 0440", ErrExposed, info.Mode().Perm())
	}
	return nil
}

// reason drops the path from err, which the caller names anyway.
func reason(err error) error {
	if pathError, ok := errors.AsType[*fs.PathError](err); ok {
		return pathError.Err
	}
	return err
}
