package catalog // plainPlace must agree with the long way, which has no other name outside

import (
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
)

// TestPlainPlace holds the short way of reading URLs against net/url, on texts made of what URLs are made of.
func TestPlainPlace(t *testing.T) {
	parts := []string{"https://", "http://", "www.", "git.example.com", "a", "/", "//", "?", "=", "&", ":", "@", "#", "%2f", ".", "..", "-", "_", "é", " ", "blob", "8080", "[::1]"}
	dice := rand.New(rand.NewPCG(1, 1))
	plain := 0
	for range 200_000 {
		text := parts[dice.IntN(2)]
		for range dice.IntN(8) {
			text += parts[dice.IntN(len(parts))]
		}
		got, ok := plainPlace(text)
		if !ok {
			continue
		}
		plain++
		u, err := url.Parse(text)
		if err != nil {
			t.Fatalf("%q is read, but %v", text, err)
		}
		want := place{strings.TrimPrefix(u.Hostname(), "www."), strings.TrimRight(u.Path, "/"), u.RawQuery}
		if got != want || u.Port() != "" || u.User != nil || u.Fragment != "" {
			t.Fatalf("%q gives %+v, want %+v", text, got, want)
		}
	}
	if plain < 1000 {
		t.Errorf("only %d texts were plain", plain)
	}
}
