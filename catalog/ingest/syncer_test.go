package ingest_test

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"callboard/catalog"
	"callboard/catalog/ingest"
	"callboard/catalog/ingest/ingesttest"
)

func TestSync_AddsChangesMovesRemoves(t *testing.T) {
	repo := &repository{}
	h := newHouse(t, source("acme", repo))
	repo.commit(tree{"a/catalog-info.yaml": service("a"), "b/catalog-info.yaml": service("b"), "c/catalog-info.yaml": service("c")})
	if r := h.sync(); r.Added != 3 || r.Entities != 3 || !r.Fine() {
		t.Errorf("first sync: %+v", r)
	}
	repo.commit(tree{"a/catalog-info.yaml": service("a", "system: shop"), "moved/catalog-info.yaml": service("b"), "d/catalog-info.yaml": service("d")})
	r := h.sync()
	if r.Added != 1 || r.Changed != 1 || r.Moved != 1 || r.Removed != 1 {
		t.Errorf("second sync: %+v", r)
	}
	h.want("component:a acme/a/catalog-info.yaml", "component:b acme/moved/catalog-info.yaml", "component:d acme/d/catalog-info.yaml")
	if r := h.sync(); r.Added+r.Changed+r.Moved+r.Removed != 0 {
		t.Errorf("a sync without news: %+v", r)
	}
}

func TestSync_ReadsOnlyWhatChanged(t *testing.T) {
	repo := &repository{}
	h := newHouse(t, source("acme", repo))
	files := many(200)
	files["api/catalog-info.yaml"] = "apiVersion: backstage.io/v1alpha1\nkind: API\nmetadata:\n  name: orders\nspec:\n  type: openapi\n  lifecycle: production\n  owner: team\n  definition:\n    $text: ./openapi.yaml\n"
	files["api/openapi.yaml"] = "openapi: 3.0.0\n"
	repo.commit(files)
	h.sync()
	repo.opened()

	changed := maps.Clone(files)
	changed["service-7/catalog-info.yaml"] = service("service-7", "system: shop")
	repo.commit(changed)
	h.sync()
	if got := repo.opened(); !slices.Equal(got, []string{"service-7/catalog-info.yaml"}) {
		t.Errorf("read %q after one file changed", got)
	}
	changed = maps.Clone(changed)
	changed["api/openapi.yaml"] = "openapi: 3.1.0\n"
	repo.commit(changed)
	h.sync()
	if got := repo.opened(); !slices.Equal(got, []string{"api/catalog-info.yaml", "api/openapi.yaml"}) {
		t.Errorf("read %q after a file that a placeholder names changed", got)
	}
	h.restart()
	h.sync()
	if got := repo.opened(); len(got) > 0 {
		t.Errorf("read %q after a restart without news", got)
	}
}

func TestSync_KeepsLastGood(t *testing.T) {
	repo := &repository{}
	h := newHouse(t, source("acme", repo))
	repo.commit(tree{"catalog-info.yaml": service("a") + "---\n" + service("b")})
	h.sync()

	t.Run("a document with errors", func(t *testing.T) {
		h.t = t
		repo.commit(tree{"catalog-info.yaml": service("a") + "---\n" + strings.Replace(service("b"), "  owner: team\n", "", 1)})
		if r := h.sync(); r.Removed != 0 {
			t.Errorf("%+v", r)
		}
		h.want("component:a acme/catalog-info.yaml", "component:b acme/catalog-info.yaml stale")
	})
	t.Run("after a restart", func(t *testing.T) {
		h.t = t
		h.restart()
		h.want("component:a acme/catalog-info.yaml", "component:b acme/catalog-info.yaml stale")
		h.sync()
		h.want("component:a acme/catalog-info.yaml", "component:b acme/catalog-info.yaml stale")
	})
	t.Run("a file that is no YAML at all", func(t *testing.T) {
		h.t = t
		repo.commit(tree{"catalog-info.yaml": "%\n\t{"})
		h.sync()
		if got := h.view().Len(); got == 0 {
			t.Errorf("all entities are gone: %s", h.problems())
		}
	})
	t.Run("mended", func(t *testing.T) {
		h.t = t
		repo.commit(tree{"catalog-info.yaml": service("a") + "---\n" + service("b")})
		h.sync()
		h.want("component:a acme/catalog-info.yaml", "component:b acme/catalog-info.yaml")
		h.wantNoProblems()
	})
	t.Run("deleted", func(t *testing.T) {
		h.t = t
		repo.commit(tree{"catalog-info.yaml": service("a")})
		h.sync()
		h.want("component:a acme/catalog-info.yaml")
	})
}

