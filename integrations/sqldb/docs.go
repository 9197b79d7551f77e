package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"callboard/catalog/docs"
)

const (
	docsName       = "docs.db"
	docsVersion    = 3                      // of its schema; a file of another version is built anew
	searchBudget   = 250 * time.Millisecond // for one search
	searchPatience = time.Second            // until it begins; others are searching
	buildCache     = 64 << 10               // KiB of pages in memory while an index is built
)

// docsSchema is not migrated: whatever is of another version is thrown away.
//
// The number of a section is that of its page, shifted by ordBits, and its position. Both searchable
// tables hold no text of their own. heads knows titles, headings and tags, with an index of
// beginnings; bodies knows everything, by the stems of words.
const docsSchema = `
CREATE TABLE pages (
	id INTEGER PRIMARY KEY, source TEXT NOT NULL, path TEXT NOT NULL, blob TEXT NOT NULL, revision TEXT NOT NULL,
	title TEXT NOT NULL, tags TEXT NOT NULL, first TEXT NOT NULL, parts INTEGER NOT NULL,
	answers INTEGER NOT NULL, bytes INTEGER NOT NULL, problems TEXT NOT NULL,
	UNIQUE (source, path));
CREATE INDEX pages_problems ON pages (id) WHERE problems <> '';
CREATE TABLE sections (
	id INTEGER PRIMARY KEY, heading TEXT NOT NULL, trail TEXT NOT NULL, level INTEGER NOT NULL, anchor TEXT NOT NULL,
	line INTEGER NOT NULL, last INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE shelves (
	ref TEXT PRIMARY KEY, stamp BLOB NOT NULL, links TEXT NOT NULL, problems TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE shelf_pages (
	ref TEXT NOT NULL, ord INTEGER NOT NULL, page INTEGER NOT NULL, title TEXT NOT NULL, runbook INTEGER NOT NULL,
	behind TEXT NOT NULL, PRIMARY KEY (ref, ord)) WITHOUT ROWID;
CREATE INDEX shelf_pages_page ON shelf_pages (page, runbook);
CREATE VIRTUAL TABLE heads USING fts5 (
	words, content='', contentless_delete=1, prefix='3 4', tokenize='porter unicode61 remove_diacritics 2');
CREATE VIRTUAL TABLE bodies USING fts5 (
	head, body, content='', contentless_delete=1, tokenize='porter unicode61 remove_diacritics 2');
CREATE TABLE words (word TEXT PRIMARY KEY) WITHOUT ROWID;
`

// ordBits is how much of a section's number is its position on the page.
const ordBits = 12

// Docs is the index of the documentation: a file of its own in the data folder, which may be deleted
// at any time. It implements docs.Index.
type Docs struct {
	path   string
	log    *slog.Logger
	budget time.Duration // for one search
	turns  chan struct{} // holds as many as search at this moment

	mu   sync.RWMutex // held for reading while the file is used, for writing while it is replaced
	file *docsFile    // nil when there is none that can be used

	damaged atomic.Bool // something that was read of the file is not what was written
}

// docsFile is one open index.
type docsFile struct {
	writer, reader *sql.DB
	open           *openFile
	prepared       map[string]*sql.Stmt // of reader: the queries of a search
}

// Docs opens the index in the data folder. A file that is damaged or of another version is left
// aside and built anew, so the only errors are those of the disk.
func (d *DB) Docs(ctx context.Context) (*Docs, error) {
	x := &Docs{path: filepath.Join(d.dir, docsName), log: d.log, budget: searchBudget, turns: make(chan struct{}, runtime.GOMAXPROCS(0))}
	file, err := openDocs(ctx, x.path)
	switch {
	case err == nil:
		x.file = file
	case ctx.Err() != nil:
		return nil, err
	case !errors.Is(err, fs.ErrNotExist):
		x.log.WarnContext(ctx, "the index of the documentation is built anew", "file", x.path, "error", err)
	}
	return x, nil
}

// Close ends the use of the index.
func (x *Docs) Close() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	err := x.file.close()
	x.file = nil
	return err
}

func (f *docsFile) close() error {
	if f == nil {
		return nil
	}
	return f.abandon()
}

// openDocs opens an index that exists and has the right version.
func openDocs(ctx context.Context, path string) (_ *docsFile, err error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	f := &docsFile{}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.abandon())
		}
	}()
	if f.writer, err = openPool(path, 1, "_txlock=immediate"); err != nil {
		return nil, err
	}
	var version int
	if err := f.writer.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return nil, err
	}
	if version != docsVersion {
		return nil, fmt.Errorf("it has version %d, this program writes %d", version, docsVersion)
	}
	bounded, cancel := context.WithTimeout(ctx, checkBudget)
	defer cancel()
	var found string
	if err := f.writer.QueryRowContext(bounded, "PRAGMA quick_check(1)").Scan(&found); bounded.Err() == nil && (err != nil || found != "ok") {
		return nil, errors.Join(errors.New("it is damaged: "+found), err)
	}
	if f.reader, err = openPool(path, readers, pragma("query_only", "1")); err != nil {
		return nil, err
	}
	f.prepared = map[string]*sql.Stmt{}
	for _, query := range []string{searchHeads, searchBodies, searchPages, searchTexts} {
		if f.prepared[query], err = f.reader.PrepareContext(ctx, query); err != nil { //nolint:sqlclosecheck // abandon does
			delete(f.prepared, query)
			return nil, err
		}
	}
	f.open, err = watchFile(path, databaseMagic)
	return f, err
}

