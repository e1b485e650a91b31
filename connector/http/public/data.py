"""`/data/TRANSFER` and `/o/SLUG/data/TRANSFER`: bytes for who passes the gate; renewal of tokens, and what is pushed.

A plain ASGI application that stands in front of every router, because a small pull costs less than finding a route.
GET and HEAD with a single range (RFC 9110 §14); several ranges, or a malformed one, are answered with the whole. The
strong entity tag and `Repr-Digest` (RFC 9530) come from the SHA-256 that was published. A response that cannot be
completed is cut, never ended: its connection is reset. Who may read is decided in dataplane/gate.py.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from functools import lru_cache, partial
from time import gmtime, strftime

from connector.dataplane import announced, ranges
from connector.dataplane.bodies import SMALL_BYTES, Bodies
from connector.dataplane.errors import WrongMethod
from connector.dataplane.flows import OpenStream
from connector.dataplane.gate import Admission, Gate, Taking
from connector.dataplane.judging import Judging
from connector.dataplane.ranges import Slice
from connector.dataplane.sources import Measured
from connector.http.public.answers import App, Message, Receive, Scope, Send, answering_problems, reset_of, send_whole
from connector.http.public.connection import PREPARED, prepare
from connector.problems import Problem

_HOSTED = re.compile(r"/o/[^/]+/data/")


def is_data_path(path: str) -> bool:
    """Return True for the addresses that this application answers."""
    return path.startswith("/data/") or (path.startswith("/o/") and _HOSTED.match(path) is not None)


class DataApp:
    """Answers data addresses, and passes everything else on."""

    def __init__(self, gate: Gate, judging: Judging, renewals: App, inlets: App, otherwise: App) -> None:
        self._gate = gate
        self._judging = judging
        self._renewals = renewals
        self._inlets = inlets
        self._otherwise = otherwise
        self._bodies = Bodies()
        self.pulls = 0
        """Responses begun since the start, for the metrics."""
        self.sent_bytes = 0
        """Bytes of content handed to the network since the start."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or not is_data_path(path):
            await self._otherwise(scope, receive, send)
        elif path.endswith("/token"):
            await answering_problems(self._renewals, scope, receive, send)
        elif path.endswith("/push"):
            await answering_problems(self._inlets, scope, receive, send)
        else:
            await answering_problems(self._serve, scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"]
        if method not in ("GET", "HEAD"):
            raise WrongMethod
        headers = dict(scope["headers"])
        delivers = partial(_delivers, method, headers)
        admission = await self._gate.admit(_text(headers, b"authorization"), scope["path"], delivers)
        published = admission.published
        part = _part(method, headers, published)
        self.pulls += 1
        if method == "HEAD":
            await send_whole(send, _head(published, None), b"")
        elif published.size_bytes <= SMALL_BYTES:
            await self._send_small(admission, part, scope, send)
        else:
            await self._stream(admission, part, scope, receive, send)

    async def _send_small(self, admission: Admission, part: Slice | None, scope: Scope, send: Send) -> None:
        published = admission.published
        body = self._bodies.recall(published)
        if body is None:
            with self._gate.streams.opened(admission.flow, reset_of(scope)) as stream:
                body = await self._bodies.load(admission.source, published)
            if stream.is_cut:
                return
        if part is not None:
            body = body[part.start : part.stop]
        self.sent_bytes += len(body)
        answer = scope.get("extensions", {}).get(PREPARED)
        if part is not None or answer is None or not answer(send, _prepared(published), body):
            await send_whole(send, _head(published, part), body)

    async def _stream(
        self, admission: Admission, part: Slice | None, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Send piece by piece; a problem before the first piece is an answer, a later one cuts the connection."""
        wanted = part or Slice(0, admission.published.size_bytes)
        with self._gate.streams.opened(admission.flow, reset_of(scope)) as stream:
            pieces = admission.source.read(admission.published, wanted)
            async with self._attended(stream, admission, receive), aclosing(pieces):
                first = await anext(pieces)
                await send(_head(admission.published, part))
                try:
                    await self._send_pieces(stream, first, pieces, wanted.size_bytes, send)
                except Problem:
                    stream.cut()

    async def _send_pieces(
        self, stream: OpenStream, first: bytes, others: AsyncGenerator[bytes], left: int, send: Send
    ) -> None:
        piece: bytes | None = first
        while piece is not None and not stream.is_cut:
            left -= len(piece)
            self.sent_bytes += len(piece)
            await send({"type": "http.response.body", "body": piece, "more_body": left > 0})
            piece = await anext(others, None)

    @asynccontextmanager
    async def _attended(self, stream: OpenStream, admission: Admission, receive: Receive) -> AsyncIterator[None]:
        """Cut the stream when it is no longer permitted, or nobody listens any more."""
        tasks = [
            asyncio.create_task(self._judging.keep(stream, admission, admission.permitted_until)),
            asyncio.create_task(_cut_when_left(stream, receive)),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _cut_when_left(stream: OpenStream, receive: Receive) -> None:
    """Stop reading the source once the receiver has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.cut()


def _delivers(method: str, headers: dict[bytes, bytes], published: Measured) -> Taking | None:
    """Return the delivery that a request begins; a range that begins after the first byte goes on with one."""
    if method != "GET":
        return None
    part = _part(method, headers, published)
    return Taking(goes_on=part is not None and part.start > 0)


def _part(method: str, headers: dict[bytes, bytes], published: Measured) -> Slice | None:
    """Return the range to send, None for the whole. Raises RangeUnsatisfiable."""
    if method != "GET" or not ranges.still_applies(_text(headers, b"if-range"), published.etag):
        return None
    return ranges.requested(_text(headers, b"range"), published.size_bytes)


def _text(headers: dict[bytes, bytes], name: bytes) -> str | None:
    value = headers.get(name)
    return None if value is None else value.decode("latin-1")


def _head(published: Measured, part: Slice | None) -> Message:
    """Return the response's first message, for the whole content or a part of it."""
    if part is None:
        return _whole_head(published)
    size = str(part.size_bytes).encode()
    content_range = part.content_range(published.size_bytes).encode()
    headers = [(b"content-length", size), (b"content-range", content_range), *_headers_of(published)]
    return {"type": "http.response.start", "status": 206, "headers": headers}


@lru_cache(maxsize=4096)
def _prepared(published: Measured) -> bytes:
    return prepare(200, _whole_head(published)["headers"])


@lru_cache(maxsize=4096)
def _whole_head(published: Measured) -> Message:
    size = str(published.size_bytes).encode()
    headers = [(b"content-length", size), *_headers_of(published)]
    return {"type": "http.response.start", "status": 200, "headers": headers}


def _headers_of(published: Measured) -> list[tuple[bytes, bytes]]:
    modified = strftime("%a, %d %b %Y %H:%M:%S GMT", gmtime(published.modified_ns // 1_000_000_000))
    texts = {
        "content-type": announced.media_type(published.media_type),
        "etag": published.etag,
        "last-modified": modified,
        "repr-digest": announced.repr_digest(published.sha256),
        "content-disposition": announced.attachment(published.file_name),
        "accept-ranges": "bytes",
        "cache-control": "private, no-store",
        "x-content-type-options": "nosniff",
    }
    return [(name.encode(), value.encode("ascii")) for name, value in texts.items()]
