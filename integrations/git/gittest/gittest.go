// Package gittest gives tests a real Git server: git's own http-backend behind net/http, with the
// misbehaviour of servers in the wild. It needs the git binary.
package gittest

import (
	"bytes"
	"encoding/pem"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"callboard/integrations/git"
)

// Repo makes a bare repository with the given history and gives its folder, which ends in ".git".
// Without commits it is empty.
func Repo(tb testing.TB, commits ...git.Commit) string {
	tb.Helper()
	dir := filepath.Join(tb.TempDir(), "repo.git")
	if err := git.Init(dir, commits); err != nil {
		tb.Fatal(err)
	}
	return dir
}

// Git runs the git binary in a folder, without the configuration of whoever runs the test, and gives
// its standard output.
func Git(tb testing.TB, dir string, args ...string) string {
	tb.Helper()
	return GitInput(tb, dir, nil, args...)
}

// GitInput is Git with standard input.
func GitInput(tb testing.TB, dir string, stdin []byte, args ...string) string {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), "git", args...)
	cmd.Dir, cmd.Env, cmd.Stdin = dir, Env(), bytes.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		tb.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, &stderr)
	}
	return strings.TrimSpace(string(out))
}

// Env is the environment in which git behaves the same on every machine.
func Env() []string {
	return append(os.Environ(),
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_TERMINAL_PROMPT=0",
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*",
		"GIT_AUTHOR_NAME=Test", "GIT_AUTHOR_EMAIL=test@example.com", "GIT_AUTHOR_DATE=2026-01-01T00:00:00Z",
		"GIT_COMMITTER_NAME=Test", "GIT_COMMITTER_EMAIL=test@example.com", "GIT_COMMITTER_DATE=2026-01-01T00:00:00Z")
}

// Server serves the repositories below a folder at URL/NAME.
type Server struct {
	URL  string // without a slash at the end
	Cert []byte // PEM, of a server with TLS

	mu       sync.Mutex
	requests []*http.Request
}

// Option changes a Server.
type Option func(*options)

type options struct {
	tls  bool
	wrap []func(http.Handler) http.Handler
	conf map[string]string // of git
}

// TLS serves over https with a certificate of its own, which Server.Cert and CAFile give.
func TLS() Option { return func(o *options) { o.tls = true } }

// Auth asks for HTTP basic authentication with this password, whatever the user.
func Auth(password string) Option {
	return Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, got, ok := r.BasicAuth(); !ok || got != password {
				w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
				http.Error(w, "who are you?", http.StatusUnauthorized)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
}

// Wrap puts a handler before the server.
func Wrap(f func(next http.Handler) http.Handler) Option {
	return func(o *options) { o.wrap = append(o.wrap, f) }
}

// Filters lets clients leave out large files, as the big forges do.
func Filters() Option {
	return func(o *options) { o.conf["uploadpack.allowFilter"] = "true" }
}

// Serve starts a server for the repositories below root, until the test ends. A test whose machine
// has no git http-backend fails.
func Serve(tb testing.TB, root string, opts ...Option) *Server {
	tb.Helper()
	o := options{conf: map[string]string{"safe.directory": "*"}}
	for _, opt := range opts {
		opt(&o)
	}
	s := &Server{}
	env := []string{
		"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull,
		"GIT_CONFIG_COUNT=" + strconv.Itoa(len(o.conf)),
	}
	for i, key := range slices.Sorted(maps.Keys(o.conf)) {
		env = append(env, "GIT_CONFIG_KEY_"+strconv.Itoa(i)+"="+key, "GIT_CONFIG_VALUE_"+strconv.Itoa(i)+"="+o.conf[key])
	}
	var h http.Handler = &cgi.Handler{
		Path:   filepath.Join(Git(tb, root, "--exec-path"), "git-http-backend"),
		Env:    env,
		Stderr: io.Discard,
		Logger: log.New(io.Discard, "", 0), // clients that break off are what some tests are about
	}
	for _, w := range o.wrap {
		h = w(h)
	}
	record := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.requests = append(s.requests, r.Clone(r.Context()))
		s.mu.Unlock()
		h.ServeHTTP(w, r)
	})
	srv := httptest.NewUnstartedServer(record)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	if o.tls {
		srv.StartTLS()
		s.Cert = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})
	} else {
		srv.Start()
	}
	tb.Cleanup(func() { srv.CloseClientConnections(); srv.Close() })
	s.URL = srv.URL
	return s
}

// Requests gives what was asked so far.
func (s *Server) Requests() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*http.Request(nil), s.requests...)
}

// CAFile writes the server's certificate to a file and gives its name.
func (s *Server) CAFile(tb testing.TB) string {
	tb.Helper()
	name := filepath.Join(tb.TempDir(), "ca.pem")
	if err := os.WriteFile(name, s.Cert, 0o600); err != nil {
		tb.Fatal(err)
	}
	return name
}
