"""The questions asked of the tables `jobs` and `peer_health`; the loop that runs jobs is in jobs.py.

A row says: look at (owner, kind, key) at `run_at`. While a runner holds it, `leased_by` names the lease and `run_at`
is its end, so that one index finds what is due and what a dead runner left behind. Asked for again meanwhile, the row
keeps the earliest wish in `woken_at`. Nothing here knows what a job does.

The name of a lease is that of its runner and a number that it never uses again (`lease_name`): a run that outlived its
lease cannot end what was leased anew, not even to the same runner, and so takes no wish with it that came later.

A peer that does not answer has a row in `peer_health`. As long as it stands, one job of that peer at a time is let
through, as a probe, whenever `retry_at` is reached; the others are moved to the next `retry_at`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Integer, Text, and_, bindparam, case, delete, func, select, text, update

from connector.store.backoff import LEASE_S
from connector.store.prepared import Prepared
from connector.store.tables import Instant, jobs, peer_health

LEASE = timedelta(seconds=LEASE_S)


@dataclass(frozen=True)
class Job:
    """A wish that (owner, kind, key) be looked at, at `run_at` or now, unless `peer` is known not to answer."""

    kind: str
    owner: str
    key: str
    run_at: datetime | None = None
    peer: str | None = None
    attempts: int = 0
    """How often it raised since it last ended well."""
    leased_by: str | None = None
    """The name of its lease while it runs (`lease_name`)."""
    is_probe: bool = False
    is_repeat: bool = False
    """True when an earlier run was begun and did not end well: it may have done part of the work."""
    known: object | None = field(default=None, compare=False, repr=False)
    """What the unit that asked knows of the row, for the run that follows its commit at once; never stored."""

    @property
    def identity(self) -> tuple[str, str, str]:
        return (self.owner, self.kind, self.key)


def lease_name(runner: str, number: int) -> str:
    """Return the name of a lease of a runner, which has no other of this number."""
    return f"{runner}/{number}"


def runner_of(lease: str) -> str:
    """Return the runner whose lease it is."""
    return lease.rpartition("/")[0]


def _typed(*names: str) -> list[Any]:
    """Return bind parameters by name: `…_at` and `now` are instants, the rest text."""
    return [bindparam(name, type_=Instant if name == "now" or name.endswith("_at") else Text) for name in names]


# One statement, because a wish and the end of a run may meet: the row decides which came first. A new or idle row that
# is due goes straight to a runner (:lease, until :lease_at), unless its peer is known not to answer.
_ENQUEUE = Prepared(
    text("""
    INSERT INTO jobs AS job (owner, kind, key, peer, run_at, attempts, begun, status, leased_by, created_at)
    SELECT :owner, :kind, :key, :peer, CASE WHEN silent THEN :run_at ELSE :lease_at END, 0,
        CASE WHEN silent THEN 0 ELSE :begun END, 'waiting', CASE WHEN silent THEN NULL ELSE :lease END, :now
    FROM (SELECT EXISTS (SELECT 1 FROM peer_health WHERE owner = :owner AND peer = :peer) AS silent) AS health
    WHERE true
    ON CONFLICT (owner, kind, key) DO UPDATE SET
        peer = coalesce(excluded.peer, job.peer),
        status = 'waiting',
        attempts = CASE job.status WHEN 'dead' THEN 0 ELSE job.attempts END,
        problem = CASE job.status WHEN 'dead' THEN NULL ELSE job.problem END,
        begun = CASE
            WHEN job.leased_by IS NOT NULL AND job.run_at > :now THEN job.begun
            WHEN excluded.peer IS NULL AND job.peer IS NOT NULL THEN job.begun
            ELSE job.begun + excluded.begun END,
        woken_at = CASE
            WHEN job.leased_by IS NULL OR job.run_at <= :now THEN NULL
            WHEN job.woken_at < :run_at THEN job.woken_at
            ELSE :run_at END,
        leased_by = CASE
            WHEN job.leased_by IS NOT NULL AND job.run_at > :now THEN job.leased_by
            WHEN excluded.peer IS NULL AND job.peer IS NOT NULL THEN NULL
            ELSE excluded.leased_by END,
        run_at = CASE
            WHEN job.leased_by IS NOT NULL AND job.run_at > :now THEN job.run_at
            WHEN excluded.leased_by IS NOT NULL AND (excluded.peer IS NOT NULL OR job.peer IS NULL)
                THEN excluded.run_at
            WHEN job.status = 'waiting' AND job.run_at < :run_at THEN job.run_at
            ELSE :run_at END
    RETURNING leased_by, woken_at, attempts, begun, peer
