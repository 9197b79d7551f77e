package main // the tests run the program as main does, without the process around it

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"callboard/catalog"
	"callboard/integrations/git"
	"callboard/integrations/git/gittest"
)

// descriptorOf is a descriptor that nothing is wrong with.
func descriptorOf(name string) string {
	return "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: " + name +
		"\nspec:\n  type: service\n  lifecycle: production\n  owner: shop\n"
}

// repoOf makes a bare repository of one commit.
func repoOf(t testing.TB, files map[string]string) string {
	t.Helper()
	return gittest.Repo(t, commitOf(files))
}

func commitOf(files map[string]string) git.Commit {
	write := map[string][]byte{}
	for name, text := range files {
		write[name] = []byte(text)
	}
	return git.Commit{
		Author: "Test", Email: "test@example.com", Message: "a change",
		When: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Write: write,
	}
}

func goodRepo(t testing.TB) string {
	t.Helper()
	return repoOf(t, map[string]string{"catalog-info.yaml": descriptorOf("checkout")})
}

// wantWords checks that a text says all of the words, however its lines are broken.
func wantWords(t *testing.T, what, text string, words ...string) {
	t.Helper()
	joined := strings.Join(strings.Fields(text), " ")
	for _, word := range words {
		if !strings.Contains(joined, word) {
			t.Errorf("%s does not say %q:\n%s", what, word, text)
		}
	}
}

// serving gives the URL of a repository behind git's own HTTP server.
func serving(t *testing.T, repo string, opts ...gittest.Option) string {
	t.Helper()
	return gittest.Serve(t, filepath.Dir(repo), opts...).URL + "/" + filepath.Base(repo)
}

// answering is a server that answers everything with one status.
func answering(status int) gittest.Option {
	return gittest.Wrap(func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>sorry</html>", status) })
	})
}

// TestFaults_Sources: a source that cannot be read is told apart, in words that say what to do, and the
// other source of the same configuration is as if nothing were wrong.
func TestFaults_Sources(t *testing.T) {
	t.Parallel()
	const plain = ", insecure: true"
	tests := map[string]struct {
		source func(t *testing.T) string // the value of git:, and further settings
		words  []string
	}{
		"empty repository": {func(t *testing.T) string { return gittest.Repo(t) }, []string{"no commits yet", "make one"}},
		"missing branch":   {func(t *testing.T) string { return goodRepo(t) + ", ref: mian" }, []string{`no branch or tag "mian"`, "it has main", "set ref"}},
		"no such folder":   {func(t *testing.T) string { return filepath.Join(t.TempDir(), "nothing.git") }, []string{"no such folder"}},
		"no repository":    {func(t *testing.T) string { return t.TempDir() }, []string{"not a Git repository"}},
		"wrong address":    {func(t *testing.T) string { return serving(t, goodRepo(t)) + "x" + plain }, []string{"no repository here (404)", "check the address"}},
		"401":              {func(t *testing.T) string { return serving(t, goodRepo(t), gittest.Auth("right")) + plain }, []string{"asks for credentials (401)", "set a token"}},
		"wrong token": {func(t *testing.T) string {
			return serving(t, goodRepo(t), gittest.Auth("right")) + plain + ", token: " + strconv.Quote("file:"+secretFile(t, "wrong-token"))
		}, []string{"refuses the credentials (401)", "wrong, expired or revoked"}},
		"missing token": {func(t *testing.T) string {
			return serving(t, goodRepo(t), gittest.Auth("right")) + plain + ", token: env:CALLBOARD_TEST_NOT_SET"
		}, []string{"CALLBOARD_TEST_NOT_SET", "not set"}},
		"403": {func(t *testing.T) string { return serving(t, goodRepo(t), answering(http.StatusForbidden)) + plain }, []string{"denies access (403)", "token"}},
		"404": {func(t *testing.T) string { return serving(t, goodRepo(t), answering(http.StatusNotFound)) + plain }, []string{"(404)", "check the address"}},
		"429": {func(t *testing.T) string {
			return serving(t, goodRepo(t), answering(http.StatusTooManyRequests)) + plain
		}, []string{"(429)", "poll less often"}},
		"502":              {func(t *testing.T) string { return serving(t, goodRepo(t), answering(http.StatusBadGateway)) + plain }, []string{"problem of its own (502)"}},
		"no Git server":    {func(t *testing.T) string { return serving(t, goodRepo(t), answering(http.StatusOK)) + plain }, []string{"not as a Git server does", "check the address"}},
		"TLS":              {func(t *testing.T) string { return serving(t, goodRepo(t), gittest.TLS()) }, []string{"certificate is not trusted", "set outbound.ca"}},
		"no TLS":           {func(t *testing.T) string { return strings.Replace(serving(t, goodRepo(t)), "http:", "https:", 1) }, []string{"does not speak TLS", "check scheme and port"}},
		"nobody listening": {func(*testing.T) string { return "http://127.0.0.1:1/x.git" + plain }, []string{"cannot connect", "is the server up"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := writeConfig(t, "    - { name: bad, git: "+tt.source(t)+" }\n    - { name: good, git: "+goodRepo(t)+" }\n")
			code, stdout, stderr := callboard(t, "sync", "-c", file)
			if code != exitNo || stderr != "" {
				t.Errorf("sync: exit code %d, %s", code, stderr)
			}
			wantWords(t, "sync", stdout, append(tt.words, "bad FAILED: ", "good @", "in step", "1 entity: 1 added")...)
			if code, stdout, _ := callboard(t, "ask", "-c", file, "who-owns", "checkout"); code != exitFine {
				t.Errorf("who-owns: exit code %d\n%s", code, stdout)
			}
			_, stdout, _ = callboard(t, "ask", "-c", file, "health")
			wantWords(t, "health", stdout, append(tt.words, "Working, with warnings", "bad fails since")...)
		})
	}
}

