"""Every rule of the store and of its jobs is tested on both stores."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from connector.clock import Clock, SystemClock
from connector.settings import Settings
from connector.store.db import Store, open_store
from connector.store.jobs import Jobs
from tests.tools.ports import free_port

Opener = Callable[..., AbstractAsyncContextManager[Store]]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Settings of an empty database."""
    if request.param == "sqlite":
        yield Settings(data_dir=tmp_path / "data")
        return
    with request.getfixturevalue("postgres").fresh_database() as url:
        yield Settings(data_dir=tmp_path / "data", database_url=SecretStr(url))


@pytest.fixture
def unused_port() -> int:
    """A port on which nobody listens."""
    return free_port()


@pytest.fixture
def opened(settings: Settings) -> Opener:
    """Opens the store on the test's database, and closes it after."""

    @asynccontextmanager
    async def open_(clock: Clock | None = None) -> AsyncIterator[Store]:
        store = await open_store(settings, clock or SystemClock())
        try:
            yield store
        finally:
            await store.close()

    return open_


async def _until(claim: Callable[[], Any], within_s: float = 10.0) -> None:
    """Return when the claim, a plain or an async function, holds."""
    async with asyncio.timeout(within_s):
        while True:
            await asyncio.sleep(0.002)  # others go first, even when the claim holds already
            held = claim()
            if await held if inspect.isawaitable(held) else held:
                return


@pytest.fixture
def until() -> Callable[..., Awaitable[None]]:
    """Waits for the machine, never for the clock: the clock of these tests is advanced by hand."""
    return _until


@pytest.fixture
def running() -> Callable[[Jobs], AbstractAsyncContextManager[Jobs]]:
    """Runs a runner, from when it has looked at the table, until the end of the block."""

    @asynccontextmanager
    async def run(runner: Jobs) -> AsyncIterator[Jobs]:
        task = asyncio.create_task(runner.run())
        try:
            await _until(lambda: runner.has_looked or task.done())
            yield runner
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    return run
