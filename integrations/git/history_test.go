package git_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"callboard/catalog"
	"callboard/integrations/git"
	"callboard/integrations/git/gittest"
)

// change is a commit of day n of January 2026 by one of several people.
func change(n int, who string, write map[string]string, remove ...string) git.Commit {
	c := commit(n, write, remove...)
	c.Author, c.Email = who, strings.ToLower(who)+"@example.com"
	return c
}

func history(tb testing.TB, sources ...*git.Source) *git.History {
	tb.Helper()
	h := git.NewHistory(sources...)
	tb.Cleanup(func() { _ = h.Close() })
	return h
}

func threeDays() []git.Commit {
	return []git.Commit{
		change(1, "Ada", map[string]string{"a/info.yaml": "one\ntwo\nthree\n", "other": "x"}),
		change(2, "Bob", map[string]string{"a/info.yaml": "one\n2\nthree\n"}),
		change(3, "Cy", map[string]string{"other": "y"}),
		change(4, "Dee", map[string]string{"a/info.yaml": "zero\none\n2\nthree\n", "a/b/deep": "d"}),
	}
}

// blamed gives author and day of each line.
func blamed(tb testing.TB, h *git.History, revision, path string) []string {
	tb.Helper()
	b, err := h.Blame(tb.Context(), "acme", revision, path)
	if err != nil {
		tb.Fatal(err)
	}
	out := make([]string, 0, len(b.Lines))
	for n := 1; ; n++ {
		c, ok := b.Line(n)
		if !ok {
			return out
		}
		text := c.Author + " " + strconv.Itoa(c.When.Day())
		if c.Cut {
			text += " cut"
		}
		out = append(out, text)
	}
}

func TestHistory_Blame(t *testing.T) {
	repo := gittest.Repo(t, threeDays()...)
	h := history(t, open(t, git.Config{URL: repo}))
	head := gittest.Git(t, repo, "rev-parse", "HEAD")
	if diff := cmp.Diff([]string{"Dee 4", "Ada 1", "Bob 2", "Ada 1"}, blamed(t, h, head, "a/info.yaml")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"Ada 1", "Bob 2", "Ada 1"}, blamed(t, h, gittest.Git(t, repo, "rev-parse", "HEAD~1"), "a/info.yaml")); diff != "" {
		t.Errorf("of an older revision (-want +got):\n%s", diff)
	}
	for path, want := range map[string]error{"none": catalog.ErrNoFile, "a/none": catalog.ErrNoFile, "other/none": catalog.ErrNoFile} {
		if _, err := h.Blame(t.Context(), "acme", head, path); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
	}
	for _, revision := range []string{"", "zebra", strings.Repeat("a", 40)} {
		if _, err := h.Blame(t.Context(), "acme", revision, "other"); !errors.Is(err, catalog.ErrNoHistory) {
			t.Errorf("at %q: %v", revision, err)
		}
	}
}

// TestHistory_BlameMoved: a file that was only moved keeps its history.
func TestHistory_BlameMoved(t *testing.T) {
	repo := gittest.Repo(t,
		change(1, "Ada", map[string]string{"old/x/info.yaml": "one\ntwo\n", "old/other": "o", "same.yaml": "s\n"}),
		change(2, "Bob", map[string]string{"old/x/info.yaml": "one\n2\n"}),
		change(3, "Cy", map[string]string{"new/x/info.yaml": "one\n2\n"}, "old/x"),
		change(4, "Dee", map[string]string{"new/x/info.yaml": "one\n2\nthree\n"}),
		change(5, "Eve", map[string]string{"copy.yaml": "s\n"}),
		change(6, "Fay", map[string]string{"newer.yaml": "one\n2\n3\n"}, "new/x"))
	h := history(t, open(t, git.Config{URL: repo}))
	for at, want := range map[string][]string{
		"HEAD~1:new/x/info.yaml": {"Ada 1", "Bob 2", "Dee 4"},
		"HEAD:copy.yaml":         {"Eve 5"},                   // the other one is still there
		"HEAD:newer.yaml":        {"Fay 6", "Fay 6", "Fay 6"}, // moved and changed
		"HEAD:same.yaml":         {"Ada 1"},
	} {
		revision, path, _ := strings.Cut(at, ":")
		if diff := cmp.Diff(want, blamed(t, h, gittest.Git(t, repo, "rev-parse", revision), path)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", at, diff)
		}
	}
}

