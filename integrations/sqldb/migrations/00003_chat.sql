-- +goose Up
-- Cards that outlive their answers, and the events that change something.
CREATE TABLE messages (
    message_key TEXT PRIMARY KEY,
    subject     TEXT NOT NULL,
    platform    TEXT NOT NULL,
    address     ${JSON} NOT NULL,
    card        ${JSON} NOT NULL,
    wanted      TEXT NOT NULL,
    shown       TEXT NOT NULL,
    id          TEXT NOT NULL,
    since       BIGINT NOT NULL, -- nanoseconds since 1970, like all times
    begun       INTEGER NOT NULL,
    given_up    TEXT NOT NULL
);
CREATE INDEX messages_subject ON messages (subject);
CREATE INDEX messages_unsettled ON messages (since) WHERE shown <> wanted AND given_up = '';

CREATE TABLE inbox (
    event_key TEXT PRIMARY KEY,
    taken_at  BIGINT NOT NULL
);
CREATE INDEX inbox_taken_at ON inbox (taken_at);

-- +goose Down
DROP TABLE inbox;
DROP TABLE messages;
