package sqldb

import (
	"context"
	"database/sql"
	"encoding/json"
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
	var text, problems string
	err := p.db.read(ctx, func(tx *sql.Tx) error {
		row := tx.QueryRowContext(ctx, "SELECT source, path, seen, revision, text, problems FROM policy WHERE slot = 1")
		return row.Scan(&kept.Source, &kept.Path, &kept.Seen, &kept.Revision, &text, &problems)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return policy.Kept{}, nil
	}
	if err != nil {
		return policy.Kept{}, fmt.Errorf("load the rules: %w", err)
	}
	kept.Text = []byte(text)
	if problems != "" {
		if err := json.Unmarshal([]byte(problems), &kept.Problems); err != nil {
			return policy.Kept{}, fmt.Errorf("load the problems of the rules: %w", err)
		}
	}
	return kept, nil
}

// KeepPolicy implements policy.Store.
func (p *Policy) KeepPolicy(ctx context.Context, kept policy.Kept) error {
	problems := ""
	if len(kept.Problems) > 0 {
		encoded, err := json.Marshal(kept.Problems)
		if err != nil {
			return fmt.Errorf("keep the problems of the rules: %w", err)
		}
		problems = string(encoded)
	}
	return p.db.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, p.db.dialect.rebind(`INSERT INTO policy (slot, source, path, seen, revision, text, problems) VALUES (1, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (slot) DO UPDATE SET source = excluded.source, path = excluded.path, seen = excluded.seen,
				revision = excluded.revision, text = excluded.text, problems = excluded.problems`),
			kept.Source, kept.Path, kept.Seen, kept.Revision, string(kept.Text), problems)
		if err != nil {
			return fmt.Errorf("keep the rules: %w", err)
		}
		return nil
	})
}
