"""Peers that do not answer: how long they are left alone, and what happens when they speak again.

A silent peer is a row of `peer_health`. The first call that fails writes it, a failed probe makes it older, and any
word from the peer deletes it. How jobs wait for it: job_rows.py. For how long: backoff.py.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Label,
    Text,
    and_,
    bindparam,
    delete,
    exists,
    insert,
    select,
    update,
)

from connector.store.backoff import MAX_FAILURES, peer_delay_s
from connector.store.prepared import Prepared
from connector.store.tables import Instant, jobs, peer_health


@dataclass(frozen=True)
class Silence:
    """Since when a peer has not answered, and when it is tried next."""

    peer: str
    failures: int
    since: datetime
    retry_at: datetime
    problem: str


_PEER = and_(peer_health.c.owner == bindparam("of_owner"), peer_health.c.peer == bindparam("of_peer"))
_SILENCE = select(
    peer_health.c.peer, peer_health.c.failures, peer_health.c.since, peer_health.c.retry_at, peer_health.c.problem
)
_ONE = _SILENCE.where(_PEER)
_ALL = (
    _SILENCE.where(peer_health.c.owner == bindparam("of_owner"), peer_health.c.peer > bindparam("after"))
    .order_by(peer_health.c.peer)
    .limit(bindparam("count", type_=Integer))
)
_AGE = (
    update(peer_health)
    .where(_PEER)
    .values(
        failures=bindparam("times", type_=Integer),
        retry_at=bindparam("again_at", type_=Instant),
        problem=bindparam("why", type_=Text),
    )
)
_FORGET = Prepared(delete(peer_health).where(_PEER).returning(peer_health.c.retry_at))
_TRY_NOW = update(peer_health).where(_PEER).values(retry_at=bindparam("now", type_=Instant))

# What is held back waits for the very instant of the next probe; what waits for an instant of its own is left alone.
_HELD_BACK = and_(
    jobs.c.owner == bindparam("of_owner"),
    jobs.c.peer == bindparam("of_peer"),
    jobs.c.status == "waiting",
    jobs.c.leased_by.is_(None),
    jobs.c.run_at == bindparam("held_until", type_=Instant),
)
_TRY_ALL_NOW = (
    update(peer_health)
    .where(peer_health.c.retry_at > bindparam("now", type_=Instant))
    .values(retry_at=bindparam("now", type_=Instant))
)
_MOVE_ALL = (
    update(jobs)
    .where(jobs.c.status == "waiting", jobs.c.leased_by.is_(None), jobs.c.run_at > bindparam("now", type_=Instant))
    .where(
        exists()
        .where(peer_health.c.owner == jobs.c.owner, peer_health.c.peer == jobs.c.peer)
        .where(peer_health.c.retry_at == jobs.c.run_at)
    )
    .values(run_at=bindparam("now", type_=Instant))
)
_MOVE = update(jobs).where(_HELD_BACK).values(run_at=bindparam("again_at", type_=Instant))
_GIVE_UP = (
    update(jobs)
    .where(_HELD_BACK)
    .values(status="dead", problem=bindparam("why", type_=Text))
    .returning(jobs.c.kind, jobs.c.key)
)
_REVIVE = (
    update(jobs)
    .where(jobs.c.owner == bindparam("of_owner"), jobs.c.peer == bindparam("of_peer"))
    .where(jobs.c.status == "dead", jobs.c.attempts < MAX_FAILURES)
    .values(status="waiting", run_at=bindparam("now", type_=Instant), problem=None)
)


def beside(owner: ColumnElement[str], peer: ColumnElement[str]) -> Label[bool]:
    """Return the column, for a query of something of a peer's, that says whether the peer is silent."""
    return exists().where(peer_health.c.owner == owner, peer_health.c.peer == peer).label("peer_is_silent")


def of_peer(connection: Connection, owner: str, peer: str) -> Silence | None:
    """Return since when the peer has been silent; None when nothing is known against it."""
    row = connection.execute(_ONE, _named(owner, peer)).one_or_none()
    return None if row is None else Silence(*row)


def listed(connection: Connection, owner: str, after: str = "", limit: int = 50) -> list[Silence]:
    """Return the owner's silent peers in the order of their names, from the one after `after`."""
    rows = connection.execute(_ALL, {"of_owner": owner, "after": after, "count": limit})
    return [Silence(*row) for row in rows]


def note(connection: Connection, owner: str, peer: str, problem: str, now: datetime, is_probe: bool) -> Silence:
    """Record that a call to the peer failed, and return when it is tried next.

    Calls that were already under way when the silence began do not make it older: only probes do.
    """
    known = of_peer(connection, owner, peer)
    if known is None:
        silence = Silence(peer, 1, now, now + timedelta(seconds=peer_delay_s(1, 0.0)), problem)
        connection.execute(insert(peer_health), {"owner": owner, **vars(silence)})
        return silence
    if not is_probe:
        return known
    failures = known.failures + 1
    retry_at = now + timedelta(seconds=peer_delay_s(failures, (now - known.since).total_seconds()))
    connection.execute(_AGE, {**_named(owner, peer), "times": failures, "again_at": retry_at, "why": problem})
    _move(connection, owner, known, retry_at)
    return Silence(peer, failures, known.since, retry_at, problem)


def broken(connection: Connection, owner: str, peer: str, now: datetime) -> bool:
    """Forget the peer's silence and make due all that waited for it; False when it was not silent."""
    forgotten = _FORGET.first(connection, _named(owner, peer))
    if forgotten is None:
        return False
    connection.execute(_MOVE, {**_named(owner, peer), "held_until": forgotten.retry_at, "again_at": now})
    connection.execute(_REVIVE, {**_named(owner, peer), "now": now})
    return True


def give_up(connection: Connection, owner: str, silence: Silence) -> list[tuple[str, str]]:
    """Mark dead all that waits for the peer; return kind and key of each."""
    held = {**_named(owner, silence.peer), "held_until": silence.retry_at, "why": silence.problem}
    return [(row.kind, row.key) for row in connection.execute(_GIVE_UP, held)]


def try_now(connection: Connection, owner: str, peer: str, now: datetime) -> None:
    """Let the next probe go at once, if the peer is silent."""
    known = of_peer(connection, owner, peer)
    if known is not None:
        connection.execute(_TRY_NOW, {**_named(owner, peer), "now": now})
        _move(connection, owner, known, now)


def try_all_now(connection: Connection, now: datetime) -> None:
    """Let the next probe of every silent peer go at once: a node that starts knows nothing of the network yet."""
    connection.execute(_MOVE_ALL, {"now": now})
    connection.execute(_TRY_ALL_NOW, {"now": now})


def _move(connection: Connection, owner: str, known: Silence, again_at: datetime) -> None:
    """Let what is held back wait for another instant."""
    held = {**_named(owner, known.peer), "held_until": known.retry_at, "again_at": again_at}
    connection.execute(_MOVE, held)


def _named(owner: str, peer: str) -> dict[str, Any]:
    return {"of_owner": owner, "of_peer": peer}
