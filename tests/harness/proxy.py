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


class Proxy:
    """The public address of a node."""

    def __init__(self) -> None:
        self.port = 0
        self.backends: list[int] = []
        self.faults: list[Fault] = []
        self.watchers: list[Callable[[JsonObject], None]] = []
        """Told every message that passes, and the answers to first messages."""
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
                await runner.cleanup()

    async def _pass(self, request: web.Request) -> web.StreamResponse:
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

    def _fault(self, at: str, message: JsonObject) -> Fault | None:
        return next((fault for fault in self.faults if fault.at == at and fault.takes(message)), None)

    async def _forward(self, request: web.Request, raw: bytes) -> web.Response | None:
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
