"""Rows of events: what moved, for programs that follow an owner's affairs. Written in the transaction of the move.

A unit's events are written without numbers, by one INSERT that waits for nobody. Whoever reads gives numbers to those
that have none, one reader at a time: so numbers have no holes, and a reader that goes on after the last number it has
seen misses nothing, although transactions on PostgreSQL may commit in another order than they began in. What is here is
a summary, kept for a while; what evidence needs is in the journal.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Integer, bindparam, delete, insert, select, text

from connector.store.db import Tx
from connector.store.due import Due
from connector.store.prepared import Prepared
from connector.store.tables import Instant, events

TOPIC = "events"
"""Topic, within this process only, of the owners for whom an event was written; key: the owner."""
KINDS = (
    "negotiation.moved",
    "transfer.moved",
    "agreement.concluded",
    "agreement.ended",
    "contract.expiring",
    "notice.received",
    "notice.refused",
    "attestation.given",
    "attestation.withdrawn",
    "decision.awaited",
    "message.refused",
    "request.closed",
    "process.diverged",
    "fetch.done",
    "fetch.failed",
    "job.dead",
    "webhook.stopped",
)
NUMBERED_AT_ONCE = 10_000
SKIPPED = 1_000_000_000
"""More numbers than a node gives between a backup and its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened in an owner's affairs."""

    n: int
    """Its number: grows by one with each event of the owner."""
    at: datetime
    kind: str
    subject: str
    """What it is about: a process, an agreement, the key of a job."""
    peer: str | None
    told: dict[str, Any]


_APPEND = Prepared(insert(events), ("owner", "at", "kind", "subject", "peer", "told"))
_COLUMNS = (events.c.n, events.c.at, events.c.kind, events.c.subject, events.c.peer, events.c.told)
_OWN = events.c.owner == bindparam("of_owner")
_PAGE = (
    select(*_COLUMNS)
    .where(_OWN, events.c.n > bindparam("after_n", type_=BigInteger))
    .order_by(events.c.n)
    .limit(bindparam("count", type_=Integer))
)
_FRESH = select(events.c.id).where(_OWN, events.c.n.is_(None)).limit(1)
_HEAD = text("INSERT INTO event_heads (owner, n) VALUES (:of_owner, 0) ON CONFLICT (owner) DO NOTHING")
_LOCK = text("UPDATE event_heads SET n = n WHERE owner = :of_owner RETURNING n")
_NUMBER = text("""
    UPDATE events SET n = :head + fresh.place
    FROM (
        SELECT id, row_number() OVER (ORDER BY id) AS place FROM events
        WHERE owner = :of_owner AND n IS NULL ORDER BY id LIMIT :count
    ) AS fresh
    WHERE events.id = fresh.id
""").bindparams(bindparam("head", type_=BigInteger), bindparam("count", type_=Integer))
_ADVANCE = text("UPDATE event_heads SET n = n + :more WHERE owner = :of_owner").bindparams(
    bindparam("more", type_=BigInteger)
)
_FORGET = delete(events).where(events.c.at < bindparam("old_at", type_=Instant))


def append(tx: Tx, owner: str, kind: str, subject: str, peer: str | None = None, **told: Any) -> None:
    """Tell of an event; what is told is plain JSON, and no secret. Written when the unit ends."""
    row = {"owner": owner, "at": tx.now, "kind": kind, "subject": subject, "peer": peer}
    tx.happened.append({**row, "told": json.dumps(told, ensure_ascii=False, separators=(",", ":"))})
    tx.signals.append((TOPIC, owner, False))


def due(tx: Tx) -> list[Due]:
    """Return the unit's events, to be written when it ends; they count as written from now on."""
    found = [Due(_APPEND, [*tx.happened])] if tx.happened else []
    tx.happened.clear()
    return found


def page(tx: Tx, owner: str, after: int, limit: int, kinds: Collection[str] = ()) -> list[Event]:
    """Return numbered events after a number, of some kinds only if any are named."""
    query = _PAGE.where(events.c.kind.in_(list(kinds))) if kinds else _PAGE
    rows = tx.connection.execute(query, {"of_owner": owner, "after_n": after, "count": limit})
    return [Event(**{**row._mapping, "told": json.loads(row.told)}) for row in rows]


def has_fresh(tx: Tx, owner: str) -> bool:
    """True when there are events without a number."""
    return tx.connection.execute(_FRESH, {"of_owner": owner}).first() is not None


def number(tx: Tx, owner: str) -> None:
    """Give numbers to the owner's events that have none, in the order in which they were written."""
    named = {"of_owner": owner}
    tx.connection.execute(_HEAD, named)
    head = tx.connection.execute(_LOCK, named).scalar_one()  # until the commit, nobody else numbers
    done = tx.connection.execute(_NUMBER, {**named, "head": head, "count": NUMBERED_AT_ONCE})
    tx.connection.execute(_ADVANCE, {**named, "more": done.rowcount})


def head(tx: Tx, owner: str) -> int:
    """Return the highest number that was given."""
    found = tx.connection.execute(text("SELECT n FROM event_heads WHERE owner = :of_owner"), {"of_owner": owner})
    return int(found.scalar() or 0)


def first_after(tx: Tx, owner: str, after: int) -> int | None:
    """Return the lowest number above this one that an event still has."""
    found = page(tx, owner, after, 1)
    return found[0].n if found else None


def latest(tx: Tx, owner: str) -> int:
    """Number all that has none, and return the highest number. For units that write."""
    number(tx, owner)
    while has_fresh(tx, owner):
        number(tx, owner)
    return head(tx, owner)


def skip(tx: Tx, owner: str) -> None:
    """Number what has none, as the node of the backup would have, then go on far above all that it gave since."""
    latest(tx, owner)
    tx.connection.execute(_ADVANCE, {"of_owner": owner, "more": SKIPPED})


def forget(tx: Tx, before: datetime) -> None:
    """Delete the events from before an instant, numbered or not."""
    tx.connection.execute(_FORGET, {"old_at": before})