func secretFile(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// aliasBomb is YAML that would expand to a thousand million values.
func aliasBomb() string {
	text := "a: &a [x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c <= 'j'; c++ {
		text += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c, ", c-1), 9), ", "))
	}
	return text
}

// hostileFiles are descriptors that nobody should have to look for.
func hostileFiles() map[string]string {
	utf16 := "\xff\xfe"
	for _, letter := range []byte(descriptorOf("utf16")) {
		utf16 += string([]byte{letter, 0})
	}
	return map[string]string{
		"30mb/catalog-info.yaml":   descriptorOf("huge") + "  padding: " + strings.Repeat("x", 30<<20) + "\n",
		"bomb/catalog-info.yaml":   descriptorOf("beside-the-bomb") + "---\n" + aliasBomb(),
		"deep/catalog-info.yaml":   descriptorOf("deep") + "  x: " + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + "\n",
		"crlf/catalog-info.yaml":   strings.ReplaceAll(descriptorOf("crlf"), "\n", "\r\n"),
		"bom/catalog-info.yaml":    "\ufeff" + descriptorOf("bom"),
		"utf16/catalog-info.yaml":  utf16,
		"latin1/catalog-info.yaml": descriptorOf("latin1") + "  note: caf\xe9\n",
		"nul/catalog-info.yaml":    "\x00\x00\x00",
		"tab/catalog-info.yaml":    strings.Replace(descriptorOf("tab"), "  name", "\tname", 1),
		"empty/catalog-info.yaml":  "",
		"links/catalog-info.yaml": "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata:\n  name: links\nspec:\n  targets:\n" +
			"    - ../../../etc/passwd\n    - ../out/catalog-info.yaml\n    - ../module/x.yaml\n    - ../spin/again/again/catalog-info.yaml\n",
		"spin/catalog-info.yaml": descriptorOf("beside-the-loop"),
	}
}

// hostileEntries are what not every file system can hold: names that differ by case only, names that are
// not UTF-8, and links to themselves. Each is mode, path, content.
func hostileEntries() [][3]string {
	return [][3]string{
		{"100644", "Twins/catalog-info.yaml", descriptorOf("upper")},
		{"100644", "twins/catalog-info.yaml", descriptorOf("lower")},
		{"100644", "twins/Catalog-Info.yaml", descriptorOf("not-looked-for")},
		{"100644", "case/catalog-info.yaml", descriptorOf("twin") + "---\n" + strings.Replace(descriptorOf("Twin"), "shop", "other", 1)},
		{"100644", "caf\xe9/catalog-info.yaml", descriptorOf("in-a-folder-without-a-name")},
		{"120000", "loop/catalog-info.yaml", "../loop/catalog-info.yaml"},
		{"120000", "spin/again", "."},
	}
}

