CREATE TABLE idempotency_keys (
    owner TEXT NOT NULL,
    caller TEXT NOT NULL,
    key_hash TEXT NOT NULL,
    digest TEXT NOT NULL,
    status INTEGER NOT NULL,
    answer TEXT NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (owner, caller, key_hash)
);

CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);