func TestSync_Conflicts(t *testing.T) {
	first, second := &repository{}, &repository{}
	untrusted := source("second", second)
	untrusted.Trusted = false
	h := newHouse(t, untrusted, source("first", first))
	first.commit(tree{"z/catalog-info.yaml": service("a")})
	second.commit(tree{"a/catalog-info.yaml": service("a")})
	h.sync()
	h.want("component:a first/z/catalog-info.yaml") // on an empty store trust comes before order
	h.wantProblem(catalog.RuleConflict, "second/a/catalog-info.yaml:4", "first z/catalog-info.yaml", "trusted")
	h.wantProblem(catalog.RuleConflict, "first/z/catalog-info.yaml:4", "second a/catalog-info.yaml")

	t.Run("a newcomer does not take over", func(t *testing.T) {
		h.t = t
		first.commit(tree{"z/catalog-info.yaml": service("a"), "b/catalog-info.yaml": service("a")})
		h.sync()
		h.want("component:a first/z/catalog-info.yaml")
	})
	t.Run("nor when the holder changes", func(t *testing.T) {
		h.t = t
		first.commit(tree{"z/catalog-info.yaml": service("a", "system: shop"), "b/catalog-info.yaml": service("a")})
		h.sync()
		h.want("component:a first/z/catalog-info.yaml")
	})
	t.Run("nor after a restart", func(t *testing.T) {
		h.t = t
		h.restart()
		h.sync()
		h.want("component:a first/z/catalog-info.yaml")
	})
	t.Run("nor when the holder moves", func(t *testing.T) {
		h.t = t
		first.commit(tree{"zz/catalog-info.yaml": service("a", "system: shop"), "b/catalog-info.yaml": service("a")})
		h.sync()
		h.want("component:a first/zz/catalog-info.yaml")
	})
	t.Run("but when the holder goes", func(t *testing.T) {
		h.t = t
		first.commit(tree{"b/catalog-info.yaml": service("a")})
		h.sync()
		h.want("component:a first/b/catalog-info.yaml")
	})
}

func TestSync_DuplicatesInOneFile(t *testing.T) {
	repo := &repository{}
	h := newHouse(t, source("acme", repo))
	repo.commit(tree{"catalog-info.yaml": service("a") + "---\n" + service("a", "system: shop")})
	for range 2 {
		h.sync()
		e, _ := h.view().Get(catalog.NewRef("component", "", "a"))
		if e == nil || e.Origin.Doc != 2 {
			t.Fatalf("the later document does not count: %+v", e)
		}
		h.wantProblem(catalog.RuleDuplicate, "acme/catalog-info.yaml:4", "duplicate of catalog-info.yaml:10")
		h.wantProblem(catalog.RuleDuplicate, "acme/catalog-info.yaml:13", "duplicate of catalog-info.yaml:1")
		h.restart()
	}
}

