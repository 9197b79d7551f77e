package git_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"callboard/catalog/ingest"
	"callboard/integrations/git"
	"callboard/integrations/git/gittest"
)

func commit(n int, write map[string]string, remove ...string) git.Commit {
	c := git.Commit{
		Author: "Ada", Email: "ada@example.com", Message: "commit " + strconv.Itoa(n),
		When: time.Date(2026, 1, n, 12, 0, 0, 0, time.UTC), Write: map[string][]byte{}, Remove: remove,
	}
	for name, content := range write {
		c.Write[name] = []byte(content)
	}
	return c
}

func first() git.Commit {
	return commit(1, map[string]string{"catalog-info.yaml": "one\n", "a/x.yaml": "x\n", "a/y.yaml": "y\n", "a.b/z.yaml": "z\n", "deep/er/file": "d\n"})
}

func open(tb testing.TB, cfg git.Config) *git.Source {
	tb.Helper()
	if cfg.Name == "" {
		cfg.Name = "acme"
	}
	if cfg.Dir == "" {
		cfg.Dir = tb.TempDir()
	}
	cfg.Insecure = true
	s, err := git.Open(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Close() })
	return s
}

func fetch(tb testing.TB, s *git.Source) ingest.Tree {
	tb.Helper()
	tree, err := s.Fetch(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return tree
}

func content(tb testing.TB, fsys fs.FS) map[string]string {
	tb.Helper()
	got := map[string]string{}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(fsys, name)
		got[name] = string(data)
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return got
}

func token(s string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return s, nil }
}

// TestSource_Fetch follows one repository over every kind of transport through its life.
func TestSource_Fetch(t *testing.T) {
	transports := map[string]func(t *testing.T, repo string) git.Config{
		"path": func(_ *testing.T, repo string) git.Config { return git.Config{URL: repo} },
		"http": func(t *testing.T, repo string) git.Config {
			t.Helper()
			return git.Config{URL: gittest.Serve(t, filepath.Dir(repo)).URL + "/repo.git"}
		},
		"http with filters": func(t *testing.T, repo string) git.Config {
			t.Helper()
			return git.Config{URL: gittest.Serve(t, filepath.Dir(repo), gittest.Filters()).URL + "/repo.git"}
		},
		"http at depth 1": func(t *testing.T, repo string) git.Config {
			t.Helper()
			return git.Config{URL: gittest.Serve(t, filepath.Dir(repo)).URL + "/repo.git", Depth: 1}
		},
		"https with token": func(t *testing.T, repo string) git.Config {
			t.Helper()
			s := gittest.Serve(t, filepath.Dir(repo), gittest.TLS(), gittest.Auth("s3cr3t-token"))
			return git.Config{URL: s.URL + "/repo.git", CAFile: s.CAFile(t), Token: token("s3cr3t-token")}
		},
		"ssh": func(t *testing.T, repo string) git.Config {
			t.Helper()
			s := serveSSH(t)
			return git.Config{URL: "ssh://git@" + s.addr + repo, SSHKey: token(s.key), KnownHosts: []string{s.known}}
		},
	}
	for name, config := range transports {
		t.Run(name, func(t *testing.T) {
			repo := gittest.Repo(t, first())
			s := open(t, config(t, repo))
			one := fetch(t, s)
			if one.Branch != "main" || one.Revision != gittest.Git(t, repo, "rev-parse", "HEAD") {
				t.Errorf("got branch %q at %s", one.Branch, one.Revision)
			}
			want := map[string]string{"catalog-info.yaml": "one\n", "a/x.yaml": "x\n", "a/y.yaml": "y\n", "a.b/z.yaml": "z\n", "deep/er/file": "d\n"}
			if diff := cmp.Diff(want, content(t, one)); diff != "" {
				t.Errorf("first content (-want +got):\n%s", diff)
			}
			if same := fetch(t, s); same.Root != one.Root || same.Revision != one.Revision {
				t.Error("a fetch without news gave another tree")
			}
			if err := git.Append(repo, commit(2, map[string]string{"a/x.yaml": "X\n", "new": "n\n"}, "deep"), commit(3, nil, "catalog-info.yaml")); err != nil {
				t.Fatal(err)
			}
			two := fetch(t, s)
			want = map[string]string{"a/x.yaml": "X\n", "a/y.yaml": "y\n", "a.b/z.yaml": "z\n", "new": "n\n"}
			if diff := cmp.Diff(want, content(t, two)); diff != "" {
				t.Errorf("second content (-want +got):\n%s", diff)
			}
			if two.Root.Dirs[1].Name != "a.b" || two.Root.Dirs[1].Dir != one.Root.Dirs[1].Dir {
				t.Error("an unchanged folder was listed anew")
			}
			if data, err := fs.ReadFile(one, "deep/er/file"); err != nil || string(data) != "d\n" {
				t.Errorf("the older tree gave %q, %v", data, err)
			}
			if s.Stats().Rebuilt {
				t.Error("a plain push made the mirror anew")
			}
		})
	}
}

