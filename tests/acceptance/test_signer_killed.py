"""kill -9 while a service far away signs, slowly and with failures: one contract, one seal of each.

Both nodes run as processes whose seal keys are kept by services in the test's process: nothing else of them differs
from the program. Three negotiations stand still, each at another seal; a fourth one goes through beside them, and the
nodes answer. Then each node dies with signatures under way, comes back, and the three end as if nothing had happened.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from connector.app import ROOT
from connector.identity.seal_keys import Lock, SealKeys
from connector.settings import load
from tests.harness.counted import BOTH, check_contracts, check_journals
from tests.harness.people import insist
from tests.harness.processes import Served, served
from tests.harness.stories import Pair
from tests.sealing import desk
from tests.sealing.desk import Desk
from tests.sealing.remote import Signed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

WITHIN_S = 240
HELD = {"provider": ("contract", "conclusion"), "consumer": ("contract",)}
"""Whose signatures are kept back, in the order of a negotiation's own: the provider's twice, the consumer's once."""
DATASET = "urn:test:far"


async def until(look: Callable[[], Awaitable[Any]]) -> None:
    """Return once it is so."""
    async with asyncio.timeout(WITHIN_S):
        while not await look():
            await asyncio.sleep(0.1)


async def far(stack: AsyncExitStack, folder: Path) -> tuple[Pair, dict[str, Desk]]:
    """Return a pair that knows each other, and the services that seal for it; the nodes have no private key left."""
    desks = {name: Desk(asyncio.sleep, slowness=1) for name in BOTH}
    sides = {}
    for name, service in desks.items():
        program = partial(desk.serve, await stack.enter_async_context(service.serving()))
        sides[name] = await stack.enter_async_context(served(folder / name, program=program))
        hand_over(sides[name], service)
    of = Pair(**sides)
    await of.acquaint()
    return of, desks


def hand_over(node: Served, service: Desk) -> None:
    """Move the node's private seal keys to the service."""
    keys = SealKeys(node.folder, Lock(load(environ={}, data_dir=node.folder).seal_key_place))
    found = list((node.folder / "keys" / ROOT).glob("seal-*.pem"))
    assert found
    for path in found:
        service.keep(f"{node.did}#{path.stem}", keys.private(ROOT, path.stem))
        path.unlink()


async def ask(of: Pair, offer: dict[str, Any]) -> str:
    """Have the consumer ask for the data; return its identifier of the negotiation."""
    asked = await insist(lambda: of.consumer.client.request_access(of.provider.did, DATASET, offer=offer))
    return str(asked["pid"])


async def is_final(of: Pair, pid: str) -> bool:
    """True when the negotiation is concluded on both sides."""
    states = [
        await of.consumer.rows("SELECT state FROM negotiations WHERE pid = ? AND pending IS NULL", pid),
        await of.provider.rows("SELECT state FROM negotiations WHERE peer_pid = ? AND pending IS NULL", pid),
    ]
    return states == [[("FINALIZED",)]] * 2


async def stand_still(of: Pair, desks: dict[str, Desk], offer: dict[str, Any]) -> list[str]:
    """Have one negotiation after the other stand still at another seal; return the consumer's identifiers."""
    pids = []
    for name, kinds in HELD.items():
        for kind in kinds:
            desks[name].holds.add(kind)
            pids.append(await ask(of, offer))
            await until(partial(is_held, desks[name], kind))
    return pids


async def is_held(service: Desk, kind: str) -> bool:
    return kind in service.held


async def is_asked_again(service: Desk, kinds: tuple[str, ...], before: Counter[str]) -> bool:
    return all(service.waited[kind] > before[kind] for kind in kinds)


async def answers(node: Served) -> bool:
    """True when the node says that it is well, on both of its listeners."""
    url = f"http://127.0.0.1:{node.replicas[0].public_port}/health"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status == 200 and bool(await node.client.show_status())


def signed_contracts(desks: dict[str, Desk]) -> dict[str, set[bytes]]:
    """Return what was signed as a contract, by the contract's identifier."""
    found: dict[str, set[bytes]] = {}
    signed: list[Signed] = [one for service in desks.values() for one in service.signed if one.kind == "contract"]
    for one in signed:
        found.setdefault(one.contract, set()).add(one.payload)
    return found


def test_nodes_killed_while_a_slow_service_signs_for_them_conclude_each_contract_once(tmp_path: Path) -> None:
    async def play() -> None:
        async with AsyncExitStack() as stack:
            of, desks = await far(stack, tmp_path)
            offer = await of.publish(DATASET, "automatic")
            waiting = await stand_still(of, desks, offer)
            for service in desks.values():
                service.failures = 2
            beside = await ask(of, offer)
            await until(partial(is_final, of, beside))
            assert [await is_final(of, pid) for pid in waiting] == [False, False, False]
            assert [await answers(of.side(name)) for name in BOTH] == [True, True]
            assert [tuple(desks[name].held) for name in HELD] == list(HELD.values())
            for name, kinds in HELD.items():
                before = Counter(desks[name].waited)
                of.side(name).kill()
                await of.side(name).start()
                await until(partial(is_asked_again, desks[name], kinds, before))
            assert [await is_final(of, pid) for pid in waiting] == [False, False, False]
            for service in desks.values():
                service.failures = 2
                service.go.set()
            for pid in waiting:
                await until(partial(is_final, of, pid))
            await check_contracts(of, DATASET)
            await check_journals(of, DATASET)
            assert [len(payloads) for payloads in signed_contracts(desks).values()] == [1, 1, 1, 1]

    asyncio.run(play())
