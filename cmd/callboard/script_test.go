package main // TestMain hands main to the scripts

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"callboard/integrations/git/gittest"
)

// patience is how long a script waits for what a program is about to do. It is long because the
// race detector is slow, and costs nothing when all is well.
const patience = 30 * time.Second

// TestMain lets a process of the test binary be the program: in scripts, and for whoever runs "callboard".
func TestMain(m *testing.M) {
	syscall.Umask(0o022) // scripts' files are as a careful person's
	testscript.Main(m, map[string]func(){"callboard": main})
}

const identityScript = "testdata/script/identity.txtar"

// TestSessions runs the scripts in testdata/script, each a user's session with the program.
func TestSessions(t *testing.T) {
	t.Parallel()
	scripts, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(scripts) < 2 {
		t.Fatal("no scripts found", err)
	}
	runScripts(t, slices.DeleteFunc(scripts, func(name string) bool { return name == identityScript })...)
}

// TestConsoleIdentity is the test of threats.md row 41, as far as there is something to protect.
func TestConsoleIdentity(t *testing.T) {
	t.Parallel()
	runScripts(t, identityScript)
}

// runScripts adds these commands to those of testscript:
//
//	exits CODE PROGRAM ARG...    run a program, which must end with exactly that code
//	commit DIR MESSAGE           commit all that is in a folder, which becomes a repository if it is none
//	daemon start NAME ARG...     run callboard serve until it serves; its log is NAME.log, its address is $URL (or $LISTEN), its process $PID
//	daemon signal NAME SIGNAL    send it HUP, TERM or KILL
//	daemon stop NAME             send it TERM; it must end in time, with code 0
//	daemon wait NAME CODE        wait until it ends with that code
//	daemon limit NAME SIZE       from now on it can write no file beyond that many bytes, as on a disk that fails; or none
//	waitfor file REGEXP FILE     wait until a file has a matching line
//	waitfor http STATUS URL [TOKEN]
//	                             wait for an answer with that status; the body is stdout
//	waitfor run REGEXP COMMAND   wait until the output of a command has a match, whatever its exit code
//	fields FILE                  print the fields of each line of JSON, with their types
//	mode PERM FILE               the file must have that mode
//	expand FILE                  put environment variables into a file
//	write SIZE FILE              overwrite a file from its start with that many bytes of nonsense
//	tmpfs SIZE DIR               make a folder that is a file system of that size; takes root, so ask for [mount] first
//	fill FILE                    write a file until the disk is full
//	hang                         start a server that takes connections and never answers; its URL is $HANG
//	bigcatalog COUNT DIR         make a folder with that many components, one a file
func runScripts(t *testing.T, files ...string) {
	t.Helper()
	mount := canMount(t)
	testscript.Run(t, testscript.Params{
		Files: files,
		Setup: setupScript,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": cmdExits, "commit": cmdCommit, "daemon": cmdDaemon, "waitfor": cmdWaitFor, "fields": cmdFields,
			"mode": cmdMode, "expand": cmdExpand, "write": cmdWrite, "bigcatalog": cmdBigCatalog, "hang": cmdHang,
			"tmpfs": cmdTmpfs, "fill": cmdFill,
		},
		Condition: func(name string) (bool, error) {
			if name != "mount" {
				return false, errors.New("unknown condition " + name)
			}
			return mount, nil
		},
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		ContinueOnError:     true,
	})
}

func setupScript(env *testscript.Env) error {
	home := filepath.Join(env.WorkDir, "home")
	if err := os.Mkdir(home, 0o700); err != nil {
		return err
	}
	me, err := user.Current()
	if err != nil {
		return err
	}
	env.Setenv("HOME", home)
	env.Setenv("OSUSER", me.Username)
	env.Setenv("TZ", "UTC")
	env.Setenv("COLUMNS", "100")
	env.Setenv("GORACE", "atexit_sleep_ms=0") // else each process built with the race detector ends a second late
	for _, pair := range gittest.Env() {
		if name, value, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "GIT_") {
			env.Setenv(name, value)
		}
	}
	env.Values[daemonsKey{}] = map[string]*daemon{}
	return nil
}

func usage(ts *testscript.TestScript, neg, ok bool, text string) {
	if neg || !ok {
		ts.Fatalf("usage: %s", text)
	}
}

func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) >= 2, "exits CODE PROGRAM ARG...")
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if got := exitCodeOf(ts.Exec(args[1], args[2:]...)); got != want {
		ts.Fatalf("%s exited %d, want %d", args[1], got, want)
	}
}

