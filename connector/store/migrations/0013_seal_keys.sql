-- Seal keys of hosted participants and the state of each, and the seal keys of partners that were pinned.

CREATE TABLE seal_keys (
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    chain TEXT NOT NULL,
    created_at TEXT NOT NULL,
    replaced_by TEXT,
    ends_at TEXT,
    revoked_at TEXT,
    reason TEXT,
    PRIMARY KEY (owner, name),
    FOREIGN KEY(owner) REFERENCES participants (owner)
);

ALTER TABLE peers ADD COLUMN seals TEXT;
