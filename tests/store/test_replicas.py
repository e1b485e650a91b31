"""Several processes on one PostgreSQL: they wake each other, share the work and take over from the dead."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from connector.clock import SystemClock, VirtualClock
from connector.store import job_rows, jobs
from connector.store.jobs import Job, Jobs

pytestmark = [pytest.mark.postgres, pytest.mark.parametrize("settings", ["postgres"], indirect=True)]


def wish(key, after_s=None):
    def unit(tx):
        tx.enqueue(Job("look", "o", key, run_at=None if after_s is None else tx.now + timedelta(seconds=after_s)))

    return unit


async def hears(store):
    async with asyncio.timeout(10):
        while not store.signals_are_live:
            await asyncio.sleep(0.005)


def test_a_replica_without_a_runner_wakes_the_one_that_has_one(opened, running, settings):
    async def play():
        ran = asyncio.Queue()

        async def look(job):
            ran.put_nowait(job.key)

        async with opened(SystemClock()) as api, opened(SystemClock()) as worker:
            await hears(worker)
            async with running(Jobs(worker, worker.clock, {"look": look})):
                for key in ("a", "b", "c"):
                    await api.write(wish(key))
                    assert await asyncio.wait_for(ran.get(), 5) == key
                await api.write(wish("later", 0.2))
                assert await asyncio.wait_for(ran.get(), 5) == "later"

    asyncio.run(play())


def test_two_replicas_run_every_job_once_and_never_twice_at_once(opened, running, until, settings):
    async def play():
        ran, now, most = Counter(), Counter(), Counter()

        def look(name):
            async def handle(job):
                now[job.key] += 1
                most[job.key] = max(most[job.key], now[job.key])
                ran[job.key, name] += 1
                await asyncio.sleep(0)
                now[job.key] -= 1

            return handle

        async def is_done(store):
            counts = await store.read(jobs.count)
            return counts.due + counts.delayed + counts.running == 0

        async with opened(SystemClock()) as one, opened(SystemClock()) as two, opened(SystemClock()) as api:
            await asyncio.gather(hears(one), hears(two))
            async with (
                running(Jobs(one, one.clock, {"look": look("one")}, concurrency=4)),
                running(Jobs(two, two.clock, {"look": look("two")}, concurrency=4)),
            ):
                await asyncio.gather(*(store.write(wish(f"{n}")) for n in range(60) for store in (one, two, api)))
                await until(lambda: is_done(api))
        assert {key for key, _ in ran} == {f"{n}" for n in range(60)}
        assert set(most.values()) == {1}

    asyncio.run(play())


def test_the_job_of_a_replica_that_died_is_taken_over_by_another(opened, running, until, settings):
    async def play():
        clock = VirtualClock()
        ran = []

        async def look(job):
            ran.append((job.key, job.is_repeat))

        async with opened(clock) as dead, opened(clock) as alive:
            await dead.write(wish("a"))
            await dead.write(lambda tx: job_rows.claim(tx.connection, "dead-one", ("look",), 9, tx.now))
            async with running(Jobs(alive, clock, {"look": look})):
                await alive.write(wish("b"))
                await until(lambda: ran == [("b", False)])
                clock.advance(timedelta(seconds=10))
                await until(lambda: ran == [("b", False), ("a", True)])

    asyncio.run(play())


def test_a_job_woken_from_another_replica_while_it_runs_runs_once_more_after(opened, running, until, settings):
    async def play():
        gate, ran = asyncio.Event(), []

        async def look(job):
            ran.append(job.key)
            await gate.wait()

        async with (
            opened(SystemClock()) as one,
            opened(SystemClock()) as two,
            running(Jobs(one, one.clock, {"look": look})),
        ):
            await one.write(wish("a"))
            await until(lambda: ran == ["a"])
            await two.write(wish("a"))
            await two.write(wish("a"))
            gate.set()
            await until(lambda: ran == ["a", "a"])

    asyncio.run(play())
