package ingest_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"callboard/catalog"
	"callboard/catalog/ingest"
)

// TestSync_DifferencesComeToTheSame changes three repositories at random and syncs them with two syncers: one lives
// on and looks at differences only, the other is restarted before and after each sync, so that it scans whole
// trees and builds all. Both must always show, report and store the same. Now and then sources fail, removals
// wait, operators confirm and the store refuses.
func TestSync_DifferencesComeToTheSame(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			w := newRestlessWorld(seed)
			lasting, restarted := newHouse(t, w.sources...), newHouse(t, w.sources...)
			for step := range 25 {
				w.step()
				confirm, refused := w.dice.IntN(6) == 0, error(nil)
				if w.dice.IntN(12) == 0 {
					refused = errDown
				}
				lasting.store.Fail = func() error { return refused }
				restarted.store.Fail = lasting.store.Fail
				restarted.restart()
				same(t, step, "report", reportOf(restarted, confirm), reportOf(lasting, confirm))
				if refused != nil {
					continue
				}
				same(t, step, "catalog", shows(restarted), shows(lasting))
				same(t, step, "store", stores(restarted), stores(lasting))
				restarted.restart()
				same(t, step, "catalog after a restart", shows(restarted), shows(lasting))
				if w.dice.IntN(20) == 0 {
					lasting.restart()
				}
			}
		})
	}
}

func same(t *testing.T, step int, what string, want, got any) {
	t.Helper()
	if reflect.DeepEqual(want, got) {
		return // much quicker than the list of differences
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmp.AllowUnexported(catalog.Positions{})); diff != "" {
		t.Fatalf("after step %d the %s differs (-whole +differences):\n%s", step, what, diff)
	}
}

func reportOf(h *house, confirm bool) ingest.Report {
	r := h.syncer.Sync(h.t.Context(), confirm)
	r.Millis, r.Problems = 0, 0 // shows compares problems
	return r
}

// shows is what can be seen of a catalog, but for the targets that another source does not have: who was
// restarted says nothing of those of a source before it has read its tree.
func shows(h *house) map[string]any {
	problems := slices.DeleteFunc(strings.Split(h.problems(), "\n"), func(p string) bool { return strings.Contains(p, "no file of that repository") })
	out := map[string]any{"refs": strings.Split(h.refs(), "\n"), "problems": problems}
	for doc := range h.view().Documents() {
		out[doc.Entity.Ref.String()] = []any{doc, h.view().Losers(doc.Entity.Ref)}
	}
	return out
}

func stores(h *house) map[string]any {
	h.t.Helper()
	stored, err := h.store.Load(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	out := map[string]any{}
	for _, file := range stored.Files {
		out[file.Source+" "+file.Path] = file
	}
	return out
}
