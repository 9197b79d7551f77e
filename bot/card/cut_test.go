package card_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"callboard/bot/card"
)

func TestCut(t *testing.T) {
	tests := []struct {
		text  string
		limit int
		want  string
	}{
		{"short", 10, "short"},
		{"exactly ten", 11, "exactly ten"},
		{"one two three", 9, "one two…"},
		{"onetwothree", 5, "onet…"},
		{"größe ☕ groß", 8, "größe ☕…"},
		{"a " + strings.Repeat("b", 20), 10, "a bbbbbbb…"},
	}
	for _, tt := range tests {
		if got := card.Cut(tt.text, tt.limit); got != tt.want || utf8.RuneCountInString(got) > tt.limit {
			t.Errorf("Cut(%q, %d) = %q, want %q", tt.text, tt.limit, got, tt.want)
		}
	}
}
