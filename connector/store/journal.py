"""The journal: for each process an append-only chain of entries, written in the transaction of what they tell.

An entry is stored as one JSON text that says everything about it, and `h_n = SHA-256(h_{n-1} ‖ text_n)`, where
h_{n-1} is the hash before it in lower-case hexadecimal (nothing for the first). Whoever holds the texts can verify the
chain with a shell and sha256sum; nobody can change, drop or reorder one without changing every hash that follows. The
table refuses UPDATE and DELETE.
"""

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Integer, Label, Row, bindparam, exists, insert, select, tuple_

from connector.store.db import Tx
from connector.store.due import Due, write
from connector.store.errors import BrokenChain
from connector.store.prepared import Prepared
from connector.store.tables import journal

_CHUNK = 500


@dataclass(frozen=True)
class Entry:
    """One entry of a chain."""

    n: int
    at: datetime
    kind: str
    entry: dict[str, Any] = field(repr=False)
    message_id: str | None
    text: str = field(repr=False)
    """What is hashed: the stored JSON text."""
    hash: str


_OF_PROCESS = (journal.c.owner == bindparam("of_owner"), journal.c.process == bindparam("of_process"))
_HEAD = Prepared(select(journal.c.n, journal.c.hash).where(*_OF_PROCESS).order_by(journal.c.n.desc()).limit(1))
_APPEND = Prepared(insert(journal), journal.c.keys())
_TOLD = Prepared(select(journal.c.n).where(*_OF_PROCESS, journal.c.message_id == bindparam("of_message")).limit(1))
_OF_MESSAGE = Prepared(
    select(journal.c.n, journal.c.at, journal.c.kind, journal.c.message_id, journal.c.entry, journal.c.hash)
    .where(*_OF_PROCESS, journal.c.message_id == bindparam("of_message"))
    .order_by(journal.c.n)
)
_PAGE = Prepared(
    select(journal.c.n, journal.c.at, journal.c.kind, journal.c.message_id, journal.c.entry, journal.c.hash)
    .where(*_OF_PROCESS, journal.c.n > bindparam("after_n", type_=Integer))
    .order_by(journal.c.n)
    .limit(bindparam("count", type_=Integer))
)
_FOLLOWING = (
    select(journal)
    .where(
        journal.c.owner == bindparam("of_owner"),
        tuple_(journal.c.process, journal.c.n)
        > tuple_(bindparam("after_process"), bindparam("after_n", type_=Integer)),
    )
    .order_by(journal.c.process, journal.c.n)
    .limit(bindparam("count", type_=Integer))
)
_HASH = select(journal.c.hash).where(*_OF_PROCESS, journal.c.n == bindparam("of_n", type_=Integer))
_LATEST = Prepared(
    select(journal.c.n, journal.c.at, journal.c.kind, journal.c.message_id, journal.c.entry, journal.c.hash)
    .where(*_OF_PROCESS)
    .order_by(journal.c.n.desc())
    .limit(bindparam("count", type_=Integer))
)


def append(tx: Tx, owner: str, process: str, kind: str, entry: dict[str, Any], message_id: str | None = None) -> None:
    """Add an entry to the chain of the process. On PostgreSQL the row of the process must be locked.

    It is written with the unit's other entries by `flush`.
    """
    n, last_hash = _head(tx, owner, process)
    told = {"owner": owner, "process": process, "n": n + 1, "at": tx.now, "kind": kind, "message_id": message_id}
    text = orjson.dumps({**told, "at": tx.now.isoformat(), "entry": entry}).decode()
    new_hash = link(last_hash, text)
    tx.entries.append({**told, "entry": text, "hash": new_hash})
    tx.heads[owner, process] = (n + 1, new_hash)


def begin(tx: Tx, owner: str, process: str) -> None:
    """Know that a process which is not stored yet has no entries but those of this unit."""
    tx.heads.setdefault((owner, process), (0, ""))


def flush(tx: Tx) -> None:
    """Write what was appended: whoever reads the journal calls it before that. The store does when a unit ends."""
    if tx.entries:
        write(tx.connection, due(tx))


def due(tx: Tx) -> list[Due]:
    """Return what is to be written; it counts as written from now on."""
    found = [Due(_APPEND, [*tx.entries])] if tx.entries else []
    tx.entries.clear()
    return found


def has_message(tx: Tx, owner: str, process: str, message_id: str) -> bool:
    """Return True when the journal of the process already tells of that message."""
    told = tx.told.get((owner, process, message_id))
    if told is None:
        flush(tx)
        named = {"of_owner": owner, "of_process": process, "of_message": message_id}
        told = _TOLD.first(tx.connection, named) is not None
    return told


def of_message(tx: Tx, owner: str, process: str, message_id: str) -> list[Entry]:
    """Return the entries that tell of a message with that `@id`, in order: more than one where a peer uses it again."""
    flush(tx)
    named = {"of_owner": owner, "of_process": process, "of_message": message_id}
    return [_entry(row) for row in _OF_MESSAGE.all(tx.connection, named)]