// hostileRepo is a repository made by git itself, with a symbolic link out of it and a submodule.
func hostileRepo(t testing.TB) string {
	t.Helper()
	work := t.TempDir()
	gittest.Git(t, work, "init", "-q", "-b", "main")
	for name, text := range hostileFiles() {
		file := filepath.Join(work, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(work, "out"), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(work, "out", "catalog-info.yaml")); err != nil {
		t.Fatal(err)
	}
	gittest.Git(t, work, "add", "-A")
	gittest.Git(t, work, "commit", "-qm", "hostile files")
	head := gittest.Git(t, work, "rev-parse", "HEAD")
	gittest.Git(t, work, "update-index", "--add", "--cacheinfo", "160000,"+head+",module")
	for _, e := range hostileEntries() {
		blob := gittest.GitInput(t, work, []byte(e[2]), "hash-object", "-w", "--stdin")
		gittest.Git(t, work, "update-index", "--add", "--cacheinfo", e[0]+","+blob+","+e[1])
	}
	gittest.Git(t, work, "commit", "-qm", "a submodule")
	return work
}

// TestFaults_Descriptors: each hostile file is one clear problem, and costs no other file anything.
func TestFaults_Descriptors(t *testing.T) {
	t.Parallel()
	file := writeConfig(t, "    - { name: bad, git: "+hostileRepo(t)+" }\n    - { name: good, git: "+goodRepo(t)+" }\n")
	code, stdout, stderr := callboard(t, "sync", "-c", file)
	if code != exitFine || stderr != "" {
		t.Errorf("sync: exit code %d, %s", code, stderr)
	}
	wantWords(t, "sync", stdout, "9 entities: 9 added")
	session := openApp(t, file)
	view := session.Snapshot().As(catalog.Everything{})
	for _, name := range []string{
		"component:checkout", "component:beside-the-bomb", "component:crlf", "component:bom", "location:links",
		"component:beside-the-loop", "component:upper", "component:lower", "component:twin",
	} {
		ref, err := catalog.ParseRef(name, "", catalog.DefaultNamespace)
		if _, found := view.Get(ref); err != nil || !found {
			t.Errorf("%s is not in the catalog (%v)", name, err)
		}
	}
	found := map[string]string{}
	for _, p := range view.Problems() {
		found[p.Origin.Place()] += string(p.Rule) + ": " + p.Text + "; " + p.Fix + "\n"
	}
	for place, words := range map[string][]string{
		"30mb/catalog-info.yaml":     {"file: the file cannot be read: file has 314", "at most 1048576 are allowed", "limits.file_bytes"},
		"bomb/catalog-info.yaml:10":  {"yaml: ", "aliases", "expand to too much"},
		"deep/catalog-info.yaml:9":   {"yaml: ", "more than 64 levels", "flatter"},
		"utf16/catalog-info.yaml":    {"file: ", "UTF-16", "save the file as UTF-8"},
		"latin1/catalog-info.yaml:9": {"not UTF-8", "save the file as UTF-8"},
		"nul/catalog-info.yaml:1":    {"character that YAML does not allow"},
		"tab/catalog-info.yaml:4":    {"yaml: ", "spaces in place of tabs"},
		"out/catalog-info.yaml":      {"file: ", "symbolic link"},
		"module":                     {"file: ", "submodule", "catalog.sources"},
		"links/catalog-info.yaml:7":  {"location: ", "leads out of the repository"},
		"links/catalog-info.yaml:8":  {"location: ", "symbolic link"},
		"links/catalog-info.yaml:9":  {"location: ", "submodule"},
		"links/catalog-info.yaml:10": {"location: ", "symbolic link"},
		"loop/catalog-info.yaml":     {"file: ", "symbolic link", "not read"},
		"case/catalog-info.yaml:4":   {"duplicate"},
		"case/catalog-info.yaml:13":  {"duplicate"},
	} {
		wantWords(t, place, found[place], words...)
		delete(found, place)
	}
	for place, text := range found {
		t.Errorf("%s: nobody expected %s", place, text)
	}
}

// TestFaults_LastGood: what was read stays, with its age, whatever becomes of the source.
func TestFaults_LastGood(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		harm  func(t *testing.T, repo string)
		words string
	}{
		"the repository is gone": {func(t *testing.T, repo string) {
			if err := os.RemoveAll(repo); err != nil {
				t.Fatal(err)
			}
		}, "no such folder"},
		"the branch is gone": {func(t *testing.T, repo string) { gittest.Git(t, repo, "update-ref", "-d", "refs/heads/main") }, "no commits yet"},
		"the branch has another name": {func(t *testing.T, repo string) {
			gittest.Git(t, repo, "branch", "-m", "main", "trunk")
			gittest.Git(t, repo, "symbolic-ref", "HEAD", "refs/heads/main")
		}, "it has trunk"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			repo := repoOf(t, map[string]string{"catalog-info.yaml": descriptorOf("payments")})
			file := writeConfig(t, "    - { name: bad, git: "+repo+" }\n    - { name: good, git: "+goodRepo(t)+" }\n")
			if code, stdout, _ := callboard(t, "sync", "-c", file); code != exitFine {
				t.Fatalf("the first sync: exit code %d\n%s", code, stdout)
			}
			tt.harm(t, repo)
			code, stdout, _ := callboard(t, "sync", "-c", file)
			if code != exitNo {
				t.Errorf("sync: exit code %d", code)
			}
			wantWords(t, "sync", stdout, "bad @", "FAILED", tt.words, "2 entities: 0 added, 0 changed, 0 moved, 0 removed")
			code, stdout, _ = callboard(t, "ask", "-c", file, "who-owns", "payments")
			if code != exitFine {
				t.Errorf("who-owns: exit code %d", code)
			}
			wantWords(t, "who-owns", stdout, "payments", "cannot be read since", tt.words)
			_, stdout, _ = callboard(t, "ask", "-c", file, "health")
			wantWords(t, "health", stdout, "bad fails since", tt.words, "last good")
		})
	}
}

