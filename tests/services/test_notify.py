"""A webhook over days, by a clock that is advanced: failures, the end of an overlap, what was never numbered."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from connector.app import ROOT, Node, build_app
from connector.clock import SystemClock, VirtualClock
from connector.services import notify, sweep
from connector.services.notify import LEAST_TRIES
from connector.settings import load
from connector.store import events, journal, webhooks
from connector.store.jobs import Job
from connector.store.webhooks import Webhook
from tests.harness.nodes import BY
from tests.harness.receiver import Receiver, receiving


@dataclass
class Stage:
    """A node that does nothing by itself, with a webhook."""

    node: Node
    clock: VirtualClock
    job: Job
    secret: str

    async def write(self, *subjects: str) -> None:
        for subject in subjects:
            await self.node.store.write(lambda tx, subject=subject: events.append(tx, ROOT, "job.dead", subject))

    async def row(self) -> Webhook:
        return await self.node.store.read(lambda tx: webhooks.peek(tx, ROOT, self.job.key))

    async def run(self) -> datetime | None:
        return await self.node.notify(self.job)


@asynccontextmanager
async def staged(folder: Path, url: str, database: str | None = None) -> AsyncIterator[Stage]:
    clock = VirtualClock(SystemClock().now())
    node = await build_app(load(environ={}, data_dir=folder, database_url=database), clock=clock)
    try:
        await node.hosts.add(ROOT, "Brume")
        made = await node.webhooks.create(ROOT, url, (), 0, by=BY)
        yield Stage(node, clock, Job(notify.JOB, ROOT, made.standing.webhook.id), made.secret)
    finally:
        await node.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """The address of an empty database; None: SQLite."""
    if request.param == "sqlite":
        yield None
        return
    with request.getfixturevalue("postgres").fresh_database() as url:
        yield url


def test_after_a_day_of_failures_it_stops_and_goes_on_when_somebody_says_so(
    tmp_path: Path, receiver: Receiver, database: str | None
) -> None:
    async def play() -> None:
        async with staged(tmp_path, receiver.url, database) as stage:
            await stage.write("a", "b", "c")
            receiver.answer = lambda n: 503
            begun_at, again_at = stage.clock.now(), await stage.run()
            while again_at is not None:
                assert stage.clock.now() < again_at <= stage.clock.now() + timedelta(minutes=5)
                assert await stage.run() == again_at, "whoever wakes it, the instant is respected"
                stage.clock.advance_to(again_at)
                again_at = await stage.run()
            tried_for = stage.clock.now() - begun_at
            assert timedelta(days=1) <= tried_for <= timedelta(days=1, minutes=5)
            stopped, tries = await stage.row(), len(receiver.deliveries)
            assert (stopped.status, stopped.after_n, stopped.failures) == ("stopped", 0, tries)
            assert len({(one.id, one.body) for one in receiver.deliveries}) == 1
            stage.clock.advance(timedelta(days=1))
            assert await stage.run() is None
            assert len(receiver.deliveries) == tries

            receiver.answer = lambda n: 200
            await stage.node.webhooks.retry(ROOT, stage.job.key, by=BY)
            assert await stage.run() == stage.clock.now() + notify.LOOK_EVERY
            assert receiver.subjects() == ["a", "b", "c", stage.job.key]
            assert receiver.taken[-1].told["type"] == "webhook.stopped"
            assert (await stage.row()).after_n == 4
            kept = await stage.node.store.read(lambda tx: journal.page(tx, ROOT, stage.job.key, 0, 10))
            assert [one.kind for one in kept] == ["webhook-added", "webhook-stopped", "webhook-retried"]

    asyncio.run(play())


def test_a_node_that_was_down_for_a_day_has_not_tried_for_a_day(tmp_path: Path, receiver: Receiver) -> None:
    async def play() -> None:
        async with staged(tmp_path, receiver.url) as stage:
            await stage.write("a")
            receiver.answer = lambda n: 500
            for _ in range(LEAST_TRIES - 1):
                assert await stage.run() is not None
                stage.clock.advance(timedelta(days=2))
            assert await stage.run() is None
            assert len(receiver.deliveries) == LEAST_TRIES

    asyncio.run(play())


def test_a_receiver_that_asks_for_time_is_given_it(tmp_path: Path, receiver: Receiver) -> None:
    async def play() -> None:
        async with staged(tmp_path, receiver.url) as stage:
            await stage.write("a")
            receiver.answer = lambda n: 429
            for wished, given_s in (("120", 120), ("999999", 3600), ("soon", 2)):
                receiver.headers = {"retry-after": wished}
                assert await stage.run() == stage.clock.now() + timedelta(seconds=given_s)
                stage.clock.advance(timedelta(seconds=given_s))

    asyncio.run(play())


def test_a_former_secret_signs_until_its_end_and_no_longer(tmp_path: Path, receiver: Receiver) -> None:
    async def play() -> None:
        async with staged(tmp_path, receiver.url) as stage:
            made = await stage.node.webhooks.rotate(ROOT, stage.job.key, overlap=timedelta(hours=24), by=BY)
            for hours in (0, 23, 1):
                stage.clock.advance(timedelta(hours=hours))
                await stage.write("a")
                await stage.run()
            secrets = [stage.secret, made.secret]
            signed = [[one.is_signed_with(secret) for secret in secrets] for one in receiver.deliveries]
            assert signed == [[True, True], [True, True], [False, True]]

    asyncio.run(play())


def test_what_was_forgotten_before_anybody_numbered_it_is_a_gap_too(tmp_path: Path, receiver: Receiver) -> None:
    async def play() -> None:
        async with staged(tmp_path, receiver.url) as stage:
            await stage.write("a", "b")
            stage.clock.advance(timedelta(days=31))
            await stage.node.sweep(Job(sweep.JOB, ROOT, sweep.KEY))
            assert await stage.run() is not None
            await stage.write("c")
            await stage.run()
            assert receiver.subjects() == ["webhook.gap", "c"]
            assert receiver.taken[0].told["data"]["before"] == 3

    asyncio.run(play())


def test_one_that_was_deleted_or_is_far_behind_lets_others_have_their_turn(tmp_path: Path, receiver: Receiver) -> None:
    async def play() -> None:
        async with staged(tmp_path, receiver.url) as stage:
            await stage.write(*(str(number) for number in range(notify.AT_ONCE + 1)))
            assert await stage.run() == stage.clock.now()
            assert len(receiver.deliveries) == notify.AT_ONCE
            await stage.node.webhooks.delete(ROOT, stage.job.key, by=BY)
            assert await stage.run() is None
            assert len(receiver.deliveries) == notify.AT_ONCE

    asyncio.run(play())
