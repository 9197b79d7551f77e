package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite" // the "sqlite" driver
)

const (
	fileName    = "callboard.db"
	busyTimeout = 5 * time.Second
	readers     = 4
	pageSize    = 8192    // bytes; of SQLite's usual 4096, rows of a little over 2 KB waste nearly half
	walLimit    = 4 << 20 // bytes that the -wal file keeps after a large write

	// Commits can be lost by SQLite 3.7.0 to 3.51.2 when two connections meet at a WAL reset.
	oldestSQLite = 3_051_003

	// checkBudget bounds the check at start. What it does not reach on a large file is checked as it
	// is read: SQLite notices damaged pages, and records have checksums.
	checkBudget = 100 * time.Millisecond
)

// Options say where the store is.
type Options struct {
	Dir     string       // the data folder; created if missing, for this user alone
	URL     string       // "" is SQLite in Dir; nothing else is supported yet
	Log     *slog.Logger // nil for none
	Ballast int64        // bytes kept back for a full disk; 0 means 16 MB
}

// DB is the open store. It is safe for use by many goroutines.
type DB struct {
	dir, path string
	log       *slog.Logger
	dialect   dialect
	lock      *folderLock
	ballast   *ballast
	writer    *sql.DB // one connection: SQLite has one writer, and waiting in Go obeys the context
	reader    *sql.DB // query_only
	files     []*openFile
	inspected atomic.Pointer[fs.FileInfo] // the database file when it was last inspected
	damage    atomic.Pointer[error]       // what an inspection found; stays until the next start
}

// Open takes the data folder and opens the database in it, creating or migrating it as needed.
// Errors are for people; *InUseError, *CorruptError and *NewerError can be told apart. ctx bounds
// the opening only. Close the DB to free the folder.
func Open(ctx context.Context, o Options) (*DB, error) {
	if o.URL != "" {
		return nil, errors.New("database: only SQLite is supported so far: leave database empty, and the store is " +
			fileName + " in the data folder")
	}
	if o.Dir == "" {
		return nil, errors.New("no data folder is configured: set data, for example to ./data")
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("data folder %s: %w", o.Dir, err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("data folder %s cannot be created: %w", dir, err)
	}
	d := &DB{dir: dir, path: filepath.Join(dir, fileName), log: o.Log, dialect: sqliteDialect()}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	d.ballast = newBallast(dir, o.Ballast)
	if d.lock, err = lockFolder(dir); err != nil {
		return nil, err
	}
	if err := d.open(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// Close waits for running statements, closes the database and frees the data folder.
func (d *DB) Close() error {
	var errs []error
	for _, pool := range []*sql.DB{d.reader, d.writer} {
		if pool != nil {
			errs = append(errs, pool.Close())
		}
	}
	errs = append(errs, d.forsake())
	for _, f := range d.files {
		errs = append(errs, f.close())
	}
	return errors.Join(append(errs, d.lock.release())...)
}

func (d *DB) open(ctx context.Context) error {
	if err := createFile(d.path); err != nil {
		return fmt.Errorf("data folder %s cannot be used: %w", d.dir, err)
	}
	if err := setPageSize(ctx, d.path); err != nil {
		return d.explain(err)
	}
	var err error
	if d.writer, err = openPool(d.path, 1, "_txlock=immediate"); err != nil {
		return d.explain(err)
	}
	if err := d.check(ctx); err != nil {
		return d.explain(err)
	}
	if err := migrate(ctx, d.writer, d.dialect, d.path); err != nil {
		// Damage that the bounded check did not reach can look like anything; now there is time.
		if damage := quickCheck(ctx, d.writer, d.path); damage != nil {
			err = damage
		}
		return d.explain(err)
	}
	if d.reader, err = openPool(d.path, readers, pragma("query_only", "1")); err != nil {
		return d.explain(err)
	}
	if err := d.rememberFiles(); err != nil {
		return err
	}
	if err := d.Check(ctx); err != nil {
		if !errors.Is(err, ErrFull) {
			return err
		}
		d.log.WarnContext(ctx, "little space is left for the store", "err", err)
	}
	return nil
}

// check refuses a SQLite that loses commits, and a damaged file.
func (d *DB) check(ctx context.Context) error {
	var version string
	if err := d.writer.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&version); err != nil {
		return err
	}
	if versionNumber(version) < oldestSQLite {
		return fmt.Errorf("this program was built with SQLite %s, which can lose commits: build it with 3.51.3 or newer", version)
	}
	bounded, cancel := context.WithTimeout(ctx, checkBudget)
	defer cancel()
	err := quickCheck(bounded, d.writer, d.path)
	if bounded.Err() != nil {
		return ctx.Err()
	}
	return err
}

// quickCheck lets SQLite look at every page of the file.
func quickCheck(ctx context.Context, pool *sql.DB, path string) error {
	var found string
	err := pool.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&found)
	if err == nil && found != "ok" {
		return &CorruptError{path, errors.New(strings.TrimSpace(found))}
	}
	return err
}

// createFile makes sure of the file's mode before SQLite, which would take the umask's; the -wal
// and -shm files follow it.
func createFile(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // below the operator's own folder
	if err != nil {
		return err
	}
	return errors.Join(file.Chmod(0o600), file.Close())
}

// setPageSize makes an empty file a database of our page size. That has to come before WAL mode,
// which the driver would set first.
func setPageSize(ctx context.Context, path string) (err error) {
	if info, err := os.Stat(path); err != nil || info.Size() > 0 {
		return err
	}
	pool, err := sql.Open("sqlite", fileURI(path))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	pool.SetMaxOpenConns(1)
	for _, query := range []string{"PRAGMA page_size = " + strconv.Itoa(pageSize), "PRAGMA journal_mode = WAL"} {
		if _, err := pool.ExecContext(ctx, query); err != nil {
			return err
		}
	}
	return nil
}

// fileURI escapes what has a meaning in a URI, such as a question mark in the folder's name.
func fileURI(path string) string {
	uri := url.URL{Path: filepath.ToSlash(path)}
	return "file:" + uri.EscapedPath()
}

func openPool(path string, size int, further string) (*sql.DB, error) {
	settings := strings.Join([]string{
		further,
		pragma("busy_timeout", strconv.FormatInt(busyTimeout.Milliseconds(), 10)),
		pragma("journal_mode", "WAL"),
		pragma("synchronous", "FULL"), // NORMAL can lose the last commits with the power
		pragma("foreign_keys", "1"),
		pragma("journal_size_limit", strconv.Itoa(walLimit)),
	}, "&")
	pool, err := sql.Open("sqlite", fileURI(path)+"?"+settings)
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(size)
	pool.SetMaxIdleConns(size)
	return pool, nil
}

func pragma(name, value string) string { return "_pragma=" + name + "(" + value + ")" }

// versionNumber makes 3051003 of "3.51.3", as SQLite itself does.
func versionNumber(version string) int {
	number := 0
	for part := range strings.SplitSeq(version, ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			return 0
		}
		number = number*1000 + n
	}
	return number
}

