package git_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"callboard/integrations/git"
	"callboard/integrations/git/gittest"
)

const secret = "t0p-s3cr3t-token"

// checkError checks kind, words, address, and what holds for every error: one line, no secret.
func checkError(t *testing.T, err, want error, text, url string) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want %v", err, want)
	}
	msg := err.Error()
	if !strings.Contains(msg, text) || !strings.Contains(msg, url) {
		t.Errorf("%q lacks %q or %q", msg, text, url)
	}
	if strings.Contains(msg, secret) || strings.ContainsAny(msg, "\n\r\x1b") {
		t.Errorf("%q shows the secret or has more than a line", msg)
	}
	t.Log(msg)
}

func status(code int, body string) gittest.Option {
	return gittest.Wrap(func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, body+r.Header.Get("Authorization"), code)
		})
	})
}

func hang(after int) gittest.Option {
	return gittest.Wrap(func(next http.Handler) http.Handler {
		n := 0
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if n++; n > after {
				_, _ = io.Copy(io.Discard, r.Body) // only then net/http notices that the client has gone
				<-r.Context().Done()
				return
			}
			next.ServeHTTP(w, r)
		})
	})
}

func TestSource_Fetch_HTTPErrors(t *testing.T) {
	root := t.TempDir()
	for name, commits := range map[string][]git.Commit{"repo": {first()}, "empty": nil} {
		if err := git.Init(filepath.Join(root, name), commits); err != nil {
			t.Fatal(err)
		}
	}
	login := gittest.Wrap(func(http.Handler) http.Handler {
		mux := http.NewServeMux()
		mux.Handle("/", http.RedirectHandler("/login?next=x", http.StatusFound))
		mux.HandleFunc("/login", func(http.ResponseWriter, *http.Request) {})
		return mux
	})
	echo := gittest.Wrap(func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, password, _ := r.BasicAuth()
			w.Header().Set("Content-Type", "application/x-git-upload-pack-advertisement")
			text := "ERR you sent " + password + "\n"
			_, _ = fmt.Fprintf(w, "001e# service=git-upload-pack\n0000%04x%s", len(text)+4, text)
		})
	})
	for name, tc := range map[string]struct {
		opts   []gittest.Option
		repo   string
		change func(*git.Config)
		want   error
		text   string
	}{
		"no token":         {[]gittest.Option{gittest.Auth("x")}, "repo", func(c *git.Config) { c.Token = nil }, git.ErrAuth, "set a token"},
		"wrong token":      {[]gittest.Option{gittest.Auth("x")}, "repo", nil, git.ErrAuth, "wrong, expired or revoked"},
		"token fails":      {nil, "repo", func(c *git.Config) { c.Token = failing }, git.ErrConfig, "vault is sealed"},
		"403":              {[]gittest.Option{status(403, "no\nno ")}, "repo", nil, git.ErrForbidden, "denies access"},
		"404":              {nil, "missing", nil, git.ErrNotFound, "no repository here"},
		"echoes the token": {[]gittest.Option{echo}, "repo", nil, git.ErrProtocol, "you sent [secret]"},
		"429":              {[]gittest.Option{status(429, "")}, "repo", nil, git.ErrNetwork, "later"},
		"500":              {[]gittest.Option{status(500, "boom ")}, "repo", nil, git.ErrNetwork, "problem of its own"},
		"teapot":           {[]gittest.Option{status(418, "")}, "repo", nil, git.ErrProtocol, "418"},
		"a web page":       {[]gittest.Option{status(200, "<html>")}, "repo", nil, git.ErrProtocol, "not as a Git server"},
		"a login page":     {[]gittest.Option{login}, "repo", nil, git.ErrAuth, "log in"},
		"empty repository": {nil, "empty", nil, git.ErrEmpty, "no commits"},
		"missing branch":   {nil, "repo", func(c *git.Config) { c.Branch = "nope\x1b[31m" }, git.ErrBranch, "it has main"},
		"unknown CA":       {[]gittest.Option{gittest.TLS()}, "repo", nil, git.ErrTLS, "outbound.ca"},
		"https on http":    {nil, "repo", func(c *git.Config) { c.URL = strings.Replace(c.URL, "http:", "https:", 1) }, git.ErrTLS, "scheme"},
		"nobody listens":   {nil, "repo", func(c *git.Config) { c.URL = "http://" + closedPort(t) + "/repo" }, git.ErrNetwork, "is the server up"},
		"unknown host":     {nil, "repo", func(c *git.Config) { c.URL = "http://nowhere.invalid/repo" }, git.ErrNetwork, "nowhere.invalid"},
		"hangs at once":    {[]gittest.Option{hang(0)}, "repo", func(c *git.Config) { c.Limits.Deadline = 100 * time.Millisecond }, git.ErrTimeout, "in time"},
		"hangs at pack":    {[]gittest.Option{hang(1)}, "repo", func(c *git.Config) { c.Limits.Stall = 100 * time.Millisecond }, git.ErrTimeout, "sent nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			srv := gittest.Serve(t, root, tc.opts...)
			cfg := git.Config{URL: srv.URL + "/" + tc.repo, Token: token(secret)}
			if tc.change != nil {
				tc.change(&cfg)
			}
			_, err := open(t, cfg).Fetch(t.Context())
			checkError(t, err, tc.want, tc.text, cfg.URL)
		})
	}
}

