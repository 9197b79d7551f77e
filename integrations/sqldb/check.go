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

// Check reports in words what keeps the store from taking writes, nil if nothing does: files
// deleted, replaced or overwritten while open (SQLite goes on writing into the void), a full disk, a
// file that cannot be written. It writes one small row; ctx has to allow for a write that is under way.
// It also restores the ballast file once there is space again; until then it reports ErrFull,
// although writes may work. The program calls it every 10 s.
func (d *DB) Check(ctx context.Context) error {
	if err := d.inspect(ctx); err != nil {
		return err
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

// inspect lets SQLite look at the database if something was written to its file since the last time.
// SQLite does that rarely: what it writes goes to the -wal file first. It takes a new connection, since
// those that are open remember pages, and finds what is found within the budget.
func (d *DB) inspect(ctx context.Context) error {
	if err := d.intact(); err != nil {
		return err
	}
	now, err := os.Stat(d.path)
	if err != nil {
		return err
	}
	if seen := d.inspected.Swap(&now); seen != nil && (*seen).ModTime().Equal(now.ModTime()) && (*seen).Size() == now.Size() {
		return nil
	}
	pool, err := openPool(d.path, 1, pragma("query_only", "1"))
	if err != nil {
		return d.explain(err)
	}
	bounded, cancel := context.WithTimeout(ctx, checkBudget)
	defer cancel()
	err = errors.Join(quickCheck(bounded, pool, d.path), pool.Close())
	if err == nil || bounded.Err() != nil {
		return ctx.Err()
	}
	err = d.explain(err)
	if _, corrupt := errors.AsType[*CorruptError](err); corrupt {
		d.damage.Store(&err)
	}
	return err
}

// intact reports whether the files that SQLite has open are still those that the next start will find,
// and begin as they should. It costs microseconds, so that each write can ask.
func (d *DB) intact() error {
	if damage := d.damage.Load(); damage != nil {
		return *damage
	}
	for _, f := range d.files {
		if err := f.check(); err != nil {
			return err
		}
	}
	return nil
}

func (d *DB) restoreBallast() error {
	err := d.ballast.restore()
	if errors.Is(err, ErrFull) {
		return fmt.Errorf("data folder %s: %w, or nearly so: make space", d.dir, err)
	}
	if err != nil {
		return fmt.Errorf("data folder %s cannot be written: %w", d.dir, err)
	}
	return nil
}

// rememberFiles notes which files SQLite has open, right after it opened them.
func (d *DB) rememberFiles() error {
	for _, f := range []struct{ suffix, magic string }{{"", databaseMagic}, {"-wal", walMagic}, {"-shm", ""}} {
		file, err := watchFile(d.path+f.suffix, f.magic)
		if err != nil {
			return fmt.Errorf("database %s: %w", d.path, err)
		}
		d.files = append(d.files, file)
	}
	d.inspected.Store(&d.files[0].info)
	return nil
}

// forsake sees to it that the log of a database that was replaced is not taken for the new one's, which
// would damage that. Close calls it when SQLite has closed its files.
func (d *DB) forsake() error {
	if len(d.files) == 0 {
		return nil
	}
	log := d.files[1]
	now, err := os.Stat(log.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	lost, isLost := errors.AsType[*LostError](d.files[0].check())
	if err != nil || !isLost || lost.How != "replaced" || !os.SameFile(now, log.info) {
		return err
	}
	d.log.Warn("the database was replaced while in use: what was not yet in the old one is set aside", "file", log.path+".replaced")
	return os.Rename(log.path, log.path+".replaced")
}
