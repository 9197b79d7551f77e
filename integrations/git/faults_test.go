package git_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"callboard/integrations/git"
	"callboard/integrations/git/gittest"
)

func noise(tb testing.TB, size int) string {
	tb.Helper()
	data := make([]byte, size)
	if _, err := rand.Read(data); err != nil {
		tb.Fatal(err)
	}
	return string(data)
}

// TestSource_Fetch_OddAnswerKeepsTheMirror: what goes wrong before the remote has said what it has is no
// reason to get everything anew. A single lost connection would otherwise cost a whole clone.
func TestSource_Fetch_OddAnswerKeepsTheMirror(t *testing.T) {
	for name, odd := range map[string]http.HandlerFunc{
		"a web page":          func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>log in</html>")) },
		"an unknown status":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) },
		"the connection ends": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			repo := gittest.Repo(t, first())
			var left atomic.Int64 // odd answers to give
			srv := gittest.Serve(t, filepath.Dir(repo), gittest.Wrap(func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Connection", "close") // or net/http would try a lost one again by itself
					if left.Add(-1) >= 0 {
						odd(w, r)
						return
					}
					next.ServeHTTP(w, r)
				})
			}))
			s := open(t, git.Config{URL: srv.URL + "/repo.git"})
			fetch(t, s)
			if err := git.Append(repo, commit(2, map[string]string{"new": "n\n"})); err != nil {
				t.Fatal(err)
			}
			left.Store(1)
			_, err := s.Fetch(t.Context())
			if err == nil || s.Stats().Rebuilt {
				t.Errorf("an odd answer gave %v, rebuilt: %t", err, s.Stats().Rebuilt)
			}
			if fetch(t, s); s.Stats().Rebuilt {
				t.Error("after an odd answer the mirror was made anew")
			}
		})
	}
}

// TestSource_Fetch_Network puts a faulty network before a good server: the failure is named, the tree of
// before stays readable, and the fetch after it brings the news into the same mirror.
func TestSource_Fetch_Network(t *testing.T) {
	const size = 100_000 // of the news
	for name, tc := range map[string]struct {
		fault    gittest.Fault
		deadline time.Duration
		want     error
		text     string
	}{
		"reset":        {gittest.Fault{Reset: true}, 0, git.ErrNetwork, "cannot connect"},
		"hangs":        {gittest.Fault{Hang: true}, 300 * time.Millisecond, git.ErrTimeout, "no answer in time"},
		"20 KB/s":      {gittest.Fault{Rate: 20_000}, time.Second, git.ErrTimeout, "did not finish in time"},
		"cut off":      {gittest.Fault{Cut: size / 2}, 0, git.ErrNetwork, "broke off"},
		"cut at start": {gittest.Fault{Cut: 10}, 0, git.ErrProtocol, "transfer failed"},
		"cut in refs":  {gittest.Fault{Cut: 400}, 0, git.ErrNetwork, "list of branches cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			repo := gittest.Repo(t, first())
			proxy := gittest.NewProxy(t, gittest.Serve(t, filepath.Dir(repo)).URL)
			cfg := git.Config{URL: proxy.URL + "/repo.git", Dir: t.TempDir(), Limits: git.Limits{Deadline: tc.deadline}}
			before := fetch(t, open(t, git.Config{URL: cfg.URL, Dir: cfg.Dir}))
			s := open(t, cfg)
			if err := git.Append(repo, commit(2, map[string]string{"new": noise(t, size)})); err != nil {
				t.Fatal(err)
			}
			proxy.Set(tc.fault)
			_, err := s.Fetch(t.Context())
			checkError(t, err, tc.want, tc.text, cfg.URL)
			if got := content(t, before); len(got) != 5 {
				t.Errorf("the tree of before has %d files", len(got))
			}
			left, err := filepath.Glob(filepath.Join(cfg.Dir, "*", "objects", "pack", "tmp_*"))
			if err != nil || len(left) > 0 {
				t.Errorf("left behind: %v %v", left, err)
			}
			proxy.Set(gittest.Fault{})
			again := open(t, git.Config{URL: cfg.URL, Dir: cfg.Dir})
			if got := content(t, fetch(t, again)); len(got["new"]) != size || again.Stats().Rebuilt {
				t.Errorf("afterwards: %d bytes, rebuilt: %t", len(got["new"]), again.Stats().Rebuilt)
			}
		})
	}
}

// TestSource_Fetch_SlowIsNoFault: a slow server is waited for as long as something comes.
func TestSource_Fetch_SlowIsNoFault(t *testing.T) {
	t.Parallel()
	repo := gittest.Repo(t, commit(1, map[string]string{"file": noise(t, 20_000)}))
	proxy := gittest.NewProxy(t, gittest.Serve(t, filepath.Dir(repo)).URL)
	proxy.Set(gittest.Fault{Rate: 20_000})
	start := time.Now()
	if got := content(t, fetch(t, open(t, git.Config{URL: proxy.URL + "/repo.git"}))); len(got["file"]) != 20_000 {
		t.Errorf("got %d bytes", len(got["file"]))
	}
	if took := time.Since(start); took < 900*time.Millisecond {
		t.Errorf("20 KB at 20 KB/s took %v", took)
	}
}

// TestSource_Fetch_ManyFiles takes a repository of 200,000 files, and refuses it where fewer are allowed.
func TestSource_Fetch_ManyFiles(t *testing.T) {
	t.Parallel()
	const folders, each = 200, 1000
	var in strings.Builder
	in.WriteString("blob\nmark :1\ndata 2\nx\n\ncommit refs/heads/main\ncommitter T <t@example.com> 1767225600 +0000\ndata 1\nm\n")
	for i := range folders {
		for j := range each {
			in.WriteString("M 100644 :1 d" + strconv.Itoa(i) + "/f" + strconv.Itoa(j) + "\n")
		}
	}
	repo := gittest.Repo(t)
	gittest.GitInput(t, repo, []byte(in.String()), "fast-import", "--quiet")
	gittest.Git(t, repo, "symbolic-ref", "HEAD", "refs/heads/main")
	url := gittest.Serve(t, filepath.Dir(repo)).URL + "/repo.git"

	s := open(t, git.Config{URL: url})
	tree := fetch(t, s)
	if n := len(tree.Root.Dirs); n != folders {
		t.Errorf("%d folders", n)
	}
	if fetch(t, s).Root != tree.Root {
		t.Error("without news it is listed anew")
	}
	few := open(t, git.Config{URL: url, Limits: git.Limits{Files: folders*each - 1}})
	_, err := few.Fetch(t.Context())
	checkError(t, err, git.ErrLimit, `folder "." holds more files than the 199999 that limits.files allows`, url)
}

// TestSource_Fetch_Interrupted: who ends the program while a remote hangs need not wait for it.
func TestSource_Fetch_Interrupted(t *testing.T) {
	t.Parallel()
	proxy := gittest.NewProxy(t, "http://127.0.0.1:1")
	proxy.Set(gittest.Fault{Hang: true})
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	_, err := open(t, git.Config{URL: proxy.URL + "/repo.git"}).Fetch(ctx)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