""")
    .bindparams(*_typed("owner", "kind", "key", "peer", "lease", "run_at", "lease_at", "now"))
    .bindparams(bindparam("begun", type_=Integer))
    .columns(jobs.c.leased_by, jobs.c.woken_at, jobs.c.attempts, jobs.c.begun, jobs.c.peer)
)


def enqueue(connection: Connection, job: Job, now: datetime, lease: str | None) -> tuple[Job, bool]:
    """Write the wish; return the job as it stands, and True when it already runs and will run once more.

    The job that is returned has `lease` in `leased_by` when it is leased so and waits to be started.
    """
    wish = {
        "owner": job.owner,
        "kind": job.kind,
        "key": job.key,
        "peer": job.peer,
        "lease": lease,
        "run_at": job.run_at or now,
        "lease_at": now + LEASE if lease else job.run_at or now,
        "begun": 1 if lease else 0,
        "now": now,
    }
    row = _ENQUEUE.first(connection, wish)
    is_running = row.woken_at is not None
    taken_by = None if is_running else row.leased_by
    taken = replace(job, peer=row.peer, attempts=row.attempts, leased_by=taken_by, is_repeat=row.begun > 1)
    return taken, is_running


_IDENTITY = and_(
    jobs.c.owner == bindparam("of_owner"), jobs.c.kind == bindparam("of_kind"), jobs.c.key == bindparam("of_key")
)
_HELD = and_(_IDENTITY, jobs.c.leased_by == bindparam("of_lease"), jobs.c.status == "waiting")
_OF_PEER = and_(jobs.c.owner == bindparam("of_owner"), jobs.c.peer == bindparam("of_peer"), jobs.c.status == "waiting")


def _identified(job: Job) -> dict[str, str]:
    return {"of_owner": job.owner, "of_kind": job.kind, "of_key": job.key}


def _held(job: Job) -> dict[str, Any]:
    return {**_identified(job), "of_lease": job.leased_by}


_DUE = (
    select(jobs.c.owner, jobs.c.kind, jobs.c.key, jobs.c.peer, jobs.c.attempts, jobs.c.begun, peer_health.c.retry_at)
    .select_from(
        jobs.outerjoin(peer_health, and_(peer_health.c.owner == jobs.c.owner, peer_health.c.peer == jobs.c.peer))
    )
    .where(jobs.c.status == "waiting", jobs.c.run_at <= bindparam("now", type_=Instant))
    .where(jobs.c.kind.in_(bindparam("kinds", expanding=True)))
    .order_by(jobs.c.run_at)
    .limit(bindparam("room", type_=Integer))
    .with_for_update(of=jobs, skip_locked=True)
)
_NEXT = (
    select(jobs.c.run_at)
    .where(jobs.c.status == "waiting", jobs.c.kind.in_(bindparam("kinds", expanding=True)))
    .order_by(jobs.c.run_at)
    .limit(1)
)
_TAKE = (
    update(jobs)
    .where(_IDENTITY)
    .values(
        leased_by=bindparam("lease"),
        run_at=bindparam("lease_at", type_=Instant),
        woken_at=None,
        begun=jobs.c.begun + 1,
    )
)
_POSTPONE = (
    update(jobs)
    .where(_OF_PEER, jobs.c.run_at <= bindparam("now", type_=Instant))
    .values(run_at=bindparam("retry_at", type_=Instant), leased_by=None, woken_at=None)
)
_LET_PROBE = (
    update(peer_health)
    .where(peer_health.c.owner == bindparam("of_owner"), peer_health.c.peer == bindparam("of_peer"))
    .where(peer_health.c.retry_at <= bindparam("now", type_=Instant))
    .values(retry_at=bindparam("lease_at", type_=Instant))
)


def claim(
    connection: Connection, lease: str, kinds: Sequence[str], room: int, now: datetime
) -> tuple[list[Job], datetime | None]:
    """Lease at most `room` due jobs of these kinds under a name; return them, and when to look again.

    Jobs of a peer that does not answer are moved to the instant of its next probe, but for the probe itself.
    """
    taken: list[Job] = []
    while len(taken) < room:
        rows = connection.execute(_DUE, {"now": now, "kinds": kinds, "room": room - len(taken)}).all()
        if not rows:
            break
        held: dict[tuple[str, str], datetime] = {}
        leased = [job for row in rows if (job := _admit(connection, row, lease, now, held))]
        _lease(connection, leased, now)
        for (owner, peer), retry_at in held.items():
            connection.execute(_POSTPONE, {"of_owner": owner, "of_peer": peer, "now": now, "retry_at": retry_at})
        taken += leased
    return taken, connection.execute(_NEXT, {"kinds": kinds}).scalar()


def _admit(
    connection: Connection, row: Any, lease: str, now: datetime, held: dict[tuple[str, str], datetime]
) -> Job | None:
    """Return the job to lease, or None after noting in `held` until when its peer's jobs wait."""
    job = Job(row.kind, row.owner, row.key, None, row.peer, row.attempts, lease, is_repeat=row.begun > 0)
    if row.retry_at is None:
        return job
    peer = (row.owner, row.peer)
    if peer in held:
        return None
    if row.retry_at > now:
        held[peer] = row.retry_at
        return None
    held[peer] = now + LEASE
    probe = {"of_owner": row.owner, "of_peer": row.peer, "now": now, "lease_at": now + LEASE}
    is_first = connection.execute(_LET_PROBE, probe).rowcount == 1  # another replica may have sent its own
    return replace(job, is_probe=True) if is_first else None


