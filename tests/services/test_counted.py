"""Terms that count, from the catalogue to the last use: two nodes, over real HTTP."""

import asyncio
from pathlib import Path
from typing import Any

from connector.app import ROOT, Node
from connector.dataplane.transfers import http_push
from connector.protocol import transfer as t
from connector.store import journal, usage
from tests.harness.nodes import BY, agreed, publish, running, until_transfer

TWICE: dict[str, Any] = {
    "permission": [
        {
            "action": "use",
            "constraint": [
                {
                    "leftOperand": "odrl:count",
                    "operator": "lteq",
                    "rightOperand": {"@type": "xsd:integer", "@value": "2"},
                }
            ],
        }
    ]
}
WITHIN_S = 60


async def pushed(consumer: Node, agreement: str) -> None:
    """Have the bytes pushed to us, whole."""
    into = consumer.receive.into(ROOT, "pousse.csv")
    asked = await consumer.transfer.request(ROOT, agreement, http_push.FORMAT, by=BY, into=into)
    await until_transfer(consumer, asked.pid, t.COMPLETED, within_s=WITHIN_S)


async def pulled(consumer: Node, agreement: str) -> None:
    """Have the bytes by reading them, whole."""
    asked = await consumer.transfer.request(ROOT, agreement, by=BY)
    await until_transfer(consumer, asked.pid, t.STARTED, within_s=WITHIN_S)
    await consumer.receive.fetch(ROOT, asked.pid, "tire.csv")
    async with asyncio.timeout(WITHIN_S):
        while (await consumer.receive.progress(ROOT, asked.pid)).status != "done":
            await asyncio.sleep(0.02)


async def used(provider: Node, agreement: str) -> list[int]:
    return list((await provider.store.read(lambda tx: usage.counts(tx, ROOT, agreement))).values())


def test_two_deliveries_are_had_and_the_third_is_refused_with_its_reason(tmp_path: Path) -> None:
    async def play() -> tuple[list[int], list[Any]]:
        async with running(tmp_path / "fournisseur") as provider, running(tmp_path / "ville") as consumer:
            await publish(provider, policy=TWICE)
            agreement = await agreed(consumer, provider)
            await pushed(consumer, agreement)
            await pulled(consumer, agreement)
            third = await consumer.transfer.request(ROOT, agreement, by=BY)
            ended = await until_transfer(consumer, third.pid, t.TERMINATED)
            told = await provider.store.read(lambda tx: journal.page(tx, ROOT, ended.peer_pid or ""))
            return await used(provider, agreement), [entry.entry for entry in told if entry.kind == "sent"]

    counts, sent = asyncio.run(play())
    assert counts == [2]
    assert "the number or the quantity" in sent[-1]["body"]
    assert any("2" in reason for reason in sent[-1]["explained"]["fr"])
