"""Rows of fetches: bytes that we, as consumer, receive into a file.

`updated_at` is the instant of the last progress: how long nothing came is read from it. What a fetch does is in
dataplane/receive.py; whether it may go on is said by the state of its transfer, which each report returns.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, insert, select, update

from connector.problems import NotFound, Problem
from connector.store import events
from connector.store.db import Tx
from connector.store.tables import fetches, transfers


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """How far the bytes of a transfer have been received."""

    owner: str
    transfer: str
    path: str
    overwrite: bool
    status: str
    """`waiting` (for a start, or for the next attempt), `running`, `done` or `failed`."""
    done_bytes: int
    size_bytes: int | None
    sha256: str | None
    """Hexadecimal: what the provider announced; once done, what was received."""
    etag: str | None
    problem: dict[str, Any] | None
    """Why the last attempt did not succeed: `code`, `reason` in `fr` and `en`, `remedy`."""
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A fetch with what it needs to know of its transfer."""

    fetch: Fetch
    peer: str
    state: str
    pending: str | None
    address: str | None = field(repr=False)
    """The data address of the provider's last start, JSON text."""

    @property
    def data_address(self) -> dict[str, Any] | None:
        return None if self.address is None else json.loads(self.address)


_is_this = (fetches.c.owner == bindparam("o")) & (fetches.c.transfer == bindparam("t"))
_transfer = (transfers.c.owner == bindparam("o")) & (transfers.c.pid == bindparam("t"))
_by_key = select(fetches).where(_is_this)
_wanted = (
    select(fetches, transfers.c.peer, transfers.c.state, transfers.c.pending, transfers.c.data_address)
    .select_from(
        fetches.join(transfers, (transfers.c.owner == fetches.c.owner) & (transfers.c.pid == fetches.c.transfer))
    )
    .where(_is_this)
)
_update = update(fetches).where(_is_this)
_HEALED_BY_A_START = ("fetch-token-lost", "fetch-refused")


def begin(tx: Tx, owner: str, transfer: str, path: str, *, overwrite: bool = False) -> None:
    """Want the bytes of a transfer in this file; asking again after a failure goes on where it stopped.

    The caller enqueues the job `fetch` with the transfer as key, now and whenever a start brings a new address.
    """
    before = _first(tx, _by_key, owner, transfer)
    values: dict[str, Any] = {"path": path, "overwrite": int(overwrite), "status": "waiting", "problem": None}
    if before is None:
        values |= {"owner": owner, "transfer": transfer, "done_bytes": 0, "created_at": tx.now, "updated_at": tx.now}
        tx.connection.execute(insert(fetches), values)
        return
    if before.path != path:
        values |= {"done_bytes": 0, "size_bytes": None, "sha256": None, "etag": None}
    _change(tx, owner, transfer, **values, updated_at=tx.now)


def awaken(tx: Tx, owner: str, transfer: str) -> bool:
    """Return True when a fetch should look at an address that has just come: then the caller enqueues the job.

    A fetch that failed because the provider refused or dropped its token gets another chance.
    """
    row = _first(tx, _by_key, owner, transfer)
    if row is None or row.status == "done":
        return False
    fetch = _fetch(row)
    if fetch.status == "failed":
        if (fetch.problem or {}).get("code") not in _HEALED_BY_A_START:
            return False
        _change(tx, owner, transfer, status="waiting", problem=None, updated_at=tx.now)
    return True


def load(tx: Tx, owner: str, transfer: str) -> Fetch:
    """Return the fetch of a transfer. Raises NotFound."""
    row = _first(tx, _by_key, owner, transfer)
    if row is None:
        raise NotFound(transfer)
    return _fetch(row)


def wanted(tx: Tx, owner: str, transfer: str) -> Wanted | None:
    """Return the fetch of a transfer, with where its bytes are; None when nobody wants them."""
    row = _first(tx, _wanted, owner, transfer)
    if row is None:
        return None
    return Wanted(fetch=_fetch(row), peer=row.peer, state=row.state, pending=row.pending, address=row.data_address)


def announced(
    tx: Tx, owner: str, transfer: str, *, size_bytes: int | None, sha256: str | None, etag: str | None
) -> None:
    """Record what the provider says of the content that it begins to send."""
    _change(tx, owner, transfer, size_bytes=size_bytes, sha256=sha256, etag=etag)


def progress(tx: Tx, owner: str, transfer: str, done_bytes: int) -> Wanted | None:
    """Record how much has been received, and return what is wanted now."""
    _change(tx, owner, transfer, status="running", done_bytes=done_bytes, problem=None, updated_at=tx.now)
    return wanted(tx, owner, transfer)


def pause(tx: Tx, owner: str, transfer: str, done_bytes: int, problem: Problem | None = None) -> None:
    """Record that the fetch waits, and why: for another attempt, or (no problem) for its transfer to start."""
    _change(tx, owner, transfer, status="waiting", done_bytes=done_bytes, problem=told(problem))


def fail(tx: Tx, owner: str, transfer: str, problem: Problem) -> None:
    """Record that the fetch ended for good, until somebody asks again."""
    _change(tx, owner, transfer, status="failed", problem=told(problem), updated_at=tx.now)
    events.append(tx, owner, "fetch.failed", transfer, problem=problem.code)


def finish(tx: Tx, owner: str, transfer: str, *, size_bytes: int, sha256: str) -> None:
    """Record that everything was received, verified and put in its place."""
    _change(
        tx,
        owner,
        transfer,
        status="done",
        done_bytes=size_bytes,
        size_bytes=size_bytes,
        sha256=sha256,
        problem=None,
        updated_at=tx.now,
    )
    events.append(tx, owner, "fetch.done", transfer, size_bytes=size_bytes, sha256=sha256)


def renew_address(tx: Tx, owner: str, transfer: str, before: str, after: str) -> None:
    """Keep renewed tokens, unless the transfer has got another address meanwhile."""
    columns = transfers.c
    statement = update(transfers).where(_transfer, columns.data_address == bindparam("b"))
    values = {"data_address": after, "version": columns.version + 1}
    tx.connection.execute(statement.values(values), {"o": owner, "t": transfer, "b": before})


def _change(tx: Tx, owner: str, transfer: str, **values: Any) -> None:
    tx.connection.execute(_update.values(**values), {"o": owner, "t": transfer})


def _first(tx: Tx, query: Any, owner: str, transfer: str) -> Row[*tuple[Any, ...]] | None:
    row: Row[*tuple[Any, ...]] | None = tx.connection.execute(query, {"o": owner, "t": transfer}).first()
    return row


def told(problem: Problem | None) -> str | None:
    """Return a problem as a row keeps it: its code, and what a person reads."""
    if problem is None:
        return None
    reason = {language: problem.say(language) for language in ("fr", "en")}
    return json.dumps({"code": problem.code, "reason": reason, "remedy": problem.remedy}, ensure_ascii=False)


def _fetch(row: Row[*tuple[Any, ...]]) -> Fetch:
    values = {name: getattr(row, name) for name in Fetch.__slots__}
    problem = None if row.problem is None else json.loads(row.problem)
    return Fetch(**{**values, "overwrite": bool(row.overwrite), "problem": problem})
