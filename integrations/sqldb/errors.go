package sqldb

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// ErrFull is wrapped by the errors of writes that found no space, and of Check as long as the
// ballast file cannot be restored.
var ErrFull = errors.New("the disk is full")

// InUseError says that another process has the data folder.
type InUseError struct {
	Dir   string
	PID   int       // 0 when the other process has not written it yet
	Since time.Time // zero when unknown
}

// Error names the folder, the process and since when it runs.
func (e *InUseError) Error() string {
	who := "another callboard"
	if e.PID != 0 {
		who = "callboard (pid " + strconv.Itoa(e.PID)
		if !e.Since.IsZero() {
			who += ", since " + e.Since.Format(time.RFC3339)
		}
		who += ")"
	}
	return fmt.Sprintf("data folder %s is in use by %s: stop that process, or give this one a folder of its own", e.Dir, who)
}

// CorruptError says that the database file is damaged, or is no database.
type CorruptError struct {
	File string
	Err  error // what was found
}

// Error names the file and the way to recover.
func (e *CorruptError) Error() string {
	name := filepath.Base(e.File)
	return fmt.Sprintf("database %s is damaged (%v): stop callboard, move %s, %s-wal and %s-shm away and start again; "+
		"the catalog comes back from Git", e.File, e.Err, name, name, name)
}

// Unwrap gives what was found.
func (e *CorruptError) Unwrap() error { return e.Err }

// LostError says that a file of the database is not the one any more that is open. Nothing is stored
// until it is back, since the next start would not find it.
type LostError struct {
	File string
	How  string // deleted, replaced or overwritten
}

// Error names the file and the way to recover.
func (e *LostError) Error() string {
	repair := "put it back, or restart callboard and the catalog comes back from Git"
	if e.How == "overwritten" {
		repair = "restart callboard; if it refuses to start, move callboard.db, callboard.db-wal and callboard.db-shm away first, " +
			"and the catalog comes back from Git"
	}
	return fmt.Sprintf("database file %s was %s while in use, and nothing is stored any more: %s", e.File, e.How, repair)
}

// NewerError says that the database was written by a newer callboard.
type NewerError struct {
	File         string
	Schema, Know int64 // the file's schema version, and the newest that this program knows
}

// Error says which program to use.
func (e *NewerError) Error() string {
	return fmt.Sprintf("database %s was written by a newer callboard (schema %d, this program knows %d): "+
		"start that version again, or move the file away and let the catalog come back from Git", e.File, e.Schema, e.Know)
}

const (
	sqliteError   = sqlite3.SQLITE_ERROR
	sqliteFull    = sqlite3.SQLITE_FULL
	sqliteCorrupt = sqlite3.SQLITE_CORRUPT
	sqliteNotADB  = sqlite3.SQLITE_NOTADB
)

// explain puts an error of the database into words. Errors that the caller's context caused, and
// those that need no words, come back as they are.
func (d *DB) explain(err error) error {
	if err == nil || isTyped(err) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if errors.Is(err, errRecord) {
		return &CorruptError{d.path, err}
	}
	switch primaryCode(err) {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return &CorruptError{d.path, err}
	case sqliteFull:
		return fmt.Errorf("database %s: %w: make space in %s, nothing was lost: %w", d.path, ErrFull, d.dir, err)
	case sqlite3.SQLITE_READONLY:
		return fmt.Errorf("database %s cannot be written: give this user write access to the file and to %s: %w", d.path, d.dir, err)
	case sqlite3.SQLITE_BUSY:
		return fmt.Errorf("database %s has been locked for %v, probably by another program (a backup, an sqlite3 shell): %w",
			d.path, busyTimeout, err)
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN:
		return fmt.Errorf("database %s: the disk or the folder fails: %w", d.path, err)
	}
	return fmt.Errorf("database %s: %w", d.path, err)
}

// isTyped reports whether err is one of this package's own errors.
func isTyped(err error) bool {
	var corrupt *CorruptError
	var newer *NewerError
	var lost *LostError
	return errors.As(err, &corrupt) || errors.As(err, &newer) || errors.As(err, &lost)
}

// primaryCode is SQLite's result code without its extension, or 0 for other errors. Extended codes
// that come of a full disk count as SQLITE_FULL.
func primaryCode(err error) int {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return 0
	}
	if e.Code() == sqlite3.SQLITE_IOERR_SHMSIZE {
		return sqliteFull // the only reason why the -shm file cannot grow by 32 KB
	}
	return e.Code() & 0xff
}
