-- +goose Up
-- The last good file of rules: one row at most.
CREATE TABLE policy (
    slot     INTEGER PRIMARY KEY CHECK (slot = 1),
    source   TEXT NOT NULL,
    path     TEXT NOT NULL,
    seen     TEXT NOT NULL, -- the source's revision when the file was last looked at
    revision TEXT NOT NULL, -- the one that text is of
    text     TEXT NOT NULL
);

-- +goose Down
DROP TABLE policy;