// abandon closes what was opened of a file that cannot be used.
func (f *docsFile) abandon() error {
	var errs []error
	for _, stmt := range f.prepared {
		errs = append(errs, stmt.Close())
	}
	for _, pool := range []*sql.DB{f.reader, f.writer} {
		if pool != nil {
			errs = append(errs, pool.Close())
		}
	}
	return errors.Join(append(errs, f.open.close())...)
}

// Check reports docs.ErrLost when there is no index, or its file was deleted, replaced or overwritten, or
// somebody came upon damage in it.
func (x *Docs) Check(context.Context) error {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.file == nil || x.damaged.Load() || x.file.open.check() != nil {
		return docs.ErrLost
	}
	return nil
}

// read runs look on the state of one moment.
func (x *Docs) read(ctx context.Context, look func(*sql.Tx) error) error {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.file == nil {
		return docs.ErrLost
	}
	tx, err := x.file.reader.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err == nil {
		err = errors.Join(look(tx), rollback(tx))
	}
	return x.explain(inContext(ctx, err))
}

// explain makes docs.ErrLost of what a damaged file causes.
func (x *Docs) explain(err error) error {
	switch primaryCode(err) {
	case sqliteCorrupt, sqliteNotADB:
		x.damaged.Store(true)
		return fmt.Errorf("%w: %s: %w", docs.ErrLost, x.path, err)
	case sqliteFull:
		return fmt.Errorf("%s: %w: make space for the index of the documentation: %w", x.path, ErrFull, err)
	}
	if err == nil || errors.Is(err, docs.ErrLost) || errors.Is(err, docs.ErrSlow) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("index of the documentation %s: %w", x.path, err)
}

// Apply writes a change in one transaction, or builds the whole beside and swaps it in.
func (x *Docs) Apply(ctx context.Context, change *docs.Change) error {
	if change.Whole {
		return x.explain(inContext(ctx, x.replace(ctx, change)))
	}
	if err := x.Check(ctx); err != nil {
		return err
	}
	x.mu.RLock() // searches go on meanwhile
	defer x.mu.RUnlock()
	if x.file == nil {
		return docs.ErrLost
	}
	err := transact(ctx, x.file.writer, func(tx *sql.Tx) error { return writeDocs(ctx, tx, change) })
	return x.explain(inContext(ctx, err))
}

// replace builds an index beside the present one, which serves until the new one is complete.
func (x *Docs) replace(ctx context.Context, change *docs.Change) error {
	part := x.path + ".part"
	if err := removeAll(part, part+"-wal", part+"-shm", part+"-journal"); err != nil {
		return err
	}
	if err := buildDocs(ctx, part, change); err != nil {
		return errors.Join(err, removeAll(part))
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	err := x.file.close()
	x.file = nil
	if err == nil { // what an earlier process left behind must not be taken for the new file's
		err = removeAll(x.path+"-wal", x.path+"-shm")
	}
	if err == nil {
		err = os.Rename(part, x.path)
	}
	if err != nil {
		return err
	}
	x.file, err = openDocs(ctx, x.path)
	x.damaged.Store(false)
	return err
}

// buildDocs writes a new file without a journal: if anything fails, it is thrown away.
func buildDocs(ctx context.Context, path string, change *docs.Change) (err error) {
	if err := createFile(path); err != nil {
		return err
	}
	pool, err := sql.Open("sqlite", fileURI(path))
	if err != nil {
		return err
	}
	pool.SetMaxOpenConns(1)
	defer func() { err = errors.Join(err, pool.Close(), syncFile(path)) }()
	for _, query := range []string{
		"PRAGMA page_size = " + strconv.Itoa(pageSize), "PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF",
		"PRAGMA cache_size = -" + strconv.Itoa(buildCache), docsSchema,
	} {
		if _, err := pool.ExecContext(ctx, query); err != nil {
			return err
		}
	}
	if err := transact(ctx, pool, func(tx *sql.Tx) error { return writeDocs(ctx, tx, change) }); err != nil {
		return err
	}
	for _, query := range []string{"INSERT INTO heads (heads) VALUES ('optimize')", "INSERT INTO bodies (bodies) VALUES ('optimize')"} {
		if _, err := pool.ExecContext(ctx, query); err != nil { // in one piece, the tables answer faster
			return err
		}
	}
	_, err = pool.ExecContext(ctx, "PRAGMA user_version = "+strconv.Itoa(docsVersion)) // last: it says that all is there
	return err
}

func syncFile(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0o600) //nolint:gosec // below the operator's own folder
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}

func removeAll(paths ...string) error {
	var errs []error
	for _, path := range paths {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
