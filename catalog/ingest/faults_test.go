package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"callboard/catalog"
	"callboard/catalog/ingest"
)

var _ ingest.Store = (*failing)(nil)

// failing is a Store that counts what is asked of it, and fails once: at the op with number at, before
// or after that took effect.
type failing struct {
	ingest.Store
	ops, at int
	after   bool
}

var errStore = errors.New("the store fails")

func (f *failing) run(do func() error) error {
	f.ops++
	if f.ops != f.at {
		return do()
	}
	if f.after {
		return errors.Join(do(), errStore)
	}
	return errStore
}

func (f *failing) Load(ctx context.Context) (stored ingest.Stored, err error) {
	err = f.run(func() error {
		stored, err = f.Store.Load(ctx)
		return err
	})
	return stored, err
}

func (f *failing) Apply(ctx context.Context, set *catalog.ChangeSet) error {
	return f.run(func() error { return f.Store.Apply(ctx, set) })
}

// story is a catalog's life in steps, each a commit or the end of the process.
func story() []func(acme, venues *repository) {
	broken := "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: b}\nspec: {type: [}\n"
	return []func(acme, venues *repository){
		func(acme, venues *repository) {
			acme.commit(tree{"a/catalog-info.yaml": service("a"), "b/catalog-info.yaml": service("b")})
			venues.commit(tree{"catalog-info.yaml": service("v")})
		},
		func(acme, _ *repository) { // a stale entity, a new one
			acme.commit(tree{"a/catalog-info.yaml": service("a"), "b/catalog-info.yaml": broken, "c/catalog-info.yaml": service("c")})
		},
		func(_, venues *repository) { // conflicts
			venues.commit(tree{"catalog-info.yaml": service("v"), "x/catalog-info.yaml": service("a") + "---\n" + service("d")})
		},
		nil,
		func(acme, _ *repository) { // a moved one, a conflict that ends, a Location
			acme.commit(tree{
				"moved/catalog-info.yaml": service("c"), "b/catalog-info.yaml": service("b"), "more.yaml": service("e"),
				"catalog-info.yaml": "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata: {name: l}\nspec: {target: ./more.yaml}\n",
			})
		},
		func(acme, venues *repository) { // an orphan
			acme.commit(tree{"moved/catalog-info.yaml": service("c"), "b/catalog-info.yaml": service("b"), "more.yaml": service("e")})
			venues.fail(errors.New("gone"))
		},
		nil,
	}
}

// told is what people see: entities with their marks, and what is wrong with them.
func (h *house) told() string {
	var b strings.Builder
	b.WriteString(h.refs() + "\n")
	for _, p := range h.view().Problems() {
		fmt.Fprintf(&b, "%s %s: %s\n", p.Origin.Place(), p.Rule, p.Text)
	}
	for _, s := range h.view().Sources() {
		fmt.Fprintf(&b, "%s @%s %q\n", s.Name, s.Revision, s.Error)
	}
	return b.String()
}

// live runs the story on a store that fails once, and gives what people see after each step, the first
// time and, where the store failed, after another try.
func live(t *testing.T, at int, after bool) (ops int, seen [][]string) {
	t.Helper()
	acme, venues := &repository{}, &repository{}
	h := newHouse(t, source("acme", acme), source("venues", venues))
	store := &failing{Store: h.store, at: at, after: after}
	for _, step := range story() {
		if step == nil {
			h.syncer = h.newSyncer(store)
			err := h.syncer.Load(t.Context())
			if err != nil {
				if !errors.Is(err, errStore) {
					t.Fatal(err)
				}
				h.syncer = h.newSyncer(store)
				err = h.syncer.Load(t.Context())
			}
			if err != nil {
				t.Fatal(err)
			}
			seen = append(seen, []string{h.told()})
			continue
		}
		if len(seen) == 0 {
			h.syncer = h.newSyncer(store)
		}
		step(acme, venues)
		report := h.sync()
		now := []string{h.told()}
		if (report.Error != "") != (h.syncer.Fault() != nil) {
			t.Errorf("op %d fails: the report says %q, Fault %v", at, report.Error, h.syncer.Fault())
		}
		if report.Error != "" {
			if report = h.sync(); report.Error != "" || h.syncer.Fault() != nil {
				t.Errorf("op %d fails: after it, too: %q, %v", at, report.Error, h.syncer.Fault())
			}
			now = append(now, h.told())
		}
		seen = append(seen, now)
	}
	return store.ops, seen
}

