package main // the tests run the program as main does, without the process around it

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"io/fs"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"callboard/integrations/git"
	"callboard/integrations/git/gittest"
)

const (
	canary   = "canary-t0ken-0123456789"
	recovery = 2 * time.Minute // polls come more slowly the longer a fault lasts, and that is long on a busy machine
)

// remote is one source of TestFaults_Remote. Its name is that of its row.
type remote struct {
	repo     string // on this machine
	url      string
	settings string // further ones of the source
	harm     func(t *testing.T)
	mend     func(t *testing.T)
	words    []string // of the failure; none: the harm is followed without one
}

// served puts a repository behind git's own HTTP server, which wants the canary, and a proxy.
func served(t *testing.T, opts ...gittest.Option) (r *remote, proxy *gittest.Proxy) {
	t.Helper()
	repo := goodRepo(t)
	server := gittest.Serve(t, filepath.Dir(repo), append(opts, gittest.Auth(canary))...)
	proxy = gittest.NewProxy(t, server.URL)
	nothing := func(*testing.T) {}
	return &remote{repo: repo, url: proxy.URL + "/repo.git", settings: ", insecure: true", harm: nothing, mend: nothing}, proxy
}

// answers is a remote that answers otherwise while it is harmed, and repeats to the client all that it sent.
func answers(status int, words ...string) func(*testing.T) *remote {
	return func(t *testing.T) *remote {
		var harmed atomic.Bool
		r, _ := served(t, gittest.Wrap(func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				if harmed.Load() {
					http.Error(w, "<html>sorry, "+req.Header.Get("Authorization"), status)
					return
				}
				next.ServeHTTP(w, req)
			})
		}))
		r.harm, r.mend = func(*testing.T) { harmed.Store(true) }, func(*testing.T) { harmed.Store(false) }
		r.words = words
		return r
	}
}

// network is a remote behind a network with a fault. Its news are 200 KB.
func network(fault gittest.Fault, words ...string) func(*testing.T) *remote {
	return func(t *testing.T) *remote {
		r, proxy := served(t)
		r.settings += ", limits: { deadline: 3s }"
		r.harm = func(t *testing.T) {
			proxy.Set(fault)
			r.push(t, map[string]string{"README": incompressible(t, 200_000)})
		}
		r.mend = func(*testing.T) { proxy.Set(gittest.Fault{}) }
		r.words = words
		return r
	}
}

// repository is a remote whose repository is changed, and changed back.
func repository(settings string, harm, mend func(t *testing.T, repo string), words ...string) func(*testing.T) *remote {
	return func(t *testing.T) *remote {
		r, _ := served(t)
		r.settings += settings
		r.harm, r.mend, r.words = func(t *testing.T) { harm(t, r.repo) }, func(t *testing.T) { mend(t, r.repo) }, words
		return r
	}
}

func (r *remote) push(t *testing.T, files map[string]string) {
	t.Helper()
	if err := git.Append(r.repo, commitOf(files)); err != nil {
		t.Fatal(err)
	}
}

func incompressible(t *testing.T, size int) string {
	t.Helper()
	data := make([]byte, size)
	if _, err := rand.Read(data); err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// certificate is a remote whose certificate becomes one that nobody vouches for.
func certificate(t *testing.T) *remote {
	repo := goodRepo(t)
	good := gittest.Serve(t, filepath.Dir(repo), gittest.TLS(), gittest.Auth(canary))
	proxy := gittest.NewProxy(t, good.URL)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	unknown := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, unknown, unknown, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	bad := httptest.NewUnstartedServer(http.NotFoundHandler())
	bad.Config.ErrorLog = log.New(bytes.NewBuffer(nil), "", 0) // clients that break off are what it is for
	bad.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}
	bad.StartTLS()
	t.Cleanup(bad.Close)
	return &remote{
		repo: repo, url: proxy.URL + "/repo.git",
		harm:  func(*testing.T) { proxy.Lead(bad.URL) },
		mend:  func(*testing.T) { proxy.Lead(good.URL) },
		words: []string{"certificate is not trusted", "set outbound.ca"},
	}
}

// renamed is a remote that the server redirects to, under a name that it has only then.
func renamed(t *testing.T) *remote {
	name := atomic.Pointer[string]{}
	r, _ := served(t, gittest.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if now := name.Load(); now != nil && strings.HasPrefix(req.URL.Path, "/repo.git/") {
				http.Redirect(w, req, strings.Replace(req.URL.String(), "/repo.git/", *now, 1), http.StatusMovedPermanently)
				return
			}
			next.ServeHTTP(w, req)
		})
	}))
	r.harm = func(t *testing.T) {
		now := filepath.Join(filepath.Dir(r.repo), "new.git")
		if err := os.Rename(r.repo, now); err != nil {
			t.Fatal(err)
		}
		r.repo = now
		path := "/new.git/"
		name.Store(&path)
	}
	return r
}

