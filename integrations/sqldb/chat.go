package sqldb

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"callboard/bot"
)

const (
	inboxMemory   = 24 * time.Hour       // as bot.Inbox promises
	messageMemory = 400 * 24 * time.Hour // how long messages that need nothing any more are kept
)

// Chat keeps the cards that outlive their answers and the events that were taken; it implements
// bot.Messages and bot.Inbox.
type Chat struct{ db *DB }

// Chat gives the store of the chat surfaces.
func (d *DB) Chat() *Chat { return &Chat{d} }

// Take implements bot.Inbox.
func (c *Chat) Take(ctx context.Context, key string, request []byte) (fresh bool, err error) {
	now := time.Now()
	err = c.db.write(ctx, func(tx *sql.Tx) error {
		if _, err := c.exec(ctx, tx, "DELETE FROM inbox WHERE taken_at < ?", nanos(now.Add(-inboxMemory))); err != nil {
			return err
		}
		rows, err := c.exec(ctx, tx, "INSERT INTO inbox (event_key, taken_at, request) VALUES (?, ?, ?) ON CONFLICT (event_key) DO NOTHING", key, nanos(now), string(request))
		fresh = rows == 1
		return err
	})
	return fresh && err == nil, err
}

// Done implements bot.Inbox.
func (c *Chat) Done(ctx context.Context, key string) error {
	return c.db.write(ctx, func(tx *sql.Tx) error {
		_, err := c.exec(ctx, tx, "UPDATE inbox SET request = '' WHERE event_key = ?", key)
		return err
	})
}

// Left implements bot.Inbox.
func (c *Chat) Left(ctx context.Context) (list []bot.Left, err error) {
	since := nanos(time.Now().Add(-inboxMemory))
	err = c.db.write(ctx, func(tx *sql.Tx) (err error) {
		list = nil // of an attempt that failed
		if _, err := c.exec(ctx, tx, "UPDATE inbox SET tries = tries + 1 WHERE request <> ''"); err != nil {
			return err
		}
		const left = "SELECT event_key, request FROM inbox WHERE request <> '' AND tries <= ? AND taken_at >= ? ORDER BY taken_at, event_key"
		rows, err := tx.QueryContext(ctx, c.db.dialect.rebind(left), bot.LeftTries, since)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		for rows.Next() {
			var l bot.Left
			if err := rows.Scan(&l.Key, &l.Request); err != nil {
				return err
			}
			list = append(list, l)
		}
		return rows.Err()
	})
	return list, err
}

// Want implements bot.Messages.
func (c *Chat) Want(ctx context.Context, list ...bot.Message) error {
	if len(list) == 0 {
		return nil
	}
	rows := make([][]any, len(list))
	for i := range list {
		row, err := messageRow(&list[i])
		if err != nil {
			return err
		}
		rows[i] = row
	}
	return c.db.write(ctx, func(tx *sql.Tx) error {
		const old = "DELETE FROM messages WHERE since < ? AND subject <> ? AND (shown = wanted OR given_up <> '')"
		if _, err := c.exec(ctx, tx, old, nanos(time.Now().Add(-messageMemory)), list[0].Subject); err != nil {
			return err
		}
		for _, row := range rows {
			_, err := c.exec(ctx, tx, `INSERT INTO messages
					(message_key, subject, platform, address, card, wanted, shown, id, since, begun, facts, given_up)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '')
				ON CONFLICT (message_key) DO UPDATE SET card = excluded.card, wanted = excluded.wanted, facts = excluded.facts, given_up = ''`, row...)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// messageRow gives the columns of a message, in the order in which Want names them.
func messageRow(m *bot.Message) ([]any, error) {
	address, err := json.Marshal(m.Address)
	if err != nil {
		return nil, fmt.Errorf("encode the address of a message: %w", err)
	}
	content, err := json.Marshal(m.Card)
	if err != nil {
		return nil, fmt.Errorf("encode the card of a message: %w", err)
	}
	return []any{
		m.Key, m.Subject, m.Address.Platform, string(address), string(content), m.Wanted, m.Shown, m.ID, nanos(m.Since), number(m.Begun), m.Facts,
	}, nil
}

// Open implements bot.Messages.
func (c *Chat) Open(ctx context.Context, prefix, after string, limit int) ([]bot.Message, error) {
	const open = "facts <> '' AND message_key > ? AND substr(subject, 1, ?) = ? ORDER BY message_key LIMIT ?"
	return c.messages(ctx, open, after, utf8.RuneCountInString(prefix), prefix, limit)
}

// For implements bot.Messages.
func (c *Chat) For(ctx context.Context, subject string) ([]bot.Message, error) {
	return c.messages(ctx, "subject = ? ORDER BY since, message_key", subject)
}

// Unsettled implements bot.Messages.
func (c *Chat) Unsettled(ctx context.Context, limit int) ([]bot.Message, error) {
	return c.messages(ctx, "shown <> wanted AND given_up = '' ORDER BY since, message_key LIMIT ?", limit)
}

// Begin implements bot.Messages.
func (c *Chat) Begin(ctx context.Context, key string) error {
	return c.change(ctx, key, "begun = 1")
}

// Settle implements bot.Messages.
func (c *Chat) Settle(ctx context.Context, key, id, shown string) error {
	return c.change(ctx, key, "id = ?, shown = ?", id, shown)
}

// GiveUp implements bot.Messages.
func (c *Chat) GiveUp(ctx context.Context, key, why string) error {
	return c.change(ctx, key, "given_up = ?", why)
}

// change sets columns, a constant of this file, of one message.
func (c *Chat) change(ctx context.Context, key, columns string, args ...any) error {
	return c.db.write(ctx, func(tx *sql.Tx) error {
		rows, err := c.exec(ctx, tx, "UPDATE messages SET "+columns+" WHERE message_key = ?", append(args, key)...)
		if err == nil && rows == 0 {
			err = errors.New("the store has no message with the key " + key)
		}
		return err
	})
}

func (c *Chat) exec(ctx context.Context, tx *sql.Tx, query string, args ...any) (rows int64, err error) {
	result, err := tx.ExecContext(ctx, c.db.dialect.rebind(query), args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// messages reads the rows that match a condition, a constant of this file.
func (c *Chat) messages(ctx context.Context, condition string, args ...any) (list []bot.Message, err error) {
	query := "SELECT message_key, subject, address, card, wanted, shown, id, since, begun, facts FROM messages WHERE " + condition
	err = c.db.read(ctx, func(tx *sql.Tx) (err error) {
		rows, err := tx.QueryContext(ctx, c.db.dialect.rebind(query), args...)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		for rows.Next() {
			m, err := scanMessage(rows)
			if err != nil {
				return err
			}
			list = append(list, m)
		}
		return rows.Err()
	})
	return list, err
}

func scanMessage(rows *sql.Rows) (bot.Message, error) {
	var m bot.Message
	var address, content []byte
	var since int64
	if err := rows.Scan(&m.Key, &m.Subject, &address, &content, &m.Wanted, &m.Shown, &m.ID, &since, &m.Begun, &m.Facts); err != nil {
		return m, err
	}
	m.Since = instant(since)
	if err := errors.Join(json.Unmarshal(address, &m.Address), json.Unmarshal(content, &m.Card)); err != nil {
		return m, fmt.Errorf("message %s: %w: %w", m.Key, errRecord, err)
	}
	return m, nil
}
