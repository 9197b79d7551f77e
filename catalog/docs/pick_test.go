package docs_test

import (
	"strings"
	"testing"

	"callboard/catalog"
	"callboard/catalog/docs"
)

// TestUnits_Definitions: the addresses of a section's links may stand at the end of the page.
func TestUnits_Definitions(t *testing.T) {
	const text = "# Page\n\n## One\n\nSee [the paper][Raft] and [none].\n\n## Two\n\nElse.\n\n" +
		"[raft]: https://raft.example\n[other]: https://other.example\n\n```\n[none]: https://code.example\n```\n"
	page := docs.ShelvedPage{Page: *docs.Split(catalog.Origin{Path: "p.md"}, []byte(text)), Runbook: true}
	unit, found := docs.SectionUnit(&page, "one")
	if want := "See [the paper][Raft] and [none].\n\n[raft]: https://raft.example"; !found || unit.Text != want {
		t.Errorf("gave %q, want %q", unit.Text, want)
	}
	if unit, _ := docs.SectionUnit(&page, "two"); strings.Count(unit.Text, "raft.example") != 1 {
		t.Errorf("gave %q", unit.Text)
	}
}

func TestPlain_Addresses(t *testing.T) {
	for text, want := range map[string]string{
		"[x](javascript:alert(1)) y": "x y", "[a](b) (c)": "a (c)", "[a](b(c": "a(b(c", "[a](b(c) d": "a d",
	} {
		if got := docs.Plain(text); got != want {
			t.Errorf("%q gave %q, want %q", text, got, want)
		}
	}
}
