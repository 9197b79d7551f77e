-- +goose Up
ALTER TABLE catalog_sources ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
ALTER TABLE catalog_sources ADD COLUMN lag BIGINT NOT NULL DEFAULT 0; -- nanoseconds

-- +goose Down
ALTER TABLE catalog_sources DROP COLUMN lag;
ALTER TABLE catalog_sources DROP COLUMN failures;
