package bot_test

import (
	"strings"
	"testing"

	"callboard/bot"
	"callboard/catalog"
)

func TestShort(t *testing.T) {
	long := "component:default/" + strings.Repeat("x", 63)
	ref, err := catalog.ParseRef(long, "", "")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		command string
		want    string
		fits    bool
	}{
		{"who-owns checkout", "who-owns checkout", true},
		{"who-owns " + long, "who-owns ~" + ref.Digest(), true},
		{"who-owns " + long + " --explain", "who-owns ~" + ref.Digest() + " --explain", true},
		{"find " + strings.Repeat("word ", 30), "", false},
	}
	for _, tt := range tests {
		got, fits := bot.Short(tt.command, 60)
		if fits != tt.fits || fits && got != tt.want {
			t.Errorf("Short(%q) = %q, %v, want %q, %v", tt.command, got, fits, tt.want, tt.fits)
		}
	}
}