func TestSync_Locations(t *testing.T) {
	tests := map[string]struct {
		targets []string
		want    []string // names of components found
		problem string   // a word of the problem at the target; "" for none
	}{
		"relative":              {[]string{"./x/a.yaml"}, []string{"a"}, ""},
		"bare relative":         {[]string{"x/a.yaml"}, []string{"a"}, ""},
		"root-relative":         {[]string{"/dir/x/a.yaml"}, []string{"a"}, ""},
		"one star":              {[]string{"./x/*.yaml"}, []string{"a", "b"}, ""},
		"two stars":             {[]string{"./**/*.yaml"}, []string{"a", "b", "c"}, ""},
		"question mark":         {[]string{"./x/?.yaml"}, []string{"a", "b"}, ""},
		"parent":                {[]string{"../top.yaml"}, []string{"top"}, ""},
		"out of the repository": {[]string{"../../top.yaml"}, nil, "out of the repository"},
		"out by the root":       {[]string{"/../top.yaml"}, nil, "out of the repository"},
		"missing":               {[]string{"./nowhere.yaml", "./x/a.yaml"}, []string{"a"}, "no file"},
		"glob without a match":  {[]string{"./none/*.yaml"}, nil, "no file"},
		"nested":                {[]string{"./nested.yaml"}, []string{"c"}, ""},
		"cycle":                 {[]string{"./catalog-info.yaml", "./x/a.yaml"}, []string{"a"}, ""},
		"URL of this source":    {[]string{"https://git.example.com/acme/catalog/blob/main/dir/x/a.yaml"}, []string{"a"}, ""},
		"tree URL with a glob":  {[]string{"https://git.example.com/acme/catalog/tree/main/dir/x/*.yaml"}, []string{"a", "b"}, ""},
		"URL of another source": {[]string{"https://git.example.com/other/repo/blob/main/far.yaml"}, []string{"far"}, ""},
		"URL of no source":      {[]string{"https://elsewhere.example.com/x/blob/main/a.yaml"}, nil, "catalog.sources"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			acme := &repository{web: "https://git.example.com/acme/catalog/blob/"}
			other := &repository{web: "https://git.example.com/other/repo/blob/"}
			named := source("other", other)
			named.Paths = nil // it is read where Locations name its files
			h := newHouse(t, source("acme", acme), named)
			acme.commit(tree{
				"top.yaml": service("top"), "dir/catalog-info.yaml": location(tt.targets...),
				"dir/x/a.yaml": service("a"), "dir/x/b.yaml": service("b"), "dir/y/c.yaml": service("c"),
				"dir/nested.yaml": strings.Replace(location("./y/c.yaml"), "root", "nested", 1),
			})
			other.commit(tree{"far.yaml": service("far")})
			h.sync()
			var got []string
			for e := range h.view().All() {
				if e.Ref.Kind == "component" {
					got = append(got, e.Ref.Name)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("found %q, want %q; problems: %s", got, tt.want, h.problems())
			}
			if tt.problem == "" {
				h.wantNoProblems()
				return
			}
			h.wantProblem(catalog.RuleLocation, "acme/dir/catalog-info.yaml:7", tt.problem)
		})
	}
}

func TestSync_OptionalLocation(t *testing.T) {
	repo := &repository{}
	h := newHouse(t, source("acme", repo))
	repo.commit(tree{"catalog-info.yaml": location("./nowhere.yaml") + "  presence: optional\n"})
	h.sync()
	h.wantNoProblems()
	repo.commit(tree{"catalog-info.yaml": location("./nowhere.yaml") + "  presence: optional\n", "nowhere.yaml": service("a")})
	h.sync()
	h.want("component:a acme/nowhere.yaml", "location:root acme/catalog-info.yaml")
}

func TestSync_LocationProblemGoesWithItsCause(t *testing.T) {
	repo := &repository{}
	h := newHouse(t, source("acme", repo))
	files := tree{"catalog-info.yaml": location("./a.yaml")}
	repo.commit(files)
	h.sync()
	h.wantProblem(catalog.RuleLocation, "acme/catalog-info.yaml:7", "no file")
	h.restart()
	h.wantProblem(catalog.RuleLocation, "acme/catalog-info.yaml:7", "no file")
	files["a.yaml"] = service("a")
	repo.commit(files)
	h.sync()
	h.wantNoProblems()
}

