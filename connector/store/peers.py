"""Rows of peers: partners that an owner knows, with the thumbprints of the keys that were pinned."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, select, update

from connector.problems import NotFound
from connector.store.db import Tx
from connector.store.errors import StaleVersion
from connector.store.tables import peers


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
    status: str = "known"
    version: int = 0
    created_at: datetime | None = None
    updated_at: datetime | None = None


_by_did = select(peers).where(peers.c.owner == bindparam("k_owner"), peers.c.did == bindparam("k_did"))


def find(tx: Tx, owner: str, did: str) -> Peer | None:
    """Return the peer, if the owner knows it."""
    row = tx.connection.execute(_by_did, {"k_owner": owner, "k_did": did}).first()
    return None if row is None else _peer(row)


def load(tx: Tx, owner: str, did: str) -> Peer:
    """Return the peer. Raises NotFound."""
    peer = find(tx, owner, did)
    if peer is None:
        raise NotFound(did)
    return peer


def put(tx: Tx, peer: Peer) -> None:
    """Insert (version 0) or update a peer. Raises StaleVersion when it changed meanwhile."""
    values = {name: getattr(peer, name) for name in peer.__slots__}
    values.update(pinned=json.dumps(peer.pinned), version=peer.version + 1)
    values.update(updated_at=tx.now, created_at=peer.created_at or tx.now)
    if peer.version == 0:
        tx.connection.execute(insert(peers), values)
    else:
        where = (peers.c.owner == peer.owner, peers.c.did == peer.did, peers.c.version == peer.version)
        if tx.connection.execute(update(peers).where(*where).values(values)).rowcount != 1:
            raise StaleVersion(peer.did)
    peer.version += 1
    peer.updated_at, peer.created_at = tx.now, values["created_at"]


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
    values = dict(row._mapping)
    return Peer(**{**values, "pinned": json.loads(values["pinned"])})
