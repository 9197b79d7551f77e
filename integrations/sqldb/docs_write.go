package sqldb

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"path"
	"strings"

	"callboard/catalog"
	"callboard/catalog/docs"
)

// listSeparator parts the texts of a list within a column; it occurs in no heading.
const listSeparator = "\x1f"

// docsWriter writes pages and shelves within one transaction.
type docsWriter struct {
	tx    *sql.Tx
	stmts map[string]*sql.Stmt
	left  map[int64]bool  // pages that were on a shelf which changed
	words map[string]bool // written already
}

// writeDocs writes a change: pages first, since shelves name them, and last it drops the pages that
// no shelf names any more.
func writeDocs(ctx context.Context, tx *sql.Tx, change *docs.Change) (err error) {
	w := &docsWriter{tx: tx, stmts: map[string]*sql.Stmt{}, left: map[int64]bool{}, words: map[string]bool{}}
	defer func() { err = errors.Join(err, w.close()) }()
	for page := range change.Pages {
		if err := w.page(ctx, page); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil { // else a reader that stopped early would look like one at its end
		return err
	}
	for _, shelf := range change.Shelves {
		if err := w.shelf(ctx, shelf, !change.Whole); err != nil {
			return err
		}
	}
	for _, ref := range change.Gone {
		if err := w.dropShelf(ctx, ref.String()); err != nil {
			return err
		}
	}
	for page := range w.left {
		if err := w.dropUnshelved(ctx, page); err != nil {
			return err
		}
	}
	return nil
}

func (w *docsWriter) close() error {
	var errs []error
	for _, stmt := range w.stmts {
		errs = append(errs, stmt.Close())
	}
	return errors.Join(errs...)
}

// prepared gives the statement of a query, made at its first use.
func (w *docsWriter) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	if stmt := w.stmts[query]; stmt != nil {
		return stmt, nil
	}
	stmt, err := w.tx.PrepareContext(ctx, query)
	if err == nil {
		w.stmts[query] = stmt
	}
	return stmt, err
}

func (w *docsWriter) exec(ctx context.Context, query string, args ...any) error {
	stmt, err := w.prepared(ctx, query) //nolint:sqlclosecheck // close does, at the end of the transaction
	if err == nil {
		_, err = stmt.ExecContext(ctx, args...)
	}
	return err
}

// number runs a query that gives one number.
func (w *docsWriter) number(ctx context.Context, query string, args ...any) (n int64, err error) {
	stmt, err := w.prepared(ctx, query) //nolint:sqlclosecheck // close does, at the end of the transaction
	if err == nil {
		err = stmt.QueryRowContext(ctx, args...).Scan(&n)
	}
	return n, err
}

func (w *docsWriter) page(ctx context.Context, p *docs.Page) error {
	parts := p.Parts()
	first := p.Title
	if len(parts) > 0 {
		first = parts[0].Heading
	}
	id, err := w.pageID(ctx, p)
	if err != nil {
		return err
	}
	err = w.exec(ctx, `INSERT INTO pages (id, source, path, blob, revision, title, tags, first, parts, answers, bytes, problems)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET blob = excluded.blob, revision = excluded.revision, title = excluded.title,
			tags = excluded.tags, first = excluded.first, parts = excluded.parts,
			answers = excluded.answers, bytes = excluded.bytes, problems = excluded.problems`,
		id, p.Source, p.Path, p.Blob, p.Revision, p.Title, strings.Join(p.Tags, listSeparator), first, len(parts),
		p.Answers(), p.Bytes(), problemsText(p.Problems))
	if err != nil {
		return err
	}
	if err := w.dropSections(ctx, id); err != nil {
		return err
	}
	for i := range p.Sections {
		if err := w.section(ctx, p, id<<ordBits|int64(i), &p.Sections[i]); err != nil {
			return err
		}
	}
	return nil
}

// pageID gives the number of a page, a new one where there is none yet. The number is found beforehand, since an
// INSERT with RETURNING is a savepoint to SQLite, at each of which FTS5 writes out the little that it has gathered:
// merging that again took a third of the time of building an index.
func (w *docsWriter) pageID(ctx context.Context, p *docs.Page) (int64, error) {
	id, err := w.number(ctx, "SELECT id FROM pages WHERE source = ? AND path = ?", p.Source, p.Path)
	if errors.Is(err, sql.ErrNoRows) {
		return w.number(ctx, "SELECT coalesce(max(id), 0) + 1 FROM pages")
	}
	return id, err
}

