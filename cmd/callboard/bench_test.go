package main // the benchmarks run the program's own parts

import (
	"fmt"
	"io/fs"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"callboard/bot"
	"callboard/catalog"
	"callboard/catalog/catalogtest"
	"callboard/cmd/callboard/internal/app"
	"callboard/cmd/callboard/internal/config"
	"callboard/integrations/console"
	"callboard/integrations/git"
)

// benchSizes are the catalogs that the benchmarks are run on, in entities.
// With -short the large one is left out, which takes minutes.
func benchSizes() []int {
	if testing.Short() {
		return []int{1_000, 10_000}
	}
	return []int{1_000, 10_000, 100_000}
}

// benchSeed makes the catalogs the same on every machine.
const benchSeed = 1

// forEachSize runs a benchmark on a repository of each size.
func forEachSize(b *testing.B, run func(w *benchWorld)) {
	b.Helper()
	for _, n := range benchSizes() {
		b.Run(strconv.Itoa(n), func(b *testing.B) { run(newBenchWorld(b, n)) })
	}
}

// benchWorld is a generated catalog in a local repository.
type benchWorld struct {
	b         *testing.B
	entities  int
	repo      string
	yamlBytes int64
	service   string // path of the descriptor of one component
}

func newBenchWorld(b *testing.B, n int) *benchWorld {
	b.Helper()
	return worldOf(b, n, catalogtest.Files(catalogtest.Options{Entities: n, Seed: benchSeed}))
}

// worldOf puts files with n entities into a repository.
func worldOf(b *testing.B, n int, from iter.Seq2[string, []byte]) *benchWorld {
	b.Helper()
	w := &benchWorld{b: b, entities: n, repo: filepath.Join(b.TempDir(), "catalog.git")}
	files := map[string][]byte{}
	for name, text := range from {
		files[name] = text
		if !strings.HasSuffix(name, ".yaml") {
			continue
		}
		w.yamlBytes += int64(len(text))
		if strings.Contains(string(text), "kind: Component") {
			w.service = name
		}
	}
	if err := git.Init(w.repo, []git.Commit{w.commit("the catalog", files)}); err != nil {
		b.Fatal(err)
	}
	return w
}

func (w *benchWorld) commit(message string, files map[string][]byte) git.Commit {
	return git.Commit{
		Author: "Bench", Email: "bench@example.com", Message: message,
		When: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Write: files,
	}
}

func (w *benchWorld) config() *config.Config {
	w.b.Helper()
	cfg, err := config.Load(writeConfig(w.b, fmt.Sprintf("    - { name: acme, git: %q, trusted: true }\n", w.repo)))
	if err != nil {
		w.b.Fatal(err)
	}
	return cfg
}

// open opens what a configuration's data folder holds; nothing is fetched.
func (w *benchWorld) open(cfg *config.Config) *app.App {
	w.b.Helper()
	a, err := app.New(w.b.Context(), cfg, quietLogger(os.Stderr))
	if err != nil {
		w.b.Fatal(err)
	}
	return a
}

// sync fetches once; the catalog must then have all its entities.
func (w *benchWorld) sync(a *app.App) {
	w.b.Helper()
	report, err := a.Sync(w.b.Context(), false)
	if err != nil || !report.Fine() || report.Entities != w.entities {
		w.b.Fatalf("%+v, %v", report, err)
	}
}

