package main_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"callboard/catalog"
	"callboard/cmd/callboard/internal/app"
	"callboard/cmd/callboard/internal/config"
	"callboard/integrations/git"
	"callboard/integrations/git/gittest"
)

// Each crash test has two sources, one opened in place and one mirrored over HTTP, of so many entities.
const (
	crashFiles     = 12
	crashDocuments = 10 // in each file
	crashEntities  = crashFiles * crashDocuments
	crashSources   = 2
)

// Each crash test kills so often. Every fullCheck-th time whole commands are tried after it, which take longer.
const (
	syncKills  = 200
	startKills = 50
	fullCheck  = 25

	askPatience = 30 * time.Second // with a program that ought to ask for the mirrored repository
)

// TestCrash_Sync kills callboard sync after it began to ask its sources. What is opened after that
// is the last good catalog or the new one, each source whole.
func TestCrash_Sync(t *testing.T) {
	t.Parallel()
	b := newCrashBed(t)
	data := filepath.Join(b.root, "data")
	_, stretch := b.timeSync(t, data)
	last := b.check(t, data)
	if want := [crashSources]int{1, 1}; last != want {
		t.Fatalf("after the first sync the rounds of the sources are %v, want %v", last, want)
	}
	advanced := 0
	kills := b.untilKilled(t, syncKills, func(i int) bool {
		b.news(t, last)
		killed := b.killSync(t, data, b.between(0, stretch))
		now := b.checkFrom(t, data, last)
		if killed && now != last {
			advanced++
		}
		stretch = adapt(stretch, now != last)
		if last = now; i%fullCheck == 0 {
			last = b.checkCommands(t, data)
		}
		return killed
	})
	t.Logf("%d kills within %s, the new catalog was there after %d of them", kills, stretch, advanced)
	b.checkCommands(t, data)
}

// TestCrash_Start kills callboard serve between its start and its first sync: on the folder of a
// catalog that was there before, and on an empty folder.
func TestCrash_Start(t *testing.T) {
	t.Parallel()
	b := newCrashBed(t)
	filled := filepath.Join(b.root, "filled")
	start, stretch := b.timeSync(t, filled)
	stretch += start
	last := b.check(t, filled)
	advanced, complete := 0, 0
	kills := b.untilKilled(t, startKills, func(i int) bool {
		if i%2 == 0 {
			b.news(t, last)
			killed := b.killStart(t, filled, b.between(0, stretch))
			now := b.checkFrom(t, filled, last)
			if now != last {
				advanced++
			}
			stretch = adapt(stretch, now != last)
			if last = now; i%fullCheck == 0 {
				last = b.checkCommands(t, filled)
			}
			return killed
		}
		fresh := filepath.Join(b.root, "fresh"+strconv.Itoa(i))
		killed := b.killStart(t, fresh, b.between(0, stretch))
		if now := b.check(t, fresh); now != [crashSources]int{} {
			complete++
		}
		if i%fullCheck == 1 {
			b.checkCommands(t, fresh)
		}
		return killed
	})
	t.Logf("%d kills within %s; the new catalog was there after %d, in a new folder after %d", kills, stretch, advanced, complete)
}

// crashBed is a catalog of which every entity says in which round it was written.
type crashBed struct {
	program string
	root    string        // holds the repositories and the data folders
	url     string        // of the mirrored repository
	round   int           // of the newest commits
	asked   chan struct{} // gets a value when a program asks for the mirrored repository
	random  *rand.Rand
}

func newCrashBed(t *testing.T) *crashBed {
	t.Helper()
	program := plainProgram(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	b := &crashBed{
		program: program, root: t.TempDir(), asked: make(chan struct{}, 1),
		random: rand.New(rand.NewPCG(seed, 0)),
	}
	for _, name := range b.sources() {
		if err := git.Init(b.repository(name), nil); err != nil {
			t.Fatal(err)
		}
	}
	b.push(t)
	b.url = gittest.Serve(t, b.root, gittest.Wrap(b.notice)).URL + "/remote.git"
	return b
}

// plainProgram builds the program without the race detector, with which it takes several times as long.
func plainProgram(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "callboard")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

func (b *crashBed) notice(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case b.asked <- struct{}{}:
		default:
		}
		next.ServeHTTP(w, r)
	})
}

func (*crashBed) sources() [crashSources]string { return [...]string{"local", "remote"} }