func TestSync_Orphans(t *testing.T) {
	repo := &repository{}
	h := newHouse(t, source("acme", repo))
	repo.commit(tree{"catalog-info.yaml": location("./a.yaml", "./b.yaml"), "a.yaml": service("a"), "b.yaml": service("b")})
	h.sync()
	repo.commit(tree{"catalog-info.yaml": location("./a.yaml"), "a.yaml": service("a"), "b.yaml": service("b")})
	for range 2 {
		h.sync()
		h.want("component:a acme/a.yaml", "component:b acme/b.yaml orphan", "location:root acme/catalog-info.yaml")
		h.wantProblem(catalog.RuleOrphan, "acme/b.yaml:1")
		h.restart()
	}
	t.Run("yields to a living file", func(t *testing.T) {
		h.t = t
		repo.commit(tree{"catalog-info.yaml": location("./a.yaml", "./c.yaml"), "a.yaml": service("a"), "b.yaml": service("b"), "c.yaml": service("b")})
		h.sync()
		h.want("component:a acme/a.yaml", "component:b acme/c.yaml", "location:root acme/catalog-info.yaml")
	})
	t.Run("goes with its file", func(t *testing.T) {
		h.t = t
		repo.commit(tree{"catalog-info.yaml": location("./a.yaml"), "a.yaml": service("a")})
		h.sync()
		h.want("component:a acme/a.yaml", "location:root acme/catalog-info.yaml")
		h.wantNoProblems()
	})
}

const user = "apiVersion: backstage.io/v1alpha1\nkind: User\nmetadata:\n  name: mira\nspec:\n  memberOf: []\n"

func TestSync_Trust(t *testing.T) {
	repo := &repository{}
	untrusted := source("acme", repo)
	untrusted.Trusted = false
	h := newHouse(t, untrusted)
	repo.commit(tree{"catalog-info.yaml": user + "---\n" + service("a")})
	h.sync()
	h.want("component:a acme/catalog-info.yaml")
	h.wantProblem(catalog.RuleTrust, "acme/catalog-info.yaml:2", "not trusted", "trusted: true", "source acme")

	h.sources[0].Trusted = true
	h.restart() // the setting counts before anything is fetched
	h.want("component:a acme/catalog-info.yaml", "user:mira acme/catalog-info.yaml")
	h.wantNoProblems()

	h.sources[0].Trusted = false
	h.restart()
	h.want("component:a acme/catalog-info.yaml")
}

func TestSync_AllowedKinds(t *testing.T) {
	repo := &repository{}
	config := source("acme", repo)
	config.Kinds = []string{"API", "Location"}
	h := newHouse(t, config)
	repo.commit(tree{"catalog-info.yaml": service("a")})
	h.sync()
	h.want()
	h.wantProblem(catalog.RuleTrust, "acme/catalog-info.yaml:2", "API, Location", "kinds of the source acme")
}

const template = "apiVersion: scaffolder.backstage.io/v1beta3\nkind: Template\nmetadata:\n  name: go\nspec:\n  type: service\n" +
	"  steps:\n    - action: fetch:template\n      input:\n        url: ./skeleton\n"

func TestSync_SkeletonsAreNoEntities(t *testing.T) {
	repo := &repository{}
	h := newHouse(t, source("acme", repo))
	repo.commit(tree{
		"go/catalog-info.yaml": template, "go/skeleton/catalog-info.yaml": service("like-a-real-one"),
		"go/skeleton/sub/catalog-info.yaml": service("${{ values.name }}"),
	})
	h.sync()
	h.want("template:go acme/go/catalog-info.yaml")
	h.wantProblem(catalog.RuleSkeleton, "acme/go/skeleton/catalog-info.yaml:1", "go/skeleton")
	h.wantProblem(catalog.RuleSkeleton, "acme/go/skeleton/sub/catalog-info.yaml:4")
}

