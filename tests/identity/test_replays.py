"""One contract for both memories of spent tokens: a process's own, and the table that replicas share."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select

from connector.clock import VirtualClock
from connector.identity import replays as rules
from connector.identity.errors import IdentityUnavailable, TokenRefused
from connector.identity.replays import MemoryReplays, Replays, StoredReplays
from connector.settings import Settings
from connector.store.db import Tx, open_store
from connector.store.tables import replays

Walk = Callable[[Replays, VirtualClock], Awaitable[None]]


@asynccontextmanager
async def _stored(settings: Settings, clock: VirtualClock) -> AsyncIterator[StoredReplays]:
    store = await open_store(settings, clock)
    try:
        yield StoredReplays(store, clock)
    finally:
        await store.close()


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def play(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Run a scene on each memory."""

    async def scene(walk: Walk, database_url: str | None) -> None:
        clock = VirtualClock()
        if request.param == "memory":
            await walk(MemoryReplays(clock), clock)
            return
        url = None if database_url is None else SecretStr(database_url)
        async with _stored(Settings(data_dir=tmp_path, database_url=url), clock) as kept:
            await walk(kept, clock)

    def run(walk: Walk) -> None:
        if request.param != "postgres":
            asyncio.run(scene(walk, None))
            return
        with request.getfixturevalue("postgres").fresh_database() as url:
            asyncio.run(scene(walk, url))

    return run


def _now(clock: VirtualClock) -> int:
    return int(clock.now().timestamp())


async def _is_admitted(memory: Replays, clock: VirtualClock, issuer: str, token_id: str) -> bool:
    try:
        await memory.admit(issuer, token_id, issued_at=_now(clock), keep_until=_now(clock) + 60)
    except TokenRefused:
        return False
    return True


def test_an_id_is_admitted_once_for_each_issuer(play: Any) -> None:
    async def walk(memory: Replays, clock: VirtualClock) -> None:
        seen = [await _is_admitted(memory, clock, *one) for one in (("a", "1"), ("a", "1"), ("b", "1"), ("a", "2"))]
        assert seen == [True, False, True, True]

    play(walk)


def test_of_many_at_once_one_is_admitted(play: Any) -> None:
    async def walk(memory: Replays, clock: VirtualClock) -> None:
        answers = await asyncio.gather(*(_is_admitted(memory, clock, "a", "1") for _ in range(20)))
        assert sum(answers) == 1

    play(walk)


def test_an_id_is_kept_until_the_given_second(play: Any) -> None:
    async def walk(memory: Replays, clock: VirtualClock) -> None:
        await _is_admitted(memory, clock, "a", "1")
        clock.advance(timedelta(seconds=60))
        assert not await _is_admitted(memory, clock, "a", "1")

    play(walk)


def test_a_process_forgets_expired_ids_and_counts_them_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MAX_PER_ISSUER", 100)
    clock = VirtualClock()
    memory = MemoryReplays(clock)

    async def walk() -> None:
        for minute in range(5):
            for n in range(100):
                assert await _is_admitted(memory, clock, "a", f"{minute}/{n}")
            with pytest.raises(IdentityUnavailable):
                await _is_admitted(memory, clock, "a", "one too many")
            assert await _is_admitted(memory, clock, "b", str(minute))
            clock.advance(timedelta(seconds=61))
        assert await _is_admitted(memory, clock, "c", "last")
        assert len(memory) == 1

    asyncio.run(walk())


def test_replicas_refuse_what_another_saw_and_forget_what_expired(tmp_path: Path) -> None:
    async def walk() -> None:
        clock = VirtualClock()
        store = await open_store(Settings(data_dir=tmp_path), clock)

        def rows(tx: Tx) -> int:
            return tx.connection.execute(select(func.count()).select_from(replays)).scalar_one()

        try:
            one, other = StoredReplays(store, clock), StoredReplays(store, clock)
            assert await _is_admitted(one, clock, "a", "1")
            assert not await _is_admitted(other, clock, "a", "1")
            clock.advance(timedelta(seconds=61))
            assert await _is_admitted(one, clock, "a", "2")
            assert await store.read(rows) == 1
        finally:
            await store.close()

    asyncio.run(walk())
