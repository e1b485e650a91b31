-- What we have to tell partners about contracts after their conclusion, until they have taken it.

CREATE TABLE evidence (
    owner TEXT NOT NULL,
    id TEXT NOT NULL,
    negotiation TEXT NOT NULL,
    peer TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('termination','suspension','resumption','receipt','timestamp')),
    at TEXT NOT NULL,
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    decided_by TEXT NOT NULL,
    jws TEXT,
    status TEXT NOT NULL CHECK (status IN ('waiting','sent','refused')),
    attempts INTEGER NOT NULL,
    problem TEXT,
    created_at TEXT NOT NULL,
    PRIMARY KEY (owner, id)
);

CREATE INDEX evidence_of_contract ON evidence (owner, negotiation, created_at);
