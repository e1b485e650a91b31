"""Small calls to peers: one message out, one answer in, within a time and a size limit.

`Client` is what services and the worker hold. It speaks through a `Transport`: the real one is `AiohttpTransport`,
behind the guard; a simulation brings its own. Redirects are never followed, since a `Location` is one more address that
a peer chose. The authorisation is handed in, as this room knows no identity scheme. Bulk bytes are in stream.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol

import aiohttp
from aiohttp.payload import Payload
from multidict import CIMultiDictProxy
from yarl import URL

from connector.peer.body import read_body
from connector.peer.errors import Cause, Unreachable
from connector.peer.guard import Guard

JSON = {"Content-Type": "application/json", "Accept": "application/json", "Accept-Encoding": "gzip"}
ANY = {"Accept": "application/json, */*;q=0.5", "Accept-Encoding": "gzip"}

_CAUSES: tuple[tuple[type[BaseException], Cause], ...] = (
    # Order matters: aiohttp's classes are kinds of one another, the more precise stand first.
    (aiohttp.ClientConnectorDNSError, "dns"),
    (aiohttp.ClientSSLError, "tls"),
    (aiohttp.ClientHttpProxyError, "proxy"),
    (aiohttp.ClientProxyConnectionError, "proxy"),
    (TimeoutError, "timeout"),
    (aiohttp.ClientResponseError, "protocol"),
    (aiohttp.ClientConnectorError, "network"),
    (aiohttp.ClientConnectionError, "closed"),
    (aiohttp.ClientPayloadError, "closed"),
    (aiohttp.ClientError, "protocol"),
    (OSError, "network"),
)
_UNLIMITED = aiohttp.ClientTimeout(total=None, sock_connect=30.0)
FAILURES = tuple(kind for kind, _ in _CAUSES)


@dataclass(frozen=True, slots=True)
class Call:
    """One request; `url` comes from a peer and is not vetted yet."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """One whole answer. Header names are in lower case; a repeated header is joined by `, ` (RFC 9110 §5.3)."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def is_success(self) -> bool:
        """True for any 2xx: peers answer 200 where the specification says 201."""
        return 200 <= self.status < 300


class Transport(Protocol):
    """Carries one call. Raises Unreachable, PeerAddressRefused, AnswerTooLarge, BadAnswer."""

    async def send(self, call: Call, *, limit_bytes: int, timeout_s: float) -> Answer:
        """Return the answer, its body unpacked and at most `limit_bytes` long, within `timeout_s` seconds."""


class Client:
    """Sends protocol messages and reads small documents, with one node's limits."""

    def __init__(self, transport: Transport, *, limit_bytes: int = 1 << 20, timeout_s: float = 10.0) -> None:
        self._transport = transport
        self._limits: dict[str, Any] = {"limit_bytes": limit_bytes, "timeout_s": timeout_s}

    async def post(self, url: str, authorization: str | None, body: bytes) -> Answer:
        """Send a JSON body. Raises what Transport raises; any status is an answer."""
        return await self._transport.send(Call("POST", url, _headers(JSON, authorization), body), **self._limits)

    async def get(self, url: str, authorization: str | None = None, *, limit_bytes: int | None = None) -> Answer:
        """Read a document. Raises what Transport raises; any status is an answer."""
        limits = self._limits if limit_bytes is None else {**self._limits, "limit_bytes": limit_bytes}
        return await self._transport.send(Call("GET", url, _headers(ANY, authorization)), **limits)


class AiohttpTransport:
    """The real transport: one pool of kept connections, behind the guard, for a whole node."""

    def __init__(self, guard: Guard, user_agent: str = "pupitre") -> None:
        self._guard = guard
        self._user_agent = user_agent
        self._session: aiohttp.ClientSession | None = None

    async def send(self, call: Call, *, limit_bytes: int, timeout_s: float) -> Answer:
        """Carry a call (see Transport)."""
        url = self._guard.check_url(call.url)
        try:
            async with self._request(call, url, timeout=_total(timeout_s)) as response:
                body = await read_body(response, limit_bytes)
                return Answer(response.status, plain_headers(response.headers), body)
        except FAILURES as error:
            raise unreachable(error, url) from error

    async def open(self, call: Call, *, idle_s: float, buffer_bytes: int) -> aiohttp.ClientResponse:
        """Return an answer whose body was not read, for stream.py alone. Raises Unreachable, PeerAddressRefused."""
        url = self._guard.check_url(call.url)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=idle_s, sock_read=idle_s)
        try:
            response: aiohttp.ClientResponse = await self._request(
                call, url, timeout=timeout, read_bufsize=buffer_bytes
            )
            return response
        except FAILURES as error:
            raise unreachable(error, url) from error

    async def upload(self, call: Call, body: Payload, *, limit_bytes: int) -> Answer:
        """Carry a call with a body that is read while it is sent, for upload.py alone. Raises as `send`."""
        url = self._guard.check_url(call.url)
        try:
            async with self._request(call, url, data=body, timeout=_UNLIMITED) as response:
                answer = await read_body(response, limit_bytes)
                response.close()  # the peer may have answered before it had everything: this connection is not kept
                return Answer(response.status, plain_headers(response.headers), answer)
        except FAILURES as error:
            raise unreachable(error, url) from error

    async def close(self) -> None:
        """Close every kept connection; calls under way fail."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _request(self, call: Call, url: URL, **more: Any) -> Any:
        if self._session is None:
            self._session = self._new_session()
        more.setdefault("data", call.body)
        return self._session.request(call.method, url, headers=call.headers, allow_redirects=False, **more)

    def _new_session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=self._guard.connector(),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": self._user_agent},
            proxy=self._guard.proxy,
            trust_env=False,
            auto_decompress=False,
        )


def unreachable(error: BaseException, url: URL) -> Unreachable:
    """Return the error that says in one word why no answer came."""
    cause = next(cause for kind, cause in _CAUSES if isinstance(error, kind))
    if cause == "network" and isinstance(error.__cause__ or error, ConnectionRefusedError):
        cause = "refused"
    return Unreachable(cause, f"{url.host}:{url.port}")


def plain_headers(headers: CIMultiDictProxy[str]) -> dict[str, str]:
    """Return headers by lower-case name, repeated ones joined."""
    plain: dict[str, str] = {}
    for name, value in headers.items():
        key = name.lower()
        plain[key] = f"{plain[key]}, {value}" if key in plain else value
    return plain


def _headers(common: dict[str, str], authorization: str | None) -> dict[str, str]:
    return common if authorization is None else {**common, "Authorization": authorization}


@lru_cache(maxsize=64)
def _total(timeout_s: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=timeout_s)