// does gives what runs git in a repository, once for each line.
func does(lines ...string) func(*testing.T, string) {
	return func(t *testing.T, repo string) {
		t.Helper()
		for _, line := range lines {
			gittest.Git(t, repo, strings.Fields(line)...)
		}
	}
}

func moves(from, to string) func(*testing.T, string) {
	return func(t *testing.T, repo string) {
		t.Helper()
		if err := os.Rename(repo+from, repo+to); err != nil {
			t.Fatal(err)
		}
	}
}

func grows(files map[string]string) func(*testing.T, string) {
	return func(t *testing.T, repo string) {
		t.Helper()
		(&remote{repo: repo}).push(t, files)
	}
}

// remotes are the faults F17 and F18 of the threat model, the limits of its row 17, and what is no fault.
func remotes(t *testing.T) map[string]func(t *testing.T) *remote {
	many := map[string]string{}
	for i := range 30 {
		many["file"+strconv.Itoa(i)] = "x"
	}
	back := does("update-ref refs/heads/main main~1")
	return map[string]func(t *testing.T) *remote{
		"down":     network(gittest.Fault{Reset: true}, "cannot connect", "is the server up"),
		"hangs":    network(gittest.Fault{Hang: true}, "no answer in time", "is it up and well"),
		"slow":     network(gittest.Fault{Rate: 20_000}, "did not finish in time", "limits.deadline"),
		"cut-off":  network(gittest.Fault{Cut: 50_000}, "the transfer broke off"),
		"tls":      certificate,
		"code-401": answers(http.StatusUnauthorized, "refuses the credentials (401)", "wrong, expired or revoked"),
		"code-403": answers(http.StatusForbidden, "denies access (403)", "token may lack the right"),
		"code-404": answers(http.StatusNotFound, "no repository here (404)", "check the address"),
		"code-502": answers(http.StatusBadGateway, "problem of its own (502)"),
		"web-page": answers(http.StatusOK, "not as a Git server does", "check the address"),

		"gone": repository("", moves("", ".away"), moves(".away", ""), "(404)", "check the address"),
		"no-branch": repository(", ref: main", does("branch -m main trunk"), does("branch -m trunk main"),
			`no branch or tag "main"`, "it has trunk", "set ref"),
		"no-default": repository("", does("branch -m main trunk", "symbolic-ref HEAD refs/heads/main"), does("branch -m trunk main"),
			"it has trunk", "set ref"),
		"emptied": repository("", does("update-ref -d refs/heads/main"), grows(map[string]string{"catalog-info.yaml": descriptorOf("emptied")}), "no commits yet"),
		"files":   repository(", limits: { files: 20 }", grows(many), back, "more files than the 20 that limits.files allows"),
		"bytes":   repository(", limits: { bytes: 100KiB }", grows(map[string]string{"big": incompressible(t, 1<<20)}), back, "limits.bytes allows"),

		"rewritten": repository("", func(t *testing.T, repo string) {
			gittest.Git(t, repo, "update-ref", "refs/heads/main", gittest.Git(t, repo, "commit-tree", "-m", "rewritten", "main^{tree}"))
		}, func(*testing.T, string) {}),
		"defaulted": repository("", does("branch -m main trunk"), func(*testing.T, string) {}),
		"renamed":   renamed,
	}
}

// program is callboard serve in a process of its own.
type program struct {
	file    string // its configuration
	log     string
	address string
	cmd     *exec.Cmd
}

func startProgram(t *testing.T, file string) *program {
	t.Helper()
	path, err := exec.LookPath("callboard") // TestMain put it there
	if err != nil {
		t.Fatal(err)
	}
	p := &program{file: file, log: file + ".log", cmd: exec.CommandContext(context.WithoutCancel(t.Context()), path, "serve", "-c", file)}
	out, err := os.Create(p.log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = out.Close() })
	p.cmd.Stdout, p.cmd.Stderr = out, out
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.stop(t) })
	serving := regexp.MustCompile(`msg=serving http=(\S+)`)
	until(t, "the daemon", func() bool {
		text, _ := os.ReadFile(p.log)
		found := serving.FindSubmatch(text)
		if found != nil {
			p.address = string(found[1])
		}
		return found != nil
	})
	return p
}

