-- The processes that share the database, each with a digest of the settings in which all must agree.

CREATE TABLE replicas (
    name TEXT NOT NULL,
    host TEXT NOT NULL,
    version TEXT NOT NULL,
    settings TEXT NOT NULL,
    started_at TEXT NOT NULL,
    seen_at TEXT NOT NULL,
    PRIMARY KEY (name)
);
