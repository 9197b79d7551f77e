package secret_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"callboard/catalog/secret"
)

const canary = "xoxb-canary-0123456789"

type holder struct {
	Exported secret.Value
	hidden   secret.Value
	list     []secret.Value
	byName   map[string]secret.Value
	pointer  *secret.Value
	any      any
}

func newHolder() holder {
	v := secret.New(canary)
	return holder{v, v, []secret.Value{v}, map[string]secret.Value{"k": v}, &v, v}
}

func TestValue_IsNeverPrinted(t *testing.T) {
	value := secret.New(canary)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%p", "%T", "%10.3s", "% x", "%!"} {
		if got := fmt.Sprintf(verb, value); leaks(got) {
			t.Errorf("%s of a value: %s", verb, got)
		}
		if got := fmt.Sprintf(verb, newHolder()); leaks(got) {
			t.Errorf("%s of a struct that holds values: %s", verb, got)
		}
	}
	for name, got := range map[string]string{
		"Sprint":   fmt.Sprint(value),
		"Sprintln": strings.TrimSpace(fmt.Sprintln(value)),
		"%v":       fmt.Sprintf("%v", value),
		"%#v":      fmt.Sprintf("%#v", value),
		"%x":       fmt.Sprintf("%x", value),
		"%q":       fmt.Sprintf("%q", value),
		"String":   value.String(),
		"GoString": value.GoString(),
		"error":    fmt.Errorf("wrapped %w and %v", os.ErrExist, value).Error()[len("wrapped file already exists and "):],
	} {
		if got != "[secret]" {
			t.Errorf("%s gives %q, want [secret]", name, got)
		}
	}
}

func TestValue_IsNeverEncoded(t *testing.T) {
	value := secret.New(canary)
	for name, encode := range map[string]func(any) ([]byte, error){
		"json": json.Marshal, "yaml": yaml.Marshal,
	} {
		for _, v := range []any{value, &value, newHolder(), map[string]any{"token": value}} {
			got, err := encode(v)
			if err != nil || leaks(string(got)) || !strings.Contains(string(got), "[secret]") {
				t.Errorf("%s of a %T: %s, %v", name, v, got, err)
			}
		}
	}
	keys, err := json.Marshal(map[string]secret.Value{"k": value})
	if err != nil || string(keys) != `{"k":"[secret]"}` {
		t.Errorf("json of a map: %s, %v", keys, err)
	}
}

func TestValue_IsNeverLogged(t *testing.T) {
	var out bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		log := slog.New(handler).With("with", secret.New(canary))
		log.Info("as an attribute", "token", secret.New(canary), "holder", newHolder())
		log.WithGroup("g").Error("in an error", "err", fmt.Errorf("bad token %v", secret.New(canary)))
	}
	if leaks(out.String()) || !strings.Contains(out.String(), "token=[secret]") {
		t.Error(out.String())
	}
}

func TestValue_Reveal(t *testing.T) {
	if got := secret.New(canary).Reveal(); got != canary {
		t.Errorf("Reveal gives %q", got)
	}
	var zero secret.Value
	if zero.Reveal() != "" || !zero.IsZero() || secret.New(canary).IsZero() || zero.String() != "[secret]" {
		t.Error("the zero Value must hold nothing, and say as little")
	}
}

func TestParseRef(t *testing.T) {
	for _, text := range []string{"env:GIT_TOKEN", "env:_x1", "file:/run/secrets/token", "file:./a b", "file:C:/x"} {
		ref, err := secret.ParseRef(text)
		if err != nil || ref.String() != text || ref.IsZero() {
			t.Errorf("%s: %v, %v", text, ref, err)
		}
		var again secret.Ref
		if err := again.UnmarshalText([]byte(text)); err != nil || again != ref {
			t.Errorf("%s does not round-trip: %v, %v", text, again, err)
		}
	}
	for text, want := range map[string]error{
		canary: secret.ErrLiteral, "": secret.ErrLiteral, "ENV:X": secret.ErrLiteral, "https://" + canary: secret.ErrLiteral,
		"vault:kv/" + canary: secret.ErrUnsupported,
		"env:":               nil, "env:" + canary: nil, "env:1A": nil, "file:": nil, "file:a\n" + canary: nil,
	} {
		ref, err := secret.ParseRef(text)
		if err == nil || want != nil && !errors.Is(err, want) || !ref.IsZero() {
			t.Errorf("%q: %v, %v, want the error %v", text, ref, err, want)
		} else if leaks(err.Error()) {
			t.Errorf("the error for %q repeats it: %v", text, err)
		}
	}
}

