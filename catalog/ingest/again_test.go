package ingest_test

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"callboard/catalog"
	"callboard/catalog/ingest"
	"callboard/catalog/ingest/ingesttest"
)

// What the second sync does after something around the first one has changed.

func TestSync_NarrowedPathsForgetFilesWithoutEntities(t *testing.T) {
	repo := &repository{}
	h := newHouse(t, source("acme", repo))
	repo.commit(tree{
		"go/catalog-info.yaml": template, "go/skeleton/catalog-info.yaml": service("like-a-real-one"),
		"bad/catalog-info.yaml": "kind: [", "b/catalog-info.yaml": service("b"),
	})
	h.sync()
	h.wantProblem(catalog.RuleSkeleton, "acme/go/skeleton/catalog-info.yaml:1", "narrow the source's paths")
	h.sources[0].Paths = []string{"go/catalog-info.yaml"}
	h.restart()
	h.sync()
	h.want("component:b acme/b/catalog-info.yaml orphan", "template:go acme/go/catalog-info.yaml")
	if text := h.problems(); strings.Contains(text, "skeleton") || strings.Contains(text, "bad/") {
		t.Errorf("problems of files that nothing names: %s", text)
	}
}

func TestSync_HolderMovesIntoAFileThatExists(t *testing.T) {
	repo := &repository{}
	h := newHouse(t, source("acme", repo))
	repo.commit(tree{"x/catalog-info.yaml": service("x") + "---\n" + service("r"), "z/catalog-info.yaml": service("z")})
	h.sync()
	repo.commit(tree{"x/catalog-info.yaml": service("x") + "---\n" + service("r"), "y/catalog-info.yaml": service("r"), "z/catalog-info.yaml": service("z")})
	h.sync()
	h.want("component:r acme/x/catalog-info.yaml", "component:x acme/x/catalog-info.yaml", "component:z acme/z/catalog-info.yaml")
	repo.commit(tree{"x/catalog-info.yaml": service("x"), "y/catalog-info.yaml": service("r"), "z/catalog-info.yaml": service("z") + "---\n" + service("r")})
	h.sync()
	h.want("component:r acme/z/catalog-info.yaml", "component:x acme/x/catalog-info.yaml", "component:z acme/z/catalog-info.yaml")
}

func TestSync_URLsOfPlaceholdersAreTriedAgain(t *testing.T) {
	repo := &repository{}
	api := "apiVersion: backstage.io/v1alpha1\nkind: API\nmetadata:\n  name: orders\nspec:\n  type: openapi\n  lifecycle: production\n  owner: team\n  definition:\n    $text: https://elsewhere.example.com/openapi.yaml\n"
	repo.commit(tree{"catalog-info.yaml": api})
	h := newHouse(t, source("acme", repo))
	h.sync()
	h.wantProblem(catalog.RulePlaceholder, "acme/catalog-info.yaml:9", "outbound.allow")
	reach := func(string) ([]byte, error) { return []byte("openapi: 3.1.0\n"), nil }
	h.syncer = ingest.NewSyncer(ingest.Options{Store: h.store, Sources: h.sources, Log: slog.New(slog.DiscardHandler), Now: clock(), Remote: reach})
	if err := h.syncer.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.sync()
	h.wantNoProblems()
}

const farTarget = "https://git.example.com/other/repo/blob/main/far.yaml"

// twoHouses has the source acme, which names a file of the source other, which names none itself.
func twoHouses(t *testing.T) (h *house, acme, other *repository) {
	t.Helper()
	acme = &repository{web: "https://git.example.com/acme/catalog/blob/"}
	other = &repository{web: "https://git.example.com/other/repo/blob/"}
	named := source("other", other)
	named.Paths = nil
	return newHouse(t, source("acme", acme), named), acme, other
}

func TestSync_RestartWithoutTheSourceThatNames(t *testing.T) {
	h, acme, other := twoHouses(t)
	acme.commit(tree{"catalog-info.yaml": location(farTarget)})
	other.commit(tree{"far.yaml": service("far")})
	h.sync()
	h.want("component:far other/far.yaml", "location:root acme/catalog-info.yaml")
	acme.fail(errDown)
	h.restart()
	h.sync()
	h.want("component:far other/far.yaml", "location:root acme/catalog-info.yaml")
}