// write runs change in one transaction. If the disk is full the ballast is given back and change
// runs a second time, so it must not depend on having run once. What was written into files that are
// lost counts as refused.
func (d *DB) write(ctx context.Context, change func(*sql.Tx) error) error {
	if err := d.intact(); err != nil {
		return err
	}
	err := transact(ctx, d.writer, change)
	if primaryCode(err) == sqliteFull && d.ballast.release() {
		d.log.WarnContext(ctx, "the disk is full: the ballast file was deleted to go on", "dir", d.dir, "err", err)
		err = transact(ctx, d.writer, change)
	}
	if err == nil {
		err = d.intact()
	}
	return d.explain(inContext(ctx, err))
}

// shrinkLog moves what the write-ahead log holds into the database and empties it. Failing, for
// example because somebody reads, costs only space.
func (d *DB) shrinkLog(ctx context.Context) {
	if _, err := d.writer.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		d.log.DebugContext(ctx, "the write-ahead log keeps its size for now", "err", err)
	}
}

// read runs look on the state of one moment, without waiting for a writer.
func (d *DB) read(ctx context.Context, look func(*sql.Tx) error) error {
	tx, err := d.reader.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err == nil {
		err = errors.Join(look(tx), rollback(tx))
	}
	return d.explain(inContext(ctx, err))
}

// inContext makes sure that an error wraps the context's one if ctx is over: SQLite says
// "interrupted".
func inContext(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil || errors.Is(err, ctx.Err()) {
		return err
	}
	return fmt.Errorf("%w: %w", ctx.Err(), err)
}

func transact(ctx context.Context, pool *sql.DB, change func(*sql.Tx) error) error {
	tx, err := pool.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := change(tx); err != nil {
		return errors.Join(err, rollback(tx))
	}
	return tx.Commit()
}

// rollback is quiet about a transaction that the database has already rolled back by itself, as SQLite
// does on a full disk.
func rollback(tx *sql.Tx) error {
	err := tx.Rollback()
	if errors.Is(err, sql.ErrTxDone) || primaryCode(err) == sqliteError && strings.Contains(err.Error(), "no transaction is active") {
		return nil
	}
	return err
}
