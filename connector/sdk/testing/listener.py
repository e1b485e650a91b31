"""How a fake peer is reached, and how it works by itself: a loopback server in threads, and errands with their time.

One connection carries one call. What would never end in a bad test ends here: bodies, connections and silences have a
limit, and closing wakes whoever waits.
"""

import heapq
import itertools
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import responses
from http.server import BaseHTTPRequestHandler, HTTPServer
from socket import SHUT_RDWR, socket
from socketserver import TCPServer, ThreadingMixIn
from typing import Any

HOST = "127.0.0.1"
LIMIT_BYTES = 64 << 20
MOST_CONNECTIONS = 64
PATIENCE_S = 20.0
"""How long a caller may take to say what it wants."""
LONGEST_SILENCE_S = 120.0
CUT_AT = len("HTTP/1.1 2")


def _nothing() -> None:
    pass


@dataclass(frozen=True)
class Request:
    """One call, whole; names of headers are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class Reply:
    """What is answered, and how."""

    status: int = 200
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    is_silent: bool = False
    is_cut: bool = False
    afterwards: Callable[[], None] = _nothing
    """Done once the answer is out."""


class Listener:
    """Serves on a port of loopback; may be closed and opened again on the same port."""

    def __init__(self, port: int = 0) -> None:
        """Take the port; calls wait until `open`. Raises OSError when it is taken by somebody else."""
        self.problems: list[BaseException] = []
        """What went wrong inside the peer itself."""
        self._server: _Server | None = _Server((HOST, port), self.problems)
        self.port = self._server.server_port

    def open(self, respond: Callable[[Request], Reply]) -> None:
        """Answer from now on. Raises OSError when the port was taken meanwhile."""
        if self._server is None:
            self._server = _Server((HOST, self.port), self.problems)
        self._server.begin(respond)

    def close(self) -> None:
        """Answer no more: the port is closed and every connection cut."""
        if self._server is not None:
            self._server.end()
            self._server = None


class _Server(ThreadingMixIn, HTTPServer):
    daemon_threads = True
    request_queue_size = MOST_CONNECTIONS

    def __init__(self, address: tuple[str, int], problems: list[BaseException]) -> None:
        self.respond: Callable[[Request], Reply]
        self.closing = threading.Event()
        self._problems = problems
        self._open: dict[Any, threading.Thread | None] = {}
        self._lock = threading.Lock()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind without asking a name server who we are."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]

    def begin(self, respond: Callable[[Request], Reply]) -> None:
        self.respond = respond
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), name="fake peer", daemon=True)
        self._thread.start()

    def end(self) -> None:
        self.closing.set()
        self.shutdown()
        self._thread.join()
        self.server_close()
        with self._lock:
            handlers = [thread for thread in self._open.values() if thread is not None]
            for connection in self._open:
                _hang_up(connection)
        for thread in handlers:
            if thread is not threading.current_thread():
                thread.join(PATIENCE_S)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            is_full = len(self._open) >= MOST_CONNECTIONS
            if not is_full:
                self._open[request] = None
        if is_full:
            self.shutdown_request(request)
        else:
            super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open[request] = threading.current_thread()
        super().process_request_thread(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep what went wrong; a caller that left is nothing wrong."""
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, OSError):
            self._problems.append(error)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = PATIENCE_S
    server: _Server

    def _serve(self) -> None:
        self.close_connection = True
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self._body(headers)
        if body is None:
            self._write(Reply(413))
            return
        reply = self.server.respond(Request(self.command, self.path, headers, body))
        try:
            self._answer(reply)
        finally:
            reply.afterwards()

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _serve

    def _answer(self, reply: Reply) -> None:
        if reply.delay_s:
            self.server.closing.wait(reply.delay_s)
        if reply.is_silent:
            self.server.closing.wait(LONGEST_SILENCE_S)
        elif not self.server.closing.is_set():
            self._write(reply, is_cut=reply.is_cut)

    def _write(self, reply: Reply, *, is_cut: bool = False) -> None:
        """Write the answer, or half of its body; of one without a body not even the whole status."""
        told = {"Content-Length": str(len(reply.body)), "Connection": "close", **reply.headers}
        lines = [
            f"HTTP/1.1 {reply.status} {responses.get(reply.status, '')}",
            *(f"{name}: {value}" for name, value in told.items()),
        ]
        head, body = "\r\n".join([*lines, "", ""]).encode(), b"" if self.command == "HEAD" else reply.body
        if is_cut:
            head, body = (head, body[: len(body) // 2]) if body else (head[:CUT_AT], b"")
        self.wfile.write(head + body)

    def _body(self, headers: Mapping[str, str]) -> bytes | None:
        """Return the body, None for one that is too large."""
        if "chunked" in headers.get("transfer-encoding", ""):
            return self._chunks()
        size = int(headers.get("content-length") or 0)
        return None if size > LIMIT_BYTES else self.rfile.read(size)

    def _chunks(self) -> bytes | None:
        found = bytearray()
        while size := int(self.rfile.readline(64).partition(b";")[0], 16):
            if len(found) + size > LIMIT_BYTES:
                return None
            found += self.rfile.read(size)
            self.rfile.readline(64)
        while self.rfile.readline(LIMIT_BYTES).strip():
            pass
        return bytes(found)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the test reads what was heard."""


def _hang_up(connection: socket) -> None:
    try:
        connection.shutdown(SHUT_RDWR)
    except OSError:
        return  # it was closed already


class Errands:
    """What the peer does by itself, one after the other, each not before its time."""

    def __init__(self, problems: list[BaseException]) -> None:
        self._problems = problems
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._is_resting = False
        self._is_over = False
        self._thread = threading.Thread(target=self._run, name="fake peer's errands", daemon=True)

    def begin(self) -> None:
        """Work from now on."""
        self._thread.start()

    def add(self, work: Callable[[], None], delay_s: float = 0.0) -> None:
        """Do this, after a while."""
        with self._changed:
            heapq.heappush(self._due, (time.monotonic() + delay_s, next(self._numbers), work))
            self._changed.notify()

    def rest(self, is_resting: bool) -> None:
        """Do nothing for now, or go on."""
        with self._changed:
            self._is_resting = is_resting
            self._changed.notify()

    def end(self) -> None:
        """Do nothing more."""
        with self._changed:
            self._is_over = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(PATIENCE_S)

    def _run(self) -> None:
        while (work := self._next()) is not None:
            try:
                work()
            except BaseException as error:  # told to the test, in its own thread
                self._problems.append(error)

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            while not self._is_over:
                left_s = None if self._is_resting or not self._due else self._due[0][0] - time.monotonic()
                if left_s is not None and left_s <= 0:
                    return heapq.heappop(self._due)[2]
                self._changed.wait(left_s)
        return None
