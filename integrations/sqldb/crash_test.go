package sqldb_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
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
