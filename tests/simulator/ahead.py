"""Nodes that seal with keys of their own: which they are, and what becomes of an answer that was sealed ahead.

Such a node seals before the transaction that takes a message, and at once. Between the two nothing would ever happen in
virtual time: so the node is made to linger there, ahead and in the job `seal` alike, and what a busy machine has in
store can happen (see world.py). What was sealed ahead is noted, to be held against what the node has kept.
"""

import copy
import json
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from connector.app import Node
from connector.protocol import negotiation as n
from connector.protocol.machine import Role
from connector.services.exchange import Incoming
from connector.services.seal_ahead import Foreseen
from connector.services.seal_records import Countersigned
from tests.harness.sealing import FarSigners

Linger = Callable[[str], Awaitable[None]]
"""What happens between a seal and the transaction that keeps it; told the negotiation, or nothing in a job."""


def own_signers(seed: int) -> frozenset[Role]:
    """Return who seals with keys of its own in a world: each node for itself, from a random stream of its own."""
    chance = random.Random(f"own seals {seed}")
    return frozenset(role for role in Role if chance.random() < 0.5)


@dataclass
class SealedAhead:
    """An answer that was sealed before its message was taken."""

    negotiation: str
    message: str | None
    """The `@id` of the message that it answers."""
    kind: str
    """What it is to be sent as."""
    signature: str = field(repr=False)
    """Ours, by which it is found wherever it was kept: no two are alike."""
    handed_in_at: datetime | None = None
    """When it reached the transaction that takes the message."""


@dataclass
class Watch:
    """Looks over one place's shoulder while it seals ahead."""

    linger: Linger
    sealed: list[SealedAhead] = field(default_factory=list)
    """All of it, in order, whatever became of it."""

    def begin(self, node: Node) -> None:
        """Look over a node that was just built."""
        negotiate, seal = node.talks
        look = negotiate._ahead.look

        async def watched(owner: str, caller: str, pid: str, incoming: Incoming) -> Foreseen | None:
            found = await look(owner, caller, pid, incoming)
            if found is not None:
                self.sealed.append(one := _noted(pid, incoming, found))
                await self.linger(pid)
                one.handed_in_at = node.clock.now()
            return found

        negotiate._ahead.look = watched  # type: ignore[method-assign]
        slow = FarSigners(_at_once, lambda: self.linger(""))
        slow.node = node
        seal._sealer = copy.copy(seal._sealer)
        seal._sealer.signers = slow

    def of(self, negotiation: str) -> list[SealedAhead]:
        """Return what was sealed ahead in one negotiation of ours."""
        return [one for one in self.sealed if one.negotiation == negotiation]


async def _at_once() -> None:
    """A key of the node's own signs at once."""


def _noted(pid: str, incoming: Incoming, found: Foreseen) -> SealedAhead:
    told = found.found
    jws, kind = (
        (told.marks[1].jws, n.VERIFICATION) if isinstance(told, Countersigned) else (told.conclusion, n.FINALIZE)
    )
    return SealedAhead(pid, incoming.message.message_id, kind, json.loads(jws)["signatures"][-1]["signature"])
