package markup_test

import (
	"testing"

	"callboard/bot/card/markup"
)

func TestParseAddress(t *testing.T) {
	tests := []struct {
		raw, url, host string // url "" when refused
	}{
		{"https://acme.example/a?b=c#d", "https://acme.example/a?b=c#d", "acme.example"},
		{"HTTPS://ACME.example:8443/A", "https://acme.example:8443/A", "acme.example:8443"},
		{"http://[2001:db8::1]/x", "http://[2001:db8::1]/x", "[2001:db8::1]"},
		{"http://[2001:db8::1]:8080/x", "http://[2001:db8::1]:8080/x", "[2001:db8::1]:8080"},
		{"https://раураl.example/", "https://xn--l-7sba6dbr.example/", "xn--l-7sba6dbr.example"},
		{"https://acme.example/путь?q=é", "https://acme.example/%D0%BF%D1%83%D1%82%D1%8C?q=%C3%A9", "acme.example"},
		{"https://acme.example/?q=日本", "https://acme.example/?q=%E6%97%A5%E6%9C%AC", "acme.example"},
		{"mailto:team@acme.example?subject=x", "mailto:team@acme.example?subject=x", "team@acme.example"},
		{"javascript:alert(1)", "", ""},
		{"https://good.example@evil.example", "", ""},
		{"https://evil.example/\x1b]8;;\x07", "", ""},
		{"https://evil.example/\u202e", "", ""},
	}
	for _, tt := range tests {
		got, ok := markup.ParseAddress(tt.raw)
		if ok != (tt.url != "") || got.URL != tt.url || got.Host != tt.host {
			t.Errorf("ParseAddress(%q) = %+v, %v", tt.raw, got, ok)
		}
	}
}

func TestParseAddress_Site(t *testing.T) {
	tests := map[string]string{
		"https://git.eu.acme.example/x":   "acme.example",
		"https://acme.example":            "acme.example",
		"https://acme.github.io/x":        "acme.github.io",
		"https://www.acme.co.uk":          "acme.co.uk",
		"https://localhost/":              "localhost",
		"https://10.0.0.1/":               "10.0.0.1",
		"https://[2001:db8::1]/":          "[2001:db8::1]",
		"https://git.acme.example:8443/x": "git.acme.example:8443",
		"mailto:team@acme.example":        "team@acme.example",
		"https://co.uk":                   "co.uk",
	}
	for raw, want := range tests {
		if got, ok := markup.ParseAddress(raw); !ok || got.Site != want {
			t.Errorf("ParseAddress(%q).Site = %q, want %q", raw, got.Site, want)
		}
	}
}

func TestAddress_Claims(t *testing.T) {
	to, ok := markup.ParseAddress("https://evil.example/login")
	if !ok {
		t.Fatal("refused")
	}
	tests := map[string]bool{
		"dashboard":                                          false,
		"docs/runbook.md":                                    false,
		"":                                                   false,
		"https://evil.example/login":                         false,
		"https://evil.example/elsewhere":                     false,
		"https://good.example/login":                         true,
		"see <https://good.example>":                         true,
		"www.good.example":                                   true,
		"ssh://good.example":                                 true,
		"https://good.example@x":                             true,
		"pay@good.example":                                   true,
		"ht\u200btps://good.example":                         true,
		"https://evil.example.good":                          true,
		"ask @jonas, @everyone":                              false,
		"https://evil.example/ or www.good.example":          true,
		"https://evil.example/?to=https://good.example/":     true,
		"not https://evil.example but https://good.example/": true,
	}
	for words, want := range tests {
		if got := to.Claims(words); got != want {
			t.Errorf("Claims(%q) = %v", words, got)
		}
	}
}

func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{"https://acme.example/a?b=c#d", "mailto:a@b", "http://[::1]:80/", "https://раураl.example/путь"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, ok := markup.ParseAddress(raw)
		if !ok {
			return
		}
		for _, s := range []string{got.URL, got.Host} {
			for i := range len(s) {
				if s[i] <= ' ' || s[i] > '~' {
					t.Fatalf("ParseAddress(%q) = %q: byte %#x", raw, s, s[i])
				}
			}
		}
		if again, ok := markup.ParseAddress(got.URL); !ok || again.Host != got.Host {
			t.Fatalf("%q became %q, which reads as %+v", raw, got.URL, again)
		}
	})
}