func TestSync_TargetMissingInAnotherSource(t *testing.T) {
	h, acme, other := twoHouses(t)
	globbed := strings.Replace(farTarget, "far", "f?r", 1)
	acme.commit(tree{"catalog-info.yaml": location(farTarget, globbed)})
	other.commit(tree{"near.yaml": service("near")})
	h.sync()
	h.wantProblem(catalog.RuleLocation, "acme/catalog-info.yaml:7", "no file of that repository", "presence: optional")
	h.wantProblem(catalog.RuleLocation, "acme/catalog-info.yaml:8", "f?r.yaml")

	other.fail(errDown) // nobody knows then
	h.sync()
	h.restart()
	h.sync()
	other.fail(nil)

	other.commit(tree{"far.yaml": service("far")})
	h.sync()
	h.want("component:far other/far.yaml", "location:root acme/catalog-info.yaml")
	h.wantNoProblems()

	other.commit(tree{})
	h.sync()
	h.wantProblem(catalog.RuleLocation, "acme/catalog-info.yaml:7", "no file of that repository")
	acme.commit(tree{"catalog-info.yaml": location(farTarget) + "  presence: optional\n"})
	h.sync()
	h.wantNoProblems()
}

// A URL leads into a source only once its branch is known, and to another place once that is another.
func TestSync_TargetInASourceThatComesLater(t *testing.T) {
	h, acme, other := twoHouses(t)
	acme.commit(tree{"catalog-info.yaml": location(farTarget)})
	other.commit(tree{"far.yaml": service("far")})
	other.fail(errDown)
	h.sync()
	other.fail(nil)
	h.sync()
	h.want("component:far other/far.yaml", "location:root acme/catalog-info.yaml")
	h.wantNoProblems()

	other.rename("trunk")
	for range 2 {
		h.sync()
		h.want("component:far other/far.yaml orphan", "location:root acme/catalog-info.yaml")
		h.wantProblem(catalog.RuleLocation, "acme/catalog-info.yaml:7", "no configured source")
		h.restart()
	}
}

func TestSync_PathsThatMatchNoMore(t *testing.T) {
	h, acme, other := twoHouses(t)
	h.sources[1].Paths = []string{"near.yaml"}
	h.restart()
	acme.commit(tree{"catalog-info.yaml": location(farTarget)})
	other.commit(tree{"far.yaml": service("far"), "near.yaml": service("near")})
	h.sync()
	other.commit(tree{"far.yaml": service("far")})
	for range 2 {
		h.sync()
		h.want("component:far other/far.yaml", "location:root acme/catalog-info.yaml")
		h.wantProblem(catalog.RuleFile, "other/near.yaml", "no file of the repository matches the paths")
		h.restart()
	}
}

func TestSync_WaitingSourceNamesAsBefore(t *testing.T) {
	h, acme, other := twoHouses(t)
	files := many(20)
	files["catalog-info.yaml"] = location(farTarget)
	acme.commit(files)
	other.commit(tree{"far.yaml": service("far")})
	h.sync()
	acme.commit(tree{})
	for range 2 {
		if report := h.sync(); report.Sources[0].Waiting == "" {
			t.Fatalf("%+v", report)
		}
		if h.view().Orphan(catalog.NewRef("component", "", "far")) {
			t.Error("what the waiting source names is an orphan")
		}
	}
}

func TestSync_WaitingEndsWhenTheRemovalIsTakenBack(t *testing.T) {
	repo := &repository{}
	h := newHouse(t, source("acme", repo))
	repo.commit(many(20))
	h.sync()
	repo.commit(tree{})
	if report := h.sync(); report.Sources[0].Waiting == "" {
		t.Fatalf("%+v", report)
	}
	repo.mu.Lock()
	repo.files, repo.revision = many(20), repo.revision-1
	repo.mu.Unlock()
	if report := h.sync(); !report.Fine() {
		t.Errorf("%+v", report)
	}
}

func TestSync_OvertakenFetchIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		repo, slow := &repository{}, make(gated)
		repo.commit(tree{"catalog-info.yaml": service("a")})
		syncer := ingest.NewSyncer(ingest.Options{
			Store: &ingesttest.Memory{}, Log: slog.New(slog.DiscardHandler),
			Sources: []ingest.Config{source("acme", repo), {Name: "slow", Source: slow}},
		})
		ctx, cancel := context.WithCancel(t.Context())
		synced, ended := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(synced)
			syncer.Sync(ctx, false)
		}()
		synctest.Wait() // it has acme's first commit, and waits for the slow source
		repo.commit(tree{"catalog-info.yaml": service("b")})
		go func() {
			defer close(ended)
			syncer.Run(ctx, time.Hour)
		}()
		time.Sleep(31 * time.Second) //nolint:forbidigo // virtual time: Run goes on without the slow source
		slow <- struct{}{}
		<-synced
		if _, found := syncer.Snapshot().As(catalog.Everything{}).Get(catalog.NewRef("component", "", "b")); !found {
			t.Error("an older commit took the place of a newer one")
		}
		cancel()
		<-ended
	})
}

