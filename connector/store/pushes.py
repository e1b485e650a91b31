"""Rows of pushes: bytes that we, as provider, send to the address that a consumer gave.

`updated_at` is the instant of the last progress: how long nothing went is read from it. What a push does is in
dataplane/push.py; whether it may go on is said by the state of its transfer.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from connector.problems import NotFound, Problem
from connector.store import grants
from connector.store.db import Tx
from connector.store.fetches import told
from connector.store.grants import Flow
from connector.store.tables import pushes, transfers


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """How far the bytes of a transfer have been sent."""

    owner: str
    transfer: str
    status: str
    """`waiting` (for the next attempt, or for a start), `running`, `done` or `failed`."""
    sent_bytes: int
    """Of the present attempt: an upload that was cut begins again."""
    size_bytes: int | None
    sha256: str | None
    """Hexadecimal: what was sent, once it is done."""
    problem: dict[str, Any] | None
    """Why the last attempt did not succeed: `code`, `reason` in `fr` and `en`, `remedy`."""
    created_at: datetime
    begun_at: datetime
    """When the transfer was started last."""
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A push with the flow that it sends, and where to."""

    push: Push
    flow: Flow
    address: dict[str, Any]
    """The consumer's data address."""


_is_this = (pushes.c.owner == bindparam("o")) & (pushes.c.transfer == bindparam("t"))
_by_key = select(pushes).where(_is_this)
_address = select(transfers.c.data_address).where(
    transfers.c.owner == bindparam("o"), transfers.c.pid == bindparam("t")
)
_update = update(pushes).where(_is_this)


def begin(tx: Tx, owner: str, transfer: str) -> None:
    """Want the bytes of a transfer sent; one that failed gets another chance, one that is done stays done.

    The caller enqueues the job `push` with the transfer as key.
    """
    before = find(tx, owner, transfer)
    if before is None:
        values = {"owner": owner, "transfer": transfer, "status": "waiting", "sent_bytes": 0}
        instants = {"created_at": tx.now, "begun_at": tx.now, "updated_at": tx.now}
        tx.connection.execute(insert(pushes), values | instants)
    elif before.status in ("failed", "waiting"):
        _change(tx, owner, transfer, status="waiting", problem=None, begun_at=tx.now, updated_at=tx.now)


def find(tx: Tx, owner: str, transfer: str) -> Push | None:
    """Return the push of a transfer, None when there is none."""
    row = tx.connection.execute(_by_key, {"o": owner, "t": transfer}).first()
    if row is None:
        return None
    values = {name: getattr(row, name) for name in Push.__slots__}
    return Push(**{**values, "problem": None if row.problem is None else json.loads(row.problem)})


def load(tx: Tx, owner: str, transfer: str) -> Push:
    """Return the push of a transfer. Raises NotFound."""
    push = find(tx, owner, transfer)
    if push is None:
        raise NotFound(transfer)
    return push


def due(tx: Tx, owner: str, transfer: str) -> Due | None:
    """Return the push of a transfer with what it sends and where to; None when nothing is wanted."""
    push, flow = find(tx, owner, transfer), grants.flow(tx, owner, transfer)
    if push is None or flow is None:
        return None
    address = tx.connection.execute(_address, {"o": owner, "t": transfer}).scalar_one()
    return Due(push=push, flow=flow, address=json.loads(address or "{}"))


def attempt(tx: Tx, owner: str, transfer: str, size_bytes: int) -> None:
    """Record that an upload begins."""
    _change(tx, owner, transfer, status="running", sent_bytes=0, size_bytes=size_bytes)


def progress(tx: Tx, owner: str, transfer: str, sent_bytes: int) -> None:
    """Record how much of the present attempt has been handed to the network."""
    _change(tx, owner, transfer, status="running", sent_bytes=sent_bytes, problem=None, updated_at=tx.now)


def pause(tx: Tx, owner: str, transfer: str, problem: Problem | None = None) -> None:
    """Record that the push waits, and why: for another attempt, or (no problem) for its transfer to start."""
    _change(tx, owner, transfer, status="waiting", problem=told(problem))


def fail(tx: Tx, owner: str, transfer: str, problem: Problem) -> None:
    """Record that the push ended for good, until the transfer is started again."""
    _change(tx, owner, transfer, status="failed", problem=told(problem), updated_at=tx.now)


def finish(tx: Tx, owner: str, transfer: str, *, size_bytes: int, sha256: str) -> None:
    """Record that the receiver has accepted everything."""
    values = {"sent_bytes": size_bytes, "size_bytes": size_bytes, "sha256": sha256}
    _change(tx, owner, transfer, status="done", problem=None, updated_at=tx.now, **values)


def _change(tx: Tx, owner: str, transfer: str, **values: Any) -> None:
    tx.connection.execute(_update.values(**values), {"o": owner, "t": transfer})
