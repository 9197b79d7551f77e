package sqldb_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"callboard/catalog/ingest/ingesttest"
	"callboard/integrations/sqldb"
)

// The test binary starts itself again as another process on the same data folder. What that does
// is in childEnv, the folder is the first argument.
const (
	childEnv   = "SQLDB_TEST_CHILD"
	childHolds = "holds" // has the folder until its standard input ends
	childLocks = "locks" // has the database locked, not the folder, until its standard input ends
	childLoops = "loops" // applies generation after generation, and prints the number of each when it is stored
	childFiles = 60
)

func TestMain(m *testing.M) {
	role := os.Getenv(childEnv)
	if role == "" {
		os.Exit(m.Run())
	}
	if err := child(context.Background(), role, os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func child(ctx context.Context, role, dir string) error {
	if role == childLocks {
		return lockDatabase(ctx, filepath.Join(dir, "callboard.db"))
	}
	db, err := sqldb.Open(ctx, sqldb.Options{Dir: dir, Ballast: testBallast})
	if err != nil {
		return err
	}
	if role == childHolds {
		fmt.Fprintln(os.Stdout, "ready")
		_, err := io.Copy(io.Discard, os.Stdin)
		return errors.Join(err, db.Close())
	}
	last, err := ingesttest.WholeGeneration(ctx, db.Catalog(), childFiles)
	for err == nil {
		last++
		if err = db.Catalog().Apply(ctx, ingesttest.Generation(last, childFiles)); err == nil {
			_, err = fmt.Fprintln(os.Stdout, last)
		}
	}
	return err
}

// lockDatabase does what an sqlite3 shell does that somebody left open in the middle of a transaction.
func lockDatabase(ctx context.Context, path string) error {
	pool, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		return err
	}
	pool.SetMaxOpenConns(1)
	if _, err := pool.ExecContext(ctx, "BEGIN EXCLUSIVE"); err != nil {
		return errors.Join(err, pool.Close())
	}
	fmt.Fprintln(os.Stdout, "ready")
	_, err = io.Copy(io.Discard, os.Stdin)
	return errors.Join(err, pool.Close())
}

func childCommand(t *testing.T, role, dir string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, dir)
	cmd.Env = append(os.Environ(), childEnv+"="+role)
	cmd.Stderr = os.Stderr
	return cmd
}

// TestApply_Killed kills a process that writes, at random moments of starting and writing, and
// expects each time one whole set: the last that was acknowledged, or the one after it.
func TestApply_Killed(t *testing.T) {
	kills := 50
	if testing.Short() {
		kills = 10
	}
	dir := t.TempDir()
	r := rand.New(rand.NewPCG(1, 2))
	stored := 0
	for range kills {
		acked := max(stored, runAndKill(t, dir, time.Duration(r.IntN(150))*time.Millisecond))
		db := open(t, dir)
		got, err := ingesttest.WholeGeneration(t.Context(), db.Catalog(), childFiles)
		if err != nil || got < acked || got > acked+1 {
			t.Fatalf("set %d was acknowledged, the store holds set %d, %v", acked, got, err)
		}
		stored = got
		closeDB(t, db)
	}
	if stored == 0 {
		t.Error("every child was killed before it stored anything, so this tried nothing")
	}
	t.Logf("%d kills, %d sets", kills, stored)
}

// runAndKill gives the last set that the child acknowledged, 0 for none.
func runAndKill(t *testing.T, dir string, after time.Duration) int {
	t.Helper()
	cmd := childCommand(t, childLoops, dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	text, err := io.ReadAll(out)
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != -1 {
		t.Fatalf("the child ended by itself: %v", err)
	}
	lines := strings.Split(string(text), "\n")
	if len(lines) < 2 {
		return 0
	}
	last, err := strconv.Atoi(lines[len(lines)-2]) // what comes after the last newline was cut off
	if err != nil {
		t.Fatal(err)
	}
	return last
}

func TestOpen_SecondProcess(t *testing.T) {
	dir := t.TempDir()
	cmd := childCommand(t, childHolds, dir)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("the child said %q, %v", line, err)
	}
	_, err = sqldb.Open(t.Context(), sqldb.Options{Dir: dir})
	var held *sqldb.InUseError
	if !errors.As(err, &held) || held.PID != cmd.Process.Pid || time.Since(held.Since) > time.Hour {
		t.Errorf("Open gave %v, want an error that names process %d", err, cmd.Process.Pid)
	}
	if want := "callboard (pid " + strconv.Itoa(cmd.Process.Pid) + ", since "; err != nil && !strings.Contains(err.Error(), want) {
		t.Errorf("%q does not say %q", err, want)
	}
	if err := errors.Join(in.Close(), cmd.Wait()); err != nil {
		t.Fatal(err)
	}
	closeDB(t, open(t, dir))
}

// TestOpen_AfterKill finds the lock file of a process that could not clean up.
func TestOpen_AfterKill(t *testing.T) {
	dir := t.TempDir()
	closeDB(t, open(t, dir))
	lock := dir + "/callboard.lock"
	if err := os.WriteFile(lock, []byte("pid 1\nsince 2020-01-01T00:00:00Z\nand more"), 0o600); err != nil {
		t.Fatal(err)
	}
	db := open(t, dir)
	defer closeDB(t, db)
	text, err := os.ReadFile(lock)
	if err != nil || !strings.HasPrefix(string(text), "pid "+strconv.Itoa(os.Getpid())+"\n") {
		t.Errorf("the lock file says %q, %v", text, err)
	}
}

