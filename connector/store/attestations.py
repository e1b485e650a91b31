"""Rows of attestations: what a named person of the owner's said of a partner, and until when it stood.

One stands from `created_at` until `ended_at`. A row is written once and ended once, so that what was known at an
instant can be asked for afterwards; the words of it are in the partner's journal as well.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Row, and_, bindparam, insert, or_, select, update

from connector.problems import NotFound
from connector.store.db import Tx
from connector.store.tables import attestations

Kind = Literal["category", "charter", "dpo"]
CATEGORY: Final = "category"
CHARTER: Final = "charter"
DPO: Final = "dpo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """One thing that is attested of a partner."""

    owner: str
    id: str
    peer: str
    kind: Kind
    about: str
    """IRI of the category; IRI of the charter, empty: "the charter"; identifier of the dataset, empty: all of them."""
    said_by: str
    """Who said so: a person by name or by function."""
    said_on: str
    """The day of which it is said (ISO 8601): when the charter was signed, the consent given."""
    note: str = ""
    created_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None
    """Who said that it stands no more."""
    ended_reason: str | None = None


_OF_PEER = and_(attestations.c.owner == bindparam("of_owner"), attestations.c.peer == bindparam("of_peer"))
_ALL = select(attestations).where(_OF_PEER).order_by(attestations.c.created_at, attestations.c.id)
_STANDING = _ALL.where(attestations.c.ended_at.is_(None))


def add(tx: Tx, attestation: Attestation) -> Attestation:
    """Insert an attestation and return it as it is stored. The peer's row must be locked."""
    values = {name: getattr(attestation, name) for name in attestation.__slots__} | {"created_at": tx.now}
    tx.connection.execute(insert(attestations), values)
    return Attestation(**values)


def standing(tx: Tx, owner: str, peer: str) -> list[Attestation]:
    """Return what stands of a peer now, the oldest first."""
    return [_attestation(row) for row in tx.connection.execute(_STANDING, {"of_owner": owner, "of_peer": peer})]


def every(tx: Tx, owner: str, peer: str) -> list[Attestation]:
    """Return all that was ever attested of a peer, the oldest first."""
    return [_attestation(row) for row in tx.connection.execute(_ALL, {"of_owner": owner, "of_peer": peer})]


def load(tx: Tx, owner: str, peer: str, attestation_id: str) -> Attestation:
    """Return one attestation of a peer. Raises NotFound."""
    query = _ALL.where(attestations.c.id == attestation_id)
    row = tx.connection.execute(query, {"of_owner": owner, "of_peer": peer}).first()
    if row is None:
        raise NotFound(attestation_id)
    return _attestation(row)


def end(tx: Tx, attestation: Attestation, said_by: str, reason: str) -> Attestation:
    """End an attestation that stands, and return it as it is stored. The peer's row must be locked."""
    changed = {"ended_at": tx.now, "ended_by": said_by, "ended_reason": reason}
    this = and_(attestations.c.owner == attestation.owner, attestations.c.id == attestation.id)
    tx.connection.execute(update(attestations).where(this).values(changed))
    return load(tx, attestation.owner, attestation.peer, attestation.id)


def page(
    tx: Tx, owner: str, peer: str, *, after: tuple[datetime, str] | None, limit: int, is_standing: bool | None
) -> list[Attestation]:
    """Return attestations of a peer, the newest first; those that stand, those that ended, or both."""
    columns = attestations.c
    query = select(attestations).where(columns.owner == owner, columns.peer == peer)
    if is_standing is not None:
        query = query.where(columns.ended_at.is_(None) if is_standing else columns.ended_at.is_not(None))
    if after is not None:
        at, name = after
        query = query.where(or_(columns.created_at < at, and_(columns.created_at == at, columns.id < name)))
    query = query.order_by(columns.created_at.desc(), columns.id.desc()).limit(limit)
    return [_attestation(row) for row in tx.connection.execute(query)]


def _attestation(row: Row[Any]) -> Attestation:
    return Attestation(**row._mapping)