func exitCodeOf(err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	return -1
}

func cmdCommit(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) == 2, "commit DIR MESSAGE")
	dir := ts.MkAbs(args[0])
	if _, err := os.Stat(filepath.Join(dir, ".git")); err != nil {
		ts.Check(ts.Exec("git", "init", "-q", "-b", "main", dir))
	}
	ts.Check(ts.Exec("git", "-C", dir, "add", "--all"))
	ts.Check(ts.Exec("git", "-C", dir, "commit", "-q", "--allow-empty", "-m", args[1]))
}

type daemonsKey struct{}

// daemon is a callboard serve of a script.
type daemon struct {
	cmd   *exec.Cmd
	log   string
	ended chan struct{}
}

func cmdDaemon(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) >= 2, "daemon start|signal|stop|limit|wait NAME ...")
	daemons, _ := ts.Value(daemonsKey{}).(map[string]*daemon)
	name, rest := args[1], args[2:]
	if args[0] == "start" {
		daemons[name] = startDaemon(ts, name, rest)
		return
	}
	d := daemons[name]
	if d == nil {
		ts.Fatalf("no daemon %s was started", name)
	}
	switch {
	case args[0] == "signal" && len(rest) == 1:
		signals := map[string]os.Signal{"HUP": syscall.SIGHUP, "TERM": syscall.SIGTERM, "KILL": syscall.SIGKILL}
		ts.Check(d.cmd.Process.Signal(signals[rest[0]]))
	case args[0] == "stop" && len(rest) == 0:
		ts.Check(d.cmd.Process.Signal(syscall.SIGTERM))
		d.wait(ts, 0)
	case args[0] == "limit" && len(rest) == 1:
		d.limit(ts, rest[0])
	case args[0] == "wait" && len(rest) == 1:
		code, err := strconv.Atoi(rest[0])
		ts.Check(err)
		d.wait(ts, code)
	default:
		ts.Fatalf("daemon cannot %s", strings.Join(args, " "))
	}
}

func startDaemon(ts *testscript.TestScript, name string, args []string) *daemon {
	program, err := exec.LookPath("callboard")
	ts.Check(err)
	d := &daemon{log: ts.MkAbs(name + ".log"), ended: make(chan struct{})}
	log, err := os.Create(d.log)
	ts.Check(err)
	d.cmd = exec.Command(program, append([]string{"serve"}, args...)...)
	d.cmd.Dir, d.cmd.Stdout, d.cmd.Stderr = ts.MkAbs("."), log, log
	d.cmd.Env = scriptEnviron(ts)
	ts.Check(d.cmd.Start())
	go func() {
		_ = d.cmd.Wait() // its exit code is in the process state
		_ = log.Close()
		close(d.ended)
	}()
	ts.Defer(func() {
		_ = d.cmd.Process.Kill() // it has ended already if the script went well
		<-d.ended
	})
	var address []string
	serving := regexp.MustCompile(`msg=serving http=(\S+)`)
	poll(ts, "the daemon does not serve", func() bool {
		address = serving.FindStringSubmatch(d.text(ts))
		select {
		case <-d.ended:
			ts.Fatalf("the daemon ended with code %d:\n%s", d.cmd.ProcessState.ExitCode(), d.text(ts))
		default:
		}
		return address != nil
	})
	ts.Setenv("URL", address[1])
	ts.Setenv("LISTEN", strings.TrimPrefix(address[1], "http://"))
	ts.Setenv("PID", strconv.Itoa(d.cmd.Process.Pid))
	return d
}

// scriptEnviron is the environment that programs of the script see, of which testscript shows only single variables.
func scriptEnviron(ts *testscript.TestScript) []string {
	names := []string{"PATH", "HOME", "TZ", "TMPDIR", "GORACE"}
	var out []string
	for _, name := range names {
		out = append(out, name+"="+ts.Getenv(name))
	}
	return out
}

func (d *daemon) text(ts *testscript.TestScript) string {
	data, err := os.ReadFile(d.log)
	ts.Check(err)
	return string(data)
}

func (d *daemon) wait(ts *testscript.TestScript, code int) {
	select {
	case <-d.ended:
	case <-time.After(patience):
		ts.Fatalf("the daemon is still there after %s:\n%s", patience, d.text(ts))
	}
	if got := d.cmd.ProcessState.ExitCode(); got != code {
		ts.Fatalf("the daemon ended with code %d, not %d:\n%s", got, code, d.text(ts))
	}
}

