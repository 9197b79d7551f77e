package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"callboard/catalog/policy"
)

// Policy keeps the last good file of rules; it implements policy.Store.
type Policy struct{ db *DB }

// Policy gives the store of the rules.
func (d *DB) Policy() *Policy { return &Policy{d} }

// Policy implements policy.Store.
func (p *Policy) Policy(ctx context.Context) (policy.Kept, error) {
	var kept policy.Kept
	var text string
	err := p.db.read(ctx, func(tx *sql.Tx) error {
		row := tx.QueryRowContext(ctx, "SELECT source, path, seen, revision, text FROM policy WHERE slot = 1")
		return row.Scan(&kept.Source, &kept.Path, &kept.Seen, &kept.Revision, &text)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return policy.Kept{}, nil
	}
	if err != nil {
		return policy.Kept{}, fmt.Errorf("load the rules: %w", err)
	}
	kept.Text = []byte(text)
	return kept, nil
}

// KeepPolicy implements policy.Store.
func (p *Policy) KeepPolicy(ctx context.Context, kept policy.Kept) error {
	return p.db.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, p.db.dialect.rebind(`INSERT INTO policy (slot, source, path, seen, revision, text) VALUES (1, ?, ?, ?, ?, ?)
			ON CONFLICT (slot) DO UPDATE SET source = excluded.source, path = excluded.path, seen = excluded.seen,
				revision = excluded.revision, text = excluded.text`),
			kept.Source, kept.Path, kept.Seen, kept.Revision, string(kept.Text))
		if err != nil {
			return fmt.Errorf("keep the rules: %w", err)
		}
		return nil
	})
}
