-- +goose Up
-- What is wrong with the newest version of the file of rules, as JSON; '' when it is in force.
ALTER TABLE policy ADD COLUMN problems TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE policy DROP COLUMN problems;
