"""Bulk bytes from peers: one download, in chunks, at constant memory.

Behind the same guard and in the same pool as the small calls of client.py. Nothing is unpacked on the way: a checksum
is about the bytes of the file. There is no time limit on the whole, only on silence.
"""

from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Self

from connector.peer.client import FAILURES, AiohttpTransport, Call, plain_headers, unreachable
from connector.peer.errors import AnswerTooLarge

CHUNK_BYTES = 1 << 20
"""Most that one chunk holds."""

BUFFER_BYTES = 384 << 10
"""The peer is held back at twice this much unread; one more read of the socket, 256 KiB, still makes one chunk."""


class Download:
    """An answer whose body is read chunk by chunk; an async context manager.

    `first_byte` resumes: the request carries a `Range`, with `If-Range` when `etag` is given, and the caller reads from
    `status` whether the peer resumed (206) or begins again (200). `idle_s` is the longest silence, in seconds.
    Entering raises Unreachable and PeerAddressRefused.
    """

    status: int
    headers: Mapping[str, str]
    """By lower-case name."""

    def __init__(
        self,
        transport: AiohttpTransport,
        url: str,
        *,
        authorization: str | None = None,
        first_byte: int = 0,
        etag: str | None = None,
        idle_s: float = 30.0,
    ) -> None:
        self._transport = transport
        self._call = Call("GET", url, _headers(authorization, first_byte, etag))
        self._idle_s = idle_s

    async def __aenter__(self) -> Self:
        self._response = await self._transport.open(self._call, idle_s=self._idle_s, buffer_bytes=BUFFER_BYTES)
        self.status = self._response.status
        self.headers = plain_headers(self._response.headers)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Keeps the connection after a whole body, and closes it when part of one was left unread.
        self._response.release()

    async def chunks(self, limit_bytes: int | None = None) -> AsyncIterator[bytes]:
        """Yield the body in chunks of at most 1 MiB.

        Raises Unreachable when the body is cut or silent, AnswerTooLarge past `limit_bytes`.
        """
        received = 0
        while chunk := await self._read():
            received += len(chunk)
            if limit_bytes is not None and received > limit_bytes:
                raise AnswerTooLarge(self._call.url)
            yield chunk

    async def _read(self) -> bytes:
        try:
            # All that is there: half the CPU time of read(n), which cuts and joins the pieces again.
            return await self._response.content.readany()
        except FAILURES as error:
            raise unreachable(error, self._response.url) from error


def _headers(authorization: str | None, first_byte: int, etag: str | None) -> dict[str, str]:
    headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
    if authorization is not None:
        headers["Authorization"] = authorization
    if first_byte:
        headers["Range"] = f"bytes={first_byte}-"
        if etag is not None:
            headers["If-Range"] = etag
    return headers