func TestRef_Under(t *testing.T) {
	for text, want := range map[string]string{
		"file:token": "file:/etc/callboard/token", "file:/a/token": "file:/a/token", "env:TOKEN": "env:TOKEN",
	} {
		ref, err := secret.ParseRef(text)
		if got := ref.Under("/etc/callboard").String(); err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", text, got, err, want)
		}
	}
}

func TestResolve(t *testing.T) {
	dir := t.TempDir()
	long := strings.Repeat("a", secret.MaxBytes)
	for _, c := range []struct {
		name, content, want string
		fails               string // part of the error
		mode                os.FileMode
	}{
		{name: "plain", content: canary, want: canary, mode: 0o600},
		{name: "group", content: canary, want: canary, mode: 0o640},
		{name: "newline", content: canary + "\n", want: canary, mode: 0o400},
		{name: "crlf", content: canary + "\r\n", want: canary, mode: 0o400},
		{name: "only one newline goes", content: canary + "\n\n", want: canary + "\n", mode: 0o400},
		{name: "inner lines", content: "a\nb\n", want: "a\nb", mode: 0o400},
		{name: "longest", content: long + "\r\n", want: long, mode: 0o400},
		{name: "too long", content: long + "a", fails: "longer than 64 KiB", mode: 0o400},
		{name: "far too long", content: long + long, fails: "longer than 64 KiB", mode: 0o400},
		{name: "empty", content: "\n", fails: "empty", mode: 0o400},
		{name: "world-readable", content: canary, fails: "mode 0644", mode: 0o644},
		{name: "world-writable", content: canary, fails: "mode 0602", mode: 0o602},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(dir, c.name)
			if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, c.mode); err != nil {
				t.Fatal(err)
			}
			checkResolve(t, "file:"+path, c.want, c.fails)
			if c.mode&0o006 == 0 {
				t.Setenv("CALLBOARD_TEST_SECRET", c.content)
				checkResolve(t, "env:CALLBOARD_TEST_SECRET", c.want, c.fails)
			}
		})
	}
	checkResolve(t, "file:"+dir, "", "not a regular file")
	checkResolve(t, "file:"+dir+"/none", "", "file:"+dir+"/none: no such file or directory")
	checkResolve(t, "env:CALLBOARD_TEST_UNSET", "", "env:CALLBOARD_TEST_UNSET: this environment variable is not set")
	if v, err := secret.Resolve(secret.Ref{}); err != nil || !v.IsZero() {
		t.Errorf("the zero Ref gives %v, %v", v, err)
	}
}

func checkResolve(t *testing.T, text, want, fails string) {
	t.Helper()
	ref, err := secret.ParseRef(text)
	if err != nil {
		t.Fatal(err)
	}
	got, err := secret.Resolve(ref)
	switch {
	case fails == "" && (err != nil || got.Reveal() != want):
		t.Errorf("%s: %d bytes, %v; want %d bytes", text, len(got.Reveal()), err, len(want))
	case fails != "" && (err == nil || !strings.Contains(err.Error(), fails) || !got.IsZero()):
		t.Errorf("%s: error %v, want one with %q", text, err, fails)
	case err != nil && leaks(err.Error()):
		t.Errorf("the error holds the secret: %v", err)
	}
}

// leaks looks for the canary, also in hexadecimal.
func leaks(text string) bool {
	text = strings.ToLower(text)
	return strings.Contains(text, canary) || strings.Contains(text, fmt.Sprintf("%x", canary)) ||
		strings.Contains(text, fmt.Sprintf("% x", canary))
}