// TestSync_StoreFailsAtEachOp lets each single op of the store fail, before it had an effect and after. People
// see the catalog from before until the store took the new one, and then see what they always would have.
func TestSync_StoreFailsAtEachOp(t *testing.T) {
	ops, want := live(t, 0, false)
	if ops < len(story()) {
		t.Fatalf("%d ops are too few for this story", ops)
	}
	for at := 1; at <= ops; at++ {
		for _, after := range []bool{false, true} {
			_, got := live(t, at, after)
			failed := 0
			for i := range want {
				if diff := cmp.Diff(want[i][0], got[i][len(got[i])-1]); diff != "" {
					t.Errorf("op %d fails (after its effect: %t): step %d ends otherwise (-want +got):\n%s", at, after, i, diff)
				}
				if len(got[i]) == 1 {
					continue
				}
				failed++
				before := newHouse(t, source("acme", &repository{}), source("venues", &repository{})).told()
				if i > 0 {
					before = want[i-1][0]
				}
				if diff := cmp.Diff(before, got[i][0]); diff != "" {
					t.Errorf("op %d fails (after its effect: %t): step %d shows what was not stored (-want +got):\n%s", at, after, i, diff)
				}
			}
			if failed > 1 {
				t.Errorf("op %d fails: %d steps failed", at, failed)
			}
		}
	}
	t.Logf("%d ops", ops)
}

// TestSync_StoreRefusesThenIdles: when the news that the store refused are taken back, nothing is left to
// write, and nobody goes on saying that it refuses.
func TestSync_StoreRefusesThenIdles(t *testing.T) {
	repo := &repository{}
	h := newHouse(t, source("acme", repo))
	repo.commit(tree{"catalog-info.yaml": service("a")})
	h.sync()
	h.store.Fail = func() error { return errStore }
	repo.commit(tree{"catalog-info.yaml": service("b")})
	h.sync()
	repo.revision -= 2
	repo.commit(tree{"catalog-info.yaml": service("a")})
	if h.sync(); h.syncer.Fault() == nil {
		t.Error("the store still refuses, and nobody says so")
	}
	h.store.Fail = nil
	if h.sync(); h.syncer.Fault() != nil {
		t.Errorf("the store is well, but Fault says %v", h.syncer.Fault())
	}
}

// TestRun_RefusedChangeComesSoon: once the store takes a change again, what it refused before does not wait
// for the next poll.
func TestRun_RefusedChangeComesSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, two := &repository{}, &repository{}
		h := newHouse(t, source("one", one), source("two", two))
		h.syncer = ingest.NewSyncer(ingest.Options{Store: h.store, Sources: h.sources, Log: slog.New(slog.DiscardHandler)})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			h.syncer.Run(ctx, time.Hour)
		}()
		one.commit(tree{"catalog-info.yaml": service("a")})
		two.commit(tree{"catalog-info.yaml": service("b")})
		synctest.Wait()
		h.store.Fail = func() error { return errStore }
		one.commit(tree{"catalog-info.yaml": service("c")})
		h.syncer.KickSource("one")
		synctest.Wait()
		if h.syncer.Fault() == nil {
			t.Error("the store refuses, and nobody says so")
		}
		h.store.Fail = nil
		two.commit(tree{"catalog-info.yaml": service("d")})
		h.syncer.KickSource("two")
		time.Sleep(time.Minute) //nolint:forbidigo // virtual time
		synctest.Wait()
		h.want("component:c one/catalog-info.yaml", "component:d two/catalog-info.yaml")
		cancel()
		<-done
	})
}