// stop ends the program as an operator does. It is safe to call twice.
func (p *program) stop(t *testing.T) {
	t.Helper()
	if p.cmd.ProcessState != nil {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	if err := p.cmd.Wait(); err != nil {
		text, _ := os.ReadFile(p.log)
		t.Errorf("the program ended with %v\n%s", err, text)
	}
}

func (p *program) ask(t *testing.T, words ...string) string {
	t.Helper()
	_, stdout, stderr := callboard(t, append([]string{"ask", "-c", p.file}, words...)...)
	return stdout + stderr
}

// shows waits until the program knows an entity.
func (p *program) shows(t *testing.T, name string) {
	t.Helper()
	within(t, recovery, name, func() bool { return strings.HasPrefix(p.ask(t, "who-owns", name), name+" ") })
}

// metric waits until a metric of a source has a value.
func (p *program) metric(t *testing.T, name, source string, value int) {
	t.Helper()
	line := "\n" + name + `{source="` + source + `"} ` + strconv.Itoa(value) + "\n"
	within(t, recovery, line, func() bool {
		_, text := get(p.address + "/metrics")
		return strings.Contains(text, line)
	})
}

// TestFaults_Remote harms many sources of a running program, each in its way. Each failure is named with
// what to do; what was last good stays, with its age; a good source's news come; and as soon as the cause is
// mended the source follows again, by itself. Nobody learns the token.
func TestFaults_Remote(t *testing.T) {
	t.Parallel()
	all, names := map[string]*remote{}, []string{}
	text := "    - { name: good, git: " + goodRepo(t) + " }\n"
	good := strings.Fields(text)[5]
	for name, build := range remotes(t) {
		r := build(t)
		all[name], names = r, append(names, name)
		gittest.Git(t, r.repo, "update-ref", "-d", "refs/heads/main") // its only entity is called like itself
		r.push(t, map[string]string{"catalog-info.yaml": descriptorOf(name)})
		text += "    - { name: " + name + ", git: " + r.url + ", token: file:token" + r.settings + " }\n"
	}
	file := writeConfig(t, text+"  poll: 1s\noutbound: { ca: "+gittest.Serve(t, t.TempDir(), gittest.TLS()).CAFile(t)+" }\n")
	if err := os.WriteFile(filepath.Join(filepath.Dir(file), "token"), []byte(canary), 0o600); err != nil {
		t.Fatal(err)
	}
	p := startProgram(t, file)
	for _, name := range names {
		p.shows(t, name)
	}
	if health := p.ask(t, "health"); strings.Contains(health, "fails since") {
		t.Fatalf("before any harm:\n%s", health)
	}

	for _, name := range names {
		r := all[name]
		if r.harm(t); len(r.words) == 0 {
			r.push(t, map[string]string{"more/catalog-info.yaml": descriptorOf(name + "-harmed")})
		}
	}
	if err := git.Append(good, commitOf(map[string]string{"more/catalog-info.yaml": descriptorOf("newcomer")})); err != nil {
		t.Fatal(err)
	}
	p.shows(t, "newcomer")
	said := ""
	for _, name := range names {
		r := all[name]
		if len(r.words) == 0 {
			p.shows(t, name+"-harmed")
			p.metric(t, "callboard_source_failing", name, 0)
			continue
		}
		p.metric(t, "callboard_source_failing", name, 1)
		card := p.ask(t, "who-owns", name)
		wantWords(t, name, card, append(r.words, name+" · service", "checked ", "the source "+name+" cannot be read since", r.url)...)
		said += card
	}
	health := p.ask(t, "health")
	for _, name := range names {
		if words := all[name].words; len(words) > 0 {
			wantWords(t, "health", health, append(words, name+" fails since", "showing what was last good")...)
		}
	}
	if status, text := get(p.address + "/readyz"); status != http.StatusOK {
		t.Errorf("/readyz: %d %s", status, text)
	}

	for _, name := range names {
		all[name].mend(t)
		all[name].push(t, map[string]string{"again/catalog-info.yaml": descriptorOf(name + "-mended")})
	}
	for _, name := range names {
		p.shows(t, name+"-mended")
		p.metric(t, "callboard_source_failing", name, 0)
		if card := p.ask(t, "who-owns", name); strings.Contains(card, "cannot be read") {
			t.Errorf("%s is mended:\n%s", name, card)
		}
	}
	_, metrics := get(p.address + "/metrics")
	p.stop(t)
	wantNoCanary(t, filepath.Dir(file), said+health+metrics)
}

// wantNoCanary looks for the token in what was said, and in all that the program wrote.
func wantNoCanary(t *testing.T, dir, said string) {
	t.Helper()
	places := map[string][]byte{"an answer": []byte(said)}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || d.Name() == "token" {
			return err
		}
		places[name], err = os.ReadFile(name)
		return err
	})
	if err != nil || len(places) < 10 {
		t.Errorf("looked at %d places: %v", len(places), err)
	}
	for place, content := range places {
		for _, secret := range []string{canary, base64.StdEncoding.EncodeToString([]byte("git:" + canary))} {
			if bytes.Contains(content, []byte(secret)) {
				t.Errorf("%s holds the token", place)
			}
		}
	}
}
