-- +goose Up
-- What an event asks for, until it is done; '' afterwards. Tries counts the starts at which it was left behind.
ALTER TABLE inbox ADD COLUMN request TEXT NOT NULL DEFAULT '';
ALTER TABLE inbox ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
CREATE INDEX inbox_left ON inbox (taken_at) WHERE request <> '';

-- +goose Down
DROP INDEX inbox_left;
ALTER TABLE inbox DROP COLUMN tries;
ALTER TABLE inbox DROP COLUMN request;
