package markup_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"callboard/bot/card/cardtest"
	"callboard/bot/card/markup"
)

func TestTerminal(t *testing.T) {
	tests := map[string]string{
		"":                                 "",
		"plain text":                       "plain text",
		"two  spaces":                      "two spaces",
		" kept at both ends ":              " kept at both ends ",
		"a\nb\r\nc\td\v\f\u0085\u2028e":    "a b c d e",
		"no\u00a0break\u3000wide":          "no break wide",
		"\x1b[31mred\x1b[0m":               "␛[31mred␛[0m",
		"\x1b]52;c;cm0=\x07":               "␛]52;c;cm0=␇",
		"\x00\x08\x7f":                     "␀␈␡",
		"\u009b31m":                        "�31m",
		"\x9b31m":                          "�31m",
		"gnp\u202egpj.exe":                 "gnpgpj.exe",
		"pay\u200bments\ufeff\u00ad":       "payments",
		"a \u200b b":                       "a b",
		"\U000e0068\U000e0069":             "",
		"\u115f\u3164\uffa0\u034f":         "",
		"\ufffe\U0010ffff\ufdd0":           "���",
		"\xed\xa0\x80":                     "���",
		"שלום عربي":                        "שלום عربي",
		"नमस्ते สวัสดี":                    "नमस्ते สวัสดี",
		"決済":                               "決済",
		"e\u0301":                          "e\u0301",
		"\u0301e":                          "e",
		" \u0301":                          " ",
		"e" + strings.Repeat("\u0301", 99): "e" + strings.Repeat("\u0301", 8),
		"👩\u200d💻 ❤\ufe0f 🇩🇪 👍🏽": "👩💻 ❤ 🇩🇪 👍🏽",
	}
	for in, want := range tests {
		if got := markup.Terminal(in); got != want {
			t.Errorf("Terminal(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestCut(t *testing.T) {
	tests := []struct {
		text    string
		columns int
		want    string
	}{
		{"checkout", 8, "checkout"},
		{"checkout", 7, "checko…"},
		{"takes money and keeps books", 16, "takes money and…"},
		{"takes money and keeps books", 17, "takes money and…"},
		{"takes money and keeps books", 14, "takes money…"},
		{"a verylongwordthatdoesnotfit", 12, "a verylongw…"},
		{"team-payments · tier 1", 17, "team-payments…"},
		{"決済チーム", 10, "決済チーム"},
		{"決済チーム", 9, "決済チー…"},
		{"決済チーム", 8, "決済チ…"},
		{"🇩🇪🇩🇪🇩🇪", 5, "🇩🇪🇩🇪…"},
		{"e\u0301e\u0301e\u0301", 2, "e\u0301…"},
		{"abc", 1, "…"},
		{"abc", 0, ""},
		{"", 0, ""},
		{"abc", -1, ""},
	}
	for _, tt := range tests {
		if got := markup.Cut(tt.text, tt.columns); got != tt.want {
			t.Errorf("Cut(%q, %d) = %q, want %q", tt.text, tt.columns, got, tt.want)
		}
	}
}

func FuzzTerminal(f *testing.F) {
	for _, s := range cardtest.HostileTexts() {
		f.Add(s, 10)
	}
	f.Fuzz(func(t *testing.T, s string, columns int) {
		got := markup.Terminal(s)
		checkSafe(t, got)
		if again := markup.Terminal(got); again != got {
			t.Errorf("Terminal is not stable: %q, then %q", got, again)
		}
		cut := markup.Cut(got, columns)
		checkSafe(t, cut)
		if w := markup.Width(cut); w > max(columns, 0) {
			t.Errorf("Cut(%q, %d) = %q takes %d columns", got, columns, cut, w)
		}
		if head, rest := markup.Split(got, columns); head+rest != got {
			t.Errorf("Split(%q, %d) = %q, %q", got, columns, head, rest)
		}
	})
}

// checkSafe is written without the tables that Terminal uses where that is possible.
func checkSafe(t *testing.T, s string) {
	t.Helper()
	if !utf8.ValidString(s) {
		t.Errorf("%q is not valid UTF-8", s)
	}
	for _, r := range s {
		switch {
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Bidi_Control, r),
			unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r), unicode.IsSpace(r) && r != ' ',
			unicode.Is(unicode.Variation_Selector, r), unicode.Is(unicode.Noncharacter_Code_Point, r),
			r >= 0x200b && r <= 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2060 && r <= 0x206f, r == 0xfeff:
			t.Errorf("%q contains %U", s, r)
		}
	}
}
