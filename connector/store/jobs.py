"""Work that must happen after a commit, at least once: the runner, and what the rest of the node may ask of the queue.

A job says "look at (owner, kind, key)"; the row of that thing decides what is due, so a job that runs twice, late or in
another order does no harm. Enqueued by `tx.enqueue`, it is as durable as the unit that asked for it. The runner takes
due jobs under a lease of ten seconds that it prolongs while they run, so that a runner that dies loses nothing: another
one, or the same after its restart, takes the job over. The same job never runs twice at once while its lease lives.

A job that becomes due in this process is leased in the very unit that enqueues it and starts after the commit. Others
are found at the instant of the earliest `run_at`; a poll every 5 s finds what signals did not tell: a replica died, and
its leases have run out.

What a unit may ask: queue.py. The rows: job_rows.py. Peers that do not answer: silence.py. Delays: backoff.py.
"""

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from connector.clock import Clock
from connector.ids import new_id
from connector.problems import Unavailable
from connector.store import events, job_rows, silence
from connector.store.backoff import HEARTBEAT_S, LEASE_S, MAX_FAILURES, SAFETY_POLL_S, failure_delay_s
from connector.store.db import JOBS, Store, Tx
from connector.store.job_rows import Job
from connector.store.queue import Counts, JobState, about, count, dead, finish, go_on, pass_on, peer_spoke, retry

__all__ = [
    "Counts", "Handler", "Job", "JobState", "Jobs", "Postpone",
    "about", "count", "dead", "finish", "go_on", "peer_spoke", "retry",
]  # fmt: skip

Handler = Callable[[Job], Awaitable[datetime | None]]
NEVER = datetime.max.replace(tzinfo=UTC)
RETRY_STORE = timedelta(seconds=1)
HEARTBEAT = timedelta(seconds=HEARTBEAT_S)
BREATH = timedelta(milliseconds=10)  # between two claims, when what is due is locked by another replica's claim

log = logging.getLogger(__name__)


class Postpone(Exception):
    """The peer did not answer: look again when it may, together with all that waits for it."""

    def __init__(self, peer: str, reason: str) -> None:
        super().__init__(reason)
        self.peer = peer
        self.reason = reason


@dataclass
class _Run:
    """A job that this process is running."""

    job: Job
    leased_at: datetime
    task: asyncio.Task[None] | None = None
    is_finished: bool = False
    again: Job | None = None


