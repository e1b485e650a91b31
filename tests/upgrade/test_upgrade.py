"""A database of each release since the first is opened by the program of today, which migrates it and goes on."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.app import ROOT
from connector.clock import SystemClock
from connector.settings import load
from connector.store import agreements, journal, negotiations, portable
from connector.store.migrate import migrations
from connector.store.upgrade import upgrade
from tests.harness import nodes
from tests.tools.ports import free_port
from tests.upgrade.seed import FOLDER, RELEASES, Seed

LARGEST_BYTES = 200_000


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """The address of an empty database; None: SQLite."""
    if request.param == "sqlite":
        yield None
        return
    with request.getfixturevalue("postgres").fresh_database() as url:
        yield url


def test_there_is_a_database_of_a_release() -> None:
    assert RELEASES


@pytest.mark.parametrize("release", RELEASES)
def test_it_is_small(release: str) -> None:
    assert sum(path.stat().st_size for path in (FOLDER / release).iterdir()) < LARGEST_BYTES


@pytest.mark.parametrize("release", RELEASES)
def test_todays_program_migrates_it_and_goes_on(release: str, database: str | None, tmp_path: Path) -> None:
    ports = {"provider": free_port(), "consumer": free_port()}
    texts = {role: str(port) for role, port in ports.items()}
    for role, url in (("provider", database), ("consumer", None)):
        settings = load(environ={}, data_dir=tmp_path / role, database_url=url)
        Seed(release, role).bring_back(settings, texts)
    before = load(environ={}, data_dir=tmp_path / "provider", database_url=database)
    plan = upgrade(before, SystemClock().now(), is_rehearsal=True)
    newest = migrations("sqlite" if database is None else "postgresql")[-1].number
    assert (plan.after, len(plan.steps)) == (newest, newest - plan.before)
    assert upgrade(before, SystemClock().now(), is_rehearsal=True) == plan, "a rehearsal leaves nothing"
    asyncio.run(_go_on(tmp_path, database, ports))


async def _go_on(folder: Path, database: str | None, ports: dict[str, int]) -> None:
    async with (
        nodes.running(folder / "provider", database=database, public_port=ports["provider"]) as provider,
        nodes.running(folder / "consumer", public_port=ports["consumer"]) as consumer,
    ):
        assert await provider.store.read(portable.version) == migrations("sqlite")[-1].number
        waiting = await consumer.store.read(lambda tx: negotiations.queries.page(tx, ROOT, state="REQUESTED"))
        assert len(waiting) == 1
        await provider.negotiate.accept(ROOT, waiting[0].peer_pid or "", by=nodes.BY)
        await nodes.until_negotiation(consumer, waiting[0].pid, "FINALIZED", within_s=60)
        await provider.store.read(lambda tx: journal.verify(tx, ROOT, waiting[0].peer_pid or ""))
        held = await consumer.store.read(lambda tx: agreements.page(tx, ROOT, after=None, limit=10))
        for agreement in held:
            transfer = await consumer.transfer.request(ROOT, agreement.id, by=nodes.BY)
            await nodes.until_transfer(consumer, transfer.pid, "STARTED", within_s=60)
        assert len(held) == 2
