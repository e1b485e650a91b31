"""People who do not give up: what they ask of a node through its API, they ask until it is answered."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from connector.sdk import ApiProblem, AsyncClient, NodeUnreachable

T = TypeVar("T")
CONFLICT, PEER_FAILED = 409, 424


async def insist(call: Callable[[], Awaitable[T]]) -> T:
    """Repeat a call until a living process answers it, and the partner whose word it needs answers too."""
    while True:
        try:
            return await call()
        except NodeUnreachable:
            await asyncio.sleep(0.1)
        except ApiProblem as problem:
            if problem.status < 500 and problem.status != PEER_FAILED:
                raise
            await asyncio.sleep(0.1)


async def introduce(client: AsyncClient, did: str) -> None:
    """Have a node know a peer, if it does not yet."""
    try:
        await insist(lambda: client.add_peer(did))
    except ApiProblem as problem:
        if problem.status != CONFLICT:
            raise
