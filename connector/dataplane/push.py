"""The provider's push: the bytes of a started transfer to the address that its consumer gave, whatever happens.

A job `push` looks at one row of `pushes` and does what is due. Before each upload, and for as long as it runs, the gate
says whether the bytes may leave; what stops the transfer resets the connection. An upload that was cut, by the network
or by the end of this process, begins again from its start: the receiver keeps nothing of a broken one, and one of ours
that had it all says so, with its checksum.

What passes by itself (no answer, 5xx, a start that has not been recorded there yet) is tried again, half as long again
as nothing went; anything else fails with its reason. What becomes of the transfer then is said by services/deliver.py.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Protocol

from connector.clock import Clock
from connector.dataplane import announced, flows
from connector.dataplane.announced import attachment, media_type, reason_in, repr_digest
from connector.dataplane.errors import FlowNotStarted
from connector.dataplane.gate import Gate, OpenSource, Taking, Verdict
from connector.dataplane.judging import Judging
from connector.dataplane.patience import CROSSING, patience
from connector.dataplane.push_errors import InletBusy, InletUsed, PushRefused
from connector.dataplane.ranges import Slice
from connector.dataplane.reception import REPORT_EVERY, Stopped
from connector.dataplane.sources import Measured
from connector.dataplane.transfers import http_push
from connector.peer.client import AiohttpTransport, Answer
from connector.peer.errors import AnswerTooLarge, BadAnswer, Unreachable
from connector.peer.upload import Upload
from connector.problems import Problem, Unavailable
from connector.store import pushes
from connector.store.db import Store, Tx
from connector.store.jobs import Job
from connector.store.pushes import Due

_PASSING = frozenset({408, 425, 429})
_CROSSING = frozenset({FlowNotStarted.code, InletBusy.code})


class NotYet(Unavailable):
    """The receiver does not take it at present, but soon should."""


class Ends(Protocol):
    """What becomes of the transfer; called inside the transaction that records it."""

    def finished(self, tx: Tx, owner: str, transfer: str, /) -> None:
        """The receiver has accepted everything."""

    def complete(self, tx: Tx, owner: str, transfer: str, /) -> None:
        """It had, and the transfer is started all the same."""

    def failed(self, tx: Tx, owner: str, transfer: str, problem: Problem, /) -> None:
        """The push ended for good."""


class Pusher:
    """Handles the jobs `push` (key: the transfer)."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        gate: Gate,
        transport: AiohttpTransport,
        open_source: OpenSource,
        ends: Ends,
        *,
        give_up_after_s: float,
    ) -> None:
        self._store = store
        self._clock = clock
        self._gate = gate
        self._judging = Judging(gate, store, clock)
        self._transport = transport
        self._open_source = open_source
        self._ends = ends
        self._give_up_after = timedelta(seconds=give_up_after_s)

    async def __call__(self, job: Job) -> datetime | None:
        """Send what is due; return when to look again, None when there is nothing left to do by itself."""
        due = await self._store.read(lambda tx: pushes.due(tx, job.owner, job.key))
        if due is None or due.push.status == "failed":
            return None
        if due.push.status == "done":
            await self._store.write(lambda tx: self._ends.complete(tx, job.owner, job.key))
            return None
        try:
            await self._finish(job, await self._send(job, due))
        except Stopped:
            await self._store.write(lambda tx: pushes.pause(tx, job.owner, job.key))
        except NotYet as problem:
            return await self._later(job, problem, CROSSING)
        except (Unreachable, Unavailable, AnswerTooLarge, BadAnswer) as problem:
            return await self._later(job, problem)
        except Problem as problem:
            await self._failed(job, problem)
        return None

    async def _send(self, job: Job, due: Due) -> Measured:
        """Return what the receiver has accepted. Raises Stopped, or why it has not."""
        uploads: list[Upload] = []
        with self._gate.streams.opened(flows.key(job.owner, job.key), _aborting(uploads)) as stream:
            verdict = await self._admitted(job)  # whatever was signalled before the stream was open
            source, published = self._open_source(due.flow.source), Measured.of(due.flow.source)
            source.require_unchanged(published)
            if verdict.is_counted:
                verdict = await self._store.write(lambda tx: self._judged(tx, job, Taking(goes_on=True)))
            destination = http_push.read(due.address)
            report = _Report(self._store, self._clock, job, published.size_bytes)
            pieces = source.read(published, Slice(0, published.size_bytes))
            async with aclosing(pieces), self._attended(stream, due, verdict):
                upload = Upload(
                    self._transport,
                    destination.url,
                    report.following(pieces),
                    method=destination.method,
                    headers=_headers(destination, published),
                    size_bytes=published.size_bytes,
                    sent=report.sent,
                )
                uploads.append(upload)
                try:
                    answer = await upload.send()
                except Problem as problem:
                    if stream.is_cut:
                        await self._admitted(job)  # its words are truer, if the policy has ended
                        raise Stopped from problem
                    raise
            _require_accepted(answer, published)
            return published

    async def _admitted(self, job: Job) -> Verdict:
        """Return the policy's verdict. Raises Stopped when the transfer is not started, PolicyRefuses."""
        return await self._store.read(lambda tx: self._judged(tx, job))

    def _judged(self, tx: Tx, job: Job, taking: Taking | None = None) -> Verdict:
        due = pushes.due(tx, job.owner, job.key)
        if due is None or not flows.may_push(due.flow.state, due.flow.pending):
            raise Stopped
        return self._gate.require_permitted(tx, due.flow, taking)

    @asynccontextmanager
    async def _attended(self, stream: flows.OpenStream, due: Due, verdict: Verdict) -> AsyncIterator[None]:
        """Cut the stream when it is no longer permitted."""
        task = asyncio.create_task(self._judging.keep(stream, due.flow, verdict.valid_until))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _finish(self, job: Job, sent: Measured) -> None:
        def unit(tx: Tx) -> None:
            pushes.finish(tx, job.owner, job.key, size_bytes=sent.size_bytes, sha256=sent.sha256)
            self._ends.finished(tx, job.owner, job.key)

        await self._store.write(unit)

    async def _later(self, job: Job, problem: Problem, crossing: timedelta | None = None) -> datetime | None:
        """Return when to try again; fail when nothing went for too long, or it was not accepted for far too long."""
        push = await self._store.read(lambda tx: pushes.load(tx, job.owner, job.key))
        now = self._clock.now()
        is_too_long = now - push.begun_at > self._give_up_after
        if is_too_long or (crossing is not None and now - push.updated_at > crossing):
            await self._failed(job, problem)
            return None
        await self._store.write(lambda tx: pushes.pause(tx, job.owner, job.key, problem))
        return now + max(patience(now - push.updated_at), timedelta(seconds=problem.retry_after_s or 0))

    async def _failed(self, job: Job, problem: Problem) -> None:
        def unit(tx: Tx) -> None:
            pushes.fail(tx, job.owner, job.key, problem)
            self._ends.failed(tx, job.owner, job.key, problem)

        await self._store.write(unit)


