"""Bulk bytes to peers: one upload of a known size, piece by piece, at constant memory.

Behind the same guard and in the same pool as the small calls of client.py; stream.py is the other direction. There is
no time limit on the whole, only on silence: on the peer's not reading, and on its answer once it has everything. An
upload that is aborted is reset, so that what waits in buffers never leaves and the peer sees an incomplete body.
"""

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import Payload

from connector.peer.client import AiohttpTransport, Answer, Call
from connector.peer.errors import Unreachable
from connector.problems import Problem

IDLE_S = 30.0
"""The longest that a peer may read nothing, in seconds."""
ANSWER_S = 300.0
"""How long a peer may take to answer once it has everything, in seconds: it may have to write it all to its disk."""
ANSWER_BYTES = 64 << 10
_DROP_UNSENT = struct.pack("ii", 1, 0)  # SO_LINGER: on, for no time


class Upload:
    """One request whose body is sent piece by piece. `sent` is called with the size of each piece that went."""

    def __init__(
        self,
        transport: AiohttpTransport,
        url: str,
        pieces: AsyncIterator[bytes],
        *,
        method: str,
        headers: Mapping[str, str],
        size_bytes: int,
        sent: Callable[[int], object],
    ) -> None:
        self._transport = transport
        self._call = Call(method, url, headers)
        self._body = _Pieces(pieces, size_bytes, sent)

    async def send(self) -> Answer:
        """Return the peer's answer. Nothing reads the pieces any more then, nor when it raises.

        Raises Unreachable, PeerAddressRefused, AnswerTooLarge, and the Problem that the pieces raised. An answer that
        comes before everything was sent may only be a refusal: anything else is Unreachable.
        """
        try:
            async with asyncio.timeout(IDLE_S) as limit:
                self._body.limit = limit
                answer = await self._transport.upload(self._call, self._body, limit_bytes=ANSWER_BYTES)
        except TimeoutError as error:
            self.abort()
            raise Unreachable("timeout", self._call.url.split("/")[2]) from error
        except Unreachable as error:
            if self._body.problem is not None:
                raise self._body.problem from error
            raise
        finally:
            self._body.limit = None
            await self._body.leave()
        if answer.is_success and not self._body.is_whole:
            raise Unreachable("protocol", self._call.url.split("/")[2])
        return answer

    def abort(self) -> None:
        """Reset the connection; what is still buffered never leaves, and nothing more is sent."""
        self._body.abort()


class _Pieces(Payload):
    """A body that is read while it is sent."""

    def __init__(self, pieces: AsyncIterator[bytes], size_bytes: int, sent: Callable[[int], object]) -> None:
        super().__init__(None)
        self._size = size_bytes
        self._pieces = pieces
        self._sent = sent
        self._left = size_bytes
        self._transport: asyncio.Transport | None = None
        self._writing: asyncio.Task[Any] | None = None
        self._is_aborted = False
        self.limit: asyncio.Timeout | None = None
        self.problem: Problem | None = None

    @property
    def is_whole(self) -> bool:
        return self._left == 0 and not self._is_aborted

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        raise TypeError("a body that is sent piece by piece is never read back")

    async def write(self, writer: AbstractStreamWriter) -> None:
        self._transport = getattr(writer, "transport", None)
        self._writing = asyncio.current_task()
        try:
            async for piece in self._pieces:
                self._require_going_on()
                await writer.write(piece)
                await writer.drain()
                self._left -= len(piece)
                self._sent(len(piece))
                self._prolong(IDLE_S)
        except Problem as problem:
            self.problem = problem
            self.abort()
            raise
        self._require_going_on()
        self._prolong(ANSWER_S)

    async def leave(self) -> None:
        """Return once the pieces are left alone: the connection may have broken while the next one was read."""
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.wait([self._writing])

    def abort(self) -> None:
        self._is_aborted = True
        if self._transport is not None and not self._transport.is_closing():
            _reset_on_close(self._transport)
            self._transport.abort()

    def _require_going_on(self) -> None:
        if self._is_aborted:
            raise ConnectionAbortedError

    def _prolong(self, seconds: float) -> None:
        if self.limit is not None and not self.limit.expired():
            self.limit.reschedule(asyncio.get_running_loop().time() + seconds)


def _reset_on_close(transport: asyncio.Transport) -> None:
    opened: Any = transport.get_extra_info("socket")
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(opened.fileno())) as same:
        same.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _DROP_UNSENT)
