-- What was used of agreements that limit it, and what each transfer was delivered.

CREATE TABLE usage_counts (
    owner TEXT NOT NULL,
    agreement TEXT NOT NULL,
    counter TEXT NOT NULL,
    used BIGINT NOT NULL CHECK (used >= 0),
    updated_at TEXT NOT NULL,
    PRIMARY KEY (owner, agreement, counter),
    FOREIGN KEY(owner, agreement) REFERENCES agreements (owner, id)
);

CREATE TABLE usages (
    owner TEXT NOT NULL,
    transfer TEXT NOT NULL,
    content TEXT NOT NULL,
    uses BIGINT NOT NULL,
    first_at TEXT NOT NULL,
    last_at TEXT NOT NULL,
    PRIMARY KEY (owner, transfer, content),
    FOREIGN KEY(owner, transfer) REFERENCES transfers (owner, pid)
);
