package sqldb

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"callboard/catalog"
	"callboard/catalog/docs"
)

// Load gives the shelves of refs, or all of them, with what cards say of their runbooks.
func (x *Docs) Load(ctx context.Context, refs []catalog.Ref) (docs.Stock, error) {
	stock := docs.Stock{Shelves: map[catalog.Ref]docs.Kept{}}
	err := x.read(ctx, func(tx *sql.Tx) (err error) {
		if stock.Problems, err = loadPageProblems(ctx, tx); err != nil {
			return err
		}
		if refs == nil {
			return loadShelves(ctx, tx, stock.Shelves, "", nil)
		}
		const oneOf = " WHERE ref IN (SELECT value FROM json_each(?))"
		names := make([]string, 0, len(refs))
		for _, ref := range refs {
			names = append(names, ref.String())
		}
		return loadShelves(ctx, tx, stock.Shelves, oneOf, []any{jsonList(names)})
	})
	if errors.Is(err, docs.ErrLost) && refs == nil && x.absent() {
		return docs.Stock{}, nil // a new index
	}
	return stock, err
}

// Size counts what the index holds; nothing where there is none.
func (x *Docs) Size(ctx context.Context) (size docs.Size, err error) {
	err = x.read(ctx, func(tx *sql.Tx) error {
		const query = `SELECT (SELECT count(*) FROM shelves), (SELECT count(*) FROM pages), (SELECT count(*) FROM sections),
			(SELECT page_count FROM pragma_page_count) * (SELECT page_size FROM pragma_page_size)`
		return tx.QueryRowContext(ctx, query).Scan(&size.Shelves, &size.Pages, &size.Sections, &size.Bytes)
	})
	if errors.Is(err, docs.ErrLost) && x.absent() {
		err = nil
	}
	return size, err
}

func (x *Docs) absent() bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.file == nil
}

func loadPageProblems(ctx context.Context, tx *sql.Tx) (all []catalog.Problem, err error) {
	err = each(ctx, tx, func(scan func(...any) error) error {
		var text string
		if err := scan(&text); err != nil {
			return err
		}
		problems, err := problemsOf(text)
		all = append(all, problems...)
		return err
	}, "SELECT problems FROM pages WHERE problems <> '' ORDER BY id")
	return all, err
}

// loadShelves reads shelves and what their runbooks are. The condition is one of two constants.
func loadShelves(ctx context.Context, tx *sql.Tx, into map[catalog.Ref]docs.Kept, condition string, args []any) error {
	err := each(ctx, tx, func(scan func(...any) error) error {
		var name, links, problems string
		var stamp []byte
		if err := scan(&name, &stamp, &links, &problems); err != nil {
			return err
		}
		ref, err := catalog.ParseRef(name, "", catalog.DefaultNamespace)
		if err != nil {
			return fmt.Errorf("shelf %q: %w", name, err)
		}
		var kept docs.Kept
		copy(kept.Stamp[:], stamp)
		if links != "" {
			err = json.Unmarshal([]byte(links), &kept.Runbook.Links)
		}
		kept.Problems, err = joinProblems(problems, err)
		into[ref] = kept
		return err
	}, "SELECT ref, stamp, links, problems FROM shelves"+condition, args...)
	if err != nil {
		return err
	}
	words := map[string]string{} // paths and headings repeat across entities
	share := func(s string) string {
		if known, found := words[s]; found {
			return known
		}
		words[s] = s
		return s
	}
	return each(ctx, tx, func(scan func(...any) error) error {
		var name, source, path string
		var book docs.Book
		if err := scan(&name, &source, &path, &book.First, &book.Parts, &book.Behind); err != nil {
			return err
		}
		ref, err := catalog.ParseRef(name, "", catalog.DefaultNamespace)
		if err != nil {
			return fmt.Errorf("shelf %q: %w", name, err)
		}
		kept := into[ref]
		book.Page, book.First = docs.PageKey{Source: share(source), Path: share(path)}, share(book.First)
		kept.Add(book)
		into[ref] = kept
		return nil
	}, `SELECT ref, source, path, first, parts, behind FROM
			(SELECT ref, ord, page, behind FROM shelf_pages`+withRunbook(condition)+`) s
		JOIN pages ON pages.id = s.page ORDER BY s.ref, s.ord`, args...)
}

