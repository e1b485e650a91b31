"""That the database was restored from a backup, and how each process of that time stands with its peer since.

A restoration is numbered; the last one is the generation of the database. `begin` writes, in the transaction that fills
the database, what a restored node must not take for granted: every process that is not ended, or ended lately, waits to
be compared with the peer. services/reconcile.py compares.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, and_, func, insert, or_, select, update

from connector.problems import NotFound
from connector.protocol import machine
from connector.protocol.negotiation import NEGOTIATION
from connector.protocol.transfer import TRANSFER
from connector.store import events, job_rows, journal, participants
from connector.store.db import Tx
from connector.store.job_rows import Job
from connector.store.tables import api_keys, negotiations, reconciliations, restores, transfers

LATELY = timedelta(days=7)
"""A process that ended less than this before the backup is compared too."""
JOBS = {"negotiation": "reconcile-negotiation", "transfer": "reconcile-transfer"}
_PROCESSES: tuple[tuple[str, Table, machine.Table], ...] = (
    ("negotiation", negotiations, NEGOTIATION),
    ("transfer", transfers, TRANSFER),
)


@dataclass(frozen=True, slots=True)
class Restore:
    """One restoration of the database."""

    n: int
    backup: str
    taken_at: datetime
    restored_at: datetime


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """How a process of the backup stands with the peer: `outcome` is `waiting` until it was compared."""

    owner: str
    process: str
    kind: str
    peer: str
    restore: int
    outcome: str
    """`waiting`, `agrees`, `moved` (we followed), `differs`, `unknown` (to the peer), `untold` (by the peer)."""
    state: str
    peer_state: str | None
    updated_at: datetime


def last(tx: Tx) -> Restore | None:
    """Return the latest restoration, None when the database was never restored."""
    row = tx.connection.execute(select(restores).order_by(restores.c.n.desc()).limit(1)).first()
    return None if row is None else Restore(**row._mapping)


def since(tx: Tx, n: int) -> list[Restore]:
    """Return the restorations after a number, in order."""
    query = select(restores).where(restores.c.n > n).order_by(restores.c.n)
    return [Restore(**row._mapping) for row in tx.connection.execute(query)]


def begin(tx: Tx, backup: str, taken_at: datetime, *, revoke_keys: bool) -> Restore:
    """Number the restoration; have every process that may have moved compared, and free what a dead node held.

    Events go on with numbers that no follower has seen.
    """
    before = last(tx)
    restore = Restore(before.n + 1 if before else 1, backup, taken_at, tx.now)
    tx.connection.execute(insert(restores), asdict(restore))
    job_rows.release_all(tx.connection, None, tx.now)
    if revoke_keys:
        tx.connection.execute(update(api_keys).where(api_keys.c.revoked_at.is_(None)).values(revoked_at=tx.now))
    for kind, table, machine_table in _PROCESSES:
        for row in list(_may_have_moved(tx, table, machine_table, taken_at)):
            _expect(tx, restore, kind, row)
    for hosted in participants.every(tx):
        events.skip(tx, hosted.owner)
    return restore


def _may_have_moved(tx: Tx, table: Table, rules: machine.Table, taken_at: datetime) -> Iterator[Any]:
    ended = [state for state in rules.states if rules.is_terminal(state)]
    is_open = or_(table.c.state.not_in(ended), table.c.updated_at >= taken_at - LATELY)
    query = select(table.c.owner, table.c.pid, table.c.peer, table.c.state).where(is_open)
    yield from tx.connection.execute(query)


def _expect(tx: Tx, restore: Restore, kind: str, row: Any) -> None:
    owner, pid, peer, state = row.owner, row.pid, row.peer, row.state
    entry = {"restore": restore.n, "taken_at": restore.taken_at.isoformat(), "state": state}
    journal.append(tx, owner, pid, "restored", entry)
    values = {"owner": owner, "process": pid, "kind": kind, "peer": peer, "restore": restore.n, "state": state}
    of_before = and_(reconciliations.c.owner == owner, reconciliations.c.process == pid)
    waiting = {**values, "outcome": "waiting", "peer_state": None, "updated_at": tx.now}
    if tx.connection.execute(update(reconciliations).where(of_before).values(waiting)).rowcount == 0:
        tx.connection.execute(insert(reconciliations), waiting)
    tx.enqueue(Job(JOBS[kind], owner, pid, peer=peer))


def load(tx: Tx, owner: str, process: str) -> Reconciliation:
    """Return how a process stands. Raises NotFound."""
    query = select(reconciliations).where(reconciliations.c.owner == owner, reconciliations.c.process == process)
    row = tx.connection.execute(query).first()
    if row is None:
        raise NotFound(process)
    return Reconciliation(**row._mapping)


def conclude(tx: Tx, owner: str, process: str, outcome: str, state: str, peer_state: str | None) -> None:
    """Write what the comparison came to."""
    values = {"outcome": outcome, "state": state, "peer_state": peer_state, "updated_at": tx.now}
    row = and_(reconciliations.c.owner == owner, reconciliations.c.process == process)
    tx.connection.execute(update(reconciliations).where(row).values(values))


def page(tx: Tx, owner: str, after: str, limit: int, outcome: str | None = None) -> list[Reconciliation]:
    """Return how processes stand, by their identifier."""
    query = select(reconciliations).where(reconciliations.c.owner == owner, reconciliations.c.process > after)
    if outcome is not None:
        query = query.where(reconciliations.c.outcome == outcome)
    query = query.order_by(reconciliations.c.process).limit(limit)
    return [Reconciliation(**row._mapping) for row in tx.connection.execute(query)]


def count(tx: Tx, owner: str) -> dict[str, int]:
    """Return how many processes stand how."""
    by = reconciliations.c.outcome
    query = select(by, func.count()).where(reconciliations.c.owner == owner).group_by(by)
    return {row[0]: row[1] for row in tx.connection.execute(query)}
