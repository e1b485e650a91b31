"""Starts a node whose partners are Eclipse EDCs, and stays until it is told to stop.

It is the application itself, `build_app` and `run_node`, with EDC's mock identity instead of did:web: decisions, jobs,
routes and the management API are those of any node. The partners are known from the documents that their DIDs lead to.

Prints `did ID`, `key SECRET`, then `ready` when both listeners answer.
"""

import argparse
import asyncio
import signal
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import uvloop

from connector import logs
from connector.app import ROOT, Node, build_app, rest_collector, run_node
from connector.clock import SystemClock
from connector.identity.addresses import Addresses
from connector.lab.mock_identity import MockIdentity
from connector.services import deciders
from connector.services.roles import ADMINISTRATION
from connector.settings import load

BY = deciders.script("interop")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--config", type=Path, required=True, help="the node's settings")
    parser.add_argument("--peer", action="append", default=[], metavar="DID", help="a partner")
    parser.add_argument("--later", type=float, default=0.0, metavar="S", help="how far its clock is ahead, in seconds")
    options = parser.parse_args(arguments)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(options.config, options.peer, Ahead(timedelta(seconds=options.later))))


class Ahead(SystemClock):
    """The machine's clock, moved forward: what is to happen some day happens now."""

    def __init__(self, by: timedelta) -> None:
        self._by = by

    def now(self) -> datetime:
        return super().now() + self._by


async def _serve(config: Path, known: list[str], clock: SystemClock) -> None:
    settings = load(config, environ={})
    logs.configure(settings)
    addresses = Addresses(settings.base_url, ROOT)
    node = await build_app(settings, clock=clock, identity=MockIdentity(settings, addresses.did))
    rest_collector()
    try:
        if ROOT not in node.hosts.owners:
            await node.hosts.add(ROOT, settings.participant_name)
        await _know(node, known)
        _, secret = await node.hosts.issue_key(None, "interop", ADMINISTRATION)
        await _run(node, secret)
    finally:
        await node.close()


async def _run(node: Node, secret: str) -> None:
    ready, stop = asyncio.Event(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(run_node(node, ready, stop))
        await ready.wait()
        print(f"did {node.addresses.did(ROOT)}", f"key {secret}", "ready", sep="\n", flush=True)
        await running


async def _know(node: Node, known: list[str]) -> None:
    for did in known:
        if await node.introduce.standing(ROOT, did) is None:
            await node.introduce.add(ROOT, did, by=BY)


if __name__ == "__main__":
    main()
