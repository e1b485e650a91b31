"""The network between simulated nodes: each node's public application is called in memory, and messages suffer.

What may happen to one call: it is lost before it arrives; it arrives late, after its sender gave up waiting; it arrives
twice, with the token it had or with a new one, as from a peer that repeats blindly; its answer is lost or late.
Crossings follow from the delays. A `Fate` says what happens to a call; it is drawn from the random stream of the
process that the call is about, so that each process has a schedule of its own.
"""

import asyncio
import gzip
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

from connector.clock import VirtualClock
from connector.http.public.answers import App
from connector.peer.client import Answer, Call
from connector.peer.errors import Unreachable

Host = str
"""`127.0.0.1:1001`: what a URL names."""


async def call_app(app: App, call: Call) -> Answer:
    """Return what an ASGI application answers to a call."""
    url = urlsplit(call.url)
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": call.method,
        "scheme": url.scheme,
        "path": unquote(url.path),
        "raw_path": url.path.encode(),
        "query_string": url.query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in call.headers.items()],
        "client": ("127.0.0.1", 1),
        "server": (url.hostname, url.port),
        "extensions": {},
    }
    sent: list[Any] = []
    bodies = [{"type": "http.request", "body": call.body or b"", "more_body": False}]

    async def receive() -> Any:
        if bodies:
            return bodies.pop()
        return await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    headers = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    body = b"".join(part.get("body", b"") for part in sent[1:])
    if headers.get("content-encoding") == "gzip":
        body = gzip.decompress(body)
    return Answer(sent[0]["status"], headers, body)


@dataclass(frozen=True, slots=True)
class Fate:
    """What happens to one call; times in seconds."""

    delay_s: float = 0.0
    is_lost: bool = False
    answer_delay_s: float = 0.0
    is_answer_lost: bool = False
    again_after_s: float | None = None
    """When it arrives a second time."""
    with_new_token: bool = False


KIND = Fate()
"""Nothing happens to the call."""


def draw(chance: random.Random) -> Fate:
    """Return the fate of a call in bad times."""
    luck = chance.random()
    fate = Fate(delay_s=chance.expovariate(20), answer_delay_s=chance.expovariate(20))
    if luck < 0.10:
        return replace(fate, is_lost=True)
    if luck < 0.22:
        return replace(fate, is_answer_lost=True)
    if luck < 0.28:
        return replace(fate, delay_s=chance.uniform(0.2, 9.0))
    if luck < 0.34:
        return replace(fate, delay_s=chance.uniform(9.0, 115.0))
    if luck < 0.38:
        return replace(fate, answer_delay_s=chance.uniform(0.2, 30.0))
    if luck < 0.48:
        again_after_s = chance.choice((chance.expovariate(10), chance.uniform(0.1, 100.0)))
        return replace(fate, again_after_s=again_after_s, with_new_token=chance.random() < 0.7)
    return fate


class Network:
    """Carries the calls of every node to every other; one for a world."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.serve: Callable[[Host, Call], Awaitable[Answer]]
        """Has the node at a host answer; raises Unreachable when it is down. The world sets it."""
        self.fate_of: Callable[[Call], Fate] = lambda call: KIND
        self.new_token: Callable[[Host, Host], Awaitable[str]]
        """Returns a fresh header of a sender for a receiver."""
        self.problems: list[BaseException] = []
        """What no call may end with: an application that raised."""
        self._flights: set[asyncio.Task[Any]] = set()

    @property
    def is_quiet(self) -> bool:
        """True when nothing is on its way."""
        return not self._flights

    def transport_of(self, sender: Host) -> "Line":
        """Return the transport of one node."""
        return Line(self, sender)

    async def carry(self, sender: Host, call: Call, timeout_s: float) -> Answer:
        """Return the answer to a call within the time. Raises Unreachable; the call goes on all the same."""
        fate = self.fate_of(call)
        host = urlsplit(call.url).netloc
        answered = asyncio.Event()
        flight = self._launch(self._fly(host, call, fate))
        flight.add_done_callback(lambda _: answered.set())
        if fate.again_after_s is not None:
            self._launch(self._fly_again(sender, host, call, fate))
        await self.clock.wait(answered, self.clock.now() + timedelta(seconds=timeout_s))
        if not flight.done():
            raise Unreachable("timeout", host)
        return flight.result()

    async def pause(self, seconds: float) -> None:
        """Let virtual time pass."""
        if seconds > 0:
            await self.clock.wait(asyncio.Event(), self.clock.now() + timedelta(seconds=seconds))

    def _launch(self, flying: Any) -> asyncio.Task[Answer]:
        task: asyncio.Task[Answer] = asyncio.ensure_future(flying)
        self._flights.add(task)
        task.add_done_callback(self._land)
        return task

    def _land(self, task: asyncio.Task[Answer]) -> None:
        self._flights.discard(task)
        if not task.cancelled():
            error = task.exception()
            if error is not None and not isinstance(error, Unreachable):
                self.problems.append(error)

    async def _fly(self, host: Host, call: Call, fate: Fate) -> Answer:
        await self.pause(fate.delay_s)
        if fate.is_lost:
            raise Unreachable("closed", host)
        answer = await self.serve(host, call)
        await self.pause(fate.answer_delay_s)
        if fate.is_answer_lost:
            raise Unreachable("closed", host)
        return answer

    async def _fly_again(self, sender: Host, host: Host, call: Call, fate: Fate) -> Answer:
        await self.pause(fate.again_after_s or 0.0)
        if fate.with_new_token and "Authorization" in call.headers:
            token = await self.new_token(sender, host)
            call = replace(call, headers={**call.headers, "Authorization": token})
        return await self.serve(host, call)


@dataclass(frozen=True)
class Line:
    """One node's end of the network: a `peer.client.Transport`."""

    network: Network
    sender: Host

    async def send(self, call: Call, *, limit_bytes: int, timeout_s: float) -> Answer:
        """Carry a call (see Transport)."""
        return await self.network.carry(self.sender, call, timeout_s)
