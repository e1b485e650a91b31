"""A provider in a process of its own: FOLDER PORT DATABASE|- SEED. Prints `ready DID` when it listens.

On SIGUSR1 it writes when each process last changed here (`changes.json`: pid → seconds of the machine's monotonic
clock) and prints `told`. It hears of a change after its commit, so the figure includes the disk. On SIGUSR2 it adds the
partner whose DID stands in `partner`, and prints `known`.
"""

import asyncio
import contextlib
import json
import os
import signal
import sqlite3
import sys
import time
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import uvloop

from connector.app import ROOT, Node, rest_collector
from connector.store import processes, sqlite
from tests.benchmarks import seeds
from tests.harness import nodes


async def main(folder: str, port: str, database: str, seed: str) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    async with nodes.running(
        Path(folder) / "node", public_port=int(port), database=None if database == "-" else database
    ) as node:
        await nodes.publish(node)
        if seed:
            await seeds.BY_NAME[seed](node)
            await settle(database, node.settings.data_dir)
        changes = record_changes(node)
        meeting: list[asyncio.Task[None]] = []
        known = Path(folder) / "partner"
        loop.add_signal_handler(signal.SIGUSR2, lambda: meeting.append(asyncio.create_task(meet(node, known))))
        loop.add_signal_handler(signal.SIGUSR1, tell, changes, Path(folder) / "changes.json")
        rest_collector()
        print("ready", node.addresses.did("root"), flush=True)
        await stop.wait()


async def settle(database: str, data_dir: Path) -> None:
    """Leave the store as it is long after it was filled: checkpointed, analysed, nothing on its way to the disk."""
    if database == "-":
        with contextlib.closing(sqlite3.connect(data_dir / sqlite.FILE)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    else:
        connected = await asyncpg.connect(database)
        for statement in ("VACUUM ANALYZE", "CHECKPOINT"):
            await connected.execute(statement)
        await connected.close()
    os.sync()


async def meet(node: Node, known: Path) -> None:
    """Know the consumer, with its keys and its card."""
    await node.introduce.add(ROOT, known.read_text(), by=nodes.BY)
    print("known", flush=True)


def record_changes(node: Node) -> dict[str, float]:
    """Return, by pid, when each process last changed; it goes on changing."""
    changes: dict[str, float] = {}

    def note(pid: str) -> None:
        changes[pid] = time.perf_counter()

    node.store.subscribe(processes.CHANGED, note)
    return changes


def tell(changes: dict[str, float], path: Path) -> None:
    path.write_text(json.dumps(changes))
    changes.clear()
    print("told", flush=True)


with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
    runner.run(main(*sys.argv[1:]))