// Health must not wait for a sync.
func TestSyncer_FaultDoesNotWait(t *testing.T) {
	repo := &repository{}
	h := newHouse(t, source("acme", repo))
	repo.commit(tree{"catalog-info.yaml": service("a")})
	h.store.Fail = func() error {
		asked := make(chan error)
		go func() { asked <- h.syncer.Fault() }()
		select {
		case err := <-asked:
			return err
		case <-time.After(10 * time.Second):
			return errors.New("Fault waits for the store")
		}
	}
	if report := h.sync(); !report.Fine() {
		t.Errorf("%+v", report)
	}
}

// An allowed host that hangs must not hold up the catalog for long.
func TestSync_SlowURLsHaveABudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		repo := &repository{}
		text := "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: a\nspec:\n  type: service\n  lifecycle: production\n  owner: team\n"
		for i := range 100 {
			text += "  x" + strconv.Itoa(i) + ":\n    $text: https://slow.example.com/x\n"
		}
		repo.commit(tree{"catalog-info.yaml": text})
		syncer := ingest.NewSyncer(ingest.Options{
			Store: &ingesttest.Memory{}, Log: slog.New(slog.DiscardHandler), Sources: []ingest.Config{source("acme", repo)},
			Remote: func(string) ([]byte, error) {
				time.Sleep(10 * time.Second) //nolint:forbidigo // virtual time
				return nil, errDown
			},
		})
		start := time.Now()
		if report := syncer.Sync(t.Context(), false); report.Entities != 1 || report.Problems != 100 {
			t.Errorf("%+v", report)
		}
		if took := time.Since(start); took > time.Minute {
			t.Errorf("the sync took %v", took)
		}
	})
}

// Who sees nothing of a source must not learn its name or files from a conflict.
func TestSync_ConflictsHideHiddenSources(t *testing.T) {
	open, secret := &repository{}, &repository{}
	h := newHouse(t, source("open", open), source("secret", secret))
	open.commit(tree{"catalog-info.yaml": service("a")})
	secret.commit(tree{"catalog-info.yaml": service("a")})
	h.sync()
	view := h.syncer.Snapshot().As(catalog.ViewerFunc(func(e *catalog.Entity) bool { return e.Origin.Source == "open" }))
	if problems := view.Problems(); len(problems) > 0 {
		t.Errorf("problems: %+v", problems)
	}
	if losers := view.Losers(catalog.NewRef("component", "", "a")); len(losers) > 0 {
		t.Errorf("losers: %+v", losers)
	}
	if got := len(h.view().Losers(catalog.NewRef("component", "", "a"))); got != 1 || len(h.view().Problems()) != 2 {
		t.Errorf("%d losers, problems: %s", got, h.problems())
	}
}

func TestSync_EventsTellWhoseFilesChanged(t *testing.T) {
	one, two := &repository{}, &repository{}
	one.commit(tree{"catalog-info.yaml": service("a")})
	two.fail(errDown)
	changed := map[string]bool{}
	syncer := ingest.NewSyncer(ingest.Options{
		Store: &ingesttest.Memory{}, Log: slog.New(slog.DiscardHandler), Sources: []ingest.Config{source("one", one), source("two", two)},
		Observe: func(e ingest.Event) { changed[e.Source] = e.Set != nil },
	})
	syncer.Sync(t.Context(), false)
	if !changed["one"] || changed["two"] {
		t.Errorf("changed: %v", changed)
	}
}