func (b *crashBed) repository(name string) string { return filepath.Join(b.root, name+".git") }

// news sees to it that there is something to sync. What an earlier program did not get to is news still.
func (b *crashBed) news(t *testing.T, last [crashSources]int) {
	t.Helper()
	if slices.Max(last[:]) == b.round {
		b.push(t)
	}
}

// push writes the next round to both repositories.
func (b *crashBed) push(t *testing.T) {
	t.Helper()
	b.round++
	for _, name := range b.sources() {
		files := map[string][]byte{}
		for f := range crashFiles {
			var text strings.Builder
			for d := range crashDocuments {
				id := name + "-" + strconv.Itoa(f) + "-" + strconv.Itoa(d)
				text.WriteString("---\napiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: " + id + ", title: \"" +
					strconv.Itoa(b.round) + "\"}\nspec: {type: service, lifecycle: production, owner: team-pay}\n")
			}
			files["dir"+strconv.Itoa(f)+"/catalog-info.yaml"] = []byte(text.String())
		}
		files["dir0/docs/runbook.md"] = []byte("# Runbook\n\n## Wombat " + strconv.Itoa(b.round) + "\n\nOf " + name + ".\n")
		when := time.Date(2026, 1, 1, 0, b.round, 0, 0, time.UTC)
		commit := git.Commit{Author: "Test", Email: "test@example.com", Message: "Round", When: when, Write: files}
		if err := git.Append(b.repository(name), commit); err != nil {
			t.Fatal(err)
		}
	}
}

// config writes the configuration for a data folder.
func (b *crashBed) config(t *testing.T, data string) string {
	t.Helper()
	name := data + ".yaml"
	text := "data: " + data + "\nhttp: {listen: \"127.0.0.1:0\"}\ncatalog:\n  sources:\n" +
		"    - {name: local, git: " + b.repository("local") + "}\n" +
		"    - {name: remote, git: \"" + b.url + "\", insecure: true}\n"
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// command is the program with the configuration of a data folder.
func (b *crashBed) command(ctx context.Context, t *testing.T, data string, args ...string) (cmd *exec.Cmd, stderr *bytes.Buffer) {
	t.Helper()
	stderr = &bytes.Buffer{}
	cmd = exec.CommandContext(ctx, b.program, append(args, "-c", b.config(t, data))...)
	cmd.Stderr = stderr
	return cmd, stderr
}

// adapt makes a stretch of time such that a fourth of the random moments in it are after the program's
// work is done, because most that can go wrong happens just before that.
func adapt(stretch time.Duration, done bool) time.Duration {
	if done {
		return stretch - stretch/7
	}
	return stretch + stretch/20
}

// timeSync syncs once undisturbed and gives the time from its start to the first question for the
// mirrored repository, and from there to its end.
func (b *crashBed) timeSync(t *testing.T, data string) (start, stretch time.Duration) {
	t.Helper()
	cmd, stderr := b.command(t.Context(), t, data, "sync")
	began := time.Now()
	b.startAsking(t, cmd, stderr)
	start = time.Since(began)
	if err := cmd.Wait(); err != nil {
		t.Fatalf("sync: %v\n%s", err, stderr)
	}
	return start, time.Since(began) - start
}

// startAsking starts a program and waits until it asks for the mirrored repository.
func (b *crashBed) startAsking(t *testing.T, cmd *exec.Cmd, stderr io.Reader) {
	t.Helper()
	select {
	case <-b.asked: // by an earlier program
	default:
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-b.asked:
	case <-time.After(askPatience):
		_ = cmd.Process.Kill() // it may have ended already
		_ = cmd.Wait()
		text, _ := io.ReadAll(stderr) // a buffer
		t.Fatalf("the program asked nobody for %s\n%s", askPatience, text)
	}
}

func (b *crashBed) between(least, most time.Duration) time.Duration {
	return least + time.Duration(b.random.Int64N(int64(most-least)))
}

// untilKilled calls a round until as many of them as wanted killed a program that was still running.
func (b *crashBed) untilKilled(t *testing.T, want int, round func(i int) bool) int {
	t.Helper()
	kills := 0
	if testing.Short() {
		want = fullCheck
	}
	for i := 0; kills < want; i++ {
		if i == 4*want {
			t.Fatalf("of %d programs only %d were killed before they ended", i, kills)
		}
		if round(i) {
			kills++
		}
	}
	return kills
}

// killSync starts a sync and kills it some time after it asked for the mirrored repository. It
// reports whether that came before the end.
func (b *crashBed) killSync(t *testing.T, data string, after time.Duration) bool {
	t.Helper()
	cmd, stderr := b.command(t.Context(), t, data, "sync")
	b.startAsking(t, cmd, stderr)
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	return killed(t, cmd.Wait(), stderr)
}

// killStart starts a daemon and kills it some time after that.
func (b *crashBed) killStart(t *testing.T, data string, after time.Duration) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), after)
	defer cancel()
	cmd, stderr := b.command(ctx, t, data, "serve")
	return killed(t, cmd.Run(), stderr)
}

