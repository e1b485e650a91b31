"""Our receiving end: what a partner pushes to us, into the place that was chosen when it was asked for.

secret → inlet → address → not used → the transfer wants it → plain and not too large → sink → checksum → recorded. A
secret opens one address of one transfer with one partner, and is dead once the bytes came; an upload that broke may be
sent again, from its start. Nothing stands in the place before all of it is there and verified. Suspension, completion
and termination by either side reset the connection. HTTP is in http/public/inlet.py.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial

from connector.clock import Clock
from connector.dataplane import flows, tokens
from connector.dataplane.errors import DiskFull, FetchFailed, FlowNotStarted, NoSuchFlow, PartInUse
from connector.dataplane.push_errors import (
    InletBusy,
    InletRefused,
    InletUsed,
    NoPlaceForPush,
    NoRoomForPush,
    PushIncomplete,
    PushTooLarge,
    PushTooSlow,
    PushWrongContent,
)
from connector.dataplane.reception import REPORT_EVERY
from connector.dataplane.sinks import Intake, Kept, Sink
from connector.problems import Problem
from connector.protocol import transfer as t
from connector.store import fetches, inlets
from connector.store.db import Store, Tx
from connector.store.fetches import Fetch
from connector.store.inlets import Inlet

BUSY_RETRY_S = 5.0


@dataclass(frozen=True, slots=True)
class Offered:
    """What the head of an upload says of the content."""

    size_bytes: int | None
    sha256: str | None
    """Hexadecimal."""


class Inlets:
    """Takes what partners push, for one process."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        open_sink: Callable[[Inlet], Sink],
        received: Callable[[Tx, Fetch], None],
        *,
        limit_bytes: int,
    ) -> None:
        self._store = store
        self._clock = clock
        self._open_sink = open_sink
        self._received = received
        self._limit_bytes = limit_bytes
        self.streams = flows.Streams()
        store.subscribe(flows.TOPIC, self.streams.signalled)

    async def admit(self, authorization: str | None, path: str) -> Inlet:
        """Return the inlet that a caller may use now. Raises InletRefused, NoSuchFlow, InletUsed, FlowNotStarted."""
        secret = tokens.presented(authorization)
        if secret is None:
            raise InletRefused
        fingerprint = tokens.fingerprint(secret)
        return await self._store.read(lambda tx: _judge(tx, inlets.find(tx, fingerprint), path))

    async def take(
        self, inlet: Inlet, offered: Offered, pieces: AsyncIterator[bytes], reset: Callable[[], object]
    ) -> Kept:
        """Keep what the pieces bring; `reset` cuts the connection.

        Raises PushTooLarge, InletBusy, NoPlaceForPush, NoRoomForPush, PushIncomplete, PushWrongContent, what the pieces
        raise, and what `admit` raises when the transfer stops meanwhile.
        """
        if (offered.size_bytes or 0) > self._limit_bytes:
            raise PushTooLarge(f"{offered.size_bytes} > {self._limit_bytes}")
        with self.streams.opened(flows.key(inlet.owner, inlet.transfer), reset):
            try:
                async with self._open_sink(inlet).open(offered.size_bytes) as intake:
                    await self._require_wanted(inlet)  # whatever was signalled before the stream was open
                    await self._fill(inlet, offered, intake, pieces)
                    return await self._keep(inlet, intake)
            except PartInUse as problem:
                busy = InletBusy()
                busy.retry_after_s = BUSY_RETRY_S
                raise busy from problem
            except DiskFull as problem:
                await self._note(inlet, problem)
                raise NoRoomForPush from problem
            except FetchFailed as problem:
                await self._store.write(partial(_fail, inlet, problem))
                raise NoPlaceForPush from problem  # its words name a folder of ours
            except (PushIncomplete, PushTooLarge, PushTooSlow, PushWrongContent, FlowNotStarted) as problem:
                await self._note(inlet, problem)
                raise

    async def _fill(self, inlet: Inlet, offered: Offered, intake: Intake, pieces: AsyncIterator[bytes]) -> None:
        reported_at = self._clock.now()
        async for piece in pieces:
            if intake.size_bytes + len(piece) > self._limit_bytes:
                raise PushTooLarge(f"> {self._limit_bytes}")
            await intake.write(piece)
            if self._clock.now() - reported_at >= REPORT_EVERY:
                reported_at = self._clock.now()
                await self._report(inlet, intake.size_bytes)
        if offered.size_bytes not in (None, intake.size_bytes):
            raise PushIncomplete(f"{intake.size_bytes} B, {offered.size_bytes} B")
        if offered.sha256 not in (None, intake.sha256()):
            raise PushWrongContent(f"SHA-256 {intake.sha256()} ≠ {offered.sha256}")

    async def _keep(self, inlet: Inlet, intake: Intake) -> Kept:
        """Name the content and record it; after a crash between the two, sent again it is recognised in its place."""
        await self._require_wanted(inlet)
        kept = await intake.commit()

        def unit(tx: Tx) -> None:
            fetches.finish(tx, inlet.owner, inlet.transfer, size_bytes=kept.size_bytes, sha256=kept.sha256)
            inlets.use(tx, inlet.owner, inlet.transfer)
            self._received(tx, fetches.load(tx, inlet.owner, inlet.transfer))

        await self._store.write(unit)
        return kept

    async def _report(self, inlet: Inlet, done_bytes: int) -> None:
        """Record the progress. Raises FlowNotStarted when the transfer is no longer to be pushed."""

        def unit(tx: Tx) -> None:
            _require_wanted(inlets.of_transfer(tx, inlet.owner, inlet.transfer))
            fetches.progress(tx, inlet.owner, inlet.transfer, done_bytes)

        await self._store.write(unit)

    async def _require_wanted(self, inlet: Inlet) -> None:
        await self._store.read(lambda tx: _require_wanted(inlets.of_transfer(tx, inlet.owner, inlet.transfer)))

    async def _note(self, inlet: Inlet, problem: Problem) -> None:
        """Record that an upload did not succeed, and why unless the transfer stopped; another may follow."""

        def unit(tx: Tx) -> None:
            now = inlets.of_transfer(tx, inlet.owner, inlet.transfer)
            if now is not None and now.used_at is None and not t.TRANSFER.is_terminal(now.state):
                is_wanted = flows.may_be_pushed(now.state, now.pending)
                fetches.pause(tx, inlet.owner, inlet.transfer, 0, problem if is_wanted else None)

        await self._store.write(unit)


def _fail(inlet: Inlet, problem: Problem, tx: Tx) -> None:
    fetches.fail(tx, inlet.owner, inlet.transfer, problem)


def _judge(tx: Tx, inlet: Inlet | None, path: str) -> Inlet:
    """Return the inlet of a secret, or raise the first reason against it."""
    if inlet is None:  # 1. secret
        raise InletRefused
    if path != _path(inlet):  # 2. its own address
        raise NoSuchFlow
    if inlet.used_at is not None:  # 3. once
        raise InletUsed(inlet.sha256)
    if inlet.expires_at <= tx.now:  # 4. not for ever
        raise InletRefused
    return _require_wanted(inlet)  # 5. the transfer


def _require_wanted(inlet: Inlet | None) -> Inlet:
    if inlet is None or not flows.may_be_pushed(inlet.state, inlet.pending):
        raise FlowNotStarted(inlet.state if inlet else "")
    return inlet


def _path(inlet: Inlet) -> str:
    prefix = "" if inlet.is_root else f"/o/{inlet.owner}"
    return f"{prefix}/data/{inlet.transfer}/push"
