"""Two nodes with keys of their own, whose DID documents stand on loopback servers."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import jwt
import pytest
from aiohttp import web

from connector.clock import VirtualClock
from connector.identity.addresses import Addresses
from connector.identity.did import own_document
from connector.identity.did_web import DidWeb
from connector.identity.keys import Keys
from connector.identity.replays import MemoryReplays
from connector.identity.scheme import Standing
from connector.peer.client import AiohttpTransport, Client
from connector.peer.discovery import Discovery
from connector.peer.guard import Guard
from connector.settings import Settings


class Node:
    """A node's identity room, and the server of its DID documents, which a test may alter."""

    def __init__(self, port: int, data_dir: Path, clock: VirtualClock, transport: AiohttpTransport) -> None:
        self.addresses = Addresses(f"http://127.0.0.1:{port}")
        self.keys = Keys(data_dir)
        self.clock = clock
        self.pins: dict[tuple[str, str], frozenset[str]] = {}
        self.statuses: dict[tuple[str, str], str] = {}
        self.quarantined: list[tuple[str, str, frozenset[str]]] = []
        self.discovery = Discovery(Client(transport), clock, plain_http=True)
        self.documents: dict[str, Any] = {}
        self.reads: list[str] = []
        for owner in ("root", "regie-eau"):
            self.publish(owner)
        self.restart()

    def restart(self) -> None:
        """Begin again without memory."""
        replays = MemoryReplays(self.clock)
        self.scheme = DidWeb(self.addresses, self.keys, self.discovery, self.clock, replays, self)

    def publish(self, owner: str) -> None:
        """Put the owner's true document on the server."""
        path = self.addresses.did_document(owner).removeprefix(self.addresses.base_url)
        self.documents[path] = own_document(self.addresses, owner, self.keys.create_auth(owner))

    @property
    def did(self) -> str:
        return self.addresses.did("root")

    @property
    def document(self) -> Any:
        return self.documents["/.well-known/did.json"]

    @property
    def now(self) -> int:
        return int(self.clock.now().timestamp())

    def mint(self, audience: str, *, key: Any = None, alg: str = "ES256", header: Any = None, **claims: Any) -> str:
        """Return a bearer token to an audience, with any claim or header member altered (None: left out)."""
        body = {"iss": self.did, "sub": self.did, "aud": audience, "jti": "t1", "iat": self.now, "exp": self.now + 60}
        members = {"kid": f"{self.did}#auth", **(header or {})}
        signed = jwt.encode(
            {name: value for name, value in {**body, **claims}.items() if value is not None},
            self.keys.auth("root").private if key is None else key,
            alg,
            headers={name: value for name, value in members.items() if value is not None},
        )
        return f"Bearer {signed}"

    async def standing(self, owner: str, did: str) -> Standing | None:
        pinned = self.pins.get((owner, did))
        return None if pinned is None else Standing(pinned, self.statuses.get((owner, did), "known"))

    async def quarantine(self, owner: str, did: str, thumbprints: frozenset[str]) -> None:
        self.quarantined.append((owner, did, thumbprints))

    async def serve(self, request: web.Request) -> web.Response:
        self.reads.append(request.path)
        found = self.documents.get(request.path)
        if isinstance(found, int) or found is None:
            return web.Response(status=found or 404)
        return web.Response(text=json.dumps(found), content_type="application/did+json")


class _Late:
    """Serves a node that is made once its port is known."""

    node: Node

    async def serve(self, request: web.Request) -> web.Response:
        return await self.node.serve(request)


@asynccontextmanager
async def _node(data_dir: Path, clock: VirtualClock) -> AsyncIterator[Node]:
    late, app = _Late(), web.Application()
    app.router.add_get("/{path:.*}", late.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    transport = AiohttpTransport(Guard(Settings()))
    try:
        late.node = Node(runner.addresses[0][1], data_dir, clock, transport)
        yield late.node
    finally:
        await transport.close()
        await runner.cleanup()


@pytest.fixture
def nodes(tmp_path: Path) -> Any:
    """Open two nodes on one clock: `async with nodes() as (alice, bob)`."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[tuple[Node, Node]]:
        clock = VirtualClock()
        async with AsyncExitStack() as stack:
            alice, bob = [await stack.enter_async_context(_node(tmp_path / name, clock)) for name in ("alice", "bob")]
            yield alice, bob

    return opened