// A source that is not trusted must not make people of the fixtures in a trusted one.
func TestSync_TrustIsNotLent(t *testing.T) {
	trusted := &repository{web: "https://git.example.com/other/repo/blob/"}
	plain := &repository{web: "https://git.example.com/acme/catalog/blob/"}
	stranger := source("plain", plain)
	stranger.Trusted = false
	h := newHouse(t, source("trusted", trusted), stranger)
	trusted.commit(tree{"far.yaml": user + "---\n" + service("far"), "catalog-info.yaml": service("a")})
	plain.commit(tree{"catalog-info.yaml": location(farTarget)})
	refused := []string{"component:a trusted/catalog-info.yaml", "component:far trusted/far.yaml", "location:root plain/catalog-info.yaml"}
	h.sync()
	h.want(refused...)
	h.wantProblem(catalog.RuleTrust, "trusted/far.yaml:2", "no trusted source names it", "paths of the source trusted")

	plain.commit(tree{}) // an orphan is no better
	h.sync()
	h.restart()
	h.sync()
	h.want("component:a trusted/catalog-info.yaml", "component:far trusted/far.yaml orphan")

	plain.commit(tree{"catalog-info.yaml": location(farTarget)})
	nested := strings.Replace(location("./far.yaml"), "root", "own", 1)
	trusted.commit(tree{"far.yaml": user + "---\n" + service("far"), "catalog-info.yaml": service("a") + "---\n" + nested})
	h.sync()
	h.want(append(refused[:2:2], "location:own trusted/catalog-info.yaml", refused[2], "user:mira trusted/far.yaml")...)
}

// damaged is a Source whose files cannot be read until it is mended.
type damaged struct {
	*repository
	err  error
	only string // the file that cannot be read; "": all
}

func (b *damaged) Fetch(ctx context.Context) (ingest.Tree, error) {
	tree, err := b.repository.Fetch(ctx)
	tree.FS = damagedFS{tree.FS, b}
	return tree, err
}

type damagedFS struct {
	fs.FS
	*damaged
}

func (b damagedFS) Open(name string) (fs.File, error) {
	if b.err != nil && (b.only == "" || b.only == name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: b.err}
	}
	return b.FS.Open(name)
}

// After a mirror was made anew its revision is the same, but its files can be read again.
func TestSync_UnreadFilesAreTriedAgain(t *testing.T) {
	repo := &damaged{repository: &repository{}, err: errors.New("object not found")}
	config := source("acme", repo.repository)
	config.Source = repo
	h := newHouse(t, config)
	repo.commit(tree{"catalog-info.yaml": service("a")})
	h.sync()
	h.wantProblem(catalog.RuleFile, "acme/catalog-info.yaml", "object not found", "tries again")
	repo.err = nil
	h.sync()
	h.want("component:a acme/catalog-info.yaml")
	h.wantNoProblems()

	repo.err = ingest.ErrTooLarge // that stays as it is, so it is not asked for again
	repo.commit(tree{"catalog-info.yaml": service("a", "system: shop")})
	h.sync()
	h.wantProblem(catalog.RuleFile, "acme/catalog-info.yaml", "limits.file_bytes")
	repo.err = nil
	h.sync()
	h.wantProblem(catalog.RuleFile, "acme/catalog-info.yaml", "limits.file_bytes")
}

func TestSync_UnreadPlaceholdersAreTriedAgain(t *testing.T) {
	repo := &damaged{repository: &repository{}, err: errors.New("object not found"), only: "type.txt"}
	config := source("acme", repo.repository)
	config.Source = repo
	h := newHouse(t, config)
	repo.commit(tree{"catalog-info.yaml": strings.Replace(service("a"), "type: service", "type:\n    $text: ./type.txt", 1), "type.txt": "service"})
	h.sync()
	h.wantProblem(catalog.RulePlaceholder, "acme/catalog-info.yaml:6", "object not found", "tries again")
	h.restart()
	repo.err = nil
	h.sync()
	h.want("component:a acme/catalog-info.yaml")
	h.wantNoProblems()
}

// A file that stays too large is looked at after each restart, but that is no news.
func TestSync_FileThatStaysTooLargeIsNoNews(t *testing.T) {
	repo, store := &repository{}, &ingesttest.Memory{}
	files := tree{"catalog-info.yaml": service("a") + "---\n" + service("b"), "z/catalog-info.yaml": service("z")}
	repo.commit(files)
	config := source("acme", repo)
	sync := func() (news bool) {
		syncer := ingest.NewSyncer(ingest.Options{
			Store: store, Log: slog.New(slog.DiscardHandler), Sources: []ingest.Config{config},
			Observe: func(e ingest.Event) { news = e.Set != nil },
		})
		if err := syncer.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		syncer.Sync(t.Context(), false)
		return news
	}
	sync()
	config.FileBytes = 200
	files["catalog-info.yaml"] += "# more\n"
	for n, want := range []bool{true, false, false} {
		repo.commit(files)
		if got := sync(); got != want {
			t.Errorf("sync %d brings news: %v", n, got)
		}
	}
}
