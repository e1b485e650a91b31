"""The test stand: nodes in processes of their own, seeded stores, and ways to wait without polling.

A provider runs in a child process, the consumer in the measuring one, so that both use one core each, as two machines
would. The measuring process drives the consumer through its services; what it waits for is told by the store's own
signals.
"""

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connector.app import ROOT, Node, rest_collector
from connector.store import negotiations, processes, transfers
from tests.harness import nodes

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
DATASET = "urn:test:lampadaires"


@dataclass(frozen=True)
class Provider:
    """A provider in a process of its own."""

    did: str
    url: str
    pid: int
    folder: Path


@contextlib.contextmanager
def provider(database: str | None, seed: str = "") -> Iterator[Provider]:
    """Yield a provider that publishes one small dataset under an open offer, after running a seeding function."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        port = nodes.free_port()
        command = [sys.executable, str(HERE / "provider.py"), folder, str(port), database or "-", seed]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY, env=_environment())
        try:
            assert child.stdout is not None
            line = child.stdout.readline().split()
            if line[:1] != ["ready"]:
                raise RuntimeError("the provider did not start")
            yield Provider(line[1], f"http://127.0.0.1:{port}", child.pid, Path(folder))
        finally:
            child.terminate()
            child.wait(30)


@contextlib.asynccontextmanager
async def consumer(of: Provider, database: str | None) -> AsyncIterator[Node]:
    """Yield a consumer in this process that knows the provider."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        async with nodes.running(Path(folder), database=database) as node:
            await node.introduce.add(ROOT, of.did)
            rest_collector()
            yield node


class Watch:
    """Waits for processes of one node by the signals of its store."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._waiting: dict[str, asyncio.Event] = {}
        node.store.subscribe(processes.CHANGED, self._changed)

    def _changed(self, pid: str) -> None:
        if pid in self._waiting:
            self._waiting[pid].set()

    async def until(self, rows: Any, pid: str, state: str, within_s: float = 120) -> Any:
        """Return the process once it stands in the state with nothing pending."""
        event = self._waiting[pid] = asyncio.Event()
        try:
            async with asyncio.timeout(within_s):
                while True:
                    event.clear()
                    found = await self._node.store.read(lambda tx: rows.peek(tx, ROOT, pid))
                    if found.state == state and found.pending is None:
                        return found
                    await event.wait()
        finally:
            del self._waiting[pid]

    async def finalised(self, pid: str) -> Any:
        return await self.until(negotiations, pid, "FINALIZED")

    async def started(self, pid: str) -> Any:
        return await self.until(transfers, pid, "STARTED")


async def first_offer(node: Node, of: Provider) -> dict[str, Any]:
    """Return the offer of the one dataset, ready to be asked for."""
    summary = await node.catalogue.look_up(ROOT, of.did, DATASET)
    return {**summary.offers[0], "target": DATASET, "assigner": of.did}


def processor_seconds(pid: int) -> float:
    """Return the processor time that a process has used, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int) -> float:
    """Return a process's share of memory (PSS), in MB."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def milliseconds_since(began: float) -> float:
    return (time.perf_counter() - began) * 1000


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(REPOSITORY)}
