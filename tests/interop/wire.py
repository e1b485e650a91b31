"""A recording proxy in front of each partner: every exchange becomes a line of the journal, and one may be held.

Requests are read whole and passed on; answers stream through, so that a cut reaches the other side as a cut. When
nobody listens behind it the connection breaks, as if nobody listened here. `held` stops one message on its way: that is
how a test finds a process in the middle. What the address shows by itself (`shown`) is answered here and no exchange.
`changing` does to a message on its way what an extension of its sender would have done.
"""

import contextlib
import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

NOT_FORWARDED = frozenset({"connection", "keep-alive", "transfer-encoding", "te", "upgrade", "content-length", "host"})
CHUNK_BYTES = 64 << 10
KEPT_BYTES = 64 << 10
"""How much of a body stands in the journal."""
HELD_WITHIN_S = 120


class Journal:
    """The wire journal of a session: one JSON object a line."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._lines: list[dict[str, Any]] = []

    def begin(self, test: str) -> None:
        """Say which test begins."""
        self.write(test=test)
        self._lines.clear()

    def write(self, **line: Any) -> None:
        with self._lock, self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"time": round(time.time(), 3), **line}, ensure_ascii=False) + "\n")
            self._lines.append(line)

    def taken(self, to: str, path_end: str) -> list[Any]:
        """Return the messages of this test that a partner took with success at such a path."""
        return [
            line["request"]["body"]
            for line in self._lines
            if line.get("to") == to
            and line["request"]["path"].endswith(path_end)
            and line.get("answer", {}).get("status", 999) < 300
        ]

    def first_taken(self, to: str, path_end: str) -> dict[str, Any]:
        """Wait until a partner took a message at such a path, and return it.

        A partner shows its new state before it answers, and the journal has the line once the answer has passed.
        """
        message: dict[str, Any] = until(lambda: self.taken(to, path_end), f"{to} takes {path_end}")[0]
        return message


@dataclass(eq=False)
class Held:
    """One message that stands still before its receiver gets it."""

    path_end: str
    reached: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)
    is_dropped: bool = False

    def wait(self) -> None:
        """Return once the message stands still."""
        assert self.reached.wait(HELD_WITHIN_S), f"nobody sent …{self.path_end}"

    def drop(self) -> None:
        """Lose the message: its sender sees the connection break."""
        self.is_dropped = True
        self.go.set()


class Proxy:
    """The address of a partner; `port` is its own, `behind` that of the process."""

    def __init__(self, name: str, journal: Journal, port: int = 0) -> None:
        self.name = name
        self.behind = 0
        self.journal = journal
        self.shown: dict[str, bytes] = {}
        """By path, documents that the address shows."""
        self._held: list[Held] = []
        self._changes: dict[str, Callable[[bytes], bytes]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, name=f"wire {name}", daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextlib.contextmanager
    def holding(self, path_end: str) -> Iterator[Held]:
        """Hold the next message whose path ends so; what is still held at the end goes on."""
        held = Held(path_end)
        self._held.append(held)
        try:
            yield held
        finally:
            if held in self._held:
                self._held.remove(held)
            held.go.set()

    @contextlib.contextmanager
    def changing(self, changes: dict[str, Callable[[bytes], bytes]]) -> Iterator[None]:
        """Change the bodies of messages by the end of their path."""
        self._changes = changes
        try:
            yield
        finally:
            self._changes = {}

    def changed(self, path: str, body: bytes) -> bytes:
        """Return a body as the receiver gets it."""
        change = next((one for end, one in self._changes.items() if path.endswith(end)), None)
        return body if change is None else change(body)

    def stop_at(self, path: str) -> bool:
        """Wait while a message is held; return False when it is lost."""
        held = next((one for one in self._held if path.endswith(one.path_end)), None)
        if held is None:
            return True
        self._held.remove(held)
        held.reached.set()
        held.go.wait()
        return not held.is_dropped

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Direct:
    """The address of a partner itself, where nothing is recorded or held: for measurements."""

    def __init__(self, port: int) -> None:
        self.port = self.behind = port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Do nothing: there is no proxy."""


def _handler(proxy: Proxy) -> type[BaseHTTPRequestHandler]:
    class Handler(_Relay):
        pass

    Handler.proxy = proxy
    return Handler


class _Relay(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    proxy: Proxy

    def relay(self) -> None:
        if self.path in self.proxy.shown:
            self._show(self.proxy.shown[self.path])
            return
        body = self.proxy.changed(self.path, self._body())
        line: dict[str, Any] = {
            "to": self.proxy.name,
            "request": {"method": self.command, "path": self.path, **_shown(self.headers.items(), body)},
        }
        try:
            if not self.proxy.stop_at(self.path):
                raise ConnectionError("lost by the test")
            upstream = http.client.HTTPConnection("127.0.0.1", self.proxy.behind, timeout=120)
            with contextlib.closing(upstream):
                self._exchange(upstream, body, line)
        except (OSError, http.client.HTTPException) as error:
            line["broken"] = repr(error)
            self._break()
        self.proxy.journal.write(**line)

    def _exchange(self, upstream: http.client.HTTPConnection, body: bytes, line: dict[str, Any]) -> None:
        kept = {name: value for name, value in self.headers.items() if name.lower() not in NOT_FORWARDED}
        upstream.request(self.command, self.path, body or None, {**kept, "Host": self.headers["Host"]})
        answer = upstream.getresponse()
        length = answer.getheader("Content-Length")
        is_chunked = length is None and answer.status != 204
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in NOT_FORWARDED:
                self.send_header(name, value)
        self.send_header(*(("Transfer-Encoding", "chunked") if is_chunked else ("Content-Length", length or "0")))
        self.end_headers()
        passed, first = 0, b""
        while chunk := answer.read1(CHUNK_BYTES):
            passed += len(chunk)
            first = (first + chunk)[:KEPT_BYTES] if len(first) < KEPT_BYTES else first
            self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk) if is_chunked else chunk)
        line["answer"] = {"status": answer.status, "bytes": passed, **_shown(answer.getheaders(), first)}
        if self.command != "HEAD" and length is not None and passed < int(length):
            raise ConnectionError(f"cut after {passed} of {length} bytes")
        if is_chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _show(self, content: bytes) -> None:
        self.send_response_only(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _break(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(2)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = relay

    def log_message(self, *_: object) -> None:
        pass


def _shown(headers: Any, body: bytes) -> dict[str, Any]:
    shown: Any = None
    if body:
        try:
            shown = json.loads(body)
        except ValueError:
            shown = body[:200].decode("utf-8", "replace")
    return {"headers": dict(headers), "body": shown}


def until(look: Callable[[], Any], what: str | Callable[[], str], within_s: float = 120) -> Any:
    """Return what `look` shows once it is true."""
    ends = time.monotonic() + within_s
    while True:
        if found := look():
            return found
        assert time.monotonic() < ends, f"never: {what if isinstance(what, str) else what()}"
        time.sleep(0.02)