func TestSource_Fetch_IsAnFS(t *testing.T) {
	repo := gittest.Repo(t, first())
	tree := fetch(t, open(t, git.Config{URL: repo}))
	if err := fstest.TestFS(tree.FS, "catalog-info.yaml", "a/x.yaml", "a.b/z.yaml", "deep/er/file"); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"", "/a", "../a", "a/", "a//x.yaml", "missing", "a/missing", "catalog-info.yaml/x"} {
		if _, err := tree.Open(name); err == nil {
			t.Errorf("%q was opened", name)
		}
	}
}

func TestSource_Fetch_RestartUsesTheMirror(t *testing.T) {
	repo := gittest.Repo(t, first())
	srv := gittest.Serve(t, filepath.Dir(repo))
	cfg := git.Config{URL: srv.URL + "/repo.git", Dir: t.TempDir()}
	one := fetch(t, open(t, cfg))
	before := len(srv.Requests())
	s := open(t, cfg)
	two := fetch(t, s)
	if diff := cmp.Diff(content(t, one), content(t, two)); diff != "" {
		t.Error(diff)
	}
	if n := len(srv.Requests()) - before; n != 1 || s.Stats().Rebuilt {
		t.Errorf("the restart took %d requests, rebuilt: %t", n, s.Stats().Rebuilt)
	}
}

func TestSource_Fetch_Rebuilds(t *testing.T) {
	damage := map[string]func(t *testing.T, mirror string){
		"pack truncated": func(t *testing.T, mirror string) {
			t.Helper()
			truncate(t, glob(t, mirror, "*.pack"))
		},
		"index zeroed": func(t *testing.T, mirror string) {
			t.Helper()
			write(t, glob(t, mirror, "*.idx"), "junk")
		},
		"pack gone": func(t *testing.T, mirror string) {
			t.Helper()
			remove(t, glob(t, mirror, "*.pack"))
		},
		"all gone": func(t *testing.T, mirror string) {
			t.Helper()
			remove(t, mirror)
		},
		"HEAD junk": func(t *testing.T, mirror string) {
			t.Helper()
			write(t, filepath.Join(mirror, "HEAD"), "junk")
		},
		"config junk": func(t *testing.T, mirror string) {
			t.Helper()
			write(t, filepath.Join(mirror, "config"), "[[[")
		},
		"crash before the last rename": func(t *testing.T, mirror string) {
			t.Helper()
			if err := os.Rename(mirror, mirror+".old"); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(mirror+".new", "HEAD"), "ref: refs/heads/main")
		},
	}
	for name, harm := range damage {
		t.Run(name, func(t *testing.T) {
			repo := gittest.Repo(t, first())
			cfg := git.Config{URL: gittest.Serve(t, filepath.Dir(repo)).URL + "/repo.git", Dir: t.TempDir()}
			want := content(t, fetch(t, open(t, cfg)))
			harm(t, filepath.Join(cfg.Dir, "acme.git"))
			if diff := cmp.Diff(want, content(t, fetch(t, open(t, cfg)))); diff != "" {
				t.Error(diff)
			}
			left, err := filepath.Glob(filepath.Join(cfg.Dir, "*"))
			if err != nil || len(left) != 1 {
				t.Errorf("left in the folder of mirrors: %v %v", left, err)
			}
		})
	}
}

