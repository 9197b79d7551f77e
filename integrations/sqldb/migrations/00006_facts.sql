-- +goose Up
-- What the next card of a message is drawn from; '' when it shows its last one.
ALTER TABLE messages ADD COLUMN facts TEXT NOT NULL DEFAULT '';
CREATE INDEX messages_open ON messages (message_key) WHERE facts <> '';

-- +goose Down
DROP INDEX messages_open;
ALTER TABLE messages DROP COLUMN facts;
