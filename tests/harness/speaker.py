"""A participant who writes his messages by hand: true identity and real HTTP, any body and any header.

The identity is that of a participant whom a running node hosts, so the peer can resolve and verify it.
"""

import io
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from yarl import URL

from connector.app import ROOT, Node
from connector.ids import new_id
from connector.protocol.wire import DSP_CONTEXT

JsonObject = dict[str, Any]


@dataclass(frozen=True)
class Heard:
    """An answer, whole."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def body(self) -> JsonObject:
        """The body, which must be a JSON object."""
        found = json.loads(self.text)
        assert isinstance(found, dict), self.text
        return found


def message(kind: str, **members: Any) -> JsonObject:
    """Return a message of this kind with its envelope; members of value None are left out."""
    envelope = {"@context": [DSP_CONTEXT], "@type": kind, "@id": new_id()}
    return envelope | {name: value for name, value in members.items() if value is not None}


def as_bytes(body: JsonObject | bytes | None) -> bytes | None:
    return json.dumps(body).encode() if isinstance(body, dict) else body


class Speaker:
    """Speaks as one hosted participant of a node."""

    def __init__(self, session: aiohttp.ClientSession, node: Node, owner: str = ROOT) -> None:
        self.session = session
        self.node = node
        self.owner = owner

    @property
    def did(self) -> str:
        return self.node.addresses.did(self.owner)

    @property
    def callback(self) -> str:
        return self.node.addresses.dsp_base(self.owner)

    async def token(self, to: Node, owner: str = ROOT) -> str:
        """Return a fresh Authorization header for one call to a hosted participant."""
        return await self.node.identity.token_for(self.owner, to.addresses.did(owner))

    async def say(
        self,
        method: str,
        path: str,
        body: JsonObject | bytes | None = None,
        *,
        to: Node,
        owner: str = ROOT,
        headers: Mapping[str, str] | None = None,
    ) -> Heard:
        """Call a path below the DSP base of a hosted participant."""
        url = to.addresses.dsp_base(owner) + path
        named = {"Authorization": await self.token(to, owner), "Content-Type": "application/json", **(headers or {})}
        return await self.call(method, url, as_bytes(body), named)

    async def call(
        self, method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Heard:
        """Call any address, written as it is."""
        exactly = URL(url, encoded=True)
        data = None if body is None else io.BytesIO(body)
        call = self.session.request(method, exactly, data=data, headers=headers, allow_redirects=False)
        async with call as answer:
            return Heard(answer.status, dict(answer.headers), (await answer.read()).decode())


@asynccontextmanager
async def speakers(*who: tuple[Node, str]) -> AsyncIterator[list[Speaker]]:
    """Yield a speaker for each (node, owner)."""
    async with aiohttp.ClientSession() as session:
        yield [Speaker(session, node, owner) for node, owner in who]