// poll waits until a condition holds.
func poll(ts *testscript.TestScript, complaint string, holds func() bool) {
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(patience)
	for !holds() {
		select {
		case <-deadline:
			ts.Fatalf("%s, %s long", complaint, patience)
		case <-ticker.C:
		}
	}
}

func cmdWaitFor(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) >= 3, "waitfor file REGEXP FILE | http STATUS URL [TOKEN] | run REGEXP COMMAND...")
	what := strings.Join(args, " ")
	switch args[0] {
	case "file":
		pattern, err := regexp.Compile("(?m)" + args[1])
		ts.Check(err)
		poll(ts, what, func() bool {
			data, err := os.ReadFile(ts.MkAbs(args[2]))
			return err == nil && pattern.Match(data)
		})
	case "http":
		var body string
		poll(ts, what, func() bool {
			var status int
			status, body = get(args[2], args[3:]...)
			return strconv.Itoa(status) == args[1]
		})
		_, err := io.WriteString(ts.Stdout(), body)
		ts.Check(err)
	case "run":
		pattern, err := regexp.Compile("(?m)" + args[1])
		ts.Check(err)
		poll(ts, what, func() bool {
			_ = ts.Exec(args[2], args[3:]...) // an exit code that is still wrong is why we wait
			return pattern.MatchString(ts.ReadFile("stdout"))
		})
	default:
		ts.Fatalf("cannot wait for %s", what)
	}
}

// get asks a server, with a bearer token where one is given; status 0 is no answer.
func get(url string, token ...string) (status int, body string) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0, err.Error()
	}
	for _, t := range token {
		request.Header.Set("Authorization", "Bearer "+t)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, string(data)
}

func cmdFields(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) == 1, "fields FILE")
	seen := map[string]bool{}
	lines := bufio.NewScanner(strings.NewReader(ts.ReadFile(args[0])))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var value any
		ts.Check(json.Unmarshal(lines.Bytes(), &value))
		listFields(seen, "", value)
	}
	var names []string
	for name := range seen {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		_, err := fmt.Fprintln(ts.Stdout(), name)
		ts.Check(err)
	}
}

// listFields notes "path type" of each value below one.
func listFields(seen map[string]bool, path string, value any) {
	kind := "null"
	switch value := value.(type) {
	case map[string]any:
		for key, v := range value {
			listFields(seen, strings.TrimPrefix(path+"."+key, "."), v)
		}
		return
	case []any:
		for _, v := range value {
			listFields(seen, path+"[]", v)
		}
		kind = "list"
	case string:
		kind = "string"
	case float64:
		kind = "number"
	case bool:
		kind = "bool"
	}
	seen[path+" "+kind] = true
}

func cmdMode(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) == 2, "mode PERM FILE")
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[0] {
		ts.Fatalf("%s has mode %s, want %s", args[1], got, args[0])
	}
}

func cmdExpand(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) == 1, "expand FILE")
	text := os.Expand(ts.ReadFile(args[0]), ts.Getenv)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

func cmdWrite(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) == 2, "write SIZE FILE")
	size, err := strconv.Atoi(args[0])
	ts.Check(err)
	file, err := os.OpenFile(ts.MkAbs(args[1]), os.O_WRONLY, 0)
	ts.Check(err)
	_, err = file.WriteString(strings.Repeat("nonsense", size/8+1)[:size])
	ts.Check(errors.Join(err, file.Close()))
}

func cmdHang(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) == 0, "hang")
	server, err := net.Listen("tcp", "127.0.0.1:0") // the kernel takes connections; nobody else does
	ts.Check(err)
	ts.Defer(func() { _ = server.Close() }) // the test is over
	ts.Setenv("HANG", "http://"+server.Addr().String())
}

func cmdBigCatalog(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) == 2, "bigcatalog COUNT DIR")
	count, err := strconv.Atoi(args[0])
	ts.Check(err)
	for i := range count {
		name := "service-" + strconv.Itoa(i)
		dir := filepath.Join(ts.MkAbs(args[1]), name)
		ts.Check(os.MkdirAll(dir, 0o755))
		ts.Check(os.WriteFile(filepath.Join(dir, "catalog-info.yaml"), []byte(component(name, "of a script")), 0o600))
	}
}

// component is the text of a descriptor.
func component(name, title string) string {
	return "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: " + name + "\n  title: " + title +
		"\nspec:\n  type: service\n  lifecycle: production\n  owner: team-pay\n"
}
