"""The test stand: nodes in processes of their own, seeded stores, and ways to wait without polling.

A provider runs in a child process, the consumer in the measuring one, so that both use one core each, as two machines
would. The measuring process drives the consumer through its services; what it waits for is told by the store's own
signals.
"""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from connector.app import ROOT, Node, rest_collector
from connector.store import contracts, negotiations, processes, transfers
from connector.store.contracts import StoredContract
from connector.store.negotiations import Negotiation
from connector.store.transfers import Transfer
from tests.benchmarks import seeds
from tests.harness import nodes
from tests.tools import postgres
from tests.tools.ports import free_port

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
DATASET = "urn:test:lampadaires"
SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"
STORES = (SQLITE, POSTGRESQL)


@dataclass(frozen=True)
class Bench:
    """What every measure is given: a PostgreSQL server that waits for the disk, if any asks, and how thorough to be."""

    server: postgres.Postgres | None
    is_quick: bool = False
    _numbers: Iterator[int] = field(default_factory=count)

    @property
    def rounds(self) -> int:
        return 1 if self.is_quick else 3

    def times(self, many: int) -> int:
        """Return how often to do something."""
        return max(10, many // 10) if self.is_quick else many

    def database(self, store: str) -> str | None:
        """Return the address of a new database, None for SQLite, which is a file in the node's folder."""
        if store == SQLITE:
            return None
        if self.server is None:
            raise RuntimeError("no PostgreSQL server was started for this measure")
        with ThreadPoolExecutor(1) as thread:  # a loop runs here already
            return thread.submit(self.server.create_database, f"bench{next(self._numbers)}").result()


@dataclass(frozen=True)
class Provider:
    """A provider in a process of its own."""

    did: str
    url: str
    pid: int
    folder: Path
    said: Any

    def changes(self) -> dict[str, float]:
        """Return when each process last changed there, on this machine's monotonic clock, since asked before."""
        os.kill(self.pid, signal.SIGUSR1)
        self.said.readline()
        changes: dict[str, float] = json.loads((self.folder / "changes.json").read_text())
        return changes

    def meet(self, did: str) -> None:
        """Have it know the consumer, with its keys and its card."""
        (self.folder / "partner").write_text(did)
        os.kill(self.pid, signal.SIGUSR2)
        self.said.readline()


@contextlib.contextmanager
def provider(database: str | None, seed: str = "") -> Iterator[Provider]:
    """Yield a provider that publishes one small dataset under an open offer, after running a seeding function."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        port = free_port()
        command = [sys.executable, str(HERE / "provider.py"), folder, str(port), database or "-", seed]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY, env=_environment())
        try:
            assert child.stdout is not None
            line = child.stdout.readline().split()
            if line[:1] != ["ready"]:
                raise RuntimeError("the provider did not start")
            yield Provider(line[1], f"http://127.0.0.1:{port}", child.pid, Path(folder), child.stdout)
        finally:
            child.terminate()
            child.wait(30)


@contextlib.asynccontextmanager
async def consumer(database: str | None, *providers: Provider, seed: str = "") -> AsyncIterator[Node]:
    """Yield a consumer in this process that knows the providers, after running a seeding function."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        async with nodes.running(Path(folder), database=database) as node:
            if seed:
                await seeds.BY_NAME[seed](node)
            for each in providers:
                await node.introduce.add(ROOT, each.did, by=nodes.BY)
            rest_collector()
            yield node


@dataclass(frozen=True)
class Pair:
    """A provider, a consumer that knows it, and the offer of the one dataset."""

    provider: Provider
    node: Node
    watch: "Watch"
    offer: dict[str, Any]

    async def negotiate(self) -> Negotiation:
        """Request the offer and return the negotiation once it is FINALIZED here."""
        begun = await self.node.negotiate.request(ROOT, self.provider.did, self.offer, by=nodes.BY)
        return await self.watch.finalised(begun.pid)

    async def contract(self, negotiation: str) -> StoredContract | None:
        """Return what is sealed of a negotiation here."""
        return await self.node.store.read(lambda tx: contracts.find(tx, ROOT, negotiation))

    async def transfer(self, agreement: str) -> Transfer:
        """Request the data of an agreement and return the transfer once its data address is here."""
        begun = await self.node.transfer.request(ROOT, agreement, by=nodes.BY)
        return await self.watch.started(begun.pid)

    async def negotiate_many(self, number: int, in_flight: int) -> float:
        """Negotiate so often, so many at a time; return how many were finalised in a second."""
        room = asyncio.Semaphore(in_flight)

        async def one() -> None:
            async with room:
                await self.negotiate()

        began = time.perf_counter()
        await asyncio.gather(*(one() for _ in range(number)))
        return number / (time.perf_counter() - began)


@contextlib.asynccontextmanager
async def pair(bench: Bench, store: str, seed: str = "") -> AsyncIterator[Pair]:
    """Yield two nodes on this store, warmed up."""
    with provider(bench.database(store), seed) as giving:
        async with consumer(bench.database(store), giving, seed=seed if seed in seeds.OF_BOTH else "") as node:
            if seed in seeds.OF_BOTH:
                await asyncio.to_thread(giving.meet, node.addresses.did(ROOT))
            two = Pair(giving, node, Watch(node), await first_offer(node, giving))
            await two.negotiate_many(20, 4)
            yield two


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

    async def finalised(self, pid: str) -> Negotiation:
        found: Negotiation = await self.until(negotiations, pid, "FINALIZED")
        return found

    async def started(self, pid: str) -> Transfer:
        found: Transfer = await self.until(transfers, pid, "STARTED")
        return found


async def first_offer(node: Node, of: Provider, dataset: str = DATASET) -> dict[str, Any]:
    """Return the offer of a dataset, ready to be asked for."""
    summary = await node.catalogue.look_up(ROOT, of.did, dataset)
    return {**summary.offers[0], "target": dataset, "assigner": of.did}


async def quiet(share: float = 0.25, within_s: float = 12) -> None:
    """Wait until others use less than this share of the processors, for a while at most: load spoils every figure."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        busy, total = _ticks()
        await asyncio.sleep(1)
        now_busy, now_total = _ticks()
        if now_busy - busy < share * (now_total - total):
            return


def _ticks() -> tuple[int, int]:
    """Return what all processors together have spent busy, and altogether (proc(5), first line of /proc/stat)."""
    ticks = [int(text) for text in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)


def processor_seconds(pid: int) -> float:
    """Return the processor time that the threads of a process have used, in seconds.

    In nanoseconds (proc(5), schedstat), where the sum of the process counts in ticks of 10 ms; a thread that has ended
    is not in it, and those of what is measured do not end.
    """
    told = [each.read_text() for each in Path(f"/proc/{pid}/task").glob("*/schedstat")]
    return sum(int(text.split()[0]) for text in told) / 1e9


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
