"""The store as the node sees it: units of work, run whole or not at all.

A *unit* is a plain synchronous function of a `Tx`. It cannot await, so it never waits for a peer, a signer or a file;
it touches nothing but its `Tx`, so it may be run again. `await store.write(unit)` returns after the commit. A caller
that is cancelled while it waits does not disturb the unit: it runs whole, or it has not begun and never will.

What a unit announces (jobs, signals) is announced after its commit and never without it. The two stores are in
sqlite.py and postgres.py; the queue in jobs.py; the questions asked of each table in modules named after the tables.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Select

from connector.clock import Clock
from connector.settings import Settings
from connector.store import job_rows
from connector.store.due import Due
from connector.store.job_rows import Job

T = TypeVar("T")
log = logging.getLogger(__name__)
JOBS = "jobs"


class Runner(Protocol):
    """The part of `jobs.Jobs` that a transaction deals with: who may take a new job at once."""

    name: str

    def lease(self) -> str:
        """Return the name of a new lease. Called from the thread of the unit."""

    def free(self, kind: str) -> int:
        """Return how many more jobs of the kind may start now. Called from the thread of the unit."""

    def start(self, job: Job) -> None:
        """Run a job that is leased to this runner."""

    def finished(self, job: Job) -> None:
        """Hear that nothing is left to settle of a running job: its row is gone, or it goes on under its lease."""


class Local:
    """What in this process hears of a commit: subscribers of topics and runners of jobs."""

    def __init__(self) -> None:
        self.runners: dict[str, Runner] = {}
        self._handlers: dict[str, list[Callable[[str], None]]] = {}

    def subscribe(self, topic: str, handler: Callable[[str], None]) -> None:
        self._handlers.setdefault(topic, []).append(handler)

    def attach(self, runner: Runner) -> None:
        self.runners[runner.name] = runner

    def detach(self, runner: Runner) -> None:
        self.runners.pop(runner.name, None)

    def announce(self, topic: str, key: str) -> None:
        """Call the subscribers of the topic. One that raises keeps nobody else from hearing."""
        for handler in self._handlers.get(topic, ()):
            try:
                handler(key)
            except Exception:
                log.exception("a subscriber of %s failed", topic)

    def announce_gap(self) -> None:
        """Tell every subscriber that signals may have been missed."""
        for topic in self._handlers:
            self.announce(topic, "")

    def committed(self, tx: "Tx") -> None:
        """Tell subscribers and runners what a committed unit announced. Called in the event loop."""
        for job in tx.finished:
            if (runner := self._runner_of(job)) is not None:
                runner.finished(job)
        for job in tx.started:
            if (runner := self._runner_of(job)) is not None:
                runner.start(job)
        for topic, key, _ in tx.signals:
            self.announce(topic, key)

    def _runner_of(self, job: Job) -> Runner | None:
        return self.runners.get(job_rows.runner_of(job.leased_by)) if job.leased_by else None


class Tx:
    """One unit's transaction. It ends with the unit; do not keep it."""

    __slots__ = (
        "agreements",
        "connection",
        "contracts",
        "entries",
        "finished",
        "happened",
        "heads",
        "local",
        "now",
        "published",
        "saved",
        "seals",
        "signals",
        "silent",
        "started",
        "told",
        "unsaved",
    )

    def __init__(self, connection: Connection, now: datetime, local: Local) -> None:
        self.connection = connection
        self.now = now
        """The clock's now when the unit began; constant within it."""
        self.local = local
        self.signals: list[tuple[str, str, bool]] = []
        self.started: list[Job] = []
        self.finished: list[Job] = []
        # What was found or written, so that no part of the unit asks again (each in the module of its table)
        self.heads: dict[tuple[str, str], tuple[int, str]] = {}
        self.told: dict[tuple[str, str, str], bool] = {}
        self.silent: dict[tuple[str, str], bool] = {}
        self.published: dict[tuple[Any, str, str], Any] = {}
        self.agreements: dict[tuple[str, str], Any] = {}
        self.contracts: dict[tuple[str, str], Any] = {}
        self.saved: list[Due] = []
        """Processes that are written when the unit ends, at the latest."""
        self.unsaved: dict[tuple[str, str], Any] = {}
        """Contracts that are written when the unit ends, at the latest."""
        self.seals: list[dict[str, Any]] = []
        """Seals that are written after their contracts."""
        self.happened: list[dict[str, Any]] = []
        """Events that are written together when the unit ends."""
        self.entries: list[dict[str, Any]] = []
        """Entries of the journal that are written together, at the latest when the unit ends."""

    def enqueue(self, job: Job) -> None:
        """Ask for a look at (owner, kind, key) at `job.run_at`, or now.

        Asking again brings the instant forward and never duplicates; a job that runs meanwhile runs once more after; a
        dead one is revived.
        """
        at = job.run_at or self.now
        if at <= self.now and self._is_started(job):
            return
        wished, is_running = job_rows.enqueue(self.connection, job, self.now, self._lease_for(job))
        if wished.leased_by is not None:
            self.started.append(wished)
        elif not is_running:
            self.signals.append((JOBS, at.isoformat(), at <= self.now or not self.local.runners))

    def signal(self, topic: str, key: str) -> None:
        """Tell the subscribers of the topic after the commit: those of this process at once, replicas by NOTIFY."""
        self.signals.append((topic, key, True))

    def _is_started(self, job: Job) -> bool:
        """Return True when this unit has started the job already; it then runs with what is known last."""
        for index, other in enumerate(self.started):
            if job.identity == other.identity:
                self.started[index] = replace(other, known=job.known)
                return True
        return False

    def _lease_for(self, job: Job) -> str | None:
        if job.run_at is not None and job.run_at > self.now:
            return None
        for runner in self.local.runners.values():
            if runner.free(job.kind) > len(self.started):
                return runner.lease()
        return None


def locking(select: Select[Any]) -> Select[Any]:
    """Return the select with its rows locked until the commit (PostgreSQL; SQLite has one writer anyway)."""
    return select.with_for_update()


class Store(Protocol):
    """One of the two stores."""

    clock: Clock
    local: Local

    @property
    def signals_are_live(self) -> bool:
        """False while signals of other replicas may be missed: what they would invalidate must not be cached."""

    async def write(self, unit: Callable[[Tx], T], about: str = "") -> T:
        """Run the unit in a transaction and return its result after the commit.

        `about` names what the unit loads to change it: units of this process about the same run one after the other.
        The unit's own exception undoes it and is raised here. Raises Unavailable when the store cannot commit.
        """

    async def read(self, unit: Callable[[Tx], T]) -> T:
        """Run a unit that only reads, and return its result. Raises Unavailable."""

    def subscribe(self, topic: str, handler: Callable[[str], None]) -> None:
        """Call the handler, in the event loop, with the key of every signal of the topic, from any replica.

        The empty key means that signals may have been missed: whatever the topic is about may have changed.
        """

    async def close(self) -> None:
        """Finish the units that began, then let go of the database."""


async def open_store(settings: Settings, clock: Clock) -> Store:
    """Open the database that the settings name, migrated to this program's schema.

    Raises DatabaseInUse, SchemaTooNew, Unavailable.
    """
    if settings.database_url is None:
        from connector.store.sqlite import open_sqlite

        return await open_sqlite(settings.data_dir, clock)
    from connector.store.postgres import open_postgres

    return await open_postgres(settings.database_url.get_secret_value(), clock)
