"""Where a fault is made: a node's folder and settings, real servers in front and around, and the question asked."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from connector.app import ROOT, Node, build_app
from connector.clock import SystemClock
from connector.doctor.case import Question
from connector.doctor.examine import Report, examine
from connector.peer.documents import public_base
from connector.settings import Settings, load
from connector.store import peers
from connector.store.db import Tx
from connector.store.peers import Peer
from tests.harness import nodes
from tests.harness.certificates import Authority
from tests.harness.sealing import give_card
from tests.tools.ports import free_port

NOBODY = 65534
MOUNT_HINT = "a small file system is needed: run the tests as root where mounting a tmpfs is allowed"


class Names(AbstractResolver):
    """A name server of our own: every name it knows leads to this machine."""

    def __init__(self, *known: str) -> None:
        self.known = set(known)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if host not in self.known:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=socket.AF_INET, proto=0, flags=0)]

    async def close(self) -> None:
        pass


class Scene:
    """A node that a test spoils."""

    def __init__(self, folder: Path, stack: AsyncExitStack) -> None:
        self.folder = folder
        self.stack = stack
        self.environ: dict[str, str] = {}
        self.peer: str | None = None
        self.resolver: AbstractResolver | None = None
        self.settings: dict[str, Any] = {
            "data_dir": str(folder / "data"),
            "public_url": f"http://127.0.0.1:{free_port()}",
            "public_port": free_port(),
            "private_port": free_port(),
            "call_timeout_s": 5.0,
        }

    @property
    def config(self) -> Path:
        return self.folder / "node.toml"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def loaded(self) -> Settings:
        return load(environ={}, **self.settings)

    def authority(self) -> Authority:
        return Authority(self.folder / "authority")

    async def prepare(self, **settings: Any) -> None:
        """Make the node as `pupitre init` does, and write its settings."""
        self.settings |= settings
        node = await build_app(self.loaded)
        try:
            await node.hosts.add(ROOT, "Brume")
            await give_card(node, "provider")
        finally:
            await node.close()
        self.write()

    def write(self, **settings: Any) -> None:
        """Write the settings file anew."""
        self.settings |= settings
        lines = (f"{name} = {json.dumps(value)}\n" for name, value in self.settings.items() if value is not None)
        self.config.write_text("".join(lines), "utf-8")
        self.config.chmod(0o600)

    async def change(self, unit: Callable[[Tx], Any]) -> None:
        """Change the database of the node, which does not run."""
        node = await build_app(self.loaded)
        try:
            await node.store.write(unit)
        finally:
            await node.close()

    async def know(self, did: str, pinned: str = "A" * 43) -> None:
        """Write down a partner, whose key has this thumbprint."""
        base = public_base(did, plain_http=True)
        await self.change(lambda tx: peers.put(tx, Peer(owner=ROOT, did=did, name=did, url=base, pinned=[pinned])))

    async def serve(self, *, fronted: bool = False) -> Node:
        """Run the node, on the ports that its settings name, and a sound reverse proxy at its public address."""
        if fronted:
            await self.front(self.settings["public_port"])
        given = {name: value for name, value in self.settings.items() if name not in ("data_dir", "public_url")}
        running = _running(self.data, self.settings["public_url"], given)
        return await self.stack.enter_async_context(running)

    async def partner(self, name: str = "partenaire", **settings: Any) -> Node:
        """Run a partner's node."""
        return await self.stack.enter_async_context(nodes.running(self.folder / name, **settings))

    async def server(self, answer: Callable[[web.Request], Awaitable[web.StreamResponse]], **options: Any) -> int:
        """Run a server that answers everything by a function; return its port. Options: `port`, `tls`."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", answer)
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.1)
        await runner.setup()
        self.stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, "127.0.0.1", options.get("port", 0), ssl_context=options.get("tls"))
        await site.start()
        port: int = runner.addresses[0][1]
        return port

    async def front(
        self,
        at: int,
        *,
        path: Callable[[str], str | None] = lambda path: path,
        body: Callable[[web.Request, bytes], bytes] = lambda request, body: body,
    ) -> None:
        """Run a reverse proxy at the public address, before the port `at`; the functions spoil what it passes on."""
        session = await self.stack.enter_async_context(aiohttp.ClientSession())

        async def passed(request: web.Request) -> web.StreamResponse:
            told = path(request.path)
            if told is None:
                return web.Response(status=404, text="nothing here")
            headers = {"Authorization": request.headers["Authorization"]} if "Authorization" in request.headers else {}
            async with session.request(request.method, f"http://127.0.0.1:{at}{told}", headers=headers) as answer:
                return web.Response(status=answer.status, body=body(request, await answer.read()))

        await self.server(passed, port=int(self.settings["public_url"].rpartition(":")[2]))

    def mount(self, name: str, size: str = "8m") -> Path:
        """Mount a small file system in the node's folder; skip (with CI=true: fail) where that is not allowed."""
        place = self.folder / name
        place.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
        if os.geteuid() or shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(MOUNT_HINT)
        self.stack.callback(subprocess.run, ["umount", "-l", str(place)], check=True)
        return place

    async def examine(self) -> Report:
        """Ask the doctor."""
        question = Question(
            config=self.config, environ=self.environ, clock=SystemClock(), peer=self.peer, resolver=self.resolver
        )
        return await examine(question)


@asynccontextmanager
async def _running(folder: Path, public_url: str, settings: dict[str, Any]) -> AsyncIterator[Node]:
    from connector.app import run_node

    node = await build_app(load(environ={}, data_dir=folder, public_url=public_url, **settings))
    ready, stop = asyncio.Event(), asyncio.Event()
    task = asyncio.create_task(run_node(node, ready, stop))
    waiting = asyncio.create_task(ready.wait())
    try:
        await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
        yield node
    finally:
        waiting.cancel()
        stop.set()
        await task
        await node.close()


@contextmanager
def as_another_account(*folders: Path) -> Iterator[None]:
    """Be an account without rights; where the tests run as root, become one that owns only these folders."""
    if os.geteuid():
        yield
        return
    for folder in folders:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
