-- Every table of the node. Runs on SQLite and PostgreSQL alike; connector/store/tables.py says what the columns mean.

CREATE TABLE participants (
    owner TEXT NOT NULL,
    did TEXT NOT NULL,
    name TEXT NOT NULL,
    is_root INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (owner),
    UNIQUE (did)
);

CREATE TABLE api_keys (
    id TEXT NOT NULL,
    owner TEXT,
    label TEXT NOT NULL,
    hash TEXT NOT NULL,
    created_at TEXT NOT NULL,
    revoked_at TEXT,
    PRIMARY KEY (id),
    UNIQUE (hash)
);

CREATE TABLE peers (
    owner TEXT NOT NULL,
    did TEXT NOT NULL,
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    pinned TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('known','quarantined','blocked')),
    version INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (owner, did)
);

CREATE TABLE datasets (
    owner TEXT NOT NULL,
    id TEXT NOT NULL,
    title TEXT NOT NULL,
    document TEXT NOT NULL,
    source TEXT NOT NULL,
    rendered TEXT,
    status TEXT NOT NULL CHECK (status IN ('draft','published','withdrawn')),
    version INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (owner, id)
);

CREATE INDEX datasets_listed ON datasets (owner, status, id);

CREATE TABLE offers (
    owner TEXT NOT NULL,
    id TEXT NOT NULL,
    dataset TEXT NOT NULL,
    policy TEXT NOT NULL,
    mode TEXT NOT NULL CHECK (mode IN ('automatic','manual')),
    is_conditional INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('active','withdrawn')),
    version INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (owner, id),
    FOREIGN KEY(owner, dataset) REFERENCES datasets (owner, id)
);

CREATE INDEX offers_of_dataset ON offers (owner, dataset);

CREATE TABLE negotiations (
    owner TEXT NOT NULL,
    pid TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('consumer','provider')),
    peer TEXT NOT NULL,
    peer_pid TEXT,
    peer_url TEXT NOT NULL,
    state TEXT NOT NULL,
    pending TEXT,
    pending_body TEXT,
    pending_at TEXT,
    attempts INTEGER NOT NULL,
    arrived TEXT,
    arrived_digest TEXT,
    arrived_from TEXT,
    given_up TEXT,
    look_at TEXT,
    intent TEXT,
    problem TEXT,
    version INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    dataset TEXT NOT NULL,
    offer_id TEXT NOT NULL,
    offer TEXT NOT NULL,
    offer_by TEXT NOT NULL,
    requested TEXT,
    agreement TEXT,
    PRIMARY KEY (owner, pid),
    CONSTRAINT negotiations_peer_pid UNIQUE (owner, peer, role, peer_pid)
);

CREATE INDEX negotiations_listed ON negotiations (owner, created_at, pid);

CREATE INDEX negotiations_by_state ON negotiations (owner, state, created_at, pid);

CREATE TABLE agreements (
    owner TEXT NOT NULL,
    id TEXT NOT NULL,
    role TEXT NOT NULL,
    peer TEXT NOT NULL,
    negotiation TEXT NOT NULL,
    dataset TEXT NOT NULL,
    document TEXT NOT NULL,
    accepted_terms TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('drafted','active','ended')),
    created_at TEXT NOT NULL,
    PRIMARY KEY (owner, id),
    CONSTRAINT agreements_one_per_negotiation UNIQUE (owner, negotiation)
);

CREATE INDEX agreements_listed ON agreements (owner, created_at, id);

CREATE INDEX agreements_of_dataset ON agreements (owner, peer, dataset);

CREATE TABLE transfers (
    owner TEXT NOT NULL,
    pid TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('consumer','provider')),
    peer TEXT NOT NULL,
    peer_pid TEXT,
    peer_url TEXT NOT NULL,
    state TEXT NOT NULL,
    pending TEXT,
    pending_body TEXT,
    pending_at TEXT,
    attempts INTEGER NOT NULL,
    arrived TEXT,
    arrived_digest TEXT,
    arrived_from TEXT,
    given_up TEXT,
    look_at TEXT,
    intent TEXT,
    problem TEXT,
    version INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    agreement TEXT NOT NULL,
    dataset TEXT NOT NULL,
    format TEXT NOT NULL,
    data_address TEXT,
    PRIMARY KEY (owner, pid),
    CONSTRAINT transfers_peer_pid UNIQUE (owner, peer, role, peer_pid)
);

CREATE INDEX transfers_listed ON transfers (owner, created_at, pid);

CREATE INDEX transfers_by_state ON transfers (owner, state, created_at, pid);

CREATE TABLE grants (
    token_hash TEXT NOT NULL,
    owner TEXT NOT NULL,
    transfer TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('access','refresh')),
    peer TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (token_hash),
    FOREIGN KEY(owner, transfer) REFERENCES transfers (owner, pid)
);

CREATE INDEX grants_of_transfer ON grants (owner, transfer);

CREATE TABLE fetches (
    owner TEXT NOT NULL,
    transfer TEXT NOT NULL,
    path TEXT NOT NULL,
    overwrite INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('waiting','running','done','failed')),
    done_bytes BIGINT NOT NULL,
    size_bytes BIGINT,
    sha256 TEXT,
    etag TEXT,
    problem TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (owner, transfer),
    FOREIGN KEY(owner, transfer) REFERENCES transfers (owner, pid)
);

CREATE TABLE journal (
    owner TEXT NOT NULL,
    process TEXT NOT NULL,
    n INTEGER NOT NULL,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    entry TEXT NOT NULL,
    message_id TEXT,
    hash TEXT NOT NULL,
    PRIMARY KEY (owner, process, n)
);

CREATE INDEX journal_messages ON journal (owner, process, message_id);

CREATE TABLE jobs (
    owner TEXT NOT NULL,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    peer TEXT,
    run_at TEXT NOT NULL,
    woken_at TEXT,
    attempts INTEGER NOT NULL,
    begun INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('waiting','dead')),
    leased_by TEXT,
    problem TEXT,
    created_at TEXT NOT NULL,
    PRIMARY KEY (owner, kind, key)
);

CREATE INDEX jobs_due ON jobs (status, run_at);

CREATE TABLE peer_health (
    owner TEXT NOT NULL,
    peer TEXT NOT NULL,
    failures INTEGER NOT NULL,
    since TEXT NOT NULL,
    retry_at TEXT NOT NULL,
    problem TEXT NOT NULL,
    PRIMARY KEY (owner, peer)
);

CREATE TABLE replays (
    issuer TEXT NOT NULL,
    token_id TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    PRIMARY KEY (issuer, token_id)
);

CREATE INDEX replays_expiry ON replays (expires_at);
