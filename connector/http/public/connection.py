"""uvicorn's HTTP/1.1 connection, with two things that ASGI does not offer. Give this class to uvicorn as `http`.

*Reset.* Returning early from an application lets the server send what it has buffered, however long the receiver takes
to read it. A stream that is cut must stop at once and must not look complete, so the connection is reset (RST): what
still waits in our buffers and in the kernel's is dropped.

*Prepared answers.* Half the time of a small answer goes into checking and joining header lines that are the same every
time. An answer whose head was made once is handed over as it is.

Both are found in `scope["extensions"]`; an application must do without them on another server.
"""

import asyncio
import os
import socket
import struct
from collections.abc import Iterable
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from connector.http.bounded import BoundedConnection

RESET = "pupitre.reset"
"""`scope["extensions"][RESET]()` resets the connection."""

PREPARED = "pupitre.prepared"
"""`scope["extensions"][PREPARED](send, head, body)` answers with a prepared head, or says False: then use `send`."""

_DROP_UNSENT = struct.pack("ii", 1, 0)  # SO_LINGER: on, for no time


def prepare(status: int, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the head of an answer, but for what the server adds to each. `content-length` must be among them."""
    return STATUS_LINE[status] + _lines(headers)


class Connection(BoundedConnection):
    """One connection of the public listener."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        super().connection_made(transport)
        self._extensions: dict[str, Any] = {RESET: self.reset, PREPARED: self.answer}
        self._added: tuple[list[tuple[bytes, bytes]], bytes] = ([], b"")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = self._extensions

    def reset(self) -> None:
        """Reset the connection; nothing that is still buffered leaves."""
        if self.transport.is_closing():
            return
        with socket.socket(fileno=os.dup(self.transport.get_extra_info("socket").fileno())) as same:
            same.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _DROP_UNSENT)
        self.transport.abort()

    def answer(self, send: Any, head: bytes, body: bytes) -> bool:
        """Send a whole answer in one write; False when this request needs more care than that."""
        cycle = getattr(send, "__self__", None)
        if not isinstance(cycle, RequestResponseCycle) or not self._is_plain(cycle):
            return False
        cycle.response_started = cycle.response_complete = True
        self.transport.write(b"".join((head, self._added_lines(), b"\r\n", body)))
        cycle.message_event.set()
        cycle.on_response()
        return True

    def _is_plain(self, cycle: RequestResponseCycle) -> bool:
        is_idle = not (self.flow.write_paused or cycle.response_started or cycle.disconnected)
        return is_idle and cycle.keep_alive and cycle.scope["method"] == "GET" and not cycle.access_log

    def _added_lines(self) -> bytes:
        """Return the lines that the server adds (`date`, `server`); it makes a new list of them every second."""
        headers = self.server_state.default_headers
        if self._added[0] is not headers:
            self._added = (headers, _lines(headers))
        return self._added[1]


def _lines(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    return b"".join(b"%b: %b\r\n" % header for header in headers)
