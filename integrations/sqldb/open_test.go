package sqldb_test

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"callboard/catalog/ingest/ingesttest"
	"callboard/integrations/sqldb"
)

func TestOpen_Settings(t *testing.T) {
	db := open(t, t.TempDir())
	defer closeDB(t, db)
	for _, test := range []struct{ pragma, writer, reader string }{
		{"journal_mode", "wal", "wal"},
		{"synchronous", "2", "2"}, // FULL
		{"foreign_keys", "1", "1"},
		{"busy_timeout", "5000", "5000"},
		{"query_only", "0", "1"},
		{"page_size", "8192", "8192"},
	} {
		for name, pool := range map[string]struct {
			db   *sql.DB
			want string
		}{"writer": {db.Writer(), test.writer}, "reader": {db.Reader(), test.reader}} {
			var got string
			if err := pool.db.QueryRowContext(t.Context(), "PRAGMA "+test.pragma).Scan(&got); err != nil || got != pool.want {
				t.Errorf("%s of the %s is %q, %v; want %q", test.pragma, name, got, err, pool.want)
			}
		}
	}
	if got := db.Writer().Stats().MaxOpenConnections; got != 1 {
		t.Errorf("the writer has %d connections, want 1", got)
	}
	if _, err := db.Reader().ExecContext(t.Context(), "DELETE FROM catalog_files"); err == nil {
		t.Error("a reader could write")
	}
	// An immediate transaction has the write lock before its first statement.
	tx, err := db.Writer().BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback() //nolint:errcheck // only the lock matters
	other, err := sql.Open("sqlite", "file:"+db.Path()+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if second, err := other.BeginTx(t.Context(), nil); err == nil {
		t.Error("two immediate transactions at once", second.Rollback())
	}
}

func TestOpen_Modes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "data")
	db := open(t, dir)
	defer closeDB(t, db)
	apply(t, db, ingesttest.Generation(1, 1))
	for name, want := range map[string]os.FileMode{
		"": 0o700 | os.ModeDir, "callboard.db": 0o600, "callboard.db-wal": 0o600, "callboard.db-shm": 0o600,
		"callboard.lock": 0o600, "callboard.ballast": 0o600,
	} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode() != want {
			t.Errorf("%q has mode %v, %v; want %v", name, info.Mode(), err, want)
		}
	}
}

func TestOpen_OddFolderNames(t *testing.T) {
	for _, name := range []string{"a b", "what?_pragma=query_only(1)", "50%25", "hash#tag", "größe", "a;b&c=d"} {
		dir := filepath.Join(t.TempDir(), name)
		db := open(t, dir)
		apply(t, db, ingesttest.Generation(1, 1))
		closeDB(t, db)
		if _, err := os.Stat(filepath.Join(dir, "callboard.db")); err != nil {
			t.Error(err)
		}
	}
}

func TestOpen_Refusals(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	writeFile(t, file, "")
	for name, test := range map[string]struct {
		options sqldb.Options
		want    string
	}{
		"PostgreSQL":   {sqldb.Options{Dir: t.TempDir(), URL: "postgres://user:hunter2@db.example.com/callboard"}, "only SQLite is supported so far"},
		"NoFolder":     {sqldb.Options{}, "set data"},
		"FolderIsFile": {sqldb.Options{Dir: file}, "cannot be created"},
		"BelowFile":    {sqldb.Options{Dir: filepath.Join(file, "data")}, "cannot be created"},
	} {
		_, err := sqldb.Open(t.Context(), test.options)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: gave %v, want %q", name, err, test.want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error shows the password: %v", name, err)
		}
	}
}

// TestOpen_DatabaseIsFolder cannot be written whoever tries, root included.
func TestOpen_DatabaseIsFolder(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "callboard.db"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := sqldb.Open(t.Context(), sqldb.Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "cannot be used") {
		t.Errorf("gave %v", err)
	}
}

func TestOpen_TwiceInOneProcess(t *testing.T) {
	dir := t.TempDir()
	db := open(t, dir)
	_, err := sqldb.Open(t.Context(), sqldb.Options{Dir: dir})
	var held *sqldb.InUseError
	if !errors.As(err, &held) || held.PID != os.Getpid() {
		t.Errorf("gave %v, want an *InUseError about this process", err)
	}
	closeDB(t, db)
	closeDB(t, open(t, dir))
}

func TestVersionNumber(t *testing.T) {
	for version, want := range map[string]int{"3.51.3": 3_051_003, "3.7.0": 3_007_000, "4.0.0": 4_000_000, "": 0, "3.x.1": 0} {
		if got := sqldb.VersionNumber(version); got != want {
			t.Errorf("VersionNumber(%q) = %d, want %d", version, got, want)
		}
	}
}

// TestLibcPin compares our version of modernc.org/libc with the one that modernc.org/sqlite was made
// for: any other can corrupt data, and tools that update dependencies do not know that.
func TestLibcPin(t *testing.T) {
	ours := readFile(t, filepath.Join("..", "..", "go.mod"))
	version := required(ours, "modernc.org/sqlite")
	if version == "" {
		t.Fatal("go.mod does not name modernc.org/sqlite")
	}
	path := filepath.Join(moduleCache(), "modernc.org", "sqlite@"+version, "go.mod")
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the module cache has no sources of modernc.org/sqlite to compare with: %v", err)
	}
	if got, want := required(ours, "modernc.org/libc"), required(readFile(t, path), "modernc.org/libc"); got != want || got == "" {
		t.Errorf("go.mod has modernc.org/libc %q, modernc.org/sqlite %s wants %q: go get modernc.org/libc@%[3]s", got, version, want)
	}
}

// moduleCache is where the go command keeps modules, unless go env -w moved it.
func moduleCache() string {
	if dir := os.Getenv("GOMODCACHE"); dir != "" {
		return dir
	}
	if dir := os.Getenv("GOPATH"); dir != "" {
		return filepath.Join(filepath.SplitList(dir)[0], "pkg", "mod")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return filepath.Join(home, "go", "pkg", "mod")
}

func required(gomod, module string) string {
	found := regexp.MustCompile(`(?m)^(?:require)?\s*` + regexp.QuoteMeta(module) + `\s+(v\S+)`).FindStringSubmatch(gomod)
	if found == nil {
		return ""
	}
	return found[1]
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
