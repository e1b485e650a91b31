"""What a unit may ask of the queue: end a job, wake those that wait for a peer, see and retry the dead.

Enqueuing is `tx.enqueue`; running is jobs.py.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, Text, and_, bindparam, case, func, or_, select, update

from connector.problems import NotFound
from connector.store import job_rows, silence
from connector.store.db import JOBS, Tx
from connector.store.job_rows import Job
from connector.store.tables import Instant, jobs


@dataclass(frozen=True)
class JobState:
    """A job as a person sees it: what it looks at, when next, and why it has not ended."""

    kind: str
    key: str
    peer: str | None
    run_at: datetime
    """When it runs next; while it runs, the end of its lease."""
    attempts: int
    status: str
    """`waiting`, `running` or `dead`."""
    problem: str | None


@dataclass(frozen=True)
class Counts:
    """How many jobs there are, over all owners."""

    due: int
    delayed: int
    running: int
    dead: int
    oldest_due_at: datetime | None


_OWN = jobs.c.owner == bindparam("of_owner")
_ONE = and_(_OWN, jobs.c.kind == bindparam("of_kind"), jobs.c.key == bindparam("of_key"))
_NOW: Any = bindparam("now", type_=Instant)
_IS_LEASED = and_(jobs.c.leased_by.is_not(None), jobs.c.run_at > _NOW)
_STATUS = case((jobs.c.status == "dead", "dead"), (_IS_LEASED, "running"), else_="waiting")
_STATE = select(jobs.c.kind, jobs.c.key, jobs.c.peer, jobs.c.run_at, jobs.c.attempts, _STATUS, jobs.c.problem)
_OF_KEY = _STATE.where(_OWN, jobs.c.key == bindparam("of_key")).order_by(jobs.c.kind)
_LISTED = (
    _STATE.where(_OWN)
    .where(
        or_(
            jobs.c.kind > bindparam("after_kind", type_=Text),
            and_(jobs.c.kind == bindparam("after_kind"), jobs.c.key > bindparam("after_key", type_=Text)),
        )
    )
    .order_by(jobs.c.kind, jobs.c.key)
    .limit(bindparam("count", type_=Integer))
)
_RETRY = (
    update(jobs)
    .where(_ONE, jobs.c.status == "dead")
    .values(status="waiting", run_at=_NOW, attempts=0, problem=None)
    .returning(jobs.c.peer)
)
_COUNT = select(
    func.count(case((and_(_STATUS == "waiting", jobs.c.run_at <= _NOW), 1))),
    func.count(case((and_(_STATUS == "waiting", jobs.c.run_at > _NOW), 1))),
    func.count(case((_STATUS == "running", 1))),
    func.count(case((_STATUS == "dead", 1))),
    func.min(case((and_(_STATUS == "waiting", jobs.c.run_at <= _NOW), jobs.c.run_at))),
)


def finish(tx: Tx, job: Job) -> bool:
    """Delete the row of a running job, inside its last unit; False when it was woken meanwhile and runs once more.

    What the handler does afterwards is not covered by a lease: return at once.
    """
    if not job_rows.finish(tx.connection, job):
        return False
    tx.finished.append(job)
    pass_on(tx, job)
    return True


def go_on(tx: Tx, job: Job, known: object) -> bool:
    """Have a running job that was woken run once more, as soon as this unit is committed and the present run ends.

    The next run starts with what is known now. False where nobody asked for it by now, where the job is a probe, whose
    end must be told first, or where it is not ours any more: then the run ends as any other.
    """
    again = None if job.is_probe else job_rows.take_again(tx.connection, job, tx.now)
    if again is None:
        return False
    tx.finished.append(job)
    tx.started.append(replace(again, known=known))
    return True


def peer_spoke(tx: Tx, owner: str, peer: str) -> None:
    """Forget that the peer did not answer, and wake at once what waited for it, given up or not.

    To be called for every authenticated message and every answer of the peer.
    """
    if not tx.silent.get((owner, peer), True):
        return
    tx.silent[owner, peer] = False
    if silence.broken(tx.connection, owner, peer, tx.now):
        tx.signal(JOBS, tx.now.isoformat())


def pass_on(tx: Tx, job: Job) -> None:
    """Let another job of the same peer be the probe, if this one was and ended without a word from the peer."""
    if job.is_probe and job.peer is not None:
        silence.try_now(tx.connection, job.owner, job.peer, tx.now)
        tx.signal(JOBS, tx.now.isoformat())


def dead(tx: Tx, owner: str, after: tuple[str, str] = ("", ""), limit: int = 50) -> list[JobState]:
    """Return the owner's dead jobs by (kind, key), from the one after `after`."""
    return listed(tx, owner, after, limit, status="dead")


def listed(
    tx: Tx,
    owner: str,
    after: tuple[str, str] = ("", ""),
    limit: int = 50,
    *,
    status: str | None = None,
    kind: str | None = None,
    peer: str | None = None,
) -> list[JobState]:
    """Return the owner's jobs by (kind, key), from the one after `after`; None does not filter."""
    named = {"of_owner": owner, "after_kind": after[0], "after_key": after[1], "count": limit, "now": tx.now}
    wished = [(_STATUS, status), (jobs.c.kind, kind), (jobs.c.peer, peer)]
    query = _LISTED.where(*(column == value for column, value in wished if value is not None))
    return [JobState(*row) for row in tx.connection.execute(query, named)]


def about(tx: Tx, owner: str, key: str) -> list[JobState]:
    """Return the jobs of every kind that look at the key: what is due next, and why it has not ended."""
    rows = tx.connection.execute(_OF_KEY, {"of_owner": owner, "of_key": key, "now": tx.now})
    return [JobState(*row) for row in rows]


def retry(tx: Tx, owner: str, kind: str, key: str) -> None:
    """Run a dead job now, as if it were new, even if its peer is known not to answer. Raises NotFound."""
    named = {"of_owner": owner, "of_kind": kind, "of_key": key, "now": tx.now}
    row = tx.connection.execute(_RETRY, named).one_or_none()
    if row is None:
        raise NotFound(f"{kind} {key}")
    if row.peer is not None:
        silence.try_now(tx.connection, owner, row.peer, tx.now)
    tx.signal(JOBS, tx.now.isoformat())


def count(tx: Tx) -> Counts:
    """Return how many jobs there are by what they wait for."""
    return Counts(*tx.connection.execute(_COUNT, {"now": tx.now}).one())
