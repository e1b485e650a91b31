"""Two nodes that know each other, in virtual time, with everything that a test may do to their messages and signers."""

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from connector.app import ROOT, Node
from connector.clock import VirtualClock
from connector.peer.client import Answer, Call
from connector.peer.errors import Unreachable
from connector.protocol.machine import Role
from connector.services.deciders import Person
from connector.store import contracts, journal, negotiations, peers, transfers
from connector.store.contracts import StoredContract, StoredSeal
from connector.store.db import Tx
from connector.store.negotiations import Negotiation
from connector.store.tables import jobs as jobs_table
from connector.store.transfers import Transfer
from tests.harness import nodes
from tests.simulator import network, virtual
from tests.simulator.network import Host, Network
from tests.simulator.places import places
from tests.simulator.virtual import InlineStore

T = TypeVar("T")
Change = Callable[[dict[str, Any]], dict[str, Any]]
PATIENCE_S = 1800.0


class Pair:
    """A consumer and a provider."""

    def __init__(self, folder: Path) -> None:
        self.clock = VirtualClock()
        self.net = Network(self.clock)
        self.places = places(folder)
        self.carried: list[dict[str, Any]] = []
        """Every negotiation message that was carried, once it was processed."""
        self.changes: dict[str, Change] = {}
        """By kind of message: what is done to it on its way."""
        self.answers: dict[str, list[Answer]] = {}
        """By kind of message: what is answered in the place of the node."""
        self.reborn: list[asyncio.Task[None]] = []
        self.calls: list[Call] = []
        """Every call that arrived at a node."""
        self.net.serve = self._serve
        self.net.new_token = self._new_token

    async def wake(self) -> None:
        for place in self.places.values():
            await place.wake(self.clock, self.net)

    def node(self, role: Role) -> Node:
        node = self.places[role].node
        assert node is not None
        return node

    async def _serve(self, host: Host, call: Call) -> Answer:
        place = next(one for one in self.places.values() if one.host == host)
        if place.node is None:
            raise Unreachable("refused", host)
        self.calls.append(call)
        kind = kind_of(call)
        if self.answers.get(kind):
            return self.answers[kind].pop(0)
        if kind in self.changes and call.body:
            body = json.dumps(self.changes[kind](json.loads(call.body)), ensure_ascii=False, separators=(",", ":"))
            call = Call(call.method, call.url, call.headers, body.encode())
        request = place.spawn(network.call_app(place.node.public, call))
        await asyncio.wait([request])
        if kind.startswith("Contract"):
            self.carried.append(json.loads(call.body or b"{}"))
        if request.cancelled():
            raise Unreachable("closed", host)
        answer: Answer = request.result()
        return answer

    async def _new_token(self, sender: Host, receiver: Host) -> str:
        node, other = [next(one for one in self.places.values() if one.host == host) for host in (sender, receiver)]
        if node.node is None:
            raise Unreachable("closed", sender)
        return await node.node.identity.token_for(ROOT, other.did)

    def kill(self, role: Role) -> None:
        """Have a node killed now, and built again on its files."""
        self.places[role].crash()
        self.reborn.append(asyncio.ensure_future(self._recover(role)))

    def kill_after(self, role: Role, commits: int) -> None:
        """Have a node killed after that many commits from now on, and built again on its files."""
        store = self.node(role).store
        assert isinstance(store, InlineStore)
        left = [commits]

        def after_commit() -> bool:
            left[0] -= 1
            if left[0] == 0:
                self.kill(role)
            return left[0] <= 0

        store.after_commit = after_commit

    async def _recover(self, role: Role) -> None:
        await asyncio.gather(*self.places[role].tasks, return_exceptions=True)
        await self.places[role].wake(self.clock, self.net)

    async def sleep_until(self, at: datetime, **settings: Any) -> None:
        """Have both nodes stopped until an instant, then started again, with other settings if any are given."""
        for place in self.places.values():
            if place.node is not None:
                place.crash()
            await asyncio.gather(*place.tasks, return_exceptions=True)
        self.clock.advance_to(at)
        for place in self.places.values():
            place.more |= settings
        await self.wake()

    async def ask(self, kind: str = "automatic", *, by: Person = nodes.BY) -> str:
        """Have the consumer ask for a dataset; return the consumer's identifier of the negotiation.

        It is empty when the consumer was killed before it could say so.
        """
        place, peer = self.places[Role.CONSUMER], self.places[Role.PROVIDER].did
        offer = {"@id": f"urn:offer:{kind}", "@type": "Offer", "target": f"urn:test:{kind}", "assigner": peer}
        node = self.node(Role.CONSUMER)
        task = place.spawn(node.negotiate.request(ROOT, peer, {**offer, **nodes.OPEN}, by=by))
        await asyncio.wait([task])
        return "" if task.cancelled() else task.result().pid

    async def newest(self, role: Role) -> Negotiation:
        """Return the negotiation that one side began last."""
        found = await self.node(role).store.read(lambda tx: negotiations.page(tx, ROOT, limit=1))
        return found[0]

    async def until(self, claim: Callable[[], Awaitable[bool]]) -> None:
        """Let time pass until the claim holds."""
        end = self.clock.now() + timedelta(seconds=PATIENCE_S)
        while not await claim():
            assert self.clock.now() < end, self.carried
            await self.net.pause(0.2)

    async def settle(self) -> None:
        """Let time pass until nothing is left to do."""

        async def is_quiet() -> bool:
            return self.net.is_quiet and not await self._jobs()

        await self.until(is_quiet)

    async def _jobs(self) -> list[Any]:
        found: list[Any] = []
        for place in self.places.values():
            if place.node is None:
                return [place.name]
            found += await place.node.store.read(lambda tx: tx.connection.execute(jobs_table.select()).all())
        return found

    async def row(self, role: Role, pid: str) -> Negotiation:
        """Return one side's record of the negotiation that the consumer calls `pid`."""

        def unit(tx: Tx) -> Negotiation:
            if role is Role.CONSUMER:
                return negotiations.peek(tx, ROOT, pid)
            found = negotiations.by_peer_pid(tx, ROOT, self.places[role.other].did, role, pid)
            assert found is not None
            return found

        return await self.node(role).store.read(unit)

    async def transfer(self, role: Role, pid: str) -> Transfer | None:
        """Return one side's record of the transfer that the consumer calls `pid`."""
        store = self.node(role).store
        if role is Role.CONSUMER:
            return await store.read(lambda tx: transfers.peek(tx, ROOT, pid))
        did = self.places[Role.CONSUMER].did
        return await store.read(lambda tx: transfers.by_peer_pid(tx, ROOT, did, role, pid))

    async def until_transfer(self, pid: str, state: str, *roles: Role) -> None:
        """Let time pass until a transfer stands in the state on these sides, or on both, with nothing pending."""

        async def stands() -> bool:
            rows = [await self.transfer(one, pid) for one in roles or Role]
            return all(row is not None and row.state == state and row.pending is None for row in rows)

        await self.until(stands)

    async def contract(self, role: Role, pid: str) -> StoredContract | None:
        ours = (await self.row(role, pid)).pid
        return await self.node(role).store.read(lambda tx: contracts.find(tx, ROOT, ours))

    async def seals(self, role: Role, pid: str) -> dict[Role, StoredSeal]:
        """Return the seals that one side holds, by whose they are."""
        ours = (await self.row(role, pid)).pid

        def unit(tx: Tx) -> dict[Role, StoredSeal]:
            found = {one: contracts.seal_of(tx, ROOT, ours, one) for one in Role}
            return {one: seal for one, seal in found.items() if seal is not None}

        return await self.node(role).store.read(unit)

    async def journal(self, role: Role, pid: str, kind: str) -> list[dict[str, Any]]:
        """Return the entries of one kind in one side's journal."""
        ours = (await self.row(role, pid)).pid
        entries = await self.node(role).store.read(lambda tx: journal.page(tx, ROOT, ours, limit=200))
        return [entry.entry for entry in entries if entry.kind == kind]

    async def unpin_card(self, role: Role) -> None:
        """Have one side know the other without a card, so that it expects no seal of it."""

        def unit(tx: Tx) -> None:
            peer = peers.claim(tx, ROOT, self.places[role.other].did)
            peer.card = None
            peers.put(tx, peer)

        await self.node(role).store.write(unit)

    def sent(self, kind: str) -> list[dict[str, Any]]:
        """Return what was carried of one kind."""
        return [one for one in self.carried if one["@type"] == kind]


def play(
    folder: Path, template: Path, scene: Callable[[Pair], Coroutine[Any, Any, T]], *, has_own_signers: bool = False
) -> T:
    """Play a scene on two fresh nodes, which seal with keys of their own or with signers that may be far away."""
    shutil.copytree(template, folder)

    pair = Pair(folder)
    for place in pair.places.values():
        place.has_own_signers = has_own_signers

    async def main() -> T:
        pair.clock.advance(timedelta(days=1))
        await pair.wake()
        try:
            return await scene(pair)
        finally:
            for place in pair.places.values():
                if place.node is not None:
                    place.crash()
            await asyncio.sleep(0)

    try:
        with virtual.simulated(1):
            return virtual.run(main(), pair.clock)
    finally:
        shutil.rmtree(folder)


def kind_of(call: Call) -> str:
    """Return which message a call carries, empty for none."""
    if call.method != "POST":
        return ""
    message = json.loads(call.body or b"{}")
    event = message.get("eventType")
    return f"{message.get('@type')}:{event}" if event else str(message.get("@type"))
