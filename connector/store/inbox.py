"""Rows of the inbox: organisations that nobody here knows, and that asked for something.

One row for each of them, however often it knocks. What it asked is told, not done: of its message only the kind and
what it is about are kept. A row that was decided stays, with the decision.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, bindparam, func, insert, or_, select, update

from connector.problems import NotFound
from connector.store.db import Tx, locking
from connector.store.errors import StaleVersion
from connector.store.tables import inbox

WAITING, ADMITTED, REFUSED = "waiting", "admitted", "refused"


@dataclass(slots=True, kw_only=True)
class Newcomer:
    """An organisation that knocked at one owner's door."""

    owner: str
    did: str
    thumbprint: str
    """RFC 7638 thumbprint of the key that proved who it is, when it knocked last."""
    message: str
    """The kind of message that it sent last."""
    about: str
    """What it asked for: a dataset or an agreement, as it says."""
    knocks: int = 1
    status: str = WAITING
    reason: str | None = None
    version: int = 0
    created_at: datetime | None = None
    """When it first knocked."""
    updated_at: datetime | None = None


_ONE = locking(select(inbox).where(inbox.c.owner == bindparam("of_owner"), inbox.c.did == bindparam("of_did")))
_WAITING = (inbox.c.owner == bindparam("of_owner"), inbox.c.status == WAITING)
_COUNT = select(func.count()).select_from(inbox).where(*_WAITING)
_SINCE = select(func.count()).select_from(inbox).where(*_WAITING, inbox.c.created_at > bindparam("since"))


def find(tx: Tx, owner: str, did: str) -> Newcomer | None:
    """Return the row of an organisation, locked until the commit; None when it never knocked."""
    row = tx.connection.execute(_ONE, {"of_owner": owner, "of_did": did}).first()
    return None if row is None else _newcomer(row)


def load(tx: Tx, owner: str, did: str) -> Newcomer:
    """Return the row of an organisation, locked until the commit. Raises NotFound."""
    found = find(tx, owner, did)
    if found is None:
        raise NotFound(did)
    return found


def peek(tx: Tx, owner: str, did: str) -> Newcomer:
    """Return the row of an organisation without locking it. Raises NotFound."""
    query = select(inbox).where(inbox.c.owner == owner, inbox.c.did == did)
    row = tx.connection.execute(query).first()
    if row is None:
        raise NotFound(did)
    return _newcomer(row)


def count_waiting(tx: Tx, owner: str, within: timedelta | None = None) -> int:
    """Return how many wait for a person; with `within`, only those that first knocked that lately."""
    if within is None:
        return int(tx.connection.execute(_COUNT, {"of_owner": owner}).scalar_one())
    return int(tx.connection.execute(_SINCE, {"of_owner": owner, "since": tx.now - within}).scalar_one())


def put(tx: Tx, newcomer: Newcomer) -> None:
    """Insert (version 0) or update a row. Raises StaleVersion when it changed meanwhile."""
    values = {name: getattr(newcomer, name) for name in newcomer.__slots__}
    values.update(version=newcomer.version + 1, updated_at=tx.now, created_at=newcomer.created_at or tx.now)
    if newcomer.version == 0:
        tx.connection.execute(insert(inbox), values)
    else:
        where = (inbox.c.owner == newcomer.owner, inbox.c.did == newcomer.did, inbox.c.version == newcomer.version)
        if tx.connection.execute(update(inbox).where(*where).values(values)).rowcount != 1:
            raise StaleVersion(newcomer.did)
    newcomer.version += 1
    newcomer.updated_at, newcomer.created_at = tx.now, values["created_at"]


def page(
    tx: Tx, owner: str, *, after: tuple[datetime, str] | None = None, limit: int = 50, status: str | None = None
) -> list[Newcomer]:
    """Return organisations that knocked, the newest first."""
    query = select(inbox).where(inbox.c.owner == owner)
    if status is not None:
        query = query.where(inbox.c.status == status)
    if after is not None:
        at, did = after
        query = query.where(or_(inbox.c.created_at < at, and_(inbox.c.created_at == at, inbox.c.did < did)))
    ordered = query.order_by(inbox.c.created_at.desc(), inbox.c.did.desc()).limit(limit)
    return [_newcomer(row) for row in tx.connection.execute(ordered)]


def _newcomer(row: Row[Any]) -> Newcomer:
    return Newcomer(**row._mapping)
