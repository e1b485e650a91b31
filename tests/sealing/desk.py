"""A signing service that real processes ask over HTTP, and the node that asks it: it keeps no private seal key itself.

The service outlives the nodes: it lives in the test's process, which makes it slow, has it fail, and can have it keep
a signature back for as long as it likes.
"""

import asyncio
import base64
import os
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import uvloop
from aiohttp import web

from connector import logs
from connector.app import Node, build_app, rest_collector, run_node
from connector.settings import load
from contracts.signer import Signer
from tests.sealing.remote import RemoteSigner, ServiceAway, Signed, SigningService
from tests.tools.ports import free_port

# --- the service ------------------------------------------------------------------------------------------------------


@dataclass
class Desk(SigningService):
    """A service that can sign and let those who asked wait for its answer as long as it likes."""

    holds: set[str] = field(default_factory=set)
    """Kinds of document: with the next one of each it takes its time, whoever asks for it how often."""
    held: dict[str, str] = field(default_factory=dict)
    """By kind: the contract with which it takes its time."""
    waited: Counter[str] = field(default_factory=Counter)
    """How often somebody began to wait, by kind."""
    go: asyncio.Event = field(default_factory=asyncio.Event)
    """Set to have it answer all the same."""

    async def fetch(self, ticket: str) -> bytes | None:
        wanted, signature = self._demands[ticket], await super().fetch(ticket)
        if signature is None:
            return None
        if wanted.kind in self.holds:
            self.holds.discard(wanted.kind)
            self.held[wanted.kind] = wanted.contract
        if self.held.get(wanted.kind) == wanted.contract and not self.go.is_set():
            self.waited[wanted.kind] += 1
            await self.go.wait()
        return signature

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Answer over HTTP on loopback; yield the address."""
        app = web.Application()
        app.router.add_post("/demands", self._demand)
        app.router.add_get("/demands/{ticket}", self._fetch)
        runner = web.AppRunner(app)
        await runner.setup()
        port = free_port()
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
            yield f"http://127.0.0.1:{port}"
        finally:
            self.go.set()
            await runner.cleanup()

    async def _demand(self, request: web.Request) -> web.Response:
        asked = await request.json()
        try:
            ticket = await self.demand(Signed(asked["kid"], base64.b64decode(asked["octets"])))
        except ServiceAway:
            return web.Response(status=503)
        return web.json_response({"ticket": ticket})

    async def _fetch(self, request: web.Request) -> web.Response:
        try:
            signature = await self.fetch(request.match_info["ticket"])
        except ServiceAway:
            return web.Response(status=503)
        return web.Response(status=202) if signature is None else web.Response(body=signature)


# --- the node ---------------------------------------------------------------------------------------------------------


class Asking:
    """The service as a node reaches it."""

    def __init__(self, url: str) -> None:
        self.url = url

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def demand(self, wanted: Signed) -> str:
        """Return a ticket for what is wanted. Raises ServiceAway."""
        said = {"kid": wanted.kid, "octets": base64.b64encode(wanted.signing_input).decode()}
        try:
            async with (
                aiohttp.ClientSession(raise_for_status=True) as session,
                session.post(f"{self.url}/demands", json=said) as answer,
            ):
                return str((await answer.json())["ticket"])
        except aiohttp.ClientError as error:
            raise ServiceAway from error

    async def fetch(self, ticket: str) -> bytes | None:
        """Return the JOSE signature, None while it is not there. Raises ServiceAway."""
        try:
            async with (
                aiohttp.ClientSession(raise_for_status=True) as session,
                session.get(f"{self.url}/demands/{ticket}") as answer,
            ):
                return await answer.read() if answer.status == 200 else None
        except aiohttp.ClientError as error:
            raise ServiceAway from error


class AskingSigners:
    """The signers of a node whose keys the service keeps (see AnySigners)."""

    def __init__(self, url: str) -> None:
        self.service = Asking(url)
        self.node: Node | None = None

    def __call__(self, owner: str, kid: str | None = None) -> Signer:
        assert self.node is not None
        known = self.node.seals.signer(owner, kid)
        return RemoteSigner(known.kid, known.chain, self.service)


def serve(url: str, config: Path, log: Path) -> None:
    """Be a node that has its seals put by the service, with a log file for standard output and error."""
    target = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for stream in (1, 2):
        os.dup2(target, stream)
    settings = load(config, environ={})
    logs.configure(settings)

    async def run() -> None:
        signers = AskingSigners(url)
        signers.node = node = await build_app(settings, signers=signers)
        rest_collector()
        await run_node(node, asyncio.Event(), asyncio.Event())

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())
