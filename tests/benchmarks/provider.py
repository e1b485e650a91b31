"""A provider in a process of its own: FOLDER PORT DATABASE|- SEED. Prints `ready DID` when it listens."""

import asyncio
import signal
import sys
from pathlib import Path

import uvloop

from connector.app import rest_collector
from tests.benchmarks import seeds
from tests.harness import nodes


async def main(folder: str, port: str, database: str, seed: str) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with nodes.running(
        Path(folder) / "node", public_port=int(port), database=None if database == "-" else database
    ) as node:
        rest_collector()
        await nodes.publish(node)
        if seed:
            await seeds.BY_NAME[seed](node)
        print("ready", node.addresses.did("root"), flush=True)
        await stop.wait()


with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
    runner.run(main(*sys.argv[1:]))