func TestSync_GuardsAgainstMassRemoval(t *testing.T) {
	tests := map[string]struct {
		had, has int
		waits    bool
	}{
		"12 of 20":          {20, 8, true},
		"all of 10":         {10, 0, true},
		"9 of 9":            {9, 0, false},
		"10 of 40":          {40, 30, false},
		"exactly 30 %":      {40, 28, false},
		"just over 30 %":    {40, 27, true},
		"nothing to remove": {40, 40, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			repo := &repository{}
			h := newHouse(t, source("acme", repo))
			repo.commit(many(tt.had))
			h.sync()
			repo.commit(many(tt.has))
			for range 2 { // asking again changes nothing
				report := h.sync()
				if waits := report.Sources[0].Waiting != ""; waits != tt.waits || report.Fine() == tt.waits {
					t.Fatalf("waits %v (%+v), want %v", waits, report, tt.waits)
				}
				if got, want := h.view().Len(), map[bool]int{true: tt.had, false: tt.has}[tt.waits]; got != want {
					t.Fatalf("%d entities are served, want %d", got, want)
				}
				h.restart()
			}
			if report := h.syncer.Sync(t.Context(), true); report.Entities != tt.has || !report.Fine() {
				t.Errorf("after --confirm: %+v", report)
			}
		})
	}
}

func TestSync_GuardLetsMovesPass(t *testing.T) {
	repo := &repository{}
	h := newHouse(t, source("acme", repo))
	repo.commit(many(20))
	h.sync()
	moved := tree{}
	for name, text := range many(20) {
		moved["below/"+name] = text
	}
	repo.commit(moved)
	if report := h.sync(); report.Moved != 20 || !report.Fine() {
		t.Errorf("%+v", report)
	}
}

func TestSync_FailingSourceKeepsItsCatalog(t *testing.T) {
	good, bad := &repository{}, &repository{}
	h := newHouse(t, source("good", good), source("bad", bad))
	good.commit(tree{"catalog-info.yaml": service("a")})
	bad.commit(tree{"catalog-info.yaml": service("b")})
	h.sync()
	before := h.view().Sources()[1]

	bad.fail(errDown)
	good.commit(tree{"catalog-info.yaml": service("c")})
	if report := h.sync(); report.Fine() || !strings.Contains(report.Sources[1].Error, "connection refused") {
		t.Errorf("%+v", report)
	}
	h.want("component:b bad/catalog-info.yaml", "component:c good/catalog-info.yaml")
	after := h.view().Sources()[1]
	if !after.CheckedAt.Equal(before.CheckedAt) || after.FailedAt.IsZero() || after.Revision != before.Revision {
		t.Errorf("the failing source's status is %+v", after)
	}
	h.sync()
	if since := h.view().Sources()[1].FailedAt; !since.Equal(after.FailedAt) {
		t.Errorf("it fails since %s, a second failure says %s", after.FailedAt, since)
	}
	bad.fail(nil)
	if report := h.sync(); !report.Fine() || !h.view().Sources()[1].FailedAt.IsZero() {
		t.Errorf("mended: %+v", report)
	}
}

func TestSync_StoreThatFails(t *testing.T) {
	repo := &repository{}
	h := newHouse(t, source("acme", repo))
	repo.commit(tree{"catalog-info.yaml": service("a")})
	h.sync()
	full := errors.New("the disk is full")
	h.store.Fail = func() error { return full }
	repo.commit(tree{"catalog-info.yaml": service("b")})
	if report := h.sync(); report.Error == "" || report.Fine() {
		t.Errorf("%+v", report)
	}
	h.want("component:a acme/catalog-info.yaml")
	if !errors.Is(h.syncer.Fault(), full) {
		t.Errorf("Fault() = %v", h.syncer.Fault())
	}
	h.store.Fail = nil
	h.sync()
	h.want("component:b acme/catalog-info.yaml")
	if h.syncer.Fault() != nil {
		t.Errorf("Fault() = %v after recovery", h.syncer.Fault())
	}
}

func TestSync_SourceLeavesTheConfiguration(t *testing.T) {
	one, two := &repository{}, &repository{}
	h := newHouse(t, source("one", one), source("two", two))
	one.commit(tree{"catalog-info.yaml": service("a")})
	two.commit(tree{"catalog-info.yaml": service("b")})
	h.sync()
	h.sources = h.sources[:1]
	h.restart()
	h.want("component:a one/catalog-info.yaml")
	h.sync()
	if stored, err := h.store.Load(t.Context()); err != nil || len(stored.Files) != 1 || len(stored.Sources) != 1 {
		t.Errorf("the store still holds %d files of %d sources (%v)", len(stored.Files), len(stored.Sources), err)
	}
}

