"""Starts a node whose partners are Eclipse EDCs, and stays until it is told to stop.

It is the application itself, `build_app` and `run_node`, with EDC's mock identity instead of did:web: decisions, jobs,
routes and the management API are those of any node. With did:web a partner is recorded from its documents; an EDC with
the mock identity has none, so its address is given here.

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
from connector.services.roles import ADMINISTRATION
from connector.settings import load
from connector.store import peers
from connector.store.db import Tx
from connector.store.peers import Peer


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--config", type=Path, required=True, help="the node's settings")
    parser.add_argument("--peer", action="append", default=[], metavar="DID=URL", help="a partner and its DSP base")
    parser.add_argument("--later", type=float, default=0.0, metavar="S", help="how far its clock is ahead, in seconds")
    options = parser.parse_args(arguments)
    known = dict(one.split("=", 1) for one in options.peer)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(options.config, known, Ahead(timedelta(seconds=options.later))))


class Ahead(SystemClock):
    """The machine's clock, moved forward: what is to happen some day happens now."""

    def __init__(self, by: timedelta) -> None:
        self._by = by

    def now(self) -> datetime:
        return super().now() + self._by


async def _serve(config: Path, known: dict[str, str], clock: SystemClock) -> None:
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


async def _know(node: Node, known: dict[str, str]) -> None:
    def unit(tx: Tx) -> None:
        for did, url in known.items():
            peer = peers.find(tx, ROOT, did) or Peer(owner=ROOT, did=did, name=did, url=url, pinned=[])
            peer.url = url
            peers.put(tx, peer)

    await node.store.write(unit)


if __name__ == "__main__":
    main()
