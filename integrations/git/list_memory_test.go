package git_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"callboard/integrations/git"
	"callboard/integrations/git/gittest"
)

// TestLister_Memory lists a repository after each of many small commits. What each leaves behind in memory is no
// more than what it changed, though the folders above that are read anew each time.
func TestLister_Memory(t *testing.T) {
	const commits = 1000
	service := func(i int) string { return fmt.Sprintf("team-%d/service-%d/catalog-info.yaml", i%20, i) }
	for name, changed := range map[string]func(i int) string{
		"a folder that stays": service,
		"a folder with many":  func(i int) string { return fmt.Sprintf("file-%d", i%200) },
	} {
		t.Run(name, func(t *testing.T) {
			var stream strings.Builder
			commit := func() { stream.WriteString("commit refs/heads/main\ncommitter A <a@b.c> 1700000000 +0000\ndata 0\n") }
			write := func(path string, version int) { fmt.Fprintf(&stream, "M 644 inline %s\ndata 4\n%04d\n", path, version) }
			commit()
			for i := range 200 {
				write(fmt.Sprintf("file-%d", i), 0)
			}
			for i := range commits {
				write(service(i), 0)
			}
			for i := range commits {
				commit()
				write(changed(i), i+1)
			}
			repo := gittest.Repo(t)
			gittest.GitInput(t, repo, []byte(stream.String()), "fast-import", "--quiet")
			trees := strings.Fields(gittest.Git(t, repo, "log", "--reverse", "--format=%T", "main"))
			once, often := listed(t, repo, trees[commits:]), listed(t, repo, trees)
			if often > 3*once {
				t.Errorf("%d KB are in use after %d listings, and %d KB after one", often>>10, len(trees), once>>10)
			}
		})
	}
}

// listed gives how much memory is in use after the listing of one tree after the other.
func listed(t *testing.T, repo string, trees []string) int64 {
	before := inUse()
	l := git.NewLister(repo)
	for _, tree := range trees {
		if err := l.List(t.Context(), tree); err != nil {
			t.Fatal(err)
		}
	}
	l.Refresh()
	after := inUse()
	runtime.KeepAlive(l)
	return after - before
}

// inUse gives how much memory objects take that are in use.
func inUse() int64 {
	var m runtime.MemStats
	for range 2 { // pools let go of things at the second one
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
