"""A small proxy in front of a node's public listener, which can lose what a network loses.

It hands requests to the node's processes in turn, as a load balancer does; one that is down is passed over, and with
none left the connection breaks, as if nobody listened. A `Fault` stops one message on its way: before its receiver gets
it, or before its sender hears the answer. What was stopped before the answer is never answered.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import aiohttp
from aiohttp import web

JsonObject = dict[str, Any]
NOT_FORWARDED = frozenset({"host", "connection", "keep-alive", "transfer-encoding", "content-length"})


def kind_of(message: JsonObject) -> str:
    """Return the kind under which the state tables know a message."""
    kind, event = str(message.get("@type", "")), message.get("eventType")
    return f"{kind}:{event}" if event else kind


@dataclass(eq=False)
class Fault:
    """One message that is stopped."""

    at: Literal["request", "answer"]
    takes: Callable[[JsonObject], bool]
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the message stands still."""
    go: asyncio.Event = field(default_factory=asyncio.Event)
    """Set to let a request go on, or to break the connection that waits for an answer."""


@dataclass(eq=False)
class Hold:
    """Uploads that stand still once so many bytes have passed, all of them together; nothing is read of them then."""

    after_bytes: int
    passed_bytes: int = 0
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    go: asyncio.Event = field(default_factory=asyncio.Event)
    """Set to let them go on."""

    async def passing(self, content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Yield the body of an upload, and count it."""
        async for piece in content:
            self.passed_bytes += len(piece)
            yield piece
            if self.passed_bytes >= self.after_bytes and not self.go.is_set():
                self.reached.set()
                await self.go.wait()


class Proxy:
    """The public address of a node."""

    def __init__(self) -> None:
        self.port = 0
        self.backends: list[int] = []
        self.faults: list[Fault] = []
        self.watchers: list[Callable[[JsonObject], None]] = []
        """Told every message that passes, and the answers to first messages."""
        self.hold: Hold | None = None
        """What holds up what is pushed to the node."""
        self.broken_uploads = 0
        """How many further uploads break after their first bytes."""
        self.lost_answers = 0
        """How many further uploads arrive, and their sender never hears of it."""
        self._turn = 0
        self._session: aiohttp.ClientSession | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Proxy"]:
        app = web.Application(client_max_size=1 << 30)
        app.router.add_route("*", "/{path:.*}", self._pass)
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.1)
        connector = aiohttp.TCPConnector(force_close=True, limit=0)
        async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as self._session:
            await runner.setup()
            try:
                site = web.TCPSite(runner, "127.0.0.1", self.port)
                await site.start()
                self.port = runner.addresses[0][1]
                yield self
            finally:
                for fault in self.faults:
                    fault.go.set()
                if self.hold is not None:
                    self.hold.go.set()
                await runner.cleanup()

    async def _pass(self, request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/push"):
            return await self._pass_upload(request)
        raw = await request.read()
        message = _read(raw)
        for watch in self.watchers:
            watch(message)
        before = self._fault("request", message)
        if before is not None:
            before.reached.set()
            await before.go.wait()
        answer = await self._forward(request, raw)
        after = self._fault("answer", message) if answer is not None and answer.status < 300 else None
        if after is not None:
            after.reached.set()
            await after.go.wait()
        if answer is None or after is not None:
            return _broken(request)
        return answer

    async def _pass_upload(self, request: web.Request) -> web.StreamResponse:
        """Pass on what is pushed to the node while it arrives."""
        content = request.content.iter_chunked(1 << 16)
        if self.broken_uploads:
            self.broken_uploads -= 1
            await anext(content)
            return _broken(request)
        passing = content if self.hold is None else self.hold.passing(content)
        answer = await self._forward(request, passing)
        if answer is not None and answer.status == 200 and self.lost_answers:
            self.lost_answers -= 1
            return _broken(request)
        return answer or _broken(request)

    def _fault(self, at: str, message: JsonObject) -> Fault | None:
        return next((fault for fault in self.faults if fault.at == at and fault.takes(message)), None)

    async def _forward(self, request: web.Request, raw: bytes | AsyncIterator[bytes]) -> web.Response | None:
        """Return a process's answer; None when none listens, or when it died before it answered."""
        assert self._session is not None
        headers = {name: value for name, value in request.headers.items() if name.lower() not in NOT_FORWARDED}
        self._turn += 1
        for place in range(len(self.backends)):
            port = self.backends[(self._turn + place) % len(self.backends)]
            url = f"http://127.0.0.1:{port}{request.path_qs}"
            try:
                async with self._session.request(request.method, url, data=raw or None, headers=headers) as answer:
                    body = await answer.read()
            except aiohttp.ClientConnectorError:
                continue  # nobody listens there: another process may
            except (aiohttp.ClientError, OSError):
                return None
            if answer.status == 201:
                for watch in self.watchers:
                    watch(_read(body))
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in NOT_FORWARDED}
            return web.Response(status=answer.status, headers=kept, body=body)
        return None


def _broken(request: web.Request) -> web.Response:
    """Break the connection: what is returned reaches nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=502)


def _read(raw: bytes) -> JsonObject:
    try:
        found = json.loads(raw)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
