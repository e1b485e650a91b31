-- Every signed list of seal keys that was taken from a partner, and of our own each that says something new.

CREATE TABLE seal_lists (
    owner TEXT NOT NULL,
    did TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    jws TEXT NOT NULL,
    issued_at TEXT NOT NULL,
    received_at TEXT NOT NULL,
    PRIMARY KEY (owner, did, sha256)
);

CREATE INDEX seal_lists_in_force ON seal_lists (owner, did, received_at);
