package git_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"testing"

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
