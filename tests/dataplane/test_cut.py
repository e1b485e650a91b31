"""Streams that must stop: at once, and never looking complete."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import psutil
import pytest
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from connector.clock import VirtualClock
from connector.dataplane.gate import Verdict
from connector.problems import Unavailable
from connector.store.db import Tx

PATH = "/data/urn:uuid:00000000-0000-4000-8000-000000000001"
MIB = 1 << 20
SIZE = 32 * MIB


def cut_by(node: Any, token: Any, event: Callable[[Any], Awaitable[None]], **options: Any) -> tuple[Any, float]:
    """Return the reply to a pull that is stopped by an event after its first bytes, and how long that took."""

    async def play() -> tuple[Any, float]:
        async with node(**options) as one:
            path = await one.publish(b"x")
            os.truncate(path, SIZE)
            await one.publish_file(path)
            reading = await one.reading(PATH, token(await one.provide()))
            assert reading.status == 200
            await reading.reader.readexactly(MIB)
            began = time.monotonic()
            await event(one)
            reply = await reading.rest()
            while len(one.gate.streams):
                await asyncio.sleep(0)
            return reply, time.monotonic() - began

    return asyncio.run(play())


@pytest.mark.parametrize("state", ["SUSPENDED", "TERMINATED", "COMPLETED"])
def test_a_stream_is_cut_when_its_transfer_stops(node: Any, token: Any, state: str) -> None:
    reply, took_s = cut_by(node, token, lambda one: one.stop(state=state))
    assert not reply.is_whole
    assert len(reply.body) < SIZE / 2
    assert took_s < 1


def test_a_stream_is_cut_when_its_transfer_starts_anew(node: Any, token: Any) -> None:
    async def start_again(one: Any) -> None:
        await one.resume()

    reply, took_s = cut_by(node, token, start_again)
    assert not reply.is_whole
    assert took_s < 1


def test_a_stream_is_cut_when_the_policy_ends(node: Any, token: Any) -> None:
    clock = VirtualClock()
    end = clock.now() + timedelta(hours=1)

    async def reach_the_end(one: Any) -> None:
        clock.advance_to(end)

    def permits(tx: Tx, flow: Any) -> Verdict:
        return Verdict(tx.now < end, end if tx.now < end else None)

    reply, took_s = cut_by(node, token, reach_the_end, permits=permits, clock=clock)
    assert not reply.is_whole
    assert took_s < 1


def test_a_stream_goes_on_when_the_policy_still_permits(node: Any, token: Any) -> None:
    clock = VirtualClock()
    change = clock.now() + timedelta(hours=1)

    async def pass_the_instant(one: Any) -> None:
        clock.advance(timedelta(hours=2))
        while len(asked) < 2:
            await asyncio.sleep(0.001)

    asked = []

    def permits(tx: Tx, flow: Any) -> Verdict:
        asked.append(tx.now)
        return Verdict(True, change if tx.now < change else None)

    async def play() -> Any:
        async with node(permits=permits, clock=clock) as one:
            path = await one.publish(b"x")
            os.truncate(path, SIZE)
            await one.publish_file(path)
            reading = await one.reading(PATH, token(await one.provide()))
            await pass_the_instant(one)
            return await reading.rest()

    assert asyncio.run(play()).is_whole


def test_a_stream_outlives_its_token(node: Any, token: Any) -> None:
    clock = VirtualClock()

    async def play() -> Any:
        async with node(clock=clock) as one:
            path = await one.publish(b"x")
            os.truncate(path, SIZE)
            await one.publish_file(path)
            reading = await one.reading(PATH, token(await one.provide()))
            clock.advance(timedelta(hours=2))
            return await reading.rest()

    assert asyncio.run(play()).is_whole


def test_a_stream_is_judged_often_while_signals_may_be_lost(node: Any, token: Any) -> None:
    async def stop_unheard(one: Any) -> None:
        one.store.signals_are_live = False
        one.gate.streams.signalled("")
        one.store.local.announce = lambda topic, key: None
        await one.stop()

    reply, took_s = cut_by(node, token, stop_unheard)
    assert not reply.is_whole
    assert took_s < 1.5


def test_a_stream_is_cut_when_it_cannot_be_judged(node: Any, token: Any) -> None:
    async def lose_the_store(one: Any) -> None:
        async def read(unit: Any) -> Any:
            raise Unavailable

        one.store.read = read
        one.gate.streams.signalled("")

    reply, _ = cut_by(node, token, lose_the_store)
    assert not reply.is_whole


@pytest.mark.parametrize("change", ["rewritten", "truncated"])
def test_a_source_that_changes_under_way_is_never_completed(node: Any, token: Any, change: str) -> None:
    async def alter(one: Any) -> None:
        path = one.folder / "lampes.csv"
        if change == "truncated":
            os.truncate(path, SIZE // 2)
        else:
            with path.open("r+b") as file:
                file.seek(SIZE - 10)
                file.write(b"other")

    reply, _ = cut_by(node, token, alter)
    assert not reply.is_whole


def test_a_source_replaced_by_another_file_is_read_to_its_end(node: Any, token: Any) -> None:
    async def play() -> Any:
        async with node() as one:
            path = await one.publish(b"x" * SIZE)
            reading = await one.reading(PATH, token(await one.provide()))
            (one.folder / "new").write_bytes(b"y")
            (one.folder / "new").rename(path)
            return await reading.rest()

    reply = asyncio.run(play())
    assert reply.is_whole
    assert set(reply.body) == {ord("x")}


def test_a_receiver_that_does_not_read_gets_nothing_more_after_the_cut(node: Any, token: Any) -> None:
    """What waits in buffers of ours or of the kernel is dropped: the connection is reset, not closed."""

    async def play() -> tuple[Any, int]:
        async with node() as one:
            path = await one.publish(b"x")
            os.truncate(path, SIZE)
            await one.publish_file(path)
            reading = await one.reading(PATH, token(await one.provide()))
            reading.writer.transport.pause_reading()
            await one.stop()
            while len(one.gate.streams):
                await asyncio.sleep(0)
            reading.writer.transport.resume_reading()
            return await reading.rest(), one.app.sent_bytes

    reply, handed_over = asyncio.run(play())
    assert reply.is_reset
    assert len(reply.body) < handed_over


def test_another_connection_class_still_stops_the_stream(node: Any, token: Any) -> None:
    async def play() -> Any:
        async with node(http=HttpToolsProtocol) as one:
            path = await one.publish(b"x")
            os.truncate(path, SIZE)
            await one.publish_file(path)
            reading = await one.reading(PATH, token(await one.provide()))
            await one.stop()
            return await reading.rest()

    assert not asyncio.run(play()).is_whole


def test_the_source_is_let_go_when_the_receiver_leaves(node: Any, token: Any) -> None:
    async def play() -> list[str]:
        async with node() as one:
            path = await one.publish(b"x")
            os.truncate(path, SIZE)
            await one.publish_file(path)
            reading = await one.reading(PATH, token(await one.provide()))
            reading.writer.transport.abort()
            while len(one.gate.streams):
                await asyncio.sleep(0)
            return [file.path for file in psutil.Process().open_files() if file.path == str(path)]

    assert asyncio.run(play()) == []


@pytest.mark.parametrize("readers", [1, 8])
def test_memory_stays_constant(node: Any, token: Any, readers: int) -> None:
    """512 MiB to readers of which most stand still: what is held does not grow with the size."""

    async def play() -> int:
        async with node() as one:
            path = await one.publish(b"x")
            os.truncate(path, 512 * MIB)
            await one.publish_file(path)
            bearer = token(await one.provide())
            before = peak = psutil.Process().memory_info().rss
            slow = [await one.reading(PATH, bearer) for _ in range(readers - 1)]
            fast = await one.reading(PATH, bearer)
            left = 512 * MIB
            while left:
                left -= len(await fast.reader.read(MIB))
                if not left % (64 << 10):
                    peak = max(peak, psutil.Process().memory_info().rss)
            for one_reading in (*slow, fast):
                one_reading.writer.transport.abort()
            return peak - before

    assert asyncio.run(play()) < (16 + 6 * readers) * MIB