func closeApp(b *testing.B, a *app.App) {
	b.Helper()
	if err := a.Close(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkColdStart goes from an empty data folder to every entity queryable, and reports the size of
// the store as a multiple of the YAML.
func BenchmarkColdStart(b *testing.B) {
	forEachSize(b, func(w *benchWorld) {
		b := w.b
		var store int64
		for b.Loop() {
			b.StopTimer()
			cfg := w.config()
			b.StartTimer()
			a := w.open(cfg)
			w.sync(a)
			b.StopTimer()
			closeApp(b, a) // which empties the write-ahead log
			store = storeBytes(b, cfg.Data)
			b.StartTimer()
		}
		b.ReportMetric(float64(store)/float64(w.yamlBytes), "store/yaml")
	})
}

// storeBytes is what the store takes on disk, without the reserve for a full disk.
func storeBytes(b *testing.B, dir string) int64 {
	b.Helper()
	var sum int64
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(name, ".ballast") {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			sum += info.Size()
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return sum
}

// BenchmarkResident reports the memory that the process holds some time after a sync, file-backed pages
// excluded: the next sync had no news, and the collector has run, as in a daemon. catalog-MB leaves
// out what the process had before.
func BenchmarkResident(b *testing.B) {
	forEachSize(b, func(w *benchWorld) {
		b := w.b
		before := residentMB(b)
		var after float64
		for b.Loop() {
			b.StopTimer()
			cfg := w.config()
			b.StartTimer()
			a := w.open(cfg)
			w.sync(a)
			w.sync(a)
			after = residentMB(b)
			closeApp(b, a)
		}
		b.ReportMetric(after, "resident-MB")
		b.ReportMetric(after-before, "catalog-MB")
	})
}

// residentMB is the anonymous memory of this process after a collection.
func residentMB(b *testing.B) float64 {
	b.Helper()
	debug.FreeOSMemory()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Skip("this system does not tell the memory of a process: ", err)
	}
	return anonymousMB(string(status))
}

// anonymousMB reads the status of a process as /proc gives it.
func anonymousMB(status string) float64 {
	for line := range strings.Lines(status) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "RssAnon:" {
			kib, _ := strconv.ParseFloat(fields[1], 64)
			return kib / 1024
		}
	}
	return 0 // of a process that has just ended
}

// BenchmarkWarmRestart opens a data folder that holds the catalog.
func BenchmarkWarmRestart(b *testing.B) {
	forEachSize(b, func(w *benchWorld) {
		b := w.b
		cfg := w.config()
		a := w.open(cfg)
		w.sync(a)
		closeApp(b, a)
		for b.Loop() {
			a := w.open(cfg)
			if got := a.Snapshot().As(catalog.Everything{}).Len(); got != w.entities {
				b.Fatalf("%d entities, want %d", got, w.entities)
			}
			b.StopTimer()
			closeApp(b, a)
			b.StartTimer()
		}
	})
}

// BenchmarkOneFile commits a change to one descriptor and syncs until it is visible.
func BenchmarkOneFile(b *testing.B) {
	forEachSize(b, func(w *benchWorld) {
		b := w.b
		a := w.open(w.config())
		defer closeApp(b, a)
		w.sync(a)
		text := w.descriptor()
		for i := 0; b.Loop(); i++ {
			b.StopTimer()
			changed := strings.Replace(text, "\nspec:\n", "\nspec:\n  revision: "+strconv.Itoa(i)+"\n", 1)
			if err := git.Append(w.repo, w.commit("one change", map[string][]byte{w.service: []byte(changed)})); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
			report, err := a.Sync(b.Context(), false)
			if err != nil || report.Changed != 1 {
				b.Fatalf("%+v, %v", report, err)
			}
		}
	})
}

func (w *benchWorld) descriptor() string {
	w.b.Helper()
	for name, text := range catalogtest.Files(catalogtest.Options{Entities: w.entities, Seed: benchSeed}) {
		if name == w.service {
			return string(text)
		}
	}
	w.b.Fatal("no descriptor at " + w.service)
	return ""
}

// BenchmarkWhoOwns goes from the words of a command to the drawn card, for exact names.
func BenchmarkWhoOwns(b *testing.B) {
	forEachSize(b, func(w *benchWorld) { w.whoOwns(config.Policy{}) })
}

// BenchmarkWhoOwnsRules is BenchmarkWhoOwns with five rules that hide entities from the asker.
func BenchmarkWhoOwnsRules(b *testing.B) {
	var rules config.Policy
	for i, when := range []string{
		`entity.metadata.labels["confidential"] == "true"`, `entity.kind == "resource" && entity.spec.type == "database"`, `entity.name.endsWith("7")`,
		`"pci" in entity.metadata.tags || entity.metadata.annotations["acme.com/secret"] == "yes"`, `entity.spec.system.startsWith("system:default/a")`,
	} {
		rules.Visibility = append(rules.Visibility, config.VisibleRule{Name: "rule-" + strconv.Itoa(i), When: when, Only: []string{"group:default/nobody"}})
	}
	forEachSize(b, func(w *benchWorld) { w.whoOwns(rules) })
}

func (w *benchWorld) whoOwns(rules config.Policy) {
	b, cfg := w.b, w.config()
	cfg.Policy = rules
	a := w.open(cfg)
	defer closeApp(b, a)
	w.sync(a)
	names := componentNames(a)
	names = slices.DeleteFunc(names[:min(len(names), 5000)], func(name string) bool { // what is hidden is not found
		return strings.Contains(answer(b, a, "who-owns "+name), "No entity")
	})
	times := make([]time.Duration, 0, 1<<16)
	for i := 0; b.Loop(); i++ {
		start := time.Now()
		answer(b, a, "who-owns "+names[i%len(names)])
		times = append(times, time.Since(start))
	}
	b.ReportMetric(percentile(times, 99), "p99-ms")
}

// BenchmarkTypo asks for names with one typo each; the entity that was meant should come first.
func BenchmarkTypo(b *testing.B) {
	forEachSize(b, func(w *benchWorld) {
		b := w.b
		a := w.open(w.config())
		defer closeApp(b, a)
		w.sync(a)
		names := componentNames(a)
		dice := rand.New(rand.NewPCG(benchSeed, 0))
		times := make([]time.Duration, 0, 1<<16)
		asked, first := 0, 0
		for b.Loop() {
			name := names[dice.IntN(len(names))]
			start := time.Now()
			card := answer(b, a, "who-owns "+mistype(dice, name))
			times = append(times, time.Since(start))
			heading, rest, _ := strings.Cut(card, "\n")
			second, _, _ := strings.Cut(rest, "\n") // the first of those to pick from
			if asked++; strings.Contains(heading+second, name) {
				first++
			}
		}
		b.ReportMetric(percentile(times, 95), "p95-ms")
		b.ReportMetric(100*float64(first)/float64(asked), "first-%")
	})
}

// answer asks and draws.
func answer(b *testing.B, a *app.App, text string) string {
	b.Helper()
	req := a.LocalRequest("bench", catalog.Ref{})
	req.Kind, req.Text = bot.Typed, text
	reply := a.Handle(b.Context(), &req)
	var out strings.Builder
	if err := console.Render(&out, reply.Card, console.Style{Width: 80, Zone: time.UTC, Now: req.Received}); err != nil {
		b.Fatal(err)
	}
	return out.String()
}

func componentNames(a *app.App) []string {
	var names []string
	for e := range a.Snapshot().As(catalog.Everything{}).All() {
		if e.Ref.Kind == "component" {
			names = append(names, e.Ref.Name)
		}
	}
	return names
}

// mistype makes one of the four usual typos: a letter twice, a letter missing, two swapped, a wrong one.
func mistype(dice *rand.Rand, name string) string {
	i := 1 + dice.IntN(len(name)-2)
	switch dice.IntN(4) {
	case 0:
		return name[:i] + name[i-1:]
	case 1:
		return name[:i] + name[i+1:]
	case 2:
		return name[:i-1] + string(name[i]) + string(name[i-1]) + name[i+1:]
	default:
		return name[:i] + string(rune('a'+dice.IntN(26))) + name[i+1:]
	}
}

// percentile gives a percentile in milliseconds.
func percentile(times []time.Duration, p int) float64 {
	slices.Sort(times)
	return float64(times[min(len(times)*p/100, len(times)-1)].Microseconds()) / 1000
}