// killed tells a program that was killed from one that ended well. Nothing else may happen.
func killed(t *testing.T, err error, stderr io.Reader) bool {
	t.Helper()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return false
	case errors.As(err, &exit) && exit.ExitCode() == -1, errors.Is(err, context.DeadlineExceeded):
		return true
	}
	text, _ := io.ReadAll(stderr) // a buffer
	t.Fatalf("the program failed: %v\n%s", err, text)
	return false
}

// checkFrom is check, and expects the round of each source to be the last good one or the newest.
func (b *crashBed) checkFrom(t *testing.T, data string, last [crashSources]int) [crashSources]int {
	t.Helper()
	now := b.check(t, data)
	for i, round := range now {
		if round != last[i] && round != b.round {
			t.Fatalf("source %s is at round %d; it was at %d, the newest is %d", b.sources()[i], round, last[i], b.round)
		}
	}
	return now
}

// check opens a data folder as any subcommand does and gives the round of each source, 0 for one
// that is empty. A source that is neither empty nor whole fails the test.
func (b *crashBed) check(t *testing.T, data string) (rounds [crashSources]int) {
	t.Helper()
	cfg, err := config.Load(b.config(t, data))
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.New(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatalf("it does not start again: %v", err)
	}
	defer func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
		wantIntegrity(t, filepath.Join(data, "callboard.db"), filepath.Join(data, "docs.db"))
	}()
	counts := map[string]map[string]int{} // source → title → entities
	for e := range a.Snapshot().As(catalog.Everything{}).All() {
		if counts[e.Origin.Source] == nil {
			counts[e.Origin.Source] = map[string]int{}
		}
		counts[e.Origin.Source][e.Metadata.Title]++
	}
	for i, name := range b.sources() {
		for title, n := range counts[name] {
			if n != crashEntities {
				t.Fatalf("source %s is not whole: entities by round are %v, want %d of one", name, counts[name], crashEntities)
			}
			rounds[i], _ = strconv.Atoi(title)
		}
	}
	return rounds
}

// wantIntegrity lets SQLite check every page and index of files, where they exist.
func wantIntegrity(t *testing.T, files ...string) {
	t.Helper()
	for _, file := range files {
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			continue // the index of the documentation comes last
		}
		pool, err := sql.Open("sqlite", "file:"+file+"?mode=ro")
		if err != nil {
			t.Fatal(err)
		}
		var found string
		err = pool.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&found)
		if err = errors.Join(err, pool.Close()); err != nil || found != "ok" {
			t.Fatalf("%s: %s, %v", filepath.Base(file), found, err)
		}
	}
}

// checkCommands asks the stored catalog, then syncs, as a user would after a crash. It gives the
// round of each source.
func (b *crashBed) checkCommands(t *testing.T, data string) [crashSources]int {
	t.Helper()
	b.run(t, data, "ask", "health")
	b.run(t, data, "sync")
	b.run(t, data, "ask", "who-owns local-3-4")
	b.run(t, data, "ask", "who-owns remote-3-4")
	b.run(t, data, "ask", "runbook remote-0-0 'wombat "+strconv.Itoa(b.round)+"'")
	got, want := b.check(t, data), [crashSources]int{b.round, b.round}
	if got != want {
		t.Fatalf("after a sync the rounds of the sources are %v, want %v", got, want)
	}
	return got
}

func (b *crashBed) run(t *testing.T, data, verb string, args ...string) {
	t.Helper()
	cmd, stderr := b.command(t.Context(), t, data, verb)
	cmd.Args = append(cmd.Args, args...)
	if out, err := cmd.Output(); err != nil {
		t.Fatalf("%s %v: %v\n%s%s", verb, args, err, out, stderr)
	}
}
