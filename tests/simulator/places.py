"""Where the two nodes of a world live, and how they come to be there.

A `Place` outlives its node: the node is killed, its folder stays, another node is built on it. The template is a
pair of folders with what every world starts from, made once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connector.app import ROOT, Node, build_app
from connector.clock import VirtualClock
from connector.peer.client import Answer, Call
from connector.protocol import negotiation as n
from connector.protocol.machine import Role
from connector.settings import Settings, load
from connector.store import negotiations
from connector.store.db import Tx
from tests.harness import nodes
from tests.harness.sealing import AnySigners, FarSigners, give_card, open_keys
from tests.simulator import network, virtual
from tests.simulator.network import Host, Network
from tests.simulator.virtual import InlineStore


async def _at_once() -> None:
    """A signer that is here signs at once."""


@dataclass
class Place:
    """Where a node lives: the folder outlives the node."""

    name: str
    host: Host
    folder: Path
    node: Node | None = None
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    """All that would die with the process: jobs, requests under way, calls of people."""
    before_sealing: Callable[[], Awaitable[None]] = _at_once
    """What happens before the signer signs: it may be slow, or fail."""
    after_sealing: Callable[[], Awaitable[None]] = _at_once
    """What happens once it has signed, before the node hears of it."""
    signers: AnySigners | None = None
    """Who signs instead, from the next time that the node is built."""
    has_own_signers: bool = False
    """Whether it seals with its own keys, as nodes do that have no signer elsewhere; from its next start."""
    more: dict[str, Any] = field(default_factory=dict)
    """Settings beside the usual ones."""
    problems: list[BaseException | None] = field(default_factory=list)
    """What no node may end with."""

    @property
    def did(self) -> str:
        return "did:web:" + self.host.replace(":", "%3A")

    @property
    def settings(self) -> Settings:
        url = f"http://{self.host}"
        usual = {"public_url": url, "public_port": 0, "private_port": 0, "unknown_peers": "admit"}
        return load(environ={}, data_dir=self.folder, **{**usual, **self.more})

    def spawn(self, work: Any) -> asyncio.Task[Any]:
        """Run something that dies with the node."""
        task: asyncio.Task[Any] = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    def _note_end(self, node: Node, jobs: asyncio.Task[Any]) -> None:
        """Note why the jobs of a node that was not killed ended: they never do by themselves."""
        if jobs.cancelled():
            if self.node is node:
                self.problems.append(AssertionError("the jobs were cancelled"))
        elif jobs.exception() is not None:
            self.problems.append(jobs.exception())

    async def wake(self, clock: VirtualClock, net: Network) -> Node:
        """Build the node on what is in its folder, and let its jobs run."""
        signers = self.signers or FarSigners(self.before_sealing, self.after_sealing)
        given = None if self.has_own_signers else signers
        node = await build_app(self.settings, clock=clock, transport=net.transport_of(self.host), signers=given)
        self.node = signers.node = node
        open_keys(node)
        self.spawn(node.jobs.run()).add_done_callback(lambda jobs: self._note_end(node, jobs))
        return node

    def crash(self) -> None:
        """Kill the node: nothing of it runs another line."""
        assert self.node is not None
        store = self.node.store
        assert isinstance(store, InlineStore)
        store.crash()
        for task in self.tasks:
            task.cancel()
        self.node = None


def places(folder: Path) -> dict[Role, Place]:
    """Return the two places of a world."""
    return {
        Role.CONSUMER: Place("consumer", "127.0.0.1:1001", folder / "consumer"),
        Role.PROVIDER: Place("provider", "127.0.0.1:1002", folder / "provider"),
    }


def make_template(folder: Path) -> None:
    """Write the folders of two nodes that know each other, with datasets, offers, and one agreement between them."""

    async def make(clock: VirtualClock) -> None:
        net = Network(clock)
        both = places(folder)
        hosts = {place.host: place for place in both.values()}

        async def serve(host: Host, call: Call) -> Answer:
            node = hosts[host].node
            assert node is not None
            return await network.call_app(node.public, call)

        net.serve = serve
        for place in both.values():
            node = await place.wake(clock, net)
            await node.hosts.add(ROOT, place.name)
            open_keys(node)
            await give_card(node, place.name)
        provider, consumer = (both[role].node for role in (Role.PROVIDER, Role.CONSUMER))
        assert provider is not None
        assert consumer is not None
        await nodes.publish(provider, "automatic", offer_id="urn:offer:automatic")
        await nodes.publish(provider, "manual", offer_id="urn:offer:manual", mode="manual")
        await nodes.acquaint(consumer, provider)
        await nodes.acquaint(provider, consumer)
        asked = await nodes.ask(consumer, both[Role.PROVIDER].did, "urn:test:automatic")
        await nodes.until_negotiation(consumer, asked.pid, n.FINALIZED)
        theirs = (await peek(consumer, negotiations.peek, asked.pid)).peer_pid or ""
        await nodes.until_negotiation(provider, theirs, n.FINALIZED)
        for place in both.values():
            for task in place.tasks:
                task.cancel()
            await asyncio.gather(*place.tasks, return_exceptions=True)
            assert place.node is not None
            await place.node.close()

    folder.mkdir(parents=True, exist_ok=True)
    with virtual.simulated(0):
        asyncio.run(make(VirtualClock()))


async def peek(node: Node, peek: Callable[[Tx, str, str], Any], pid: str) -> Any:
    return await node.store.read(lambda tx: peek(tx, ROOT, pid))
