-- Party cards, keys seen in quarantine, and the inbox of organisations that nobody here knows.

ALTER TABLE participants ADD COLUMN card TEXT;

ALTER TABLE peers ADD COLUMN first_contact_at TEXT;

ALTER TABLE peers ADD COLUMN quarantined_at TEXT;

ALTER TABLE peers ADD COLUMN seen_keys TEXT;

ALTER TABLE peers ADD COLUMN card TEXT;

ALTER TABLE peers ADD COLUMN offered_card TEXT;

UPDATE peers SET first_contact_at = created_at;

CREATE TABLE inbox (
    owner TEXT NOT NULL,
    did TEXT NOT NULL,
    thumbprint TEXT NOT NULL,
    message TEXT NOT NULL,
    about TEXT NOT NULL,
    knocks INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('waiting','admitted','refused')),
    reason TEXT,
    version INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (owner, did)
);

CREATE INDEX inbox_listed ON inbox (owner, status, created_at, did);