func (w *docsWriter) section(ctx context.Context, p *docs.Page, id int64, s *docs.Section) error {
	err := w.exec(ctx, "INSERT INTO sections (id, heading, trail, level, anchor, line, last, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		id, s.Heading, strings.Join(s.Trail, listSeparator), s.Level, s.Anchor, s.Line, s.Last, s.Body)
	if err != nil {
		return err
	}
	head := docs.Spread(strings.Join([]string{s.Heading, strings.Join(s.Trail, " "), p.Title, path.Base(p.Path), strings.Join(p.Tags, " ")}, " "))
	if err := w.exec(ctx, "INSERT INTO heads (rowid, words) VALUES (?, ?)", id, head); err != nil {
		return err
	}
	for _, word := range docs.Words(s.Heading + " " + p.Title) {
		if w.words[word] {
			continue
		}
		w.words[word] = true
		if err := w.exec(ctx, "INSERT OR IGNORE INTO words (word) VALUES (?)", word); err != nil {
			return err
		}
	}
	return w.exec(ctx, "INSERT INTO bodies (rowid, head, body) VALUES (?, ?, ?)", id, head, docs.Spread(s.Body))
}

func (w *docsWriter) dropSections(ctx context.Context, page int64) error {
	first, last := page<<ordBits, page<<ordBits|(1<<ordBits-1)
	count, err := w.number(ctx, "SELECT count(*) FROM sections WHERE id BETWEEN ? AND ?", first, last)
	if err != nil || count == 0 {
		return err
	}
	for id := first; id < first+count; id++ {
		for _, query := range []string{
			"DELETE FROM heads WHERE rowid = ?", "DELETE FROM bodies WHERE rowid = ?", "DELETE FROM sections WHERE id = ?",
		} {
			if err := w.exec(ctx, query, id); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *docsWriter) shelf(ctx context.Context, s *docs.Shelf, replaces bool) error {
	ref := s.Ref.String()
	if replaces {
		if err := w.dropShelf(ctx, ref); err != nil {
			return err
		}
	}
	links := ""
	if len(s.Links) > 0 {
		encoded, err := json.Marshal(s.Links)
		if err != nil {
			return err
		}
		links = string(encoded)
	}
	stamp := s.Stamp()
	err := w.exec(ctx, "INSERT INTO shelves (ref, stamp, links, problems) VALUES (?, ?, ?, ?)", ref, stamp[:], links, problemsText(s.Problems))
	if err != nil {
		return err
	}
	for i, f := range s.Files {
		err := w.exec(ctx, `INSERT INTO shelf_pages (ref, ord, page, title, runbook, behind)
			SELECT ?, ?, id, ?, ?, ? FROM pages WHERE source = ? AND path = ?`,
			ref, i, f.Title, number(f.Runbook), string(f.Behind), f.Source, f.Path)
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *docsWriter) dropShelf(ctx context.Context, ref string) (err error) {
	stmt, err := w.prepared(ctx, "SELECT page FROM shelf_pages WHERE ref = ?") //nolint:sqlclosecheck // close does
	if err != nil {
		return err
	}
	pages, err := numbers(stmt.QueryContext(ctx, ref))
	if err != nil {
		return err
	}
	for _, page := range pages {
		w.left[page] = true
	}
	if err := w.exec(ctx, "DELETE FROM shelf_pages WHERE ref = ?", ref); err != nil {
		return err
	}
	return w.exec(ctx, "DELETE FROM shelves WHERE ref = ?", ref)
}

func (w *docsWriter) dropUnshelved(ctx context.Context, page int64) error {
	n, err := w.number(ctx, "SELECT count(*) FROM shelf_pages WHERE page = ?", page)
	if err != nil || n > 0 {
		return err
	}
	if err := w.dropSections(ctx, page); err != nil {
		return err
	}
	return w.exec(ctx, "DELETE FROM pages WHERE id = ?", page)
}

// numbers reads rows of one number each, and closes them.
func numbers(rows *sql.Rows, err error) ([]int64, error) {
	if err != nil {
		return nil, err
	}
	var out []int64
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n); err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		out = append(out, n)
	}
	return out, errors.Join(rows.Err(), rows.Close())
}

// problemsText packs problems; none are the empty text.
func problemsText(problems []catalog.Problem) string {
	if len(problems) == 0 {
		return ""
	}
	encoded, err := json.Marshal(problems)
	if err != nil {
		return "" // plain structs of texts and numbers always encode
	}
	return string(encoded)
}

func problemsOf(text string) (problems []catalog.Problem, err error) {
	if text == "" {
		return nil, nil
	}
	err = json.Unmarshal([]byte(text), &problems)
	return problems, err
}
