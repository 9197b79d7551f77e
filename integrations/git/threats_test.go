package git_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"callboard/integrations/git"
	"callboard/integrations/git/gittest"
)

// TestTraversal holds row 15 of the threat model: names that would lead out of a folder, or mean
// something to Git, are not in the listing, and links are not followed.
func TestTraversal(t *testing.T) {
	repo := gittest.Repo(t, commit(1, map[string]string{"good": "g\n"}))
	blob := gittest.GitInput(t, repo, []byte("evil\n"), "hash-object", "-w", "--stdin")
	sub := tree(t, repo, line("100644", "inside", blob))
	bad := []string{
		"..", ".", ".git", ".GIT", ".Git", `..\evil`, `a\b`, `C:\x`, "new\nline", "tab\there", "bell\a", "esc\x1b[31m", "del\x7f",
		"\x85next", "not\xffutf8", "a/b", "/etc/passwd", "../../evil", "x/../../y", "\u0085nel",
	}
	var lines [][]byte
	for _, name := range bad {
		lines = append(lines, line("100644", name, blob), line("40000", name, sub))
	}
	lines = append(lines,
		line("120000", "link", blob), line("120000", "up", blob), line("160000", "module", blob), line("777777", "odd", blob),
		line("100644", "kept", blob), line("100755", "tool", blob), line("100664", "old mode", blob), line("40000", "dir", sub),
		line("100644", "twice", blob), line("40000", "twice", sub), line("100644", ".gitmodules", blob), line("100644", "...", blob), line("100644", "ümlaut", blob),
	)
	root := tree(t, repo, lines...)
	setMain(t, repo, root)
	for _, url := range []string{repo, gittest.Serve(t, filepath.Dir(repo)).URL + "/repo.git"} {
		s := open(t, git.Config{URL: url})
		got := content(t, fetch(t, s))
		want := map[string]string{
			"kept": "evil\n", "tool": "evil\n", "old mode": "evil\n", "dir/inside": "evil\n", "twice/inside": "evil\n",
			".gitmodules": "evil\n", "...": "evil\n", "ümlaut": "evil\n",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", url, diff)
		}
		if skipped := s.Skipped(1000); len(skipped) != 2*len(bad)+5 {
			t.Errorf("%d entries were reported as skipped, want %d", len(skipped), 2*len(bad)+5)
		}
	}
}

// TestGitBombs holds row 17 of the threat model, with limits lowered so that it runs quickly.
func TestGitBombs(t *testing.T) {
	files := map[string]string{}
	for i := range 60 {
		files["f"+strconv.Itoa(i)] = strconv.Itoa(i)
	}
	for name, tc := range map[string]struct {
		repo   func(t *testing.T) string
		limits git.Limits
		want   string
		remote bool // a limit of the transport
	}{
		"bytes": {
			func(t *testing.T) string {
				t.Helper()
				return gittest.Repo(t, commit(1, map[string]string{"big": noise(t, 3<<20)}))
			},
			git.Limits{Bytes: 1 << 20},
			"sent more than the 1048576 bytes", true,
		},
		"files in a folder": {
			func(t *testing.T) string {
				t.Helper()
				return gittest.Repo(t, commit(1, files))
			},
			git.Limits{Files: 50},
			"holds more files than the 50", false,
		},
		"files by repetition": {paperBomb, git.Limits{}, "holds more files than the 500000", false},
		"depth": {
			func(t *testing.T) string {
				t.Helper()
				return gittest.Repo(t, commit(1, map[string]string{strings.Repeat("d/", 65) + "f": "x"}))
			},
			git.Limits{},
			"nested deeper than the 64 levels", false,
		},
		"objects": {
			func(t *testing.T) string {
				t.Helper()
				return manyCommits(t, 400)
			},
			git.Limits{Files: 10},
			"objects, at most", true,
		},
		"inflated": {
			func(t *testing.T) string {
				t.Helper()
				return gittest.Repo(t, commit(1, map[string]string{"zeros": string(make([]byte, 20<<20))}))
			},
			git.Limits{Bytes: 1 << 20},
			"too large to index safely", true,
		},
		"large object": {
			func(t *testing.T) string {
				t.Helper()
				return gittest.Repo(t, commit(1, map[string]string{"zeros": string(make([]byte, 161<<20))}))
			},
			git.Limits{},
			"holds a file of 161 MiB", true,
		},
		"large delta": {largeDelta, git.Limits{}, "holds a file of 40 MiB", true},
	} {
		t.Run(name, func(t *testing.T) {
			if raceEnabled && name == "large object" {
				t.Skip("inflating 161 MiB takes too long under the race detector")
			}
			repo := tc.repo(t)
			urls := []string{gittest.Serve(t, filepath.Dir(repo)).URL + "/repo.git"}
			if !tc.remote {
				urls = append(urls, repo)
			}
			for _, url := range urls {
				s := open(t, git.Config{URL: url, Limits: tc.limits})
				_, err := s.Fetch(t.Context())
				checkError(t, err, git.ErrLimit, tc.want, url)
			}
		})
	}
}

