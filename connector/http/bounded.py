"""uvicorn's HTTP/1.1 connection with limits on what comes before a body: size and time.

The parser of httptools takes heads of any length for any time, so that a few callers could fill the memory or hold all
connections. Here the request line and headers together are bounded, and so is the time within which they must arrive,
from the first connection on. What is refused at this level is answered with a problem document, since no room knows the
request yet. Bodies are bounded by who reads them.
"""

import asyncio
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from connector.dataplane.errors import render
from connector.problems import Invalid, Problem

HEAD_LIMIT_BYTES = 64 << 10
HEAD_WITHIN_S = 20.0


class HeadTooLarge(Problem):
    """The request line and the headers together are larger than 64 KiB."""

    code = "head-too-large"
    status = 431
    title: ClassVar[dict[str, str]] = {
        "fr": "L’adresse et les en-têtes de la requête sont trop volumineux.",
        "en": "The address and the headers of the request are too large.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Raccourcissez l’adresse et les en-têtes : 64 Kio au plus, ensemble.",
        "en": "Shorten the address and the headers: 64 KiB at most, together.",
    }


class SlowHead(Problem):
    """The request line and the headers did not arrive in time."""

    code = "slow-head"
    status = 408
    title: ClassVar[dict[str, str]] = {
        "fr": "Les en-têtes de la requête ne sont pas arrivés à temps.",
        "en": "The headers of the request did not arrive in time.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Renvoyez la requête d’un trait ; si cela se répète, vérifiez la liaison.",
        "en": "Send the request again without pauses; if it happens again, check the connection.",
    }


class NotHttp(Invalid):
    """What was received is not an HTTP/1.1 request."""

    code = "not-http"
    title: ClassVar[dict[str, str]] = {
        "fr": "Ce n’est pas une requête HTTP valide.",
        "en": "This is not a valid HTTP request.",
    }


class BoundedConnection(HttpToolsProtocol):
    """One connection whose heads are bounded."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        super().connection_made(transport)
        self._is_in_head = False
        self._is_new_head = False
        self._head_bytes = 0
        self._refusal: Problem = NotHttp()
        self._deadline: asyncio.TimerHandle | None = self.loop.call_later(HEAD_WITHIN_S, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        self._keep_waiting(False)
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_in_head, self._is_new_head, self._head_bytes = True, True, 0

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > HEAD_LIMIT_BYTES:
            self._refusal = HeadTooLarge()
            raise self._refusal  # the parser stops, and data_received refuses
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        self._is_new_head = False
        super().data_received(data)
        self._keep_waiting(self._is_in_head)
        if self._is_in_head and not self._is_new_head:  # the piece in which a head began may hold a body before it
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_LIMIT_BYTES:
                self._refuse(HeadTooLarge())

    def send_400_response(self, msg: str) -> None:
        """Refuse what the parser could not read, or was told not to."""
        self._refuse(self._refusal)

    def _keep_waiting(self, is_waiting: bool) -> None:
        if not is_waiting and self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        elif is_waiting and self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_WITHIN_S, self._too_slow)

    def _too_slow(self) -> None:
        self._deadline = None
        self._refuse(SlowHead())

    def _refuse(self, problem: Problem) -> None:
        """Answer and close, unless an answer to an earlier request is still on its way."""
        self._is_in_head = False
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            body = render(problem)
            head = STATUS_LINE[problem.status] + b"content-type: application/problem+json\r\nconnection: close\r\n"
            self.transport.write(head + b"content-length: %d\r\n\r\n" % len(body) + body)
        self.transport.close()