// TestHistory_OverHTTP: a mirror serves its history without the remote, also to a new process, and as deep
// as it goes.
func TestHistory_OverHTTP(t *testing.T) {
	for _, depth := range []int{0, 2} {
		t.Run("depth "+strconv.Itoa(depth), func(t *testing.T) {
			repo := gittest.Repo(t, threeDays()...)
			server := gittest.Serve(t, filepath.Dir(repo), gittest.Filters())
			cfg := git.Config{URL: server.URL + "/repo.git", Depth: depth, Dir: t.TempDir()}
			if _, err := history(t, open(t, cfg)).Depth(t.Context(), "acme"); !errors.Is(err, catalog.ErrNoHistory) {
				t.Errorf("before the first fetch: %v", err)
			}
			revision := fetch(t, open(t, cfg)).Revision
			asked := len(server.Requests())
			h := history(t, open(t, cfg)) // of a new process, which has fetched nothing
			want := []string{"Dee 4", "Ada 1", "Bob 2", "Ada 1"}
			oldest := 1
			if depth == 2 {
				want, oldest = []string{"Dee 4", "Cy 3 cut", "Cy 3 cut", "Cy 3 cut"}, 3
			}
			if diff := cmp.Diff(want, blamed(t, h, revision, "a/info.yaml")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			got, err := h.Depth(t.Context(), "acme")
			if err != nil || got.Oldest.When.Day() != oldest || got.Cut != (depth == 2) {
				t.Errorf("depth %+v, %v", got, err)
			}
			_, err = h.At(t.Context(), "acme", catalog.Moment{Time: time.Date(2026, 1, 1, 11, 0, 0, 0, time.UTC)})
			var early *catalog.BeginningError
			if !errors.As(err, &early) || early.Depth.Cut != (depth == 2) {
				t.Errorf("before the beginning: %v", err)
			}
			if len(server.Requests()) != asked {
				t.Error("the remote was asked")
			}
		})
	}
}

func TestHistory_At(t *testing.T) {
	repo := gittest.Repo(t, threeDays()...)
	h := history(t, open(t, git.Config{URL: repo}))
	second := gittest.Git(t, repo, "rev-parse", "HEAD~2")
	tests := map[string]struct {
		moment catalog.Moment
		want   string
	}{
		"exactly then":    {catalog.Moment{Time: time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)}, "Bob"},
		"a moment before": {catalog.Moment{Time: time.Date(2026, 1, 2, 11, 59, 59, 0, time.UTC)}, "Ada"},
		"long after":      {catalog.Moment{Time: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}, "Dee"},
		"a commit":        {catalog.Moment{Commit: second}, "Bob"},
		"its beginning":   {catalog.Moment{Commit: second[:7]}, "Bob"},
		"too short":       {catalog.Moment{Commit: second[:3]}, ""},
		"no such commit":  {catalog.Moment{Commit: "0000000000"}, ""},
		"before all":      {catalog.Moment{Time: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := h.At(t.Context(), "acme", tt.moment)
			if got.Author != tt.want || (err != nil) != (tt.want == "") {
				t.Errorf("got %q, %v, want %q", got.Author, err, tt.want)
			}
		})
	}
	tree, done, err := h.Tree(t.Context(), "acme", second)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	if diff := cmp.Diff(map[string]string{"a/info.yaml": "one\n2\nthree\n", "other": "x"}, content(t, tree)); diff != "" {
		t.Errorf("the tree of then (-want +got):\n%s", diff)
	}
	data, err := h.File(t.Context(), "acme", second, "other")
	if err != nil || string(data) != "x" {
		t.Errorf("the file of then: %q, %v", data, err)
	}
}

func TestHistory_Log(t *testing.T) {
	repo := gittest.Repo(t, append(threeDays(), change(5, "Eve", nil, "a"), change(6, "Fay", map[string]string{"a/x": "x"}))...)
	h := history(t, open(t, git.Config{URL: repo}))
	for path, want := range map[string]string{
		"": "Fay Eve Dee Cy Bob Ada", "a": "Fay Eve Dee Bob Ada", "a/info.yaml": "Eve Dee Bob Ada", "other": "Cy Ada", "none": "",
	} {
		for _, limit := range []int{2, 100} {
			log, err := h.Log(t.Context(), "acme", path, limit)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, c := range log {
				got = append(got, c.Author)
			}
			authors := strings.Fields(want)
			if diff := cmp.Diff(authors[:min(limit, len(authors))], got, cmp.Transformer("text", func(s []string) string { return strings.Join(s, " ") })); diff != "" {
				t.Errorf("%q, at most %d (-want +got):\n%s", path, limit, diff)
			}
		}
	}
}