// TestGitBombs_NotAskedAgain sees that what was over a limit is not downloaded at every poll.
func TestGitBombs_NotAskedAgain(t *testing.T) {
	repo := gittest.Repo(t, commit(1, map[string]string{"big": noise(t, 1<<20)}))
	srv := gittest.Serve(t, filepath.Dir(repo))
	s := open(t, git.Config{URL: srv.URL + "/repo.git", Limits: git.Limits{Bytes: 100 << 10}})
	for range 3 {
		_, err := s.Fetch(t.Context())
		checkError(t, err, git.ErrLimit, "limits.bytes", srv.URL)
	}
	if n := len(srv.Requests()); n != 4 {
		t.Errorf("%d requests, want 3 for branches and 1 for the pack", n)
	}
}

// TestGitBombs_NotAskedAgain_Mirror is the same where there is a mirror: its news are tried once, and then
// all that the remote has.
func TestGitBombs_NotAskedAgain_Mirror(t *testing.T) {
	repo := gittest.Repo(t, first())
	srv := gittest.Serve(t, filepath.Dir(repo))
	s := open(t, git.Config{URL: srv.URL + "/repo.git", Limits: git.Limits{Bytes: 100 << 10}})
	before := fetch(t, s)
	if err := git.Append(repo, commit(2, map[string]string{"big": noise(t, 1<<20)})); err != nil {
		t.Fatal(err)
	}
	asked := len(srv.Requests())
	for range 3 {
		_, err := s.Fetch(t.Context())
		checkError(t, err, git.ErrLimit, "limits.bytes", srv.URL)
	}
	if n := len(srv.Requests()) - asked; n != 2+2+1+1 {
		t.Errorf("%d requests, want 4 for branches and 2 for packs", n)
	}
	if got := content(t, before); len(got) != 5 {
		t.Errorf("the tree of before has %d files", len(got))
	}
	gittest.Git(t, repo, "update-ref", "refs/heads/main", "main~1")
	if err := git.Append(repo, commit(3, map[string]string{"small": "s"})); err != nil {
		t.Fatal(err)
	}
	if got := content(t, fetch(t, s)); got["small"] != "s" {
		t.Errorf("after the large file was taken out: %d files", len(got))
	}
}

