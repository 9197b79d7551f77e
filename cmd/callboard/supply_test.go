package main_test

import (
	"bytes"
	"crypto/sha256"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// maxDirect is how many modules we may depend on directly. One more needs a reason that another can go.
const maxDirect = 40

func TestDependencies(t *testing.T) {
	t.Parallel()
	table, err := os.ReadFile(filepath.Join(projectRoot, "docs", "dependencies.md"))
	if err != nil {
		t.Fatal(err)
	}
	text, direct := readGoMod(t, filepath.Join(projectRoot, "go.mod"))
	if len(direct) > maxDirect {
		t.Errorf("go.mod has %d direct dependencies, more than %d", len(direct), maxDirect)
	}
	for module := range direct {
		if !hasRow(string(table), module) {
			t.Errorf("docs/dependencies.md has no row for %s; add it with the reason, in the same commit", module)
		}
	}
	for line := range strings.Lines(text) {
		if word, _, _ := strings.Cut(strings.TrimSpace(line), " "); word == "replace" || word == "exclude" {
			t.Errorf("go.mod must not %s", strings.TrimSpace(line))
		}
	}
}

func hasRow(table, module string) bool {
	for line := range strings.Lines(table) {
		if strings.HasPrefix(line, "|") && strings.Contains(line, module) {
			return true
		}
	}
	return false
}

// TestLibcPin: modernc.org/sqlite works with exactly the modernc.org/libc that its own go.mod names.
func TestLibcPin(t *testing.T) {
	t.Parallel()
	const sqlite, libc = "modernc.org/sqlite", "modernc.org/libc"
	text, _ := readGoMod(t, filepath.Join(projectRoot, "go.mod"))
	ours := versions(text)
	if ours[sqlite] == "" {
		t.Skip("the program does not use SQLite")
	}
	cache := goOutput(t, projectRoot, "env", "GOMODCACHE")
	theirs, _ := readGoMod(t, filepath.Join(cache, "cache", "download", sqlite, "@v", ours[sqlite]+".mod"))
	if want := versions(theirs)[libc]; ours[libc] != want {
		t.Errorf("go.mod has %s %s, but %s %s needs exactly %s", libc, ours[libc], sqlite, ours[sqlite], want)
	}
}

// readGoMod returns a go.mod file's text and the version of each module that it requires directly.
func readGoMod(t *testing.T, name string) (text string, direct map[string]string) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var kept strings.Builder
	for line := range strings.Lines(string(data)) {
		if !strings.HasSuffix(strings.TrimSpace(line), "// indirect") {
			kept.WriteString(line)
		}
	}
	return string(data), versions(kept.String())
}

// versions maps the modules that a go.mod's text requires to their versions.
func versions(text string) map[string]string {
	found := map[string]string{}
	for line := range strings.Lines(text) {
		words := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		if len(words) >= 2 && strings.HasPrefix(words[1], "v") {
			found[words[0]] = words[1]
		}
	}
	return found
}

// TestReproducible builds the program from two copies of the tree in different places and compares
// the bytes. The copies differ in comments at the end of our files, so that each compiles all our
// packages itself while they share the build cache for everybody else's. Only the package main is
// left as it is: the linker records the hash of its sources.
func TestReproducible(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds the program twice")
	}
	one, another := filepath.Join(t.TempDir(), "one"), filepath.Join(t.TempDir(), "another", "and-deeper")
	for dir, comment := range map[string]string{one: "// first copy\n", another: "// second copy\n"} {
		if err := copyTree(dir, comment); err != nil {
			t.Fatal(err)
		}
	}
	if first, second := build(t, one), build(t, another); first != second {
		t.Errorf("two builds of one tree differ: sha256 %x and %x", first, second)
	}
}

func build(t *testing.T, dir string) [sha256.Size]byte {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "callboard")
	goOutput(t, dir, "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", binary, "./cmd/callboard")
	data, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	return sha256.Sum256(data)
}

// copyTree copies what the go command needs to build, with a comment added to our packages.
func copyTree(to, comment string) error {
	mainPackage := filepath.Join(projectRoot, "cmd", "callboard")
	return filepath.WalkDir(projectRoot, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fromTop, err := filepath.Rel(projectRoot, name)
		target := filepath.Join(to, fromTop)
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || fromTop == "bin" || fromTop == "data"):
			return filepath.SkipDir
		case d.IsDir():
			return os.MkdirAll(target, 0o750)
		case !d.Type().IsRegular() || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if filepath.Ext(name) == ".go" && filepath.Dir(name) != mainPackage && !strings.Contains(fromTop, string(filepath.Separator)+"_") {
			data = append(data, comment...)
		}
		return os.WriteFile(target, data, 0o600)
	})
}

// goOutput runs the go command in dir, as `make build` does, and returns what it printed.
func goOutput(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, &problems)
	}
	return strings.TrimSpace(string(out))
}