// TestFaults_ForcePush: a rewritten history is followed like any other.
func TestFaults_ForcePush(t *testing.T) {
	t.Parallel()
	repo := repoOf(t, map[string]string{"a/catalog-info.yaml": descriptorOf("a"), "b/catalog-info.yaml": descriptorOf("b")})
	other := repoOf(t, map[string]string{"b/catalog-info.yaml": descriptorOf("b"), "c/catalog-info.yaml": descriptorOf("c")})
	file := writeConfig(t, "    - { name: acme, git: "+serving(t, repo)+", insecure: true }\n")
	if code, stdout, _ := callboard(t, "sync", "-c", file); code != exitFine {
		t.Fatalf("the first sync: exit code %d\n%s", code, stdout)
	}
	gittest.Git(t, other, "push", "-q", "--force", repo, "main")
	code, stdout, stderr := callboard(t, "sync", "-c", file)
	if code != exitFine || stderr != "" {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	wantWords(t, "sync", stdout, "in step", "2 entities: 1 added, 0 changed, 0 moved, 1 removed")
}

// TestFaults_HangingRemote: while one remote hangs, the other's news come and questions are answered, and
// the program ends when it should.
func TestFaults_HangingRemote(t *testing.T) {
	t.Parallel()
	var hangs atomic.Bool
	asked := make(chan struct{}, 100)
	slow := serving(t, repoOf(t, map[string]string{"catalog-info.yaml": descriptorOf("payments")}),
		gittest.Wrap(func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if hangs.Load() {
					asked <- struct{}{}
					<-r.Context().Done()
					return
				}
				next.ServeHTTP(w, r)
			})
		}))
	good := goodRepo(t)
	file := writeConfig(t, "    - { name: slow, git: "+slow+", insecure: true }\n    - { name: good, git: "+good+" }\n")
	if code, stdout, _ := callboard(t, "sync", "-c", file); code != exitFine {
		t.Fatalf("the first sync: exit code %d\n%s", code, stdout)
	}
	hangs.Store(true)
	if err := git.Append(good, commitOf(map[string]string{"new/catalog-info.yaml": descriptorOf("newcomer")})); err != nil {
		t.Fatal(err)
	}
	session := openApp(t, file)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		session.Follow(ctx)
	}()
	defer func() {
		cancel()
		<-ended
	}()
	<-asked
	until(t, "the news of the other source", func() bool {
		_, found := session.Snapshot().As(catalog.Everything{}).Get(catalog.NewRef("component", "", "newcomer"))
		return found
	})
	if reply := ask(t, session, "who-owns payments"); reply.Card.Title != "payments" {
		t.Errorf("the entity of the source that hangs: %+v", reply.Card)
	}
}

// until waits for a condition that another goroutine brings about.
func until(t *testing.T, what string, met func() bool) {
	t.Helper()
	within(t, 25*time.Second, what, met) // below the patience for a first catalog
}

func within(t *testing.T, limit time.Duration, what string, met func() bool) {
	t.Helper()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(limit)
	for !met() {
		select {
		case <-deadline:
			t.Fatal("waited in vain for " + what)
		case <-ticker.C:
		}
	}
}

// TestFaults_Memory: all hostile files together cost the real program less than 200 MB.
func TestFaults_Memory(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "callboard")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	file := writeConfig(t, "    - { name: bad, git: "+hostileRepo(t)+" }\n    - { name: served, git: "+serving(t, hostileRepo(t)+"/.git")+", insecure: true }\n")
	serve := exec.CommandContext(t.Context(), program, "serve", "-c", file)
	serve.Stderr = t.Output()
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = serve.Process.Signal(os.Interrupt)
		_ = serve.Wait()
	}()
	socket := filepath.Join(filepath.Dir(file), "data", "callboard.sock")
	until(t, "the daemon", func() bool { // asking before would take the data folder from it
		_, err := os.Stat(socket)
		return err == nil
	})
	until(t, "the daemon's catalog", func() bool {
		_, stdout, _ := callboard(t, "ask", "-c", file, "who-owns", "crlf")
		return strings.Contains(stdout, "also defined in")
	})
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(serve.Process.Pid), "status"))
	if err != nil {
		t.Skip("this system does not tell the memory of a process: ", err)
	}
	_, peak, _ := strings.Cut(string(status), "VmHWM:")
	kib, err := strconv.Atoi(strings.Fields(peak)[0])
	if err != nil {
		t.Fatal(err)
	}
	if t.Logf("at most %d MB", kib>>10); kib > 200<<10 {
		t.Errorf("the program took %d MB", kib>>10)
	}
}