// hanging is a Source that answers when its context ends.
type hanging struct{}

func (hanging) Fetch(ctx context.Context) (ingest.Tree, error) {
	<-ctx.Done()
	return ingest.Tree{}, ctx.Err()
}

func TestRun_SlowSourceHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		repo := &repository{}
		repo.commit(tree{"catalog-info.yaml": service("a")})
		syncer := ingest.NewSyncer(ingest.Options{
			Store: &ingesttest.Memory{}, Log: slog.New(slog.DiscardHandler),
			Sources: []ingest.Config{source("acme", repo), {Name: "slow", Source: hanging{}}},
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			syncer.Run(ctx, time.Minute)
		}()
		has := func(name string) bool {
			synctest.Wait()
			_, found := syncer.Snapshot().As(catalog.Everything{}).Get(catalog.NewRef("component", "", name))
			return found
		}
		time.Sleep(31 * time.Second) //nolint:forbidigo // virtual time
		if !has("a") {
			t.Error("after its patience the first catalog still waits for the slow source")
		}
		repo.commit(tree{"catalog-info.yaml": service("b")})
		time.Sleep(91 * time.Second) //nolint:forbidigo // virtual time
		if !has("b") {
			t.Error("the slow source holds up a later poll")
		}
		cancel()
		<-done
	})
}

// TestRun_NewsDoNotWait: once there is a catalog, a source that hangs delays those of others by a moment only.
func TestRun_NewsDoNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		repo, other := &repository{}, &repository{}
		repo.commit(tree{"catalog-info.yaml": service("a")})
		other.commit(tree{"catalog-info.yaml": service("z")})
		store := &ingesttest.Memory{}
		options := ingest.Options{
			Store: store, Log: slog.New(slog.DiscardHandler),
			Sources: []ingest.Config{source("acme", repo), source("slow", other)},
		}
		first := ingest.NewSyncer(options)
		if report := first.Sync(t.Context(), false); !report.Fine() {
			t.Fatal(report)
		}
		options.Sources = []ingest.Config{source("acme", repo), {Name: "slow", Source: hanging{}}}
		syncer := ingest.NewSyncer(options)
		if err := syncer.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		repo.commit(tree{"catalog-info.yaml": service("b")})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			syncer.Run(ctx, time.Minute)
		}()
		time.Sleep(2 * time.Second) //nolint:forbidigo // virtual time
		synctest.Wait()
		view := syncer.Snapshot().As(catalog.Everything{})
		for _, name := range []string{"b", "z"} {
			if _, found := view.Get(catalog.NewRef("component", "", name)); !found {
				t.Errorf("component %s is missing after two seconds", name)
			}
		}
		cancel()
		<-done
	})
}

// TestRun_ManySourcesHang: more of them than are fetched at once still leave room for one that answers.
func TestRun_ManySourcesHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		repo := &repository{}
		repo.commit(tree{"catalog-info.yaml": service("a")})
		var sources []ingest.Config
		for i := range 12 {
			sources = append(sources, ingest.Config{Name: "slow" + strconv.Itoa(i), Source: hanging{}})
		}
		sources[6] = source("acme", repo)
		syncer := ingest.NewSyncer(ingest.Options{
			Store: &ingesttest.Memory{}, Log: slog.New(slog.DiscardHandler), Sources: sources,
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			syncer.Run(ctx, time.Minute)
		}()
		time.Sleep(31 * time.Second) //nolint:forbidigo // virtual time
		synctest.Wait()
		if _, found := syncer.Snapshot().As(catalog.Everything{}).Get(catalog.NewRef("component", "", "a")); !found {
			t.Error("the source that answers waits for those that hang")
		}
		cancel()
		<-done
	})
}

