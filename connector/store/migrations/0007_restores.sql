-- That the database was restored from a backup, and how each process of that time stands with the peer since.

CREATE TABLE restores (
    n INTEGER NOT NULL,
    backup TEXT NOT NULL,
    taken_at TEXT NOT NULL,
    restored_at TEXT NOT NULL,
    PRIMARY KEY (n)
);

CREATE TABLE reconciliations (
    owner TEXT NOT NULL,
    process TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('negotiation','transfer')),
    peer TEXT NOT NULL,
    restore INTEGER NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('waiting','agrees','moved','differs','unknown','untold')),
    state TEXT NOT NULL,
    peer_state TEXT,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (owner, process),
    FOREIGN KEY(restore) REFERENCES restores (n)
);

CREATE INDEX reconciliations_by_outcome ON reconciliations (owner, outcome, process);