// TestWrite_LockedByAnotherProcess: while another process has the database, reads answer, a write waits no
// longer than it should and says why, and when the other is gone it works. The wait is made shorter than the
// five seconds of the program.
func TestWrite_LockedByAnotherProcess(t *testing.T) {
	const wait = 300 * time.Millisecond
	dir := t.TempDir()
	db := open(t, dir)
	defer closeDB(t, db)
	apply(t, db, ingesttest.Generation(1, 10))
	if _, err := db.Writer().ExecContext(t.Context(), "PRAGMA busy_timeout = "+strconv.FormatInt(wait.Milliseconds(), 10)); err != nil {
		t.Fatal(err)
	}
	cmd := childCommand(t, childLocks, dir)
	in, err := cmd.StdinPipe()
	noError(t, err)
	out, err := cmd.StdoutPipe()
	noError(t, err)
	noError(t, cmd.Start())
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("the child said %q, %v", line, err)
	}
	begun := time.Now()
	err = db.Catalog().Apply(t.Context(), ingesttest.Generation(2, 10))
	if took := time.Since(begun); took < wait || took > wait+5*time.Second {
		t.Errorf("the write waited for %v, want about %v", took, wait)
	}
	wantSaid(t, "Apply", err, "has been locked for 5s, probably by another program")
	wantSaid(t, "Check", db.Check(t.Context()), "has been locked")
	if got, err := ingesttest.WholeGeneration(t.Context(), db.Catalog(), 10); err != nil || got != 1 {
		t.Errorf("reading gave set %d, %v; want set 1", got, err)
	}
	noError(t, errors.Join(in.Close(), cmd.Wait()))
	noError(t, db.Check(t.Context()))
	apply(t, db, ingesttest.Generation(2, 10))
}

// TestApply_PowerCut copies the database with its log at random instants of a process that writes, which is
// stopped for so long, and expects of each copy what TestApply_Killed expects.
func TestApply_PowerCut(t *testing.T) {
	instants := 200
	if testing.Short() {
		instants = 20
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	dir := t.TempDir()
	closeDB(t, open(t, dir))
	cmd := childCommand(t, childLoops, dir)
	out, err := cmd.StdoutPipe()
	noError(t, err)
	noError(t, cmd.Start())
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	}()
	acked := make(chan int, 1<<16)
	go func() {
		defer close(acked)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			n, _ := strconv.Atoi(lines.Text())
			acked <- n
		}
	}()
	last := <-acked
	for range instants {
		timer := time.NewTimer(time.Duration(r.IntN(10_000)) * time.Microsecond)
		<-timer.C
		for len(acked) > 0 { // read before the copy is made, so it has to be in it
			last = <-acked
		}
		copied := copyStopped(t, cmd.Process, dir)
		db := open(t, copied)
		got, err := ingesttest.WholeGeneration(t.Context(), db.Catalog(), childFiles)
		if err != nil || got < last {
			t.Fatalf("set %d was acknowledged, the copy holds set %d, %v", last, got, err)
		}
		closeDB(t, db)
	}
	t.Logf("%d sets", last)
}

// copyStopped copies a database while nobody writes it, without the -shm file, which does not outlive a crash.
func copyStopped(t *testing.T, process *os.Process, dir string) string {
	t.Helper()
	noError(t, process.Signal(syscall.SIGSTOP))
	for { // the signal takes effect when the kernel gets to it
		stat := readFile(t, "/proc/"+strconv.Itoa(process.Pid)+"/stat")
		_, state, _ := strings.Cut(stat, ") ")
		if strings.HasPrefix(state, "T") {
			break
		}
		if strings.HasPrefix(state, "Z") {
			t.Fatal("the child ended by itself")
		}
	}
	copied := t.TempDir()
	for _, name := range []string{"callboard.db", "callboard.db-wal"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		noError(t, err)
		writeFile(t, filepath.Join(copied, name), string(text))
	}
	noError(t, process.Signal(syscall.SIGCONT))
	return copied
}

// TestOpen_CutLog: whatever is missing of the end of the log, what is left is one whole set.
func TestOpen_CutLog(t *testing.T) {
	dir := t.TempDir()
	db := open(t, dir)
	for i := range 5 {
		apply(t, db, ingesttest.Generation(1+i, childFiles))
	}
	whole, log := readFile(t, db.Path()), readFile(t, db.Path()+"-wal")
	closeDB(t, db)
	seen := map[int]bool{}
	for cut := len(log); cut > 0; cut -= len(log)/40 + 1 {
		copied := t.TempDir()
		writeFile(t, filepath.Join(copied, "callboard.db"), whole)
		writeFile(t, filepath.Join(copied, "callboard.db-wal"), log[:cut])
		db := open(t, copied)
		got, err := ingesttest.WholeGeneration(t.Context(), db.Catalog(), childFiles)
		if err != nil || got > 5 {
			t.Errorf("of %d bytes of the log %d are left: set %d, %v", len(log), cut, got, err)
		}
		seen[got] = true
		closeDB(t, db)
	}
	if len(seen) < 4 {
		t.Errorf("the cuts gave the sets %v only, so this tried little", seen)
	}
}
