package sqldb_test

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"callboard/catalog/ingest/ingesttest"
	"callboard/integrations/sqldb"
)

func TestOpen_Damaged(t *testing.T) {
	const files = 3000
	overwrite := func(at int64, with []byte) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			file, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := file.WriteAt(with, at); err != nil {
				t.Fatal(err)
			}
			closeFile(t, file)
		}
	}
	for name, damage := range map[string]func(t *testing.T, path string){
		"GarbageHeader":   overwrite(0, []byte(strings.Repeat("no database ", 20))),
		"GarbageFile":     func(t *testing.T, path string) { writeFile(t, path, strings.Repeat("x", 100_000)) },
		"ZeroedPages":     overwrite(8192, make([]byte, 3*8192)),
		"ZeroedLatePages": func(t *testing.T, path string) { overwrite(size(t, path)*2/3/8192*8192, make([]byte, 3*8192))(t, path) },
		"CutInTheMiddle": func(t *testing.T, path string) {
			if err := os.Truncate(path, size(t, path)/2/8192*8192); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			db := open(t, dir)
			apply(t, db, ingesttest.Generation(1, files))
			path := db.Path()
			closeDB(t, db)
			damage(t, path)
			db, err := sqldb.Open(t.Context(), sqldb.Options{Dir: dir, Ballast: testBallast})
			if err == nil { // the check at start is bounded in time; then reading has to find it
				_, err = db.Catalog().Load(t.Context())
				closeDB(t, db)
			}
			var corrupt *sqldb.CorruptError
			if !errors.As(err, &corrupt) || corrupt.File != path {
				t.Fatalf("gave %v, want a *CorruptError about %s", err, path)
			}
			if !strings.Contains(err.Error(), "move callboard.db") || !strings.Contains(err.Error(), "comes back from Git") {
				t.Errorf("%q does not say how to recover", err)
			}
			for _, file := range []string{path, path + "-wal", path + "-shm"} {
				if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
					t.Fatal(err)
				}
			}
			closeDB(t, open(t, dir)) // the advice works, and the refusal left no lock behind
		})
	}
}

// TestOpen_WithoutShm is no damage: SQLite makes the file anew.
func TestOpen_WithoutShm(t *testing.T) {
	dir := t.TempDir()
	db := open(t, dir)
	apply(t, db, ingesttest.Generation(1, 10))
	copied := t.TempDir()
	for _, name := range []string{"callboard.db", "callboard.db-wal"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(copied, name), string(text))
	}
	closeDB(t, db)
	db = open(t, copied)
	defer closeDB(t, db)
	if got, err := ingesttest.WholeGeneration(t.Context(), db.Catalog(), 10); err != nil || got != 1 {
		t.Errorf("the copy holds set %d, %v; want set 1", got, err)
	}
}

func TestOpen_NewerSchema(t *testing.T) {
	dir := t.TempDir()
	db := open(t, dir)
	_, err := db.Writer().ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)")
	if err != nil {
		t.Fatal(err)
	}
	closeDB(t, db)
	_, err = sqldb.Open(t.Context(), sqldb.Options{Dir: dir})
	var newer *sqldb.NewerError
	if !errors.As(err, &newer) || newer.Schema != 9999 || newer.Know < 1 {
		t.Errorf("Open gave %v, want a *NewerError about schema 9999", err)
	}
}

func TestCheck_FilesGone(t *testing.T) {
	for name, test := range map[string]struct {
		do   func(path string) error
		want string
	}{
		"Deleted":    {os.Remove, "callboard.db was deleted while in use"},
		"WALDeleted": {func(path string) error { return os.Remove(path + "-wal") }, "callboard.db-wal was deleted while in use"},
		"Replaced": {func(path string) error {
			return errors.Join(os.WriteFile(path+".new", nil, 0o600), os.Rename(path+".new", path))
		}, "callboard.db was replaced while in use"},
		"FolderMoved": {func(path string) error { return os.Rename(filepath.Dir(path), filepath.Dir(path)+"-old") }, "was deleted while in use"},
	} {
		t.Run(name, func(t *testing.T) {
			db := open(t, filepath.Join(t.TempDir(), "data"))
			defer db.Close() // its files are gone
			if err := db.Check(t.Context()); err != nil {
				t.Fatalf("Check of a healthy store: %v", err)
			}
			if err := test.do(db.Path()); err != nil {
				t.Fatal(err)
			}
			if err := db.Check(t.Context()); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Check gave %v, want %q", err, test.want)
			}
		})
	}
}