// TestSource_Fetch_DamageFoundLate damages what only a read of a file touches: the read fails, and the
// next fetch repairs it although the remote has no news.
func TestSource_Fetch_DamageFoundLate(t *testing.T) {
	big := strings.Repeat("0123456789abcdef", 20_000)
	repo := gittest.Repo(t, commit(1, map[string]string{"big": big, "small": "s"}))
	cfg := git.Config{URL: gittest.Serve(t, filepath.Dir(repo)).URL + "/repo.git", Dir: t.TempDir()}
	s := open(t, cfg)
	tree := fetch(t, s)
	pack := glob(t, filepath.Join(cfg.Dir, "acme.git"), "*.pack")
	data, err := os.ReadFile(pack)
	if err != nil {
		t.Fatal(err)
	}
	for i := range data[200 : len(data)-20] {
		data[200+i] ^= 0x55
	}
	if err := os.Chmod(pack, 0o600); err != nil {
		t.Fatal(err)
	}
	write(t, pack, string(data))
	if _, err := fs.ReadFile(tree, "big"); err == nil || !errors.Is(err, git.ErrCorrupt) {
		t.Fatalf("reading damage gave %v", err)
	}
	if got := content(t, fetch(t, s)); got["big"] != big || !s.Stats().Rebuilt {
		t.Error("not repaired")
	}
}

func TestSource_Fetch_RewrittenAndMoved(t *testing.T) {
	repo := gittest.Repo(t, first(), commit(2, map[string]string{"a/x.yaml": "2\n"}))
	srv := gittest.Serve(t, filepath.Dir(repo))
	s := open(t, git.Config{URL: srv.URL + "/repo.git"})
	fixed := open(t, git.Config{Name: "fixed", URL: srv.URL + "/repo.git", Branch: "main"})
	fetch(t, s)
	fetch(t, fixed)

	gittest.Git(t, repo, "update-ref", "refs/heads/main", "main~1")
	if err := git.Append(repo, commit(3, map[string]string{"other": "o\n"})); err != nil {
		t.Fatal(err)
	}
	tree := fetch(t, s)
	if got := content(t, tree); got["other"] != "o\n" || got["a/x.yaml"] != "x\n" || !s.Stats().Rebuilt {
		t.Errorf("after a force-push: %v, rebuilt %t", got, s.Stats().Rebuilt)
	}
	fetch(t, fixed)

	gittest.Git(t, repo, "branch", "-m", "main", "trunk")
	if tree := fetch(t, s); tree.Branch != "trunk" {
		t.Errorf("after the default branch was renamed: %q", tree.Branch)
	}
	_, err := fixed.Fetch(t.Context())
	if !errors.Is(err, git.ErrBranch) || !strings.Contains(err.Error(), "trunk") {
		t.Errorf("a deleted branch gave %v", err)
	}
	gittest.Git(t, repo, "branch", "main", "trunk")
	fetch(t, fixed)
}

func TestSource_Fetch_TagsAndRefs(t *testing.T) {
	repo := gittest.Repo(t, first())
	gittest.Git(t, repo, "tag", "-a", "v1", "-m", "release", "main")
	gittest.Git(t, repo, "tag", "light", "main")
	srv := gittest.Serve(t, filepath.Dir(repo))
	want := gittest.Git(t, repo, "rev-parse", "main")
	for _, branch := range []string{"main", "v1", "light", "refs/tags/v1", "refs/heads/main"} {
		for _, url := range []string{srv.URL + "/repo.git", repo} {
			if tree := fetch(t, open(t, git.Config{URL: url, Branch: branch})); tree.Revision != want {
				t.Errorf("%s of %s: %s", branch, url, tree.Revision)
			}
		}
	}
}

func TestSource_Fetch_LocalLayouts(t *testing.T) {
	repo := gittest.Repo(t, first())
	work := filepath.Join(t.TempDir(), "work")
	gittest.Git(t, repo, "clone", "-q", repo, work)
	linked := filepath.Join(t.TempDir(), "linked")
	gittest.Git(t, work, "worktree", "add", "-q", "-b", "side", linked)
	write(t, filepath.Join(work, "uncommitted"), "not yet")
	for dir, branch := range map[string]string{repo: "main", work: "main", filepath.Join(work, ".git"): "main", linked: "side"} {
		tree := fetch(t, open(t, git.Config{URL: dir}))
		if got := content(t, tree); len(got) != 5 || tree.Branch != branch {
			t.Errorf("%s: %d files of branch %q", dir, len(got), tree.Branch)
		}
	}
}