class Jobs:
    """Runs the jobs of the kinds it has handlers for.

    A handler returns None (done), or the instant at which to look again; it raises Postpone when the peer does not
    answer, and whatever else it raises is a failure: tried ten times, then dead until a person retries it.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        handlers: Mapping[str, Handler],
        *,
        concurrency: int = 64,
        replica_id: str | None = None,
        give_up_after_s: float = 7 * 86400.0,
    ) -> None:
        self.store = store
        self.clock = clock
        self.handlers = handlers
        self.concurrency = concurrency
        self.name = replica_id or new_id()
        self.give_up_after = timedelta(seconds=give_up_after_s)
        self._kinds = tuple(handlers)
        self._leases = itertools.count(1)
        self._held: dict[tuple[str, str, str], _Run] = {}
        self._parked: deque[_Run] = deque()
        self._active = 0
        self._woken = asyncio.Event()
        self._busy = asyncio.Event()
        self._look_at = NEVER
        self._has_looked = False
        self._has_backlog = False
        self._group: asyncio.TaskGroup | None = None
        store.subscribe(JOBS, self._hear)

    @property
    def running(self) -> int:
        """How many jobs run now."""
        return self._active

    @property
    def has_looked(self) -> bool:
        """True once it has asked the store for what an earlier process left."""
        return self._has_looked

    async def run(self) -> None:
        """Run jobs until cancelled; then stop those that run and let others take them at once."""
        self._look_at = self.clock.now()
        self.store.local.attach(self)
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                await self._try_everybody()
                group.create_task(self._keep_leases())
                await self._take_forever()
        finally:
            self._group = None
            self.store.local.detach(self)
            await self._let_go()

    async def _try_everybody(self) -> None:
        """Have what waits for silent peers tried once: the silence may have been our own."""
        try:
            await self.store.write(lambda tx: silence.try_all_now(tx.connection, tx.now))
        except Unavailable:
            log.warning("silent peers are tried when their time comes")

    def lease(self) -> str:
        """Return the name of a new lease (see Runner)."""
        return job_rows.lease_name(self.name, next(self._leases))

    def free(self, kind: str) -> int:
        """Return how many more jobs of the kind may start now: none while others wait their turn."""
        return 0 if self._has_backlog or kind not in self.handlers else self.concurrency - len(self._held)

    def start(self, job: Job) -> None:
        """Run a job leased to this runner; after the present run, if the same job is running."""
        present = self._held.get(job.identity)
        if present is not None:
            present.again = job
            return
        run = self._held[job.identity] = _Run(job, self.clock.now())
        self._busy.set()
        self._parked.append(run)
        self._launch()
        if run.task is None:  # by the time it runs, the row may say something else
            run.job = replace(job, known=None)

    def _launch(self) -> None:
        """Start what is leased to us as far as there is room; a claim and units that enqueue may overshoot."""
        while self._parked and self._active < self.concurrency and self._group is not None:
            run = self._parked.popleft()
            self._active += 1
            run.task = self._group.create_task(self._work(run))

    def finished(self, job: Job) -> None:
        """Note that nothing is left to settle: the job deleted its own row, or goes on under its lease."""
        if (run := self._held.get(job.identity)) is not None:
            run.is_finished = True

    # Finding work

    def _hear(self, at: str) -> None:
        self._notice(datetime.fromisoformat(at) if at else self.clock.now())

    def _notice(self, at: datetime) -> None:
        """Look at the table at that instant, if nothing makes us look before."""
        if at < self._look_at:
            self._look_at = at
            self._woken.set()

    async def _take_forever(self) -> None:
        while True:
            if self._look_at <= self.clock.now() and len(self._held) < self.concurrency:
                await self._take()
            self._woken.clear()
            is_full = len(self._held) >= self.concurrency
            await self.clock.wait(self._woken, None if is_full else self._look_at)

    async def _take(self) -> None:
        """Lease what is due and start it."""
        self._look_at = NEVER
        room = self.concurrency - len(self._held)
        try:
            taken, next_at, now = await self.store.write(
                lambda tx: (*job_rows.claim(tx.connection, self.lease(), self._kinds, room, tx.now), tx.now)
            )
        except Unavailable:
            self._notice(self.clock.now() + RETRY_STORE)
            return
        finally:
            self._has_looked = True
        next_at = next_at or NEVER
        self._has_backlog = next_at <= now
        if self._has_backlog and len(taken) < room:
            next_at = now + BREATH
        for job in taken:
            self.start(job)
        self._notice(min(next_at, now + timedelta(seconds=SAFETY_POLL_S)))

    # Running it

    async def _work(self, run: _Run) -> None:
        try:
            job: Job | None = run.job
            while job is not None:
                run.job, run.is_finished, run.again = job, False, None
                settle = await self._outcome(job)
                job = run.again if run.is_finished else await self._settle(run, settle)
        finally:
            self._active -= 1
            del self._held[run.job.identity]
            self._woken.set()
            if not self._held:
                self._busy.clear()
            self._launch()

    async def _outcome(self, job: Job) -> Callable[[Tx], Job | None]:
        """Run the handler and return the unit that records how it ended."""
        try:
            again_at = await self.handlers[job.kind](job)
        except Postpone as postponed:
            return self._silent(job, postponed.peer, postponed.reason)
        except Exception as error:
            log.exception("job %s %s of %s failed", job.kind, job.key, job.owner)
            return self._failed(job, f"{type(error).__name__}: {error}")
        return self._done(job) if again_at is None else self._later(job, again_at)

    async def _settle(self, run: _Run, unit: Callable[[Tx], Job | None]) -> Job | None:
        """Record how the run ended; return the job to run once more, if it was woken meanwhile."""
        try:
            again = await self.store.write(unit)
        except Exception:  # whatever it was, the lease runs out and the job runs again
            log.exception("the end of job %s %s is not recorded: it will run again", run.job.kind, run.job.key)
            return run.again
        run.leased_at = self.clock.now()
        return run.again or again

    def _done(self, job: Job) -> Callable[[Tx], Job | None]:
        def unit(tx: Tx) -> Job | None:
            if finish(tx, job):
                return None
            again = None if job.is_probe else job_rows.take_again(tx.connection, job, tx.now)
            if again is None and (woken_at := job_rows.woken(tx.connection, job)) is not None:
                self._release(tx, job, woken_at)
                pass_on(tx, job)
            return again

        return unit

    def _later(self, job: Job, again_at: datetime) -> Callable[[Tx], Job | None]:
        def unit(tx: Tx) -> None:
            self._release(tx, job, again_at)
            pass_on(tx, job)

        return unit

    def _silent(self, job: Job, peer: str, reason: str) -> Callable[[Tx], Job | None]:
        def unit(tx: Tx) -> None:
            is_probe = job.is_probe and job.peer == peer
            known = silence.note(tx.connection, job.owner, peer, reason, tx.now, is_probe)
            if tx.now - known.since >= self.give_up_after:
                job_rows.bury(tx.connection, job, job.attempts, reason)
                for kind, key in [(job.kind, job.key), *silence.give_up(tx.connection, job.owner, known)]:
                    events.append(tx, job.owner, "job.dead", key, peer, job=kind, problem=reason)
            else:
                self._release(tx, job, known.retry_at, job.attempts, reason, peer)

        return unit

    def _failed(self, job: Job, problem: str) -> Callable[[Tx], Job | None]:
        attempts = job.attempts + 1

        def unit(tx: Tx) -> None:
            if attempts >= MAX_FAILURES and job_rows.woken(tx.connection, job) is None:
                job_rows.bury(tx.connection, job, attempts, problem)
                events.append(tx, job.owner, "job.dead", job.key, job.peer, job=job.kind, problem=problem)
            else:
                again_at = tx.now + timedelta(seconds=failure_delay_s(attempts))
                self._release(tx, job, again_at, attempts, problem)
            pass_on(tx, job)

        return unit

    def _release(
        self, tx: Tx, job: Job, at: datetime, attempts: int = 0, problem: str | None = None, peer: str | None = None
    ) -> None:
        released_at = job_rows.release(tx.connection, job, at, attempts, problem, peer)
        tx.signals.append((JOBS, released_at.isoformat(), False))

    # Leases

    async def _keep_leases(self) -> None:
        """Prolong the leases of jobs that run long; stop a job whose lease was lost all the same."""
        never = asyncio.Event()
        while True:
            await self.clock.wait(self._busy, None)
            await self.clock.wait(never, self.clock.now() + HEARTBEAT)
            if old := [run for run in self._held.values() if self.clock.now() - run.leased_at >= HEARTBEAT]:
                await self._prolong(old)

    async def _prolong(self, runs: list[_Run]) -> None:
        """Prolong the lease of each, or the one that its next run has been given already."""
        now, leased = self.clock.now(), [run.again or run.job for run in runs]
        try:
            lost = await self.store.write(lambda tx: job_rows.extend(tx.connection, leased, tx.now))
        except Unavailable:
            log.warning("the leases of %d running jobs could not be prolonged", len(runs))
            return
        for run in runs:
            run.leased_at = now
            if run.again is None and run.job in lost and not run.is_finished and run.task is not None:
                log.warning("job %s %s was taken over by another replica", run.job.kind, run.job.key)
                run.task.cancel()

    async def _let_go(self) -> None:
        """Let others take at once what was running here."""
        try:
            await self.store.write(lambda tx: job_rows.release_all(tx.connection, self.name, tx.now))
        except Unavailable:
            log.warning("leases were not released: they run out in %s s", LEASE_S)
