package main // the benchmarks run the program's own parts

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"callboard/cmd/callboard/internal/config"
	"callboard/integrations/git/gittest"
)

// BenchmarkColdStartHTTP is BenchmarkColdStart with the repository behind a Git server on the same machine,
// whose work counts too.
func BenchmarkColdStartHTTP(b *testing.B) {
	forEachSize(b, func(w *benchWorld) {
		b := w.b
		url := gittest.Serve(b, filepath.Dir(w.repo)).URL + "/" + filepath.Base(w.repo)
		source := fmt.Sprintf("    - { name: acme, git: %q, insecure: true, trusted: true }\n", url)
		for b.Loop() {
			b.StopTimer()
			cfg, err := config.Load(writeConfig(b, source))
			if err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
			a := w.open(cfg)
			w.sync(a)
			b.StopTimer()
			closeApp(b, a)
			b.StartTimer()
		}
	})
}

// BenchmarkPeak reports the most memory that a process of the program holds in a first sync, with the
// documentation's index, file-backed pages excluded.
func BenchmarkPeak(b *testing.B) {
	forEachSize(b, func(w *benchWorld) {
		b := w.b
		var peak float64
		for b.Loop() {
			c := w.start("sync")
			peak = max(peak, c.peakMB())
			if c.err != nil {
				b.Fatal(c.err, c.output.String())
			}
		}
		b.ReportMetric(peak, "peak-MB")
	})
}

// BenchmarkIdle reports what a daemon with a large catalog takes of one processor while nobody asks it anything,
// and the memory that it holds after that, file-backed pages excluded.
func BenchmarkIdle(b *testing.B) {
	const measure = 60 * time.Second
	n := slices.Max(benchSizes())
	b.Run(strconv.Itoa(n), func(b *testing.B) {
		w := newBenchWorld(b, n)
		var share, resident float64
		for b.Loop() {
			c := w.start("serve")
			c.settle()
			before := c.processorTime()
			c.wait(measure)
			share = 100 * (c.processorTime() - before).Seconds() / measure.Seconds()
			resident = c.residentMB()
			if err := c.cmd.Process.Signal(os.Interrupt); err != nil {
				b.Fatal(err, c.output.String())
			}
			<-c.ended
		}
		b.ReportMetric(share, "idle-%")
		b.ReportMetric(resident, "resident-MB")
	})
}

// settle returns when the first sync and what follows from it are over: when the process has done next to nothing
// for a while.
func (c *child) settle() {
	const look, quiet, patience = 5 * time.Second, 250 * time.Millisecond, 10 * time.Minute
	for range patience / look {
		before := c.processorTime()
		c.wait(look)
		if c.processorTime()-before < quiet {
			return
		}
	}
	c.b.Fatalf("still at work after %s: %s", patience, c.output.String())
}

// child is a process of the program with a data folder of its own.
type child struct {
	b      *testing.B
	cmd    *exec.Cmd
	output bytes.Buffer
	ended  chan struct{}
	err    error // once ended
}

func (w *benchWorld) start(command string) *child {
	w.b.Helper()
	file := writeConfig(w.b, fmt.Sprintf("    - { name: acme, git: %q, trusted: true }\n", w.repo))
	c := &child{b: w.b, ended: make(chan struct{})}
	c.cmd = exec.CommandContext(w.b.Context(), "callboard", command, "-c", file) // TestMain put it there
	c.cmd.Stdout, c.cmd.Stderr = &c.output, &c.output
	if err := c.cmd.Start(); err != nil {
		w.b.Fatal(err)
	}
	go func() {
		c.err = c.cmd.Wait()
		close(c.ended)
	}()
	return c
}

// wait returns after some time, or when the process has ended.
func (c *child) wait(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.ended:
	}
}

// peakMB looks at the process until it ends.
func (c *child) peakMB() (peak float64) {
	for {
		c.wait(10 * time.Millisecond)
		select {
		case <-c.ended:
			return peak
		default:
			peak = max(peak, c.residentMB())
		}
	}
}

func (c *child) residentMB() float64 {
	status, err := os.ReadFile(c.file("status"))
	if err != nil {
		return 0 // just ended
	}
	return anonymousMB(string(status))
}

// processorTime is what the process has used so far, in user and system mode.
func (c *child) processorTime() time.Duration {
	const perTick = 10 * time.Millisecond // on every Linux
	stat, err := os.ReadFile(c.file("stat"))
	if err != nil {
		c.b.Skip("this system does not tell the time of a process: ", err)
	}
	_, rest, _ := strings.Cut(string(stat), ") ") // behind the name; the next field is the third
	fields := strings.Fields(rest)
	var sum time.Duration
	for _, field := range fields[14-3 : 16-3] {
		ticks, err := strconv.Atoi(field)
		if err != nil {
			c.b.Fatal(err)
		}
		sum += time.Duration(ticks) * perTick
	}
	return sum
}

func (c *child) file(name string) string {
	return filepath.Join("/proc", strconv.Itoa(c.cmd.Process.Pid), name)
}
