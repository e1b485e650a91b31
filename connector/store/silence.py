"""Peers that do not answer: how long they are left alone, and what happens when they speak again.

A silent peer is a row of `peer_health`. The first call that fails writes it, a failed probe makes it older, and any
word from the peer deletes it. How jobs wait for it: job_rows.py. For how long: backoff.py.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Integer, Text, and_, bindparam, delete, insert, select, update

from connector.store.backoff import LEASE_S, MAX_FAILURES, peer_delay_s
from connector.store.tables import Instant, jobs, peer_health

LEASE = timedelta(seconds=LEASE_S)


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
_FORGET = delete(peer_health).where(_PEER).returning(peer_health.c.retry_at)
_TRY_NOW = update(peer_health).where(_PEER).values(retry_at=bindparam("now", type_=Instant))

_IDLE = and_(
    jobs.c.owner == bindparam("of_owner"),
    jobs.c.peer == bindparam("of_peer"),
    jobs.c.status == "waiting",
    jobs.c.leased_by.is_(None),
    jobs.c.run_at <= bindparam("until_at", type_=Instant),
)
_WAKE = update(jobs).where(_IDLE).values(run_at=bindparam("now", type_=Instant))
_REVIVE = (
    update(jobs)
    .where(jobs.c.owner == bindparam("of_owner"), jobs.c.peer == bindparam("of_peer"))
    .where(jobs.c.status == "dead", jobs.c.attempts < MAX_FAILURES)
    .values(status="waiting", run_at=bindparam("now", type_=Instant), problem=None)
)
_GIVE_UP = update(jobs).where(_IDLE).values(status="dead", problem=bindparam("why", type_=Text))
# What is held back for the probe. Others wait for an instant of their own: two of them would wake each other for ever.
_FIRST_HELD = (
    select(jobs.c.owner, jobs.c.kind, jobs.c.key)
    .where(_IDLE, jobs.c.run_at == bindparam("until_at", type_=Instant))
    .limit(1)
)
_WAKE_ONE = (
    update(jobs)
    .where(_IDLE, jobs.c.kind == bindparam("of_kind"), jobs.c.key == bindparam("of_key"))
    .values(run_at=bindparam("now", type_=Instant))
)


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
    return Silence(peer, failures, known.since, retry_at, problem)


def broken(connection: Connection, owner: str, peer: str, now: datetime) -> bool:
    """Forget the peer's silence and make due all that waited for it; False when it was not silent."""
    retry_at = connection.execute(_FORGET, _named(owner, peer)).scalar()
    if retry_at is None:
        return False
    connection.execute(_WAKE, {**_named(owner, peer), "until_at": max(retry_at, now + LEASE), "now": now})
    connection.execute(_REVIVE, {**_named(owner, peer), "now": now})
    return True


def give_up(connection: Connection, owner: str, peer: str, problem: str, now: datetime) -> None:
    """Mark dead all that waits for the peer."""
    connection.execute(_GIVE_UP, {**_named(owner, peer), "until_at": now + LEASE, "why": problem})


def try_now(connection: Connection, owner: str, peer: str, now: datetime) -> bool:
    """Let the next probe go at once; False when the peer is not silent."""
    return connection.execute(_TRY_NOW, {**_named(owner, peer), "now": now}).rowcount == 1


def pass_on(connection: Connection, owner: str, peer: str, now: datetime) -> None:
    """Let the next waiting job be the probe, after one that ended well without a word from the peer."""
    known = of_peer(connection, owner, peer)
    if known is None:
        return
    try_now(connection, owner, peer, now)
    waiting = {**_named(owner, peer), "until_at": known.retry_at}
    first = connection.execute(_FIRST_HELD, waiting).one_or_none()
    if first is not None:
        connection.execute(_WAKE_ONE, {**waiting, "of_kind": first.kind, "of_key": first.key, "now": now})


def _named(owner: str, peer: str) -> dict[str, Any]:
    return {"of_owner": owner, "of_peer": peer}
