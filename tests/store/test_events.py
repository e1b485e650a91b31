"""The feed misses nothing: whoever goes on after the last number it has seen meets every event once."""

import asyncio

from connector.services.feed import Feed
from connector.store import events


def test_a_reader_beside_many_writers_meets_every_event_once(opened):
    async def play():
        async with opened() as store:
            feed, seen, after = Feed(store), [], 0

            def note(name):
                return store.write(lambda tx: events.append(tx, "root", "job.dead", name))

            writers = asyncio.gather(*(note(f"{n}") for n in range(200)))
            while not writers.done() or len(seen) < 200:
                told = await feed.read("root", after, 7)
                seen, after = [*seen, *told.items], told.after
                await asyncio.sleep(0)
            assert sorted(int(one.subject) for one in seen) == list(range(200))
            assert [one.n for one in seen] == list(range(1, 201))

    asyncio.run(play())


def test_readers_at_once_give_each_event_one_number(opened):
    async def play():
        async with opened() as store:
            for n in range(20):
                await store.write(lambda tx, n=n: events.append(tx, "root", "job.dead", f"{n}"))
                await store.write(lambda tx, n=n: events.append(tx, "other", "job.dead", f"{n}"))
            found = await asyncio.gather(*(Feed(store).read("root", 0, 100) for _ in range(8)))
            assert {tuple((one.n, one.subject) for one in told.items) for told in found} == {
                tuple((n + 1, f"{n}") for n in range(20))
            }

    asyncio.run(play())


def test_an_event_of_a_unit_that_failed_was_never_there(opened):
    async def play():
        async with opened() as store:

            def fail(tx):
                events.append(tx, "root", "job.dead", "x")
                raise ValueError

            await asyncio.gather(store.write(fail), return_exceptions=True)
            assert (await Feed(store).read("root", 0, 10)).items == []

    asyncio.run(play())


def test_one_who_waits_is_woken_by_the_commit(opened):
    async def play():
        async with opened() as store:
            feed = Feed(store)
            waiting = asyncio.create_task(feed.read("root", 0, 10, wait_s=30))
            await asyncio.sleep(0)
            await store.write(lambda tx: events.append(tx, "root", "job.dead", "x"))
            assert [one.subject for one in (await waiting).items] == ["x"]

    asyncio.run(play())
