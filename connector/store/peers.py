"""Rows of peers: partners that an owner knows, with the thumbprints of the keys that were pinned.

A peer is `known`, `quarantined` (its domain shows a key that nobody here approved) or `blocked`.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

import orjson
from sqlalchemy import Row, bindparam, delete, insert, select, update

from connector.problems import NotFound
from connector.store.db import Tx, locking
from connector.store.errors import StaleVersion
from connector.store.prepared import Prepared
from connector.store.tables import peers

Status = Literal["known", "quarantined", "blocked"]
KNOWN: Final = "known"
QUARANTINED: Final = "quarantined"
BLOCKED: Final = "blocked"


@dataclass(slots=True, kw_only=True)
class Peer:
    """A partner of one owner."""

    owner: str
    did: str
    name: str
    url: str
    """DSP base of its node, with the version path."""
    pinned: list[str]
    """RFC 7638 thumbprints of its authentication keys."""
    status: Status = "known"
    version: int = 0
    created_at: datetime | None = None
    updated_at: datetime | None = None
    first_contact_at: datetime | None = None
    """When it was added here, or first knocked."""
    quarantined_at: datetime | None = None
    seen_keys: list[str] = field(default_factory=list)
    """Thumbprints of the keys that put it into quarantine."""
    card: str | None = None
    """Its party card that a person here took note of, as it was received: a compact JWS."""
    offered_card: str | None = None
    """A newer card, verified, that no person has taken note of yet."""
    seals: str | None = None
    """Its seal keys as its pinned key signed them: the history document, as it was received; None: none were seen."""
    framework: str | None = None
    """The framework agreement with it, which contracts name: JSON with reference, proofClause and perhaps sha256."""


_by_did = Prepared(select(peers).where(peers.c.owner == bindparam("k_owner"), peers.c.did == bindparam("k_did")))
_locked = locking(select(peers.c.did).where(peers.c.owner == bindparam("k_owner"), peers.c.did == bindparam("k_did")))


def find(tx: Tx, owner: str, did: str) -> Peer | None:
    """Return the peer, if the owner knows it."""
    row = _by_did.first(tx.connection, {"k_owner": owner, "k_did": did})
    return None if row is None else _peer(row)


def load(tx: Tx, owner: str, did: str) -> Peer:
    """Return the peer. Raises NotFound."""
    peer = find(tx, owner, did)
    if peer is None:
        raise NotFound(did)
    return peer


def claim(tx: Tx, owner: str, did: str) -> Peer:
    """Return the peer, its row locked until the commit: its journal may be written. Raises NotFound."""
    tx.connection.execute(_locked, {"k_owner": owner, "k_did": did})
    return load(tx, owner, did)


def put(tx: Tx, peer: Peer) -> None:
    """Insert (version 0) or update a peer. Raises StaleVersion when it changed meanwhile."""
    values = {name: getattr(peer, name) for name in peer.__slots__}
    values.update(pinned=json.dumps(peer.pinned), seen_keys=json.dumps(peer.seen_keys), version=peer.version + 1)
    values.update(updated_at=tx.now, created_at=peer.created_at or tx.now)
    values.update(first_contact_at=peer.first_contact_at or tx.now)
    if peer.version == 0:
        tx.connection.execute(insert(peers), values)
    else:
        where = (peers.c.owner == peer.owner, peers.c.did == peer.did, peers.c.version == peer.version)
        if tx.connection.execute(update(peers).where(*where).values(values)).rowcount != 1:
            raise StaleVersion(peer.did)
    peer.version += 1
    peer.updated_at, peer.created_at = tx.now, values["created_at"]
    peer.first_contact_at = values["first_contact_at"]


def remove(tx: Tx, owner: str, did: str) -> None:
    """Forget a peer; its processes and agreements stay. Raises NotFound."""
    if tx.connection.execute(delete(peers).where(peers.c.owner == owner, peers.c.did == did)).rowcount != 1:
        raise NotFound(did)


def page(tx: Tx, owner: str, *, after: str = "", limit: int = 50, status: str | None = None) -> list[Peer]:
    """Return peers in the order of their identifiers."""
    query = select(peers).where(peers.c.owner == owner, peers.c.did > after)
    if status is not None:
        query = query.where(peers.c.status == status)
    return [_peer(row) for row in tx.connection.execute(query.order_by(peers.c.did).limit(limit))]


def _peer(row: Row[Any]) -> Peer:
    values = row._asdict()
    values["seen_keys"] = orjson.loads(values["seen_keys"] or "[]")
    values["pinned"] = orjson.loads(values["pinned"])
    return Peer(**values)
