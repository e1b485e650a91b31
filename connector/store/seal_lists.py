"""Rows of signed lists of seal keys: what a party said of its keys, and since when this node knew it.

Each list that was taken from a partner is kept, and of our own each that says something new, named by its digest and
never changed: so that nobody's later word stands without the earlier one. Which list of a partner is in force is in its
row (peers.py); a partner that is removed leaves its lists here.
"""

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from sqlalchemy import bindparam, func, insert, select

from connector.store.db import Tx
from connector.store.prepared import Prepared
from connector.store.tables import journal, seal_lists

TAKEN = ("peer-added", "peer-admitted", "peer-seals-pinned")
"""The entries in the journal of a partner with which a list of it is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealList:
    """A signed list as it came."""

    owner: str
    did: str
    """Whose keys it lists: a partner's DID, or the owner's own."""
    sha256: str
    """Of its text."""
    jws: str = field(repr=False)
    issued_at: datetime
    """When it was signed, as it says itself."""
    received_at: datetime
    """Since when this node knows it."""


_OF = (seal_lists.c.owner == bindparam("k_owner"), seal_lists.c.did == bindparam("k_did"))
_NAMED = Prepared(select(seal_lists.c.sha256).where(*_OF, seal_lists.c.sha256 == bindparam("k_sha256")))
_NEWEST = (
    select(seal_lists)
    .where(*_OF, seal_lists.c.received_at <= bindparam("k_at", type_=seal_lists.c.received_at.type))
    .order_by(seal_lists.c.received_at.desc(), seal_lists.c.issued_at.desc(), seal_lists.c.sha256)
    .limit(1)
)
_TAKEN_AT = select(func.max(journal.c.at)).where(
    journal.c.owner == bindparam("k_owner"), journal.c.process == bindparam("k_did"), journal.c.kind.in_(TAKEN)
)


def keep(tx: Tx, owner: str, did: str, jws: str, issued_at: datetime, *, received_at: datetime | None = None) -> None:
    """Keep a list that was verified, received now unless told otherwise; one that is kept already stays as it is."""
    digest = sha256(jws.encode()).hexdigest()
    if _NAMED.first(tx.connection, {"k_owner": owner, "k_did": did, "k_sha256": digest}) is not None:
        return
    of = {"owner": owner, "did": did, "sha256": digest, "jws": jws}
    at = {"issued_at": issued_at, "received_at": received_at or tx.now}
    tx.connection.execute(insert(seal_lists), {**of, **at})


def taken_at(tx: Tx, owner: str, did: str) -> datetime | None:
    """Return when the list that is pinned with a partner was taken, as the partner's journal tells."""
    found: datetime | None = tx.connection.execute(_TAKEN_AT, {"k_owner": owner, "k_did": did}).scalar()
    return found


def in_force(tx: Tx, owner: str, did: str, at: datetime) -> SealList | None:
    """Return the list of a party that was the last one this node knew at an instant, if it is kept."""
    row = tx.connection.execute(_NEWEST, {"k_owner": owner, "k_did": did, "k_at": at}).first()
    return None if row is None else SealList(**row._mapping)
