"""kill -9 while bytes are pushed, on either side: the push begins again by itself, and ends once."""

import asyncio
import hashlib
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from connector.sdk import ApiProblem, AsyncClient
from tests.harness.processes import Served, served
from tests.harness.proxy import Hold

CONTENT = random.Random(11).randbytes(6_000_000)
DATASET = "urn:test:lampadaires"
WITHIN_S = 120


async def until(look: Callable[[], Awaitable[Any]], is_so: Callable[[Any], bool]) -> Any:
    """Return what `look` returns once it is so."""
    async with asyncio.timeout(WITHIN_S):
        while not is_so(found := await look()):
            await asyncio.sleep(0.05)
        return found


async def publish(provider: Served) -> None:
    (provider.folder / "published").mkdir(exist_ok=True)
    (provider.folder / "published" / "lampes.csv").write_bytes(CONTENT)
    client: AsyncClient = provider.client
    await client.put_dataset(DATASET, "lampadaires", {"kind": "file", "path": "lampes.csv"})
    await client.put_offer("urn:test:offer", DATASET, {"permission": [{"action": "use"}]}, "automatic")


async def agree(consumer: Served, provider: Served) -> str:
    await consumer.client.add_peer(provider.did)
    pid = (await consumer.client.request_access(provider.did, DATASET))["pid"]
    final = await until(lambda: consumer.client.show_negotiation(pid), lambda seen: seen["state"] == "FINALIZED")
    return str(final["agreement"])


@pytest.mark.parametrize("who", ["provider", "consumer"])
def test_a_push_survives_kill_9(tmp_path: Path, who: str) -> None:
    async def play() -> None:
        async with served(tmp_path / "provider") as provider, served(tmp_path / "consumer") as consumer:
            await publish(provider)
            agreement = await agree(consumer, provider)
            hold = consumer.proxy.hold = Hold(after_bytes=1_000_000)
            pid = (await consumer.client.request_transfer(agreement, push=True, path="lampes.csv"))["pid"]
            await asyncio.wait_for(hold.reached.wait(), WITHIN_S)
            victim = provider if who == "provider" else consumer
            victim.kill()
            hold.go.set()
            await victim.start()
            shown = await until(lambda: consumer.client.show_transfer(pid), lambda seen: seen["state"] == "COMPLETED")
            digest = hashlib.sha256(CONTENT).hexdigest()
            assert (shown["fetch"]["status"], shown["fetch"]["sha256"]) == ("done", digest)
            folder = consumer.folder / "received" / "root"
            assert [path.name for path in folder.iterdir()] == ["lampes.csv"]
            assert hashlib.sha256((folder / "lampes.csv").read_bytes()).hexdigest() == digest
            receipts = await consumer.rows("SELECT n FROM journal WHERE process = ? AND kind = 'bytes-received'", pid)
            assert len(receipts) == 1
            theirs = await until(
                lambda: provider.client.show_transfer(shown["peer_pid"] or ""),
                lambda seen: seen["state"] == "COMPLETED",
            )
            assert theirs["push"]["status"] == "done"
            assert hold.passed_bytes > len(CONTENT)
            with pytest.raises(ApiProblem):
                await consumer.client.fetch_transfer(pid, "again.csv")

    asyncio.run(play())