func TestFiles_SizeCaps(t *testing.T) {
	write := map[string]string{"small": "s", "medium": strings.Repeat("m", 3000), "large": strings.Repeat("l", 9000)}
	repo := gittest.Repo(t, commit(1, write))
	limits := git.Limits{FileBytes: 1000, WideFileBytes: 5000}
	for name, cfg := range map[string]git.Config{
		"local":   {URL: repo, Limits: limits},
		"http":    {URL: gittest.Serve(t, filepath.Dir(repo)).URL + "/repo.git", Limits: limits},
		"filters": {URL: gittest.Serve(t, filepath.Dir(repo), gittest.Filters()).URL + "/repo.git", Limits: limits},
	} {
		tree := fetch(t, open(t, cfg))
		wide, ok := tree.FS.(interface {
			ReadLimit(name string, limit int64) ([]byte, error)
		})
		if !ok {
			t.Fatal("no ReadLimit")
		}
		size := int64(9000)
		if name == "filters" {
			size = -1 // the server was asked not to send it
		}
		if _, err := fs.ReadFile(tree, "small"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		_, openErr := tree.Open("medium")
		_, readErr := fs.ReadFile(tree, "medium")
		for _, err := range []error{openErr, readErr} {
			checkTooLarge(t, name, err, git.TooLargeError{Path: "medium", Size: 3000, Max: 1000})
		}
		if data, err := wide.ReadLimit("medium", 1<<30); err != nil || len(data) != 3000 {
			t.Errorf("%s: %d bytes, %v", name, len(data), err)
		}
		_, err := wide.ReadLimit("large", 1<<30)
		checkTooLarge(t, name, err, git.TooLargeError{Path: "large", Size: size, Max: 5000})
	}
}

func checkTooLarge(t *testing.T, name string, err error, want git.TooLargeError) {
	t.Helper()
	var large *git.TooLargeError
	if !errors.As(err, &large) || !errors.Is(err, git.ErrTooLarge) || *large != want {
		t.Errorf("%s: got %v, want %v", name, err, &want)
	}
}

// TestRedirectCreds holds row 14 of the threat model for Git: a token is shown to its own host only.
func TestRedirectCreds(t *testing.T) {
	repo := gittest.Repo(t, first())
	other := gittest.Serve(t, filepath.Dir(repo))
	moved := gittest.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case strings.HasPrefix(r.URL.Path, "/away"):
				http.Redirect(w, r, other.URL+strings.TrimPrefix(r.URL.String(), "/away"), http.StatusMovedPermanently)
			case strings.HasPrefix(r.URL.Path, "/old"):
				http.Redirect(w, r, strings.TrimPrefix(r.URL.String(), "/old"), http.StatusMovedPermanently)
			case r.Method == http.MethodPost && r.URL.Query().Get("x") == "" && strings.HasPrefix(r.URL.Path, "/post"):
				http.Redirect(w, r, other.URL+r.URL.Path, http.StatusTemporaryRedirect)
			default:
				r.URL.Path = strings.TrimPrefix(r.URL.Path, "/post")
				next.ServeHTTP(w, r)
			}
		})
	})
	home := gittest.Serve(t, filepath.Dir(repo), moved)

	_, err := open(t, git.Config{URL: home.URL + "/away/repo.git", Token: token(secret)}).Fetch(t.Context())
	checkError(t, err, git.ErrRedirect, "credentials are not sent", home.URL)
	_, err = open(t, git.Config{URL: home.URL + "/post/repo.git", Token: token(secret)}).Fetch(t.Context())
	checkError(t, err, git.ErrRedirect, "in the middle of a transfer", home.URL)
	if n := len(other.Requests()); n != 0 {
		t.Errorf("the other host was asked %d times", n)
	}
	fetch(t, open(t, git.Config{URL: home.URL + "/old/repo.git", Token: token(secret)})) // renamed, same host
	last := home.Requests()[len(home.Requests())-1]
	if _, got, _ := last.BasicAuth(); got != secret || last.URL.Path != "/repo.git/git-upload-pack" {
		t.Errorf("after the rename: %s", last.URL)
	}
}

// TestSSRF holds row 13 of the threat model for Git: a public repository cannot redirect inside.
func TestSSRF(t *testing.T) {
	inside := gittest.Serve(t, t.TempDir())
	port := inside.URL[strings.LastIndex(inside.URL, ":"):]
	for _, target := range []string{"http://localhost" + port, "http://[::1]", "http://169.254.169.254", "http://10.0.0.1"} {
		home := gittest.Serve(t, t.TempDir(), gittest.Wrap(func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, target+r.URL.String(), http.StatusFound)
			})
		}))
		_, err := open(t, git.Config{URL: home.URL + "/repo.git", Limits: git.Limits{Deadline: 5 * time.Second}}).Fetch(t.Context())
		checkError(t, err, git.ErrRedirect, "not allowed", home.URL)
	}
	if n := len(inside.Requests()); n != 0 {
		t.Errorf("the inside was asked %d times", n)
	}
}

// paperBomb is a tree of 10 levels, each of which names the next ten times: ten objects that stand for
// ten thousand million files.
func paperBomb(t *testing.T) string {
	t.Helper()
	repo := gittest.Repo(t, first())
	blob := gittest.GitInput(t, repo, []byte("x"), "hash-object", "-w", "--stdin")
	mode, hash := "100644", blob
	for range 10 {
		var lines [][]byte
		for i := range 10 {
			lines = append(lines, line(mode, strconv.Itoa(i), hash))
		}
		mode, hash = "40000", tree(t, repo, lines...)
	}
	setMain(t, repo, hash)
	return repo
}

