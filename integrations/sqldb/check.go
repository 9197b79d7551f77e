package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// openFile is a file of the database as it was when SQLite opened it.
type openFile struct {
	path string
	info fs.FileInfo
}

// Check reports in words what keeps the store from taking writes, nil if nothing does: files
// deleted or replaced while open (SQLite goes on writing into the void), a full disk, a file that
// cannot be written. It writes one small row; ctx has to allow for a write that is under way. It
// also restores the ballast file once there is space again; until then it reports ErrFull,
// although writes may work. The program calls it every 10 s.
func (d *DB) Check(ctx context.Context) error {
	for _, f := range d.files {
		if err := f.check(); err != nil {
			return err
		}
	}
	err := d.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, d.dialect.rebind(
			"INSERT INTO write_probe (id, at) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET at = excluded.at"),
			time.Now().UnixNano())
		return err
	})
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("database %s took no write in the time allowed: %w", d.path, err)
	}
	if err != nil {
		return err
	}
	return d.restoreBallast()
}

func (d *DB) restoreBallast() error {
	if d.ballast.exists() {
		return nil
	}
	err := d.ballast.restore()
	if errors.Is(err, ErrFull) {
		return fmt.Errorf("data folder %s: %w, or nearly so: make space", d.dir, err)
	}
	if err != nil {
		return fmt.Errorf("data folder %s cannot be written: %w", d.dir, err)
	}
	return nil
}

// rememberFiles notes which files SQLite has open. It asks by name, right after opening: a
// descriptor of our own would, when closed, drop SQLite's POSIX locks on the file.
func (d *DB) rememberFiles() error {
	for _, path := range []string{d.path, d.path + "-wal"} {
		info, err := os.Stat(path)
		if err != nil {
			return fmt.Errorf("database %s: %w", d.path, err)
		}
		d.files = append(d.files, openFile{path, info})
	}
	return nil
}

func (f openFile) check() error {
	now, err := os.Stat(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("database file %s was deleted while in use, and what is written now would be lost: restart callboard", f.path)
	case err != nil:
		return fmt.Errorf("database file %s: %w", f.path, err)
	case !os.SameFile(f.info, now):
		return fmt.Errorf("database file %s was replaced while in use, and what is written now would be lost: restart callboard", f.path)
	}
	return nil
}