// TestWrite_LockedByAnotherProgram lets an sqlite3 shell, so to speak, keep the database to itself.
func TestWrite_LockedByAnotherProgram(t *testing.T) {
	db := open(t, t.TempDir())
	defer closeDB(t, db)
	apply(t, db, ingesttest.Generation(1, 10))
	other, err := sql.Open("sqlite", "file:"+db.Path()+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	tx, err := other.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := db.Catalog().Apply(ctx, ingesttest.Generation(2, 10)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Apply gave %v, want the context's error", err)
	}
	if got, err := ingesttest.WholeGeneration(t.Context(), db.Catalog(), 10); err != nil || got != 1 {
		t.Errorf("reading gave set %d, %v; want set 1", got, err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	apply(t, db, ingesttest.Generation(3, 10))
}

// TestDiskFull fills a small file system under the store, and empties it again.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("callboard-test", dir, "tmpfs", 0, "size=12m"); err != nil {
		t.Skipf("needs to mount a small tmpfs, which takes root: %v", err)
	}
	defer func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	}()
	const ballast, files = 3 << 20, 50
	db, err := sqldb.Open(t.Context(), sqldb.Options{Dir: filepath.Join(dir, "data"), Ballast: ballast})
	if err != nil {
		t.Fatal(err)
	}
	defer closeDB(t, db)
	apply(t, db, ingesttest.Generation(1, files))
	filler := filepath.Join(dir, "filler")
	fillDisk(t, filler)

	reserve := filepath.Join(dir, "data", "callboard.ballast")
	acked, told := 1, false
	for err == nil {
		if err = db.Catalog().Apply(t.Context(), ingesttest.Generation(acked+1, files)); err == nil {
			acked++
		}
		if _, statErr := os.Stat(reserve); statErr != nil && err == nil && !told {
			told = true // the ballast lets writes go on for a while, and Check tells
			if err := db.Check(t.Context()); !errors.Is(err, sqldb.ErrFull) {
				t.Errorf("with the ballast gone Check gave %v, want ErrFull", err)
			}
		}
	}
	if !errors.Is(err, sqldb.ErrFull) || !told {
		t.Errorf("the full disk gave %v (ballast used: %v), want ErrFull", err, told)
	}
	if err := db.Check(t.Context()); !errors.Is(err, sqldb.ErrFull) {
		t.Errorf("on the full disk Check gave %v, want ErrFull", err)
	}
	if got, loadErr := ingesttest.WholeGeneration(t.Context(), db.Catalog(), files); loadErr != nil || got != acked {
		t.Errorf("set %d was acknowledged, the full disk holds set %d, %v", acked, got, loadErr)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	apply(t, db, ingesttest.Generation(acked+1, files))
	if err := db.Check(t.Context()); err != nil {
		t.Errorf("with space again Check gave %v", err)
	}
	if got := size(t, reserve); got != ballast {
		t.Errorf("the ballast has %d bytes again, want %d", got, ballast)
	}
	t.Logf("%d sets were stored on the full disk; then %v", acked-1, err)
}

// fillDisk writes to path until no byte more fits.
func fillDisk(t *testing.T, path string) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer closeFile(t, file)
	for block := make([]byte, 64<<10); len(block) > 0; {
		if _, err := file.Write(block); errors.Is(err, syscall.ENOSPC) {
			block = block[:len(block)/2]
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func closeFile(t *testing.T, file *os.File) {
	t.Helper()
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}