func TestSource_Fetch_LocalErrors(t *testing.T) {
	broken := gittest.Repo(t, first())
	gittest.Git(t, broken, "symbolic-ref", "HEAD", "refs/heads/gone")
	for name, tc := range map[string]struct {
		cfg  git.Config
		want error
		text string
	}{
		"no folder":      {git.Config{URL: filepath.Join(t.TempDir(), "missing")}, git.ErrNotFound, "no such folder"},
		"no repository":  {git.Config{URL: t.TempDir()}, git.ErrNotFound, "not a Git repository"},
		"empty":          {git.Config{URL: gittest.Repo(t)}, git.ErrEmpty, "no commits"},
		"missing branch": {git.Config{URL: gittest.Repo(t, first()), Branch: "nope"}, git.ErrBranch, "it has main"},
		"broken HEAD":    {git.Config{URL: broken}, git.ErrBranch, "it has main"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := open(t, tc.cfg).Fetch(t.Context())
			checkError(t, err, tc.want, tc.text, tc.cfg.URL)
		})
	}
}

func TestOpen_Refuses(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*git.Config)
		text   string
	}{
		"nothing":          {func(c *git.Config) { c.URL = "" }, "set the address"},
		"file":             {func(c *git.Config) { c.URL = "file:///srv/repo.git" }, "write the path itself"},
		"git":              {func(c *git.Config) { c.URL = "git://example.com/r" }, "use https, ssh or a path"},
		"ext":              {func(c *git.Config) { c.URL = "ext::sh -c true://x" }, "URL"},
		"plain http":       {func(c *git.Config) { c.URL = "http://example.com/r" }, "insecure: true"},
		"token in URL":     {func(c *git.Config) { c.URL = "https://" + secret + "@example.com/r" }, "set token"},
		"password in URL":  {func(c *git.Config) { c.URL = "https://me:" + secret + "@example.com/r" }, "set token"},
		"password for ssh": {func(c *git.Config) { c.URL = "ssh://git:" + secret + "@example.com/r" }, "ssh_key"},
		"unreadable":       {func(c *git.Config) { c.URL = "https://me:" + secret + "@exa mple.com/r" }, "URL"},
		"token in query":   {func(c *git.Config) { c.URL = "https://example.com/r?token=" + secret }, "query"},
		"no path":          {func(c *git.Config) { c.URL = "https://example.com/" }, "path of a repository"},
		"option as path":   {func(c *git.Config) { c.URL = "git@example.com:--upload-pack=x" }, "path of a repository"},
		"bad name":         {func(c *git.Config) { c.Name = "../x" }, "source name"},
		"bad forge":        {func(c *git.Config) { c.Forge = "svn" }, "use github"},
		"bad proxy":        {func(c *git.Config) { c.Proxy = "me:" + secret + "@proxy" }, "proxy"},
		"bad CA":           {func(c *git.Config) { c.CAFile = filepath.Join(t.TempDir(), "none") }, "CA file"},
		"token and app":    {func(c *git.Config) { c.Token, c.App = token(secret), &git.AppCredentials{} }, "not both"},
		"half an app":      {func(c *git.Config) { c.App = &git.AppCredentials{ID: 1} }, "installation"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := git.Config{Name: "acme", URL: "https://example.com/r", Dir: t.TempDir()}
			tc.change(&cfg)
			s, err := git.Open(cfg)
			if s != nil {
				t.Error("a source was given too")
			}
			checkError(t, err, git.ErrConfig, tc.text, "source ")
		})
	}
}

func TestSource_Web(t *testing.T) {
	for url, want := range map[string]string{
		"https://github.com/acme/catalog.git":          "https://github.com/acme/catalog/blob/main/",
		"git@github.com:acme/catalog.git":              "https://github.com/acme/catalog/blob/main/",
		"ssh://git@gitlab.corp.example:2222/a/b/c.git": "https://gitlab.corp.example/a/b/c/-/blob/main/",
		"https://gitlab.com/a/b/c":                     "https://gitlab.com/a/b/c/-/blob/main/",
		"https://gitea.example:3000/a/b/":              "https://gitea.example:3000/a/b/src/branch/main/",
		"https://codeberg.org/a/b":                     "https://codeberg.org/a/b/src/branch/main/",
		"https://bitbucket.org/a/b.git":                "https://bitbucket.org/a/b/src/main/",
		"https://git.example.com/a/b.git":              "",
		os.TempDir():                                   "",
	} {
		s := open(t, git.Config{URL: url})
		if got := s.Web("main"); got != want {
			t.Errorf("%s: got %q, want %q", url, got, want)
		}
	}
	s := open(t, git.Config{URL: "https://git.example.com/a/b.git", Forge: "gitlab"})
	if got := s.Web("feature/x#1"); got != "https://git.example.com/a/b/-/blob/feature/x%231/" {
		t.Errorf("got %q", got)
	}
}

func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	return l.Addr().String()
}

func failing(context.Context) (string, error) { return "", errors.New("vault is sealed") }
