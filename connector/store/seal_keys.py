"""Rows of seal keys: which ones a hosted participant has or had, with their certificates and their end.

Private keys are files (identity/seal_keys.py). Nothing is deleted: what was sealed with a key is checked by its row.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from sqlalchemy import bindparam, insert, select, update

from connector.problems import NotFound
from connector.store.db import Tx, locking
from connector.store.tables import participants, seal_keys

Standing: TypeAlias = Literal["present", "overlapping", "retired", "revoked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SealKey:
    """A seal key of a hosted participant, without its private part."""

    owner: str
    name: str
    """`seal-20261126`: the fragment under which the DID document names it."""
    chain: str
    """Its certificates, PEM, its own first."""
    created_at: datetime | None = None
    replaced_by: str | None = None
    ends_at: datetime | None = None
    """Until when it may still sign and stands in the DID document, once another took its place."""
    revoked_at: datetime | None = None
    """Since when it must not be trusted."""
    reason: str | None = None

    def standing(self, now: datetime) -> Standing:
        """Return `present`, `overlapping` (replaced, still used until it ends), `retired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        if self.ends_at is None:
            return "present"
        return "overlapping" if self.ends_at > now else "retired"


_OWNER = locking(select(participants.c.owner).where(participants.c.owner == bindparam("of_owner")))


def every(tx: Tx) -> list[SealKey]:
    """Return all seal keys, by owner, the oldest first."""
    query = select(seal_keys).order_by(seal_keys.c.owner, seal_keys.c.created_at, seal_keys.c.name)
    return [SealKey(**row._mapping) for row in tx.connection.execute(query)]


def claim(tx: Tx, owner: str) -> list[SealKey]:
    """Return the owner's keys, the oldest first; nobody else changes them until the commit. Raises NotFound."""
    if tx.connection.execute(_OWNER, {"of_owner": owner}).first() is None:
        raise NotFound(owner)
    return [one for one in every(tx) if one.owner == owner]


def add(tx: Tx, key: SealKey) -> None:
    """Insert a key, made now."""
    values = {name: getattr(key, name) for name in key.__slots__}
    tx.connection.execute(insert(seal_keys), {**values, "created_at": tx.now})


def replace(tx: Tx, key: SealKey, by: str, ends_at: datetime) -> None:
    """Record that another key took a key's place, and when it ends."""
    _change(tx, key, replaced_by=by, ends_at=ends_at)


def end(tx: Tx, key: SealKey, ends_at: datetime) -> None:
    """Bring the end of a replaced key forward."""
    _change(tx, key, ends_at=ends_at)


def complete(tx: Tx, key: SealKey, chain: str) -> None:
    """Record the certificates of a key again, with those that were left out before."""
    _change(tx, key, chain=chain)


def revoke(tx: Tx, key: SealKey, since: datetime, reason: str) -> None:
    """Record that a key must not be trusted any more, since when and why."""
    _change(tx, key, revoked_at=since, reason=reason)


def _change(tx: Tx, key: SealKey, **values: object) -> None:
    where = (seal_keys.c.owner == key.owner, seal_keys.c.name == key.name)
    if tx.connection.execute(update(seal_keys).where(*where).values(**values)).rowcount != 1:
        raise NotFound(key.name)
