"""Rows of agreements. An agreement is never changed, only its status; nothing that evidence needs is deleted."""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, bindparam, delete, insert, or_, select, update

from connector.problems import NotFound
from connector.protocol.machine import Role
from connector.store import events
from connector.store.db import Tx
from connector.store.period import ALWAYS, Period
from connector.store.prepared import Prepared
from connector.store.tables import agreements


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAgreement:
    """An agreement as it was concluded, with what each side declared."""

    owner: str
    id: str
    role: Role
    peer: str
    negotiation: str
    dataset: str
    document: str
    """JSON text as sent or received."""
    accepted_terms: list[Any]
    status: str
    created_at: datetime


_key = (agreements.c.owner == bindparam("k_owner"), agreements.c.id == bindparam("k_id"))
_by_id = Prepared(select(agreements).where(*_key))
_held = Prepared(select(agreements).where(*_key).with_for_update(read=True))
_insert = Prepared(insert(agreements), agreements.c.keys())
_set_status = Prepared(
    update(agreements)
    .where(*_key, agreements.c.status != bindparam("v_status"))
    .values(status=bindparam("v_status"))
    .returning(agreements.c.peer, agreements.c.role, agreements.c.negotiation, agreements.c.dataset)
)
_TOLD = {"active": "agreement.concluded", "ended": "agreement.ended"}


def add(tx: Tx, agreement: StoredAgreement) -> None:
    """Insert an agreement; one per negotiation, which the schema enforces."""
    values = {name: getattr(agreement, name) for name in agreement.__slots__}
    values["role"] = agreement.role.value
    values["accepted_terms"] = json.dumps(agreement.accepted_terms, ensure_ascii=False)
    values["created_at"] = tx.now
    _insert.add(tx.connection, [values])
    tx.agreements[agreement.owner, agreement.id] = replace(agreement, created_at=tx.now)


def load(tx: Tx, owner: str, agreement_id: str) -> StoredAgreement:
    """Return the agreement; one that this unit has added is not read. Raises NotFound."""
    return _found(tx, owner, agreement_id, _by_id)


def hold(tx: Tx, owner: str, agreement_id: str) -> StoredAgreement:
    """Return the agreement, which nobody ends until the commit: whoever ends it sees what began under it meanwhile.

    Any number may hold it at once. Raises NotFound.
    """
    return _found(tx, owner, agreement_id, _held)


def _found(tx: Tx, owner: str, agreement_id: str, query: Prepared) -> StoredAgreement:
    added: StoredAgreement | None = tx.agreements.get((owner, agreement_id))
    if added is not None:
        return added
    row = query.first(tx.connection, {"k_owner": owner, "k_id": agreement_id})
    if row is None:
        raise NotFound(agreement_id)
    return _from_row(row)


def set_status(tx: Tx, owner: str, agreement_id: str, status: str) -> None:
    """Set the status: `drafted`, `active` or `ended`."""
    tx.agreements.pop((owner, agreement_id), None)
    row = _set_status.first(tx.connection, {"k_owner": owner, "k_id": agreement_id, "v_status": status})
    if row is not None and status in _TOLD:
        told = {"role": row.role, "negotiation": row.negotiation, "dataset": row.dataset}
        events.append(tx, owner, _TOLD[status], agreement_id, row.peer, **told)


def discard_draft(tx: Tx, owner: str, agreement_id: str) -> None:
    """Remove an agreement that the peer refused before it was one; the journal keeps the text that was sent."""
    tx.agreements.pop((owner, agreement_id), None)
    columns = agreements.c
    tx.connection.execute(
        delete(agreements).where(columns.owner == owner, columns.id == agreement_id, columns.status == "drafted")
    )


def page(
    tx: Tx,
    owner: str,
    *,
    after: tuple[datetime, str] | None = None,
    limit: int = 50,
    period: Period = ALWAYS,
    **equal: str | None,
) -> list[StoredAgreement]:
    """Return agreements made in a period, the newest first, after a position in that order."""
    columns = agreements.c
    query = select(agreements).where(columns.owner == owner, *period.of(columns.created_at))
    for name, value in equal.items():
        if value is not None:
            query = query.where(columns[name] == value)
    if after is not None:
        at, key = after
        query = query.where(or_(columns.created_at < at, and_(columns.created_at == at, columns.id < key)))
    query = query.order_by(columns.created_at.desc(), columns.id.desc()).limit(limit)
    return [_from_row(row) for row in tx.connection.execute(query)]


def _from_row(row: Row[Any]) -> StoredAgreement:
    values = row._asdict()
    values["role"] = Role(values["role"])
    values["accepted_terms"] = json.loads(values["accepted_terms"])
    return StoredAgreement(**values)
