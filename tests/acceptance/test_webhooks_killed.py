"""kill -9 while a webhook's receiver holds a delivery: nothing is lost, nothing is out of order."""

import asyncio
import threading
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

from connector.app import ROOT
from connector.clock import SystemClock
from connector.settings import load
from connector.store import events, offline
from connector.store.db import Tx
from tests.harness.processes import served
from tests.harness.receiver import WITHIN_S, receiving

NAMES = [f"urn:test:{number}" for number in range(30)]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """The address of an empty database; None: SQLite."""
    if request.param == "sqlite":
        yield None
        return
    with request.getfixturevalue("postgres").fresh_database() as url:
        yield url


def write(tx: Tx) -> None:
    for name in NAMES:
        events.append(tx, ROOT, "job.dead", name)


def test_a_node_killed_over_a_delivery_goes_on_with_it(tmp_path: Path, database: str | None) -> None:
    reached, go = threading.Event(), threading.Event()

    def answer(number: int) -> int:
        if number in (0, 11):
            reached.set()
            assert go.wait(WITHIN_S)
        return 200

    async def play() -> None:
        with receiving() as receiver:
            receiver.answer = answer
            async with served(tmp_path / "node", database=database) as node:
                made = await node.client.create_webhook(receiver.url)
                node.kill()
                settings = load(environ={}, data_dir=node.folder, database_url=database)
                await asyncio.to_thread(offline.change, settings, write, SystemClock().now())
                for _ in range(2):  # the first delivery is held, and one in the middle
                    await node.start()
                    assert await asyncio.to_thread(reached.wait, WITHIN_S)
                    node.kill()
                    reached.clear()
                    go.set()
                    await asyncio.to_thread(receiver.until, lambda seen: len(seen.deliveries) == seen.asked)
                    go.clear()
                go.set()
                await node.start()
                await asyncio.to_thread(receiver.until, lambda seen: len({one.id for one in seen.taken}) == len(NAMES))
                told = [(one.told["data"]["subject"], one.id) for one in receiver.taken]
                assert [subject for (subject, _), _ in groupby(told)] == NAMES
                assert all(one.is_signed_with(made["secret"]) for one in receiver.deliveries)
                seen = await node.client.show_webhook(made["id"])
                assert (seen["status"], seen["gap"]) == ("active", None)
                assert node.complaints() == []

    asyncio.run(play())
