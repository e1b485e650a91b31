"""uvicorn's HTTP/1.1 connection, which an application may reset.

ASGI has no way to break off a response: returning early lets the server send what it has buffered, however long the
receiver takes to read it. A stream that is cut must stop at once and must not look complete, so the connection is reset
(RST): what still waits in our buffers and in the kernel's is dropped. Give this class to uvicorn as `http`.
"""

import asyncio
import os
import socket
import struct
from collections.abc import Callable

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

RESET = "pupitre.reset"
"""The ASGI extension: `scope["extensions"][RESET]()` resets the connection."""

_DROP_UNSENT = struct.pack("ii", 1, 0)  # SO_LINGER: on, for no time


class Connection(HttpToolsProtocol):
    """One connection of the public listener."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        super().connection_made(transport)
        self._extensions: dict[str, Callable[[], None]] = {RESET: self.reset}

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = self._extensions  # type: ignore[typeddict-item]  # values of ours

    def reset(self) -> None:
        """Reset the connection; nothing that is still buffered leaves."""
        if self.transport.is_closing():
            return
        with socket.socket(fileno=os.dup(self.transport.get_extra_info("socket").fileno())) as same:
            same.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _DROP_UNSENT)
        self.transport.abort()