// withRunbook narrows a condition on shelf_pages to runbooks.
func withRunbook(condition string) string {
	if condition == "" {
		return " WHERE runbook = 1"
	}
	return condition + " AND runbook = 1"
}

func joinProblems(text string, err error) ([]catalog.Problem, error) {
	problems, wrong := problemsOf(text)
	return problems, errors.Join(err, wrong)
}

// each runs a query and hands its rows on, one scan function a row.
func each(ctx context.Context, tx *sql.Tx, row func(scan func(...any) error) error, query string, args ...any) (err error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	return eachRow(rows, row)
}

// eachRow hands rows on, and closes them.
func eachRow(rows *sql.Rows, row func(scan func(...any) error) error) (err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// jsonList packs a list for json_each, so that one statement serves lists of any length.
func jsonList[T any](list []T) string {
	encoded, err := json.Marshal(list)
	if err != nil {
		return "[]" // texts and numbers always encode
	}
	return string(encoded)
}

// Missing gives those of the files that are not in the index with the same blob.
func (x *Docs) Missing(ctx context.Context, files []docs.File) (missing []docs.File, err error) {
	err = x.read(ctx, func(tx *sql.Tx) (err error) {
		stmt, err := tx.PrepareContext(ctx, "SELECT blob FROM pages WHERE source = ? AND path = ?")
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, stmt.Close()) }()
		seen := map[docs.PageKey]bool{}
		for _, f := range files {
			if seen[f.PageKey] {
				continue
			}
			seen[f.PageKey] = true
			var blob string
			err := stmt.QueryRowContext(ctx, f.Source, f.Path).Scan(&blob)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			if blob != f.Blob {
				missing = append(missing, f)
			}
		}
		return nil
	})
	return missing, err
}

// Shelf gives the pages of an entity in reading order, without their sections.
func (x *Docs) Shelf(ctx context.Context, ref catalog.Ref) (pages []docs.ShelvedPage, err error) {
	err = x.read(ctx, func(tx *sql.Tx) error {
		return each(ctx, tx, func(scan func(...any) error) error {
			var tags string
			p := docs.ShelvedPage{On: ref}
			err := scan(&p.Source, &p.Path, &p.Blob, &p.Revision, &p.Title, &tags, &p.Answers, &p.Bytes, &p.Name, &p.Runbook, &p.Behind)
			p.Tags, p.Name = splitList(tags), cmp.Or(p.Name, p.Title)
			pages = append(pages, p)
			return err
		}, `SELECT p.source, p.path, p.blob, p.revision, p.title, p.tags, p.answers, p.bytes, s.title, s.runbook, s.behind
			FROM shelf_pages s JOIN pages p ON p.id = s.page WHERE s.ref = ? ORDER BY s.ord`, ref.String())
	})
	if errors.Is(err, docs.ErrLost) && x.absent() {
		return nil, nil
	}
	return pages, err
}

// Texts gives the sections of pages.
func (x *Docs) Texts(ctx context.Context, pages []docs.PageKey) (map[docs.PageKey][]docs.Section, error) {
	texts := map[docs.PageKey][]docs.Section{}
	err := x.read(ctx, func(tx *sql.Tx) error {
		for _, page := range pages {
			err := each(ctx, tx, func(scan func(...any) error) error {
				var trail string
				var s docs.Section
				err := scan(&s.Heading, &trail, &s.Level, &s.Anchor, &s.Line, &s.Last, &s.Body)
				s.Trail = splitList(trail)
				texts[page] = append(texts[page], s)
				return err
			}, `SELECT c.heading, c.trail, c.level, c.anchor, c.line, c.last, c.body
				FROM pages p JOIN sections c ON c.id BETWEEN p.id << 12 AND (p.id << 12) + 4095
				WHERE p.source = ? AND p.path = ? ORDER BY c.id`, page.Source, page.Path)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, docs.ErrLost) && x.absent() {
		return nil, nil
	}
	return texts, err
}

func splitList(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, listSeparator)
}
