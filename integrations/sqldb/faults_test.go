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
	"testing/fstest"
	"time"

	"callboard/catalog"
	"callboard/catalog/docs"
	"callboard/catalog/ingest/ingesttest"
	"callboard/integrations/sqldb"
)

func TestOpen_Damaged(t *testing.T) {
	const files = 3000
	overwritten := func(at int64, with []byte) func(*testing.T, string) {
		return func(t *testing.T, path string) { overwrite(t, path, at, with) }
	}
	for name, damage := range map[string]func(t *testing.T, path string){
		"GarbageHeader":   overwritten(0, []byte(strings.Repeat("no database ", 20))),
		"GarbageFile":     func(t *testing.T, path string) { writeFile(t, path, strings.Repeat("x", 100_000)) },
		"ZeroedPages":     overwritten(8192, make([]byte, 3*8192)),
		"ZeroedLatePages": func(t *testing.T, path string) { overwrite(t, path, size(t, path)*2/3/8192*8192, make([]byte, 3*8192)) },
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

// TestCheck_FilesLost spoils the files of a store at work: Check tells, and nothing is acknowledged that the
// next start would not find.
func TestCheck_FilesLost(t *testing.T) {
	const files = 1500 // so many that they are in the database file, not in the log
	remove := func(suffix string) func(*testing.T, string) {
		return func(t *testing.T, path string) { noError(t, os.Remove(path+suffix)) }
	}
	for name, test := range map[string]struct {
		spoil func(t *testing.T, path string)
		want  string
		later bool // writes are refused from the next Check on; before that, only that can notice
	}{
		"Deleted":    {remove(""), "callboard.db was deleted while in use", false},
		"WALDeleted": {remove("-wal"), "callboard.db-wal was deleted while in use", false},
		"SHMDeleted": {remove("-shm"), "callboard.db-shm was deleted while in use", false},
		"Replaced": {func(t *testing.T, path string) {
			noError(t, errors.Join(os.WriteFile(path+".new", nil, 0o600), os.Rename(path+".new", path)))
		}, "callboard.db was replaced while in use", false},
		"FolderMoved": {func(t *testing.T, path string) {
			noError(t, os.Rename(filepath.Dir(path), filepath.Dir(path)+"-old"))
		}, "was deleted while in use", false},
		"Emptied":       {func(t *testing.T, path string) { noError(t, os.Truncate(path, 0)) }, "callboard.db was overwritten while in use", false},
		"Zeroed":        {func(t *testing.T, path string) { overwrite(t, path, 0, make([]byte, size(t, path))) }, "callboard.db was overwritten while in use", false},
		"GarbageHeader": {func(t *testing.T, path string) { overwrite(t, path, 0, []byte("no database at all")) }, "callboard.db was overwritten while in use", false},
		"LogEmptied":    {func(t *testing.T, path string) { noError(t, os.Truncate(path+"-wal", 0)) }, "callboard.db-wal was overwritten while in use", true},
		"LogZeroed": {
			func(t *testing.T, path string) { overwrite(t, path+"-wal", 0, make([]byte, size(t, path+"-wal"))) },
			"callboard.db-wal was overwritten while in use", false,
		},
		"ThreePagesZeroed": {func(t *testing.T, path string) { overwrite(t, path, size(t, path)/2/8192*8192, make([]byte, 3*8192)) }, "is damaged", true},
		"CutInTheMiddle":   {func(t *testing.T, path string) { noError(t, os.Truncate(path, size(t, path)/2/8192*8192)) }, "is damaged", true},
	} {
		t.Run(name, func(t *testing.T) {
			db := open(t, filepath.Join(t.TempDir(), "data"))
			defer db.Close() // its files are gone
			apply(t, db, ingesttest.Generation(1, files))
			noError(t, db.Check(t.Context())) // leaves a row in the log
			test.spoil(t, db.Path())
			if test.later {
				wantSaid(t, "Check", db.Check(t.Context()), test.want)
			}
			wantSaid(t, "Apply", db.Catalog().Apply(t.Context(), ingesttest.Generation(2, 10)), test.want)
			wantSaid(t, "Check", db.Check(t.Context()), test.want)
			wantSaid(t, "Check", db.Check(t.Context()), "the catalog comes back from Git")
		})
	}
}

func wantSaid(t *testing.T, who string, err error, words string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), words) {
		t.Errorf("%s gave %v, want %q", who, err, words)
	}
}

