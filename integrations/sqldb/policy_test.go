package sqldb_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"callboard/catalog"
	"callboard/catalog/policy"
)

// TestPolicy_Restart: the rules that were good last are there when the program starts again, one file's only.
func TestPolicy_Restart(t *testing.T) {
	dir := t.TempDir()
	db := open(t, dir)
	if kept, err := db.Policy().Policy(t.Context()); err != nil || kept.Source != "" {
		t.Fatalf("a new store keeps %v, %v", kept, err)
	}
	want := policy.Kept{Source: "acme", Path: "policy.yaml", Seen: "bbb", Revision: "aaa", Text: []byte("visibility: []\n# ü\n"), Problems: []catalog.Problem{{
		Origin: catalog.Origin{Source: "acme", Path: "policy.yaml", Line: 3, Revision: "bbb"}, Pointer: "/visibility/0/when", Severity: catalog.Error, Rule: catalog.RulePolicy,
		Text: "no\nway", Fix: "mend it",
	}}}
	for _, kept := range []policy.Kept{{Source: "other", Path: "p", Seen: "x", Revision: "y"}, want} {
		if err := db.Policy().KeepPolicy(t.Context(), kept); err != nil {
			t.Fatal(err)
		}
	}
	closeDB(t, db)
	db = open(t, dir)
	defer closeDB(t, db)
	got, err := db.Policy().Policy(t.Context())
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}
