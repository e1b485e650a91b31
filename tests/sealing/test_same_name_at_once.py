"""Two contracts by one name that come at the same instant: one is kept, the other is refused as it is refused later."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy.util import await_only

from connector.app import ROOT, Node
from connector.services import sealer
from connector.store import contracts, negotiations
from connector.store.db import Tx
from connector.store.negotiations import Negotiation
from contracts.refused import NameTaken
from tests.harness import nodes
from tests.harness.sealing import give_card
from tests.tools.postgres import Postgres

NAME = "urn:uuid:99999999-9999-4999-8999-999999999999"
DATASET = "urn:test:lampadaires"


class Meeting:
    """Has two units look whether the name is taken before either writes, as only a database with many writers can."""

    def __init__(self) -> None:
        self._look = contracts.is_name_taken
        self._both = asyncio.Barrier(2)
        self.looks = 0

    def __call__(self, tx: Tx, owner: str, name: str, *, besides: str) -> bool:
        found = self._look(tx, owner, name, besides=besides)
        if name == NAME:
            self.looks += 1
            if self.looks <= 2:
                assert not found
                await_only(asyncio.wait_for(self._both.wait(), 10))
        return found


def named_alike(draw_up: Callable[..., dict[str, Any]], what: Any, *, contract_id: str, **told: Any) -> dict[str, Any]:
    """Draw up a contract by the one name."""
    return draw_up(what, contract_id=NAME, **told)


async def allow_one_name(provider: Node) -> None:
    """Let the provider have two contracts by one name, as one that runs other software can."""
    drop = "ALTER TABLE contracts DROP CONSTRAINT contracts_id"
    await provider.store.write(lambda tx: tx.connection.exec_driver_sql(drop) and None)


async def ended(node: Node, pid: str) -> Negotiation:
    """Return a negotiation once it is at its end."""
    async with asyncio.timeout(20):
        while True:
            found = await node.store.read(lambda tx: negotiations.peek(tx, ROOT, pid))
            if found.state in ("FINALIZED", "TERMINATED") and found.pending is None:
                return found
            await asyncio.sleep(0.01)


@pytest.mark.postgres
@pytest.mark.parametrize("first", [nodes.agreed, nodes.acquaint], ids=["by the deciding unit", "by the job"])
def test_of_two_contracts_by_one_name_at_one_instant_one_is_refused_cleanly(
    postgres: Postgres, tmp_path: Path, caplog: pytest.LogCaptureFixture, first: Callable[..., Any]
) -> None:
    """Sealed at once with keys that were decrypted for an agreement before, or else by the job."""

    async def scene(provider: Node, consumer: Node) -> None:
        await give_card(provider, "provider")
        await give_card(consumer, "consumer")
        await nodes.publish(provider)
        await first(consumer, provider)
        await allow_one_name(provider)
        meeting, did = Meeting(), provider.addresses.did(ROOT)
        named = partial(named_alike, sealer.draw_up_contract)
        with patch.object(sealer, "draw_up_contract", named), patch.object(contracts, "is_name_taken", meeting):
            asked = await asyncio.gather(*(nodes.ask(consumer, did, DATASET) for _ in range(2)))
            found = await asyncio.gather(*(ended(consumer, one.pid) for one in asked))
        assert meeting.looks > 2
        assert sorted(one.state for one in found) == ["FINALIZED", "TERMINATED"]
        (refused,) = [one for one in found if one.state == "TERMINATED"]
        left = await consumer.store.read(lambda tx: contracts.find(tx, ROOT, refused.pid))
        kept = await consumer.store.read(lambda tx: contracts.named(tx, ROOT, NAME))
        assert left is not None
        assert (left.status, NameTaken.title["fr"] in (left.reason or "")) == ("unused", True)
        assert (kept.status, kept.negotiation != refused.pid) == ("concluded", True)

    async def play(urls: list[str]) -> None:
        async with AsyncExitStack() as stack:
            provider, consumer = [
                await stack.enter_async_context(nodes.running(tmp_path / name, database=url))
                for name, url in zip(("provider", "consumer"), urls, strict=True)
            ]
            await scene(provider, consumer)

    with ExitStack() as stack, caplog.at_level(logging.WARNING):
        asyncio.run(play([stack.enter_context(postgres.fresh_database()) for _ in range(2)]))
    assert [one for one in caplog.records if one.levelno >= logging.ERROR] == []