// TestHistory_LikeGit compares with git itself over a random history with merges.
func TestHistory_LikeGit(t *testing.T) {
	repo := t.TempDir()
	random := rand.New(rand.NewPCG(1, 2)) // the same in every run
	run := func(args ...string) string { return gittest.Git(t, repo, args...) }
	run("init", "-q", "-b", "main")
	serial := 0
	lines := map[string][]string{"main": {}, "side": {}}
	edit := func(branch string) {
		old := lines[branch]
		at := random.IntN(len(old) + 1)
		cut := min(len(old)-at, random.IntN(4))
		var fresh []string
		for range 1 + random.IntN(4) {
			serial++
			fresh = append(fresh, "line "+strconv.Itoa(serial)+"\n") // all different, so that there is one right answer
		}
		lines[branch] = append(append(append([]string(nil), old[:at]...), fresh...), old[at+cut:]...)
	}
	save := func(branch string) {
		file := filepath.Join(repo, "d", "f")
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(strings.Join(lines[branch], "")), 0o600); err != nil {
			t.Fatal(err)
		}
		serial++
		if err := os.WriteFile(filepath.Join(repo, "noise"), []byte(strconv.Itoa(serial)), 0o600); err != nil {
			t.Fatal(err)
		}
		run("add", "-A")
		run("commit", "-q", "-m", "change "+strconv.Itoa(serial), "--date", fmt.Sprintf("@%d +0000", 1767225600+serial))
	}
	edit("main")
	save("main")
	for range 6 {
		run("checkout", "-q", "-B", "side")
		lines["side"] = lines["main"]
		for range random.IntN(3) + 1 {
			edit("side")
			save("side")
		}
		run("checkout", "-q", "main")
		for range random.IntN(3) {
			edit("main")
			save("main")
		}
		// A merge by hand, since the two sides may clash: it takes a line from here, a line from there.
		run("merge", "-q", "--no-commit", "--no-ff", "-s", "ours", "side")
		mixed := append(append([]string(nil), lines["main"][:len(lines["main"])/2]...), lines["side"][len(lines["side"])/2:]...)
		seen := map[string]bool{}
		lines["main"] = nil
		for _, line := range mixed {
			if !seen[line] {
				lines["main"] = append(lines["main"], line)
			}
			seen[line] = true
		}
		save("main")
	}
	h := history(t, open(t, git.Config{URL: repo}))
	blame, err := h.Blame(t.Context(), "acme", run("rev-parse", "HEAD"), "d/f")
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for line := range strings.Lines(run("blame", "-l", "-s", "--root", "HEAD", "--", "d/f") + "\n") {
		want = append(want, line[:40])
	}
	for n := range blame.Lines {
		c, _ := blame.Line(n + 1)
		got = append(got, c.Revision)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-git +ours):\n%s", diff)
	}
	if len(want) < 10 {
		t.Errorf("only %d lines were compared", len(want))
	}
	var log []string
	commits, err := h.Log(t.Context(), "acme", "d", 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range commits {
		log = append(log, c.Revision)
	}
	known := strings.Fields(run("log", "--format=%H", "--", "d"))
	if diff := cmp.Diff(len(known), len(log)); diff != "" {
		t.Errorf("the log (-git +ours):\n%s", diff)
	}
}

