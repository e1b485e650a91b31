"""Uploads: what a broken connection leaves behind."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from connector.peer.errors import Unreachable
from connector.peer.upload import Upload

RESET = struct.pack("ii", 1, 0)
SIZE_BYTES = 2_000


def test_a_connection_that_breaks_while_a_piece_is_read_leaves_the_pieces_to_their_owner(
    raw_server: Any, calling: Any
) -> None:
    left: list[bool] = []

    async def play() -> None:
        reading = asyncio.Event()

        async def pieces() -> AsyncIterator[bytes]:
            try:
                yield b"x" * (SIZE_BYTES // 2)
                reading.set()
                await asyncio.Event().wait()  # as from a slow disk
            finally:
                left.append(True)

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reading.wait()
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()

        async with raw_server(talk) as port, calling() as transport, aclosing(pieces()) as content:
            url = f"http://127.0.0.1:{port}/push"
            upload = Upload(
                transport, url, content, method="POST", headers={}, size_bytes=SIZE_BYTES, sent=lambda _: None
            )
            with pytest.raises(Unreachable):
                await upload.send()
            assert left == [True]

    asyncio.run(play())
