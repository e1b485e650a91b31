"""The job `checkpoint`: seals, once a day, where the journals of a participant stand.

A checkpoint covers the journals that grew since the one before it; when none did, there is none. It is drawn up and
stored, then sealed outside any transaction, since a signer may be slow or fail, and the seal is stored before the next
one is drawn up: one number is one text, however often a node is killed. A participant without a seal key has no
checkpoints; journals.py, which verifies all of it, says so.
"""

import logging
from datetime import datetime, timedelta

from connector.identity.addresses import Addresses
from connector.identity.errors import NoSealKey
from connector.problems import Unavailable
from connector.services.seal_case import Signers
from connector.store import checkpoints, participants, restores
from connector.store.checkpoints import Checkpoint, Head
from connector.store.db import Store, Tx
from connector.store.jobs import Job
from contracts.canonical import canonical
from contracts.checkpoint import MAX_HEADS, draw_up_checkpoint, head_digest
from contracts.jws import CHECKPOINT, Sealed, read_sealed
from contracts.seals import seal
from contracts.signer import Signer

log = logging.getLogger("pupitre.services")
JOB = "checkpoint"
KEY = "journals"


class Checkpoints:
    """Handles the jobs `checkpoint` (key: `journals`)."""

    def __init__(self, store: Store, addresses: Addresses, signers: Signers, every_hours: float) -> None:
        self._store = store
        self._addresses = addresses
        self._signers = signers
        self._every = timedelta(hours=every_hours)

    async def begin(self) -> None:
        """See to it that each participant has the job; where there is one, its next instant stands."""
        try:
            await self._store.write(self._lay)
        except Unavailable:  # nothing that a node needs in order to serve
            log.warning("checkpoints of the journals are not planned: the store does not take them now")

    async def __call__(self, job: Job) -> datetime:
        """Seal where the owner's journals stand, if they grew; return when to look again. Raises what signers raise."""
        await self.begin()  # for who is hosted since then
        now = self._store.clock.now()
        try:
            signer = self._signers(job.owner)
        except NoSealKey:
            log.warning("no checkpoint of the journals: no seal key", extra={"owner": job.owner})
            return now + self._every
        waiting = await self._store.read(lambda tx: checkpoints.last(tx, job.owner))
        is_left = waiting is not None and waiting.jws is None
        heads = [] if is_left else await self._changed(job.owner)
        if heads:
            waiting = await self._draw_up(job.owner, waiting, heads)
        if waiting is not None and waiting.jws is None:
            await self._keep(waiting, await self._seal(waiting, signer))
        return now if is_left or len(heads) == MAX_HEADS else now + self._every

    def _lay(self, tx: Tx) -> None:
        for hosted in participants.every(tx):
            tx.enqueue(Job(JOB, hosted.owner, KEY, run_at=tx.now + self._every))

    async def _changed(self, owner: str) -> list[Head]:
        """Return the last entries that no checkpoint covers, as many as one takes."""
        found: list[Head] = []
        after: str | None = ""
        while after is not None and len(found) < MAX_HEADS:
            start = after
            more, after = await self._store.read(lambda tx: checkpoints.changed(tx, owner, start))  # noqa: B023
            found += more
        return found[:MAX_HEADS]

    async def _draw_up(self, owner: str, before: Checkpoint | None, heads: list[Head]) -> Checkpoint | None:
        """Store the next checkpoint, unsealed; return the last one there is, if somebody else was faster."""
        previous = None if before is None or before.jws is None else read_sealed(before.jws)

        def unit(tx: Tx) -> Checkpoint | None:
            if checkpoints.claim(tx, owner) == before:
                told = before.restore if before else 0
                since = restores.since(tx, told)
                document = draw_up_checkpoint(
                    [head_digest(one.process, one.n, one.hash) for one in heads],
                    by=self._addresses.did(owner),
                    number=before.number + 1 if before else 1,
                    previous=previous,
                    at=tx.now,
                    restorations=[(one.taken_at, one.restored_at) for one in since],
                )
                text, restore = canonical(document).decode(), since[-1].n if since else told
                checkpoints.add(tx, owner, document["number"], text, heads, restore=restore)
            return checkpoints.last(tx, owner)

        return await self._store.write(unit)

    async def _seal(self, waiting: Checkpoint, signer: Signer) -> Sealed:
        payload, now = waiting.document.encode(), self._store.clock.now()
        return await seal(payload, signer, media_type=CHECKPOINT, at=now)

    async def _keep(self, waiting: Checkpoint, sealed: Sealed) -> None:
        def unit(tx: Tx) -> None:
            if checkpoints.claim(tx, waiting.owner) == waiting:
                kid = sealed.signatures[0].header["kid"]
                checkpoints.seal(tx, waiting.owner, waiting.number, kid, sealed.text)

        await self._store.write(unit)
