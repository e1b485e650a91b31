"""Rows of evidence: what we have to tell a partner about a contract after its conclusion, until it has taken it.

A row is written with what it tells of, unsealed; the job `evidence` seals it and hands it in. What was sealed, ours and
theirs, stands among the notices of the contract (contracts.py).
"""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import insert, select, update

from connector.store.db import Tx
from connector.store.tables import evidence

Kind = Literal["termination", "suspension", "resumption", "receipt", "timestamp"]
Status = Literal["waiting", "sent", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One thing to tell about the contract of a negotiation."""

    owner: str
    id: str
    negotiation: str
    peer: str
    kind: Kind
    at: datetime
    """When what it tells of happened."""
    code: str = ""
    reason: str = ""
    decided_by: dict[str, Any] = field(default_factory=dict)
    jws: str | None = field(default=None, repr=False)
    """What the partner gets; of a notice, once it is sealed."""
    status: Status = "waiting"
    attempts: int = 0
    """How often the partner answered without taking it."""
    problem: str | None = None
    """What it answered last."""
    created_at: datetime = field(default_factory=lambda: datetime.min)


_COLUMNS = evidence.c


def add(tx: Tx, due: Due) -> None:
    """Write down something to tell."""
    values = {name: getattr(due, name) for name in due.__slots__}
    told = json.dumps(due.decided_by, ensure_ascii=False)
    tx.connection.execute(insert(evidence), {**values, "decided_by": told, "created_at": tx.now})


def find(tx: Tx, owner: str, due_id: str) -> Due | None:
    """Return that thing, if it is written down."""
    query = select(evidence).where(_COLUMNS.owner == owner, _COLUMNS.id == due_id)
    row = tx.connection.execute(query).first()
    return None if row is None else _read(row)


def first(tx: Tx, owner: str, negotiation: str) -> Due | None:
    """Return what is to be told first about a contract."""
    return next(iter(_of(tx, owner, negotiation, status="waiting", limit=1)), None)


def every(tx: Tx, owner: str, negotiation: str) -> list[Due]:
    """Return what was and is to be told about a contract, in order."""
    return _of(tx, owner, negotiation)


def sealed(tx: Tx, due: Due, jws: str) -> None:
    """Keep what the partner gets."""
    _change(tx, due, jws=jws)


def sent(tx: Tx, due: Due) -> None:
    """The partner has taken it."""
    _change(tx, due, status="sent", problem=None)


def not_taken(tx: Tx, due: Due, problem: str, *, is_final: bool) -> None:
    """The partner answered without taking it; `is_final`: it is not told again."""
    _change(tx, due, status="refused" if is_final else "waiting", attempts=due.attempts + 1, problem=problem)


def _of(tx: Tx, owner: str, negotiation: str, *, status: Status | None = None, limit: int | None = None) -> list[Due]:
    query = select(evidence).where(_COLUMNS.owner == owner, _COLUMNS.negotiation == negotiation)
    if status is not None:
        query = query.where(_COLUMNS.status == status)
    query = query.order_by(_COLUMNS.created_at, _COLUMNS.id).limit(limit)
    return [_read(row) for row in tx.connection.execute(query)]


def _read(row: Any) -> Due:
    return Due(**{**row._mapping, "decided_by": json.loads(row.decided_by)})


def _change(tx: Tx, due: Due, **values: Any) -> None:
    tx.connection.execute(update(evidence).where(_COLUMNS.owner == due.owner, _COLUMNS.id == due.id).values(**values))
