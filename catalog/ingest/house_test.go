package ingest_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"callboard/catalog"
	"callboard/catalog/ingest"
	"callboard/catalog/ingest/ingesttest"
)

// tree is the content of a repository: YAML by path.
type tree map[string]string

// linkText stands in a tree for a symbolic link.
const linkText = "-> elsewhere"

// repository is a Source whose tree a test changes. Opened files are counted.
type repository struct {
	mu       sync.Mutex
	files    tree
	err      error
	revision int
	read     []string
	web      string
	branch   string // "": main
}

func (r *repository) commit(files tree) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.files, r.revision = files, r.revision+1
}

func (r *repository) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
}

// rename gives the branch another name.
func (r *repository) rename(branch string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.branch, r.revision = branch, r.revision+1
}

// opened gives the files read since the last call, sorted.
func (r *repository) opened() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.read
	r.read = nil
	slices.Sort(out)
	return out
}

func (r *repository) Fetch(context.Context) (ingest.Tree, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return ingest.Tree{}, r.err
	}
	fsys := fstest.MapFS{}
	for name, text := range r.files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
		if text == linkText {
			fsys[name].Mode = fs.ModeSymlink
		}
	}
	root, err := ingest.ListFS(fsys)
	return ingest.Tree{FS: countingFS{fsys, r}, Revision: fmt.Sprintf("%040d", r.revision), Branch: cmp.Or(r.branch, "main"), Root: root}, err
}

type countingFS struct {
	fs.FS
	repository *repository
}

func (c countingFS) Open(name string) (fs.File, error) {
	c.repository.mu.Lock()
	defer c.repository.mu.Unlock()
	c.repository.read = append(c.repository.read, name)
	return c.FS.Open(name)
}

// house is a syncer with its sources and store.
type house struct {
	t       *testing.T
	store   *ingesttest.Memory
	sources []ingest.Config
	syncer  *ingest.Syncer
}

// newHouse makes a syncer of one trusted source called acme, changed by options.
func newHouse(t *testing.T, sources ...ingest.Config) *house {
	t.Helper()
	h := &house{t: t, store: &ingesttest.Memory{}, sources: sources}
	h.restart()
	return h
}

func source(name string, repo *repository) ingest.Config {
	return ingest.Config{
		Name: name, Source: repo, URL: "git.example.com/" + name, Trusted: true, Paths: []string{"**/catalog-info.yaml"},
		Web: func(branch string) string {
			if repo.web == "" {
				return ""
			}
			return repo.web + branch + "/"
		},
	}
}

// restart makes a new syncer on the same store, as a new process would.
func (h *house) restart() {
	h.t.Helper()
	h.syncer = h.newSyncer(h.store)
	if err := h.syncer.Load(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) newSyncer(store ingest.Store) *ingest.Syncer {
	return ingest.NewSyncer(ingest.Options{
		Store: store, Sources: slices.Clone(h.sources), Log: slog.New(slog.DiscardHandler), Now: clock(),
	})
}

// clock gives times a second apart.
func clock() func() time.Time {
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	var mu sync.Mutex
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(time.Second)
		return now
	}
}

func (h *house) sync() ingest.Report {
	h.t.Helper()
	return h.syncer.Sync(h.t.Context(), false)
}

func (h *house) view() catalog.View { return h.syncer.Snapshot().As(catalog.Everything{}) }

// refs lists what the catalog shows: the refs with the place that holds them, and their marks.
func (h *house) refs() string {
	view := h.view()
	var out []string
	for e := range view.All() {
		text := e.Ref.Kind + ":" + e.Ref.Short() + " " + e.Origin.Source + "/" + e.Origin.Path
		if view.Document(e.Ref).Stale {
			text += " stale"
		}
		if view.Orphan(e.Ref) {
			text += " orphan"
		}
		out = append(out, text)
	}
	return strings.Join(out, "\n")
}

func (h *house) want(refs ...string) {
	h.t.Helper()
	if got := h.refs(); got != strings.Join(refs, "\n") {
		h.t.Errorf("the catalog shows\n%s\nwant\n%s", got, strings.Join(refs, "\n"))
	}
}

// wantProblem asserts that exactly one problem has the rule and stands at the place, and that it says the words.
func (h *house) wantProblem(rule catalog.Rule, place string, words ...string) {
	h.t.Helper()
	var found []catalog.Problem
	for _, p := range h.view().Problems() {
		if p.Rule == rule && p.Origin.Source+"/"+p.Origin.Place() == place {
			found = append(found, p)
		}
	}
	if len(found) != 1 {
		h.t.Fatalf("%d problems of rule %s at %s, want 1; all: %s", len(found), rule, place, h.problems())
	}
	for _, word := range words {
		if !strings.Contains(found[0].Text+" "+found[0].Fix, word) {
			h.t.Errorf("the problem %q (fix: %q) does not say %q", found[0].Text, found[0].Fix, word)
		}
	}
}

func (h *house) problems() string {
	var out strings.Builder
	for _, p := range h.view().Problems() {
		fmt.Fprintf(&out, "\n%s %s: %s", p.Rule, p.Origin, p.Text)
	}
	return out.String()
}

func (h *house) wantNoProblems() {
	h.t.Helper()
	if text := h.problems(); text != "" {
		h.t.Errorf("unexpected problems: %s", text)
	}
}

// service is the descriptor of a component; extra lines go into its spec.
func service(name string, extra ...string) string {
	text := "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: " + name +
		"\nspec:\n  type: service\n  lifecycle: production\n  owner: team\n"
	for _, line := range extra {
		text += "  " + line + "\n"
	}
	return text
}

func location(targets ...string) string {
	text := "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata:\n  name: root\nspec:\n  targets:\n"
	for _, target := range targets {
		text += "    - " + target + "\n"
	}
	return text
}

// many gives n components in files of their own.
func many(n int) tree {
	out := tree{}
	for i := range n {
		name := "service-" + strconv.Itoa(i)
		out[name+"/catalog-info.yaml"] = service(name)
	}
	return out
}

var errDown = errors.New("connection refused")
