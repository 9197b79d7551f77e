package sqldb

import (
	"context"
	"database/sql"
	"io/fs"
	"strings"
	"time"

	"callboard/catalog"
)

// Writer gives tests the connection that writes.
func (d *DB) Writer() *sql.DB { return d.writer }

// Reader gives tests the connections that only read.
func (d *DB) Reader() *sql.DB { return d.reader }

// Path is the database file.
func (d *DB) Path() string { return d.path }

// Write runs a transaction of the test's own.
func (d *DB) Write(ctx context.Context, change func(*sql.Tx) error) error {
	return d.write(ctx, change)
}

// VersionNumber is a version of SQLite as one number.
func VersionNumber(version string) int { return versionNumber(version) }

// Encode packs f.
func Encode(f *catalog.File) []byte { return newEncoder().file(f) }

// Decode unpacks each record with one decoder, into a file of the same source and path as f.
func Decode(f *catalog.File, records ...[]byte) (last *catalog.File, err error) {
	d := newDecoder()
	for _, record := range records {
		last = &catalog.File{Source: f.Source, Path: f.Path, Blob: f.Blob, Parent: f.Parent, Orphan: f.Orphan}
		if err := d.decodeFile(last, record); err != nil {
			return nil, err
		}
	}
	return last, nil
}

// Rebind is the statement as PostgreSQL wants it.
func Rebind(query string) string { return postgresDialect().rebind(query) }

// Migrations are the files as SQLite and PostgreSQL see them.
func Migrations() (sqlite, postgres fs.FS) {
	return dialectFS{migrations, strings.NewReplacer(sqliteDialect().words...)},
		dialectFS{migrations, strings.NewReplacer(postgresDialect().words...)}
}

// OpenRaw opens a database file without any of the package's checks.
func OpenRaw(path string) (*sql.DB, error) { return sql.Open("sqlite", fileURI(path)) }

// SetBudget gives a search more time, for machines that do much else.
func (x *Docs) SetBudget(budget time.Duration) { x.budget = budget }
