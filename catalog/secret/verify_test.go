package secret_test

import (
	"strings"
	"testing"

	"callboard/catalog/secret"
)

func TestSigned(t *testing.T) {
	// RFC 4231, test case 2.
	const key, message = "Jefe", "what do ya want for nothing?"
	const mac = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
	keys := func(texts ...string) (out []secret.Value) {
		for _, text := range texts {
			out = append(out, secret.New(text))
		}
		return out
	}
	tests := map[string]struct {
		keys []secret.Value
		mac  string
		want bool
	}{
		"right":             {keys(key), mac, true},
		"upper case":        {keys(key), strings.ToUpper(mac), true},
		"first of two":      {keys(key, "other"), mac, true},
		"second of two":     {keys("other", key), mac, true},
		"another key":       {keys("other"), mac, false},
		"no keys":           {nil, mac, false},
		"an empty key":      {[]secret.Value{{}}, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad", false},
		"empty":             {keys(key), "", false},
		"truncated":         {keys(key), mac[:62], false},
		"one digit changed": {keys(key), mac[:63] + "4", false},
		"too long":          {keys(key), mac + "00", false},
		"not hexadecimal":   {keys(key), strings.Repeat("g", 64), false},
	}
	for name, tt := range tests {
		if got := secret.Signed(tt.keys, []byte(message), tt.mac); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if secret.Signed(keys(key), []byte(message+" "), mac) {
		t.Error("the signature of another message is accepted")
	}
}

func TestAmong(t *testing.T) {
	two := []secret.Value{secret.New("old"), secret.New("new")}
	for text, want := range map[string]bool{"old": true, "new": true, "": false, "ne": false, "newer": false, "NEW": false} {
		if got := secret.Among(two, text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
	if secret.Among(nil, "") || secret.Among([]secret.Value{{}}, "") {
		t.Error("no text is a secret where none is set")
	}
}
