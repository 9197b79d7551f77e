package git_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"callboard/integrations/git"
	"callboard/integrations/git/gittest"
)

// benchFiles is the number of files of the benchmark's repository; CALLBOARD_BENCH_FILES overrides it.
func benchFiles(b *testing.B) int {
	b.Helper()
	if n, err := strconv.Atoi(os.Getenv("CALLBOARD_BENCH_FILES")); err == nil {
		return n
	}
	return 10_000
}

func benchRepo(b *testing.B, n int) string {
	b.Helper()
	write := make(map[string]string, n)
	for i := range n {
		name := fmt.Sprintf("team-%03d/service-%06d/catalog-info.yaml", i%500, i)
		write[name] = fmt.Sprintf("apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: service-%06d\n  description: %s\nspec:\n  type: service\n  owner: team-%03d\n  lifecycle: production\n", i, "a service among many others, which does what services do", i%500)
	}
	return gittest.Repo(b, commit(1, write))
}

// BenchmarkSource_Cold is a first fetch with a listing and reading every file.
func BenchmarkSource_Cold(b *testing.B) {
	repo := benchRepo(b, benchFiles(b))
	urls := map[string]string{"path": repo, "http": gittest.Serve(b, filepath.Dir(repo)).URL + "/repo.git"}
	for _, name := range []string{"path", "http"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				s := open(b, git.Config{URL: urls[name]})
				readAll(b, fetch(b, s).FS)
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkSource_OneFile is a push that changes one file, fetched and read.
func BenchmarkSource_OneFile(b *testing.B) {
	repo := benchRepo(b, benchFiles(b))
	urls := map[string]string{"path": repo, "http": gittest.Serve(b, filepath.Dir(repo)).URL + "/repo.git"}
	for _, name := range []string{"path", "http"} {
		b.Run(name, func(b *testing.B) {
			s := open(b, git.Config{URL: urls[name]})
			fetch(b, s)
			const file = "team-000/service-000000/catalog-info.yaml"
			for i := 0; b.Loop(); i++ {
				b.StopTimer()
				if err := git.Append(repo, commit(i+2, map[string]string{file: strconv.Itoa(i) + name})); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				data, err := fs.ReadFile(fetch(b, s), file)
				if err != nil || string(data) != strconv.Itoa(i)+name {
					b.Fatal(err, string(data))
				}
			}
		})
	}
}

// BenchmarkInit writes the repository of the other benchmarks.
func BenchmarkInit(b *testing.B) {
	n := benchFiles(b)
	for b.Loop() {
		benchRepo(b, n)
	}
}

func readAll(b *testing.B, fsys fs.FS) {
	b.Helper()
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			_, err = fs.ReadFile(fsys, name)
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkHistory_Blame blames one of 1,000 descriptors over 1,000 commits, of which some changed it;
// everything is read anew each time.
func BenchmarkHistory_Blame(b *testing.B) {
	const commits = 1000
	for _, every := range []int{1, 50} {
		b.Run(fmt.Sprintf("changed=%d", commits/every), func(b *testing.B) {
			repo, file := deepRepo(b, commits, every)
			s := open(b, git.Config{URL: repo})
			head := fetch(b, s).Revision
			for b.Loop() {
				h := git.NewHistory(s)
				blame, err := h.Blame(b.Context(), "acme", head, file)
				if err != nil || len(blame.Lines) < 20 {
					b.Fatal(err, len(blame.Lines))
				}
				if err := h.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// deepRepo makes a repository whose file of 25 lines is changed by every so many commits, while the others
// change one of 1,000 more.
func deepRepo(b *testing.B, commits, every int) (repo, file string) {
	b.Helper()
	file = "team-7/service-7/catalog-info.yaml"
	text := func(n int) string {
		var out strings.Builder
		for i := range 25 {
			fmt.Fprintf(&out, "  key-%d: value %d\n", i, (n+i)/25)
		}
		return out.String()
	}
	history := []git.Commit{commit(1, map[string]string{file: text(0)})}
	for i := range 1000 {
		history[0].Write[fmt.Sprintf("team-%d/service-%d/catalog-info.yaml", i%50, i)] = []byte(text(i))
	}
	for n := 1; n < commits; n++ {
		name := fmt.Sprintf("team-%d/service-%d/catalog-info.yaml", n%50, 100+n%900)
		if n%every == 0 {
			name = file
		}
		c := commit(1, map[string]string{name: text(n)})
		c.When = c.When.Add(time.Duration(n) * time.Minute)
		history = append(history, c)
	}
	return gittest.Repo(b, history...), file
}

// BenchmarkHistory_Large asks about one of 10,000 descriptors in a mirror; everything is read anew each
// time but the listing of the newest tree.
func BenchmarkHistory_Large(b *testing.B) {
	repo := benchRepo(b, benchFiles(b))
	const folder, file = "team-001", "team-001/service-000001/catalog-info.yaml"
	for n := range 20 {
		if err := git.Append(repo, commit(2, map[string]string{folder + "/notes": strconv.Itoa(n)})); err != nil {
			b.Fatal(err)
		}
	}
	s := open(b, git.Config{URL: gittest.Serve(b, filepath.Dir(repo)).URL + "/repo.git"})
	head := fetch(b, s).Revision
	for name, ask := range map[string]func(*git.History) error{
		"blame": func(h *git.History) error { _, err := h.Blame(b.Context(), "acme", head, file); return err },
		"log":   func(h *git.History) error { _, err := h.Log(b.Context(), "acme", folder, 20); return err },
		"tree": func(h *git.History) error {
			_, done, err := h.Tree(b.Context(), "acme", head)
			if err == nil {
				done()
			}
			return err
		},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				h := git.NewHistory(s)
				if err := errors.Join(ask(h), h.Close()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