func TestRun_KicksAreOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fetches := make(gated)
		syncer := ingest.NewSyncer(ingest.Options{
			Store: &ingesttest.Memory{}, Log: slog.New(slog.DiscardHandler),
			Sources: []ingest.Config{{Name: "acme", Source: fetches}},
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			syncer.Run(ctx, time.Hour)
		}()
		synctest.Wait() // the first fetch is under way
		for range 5000 {
			syncer.Kick()
		}
		fetches <- struct{}{}
		synctest.Wait()
		fetches <- struct{}{} // all the kicks together
		synctest.Wait()
		select {
		case fetches <- struct{}{}:
			t.Error("5,000 kicks during a fetch made more than one further fetch")
		default:
		}
		cancel()
		<-done
	})
}

// gated is a Source each of whose fetches waits for a value.
type gated chan struct{}

func (g gated) Fetch(ctx context.Context) (ingest.Tree, error) {
	select {
	case <-g:
	case <-ctx.Done():
	}
	root, err := ingest.ListFS(fstest.MapFS{})
	return ingest.Tree{FS: fstest.MapFS{}, Revision: "1", Root: root}, err
}

// TestSyncer_Published: who follows the catalog hears of each new one, and finds it with its trees.
func TestSyncer_Published(t *testing.T) {
	files := fstest.MapFS{"catalog-info.yaml": &fstest.MapFile{Data: []byte(groupYAML)}}
	heard := 0
	syncer := ingest.NewSyncer(ingest.Options{
		Store: &ingesttest.Memory{}, Log: slog.New(slog.DiscardHandler),
		Sources:   []ingest.Config{{Name: "acme", Source: listing{files}, Trusted: true, Paths: []string{"**/catalog-info.yaml"}}},
		Published: func() { heard++ },
	})
	if _, trees := syncer.Current(); len(trees) != 0 {
		t.Errorf("before the first sync there are %d trees", len(trees))
	}
	for range 2 { // the second finds nothing new
		syncer.Sync(t.Context(), false)
	}
	snapshot, trees := syncer.Current()
	if heard != 1 || snapshot != syncer.Snapshot() || trees["acme"].Root == nil {
		t.Errorf("heard of it %d times, %d trees", heard, len(trees))
	}
}

// TestSyncer_Large: the process hears of syncs that read many files, until they are served.
func TestSyncer_Large(t *testing.T) {
	files := fstest.MapFS{}
	begun, done := 0, 0
	var syncer *ingest.Syncer
	syncer = ingest.NewSyncer(ingest.Options{
		Store: &ingesttest.Memory{}, Log: slog.New(slog.DiscardHandler),
		Sources: []ingest.Config{{Name: "acme", Source: growing{files}, Trusted: true, Paths: []string{"**/*.yaml"}}},
		Large: func() func() {
			begun++
			return func() {
				if done++; syncer.Snapshot().As(catalog.Everything{}).Len() != len(files) {
					t.Error("it ends before the catalog is served")
				}
			}
		},
	})
	for _, step := range []struct{ files, want int }{{499, 0}, {500 + 499, 1}, {1000, 1}, {1000, 1}} {
		for n := len(files); n < step.files; n++ {
			name := strconv.Itoa(n)
			files["team-"+name+".yaml"] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(groupYAML, "team-pay", "team-"+name))}
		}
		syncer.Sync(t.Context(), false)
		if begun != step.want || done != step.want {
			t.Errorf("at %d files it began %d times and ended %d times, want %d", step.files, begun, done, step.want)
		}
	}
}

// growing is a Source whose files become more.
type growing struct{ fstest.MapFS }

func (g growing) Fetch(context.Context) (ingest.Tree, error) {
	root, err := ingest.ListFS(g.MapFS)
	return ingest.Tree{FS: g.MapFS, Revision: strconv.Itoa(len(g.MapFS)), Branch: "main", Root: root}, err
}

const groupYAML = "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {name: team-pay}\nspec: {type: team, children: []}\n"

// listing is a Source that never changes.
type listing struct{ fs.FS }

func (l listing) Fetch(context.Context) (ingest.Tree, error) {
	root, err := ingest.ListFS(l.FS)
	return ingest.Tree{FS: l.FS, Revision: "3f786850e387550fdab836ed7e6dc881de23001b", Branch: "main", Root: root}, err
}
