-- Contracts as sealed documents, the seals that were put on them, and what was notified since.

CREATE TABLE contracts (
    owner TEXT NOT NULL,
    negotiation TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('consumer','provider')),
    peer TEXT NOT NULL,
    dataset TEXT NOT NULL,
    agreement TEXT NOT NULL,
    id TEXT,
    sha256 TEXT,
    status TEXT NOT NULL CHECK (
        status IN ('sealing','sealed-by-one','sealed-by-both','concluded','unilateral','unused')
    ),
    document TEXT,
    cards TEXT,
    jws TEXT,
    countersigned TEXT,
    conclusion TEXT,
    reason TEXT,
    version INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (owner, negotiation),
    CONSTRAINT contracts_id UNIQUE (owner, id),
    FOREIGN KEY(owner, negotiation) REFERENCES negotiations (owner, pid)
);

CREATE INDEX contracts_listed ON contracts (owner, created_at, negotiation);

CREATE INDEX contracts_of_agreement ON contracts (owner, agreement);

CREATE TABLE seals (
    owner TEXT NOT NULL,
    negotiation TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('consumer','provider')),
    contract TEXT NOT NULL,
    kid TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    jws TEXT NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (owner, negotiation, role),
    FOREIGN KEY(owner, negotiation) REFERENCES contracts (owner, negotiation)
);

CREATE TABLE contract_notices (
    owner TEXT NOT NULL,
    negotiation TEXT NOT NULL,
    n INTEGER NOT NULL,
    kind TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    author TEXT NOT NULL,
    jws TEXT NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (owner, negotiation, n),
    CONSTRAINT contract_notices_once UNIQUE (owner, negotiation, sha256),
    FOREIGN KEY(owner, negotiation) REFERENCES contracts (owner, negotiation)
);
