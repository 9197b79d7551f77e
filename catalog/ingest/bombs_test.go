package ingest_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"callboard/catalog/ingest"
)

// TestYAMLBombs is row 16 of the threat model: small inputs that cost a careless reader seconds or
// gigabytes.
func TestYAMLBombs(t *testing.T) {
	laughs := "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
	merges := "m0: &m0 {k: v}\n"
	texts := "t: &t " + strings.Repeat("x", 500_000) + "\nu: [" + strings.Repeat("*t, ", 100_000) + "]\n"
	for i := range 25 {
		laughs += fmt.Sprintf("a%d: &a%d [%s*a%d]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*a%d, ", i), 8), i)
		merges += fmt.Sprintf("m%d: &m%d {<<: [*m%d, *m%d]}\n", i+1, i+1, i, i)
	}
	keys := "? " + strings.Repeat("{? ", 5000) + "a" + strings.Repeat("}", 5000) + "\n: x\n"
	tests := map[string]string{
		"billion laughs":      laughs,
		"merge keys":          merges,
		"open brackets":       strings.Repeat("[", 100_000),
		"nested brackets":     strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000),
		"30 MB scalar":        "a: " + strings.Repeat("x", 30<<20),
		"self alias":          "a: &a [*a, *a]\n",
		"one long text often": texts,
		"nested dashes":       strings.Repeat("- ", 9000) + "x\n",
		"nested keys":         keys,
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			data := []byte(component("", "x:\n  "+strings.ReplaceAll(text, "\n", "\n  ")))
			spent, allocated := cost(func() {
				reader := ingest.Reader{}
				docs := reader.Read("bomb.yaml", data).Documents
				if len(docs) != 1 || docs[0].Entity != nil {
					t.Errorf("want it refused, got %d documents", len(docs))
				}
				for _, p := range docs[0].Problems {
					t.Logf("%d:%d %s %s", p.Origin.Line, p.Column, p.Rule, p.Text)
					if len(p.Text)+len(p.Value)+len(p.Fix) > 1000 {
						t.Errorf("a problem of %d bytes", len(p.Text)+len(p.Value))
					}
				}
			})
			t.Logf("%v, %d KiB allocated", spent, allocated>>10)
			if allocated > 64<<20 {
				t.Errorf("allocated %d MiB in all", allocated>>20)
			}
			if spent > 100*time.Millisecond*slowdown {
				t.Errorf("took %v", spent)
			}
		})
	}
}

// TestReader_Read_worst bounds what the largest permitted files cost.
func TestReader_Read_worst(t *testing.T) {
	fill := func(part string) string { return strings.Repeat(part, worstSize/len(part)) }
	tests := map[string]string{
		"many small values":   "x: [" + fill("1,") + "]",
		"many keys":           "x:\n" + numbered("  k%d: \n", worstSize/12),
		"many broken":         strings.Repeat("---\na: [\n"+strings.Repeat("b: c\n", 400)+"\n", 490),
		"one broken":          "a: [\n" + fill("b: c\n"),
		"broken at the end":   fill("b:\n") + "c: %\n",
		"comments":            "a:\n" + fill("# x\n"),
		"comments and values": fill("- a # x\n"),
		"long key":            strings.Repeat("k", 200_000) + ":\n  " + fill("a: ")[:5000],
		"quotes":              `x: "` + fill(`\n`) + `"`,
		"block scalar":        "x: |\n" + fill("  a, b\n"),
		"flow keys":           "x: {" + numbered("a%d, ", worstSize/12) + "}",
		"anchors":             numbered("- &a%d x\n", worstSize/16),
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			spent, allocated := cost(func() {
				reader := ingest.Reader{}
				reader.Read("worst.yaml", []byte(text))
			})
			t.Logf("%v, %d MiB for %d KiB", spent, allocated>>20, len(text)>>10)
			if spent > time.Second*slowdown || allocated > 1<<30 {
				t.Errorf("took %v and %d MiB", spent, allocated>>20)
			}
		})
	}
}

func numbered(format string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

func cost(f func()) (spent time.Duration, allocated uint64) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	f()
	spent = time.Since(start)
	runtime.ReadMemStats(&after)
	return spent, after.TotalAlloc - before.TotalAlloc
}
