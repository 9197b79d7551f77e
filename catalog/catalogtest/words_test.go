package catalogtest

// These tests are inside the package to reach the word lists: making a whole catalog for each of
// them would take the race detector half a minute.

import (
	"strings"
	"testing"
)

func TestWords_UnlikeEachOther(t *testing.T) {
	t.Parallel()
	for _, list := range []string{adjectives, nouns, roles, areas, firstNames, lastNames} {
		words := strings.Fields(list)
		for i, a := range words {
			for _, b := range words[:i] {
				if edits(a, b) < 4 {
					t.Errorf("%q and %q are too alike", a, b)
				}
			}
		}
	}
}

// TestNamer_NeverTwice covers the largest benchmark, and goes past the last combination.
func TestNamer_NeverTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(Options{Entities: 100_000, Seed: 9})
	if w.component.size < 100_000 {
		t.Errorf("only %d component names have no number", w.component.size)
	}
	for kind, names := range map[string]namer{"component": w.component, "domain": w.domain, "person": w.person} {
		seen := map[string]bool{}
		for i := range 2*names.size + 1 {
			name := names.name(i)
			if seen[name] {
				t.Fatalf("%s %d is called %s, as is another", kind, i, name)
			}
			seen[name] = true
		}
	}
}

// edits is the number of letters to insert, delete or replace that lead from one word to the other.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
