package sqldb

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"callboard/catalog"
	"callboard/catalog/ingest"
)

// Catalog keeps the last good catalog; it implements ingest.Store.
type Catalog struct{ db *DB }

// Catalog gives the store of the catalog.
func (d *DB) Catalog() *Catalog { return &Catalog{d} }

// Apply writes set in one transaction. Applying a set twice comes to the same as once.
func (c *Catalog) Apply(ctx context.Context, set *catalog.ChangeSet) error {
	err := c.db.write(ctx, func(tx *sql.Tx) error {
		for _, part := range []func(context.Context, *batch, *catalog.ChangeSet) error{
			dropSources, deleteFiles, putFiles, putSources,
		} {
			if err := part(ctx, &batch{tx: tx, dialect: c.db.dialect}, set); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && len(set.Files) >= largeSet {
		c.db.shrinkLog(ctx)
	}
	return err
}

// largeSet is how many files make a write-ahead log that is worth emptying at once, rather than at
// the next write.
const largeSet = 1000

func dropSources(ctx context.Context, b *batch, set *catalog.ChangeSet) error {
	for _, name := range set.Dropped {
		for _, query := range []string{
			"DELETE FROM catalog_files WHERE source = ?",
			"DELETE FROM catalog_sources WHERE name = ?",
		} {
			if _, err := b.tx.ExecContext(ctx, b.dialect.rebind(query), name); err != nil {
				return err
			}
		}
	}
	return nil
}

func deleteFiles(ctx context.Context, b *batch, set *catalog.ChangeSet) error {
	return b.each(ctx, "DELETE FROM catalog_files WHERE source = ? AND path = ?", len(set.Gone), func(i int) []any {
		return []any{set.Gone[i].Source, set.Gone[i].Path}
	})
}

func putFiles(ctx context.Context, b *batch, set *catalog.ChangeSet) error {
	const query = `INSERT INTO catalog_files (source, path, hash, parent, orphan, body) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (source, path) DO UPDATE SET
			hash = excluded.hash, parent = excluded.parent, orphan = excluded.orphan, body = excluded.body`
	files := slices.SortedStableFunc(slices.Values(set.Files), compareFiles) // fills the index in order
	e := newEncoder()
	return b.each(ctx, query, len(files), func(i int) []any {
		f := files[i]
		return []any{f.Source, f.Path, f.Blob, f.Parent, number(f.Orphan), e.file(f)}
	})
}

func putSources(ctx context.Context, b *batch, set *catalog.ChangeSet) error {
	const query = `INSERT INTO catalog_sources
			(name, url, branch, web, trusted, revision, checked_at, changed_at, error, failed_at, failures, waiting, lag)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET url = excluded.url, branch = excluded.branch, web = excluded.web,
			trusted = excluded.trusted, revision = excluded.revision, checked_at = excluded.checked_at,
			changed_at = excluded.changed_at, error = excluded.error, failed_at = excluded.failed_at,
			failures = excluded.failures, waiting = excluded.waiting, lag = excluded.lag`
	return b.each(ctx, query, len(set.Sources), func(i int) []any {
		s := &set.Sources[i]
		return []any{
			s.Name, s.URL, s.Branch, s.Web, number(s.Trusted), s.Revision,
			nanos(s.CheckedAt), nanos(s.ChangedAt), s.Error, nanos(s.FailedAt), s.Failures, s.Waiting, int64(s.Lag),
		}
	})
}

// batch runs statements of one transaction.
type batch struct {
	tx      *sql.Tx
	dialect dialect
}

// each prepares query once and runs it n times.
func (b *batch) each(ctx context.Context, query string, n int, args func(i int) []any) (err error) {
	if n == 0 {
		return nil
	}
	stmt, err := b.tx.PrepareContext(ctx, b.dialect.rebind(query))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stmt.Close()) }()
	for i := range n {
		if _, err := stmt.ExecContext(ctx, args(i)...); err != nil {
			return err
		}
	}
	return nil
}

// Load reads the whole catalog as of one moment. Documents of equal shape share their words.
func (c *Catalog) Load(ctx context.Context) (ingest.Stored, error) {
	var sources []catalog.SourceStatus
	var files []*catalog.File
	err := c.db.read(ctx, func(tx *sql.Tx) (err error) {
		if sources, err = loadSources(ctx, tx); err != nil {
			return err
		}
		files, err = loadFiles(ctx, tx)
		return err
	})
	if err != nil {
		return ingest.Stored{}, err
	}
	// Sorted here, since databases differ in how they order text.
	slices.SortFunc(sources, func(a, b catalog.SourceStatus) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(files, compareFiles)
	return ingest.Stored{Sources: sources, Files: files}, nil
}

func loadSources(ctx context.Context, tx *sql.Tx) (list []catalog.SourceStatus, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT name, url, branch, web, trusted, revision, checked_at, changed_at,
		error, failed_at, failures, waiting, lag FROM catalog_sources`)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var s catalog.SourceStatus
		var trusted int
		var checked, changed, failed int64
		err := rows.Scan(&s.Name, &s.URL, &s.Branch, &s.Web, &trusted, &s.Revision, &checked, &changed,
			&s.Error, &failed, &s.Failures, &s.Waiting, &s.Lag)
		if err != nil {
			return nil, err
		}
		s.Trusted = trusted != 0
		s.CheckedAt, s.ChangedAt, s.FailedAt = instant(checked), instant(changed), instant(failed)
		list = append(list, s)
	}
	return list, rows.Err()
}

const (
	chunkRows = 256
	decoders  = 2 // goroutines that unpack rows while further ones are read
)

// chunk is some rows of catalog_files, one after the other.
type chunk struct {
	number  int // chunks are numbered as they are read
	bytes   []byte
	ends    []int  // of each field: source, path, hash, parent and body of the first row, those of the next
	orphans []bool // of each row
}

// fieldsOfRow is how many of chunk.ends belong to a row.
const fieldsOfRow = 5

// loadFiles reads rows in one goroutine and unpacks them in others.
func loadFiles(ctx context.Context, tx *sql.Tx) ([]*catalog.File, error) {
	group, ctx := errgroup.WithContext(ctx)
	chunks, free := make(chan *chunk, decoders), make(chan *chunk, 2*decoders+1)
	group.Go(func() error {
		defer close(chunks)
		return readChunks(ctx, tx, chunks, free)
	})
	unpacked := make([]map[int][]*catalog.File, decoders)
	for i := range decoders {
		group.Go(func() (err error) {
			unpacked[i], err = unpackChunks(chunks, free)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return inOrder(unpacked), nil
}

// inOrder puts the chunks one after the other as they were read. That is nearly the order of sources and paths,
// which makes sorting quick.
func inOrder(unpacked []map[int][]*catalog.File) []*catalog.File {
	chunks := make(map[int][]*catalog.File)
	count := 0
	for _, part := range unpacked {
		maps.Copy(chunks, part)
		for _, files := range part {
			count += len(files)
		}
	}
	if count == 0 {
		return nil
	}
	files := make([]*catalog.File, 0, count)
	for number := range len(chunks) {
		files = append(files, chunks[number]...)
	}
	return files
}

// readChunks fills chunks from free, or new ones as long as there are none.
func readChunks(ctx context.Context, tx *sql.Tx, out chan<- *chunk, free <-chan *chunk) (err error) {
	rows, err := tx.QueryContext(ctx, "SELECT source, path, hash, parent, orphan, body FROM catalog_files")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for number, more := 0, true; more; number++ {
		c := new(chunk)
		select {
		case c = <-free:
		default:
		}
		c.number = number
		if more, err = c.read(rows); err != nil {
			return err
		}
		select {
		case out <- c:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return rows.Err()
}

// read fills c and reports whether there may be further rows.
func (c *chunk) read(rows *sql.Rows) (more bool, err error) {
	c.bytes, c.ends, c.orphans = c.bytes[:0], c.ends[:0], c.orphans[:0]
	var fields [fieldsOfRow]sql.RawBytes
	var orphan int
	for len(c.orphans) < chunkRows {
		if !rows.Next() {
			return false, nil
		}
		if err := rows.Scan(&fields[0], &fields[1], &fields[2], &fields[3], &orphan, &fields[4]); err != nil {
			return false, err
		}
		c.orphans = append(c.orphans, orphan != 0)
		for _, field := range fields {
			c.bytes = append(c.bytes, field...)
			c.ends = append(c.ends, len(c.bytes))
		}
	}
	return true, nil
}

// rows gives each row's fields, and whether it is of an orphan.
func (c *chunk) rows(yield func(fields [fieldsOfRow][]byte, orphan bool) bool) {
	start := 0
	for row, orphan := range c.orphans {
		var fields [fieldsOfRow][]byte
		for i, end := range c.ends[row*fieldsOfRow:][:fieldsOfRow] {
			fields[i] = c.bytes[start:end]
			start = end
		}
		if !yield(fields, orphan) {
			return
		}
	}
}

// unpackChunks gives the files of the chunks that it got, by the chunks' numbers.
func unpackChunks(in <-chan *chunk, free chan<- *chunk) (map[int][]*catalog.File, error) {
	unpacked := make(map[int][]*catalog.File)
	d := newDecoder()
	for c := range in {
		files := make([]*catalog.File, 0, len(c.orphans))
		for row, orphan := range c.rows {
			f := d.slabs.Files.One()
			f.Source, f.Path, f.Blob, f.Parent = d.shared(row[0]), d.slabs.Texts.Keep(row[1]), d.slabs.Texts.Keep(row[2]), d.shared(row[3])
			f.Orphan = orphan
			if err := d.decodeFile(f, row[4]); err != nil {
				return nil, fmt.Errorf("%s of source %s: %w", f.Path, f.Source, err)
			}
			files = append(files, f)
		}
		unpacked[c.number] = files
		select {
		case free <- c:
		default:
		}
	}
	return unpacked, nil
}

func compareFiles(a, b *catalog.File) int {
	return cmp.Or(strings.Compare(a.Source, b.Source), strings.Compare(a.Path, b.Path))
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

// nanos is how the store writes a time: as nanoseconds since 1970, and 0 for the zero time.
func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// instant is the reverse of nanos; times come back in UTC.
func instant(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}
