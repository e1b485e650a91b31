-- What named persons of an owner's attest of its partners: category, charter, consent of the data protection officer.

CREATE TABLE attestations (
    owner TEXT NOT NULL,
    id TEXT NOT NULL,
    peer TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('category','charter','dpo')),
    about TEXT NOT NULL,
    said_by TEXT NOT NULL,
    said_on TEXT NOT NULL,
    note TEXT NOT NULL,
    created_at TEXT NOT NULL,
    ended_at TEXT,
    ended_by TEXT,
    ended_reason TEXT,
    PRIMARY KEY (owner, id)
);

CREATE INDEX attestations_of_peer ON attestations (owner, peer, created_at, id);
