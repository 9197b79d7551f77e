-- +goose Up
CREATE TABLE catalog_sources (
    name       TEXT PRIMARY KEY,
    url        TEXT NOT NULL,
    branch     TEXT NOT NULL,
    web        TEXT NOT NULL,
    trusted    INTEGER NOT NULL,
    revision   TEXT NOT NULL,
    checked_at BIGINT NOT NULL, -- nanoseconds since 1970, 0 for never, like all times
    changed_at BIGINT NOT NULL,
    error      TEXT NOT NULL,
    failed_at  BIGINT NOT NULL,
    waiting    TEXT NOT NULL
);

-- A file is written and read whole, so its documents are one packed record (encode.go).
CREATE TABLE catalog_files (
    id     ${PK},
    source TEXT NOT NULL,
    path   TEXT NOT NULL,
    hash   TEXT NOT NULL,
    parent TEXT NOT NULL,
    orphan INTEGER NOT NULL,
    body   ${BLOB} NOT NULL,
    UNIQUE (source, path)
);

-- One row that Check writes to find out whether the store can be written.
CREATE TABLE write_probe (
    id INTEGER PRIMARY KEY,
    at BIGINT NOT NULL
);

-- +goose Down
DROP TABLE write_probe;
DROP TABLE catalog_files;
DROP TABLE catalog_sources;
