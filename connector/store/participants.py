"""Rows of hosted participants (owners) and of API keys."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update

from connector.store.db import Tx
from connector.store.tables import api_keys, participants


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosted:
    """A participant that this node hosts."""

    owner: str
    did: str
    name: str
    is_root: int
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key of the management API, known by its hash; `owner` None is the node's administration."""

    id: str
    owner: str | None
    label: str
    hash: str
    created_at: datetime | None = None
    revoked_at: datetime | None = None


def every(tx: Tx) -> list[Hosted]:
    """Return all hosted participants, the first one first."""
    query = select(participants).order_by(participants.c.is_root.desc(), participants.c.owner)
    return [Hosted(**row._mapping) for row in tx.connection.execute(query)]


def add(tx: Tx, hosted: Hosted) -> None:
    """Insert a hosted participant."""
    values = {name: getattr(hosted, name) for name in hosted.__slots__}
    tx.connection.execute(insert(participants), {**values, "created_at": tx.now})


def add_key(tx: Tx, key: ApiKey) -> None:
    """Insert an API key."""
    values = {name: getattr(key, name) for name in key.__slots__}
    tx.connection.execute(insert(api_keys), {**values, "created_at": tx.now})


def key_by_hash(tx: Tx, digest: str) -> ApiKey | None:
    """Return the key that is not revoked and has this SHA-256, if there is one."""
    query = select(api_keys).where(api_keys.c.hash == digest, api_keys.c.revoked_at.is_(None))
    row = tx.connection.execute(query).first()
    return None if row is None else ApiKey(**row._mapping)


def keys(tx: Tx, owner: str | None) -> list[ApiKey]:
    """Return the keys of an owner, or of the administration."""
    match = api_keys.c.owner.is_(None) if owner is None else api_keys.c.owner == owner
    return [
        ApiKey(**row._mapping) for row in tx.connection.execute(select(api_keys).where(match).order_by(api_keys.c.id))
    ]


def page_keys(tx: Tx, owner: str | None, *, after: str, limit: int, revoked: bool | None = None) -> list[ApiKey]:
    """Return the keys of an owner, or of the administration, in the order of their identifiers."""
    query = select(api_keys).where(api_keys.c.owner.is_(None) if owner is None else api_keys.c.owner == owner)
    query = query.where(api_keys.c.id > after).order_by(api_keys.c.id).limit(limit)
    if revoked is not None:
        query = query.where(api_keys.c.revoked_at.is_not(None) if revoked else api_keys.c.revoked_at.is_(None))
    return [ApiKey(**row._mapping) for row in tx.connection.execute(query)]


def revoke_key(tx: Tx, key_id: str) -> None:
    """Revoke a key for good."""
    tx.connection.execute(update(api_keys).where(api_keys.c.id == key_id).values(revoked_at=tx.now))
