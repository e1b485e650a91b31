"""A restored webhook goes on where the backup left it, under the same secret, and tells of what was lost since."""

import asyncio
from pathlib import Path

from connector.app import ROOT, Node
from connector.clock import SystemClock
from connector.services.backup.restore import restore
from connector.services.backup.take import KeysFile, take
from connector.store import events
from tests.backup.conftest import PASSPHRASE, at
from tests.harness import nodes
from tests.harness.receiver import receiving
from tests.tools.ports import free_port


async def write(node: Node, subject: str) -> None:
    await node.store.write(lambda tx: events.append(tx, ROOT, "job.dead", subject))


def test_a_restored_webhook_goes_on_and_signs_as_before(database: str | None, tmp_path: Path) -> None:
    port, keys, file = free_port(), KeysFile(tmp_path / "node.keys", PASSPHRASE), tmp_path / "node.zip"

    async def live(url: str) -> str:
        async with nodes.running(tmp_path / "node", database=database, public_port=port) as node:
            made = await node.webhooks.create(ROOT, url, (), None, by=nodes.BY)
            await write(node, "delivered")
            await asyncio.to_thread(receiver.until, lambda seen: len(seen.taken) == 1)
            await asyncio.to_thread(take, node.settings, file, keys, program="test", now=SystemClock().now())
            await write(node, "lost")
            await asyncio.to_thread(receiver.until, lambda seen: len(seen.taken) == 2)
            return made.secret

    async def live_again() -> None:
        async with nodes.running(tmp_path / "back", public_port=port) as node:
            await write(node, "new")
            await asyncio.to_thread(receiver.until, lambda seen: "new" in seen.subjects())

    with receiving() as receiver:
        secret = asyncio.run(live(receiver.url))
        restore(at(tmp_path / "back", port), file, keys, keep_api_keys=True, root=ROOT, now=SystemClock().now())
        asyncio.run(live_again())
        told = receiver.subjects()
        assert told[:2] == ["delivered", "lost"]
        assert told[-1] == "new"
        assert "webhook.gap" in told[2:-1]
        assert all(one.is_signed_with(secret) for one in receiver.deliveries)
