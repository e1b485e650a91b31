-- Push transfers: what we send to a partner's address, and the address at which a partner sends to us.

CREATE TABLE pushes (
    owner TEXT NOT NULL,
    transfer TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('waiting','running','done','failed')),
    sent_bytes BIGINT NOT NULL,
    size_bytes BIGINT,
    sha256 TEXT,
    problem TEXT,
    created_at TEXT NOT NULL,
    begun_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (owner, transfer),
    FOREIGN KEY(owner, transfer) REFERENCES transfers (owner, pid)
);

CREATE TABLE inlets (
    owner TEXT NOT NULL,
    transfer TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    used_at TEXT,
    created_at TEXT NOT NULL,
    PRIMARY KEY (owner, transfer),
    UNIQUE (secret_hash),
    FOREIGN KEY(owner, transfer) REFERENCES transfers (owner, pid)
);
