package main

import (
	"strings"
	"testing"

	"callboard/cmd/callboard/internal/config"
)

// What Discord alone has; what every chat has is tried by the sessions in chat_test.go. While somebody types, verbs and
// names are offered, and of names those that the person may see.
func TestDiscord_Autocomplete(t *testing.T) {
	for _, mode := range []string{config.DiscordGateway, config.DiscordHTTP} {
		t.Run(mode, func(t *testing.T) {
			s := newDiscordStage(t, mode)
			openSite(t, hiding, s)
			tests := []struct {
				person, command, typed string
				want                   string // what the names that are offered begin with, in order
			}{
				{"ada", "/who-owns", "check", "checkout checkout-web"},
				{"ada", "/who-owns", "merg", "merger"},
				{"grace", "/who-owns", "merg", ""},
				{"grace", "/callboard", "text:who", "who-owns whoami"},
				{"grace", "/callboard", `"text:runbook checkout-"`, "runbook"},
				{"grace", "/callboard", `"text:deps merg"`, ""},
			}
			for _, tt := range tests {
				var got []string
				for _, name := range s.Autocomplete(tt.person, string(general), tt.command, tt.typed) {
					first, _, _ := strings.Cut(name, " ")
					got = append(got, first)
				}
				if strings.Join(got, " ") != tt.want {
					t.Errorf("%s types %s %s: offered %q, want %q", tt.person, tt.command, tt.typed, got, tt.want)
				}
			}
		})
	}
}