def _lease(connection: Connection, taken: Iterable[Job], now: datetime) -> None:
    rows = [{**_identified(job), "lease": job.leased_by, "lease_at": now + LEASE} for job in taken]
    if rows:
        connection.execute(_TAKE, rows)


_EXTEND = update(jobs).where(_HELD).values(run_at=bindparam("lease_at", type_=Instant))
_LEASED = select(jobs.c.owner, jobs.c.kind, jobs.c.key, jobs.c.leased_by).where(
    jobs.c.status == "waiting",
    jobs.c.run_at <= bindparam("lease_at", type_=Instant),  # no lease ends later: the index passes over delayed jobs
    jobs.c.leased_by.is_not(None),
)


def extend(connection: Connection, held: Sequence[Job], now: datetime) -> list[Job]:
    """Prolong the leases of running jobs; return those that are leased anew or gone."""
    connection.execute(_EXTEND, [{**_held(job), "lease_at": now + LEASE} for job in held])
    leased = set(map(tuple, connection.execute(_LEASED, {"lease_at": now + LEASE})))
    return [job for job in held if (*job.identity, job.leased_by) not in leased]


_FINISH = Prepared(delete(jobs).where(_HELD, jobs.c.woken_at.is_(None)))
_WOKEN = Prepared(select(jobs.c.woken_at, jobs.c.attempts).where(_HELD).with_for_update())
_AGAIN = Prepared(
    update(jobs)
    .where(_HELD, jobs.c.woken_at <= bindparam("now", type_=Instant))
    .values(run_at=bindparam("lease_at", type_=Instant), woken_at=None, attempts=0, begun=1, problem=None)
)
_RELEASE = Prepared(
    update(jobs)
    .where(_HELD)
    .values(
        leased_by=None,
        woken_at=None,
        run_at=bindparam("again_at", type_=Instant),
        attempts=bindparam("tried", type_=Integer),
        problem=bindparam("why", type_=Text),
        begun=case((bindparam("why", type_=Text).is_(None), 0), else_=jobs.c.begun),
        peer=func.coalesce(bindparam("silent_peer", type_=Text), jobs.c.peer),
    )
)
_BURY = (
    update(jobs)
    .where(_HELD)
    .values(status="dead", leased_by=None, attempts=bindparam("tried"), problem=bindparam("why"))
)


def finish(connection: Connection, job: Job) -> bool:
    """Delete the row of a job that ended well; False when it was woken meanwhile, or is not ours any more."""
    return _FINISH.change(connection, _held(job)) == 1


def woken(connection: Connection, job: Job) -> datetime | None:
    """Return the earliest instant that was asked for while the job ran."""
    row = _WOKEN.first(connection, _held(job))
    return row.woken_at if row else None


def take_again(connection: Connection, job: Job, now: datetime) -> Job | None:
    """Prolong the lease of a job that was woken while it ran, and return the job to run once more.

    None where nobody asked for it by now, or the lease is not ours any more.
    """
    if _AGAIN.change(connection, {**_held(job), "lease_at": now + LEASE, "now": now}) != 1:
        return None
    return replace(job, attempts=0, is_repeat=False, known=None)


def release(
    connection: Connection,
    job: Job,
    again_at: datetime,
    attempts: int = 0,
    problem: str | None = None,
    peer: str | None = None,
) -> datetime:
    """Let go of a running job until an instant, or an earlier one that was asked for meanwhile; return which.

    Without a problem, the run ended well.
    """
    wished_at = woken(connection, job)
    again_at = again_at if wished_at is None else min(again_at, wished_at)
    outcome = {"again_at": again_at, "tried": attempts, "why": problem, "silent_peer": peer}
    _RELEASE.change(connection, {**_held(job), **outcome})
    return again_at


def bury(connection: Connection, job: Job, attempts: int, problem: str) -> None:
    """Mark a running job dead: a person must look."""
    connection.execute(_BURY, {**_held(job), "tried": attempts, "why": problem})


def release_all(connection: Connection, runner: str | None, now: datetime) -> int:
    """Make every job that the runner (None: any runner) holds due now; return how many."""
    leased = jobs.c.leased_by
    held = leased.is_not(None) if runner is None else leased.startswith(lease_name(runner, 0)[:-1], autoescape=True)
    freed = update(jobs).where(jobs.c.status == "waiting", held).values(leased_by=None, woken_at=None, run_at=now)
    return connection.execute(freed).rowcount
