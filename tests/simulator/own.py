"""Nodes that seal with keys of their own: which they are, and how their job `seal` is made to linger.

Such a node seals in the unit that decides, where nothing can come between. The job is left with what must be asked for
first; between its seal and the transaction that keeps it nothing would ever happen in virtual time, so it lingers
there, and what a busy machine has in store can happen (see world.py).
"""

import copy
import random
from collections.abc import Awaitable, Callable

from connector.app import Node
from connector.protocol.machine import Role
from tests.harness.sealing import FarSigners


def own_signers(seed: int) -> frozenset[Role]:
    """Return who seals with keys of its own in a world: each node for itself, from a random stream of its own."""
    chance = random.Random(f"own seals {seed}")
    return frozenset(role for role in Role if chance.random() < 0.5)


def linger_in_jobs(node: Node, linger: Callable[[], Awaitable[None]]) -> None:
    """Have the job `seal` of a node that was just built linger between a seal and the transaction that keeps it."""
    _, seal = node.talks
    slow = FarSigners(_at_once, linger)
    slow.node = node
    seal._sealer = copy.copy(seal._sealer)
    seal._sealer.signers = slow


async def _at_once() -> None:
    """A key of the node's own signs at once."""
