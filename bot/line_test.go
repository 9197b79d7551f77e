package bot_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"callboard/bot"
)

func TestParse(t *testing.T) {
	tests := map[string]struct {
		text string
		want bot.Line
	}{
		"verb and target":        {"who-owns checkout", bot.Line{Verb: "who-owns", Args: []string{"checkout"}}},
		"slash":                  {"/who-owns checkout", bot.Line{Verb: "who-owns", Args: []string{"checkout"}}},
		"own slash command":      {"/callboard who-owns checkout", bot.Line{Verb: "who-owns", Args: []string{"checkout"}}},
		"own mention":            {"@callboard Who-Owns checkout", bot.Line{Verb: "who-owns", Args: []string{"checkout"}}},
		"nothing":                {"  \t ", bot.Line{}},
		"only the own name":      {"@callboard", bot.Line{}},
		"flags anywhere":         {"deps --up checkout --json", bot.Line{Verb: "deps", Args: []string{"checkout"}, Flags: map[string]string{"up": "", "json": ""}}},
		"flag with value":        {"who-owns x --at=2026-03-04T03:12", bot.Line{Verb: "who-owns", Args: []string{"x"}, Flags: map[string]string{"at": "2026-03-04T03:12"}}},
		"quoted flag value":      {`find x --owner="team a"`, bot.Line{Verb: "find", Args: []string{"x"}, Flags: map[string]string{"owner": "team a"}}},
		"free text":              {"rollback checkout -- canary errors, --really", bot.Line{Verb: "rollback", Args: []string{"checkout"}, Free: "canary errors, --really"}},
		"quotes":                 {`runbook etcd "no leader"`, bot.Line{Verb: "runbook", Args: []string{"etcd", "no leader"}}},
		"curly quotes":           {"runbook etcd “no leader”", bot.Line{Verb: "runbook", Args: []string{"etcd", "no leader"}}},
		"long dash":              {"who-owns x —json", bot.Line{Verb: "who-owns", Args: []string{"x"}, Flags: map[string]string{"json": ""}}},
		"apostrophe":             {"find don't panic", bot.Line{Verb: "find", Args: []string{"don't", "panic"}}},
		"quote never closed":     {`find 5" pipe`, bot.Line{Verb: "find", Args: []string{`5"`, "pipe"}}},
		"quoted dashes are text": {`find "--json"`, bot.Line{Verb: "find", Args: []string{"--json"}}},
		"non-breaking blank":     {"who-owns\u00a0checkout", bot.Line{Verb: "who-owns", Args: []string{"checkout"}}},
		"ref":                    {"who-owns component:default/checkout", bot.Line{Verb: "who-owns", Args: []string{"component:default/checkout"}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := bot.Parse(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParse_Errors(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"flag twice":     {"find x --json --json", "twice"},
		"flag of blanks": {"find x --=1", "not a flag"},
		"odd flag":       {"find x --a/b", "not a flag"},
		"too long":       {"find " + strings.Repeat("x", 9000), "longer than"},
		"too many words": {"find " + strings.Repeat("x ", 100), "more than"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := bot.Parse(tt.text); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"who-owns x --json", `runbook a "b c" -- d "e`, "/callboard —x", `"" ""`, "@callboard", "a --b=\"c d\""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		line, err := bot.Parse(text)
		if err != nil || strings.ContainsAny(text, `"`) || strings.Contains(line.Free, "“") {
			return // quotes within words have no canonical form
		}
		again, err := bot.Parse(line.String())
		if err != nil {
			t.Fatalf("Parse(%q).String() = %q, which does not parse: %v", text, line.String(), err)
		}
		if diff := cmp.Diff(line, again, cmpopts.EquateEmpty()); diff != "" && line.Verb != "" && !strings.ContainsAny(line.Verb, "/") {
			t.Errorf("%q reads differently the second time: %s", text, diff)
		}
	})
}