def _aborting(uploads: list[Upload]) -> Callable[[], object]:
    def abort() -> None:
        for upload in uploads:
            upload.abort()

    return abort


class _Report:
    """Records how much has gone, now and then."""

    def __init__(self, store: Store, clock: Clock, job: Job, size_bytes: int) -> None:
        self._store = store
        self._clock = clock
        self._job = job
        self._size_bytes = size_bytes
        self._sent_bytes = 0
        self._at = clock.now()

    def sent(self, size_bytes: int) -> None:
        """Count a piece."""
        self._sent_bytes += size_bytes

    async def following(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Yield the pieces, and record the progress between two of them."""
        owner, transfer = self._job.owner, self._job.key
        await self._store.write(lambda tx: pushes.attempt(tx, owner, transfer, self._size_bytes))
        async for piece in pieces:
            yield piece
            if self._clock.now() - self._at >= REPORT_EVERY:
                self._at = self._clock.now()
                await self._store.write(lambda tx: pushes.progress(tx, owner, transfer, self._sent_bytes))


def _headers(destination: http_push.Destination, published: Measured) -> Mapping[str, str]:
    digest = repr_digest(published.sha256)
    headers = {
        "Content-Type": media_type(published.media_type),
        "Content-Digest": digest,
        "Repr-Digest": digest,
        "Content-Disposition": attachment(published.file_name),
        "Accept": "application/json, */*;q=0.5",
        "Accept-Encoding": "identity",
    }
    return headers if destination.header is None else {**headers, destination.header[0]: destination.header[1]}


def _require_accepted(answer: Answer, published: Measured) -> None:
    """Raise unless the receiver has the bytes: NotYet or Unavailable to try again, PushRefused for good."""
    if answer.is_success:
        return
    code, reason = reason_in(answer.body)
    if code == InletUsed.code and announced.sha256_of(answer.headers.get("repr-digest", "")) == published.sha256:
        return  # it had everything before we could record it
    said = {language: f"HTTP {answer.status}. {text}".strip() for language, text in reason.items()}
    wait = answer.headers.get("retry-after", "")
    pause: dict[str, Any] = {"retry_after_s": float(wait) if wait.isdecimal() else None}
    if answer.status == 409 and code in _CROSSING:
        raise NotYet(said, **pause)
    if answer.status >= 500 or answer.status in _PASSING:
        raise Unavailable(said, **pause)
    raise PushRefused(said)
