"""kill -9 of a node that has sealed an answer in the unit that decided it: one contract, one seal of each.

Both nodes run as processes that seal with keys of their own, as installed ones do. One dies once the unit is committed,
before the answer has left. Then it comes back: the very seal that is stored leaves, and the negotiation ends as ever.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from connector.protocol import negotiation as n
from connector.protocol.extensions import CONCLUSION, SEAL
from tests.acceptance.test_signer_killed import DATASET, ask, is_final, until
from tests.harness.counted import check_contracts, check_journals
from tests.harness.processes import Served, served
from tests.harness.proxy import Fault, kind_of
from tests.harness.stories import Pair

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ASKED_WITH = {"consumer": n.AGREEMENT, "provider": n.VERIFICATION}
"""What each side answers with something that it seals."""
ANSWER = {"consumer": (n.VERIFICATION, SEAL), "provider": (n.FINALIZE, CONCLUSION)}
SIDES = ("consumer", "provider")


@asynccontextmanager
async def pair(folder: Path) -> AsyncIterator[tuple[Pair, dict[str, Any]]]:
    """Yield a pair that has agreed once, so that its keys are open, and the offer."""
    async with AsyncExitStack() as stack:
        of = Pair(*[await stack.enter_async_context(served(folder / name)) for name in SIDES])
        await of.acquaint()
        offer = await of.publish(DATASET, "automatic")
        await until(partial(is_final, of, await ask(of, offer)))
        yield of, offer


async def sent(node: Served, name: str) -> list[str]:
    """Return what the answers of one side carry that it has sent, by its journal."""
    kind, member = ANSWER[name]
    entries = [
        json.loads(text)["entry"] for (text,) in await node.rows("SELECT entry FROM journal WHERE kind = 'sent'")
    ]
    return [json.loads(one["body"])[member] for one in entries if one["message"] == kind]


@pytest.mark.parametrize("name", SIDES)
def test_a_node_killed_before_it_sent_what_it_sealed_sends_that_very_seal(tmp_path: Path, name: str) -> None:
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
