package ingest_test

import (
	"context"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"callboard/catalog"
	"callboard/catalog/ingest"
)

// linked is a repository with entries that lead elsewhere.
type linked struct {
	files      fstest.MapFS
	submodules []string // at the root, sorted
	revision   string
}

func (l *linked) Fetch(context.Context) (ingest.Tree, error) {
	root, err := ingest.ListFS(l.files)
	for _, name := range l.submodules {
		root.Links = append(root.Links, ingest.Link{Name: name, Submodule: true})
	}
	root.Hash = l.revision
	return ingest.Tree{FS: l.files, Revision: l.revision, Branch: "main", Root: root}, err
}

func symlink(to string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte(to), Mode: fs.ModeSymlink}
}

func regular(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

func TestSync_LinksAreNotReadAndExplained(t *testing.T) {
	repo := &linked{revision: "1111111111", files: fstest.MapFS{
		"a/catalog-info.yaml": regular(service("a")),
		"b/catalog-info.yaml": symlink("../../../etc/passwd"),
		"b/README.md":         symlink("../README.md"),
		"c/catalog-info.yaml": regular(location("../b/catalog-info.yaml", "../libs/x.yaml", "../nothing.yaml")),
	}, submodules: []string{"libs"}}
	h := newHouse(t, ingest.Config{Name: "acme", Source: repo, Trusted: true, Paths: []string{"**/catalog-info.yaml"}})
	check := func() {
		t.Helper()
		h.want("component:a acme/a/catalog-info.yaml", "location:root acme/c/catalog-info.yaml")
		h.wantProblem(catalog.RuleFile, "acme/b/catalog-info.yaml", "symbolic link", "put the descriptor itself here")
		h.wantProblem(catalog.RuleFile, "acme/libs", "submodule", "add the submodule's own repository")
		h.wantProblem(catalog.RuleLocation, "acme/c/catalog-info.yaml:7", "b/catalog-info.yaml", "symbolic link")
		h.wantProblem(catalog.RuleLocation, "acme/c/catalog-info.yaml:8", "libs/x.yaml", "submodule")
		if got := len(h.view().Problems()); got != 5 {
			t.Errorf("%d problems, want 5: %s", got, h.problems())
		}
	}
	h.sync()
	check()
	if r := h.sync(); r.Added+r.Changed+r.Moved+r.Removed > 0 {
		t.Errorf("a sync without news: %+v", r)
	}
	repo.files["z"], repo.revision = regular("z"), "2222222222"
	h.sync()
	check()
	h.restart()
	check()
	h.sync()
	check()

	repo.files["b/catalog-info.yaml"], repo.submodules, repo.revision = regular(service("b")), nil, "3333333333"
	repo.files["a/catalog-info.yaml"] = symlink("elsewhere.yaml")
	h.sync()
	h.want("component:a acme/a/catalog-info.yaml stale", "component:b acme/b/catalog-info.yaml", "location:root acme/c/catalog-info.yaml")
}

func TestSync_PathsThatMatchNothing(t *testing.T) {
	repo := &repository{}
	repo.commit(tree{"service/catalog-info.yaml": service("a")})
	config := source("acme", repo)
	config.Paths = []string{"services/*.yaml", "other/catalog-info.yaml"}
	h := newHouse(t, config)
	h.sync()
	h.wantProblem(catalog.RuleFile, "acme/services/*.yaml", "no file of the repository matches", "services/*.yaml, other/catalog-info.yaml", "callboard.yaml")
	repo.commit(tree{"other/catalog-info.yaml": service("a")})
	h.sync()
	h.wantNoProblems()
	h.want("component:a acme/other/catalog-info.yaml")
}

// TestSync_FileTooLarge: the words of the file system come without the path that the problem has anyway, and
// a raised limit counts for a file that has not changed.
func TestSync_FileTooLarge(t *testing.T) {
	repo := &repository{}
	repo.commit(tree{"catalog-info.yaml": service("a") + "# " + strings.Repeat("x", 2<<20) + "\n"})
	h := newHouse(t, source("acme", repo))
	h.sync()
	h.wantProblem(catalog.RuleFile, "acme/catalog-info.yaml", "2048 KiB")
	h.sources[0].FileBytes = 4 << 20
	h.restart()
	h.sync()
	h.wantNoProblems()
	h.want("component:a acme/catalog-info.yaml")
}
