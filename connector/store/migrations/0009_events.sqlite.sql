CREATE TABLE events (
    id INTEGER NOT NULL,
    owner TEXT NOT NULL,
    n BIGINT,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    peer TEXT,
    told TEXT NOT NULL,
    PRIMARY KEY (id)
);

CREATE INDEX events_listed ON events (owner, n);

CREATE INDEX events_age ON events (at);

CREATE TABLE event_heads (
    owner TEXT NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (owner)
);
