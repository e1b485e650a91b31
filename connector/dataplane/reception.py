"""One run of a fetch: connections to the provider, and what they bring into the part.

Joining parts of two connections is safe only when both say that they are of the same content: by a strong entity tag,
or by a checksum that the whole is held against in the end. Otherwise the part is emptied and received anew. Which
connection is tried when is decided in receive.py.
"""

from concurrent.futures import Executor
from dataclasses import replace
from datetime import timedelta

from connector.clock import Clock
from connector.dataplane import announced, flows
from connector.dataplane.announced import Announced
from connector.dataplane.errors import RefusedByProvider, WrongContent
from connector.dataplane.partial import PartialFile
from connector.dataplane.threads import in_thread
from connector.dataplane.transfers import http_pull
from connector.dataplane.transfers.http_pull import Pull
from connector.peer.client import AiohttpTransport
from connector.peer.stream import Download
from connector.store import fetches
from connector.store.db import Store
from connector.store.fetches import Wanted

REPORT_EVERY = timedelta(seconds=1)
REASON_BYTES = 64 << 10
STARTS_OVER = 3


class Stopped(Exception):
    """The transfer is no longer started: nothing more is read."""


class Reception:
    """Brings the content of one transfer into one part."""

    def __init__(
        self, store: Store, clock: Clock, transport: AiohttpTransport, threads: Executor, part: PartialFile
    ) -> None:
        self._store = store
        self._clock = clock
        self._transport = transport
        self._threads = threads
        self._part = part
        self._known: Announced | None = None
        self._is_of_one_piece = False
        self._starts_over = 0
        self._reported_at = clock.now()
        self.received_bytes = 0
        """What all connections of this run brought."""

    async def connect(self, wanted: Wanted) -> bool:
        """Read from one connection; True when the content is complete and verified.

        False when another connection should follow at once. Raises TokenDead, Stopped, Unreachable (also when cut),
        Unavailable, or a FetchFailed.
        """
        known = self._known or _known_from(wanted)
        if self._part.size_bytes and self._part.size_bytes == known.size_bytes:
            return await self._verify(known)
        if known.etag is None and known.sha256 is None:
            await in_thread(self._threads, self._part.empty)
        download = self._download(_pull(wanted), known)
        async with download:
            found = await self._accept(download, known)
            if found is None:
                await self._start_over()
                return False
            if await self._prepare(wanted, found):
                return True
            before = self.received_bytes
            async for piece in download.chunks(_left(found, self._part)):
                await self._take(wanted, piece)
        return await self._ended(found, self.received_bytes - before)

    def _download(self, pull: Pull, known: Announced) -> Download:
        return Download(
            self._transport,
            pull.endpoint,
            authorization=pull.authorization,
            first_byte=self._part.size_bytes,
            etag=known.etag,
        )

    async def _accept(self, download: Download, known: Announced) -> Announced | None:
        """Return what the answer brings, None when it does not continue the part. Raises why nothing is sent."""
        asked_from = self._part.size_bytes
        if download.status not in (200, 206):
            if download.status == 416 and asked_from:
                return None
            raise announced.refusal(download.status, download.headers, await _reason(download))
        found = announced.content(download.status, download.headers)
        if download.status == 200:
            await in_thread(self._threads, self._part.empty)
            self._is_of_one_piece = True
            return found
        self._is_of_one_piece = False
        if found is None or found.start != asked_from:
            return None
        return _merged(found, known) if asked_from else found

    async def _prepare(self, wanted: Wanted, found: Announced) -> bool:
        """Record what comes and make sure of its place; True when it is already there."""
        before, self._known = self._known, replace(found, start=0)
        if self._known != before:
            await self._store.write(
                lambda tx: fetches.announced(
                    tx,
                    wanted.fetch.owner,
                    wanted.fetch.transfer,
                    size_bytes=found.size_bytes,
                    sha256=found.sha256,
                    etag=found.etag,
                )
            )
        return await in_thread(self._threads, self._make_sure_of_place, wanted, found)

    def _make_sure_of_place(self, wanted: Wanted, found: Announced) -> bool:
        if not wanted.fetch.overwrite and self._part.stands_already(found.size_bytes, found.sha256):
            return True
        if found.size_bytes is not None:
            self._part.require_room(found.size_bytes)
        return False

    async def _take(self, wanted: Wanted, piece: bytes) -> None:
        await in_thread(self._threads, self._part.append, piece)
        self.received_bytes += len(piece)
        if self._clock.now() - self._reported_at >= REPORT_EVERY:
            await self._report(wanted)

    async def _report(self, wanted: Wanted) -> None:
        """Record the progress. Raises Stopped when the transfer is no longer started."""
        self._reported_at = self._clock.now()
        owner, transfer, done_bytes = wanted.fetch.owner, wanted.fetch.transfer, self._part.size_bytes
        now = await self._store.write(lambda tx: fetches.progress(tx, owner, transfer, done_bytes))
        if now is None or not flows.may_receive(now.state, now.pending):
            raise Stopped

    async def _ended(self, found: Announced, brought_bytes: int) -> bool:
        """Judge a body that ended cleanly."""
        if found.size_bytes is None or self._part.size_bytes == found.size_bytes:
            return await self._verify(found)
        if not brought_bytes:
            raise WrongContent(f"{self._part.size_bytes} B, {found.size_bytes} B")
        return False  # a server may send less than it was asked for

    async def _verify(self, found: Announced) -> bool:
        """Hold the part against its checksum; one that was joined gets a second chance from the start."""
        if found.sha256 is None or self._part.sha256 == found.sha256:
            return True
        received = self._part.sha256
        await self._start_over()
        if self._is_of_one_piece:
            raise WrongContent(f"SHA-256 {received} ≠ {found.sha256}")
        return False

    async def _start_over(self) -> None:
        """Empty the part. Raises WrongContent when that has not helped before."""
        self._starts_over += 1
        await in_thread(self._threads, self._part.empty)
        if self._starts_over > STARTS_OVER:
            raise WrongContent


def _pull(wanted: Wanted) -> Pull:
    """Return where to pull. Raises RefusedByProvider when the start said nowhere."""
    pull = http_pull.read(wanted.data_address) if wanted.data_address else None
    if pull is None:
        raise RefusedByProvider({"fr": "Aucune adresse de données.", "en": "No data address."})
    return pull


def _known_from(wanted: Wanted) -> Announced:
    fetch = wanted.fetch
    return Announced(0, fetch.size_bytes, fetch.sha256, fetch.etag)


def _merged(found: Announced, known: Announced) -> Announced | None:
    """Return what both answers say together, None when they speak of different contents."""
    pairs = ((found.size_bytes, known.size_bytes), (found.sha256, known.sha256), (found.etag, known.etag))
    if any(None not in (new, old) and new != old for new, old in pairs):
        return None
    size_bytes, sha256, etag = (found.size_bytes or known.size_bytes, found.sha256 or known.sha256, known.etag)
    return Announced(found.start, size_bytes, sha256, etag or found.etag)


def _left(found: Announced, part: PartialFile) -> int | None:
    return None if found.size_bytes is None else found.size_bytes - part.size_bytes


async def _reason(download: Download) -> bytes:
    body = b""
    async for piece in download.chunks():
        body += piece
        if len(body) > REASON_BYTES:
            break
    return body
