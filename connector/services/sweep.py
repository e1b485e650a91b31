"""The job that forgets what has served its time: every hour, one replica, whatever was kept for a while only.

Nothing that evidence needs is among it: the journal, the agreements and the processes are kept.
"""

import logging
from datetime import datetime, timedelta

from connector.problems import Unavailable
from connector.store import events, idempotency, participants
from connector.store.db import Store, Tx
from connector.store.jobs import Job

log = logging.getLogger("pupitre.services")
JOB = "sweep"
KEY = "hourly"
EVERY = timedelta(hours=1)


class Sweep:
    """Forgets idempotency keys of more than a day ago, and events that were kept long enough."""

    def __init__(self, store: Store, owner: str, *, events_kept_days: float) -> None:
        self._store = store
        self._owner = owner
        self._events_kept = timedelta(days=events_kept_days)

    async def begin(self) -> None:
        """See to it that the job exists; when it does, its next instant stands."""
        try:
            await self._store.write(lambda tx: tx.enqueue(Job(JOB, self._owner, KEY, run_at=tx.now + EVERY)))
        except Unavailable:  # nothing that a node needs in order to serve
            log.warning("the hourly sweep is not planned: the store does not take it now")

    async def __call__(self, job: Job) -> datetime:
        """Forget, and return when to do so again."""

        def unit(tx: Tx) -> datetime:
            idempotency.forget_old(tx)
            for hosted in participants.every(tx):  # so that whoever comes too late sees that something is missing
                events.latest(tx, hosted.owner)
            events.forget(tx, tx.now - self._events_kept)
            return tx.now + EVERY

        return await self._store.write(unit)
