"""kill -9 at random instants: what was acknowledged is there, nothing is half done, every job runs to its end."""

import asyncio
import random
import subprocess
import sys
import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import insert, select

from connector.clock import SystemClock
from connector.store import jobs
from connector.store.db import open_store
from connector.store.jobs import Job, Jobs
from connector.store.tables import replays

BUSY_S = 9.0


class Ahead(SystemClock):
    """The clock of a replica that comes when all leases have run out."""

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=11)


def row(tx, mark, key):
    tx.connection.execute(insert(replays), {"issuer": mark, "token_id": key, "expires_at": tx.now})


def ask(key):
    """A unit of two rows and a job."""

    def unit(tx):
        row(tx, "first", key)
        tx.enqueue(Job("work", "o", key))
        row(tx, "second", key)

    return unit


def handler(store):
    async def work(job):
        def unit(tx):
            row(tx, "done", job.key)
            jobs.finish(tx, job)

        await store.write(unit)

    return work


async def child(settings, name):
    """Write and work until killed; say on standard output what was acknowledged."""
    store = await open_store(settings, SystemClock())

    async def ask_forever(lane):
        for n in range(1_000_000):
            key = f"{name}-{lane}-{n}"
            await store.write(ask(key))
            print(key, flush=True)

    async with asyncio.TaskGroup() as group:
        group.create_task(Jobs(store, store.clock, {"work": handler(store)}).run())
        for lane in range(12):
            group.create_task(ask_forever(lane))


class Child:
    """A process of its own that lives until it is killed."""

    def __init__(self, settings, name, folder):
        self.output = folder / f"{name}.out"
        with self.output.open("wb") as output:
            command = [sys.executable, __file__, settings.model_dump_json(), _url(settings), name]
            self.process = subprocess.Popen(command, stdout=output, cwd=Path(__file__).parents[2])

    def kill(self):
        self.process.kill()
        self.process.wait()

    def kill_after(self, seconds):
        """Kill it that long after its first acknowledgement; return what it acknowledged."""
        deadline = time.monotonic() + 30
        while not self.output.stat().st_size:
            assert self.process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(seconds)
        self.kill()
        return self.output.read_text().rpartition("\n")[0].split()


def _url(settings):
    return "" if settings.database_url is None else settings.database_url.get_secret_value()


async def work_off(settings):
    """Run what is left, and return the rows by mark, and what is dead."""

    def marks(tx):
        return [tuple(found) for found in tx.connection.execute(select(replays.c.issuer, replays.c.token_id))]

    store = await open_store(settings, Ahead())
    runner = asyncio.create_task(Jobs(store, store.clock, {"work": handler(store)}).run())
    try:
        async with asyncio.timeout(30):
            while (left := await store.read(jobs.count)).due + left.delayed + left.running:
                await asyncio.sleep(0.02)
        return await store.read(marks), left.dead
    finally:
        runner.cancel()
        await asyncio.gather(runner, return_exceptions=True)
        await store.close()


def test_nothing_acknowledged_is_lost_and_every_job_takes_effect_once(settings, tmp_path):
    seed = random.randrange(1 << 32)
    print("seed", seed)
    chance = random.Random(seed)
    replicas = 1 if settings.database_url is None else 2
    acknowledged, lives, alive = [], 0, []
    ends_at = time.monotonic() + BUSY_S
    try:
        while time.monotonic() < ends_at or alive:
            while time.monotonic() < ends_at and len(alive) < replicas:
                lives += 1
                alive.append(Child(settings, f"life{lives}", tmp_path))
            acknowledged += alive.pop(0).kill_after(chance.uniform(0.0, 0.6))
    finally:
        for process in alive:
            process.kill()
    rows, dead = asyncio.run(work_off(settings))
    found = {mark: Counter(key for other, key in rows if other == mark) for mark in ("first", "second", "done")}
    assert lives > 1
    assert len(acknowledged) > 20
    assert set(acknowledged) <= set(found["first"])
    assert found["first"] == found["second"]
    assert found["first"] == found["done"]
    assert dead == 0


def _run_child():
    from pydantic import SecretStr

    from connector.settings import Settings

    read = Settings.model_validate_json(sys.argv[1])
    settings = read.model_copy(update={"database_url": SecretStr(sys.argv[2]) if sys.argv[2] else None})
    asyncio.run(child(settings, sys.argv[3]))


if __name__ == "__main__":
    _run_child()