func manyCommits(t *testing.T, n int) string {
	t.Helper()
	var commits []git.Commit
	for i := range n {
		commits = append(commits, commit(i+1, map[string]string{"f": strconv.Itoa(i)}))
	}
	return gittest.Repo(t, commits...)
}

// largeDelta is a file of 40 MiB with a small change, which git stores as a difference.
func largeDelta(t *testing.T) string {
	t.Helper()
	data := bytes.Repeat([]byte("0123456789abcdef"), 40<<16)
	repo := gittest.Repo(t, commit(1, map[string]string{"f": string(data)}), commit(2, map[string]string{"f": string(data) + "!"}))
	gittest.Git(t, repo, "repack", "-adfq")
	return repo
}

func line(mode, name, hash string) []byte {
	raw, err := hex.DecodeString(hash)
	if err != nil {
		panic(err)
	}
	return append([]byte(mode+" "+name+"\x00"), raw...)
}

// tree writes a tree object that git itself would refuse to make.
func tree(t *testing.T, repo string, lines ...[]byte) string {
	t.Helper()
	return gittest.GitInput(t, repo, bytes.Join(lines, nil), "hash-object", "-t", "tree", "-w", "--literally", "--stdin")
}

func setMain(t *testing.T, repo, tree string) {
	t.Helper()
	gittest.Git(t, repo, "update-ref", "refs/heads/main", gittest.Git(t, repo, "commit-tree", "-m", "made by hand", tree))
}

// TestGitBombs_Memory takes a repository with an incompressible 120 MB at HEAD, from a server that cannot
// leave it out, in a process of its own, and looks at the most memory that process ever had: where the cap
// of bytes lets it pass the file alone is refused, where not the transfer ends at the cap.
func TestGitBombs_Memory(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector takes memory of its own")
	}
	const env, envCap = "CALLBOARD_TEST_FETCH", "CALLBOARD_TEST_CAP"
	if url := os.Getenv(env); url != "" {
		takeBomb(t, url, os.Getenv(envCap))
		return
	}
	repo := gittest.Repo(t, commit(1, map[string]string{"small": "s"}))
	big := gittest.GitInput(t, repo, []byte(noise(t, 120<<20)), "-c", "core.compression=0", "hash-object", "-w", "--stdin")
	small := gittest.Git(t, repo, "rev-parse", "main:small")
	setMain(t, repo, tree(t, repo, line("100644", "big", big), line("100644", "small", small)))
	gittest.Git(t, repo, "-c", "pack.compression=0", "repack", "-adq") // or the server would try in vain to compress it
	url := gittest.Serve(t, filepath.Dir(repo)).URL + "/repo.git"
	for _, most := range []string{"", strconv.Itoa(20 << 20)} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestGitBombs_Memory$", "-test.v")
		cmd.Env = append(os.Environ(), env+"="+url, envCap+"="+most)
		out, err := cmd.CombinedOutput()
		if t.Logf("%s", out); err != nil {
			t.Error(err)
		}
	}
}

// takeBomb is TestGitBombs_Memory in the process of its own.
func takeBomb(t *testing.T, url, most string) {
	t.Helper()
	cfg := git.Config{URL: url}
	if limit, err := strconv.ParseInt(most, 10, 64); err == nil {
		cfg.Limits.Bytes = limit
		s := open(t, cfg)
		_, err := s.Fetch(t.Context())
		checkError(t, err, git.ErrLimit, "sent more than the 20971520 bytes", url)
		if got := s.Stats().Bytes; got > limit+1<<20 {
			t.Errorf("%d bytes were taken", got)
		}
	} else {
		tree := fetch(t, open(t, cfg))
		_, err := fs.ReadFile(tree, "big")
		checkTooLarge(t, "big", err, git.TooLargeError{Path: "big", Size: 120 << 20, Max: 1 << 20})
		if data, err := fs.ReadFile(tree, "small"); err != nil || string(data) != "s" {
			t.Errorf("the file beside it: %q, %v", data, err)
		}
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("this system does not tell a process's memory")
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	kb, err := strconv.Atoi(strings.Fields(after)[0])
	if err != nil {
		t.Fatal(err)
	}
	if t.Logf("peak resident memory: %d MB", kb>>10); kb>>10 >= 200 {
		t.Error("must be below 200 MB")
	}
}
