-- Checkpoints: what a participant seals about all its journals. First the text, then its seal; the entries that it covers.

CREATE TABLE checkpoints (
    owner TEXT NOT NULL,
    number INTEGER NOT NULL,
    document TEXT NOT NULL,
    restore INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (owner, number)
);

CREATE TABLE checkpoint_seals (
    owner TEXT NOT NULL,
    number INTEGER NOT NULL,
    kid TEXT NOT NULL,
    jws TEXT NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (owner, number),
    FOREIGN KEY (owner, number) REFERENCES checkpoints (owner, number)
);

CREATE TABLE checkpoint_heads (
    owner TEXT NOT NULL,
    process TEXT NOT NULL,
    number INTEGER NOT NULL,
    n INTEGER NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (owner, process, number),
    FOREIGN KEY (owner, number) REFERENCES checkpoints (owner, number)
);

CREATE INDEX checkpoint_heads_of ON checkpoint_heads (owner, number, process);
