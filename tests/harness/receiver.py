"""A program of the house that receives webhooks: a real HTTP server on loopback that keeps what it is sent.

It verifies signatures by itself, with nothing of ours: HMAC-SHA256 over `id.timestamp.body` under the base64 after
`whsec_`, in base64 after `v1,`.
"""

import base64
import hashlib
import hmac
import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.tools.ports import free_port

WITHIN_S = 60


@dataclass(frozen=True)
class Delivery:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes
    status: int

    @property
    def told(self) -> Any:
        return json.loads(self.body)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def signatures(self) -> list[str]:
        return self.headers["webhook-signature"].split(" ")

    def is_signed_with(self, secret: str) -> bool:
        """True when one of the signatures is the secret's."""
        kind, _, coded = secret.partition("_")
        assert kind == "whsec"
        content = b".".join((self.id.encode(), self.headers["webhook-timestamp"].encode(), self.body))
        code = hmac.new(base64.b64decode(coded), content, hashlib.sha256).digest()
        return f"v1,{base64.b64encode(code).decode()}" in self.signatures


@dataclass
class Receiver:
    """What came, and what is answered: `answer` says the status for the n-th request (from 0)."""

    port: int
    answer: Callable[[int], int] = lambda _: 200
    deliveries: list[Delivery] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    asked: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/evenements"

    @property
    def taken(self) -> list[Delivery]:
        """What was answered with a success."""
        return [one for one in self.deliveries if one.status < 300]

    def subjects(self) -> list[str]:
        """What the events that were taken are about, in order."""
        return [one.told["data"].get("subject", one.told["type"]) for one in self.taken]

    def until(self, is_so: Callable[["Receiver"], bool]) -> None:
        """Return once it is so."""
        with self.changed:
            assert self.changed.wait_for(lambda: is_so(self), WITHIN_S), self.subjects()

    def note(self, path: str, headers: dict[str, str], body: bytes) -> int:
        with self.changed:
            number = self.asked
            self.asked += 1
        status = self.answer(number)
        with self.changed:
            self.deliveries.append(Delivery(path, headers, body, status))
            self.changed.notify_all()
        return status


class _Server(ThreadingHTTPServer):
    """A server that does not mind a caller who was killed."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        assert isinstance(sys.exception(), ConnectionError), sys.exception()


@contextmanager
def receiving(port: int | None = None) -> Iterator[Receiver]:
    """Yield a receiver that answers."""
    receiver = Receiver(port or free_port())

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status = receiver.note(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            self.send_response(status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = _Server(("127.0.0.1", receiver.port), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
