package ingest_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"callboard/catalog"
	"callboard/catalog/ingest"
)

// TestSync_DifferencesComeToTheSame changes two repositories at random and syncs them with two syncers: one lives
// on and looks at differences only, the other is restarted before and after each sync, so that it scans whole
// trees and builds all. Both must always show, report and store the same.
func TestSync_DifferencesComeToTheSame(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			w := newRestlessWorld(seed)
			lasting, restarted := newHouse(t, w.sources()...), newHouse(t, w.sources()...)
			for step := range 25 {
				w.step()
				restarted.restart()
				want, got := reportOf(restarted), reportOf(lasting)
				same(t, step, "report", want, got)
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

func reportOf(h *house) ingest.Report {
	r := h.sync()
	r.Millis = 0
	return r
}

// shows is what can be seen of a catalog.
func shows(h *house) map[string]any {
	out := map[string]any{"refs": strings.Split(h.refs(), "\n"), "problems": strings.Split(h.problems(), "\n")}
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

// restlessWorld is two repositories whose files define some of the same entities.
type restlessWorld struct {
	dice  *rand.Rand
	repos []*repository
	trees []tree
}

func newRestlessWorld(seed uint64) *restlessWorld {
	w := &restlessWorld{dice: rand.New(rand.NewPCG(seed, 2))}
	for i := range 2 {
		files := tree{}
		for n := range 60 {
			files[fmt.Sprintf("s%d/catalog-info.yaml", n)] = service(fmt.Sprintf("service-%d", n+50*i))
		}
		if seed%2 == 1 { // with Locations all additions and removals are looked at whole
			files["catalog-info.yaml"] = location("./odd-1.yaml", "./odd-2.yaml")
		}
		w.repos, w.trees = append(w.repos, &repository{}), append(w.trees, files)
	}
	return w
}

func (w *restlessWorld) sources() []ingest.Config {
	acme, other := source("acme", w.repos[0]), source("other", w.repos[1])
	other.Trusted = false
	return []ingest.Config{acme, other}
}

// step commits up to three changes to one repository, or to both.
func (w *restlessWorld) step() {
	for i, repo := range w.repos {
		if w.dice.IntN(3) == 0 {
			continue
		}
		files := maps.Clone(w.trees[i])
		for range 1 + w.dice.IntN(3) {
			w.change(files)
		}
		w.trees[i] = files
		repo.commit(files)
	}
}

func (w *restlessWorld) change(files tree) {
	names := slices.Sorted(maps.Keys(files))
	name := names[w.dice.IntN(len(names))]
	other := fmt.Sprintf("service-%d", w.dice.IntN(120)) // perhaps one that is defined already
	folder := fmt.Sprintf("s%d", w.dice.IntN(80))
	switch w.dice.IntN(13) {
	case 0, 1, 2:
		files[name] = service(other, fmt.Sprintf("system: system-%d", w.dice.IntN(5)))
	case 3:
		files[name] += "---\n" + service(other)
	case 4:
		files[name] = strings.Replace(files[name], "owner:", "nobody:", 1)
	case 5:
		files[name] = ": no YAML ["
	case 6:
		delete(files, name)
	case 7:
		files[folder+"/moved/catalog-info.yaml"] = files[name]
		delete(files, name)
	case 8:
		files[folder+"/catalog-info.yaml"] = service(other)
	case 9:
		files[folder+"/catalog-info.yaml"] = template
		files[folder+"/skeleton/catalog-info.yaml"] = service(other)
	case 10:
		files[folder+"/catalog-info.yaml"] = strings.Replace(service(other), "type: service", "type:\n    $text: ../type.txt", 1)
		files["type.txt"] = fmt.Sprintf("type-%d", w.dice.IntN(3))
	case 11:
		files["type.txt"] = fmt.Sprintf("type-%d", w.dice.IntN(3))
		files[fmt.Sprintf("odd-%d.yaml", w.dice.IntN(3))] = service(other)
	case 12:
		if _, found := files["catalog-info.yaml"]; found {
			files["catalog-info.yaml"] = location(fmt.Sprintf("./odd-%d.yaml", w.dice.IntN(3)), "./s1/catalog-info.yaml")
		}
	}
}
