"""kill -9 around an answer that a node has sealed ahead, with a key of its own: one contract, one seal of each.

Both nodes run as processes that seal with keys of their own, as installed ones do. One dies between its seal and the
transaction that takes the message: nothing of the seal is left. Or it dies once that transaction is committed, before
the answer has left: the very seal that is stored leaves with it. Then it comes back, and the negotiation ends as ever.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import uvloop

from connector import logs
from connector.app import build_app, rest_collector, run_node
from connector.protocol import negotiation as n
from connector.protocol.extensions import CONCLUSION, SEAL
from connector.settings import load
from tests.acceptance.test_signer_killed import DATASET, ask, is_final, until
from tests.harness.counted import check_contracts, check_journals
from tests.harness.processes import Served, served
from tests.harness.proxy import Fault, kind_of
from tests.harness.stories import Pair
from tests.simulator.ahead import Watch

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

STANDS, STOP = "stands-still", "stop"
"""Files in a node's folder: it stands still before it keeps what it sealed ahead; it is to do so."""
ASKED_WITH = {"consumer": n.AGREEMENT, "provider": n.VERIFICATION}
"""What each side answers with something that it seals ahead."""
ANSWER = {"consumer": (n.VERIFICATION, SEAL), "provider": (n.FINALIZE, CONCLUSION)}
SIDES = ("consumer", "provider")


def serve(config: Path, log: Path) -> None:
    """Be a node that stands still between seal and transaction while it is told to."""
    target = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for stream in (1, 2):
        os.dup2(target, stream)
    settings = load(config, environ={})
    logs.configure(settings)

    async def linger(negotiation: str) -> None:
        if negotiation and (settings.data_dir / STOP).exists():
            (settings.data_dir / STANDS).touch()
            await asyncio.Event().wait()

    async def run() -> None:
        node = await build_app(settings)
        Watch(linger).begin(node)
        rest_collector()
        await run_node(node, asyncio.Event(), asyncio.Event())

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())


@asynccontextmanager
async def pair(folder: Path) -> AsyncIterator[tuple[Pair, dict[str, Any]]]:
    """Yield a pair that has agreed once, so that its keys are open, and the offer."""
    async with AsyncExitStack() as stack:
        of = Pair(*[await stack.enter_async_context(served(folder / name, program=serve)) for name in SIDES])
        await of.acquaint()
        offer = await of.publish(DATASET, "automatic")
        await until(partial(is_final, of, await ask(of, offer)))
        yield of, offer


async def kept(node: Served) -> list[tuple[Any, ...]]:
    """Return what a node has sealed and kept, of all its contracts."""
    return await node.rows("SELECT process, entry FROM journal WHERE kind IN ('sealed', 'conclusion-sealed')")


async def sent(node: Served, name: str) -> list[str]:
    """Return what the answers of one side carry that it has sent, by its journal."""
    kind, member = ANSWER[name]
    entries = [
        json.loads(text)["entry"] for (text,) in await node.rows("SELECT entry FROM journal WHERE kind = 'sent'")
    ]
    return [json.loads(one["body"])[member] for one in entries if one["message"] == kind]


@pytest.mark.parametrize("name", SIDES)
def test_a_node_killed_before_it_kept_what_it_sealed_ahead_has_nothing_of_it_and_goes_on(
    tmp_path: Path, name: str
) -> None:
    async def play() -> None:
        async with pair(tmp_path) as (of, offer):
            node = of.side(name)
            before = await kept(node)
            (node.folder / STOP).touch()
            pid = await ask(of, offer)
            await until(lambda: asyncio.to_thread((node.folder / STANDS).exists))
            node.kill()
            assert len(await kept(node)) == len(before) + (name == "provider")  # its seal on the contract itself
            (node.folder / STOP).unlink()
            await node.start()
            await until(partial(is_final, of, pid))
            await check_contracts(of, DATASET)
            await check_journals(of, DATASET)

    asyncio.run(play())


@pytest.mark.parametrize("name", SIDES)
def test_a_node_killed_before_it_sent_what_it_sealed_ahead_sends_that_very_seal(tmp_path: Path, name: str) -> None:
    async def play() -> None:
        async with pair(tmp_path) as (of, offer):
            node, other = of.side(name), of.other(name)
            held = Fault("request", lambda message: kind_of(message) == ASKED_WITH[name])
            node.proxy.faults.append(held)
            pid = await ask(of, offer)
            await asyncio.wait_for(held.reached.wait(), 60)
            other.kill()
            held.go.set()
            await until(lambda: node.rows("SELECT 1 FROM negotiations WHERE pending = ?", ANSWER[name][0]))
            node.kill()
            decided = await node.rows("SELECT entry FROM journal WHERE kind = 'decided'")
            waited = [one for (text,) in decided if (one := json.loads(text)["entry"])["message"] == ANSWER[name][0]]
            assert len(waited) <= 1  # the first negotiation, for which its key was not open yet
            stored = await sent(node, name)
            assert len(stored) == 2
            await other.start()
            await node.start()
            await until(partial(is_final, of, pid))
            assert await sent(node, name) == stored
            await check_contracts(of, DATASET)
            await check_journals(of, DATASET)

    asyncio.run(play())