// TestCheck_FilesBack: what was moved away and back is as good as before, and holds nothing of what was refused.
func TestCheck_FilesBack(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "data"))
	defer closeDB(t, db)
	apply(t, db, ingesttest.Generation(1, 10))
	dir := filepath.Dir(db.Path())
	noError(t, os.Rename(dir, dir+"-away"))
	wantSaid(t, "Check", db.Check(t.Context()), "deleted while in use")
	wantSaid(t, "Apply", db.Catalog().Apply(t.Context(), ingesttest.Generation(5, 10)), "deleted while in use")
	noError(t, os.Rename(dir+"-away", dir))
	noError(t, db.Check(t.Context()))
	if got, err := ingesttest.WholeGeneration(t.Context(), db.Catalog(), 10); err != nil || got != 1 {
		t.Errorf("the store holds set %d, %v; want set 1, since 5 was refused", got, err)
	}
	apply(t, db, ingesttest.Generation(2, 10))
}

// TestClose_Replaced: the log of a database that somebody replaced, with a backup for example, does not
// get into the new one.
func TestClose_Replaced(t *testing.T) {
	const files = 300
	dir := t.TempDir()
	db := open(t, dir)
	apply(t, db, ingesttest.Generation(1, files))
	closeDB(t, db)
	backup := readFile(t, db.Path())
	db = open(t, dir)
	for i := range 5 {
		apply(t, db, ingesttest.Generation(2+i, files))
	}
	writeFile(t, db.Path()+".backup", backup)
	noError(t, os.Rename(db.Path()+".backup", db.Path()))
	closeDB(t, db)
	db = open(t, dir)
	defer closeDB(t, db)
	if got, err := ingesttest.WholeGeneration(t.Context(), db.Catalog(), files); err != nil || got != 1 {
		t.Errorf("the backup holds set %d, %v; want set 1", got, err)
	}
	if _, err := os.Stat(db.Path() + "-wal.replaced"); err != nil {
		t.Error("the log is not set aside:", err)
	}
}

// TestWrite_FileLostMeanwhile deletes the database while a transaction is under way, which SQLite would
// take for done.
func TestWrite_FileLostMeanwhile(t *testing.T) {
	db := open(t, t.TempDir())
	defer db.Close() // its files are gone
	err := db.Write(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), "INSERT INTO write_probe (id, at) VALUES (2, 2)")
		return errors.Join(err, os.Remove(db.Path()))
	})
	if lost, isLost := errors.AsType[*sqldb.LostError](err); !isLost || lost.File != db.Path() {
		t.Errorf("gave %v, want a *LostError about %s", err, db.Path())
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

// TestDocs_DiskFull: an index that finds no space, for a change or for the whole, stays as it was, leaves
// nothing behind, and goes on when there is space.
func TestDocs_DiskFull(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("callboard-test", dir, "tmpfs", 0, "size=12m"); err != nil {
		t.Skipf("needs to mount a small tmpfs, which takes root: %v", err)
	}
	defer func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	}()
	l := &library{t: t, dir: filepath.Join(dir, "data"), files: fstest.MapFS{}, known: map[string]*catalog.Entity{}}
	l.open()
	defer l.close()
	shop(l)
	l.update()
	filler := filepath.Join(dir, "filler")
	fillDisk(t, filler)
	change := func() error {
		snapshot, trees := l.snapshot(), map[string]docs.Tree{docsSource: listed(t, l.files)}
		return l.Update(t.Context(), docs.Present{Snapshot: snapshot, Trees: trees})
	}
	l.write("pay/docs/runbook.md", "# Pay runbook\n\n## Wrong amounts\n\n"+strings.Repeat("1. Stop the wombats.\n", 5000))
	if err := change(); !errors.Is(err, sqldb.ErrFull) {
		t.Errorf("a change gave %v, want ErrFull", err)
	}
	l.wants("latency", "pay/docs/runbook.md#high-latency")
	l.wants("wombats")
	noError(t, os.Remove(l.dir+"/docs.db"))
	if err := change(); !errors.Is(err, sqldb.ErrFull) {
		t.Errorf("the whole gave %v, want ErrFull", err)
	}
	l.wants("latency", "pay/docs/runbook.md#high-latency")
	if _, err := os.Stat(l.dir + "/docs.db.part"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what could not be built is still there: %v", err)
	}
	noError(t, os.Remove(filler))
	noError(t, change())
	l.wants("latency")
	l.wants("wombats", "pay/docs/runbook.md#wrong-amounts")
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

// overwrite changes a part of a file in place.
func overwrite(t *testing.T, path string, at int64, with []byte) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	noError(t, err)
	_, err = file.WriteAt(with, at)
	noError(t, errors.Join(err, file.Close()))
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
