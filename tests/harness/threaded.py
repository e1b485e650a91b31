"""Nodes for tests that are not asynchronous: each runs in a thread with an event loop of its own, on real listeners."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from connector.app import ROOT, Node, build_app, run_node
from connector.services.decide import Decisions
from connector.services.roles import ADMINISTRATION
from connector.settings import load
from tests.tools.ports import free_port

T = TypeVar("T")


@dataclass
class Running:
    """A node that serves and works, and an administration key of its API."""

    node: Node
    key: str
    loop: asyncio.AbstractEventLoop

    @property
    def url(self) -> str:
        """The address of its private listener."""
        return f"http://127.0.0.1:{self.node.settings.private_port}"

    @property
    def did(self) -> str:
        """The DID of its first participant."""
        return self.node.addresses.did(ROOT)

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the node's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def read(self, unit: Callable[[Any], T]) -> T:
        """Read from the node's store."""
        return self.do(self.node.store.read(unit))

    def key_for(self, owner: str | None, role: str) -> str:
        """Return a new API key, of a hosted participant or of the administration."""
        return self.do(self.node.hosts.issue_key(owner, "test", role))[1]


@contextlib.contextmanager
def in_thread(folder: Path, *, decisions: Decisions | None = None, **settings: Any) -> Iterator[Running]:
    """Yield a running node; a new folder gets its first participant."""
    public, private = settings.pop("public_port", None) or free_port(), free_port()
    loaded = load(
        environ={},
        data_dir=folder,
        public_url=f"http://127.0.0.1:{public}",
        public_port=public,
        private_port=private,
        **{"unknown_peers": "admit", **settings},
    )
    started, failure, running = threading.Event(), [], []
    stop = asyncio.Event()

    async def main() -> None:
        node = await build_app(loaded, decisions=decisions)
        try:
            if ROOT not in node.hosts.owners:
                await node.hosts.add(ROOT, folder.name)
            _, key = await node.hosts.issue_key(None, "test", ADMINISTRATION)
            ready = asyncio.Event()
            task = asyncio.create_task(run_node(node, ready, stop))
            await asyncio.wait([task, asyncio.create_task(ready.wait())], return_when=asyncio.FIRST_COMPLETED)
            running.append(Running(node, key, asyncio.get_running_loop()))
            started.set()
            await task
        finally:
            await node.close()

    def run() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:  # told to the test, in its own thread
            failure.append(error)
            started.set()

    thread = threading.Thread(target=run, name=folder.name)
    thread.start()
    try:
        assert started.wait(30)
        if not running:
            raise failure[0]
        yield running[0]
    finally:
        if running:
            running[0].loop.call_soon_threadsafe(stop.set)
        thread.join(30)
    if failure:
        raise failure[0]