// TestHistory_LargeVersion: an older version that the server left out for its size ends the history of
// its lines, and says so.
func TestHistory_LargeVersion(t *testing.T) {
	big := "kept\n" + strings.Repeat("0123456789abcde\n", 3000)
	repo := gittest.Repo(t,
		change(1, "Ada", map[string]string{"f": "kept\n"}), change(2, "Bob", map[string]string{"f": big}), change(3, "Cy", map[string]string{"f": "kept\nnew\n"}))
	for _, options := range [][]gittest.Option{nil, {gittest.Filters()}} {
		cfg := git.Config{
			URL: gittest.Serve(t, filepath.Dir(repo), options...).URL + "/repo.git", Dir: t.TempDir(),
			Limits: git.Limits{FileBytes: 1000, WideFileBytes: 2000},
		}
		s := open(t, cfg)
		revision := fetch(t, s).Revision
		if diff := cmp.Diff([]string{"Cy 3 cut", "Cy 3 cut"}, blamed(t, history(t, s), revision, "f")); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

// TestHistory_Long: of a history that is too long, what could be looked at is told, and that it may be older.
func TestHistory_Long(t *testing.T) {
	repo := gittest.Repo(t, threeDays()...)
	head := gittest.Git(t, repo, "rev-parse", "HEAD")
	for _, tt := range []struct {
		commits  int
		a, other []string
		log      string // of a/info.yaml
	}{
		{4, []string{"Dee 4", "Ada 1", "Bob 2", "Ada 1"}, []string{"Cy 3"}, "Dee Bob Ada"},
		{3, []string{"Dee 4", "Bob 2 cut", "Bob 2 cut", "Bob 2 cut"}, []string{"Cy 3"}, "Dee"},
		{2, []string{"Dee 4", "Cy 3 cut", "Cy 3 cut", "Cy 3 cut"}, []string{"Cy 3 cut"}, "Dee"},
		{1, []string{"Dee 4 cut", "Dee 4 cut", "Dee 4 cut", "Dee 4 cut"}, []string{"Dee 4 cut"}, ""},
	} {
		h := history(t, open(t, git.Config{URL: repo, Limits: git.Limits{Commits: tt.commits}}))
		got := [][]string{blamed(t, h, head, "a/info.yaml"), blamed(t, h, head, "other")}
		if diff := cmp.Diff([][]string{tt.a, tt.other}, got); diff != "" {
			t.Errorf("%d commits (-want +got):\n%s", tt.commits, diff)
		}
		log, err := h.Log(t.Context(), "acme", "a/info.yaml", 10)
		if err != nil {
			t.Fatal(err)
		}
		var authors []string
		for _, c := range log {
			authors = append(authors, c.Author)
		}
		if got := strings.Join(authors, " "); got != tt.log {
			t.Errorf("%d commits: the log is by %q, want %q", tt.commits, got, tt.log)
		}
	}
}

// TestHistory_Deadline: whoever cannot wait is let go, and the work is there when they ask again.
func TestHistory_Deadline(t *testing.T) {
	repo := gittest.Repo(t, threeDays()...)
	h := history(t, open(t, git.Config{URL: repo}))
	head := gittest.Git(t, repo, "rev-parse", "HEAD")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Blame(ended, "acme", head, "a/info.yaml"); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	blamed(t, h, head, "a/info.yaml")
	if err := h.Close(); err != nil {
		t.Error(err)
	}
	if _, err := h.Log(t.Context(), "acme", "a", 5); err == nil {
		t.Error("a closed history answers")
	}
}

// TestHistory_Damaged: a pack that cannot be read is an error, not a panic.
func TestHistory_Damaged(t *testing.T) {
	repo := gittest.Repo(t, threeDays()...)
	head := gittest.Git(t, repo, "rev-parse", "HEAD")
	err := filepath.WalkDir(repo, func(name string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(name, ".pack") {
			err = os.Truncate(name, 200)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := history(t, open(t, git.Config{URL: repo})).Blame(t.Context(), "acme", head, "a/info.yaml"); err == nil {
		t.Error("a damaged repository is blamed")
	}
}

// TestHistory_OddCommits: what a commit says may be anything; what comes out fits on a card.
func TestHistory_OddCommits(t *testing.T) {
	for name, header := range map[string]string{
		"far future":   "author Ada <a@x> 99999999999999 +0000\ncommitter Ada <a@x> 99999999999999 +0000\n",
		"odd zone":     "author Ada <a@x> 1767225600 +2400\ncommitter Ada <a@x> 1767225600 -9959\n",
		"before 1970":  "author Ada <a@x> -5 +0000\ncommitter Ada <a@x> -5 +0000\n",
		"no signature": "",
		"no brackets":  "author Ada\ncommitter Ada\n",
		"not UTF-8":    "author A\xffda <a\x1b@x> 1767225600 +0000\ncommitter Ada <a@x> 1767225600 +0000\n",
	} {
		t.Run(name, func(t *testing.T) {
			repo := gittest.Repo(t, first())
			raw := "tree " + gittest.Git(t, repo, "rev-parse", "HEAD^{tree}") + "\n" + header + "\n" + strings.Repeat("long ", 1000) + "\x1b]0;title\x07\n"
			odd := gittest.GitInput(t, repo, []byte(raw), "hash-object", "-t", "commit", "-w", "--stdin", "--literally")
			gittest.Git(t, repo, "update-ref", "refs/heads/main", odd)
			h := history(t, open(t, git.Config{URL: repo}))
			blame, err := h.Blame(t.Context(), "acme", odd, "catalog-info.yaml")
			if err != nil {
				t.Fatal(err)
			}
			c, _ := blame.Line(1)
			if _, err := json.Marshal(c); err != nil {
				t.Error(err)
			}
			for _, text := range []string{c.Author, c.Email, c.Subject} {
				if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) || utf8.RuneCountInString(text) > 301 {
					t.Errorf("got %q", text)
				}
			}
			if _, err := h.At(t.Context(), "acme", catalog.Moment{Commit: odd}); err != nil {
				t.Error(err)
			}
		})
	}
}
