"""Every rule of the store and of its jobs is tested on both stores."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from connector.clock import Clock, SystemClock
from connector.settings import Settings
from connector.store.db import Store, open_store

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
