"""The consumer's fetch: the bytes of a started transfer into a file, whatever happens on the way.

A job `fetch` looks at one row of `fetches` and does what is due. A cut connection is taken up where it stopped (`Range`
with `If-Range`, RFC 9110 §13.1.5); a dead token is renewed; what arrived is held against the announced size and SHA-256
before it gets its name. Content that does not match is deleted, as wrong bytes are worth nothing; if part of it stems
from an earlier connection, it is fetched once more from the start before the fetch fails.

What passes by itself (no answer, 5xx, a start on its way) is waited for, half as long again as nothing came; anything
else fails with its reason and waits for a person. A transfer that is not started is left alone: who receives its next
start enqueues the job again.
"""

from collections.abc import Callable
from concurrent.futures import Executor
from datetime import datetime, timedelta
from pathlib import Path

from connector.clock import Clock
from connector.dataplane import flows
from connector.dataplane.announced import TokenDead
from connector.dataplane.errors import FetchFailed, NothingThere, TokenLost
from connector.dataplane.partial import PartialFile
from connector.dataplane.patience import CROSSING, patience
from connector.dataplane.reception import Reception, Stopped
from connector.dataplane.renewing import Renewing, TokenFor
from connector.dataplane.threads import in_thread
from connector.dataplane.transfers import http_pull
from connector.identity.errors import PeerBlocked, PeerQuarantined
from connector.peer.client import AiohttpTransport
from connector.peer.errors import Unreachable
from connector.problems import Problem, Unavailable
from connector.protocol import transfer as t
from connector.store import fetches
from connector.store.db import Store, Tx
from connector.store.fetches import Fetch, Wanted
from connector.store.jobs import Job

JOB = http_pull.FETCH
WORTH_ANOTHER_TRY_BYTES = 64 << 10
"""A connection that brought less before it was cut is not opened again at once."""

Received = Callable[[Tx, Fetch], None]
"""Called in the transaction that records the end of a fetch."""


class Fetcher:
    """Handles the jobs `fetch` (key: the transfer)."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        transport: AiohttpTransport,
        token_for: TokenFor,
        received: Received,
        threads: Executor,
        *,
        give_up_after_s: float,
    ) -> None:
        self._store = store
        self._clock = clock
        self._transport = transport
        self._renewing = Renewing(store, transport, token_for)
        self._received = received
        self._threads = threads
        self._give_up_after = timedelta(seconds=give_up_after_s)

    async def __call__(self, job: Job) -> datetime | None:
        """Receive what is due; return when to look again, None when there is nothing left to do by itself."""
        wanted = await self._store.read(lambda tx: fetches.wanted(tx, job.owner, job.key))
        if wanted is None or wanted.fetch.status in ("done", "failed"):
            return None
        if not flows.may_receive(wanted.state, wanted.pending):
            await self._not_started(wanted)
            return None
        try:
            part = await in_thread(self._threads, PartialFile, Path(wanted.fetch.path), undo=PartialFile.close)
        except Problem as problem:
            await self._failed(wanted, problem)
            return None
        try:
            return await self._receive(wanted, part)
        finally:
            part.close()

    async def _receive(self, wanted: Wanted, part: PartialFile) -> datetime | None:
        reception = Reception(self._store, self._clock, self._transport, self._threads, part)
        try:
            await self._connect_until_complete(wanted, reception)
            await self._finish(wanted, part)
        except Stopped:
            await self._store.write(_pausing(wanted, part.size_bytes, None))
        except (TokenLost, NothingThere) as problem:
            return await self._later(wanted, part.size_bytes, problem, CROSSING)
        except (Unreachable, Unavailable, PeerQuarantined, PeerBlocked) as problem:
            return await self._later(wanted, part.size_bytes, problem, self._give_up_after)
        except Problem as problem:
            await self._failed(wanted, problem)
        return None

    async def _connect_until_complete(self, wanted: Wanted, reception: Reception) -> None:
        """Connect as long as it brings something; raise what has to be waited for, or ends it."""
        has_fresh_token = False
        while True:
            before = reception.received_bytes
            try:
                if await reception.connect(wanted):
                    return
                has_fresh_token = False
            except TokenDead as dead:
                if has_fresh_token:
                    raise dead.problem from None
                wanted = await self._renewing.renew(wanted, dead.problem)
                has_fresh_token = True
            except Unreachable:
                if reception.received_bytes - before < WORTH_ANOTHER_TRY_BYTES:
                    raise
                has_fresh_token = False

    async def _finish(self, wanted: Wanted, part: PartialFile) -> None:
        """Name the file and record it; done again after a crash between the two, it finds the file in its place."""
        await in_thread(self._threads, lambda: part.put_in_place(overwrite=wanted.fetch.overwrite))

        def unit(tx: Tx) -> None:
            fetch = wanted.fetch
            fetches.finish(tx, fetch.owner, fetch.transfer, size_bytes=part.size_bytes, sha256=part.sha256)
            self._received(tx, fetches.load(tx, fetch.owner, fetch.transfer))

        await self._store.write(unit)

    async def _not_started(self, wanted: Wanted) -> None:
        if t.TRANSFER.is_terminal(wanted.state):
            detail = {"fr": f"Le transfert est {wanted.state}.", "en": f"The transfer is {wanted.state}."}
            await self._failed(wanted, FetchFailed(detail))

    async def _later(
        self, wanted: Wanted, done_bytes: int, problem: Problem, give_up_after: timedelta
    ) -> datetime | None:
        """Return when to try again; fail when nothing came for too long."""
        fetch = await self._store.read(lambda tx: fetches.load(tx, wanted.fetch.owner, wanted.fetch.transfer))
        silent_for = self._clock.now() - fetch.updated_at
        if silent_for > give_up_after:
            await self._failed(wanted, problem)
            return None
        await self._store.write(_pausing(wanted, done_bytes, problem))
        return self._clock.now() + max(patience(silent_for), timedelta(seconds=problem.retry_after_s or 0))

    async def _failed(self, wanted: Wanted, problem: Problem) -> None:
        await self._store.write(lambda tx: fetches.fail(tx, wanted.fetch.owner, wanted.fetch.transfer, problem))


def _pausing(wanted: Wanted, done_bytes: int, problem: Problem | None) -> Callable[[Tx], None]:
    return lambda tx: fetches.pause(tx, wanted.fetch.owner, wanted.fetch.transfer, done_bytes, problem)
