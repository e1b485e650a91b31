"""Two replicas on one PostgreSQL: what stops at one stops at the other."""

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.postgres

PATH = "/data/urn:uuid:00000000-0000-4000-8000-000000000001"
MIB = 1 << 20


@pytest.fixture
def url(postgres: Any) -> Iterator[str]:
    with postgres.fresh_database() as url:
        yield url


def test_a_token_revoked_at_one_replica_is_dead_at_the_other(node: Any, token: Any, url: str) -> None:
    async def play() -> float:
        async with node(database_url=url) as one, node(database_url=url) as other:
            await one.publish(b"content")
            bearer = token(await one.provide())
            assert (await other.get(PATH, bearer)).status == 200
            assert other.gate._admissions
            began = time.monotonic()
            await one.stop()
            while (await other.get(PATH, bearer)).status != 401:
                assert time.monotonic() - began < 1
            return time.monotonic() - began

    assert asyncio.run(play()) < 1


def test_a_stream_of_one_replica_is_cut_when_its_transfer_stops_at_the_other(node: Any, token: Any, url: str) -> None:
    async def play() -> tuple[Any, float]:
        async with node(database_url=url) as one, node(database_url=url) as other:
            path = await one.publish(b"x")
            os.truncate(path, 64 * MIB)
            await one.publish_file(path)
            reading = await other.reading(PATH, token(await one.provide()))
            reading.writer.transport.pause_reading()
            began = time.monotonic()
            await one.stop()
            while len(other.gate.streams):
                await asyncio.sleep(0)
                assert time.monotonic() - began < 1
            took_s = time.monotonic() - began
            reading.writer.transport.resume_reading()
            return await reading.rest(), took_s

    reply, took_s = asyncio.run(play())
    assert reply.is_reset
    assert took_s < 1


def test_bytes_are_received_with_rows_in_postgresql(node: Any, url: str, tmp_path: Path) -> None:
    async def play() -> Any:
        async with node(database_url=url) as one:
            await one.publish(b"content" * 100_000)
            await one.want(await one.provide(), tmp_path / "place")
            await one.fetch()
            return await one.state_of_fetch()

    assert asyncio.run(play()).status == "done"
    assert (tmp_path / "place").read_bytes() == b"content" * 100_000


def test_a_token_is_renewed_with_rows_in_postgresql(node: Any, url: str) -> None:
    async def play() -> Any:
        async with node(database_url=url) as one:
            await one.publish(b"content")
            address = await one.provide()
            renewal = next(p.value for p in address.endpoint_properties if p.name == "refreshToken")
            answer = await one.renew(PATH + "/token", f"grant_type=refresh_token&refresh_token={renewal}")
            return await one.get(PATH, "Bearer " + answer.problem["access_token"])

    assert asyncio.run(play()).body == b"content"