// TestSource_Fetch_LocalRepack lets git pack a repository anew under an open tree.
func TestSource_Fetch_LocalRepack(t *testing.T) {
	repo := gittest.Repo(t, first())
	s := open(t, git.Config{URL: repo})
	tree := fetch(t, s)
	if err := git.Append(repo, commit(2, map[string]string{"new": "n\n"})); err != nil {
		t.Fatal(err)
	}
	gittest.Git(t, repo, "gc", "-q", "--prune=now")
	if got := content(t, tree); len(got) != 5 {
		t.Errorf("the older tree has %d files", len(got))
	}
	if got := content(t, fetch(t, s)); len(got) != 6 {
		t.Errorf("the newer tree has %d files", len(got))
	}
}

func TestSource_Fetch_ConcurrentReads(t *testing.T) {
	files := map[string]string{}
	for i := range 200 {
		files["d"+strconv.Itoa(i%20)+"/f"+strconv.Itoa(i)] = strings.Repeat(strconv.Itoa(i), 100)
	}
	repo := gittest.Repo(t, commit(1, files))
	gittest.Git(t, repo, "repack", "-adfq")
	s := open(t, git.Config{URL: gittest.Serve(t, filepath.Dir(repo)).URL + "/repo.git"})
	tree := fetch(t, s)
	done := make(chan bool)
	for range 8 {
		go func() {
			ok := true
			for name, want := range files {
				data, err := fs.ReadFile(tree, name)
				ok = ok && err == nil && string(data) == want
			}
			done <- ok
		}()
	}
	fetch(t, s)
	for range 8 {
		if !<-done {
			t.Error("a reader saw something else")
		}
	}
}

func TestInit_IsWhatGitReads(t *testing.T) {
	repo := gittest.Repo(t, first(), commit(2, map[string]string{"a/x.yaml": "2", "a.b": "a file now", "a-b/c": "c"}, "a.b", "deep/er"))
	gittest.Git(t, repo, "fsck", "--strict")
	if got := gittest.Git(t, repo, "log", "--format=%an <%ae> %aI %s"); got != "Ada <ada@example.com> 2026-01-02T12:00:00Z commit 2\nAda <ada@example.com> 2026-01-01T12:00:00Z commit 1" &&
		got != "Ada <ada@example.com> 2026-01-02T12:00:00+00:00 commit 2\nAda <ada@example.com> 2026-01-01T12:00:00+00:00 commit 1" {
		t.Errorf("log:\n%s", got)
	}
	if got := gittest.Git(t, repo, "ls-tree", "-r", "--name-only", "HEAD"); got != "a-b/c\na.b\na/x.yaml\na/y.yaml\ncatalog-info.yaml" {
		t.Errorf("files:\n%s", got)
	}
	if err := git.Init(repo, nil); err == nil {
		t.Error("a repository was made over another")
	}
	if err := git.Append(repo, commit(3, map[string]string{"../x": ""})); err == nil {
		t.Error("a path out of the tree was written")
	}
	if err := git.Append(repo, commit(3, nil, "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("removing a missing file gave %v", err)
	}
}

func glob(tb testing.TB, mirror, pattern string) string {
	tb.Helper()
	found, err := filepath.Glob(filepath.Join(mirror, "objects", "pack", pattern))
	if err != nil || len(found) != 1 {
		tb.Fatalf("%s: %v %v", pattern, found, err)
	}
	return found[0]
}

func write(tb testing.TB, name, text string) {
	tb.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
}

func truncate(tb testing.TB, name string) {
	tb.Helper()
	if err := os.Truncate(name, 50); err != nil {
		tb.Fatal(err)
	}
}

func remove(tb testing.TB, name string) {
	tb.Helper()
	if err := os.RemoveAll(name); err != nil {
		tb.Fatal(err)
	}
}