def beside(owner: ColumnElement[str], process: ColumnElement[str]) -> list[Label[Any]]:
    """Return the columns, for a query of a process, that tell the head of its journal.

    The last one says whether the journal tells of the message `k_message`. `note` keeps what they told.
    """
    head = select(journal).where(journal.c.owner == owner, journal.c.process == process).order_by(journal.c.n.desc())
    told = exists().where(
        journal.c.owner == owner, journal.c.process == process, journal.c.message_id == bindparam("k_message")
    )
    columns = [head.with_only_columns(column).limit(1).scalar_subquery() for column in (journal.c.n, journal.c.hash)]
    return [columns[0].label("journal_n"), columns[1].label("journal_hash"), told.label("journal_tells")]


def note(tx: Tx, owner: str, process: str, row: Row[Any], message_id: str | None) -> None:
    """Keep what the columns of `beside` told of a process, so that the unit does not ask again.

    On PostgreSQL they may be older than the row, if that was waited for: then an entry of the same number is there
    already, the unit cannot commit and is run again.
    """
    if row.journal_n is not None:
        tx.heads.setdefault((owner, process), (row.journal_n, row.journal_hash))
    if message_id is not None:
        tx.told[owner, process, message_id] = bool(row.journal_tells)


def page(tx: Tx, owner: str, process: str, after_n: int = 0, limit: int = 50) -> list[Entry]:
    """Return the entries after number `after_n`, in order."""
    flush(tx)
    named = {"of_owner": owner, "of_process": process, "after_n": after_n, "count": limit}
    return [_entry(row) for row in _PAGE.all(tx.connection, named)]


def since(tx: Tx, owner: str, process: str, after_n: int = 0) -> list[Entry]:
    """Return all entries after number `after_n`, in order: those of this unit need not be written first."""
    added = [one for one in tx.entries if (one["owner"], one["process"]) == (owner, process) and one["n"] > after_n]
    last, found = after_n, list[Entry]()
    while not added or last + 1 < added[0]["n"]:
        named = {"of_owner": owner, "of_process": process, "after_n": last, "count": _CHUNK}
        stored = [_entry(row) for row in _PAGE.all(tx.connection, named)]
        found += stored
        if len(stored) < _CHUNK:
            break
        last = stored[-1].n
    return found + [_entry(SimpleNamespace(**one)) for one in added]


def latest(tx: Tx, owner: str, process: str, limit: int = 50) -> list[Entry]:
    """Return the last entries, the newest first."""
    flush(tx)
    named = {"of_owner": owner, "of_process": process, "count": limit}
    return [_entry(row) for row in _LATEST.all(tx.connection, named)]


def verify(tx: Tx, owner: str, process: str) -> None:
    """Compute the chain again. Raises BrokenChain naming the first entry that does not fit."""
    n, last_hash = 0, ""
    while entries := page(tx, owner, process, n, _CHUNK):
        for entry in entries:
            n += 1
            last_hash = link(last_hash, entry.text)
            if entry.n != n or entry.hash != last_hash or not _says(entry, owner, process):
                raise BrokenChain(f"{process} n={n}")


@dataclass(frozen=True, slots=True)
class Place:
    """An entry among all journals of an owner, which stand in the order of their processes; ("", 0): before all."""

    process: str = ""
    n: int = 0


@dataclass(frozen=True, slots=True)
class Examined:
    """Some entries, looked at across journals: where they end, how many, and which ones do not fit."""

    last: Place
    entries: int
    journals: int
    """How many journals begin among them."""
    broken: list[Place]


def examine(tx: Tx, owner: str, after: Place, limit: int) -> Examined:
    """Compute the chains of the entries that follow a place again, across all journals of the owner.

    Each entry is held against the one before it as that is stored, so that one that was changed is named once, and a
    gap where it begins.
    """
    named = {"of_owner": owner, "after_process": after.process, "after_n": after.n, "count": limit}
    rows = tx.connection.execute(_FOLLOWING, named).all()
    at, last_hash, broken, journals = after, _hash(tx, owner, after), [], 0
    for row in rows:
        if row.process != at.process:
            at, last_hash, journals = Place(row.process), "", journals + 1
        fits = row.n == at.n + 1 and row.hash == link(last_hash, row.entry)
        at, last_hash = Place(row.process, row.n), row.hash
        if not fits or not _says(_entry(row), owner, row.process):
            broken.append(at)
    return Examined(at, len(rows), journals, broken)


def link(last_hash: str, text: str) -> str:
    """Return the hash of an entry from the one before it (empty for the first) and its own text."""
    return sha256((last_hash + text).encode()).hexdigest()


def _hash(tx: Tx, owner: str, place: Place) -> str:
    named = {"of_owner": owner, "of_process": place.process, "of_n": place.n}
    return tx.connection.execute(_HASH, named).scalar() or ""


def _head(tx: Tx, owner: str, process: str) -> tuple[int, str]:
    if (head := tx.heads.get((owner, process))) is not None:
        return head
    row = _HEAD.first(tx.connection, {"of_owner": owner, "of_process": process})
    return (0, "") if row is None else (row.n, row.hash)


def _entry(row: Any) -> Entry:
    told = orjson.loads(row.entry)
    return Entry(row.n, row.at, row.kind, told["entry"], row.message_id, row.entry, row.hash)


def _says(entry: Entry, owner: str, process: str) -> bool:
    """Return True when the columns beside the text say what the text says."""
    columns = (owner, process, entry.n, entry.at.isoformat(), entry.kind, entry.message_id)
    told = orjson.loads(entry.text)
    return columns == tuple(told[name] for name in ("owner", "process", "n", "at", "kind", "message_id"))
