package main // commands of the scripts

import (
	"errors"
	"os"
	"strconv"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// canMount reports whether this process may mount file systems, which takes root.
func canMount(t *testing.T) bool {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("callboard-test", dir, "tmpfs", 0, "size=1m"); err != nil {
		return false
	}
	if err := syscall.Unmount(dir, 0); err != nil {
		t.Fatal(err)
	}
	return true
}

func cmdTmpfs(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) == 2, "tmpfs SIZE DIR")
	dir := ts.MkAbs(args[1])
	ts.Check(os.Mkdir(dir, 0o700))
	ts.Check(syscall.Mount("callboard-test", dir, "tmpfs", 0, "size="+args[0]))
	ts.Defer(func() { ts.Check(syscall.Unmount(dir, syscall.MNT_DETACH)) }) // daemons end after this
}

func cmdFill(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, len(args) == 1, "fill FILE")
	file, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	for block := make([]byte, 1<<20); len(block) > 0 && err == nil; {
		if _, err = file.Write(block); errors.Is(err, syscall.ENOSPC) {
			block, err = block[:len(block)/2], nil
		}
	}
	ts.Check(errors.Join(err, file.Close()))
}

func (d *daemon) limit(ts *testscript.TestScript, size string) {
	limit := unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY}
	if size != "none" {
		n, err := strconv.ParseUint(size, 10, 64)
		ts.Check(err)
		limit.Cur = n
	}
	var was unix.Rlimit
	ts.Check(unix.Prlimit(d.cmd.Process.Pid, unix.RLIMIT_FSIZE, nil, &was))
	limit.Max = was.Max
	ts.Check(unix.Prlimit(d.cmd.Process.Pid, unix.RLIMIT_FSIZE, &limit, nil))
}
