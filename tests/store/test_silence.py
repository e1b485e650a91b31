"""A peer that does not answer: what waits for it, what does not, and what happens when it speaks."""

import asyncio
from datetime import timedelta

import pytest

from connector.clock import VirtualClock
from connector.store import job_rows, jobs, silence
from connector.store.jobs import Job, Jobs, Postpone


def wish(key, peer="p", owner="o"):
    return lambda tx: tx.enqueue(Job("send", owner, key, peer=peer))


class Peers:
    """A handler whose peers answer or do not; it notes every call."""

    def __init__(self, clock, *silent):
        self.clock = clock
        self.silent = set(silent)
        self.calls = []
        self.speaks_in = None

    async def __call__(self, job):
        self.calls.append((job.key, self.clock.now()))
        if job.peer in self.silent:
            raise Postpone(job.peer, "no route")
        if self.speaks_in is not None:
            await self.speaks_in.write(lambda tx: jobs.peer_spoke(tx, job.owner, job.peer))


async def known(store, peer="p", owner="o"):
    return await store.read(lambda tx: silence.of_peer(tx.connection, owner, peer))


async def nothing_left(store):
    counts = await store.read(jobs.count)
    return counts.due + counts.delayed + counts.running == 0


async def has_failed(store, times, runner):
    found = await known(store)
    return found is not None and found.failures == times and runner.running == 0


def test_a_silent_peer_is_tried_again_after_exactly_these_delays(opened, running, until):
    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            peers = Peers(clock, "p")
            async with running(Jobs(store, clock, {"send": peers})) as runner:
                await store.write(wish("a"))
                for times, delay_s in enumerate((0.5, 1, 2, 4, 8, 15, 15, 15), start=1):
                    await until(lambda times=times: has_failed(store, times, runner))
                    found = await known(store)
                    assert found.retry_at - clock.now() == timedelta(seconds=delay_s)
                    assert len(peers.calls) == times
                    clock.advance_to(found.retry_at - timedelta(microseconds=1))
                    await store.write(lambda tx: tx.enqueue(Job("send", "o", "else", peer="other")))
                    await until(lambda times=times: len(peers.calls) == times + 1 and runner.running == 0)
                    peers.calls.pop()
                    clock.advance_to(found.retry_at)
                await until(lambda: len(peers.calls) == 9)

    asyncio.run(play())


def test_a_node_that_starts_tries_each_silent_peer_at_once(opened, running, until):
    """After a restart the silence may have been our own: nobody waits for the end of a long back-off."""

    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            peers = Peers(clock, "p")
            async with running(Jobs(store, clock, {"send": peers})) as runner:
                await store.write(wish("a"))
                await store.write(wish("b"))
                for times in range(1, 7):
                    await until(lambda times=times: has_failed(store, times, runner))
                    clock.advance_to((await known(store)).retry_at)
                await until(lambda: has_failed(store, 7, runner))
                assert (await known(store)).retry_at == clock.now() + timedelta(seconds=15)
            called = len(peers.calls)
            async with running(Jobs(store, clock, {"send": peers})) as runner:
                await until(lambda: has_failed(store, 8, runner))
                assert len(peers.calls) == called + 1
                peers.silent.clear()
                peers.speaks_in = store
            async with running(Jobs(store, clock, {"send": peers})) as runner:
                await until(lambda: nothing_left(store))

    asyncio.run(play())


def test_one_probe_goes_while_the_others_of_that_peer_wait(opened, running, until):
    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            peers = Peers(clock, "p")
            async with running(Jobs(store, clock, {"send": peers})) as runner:
                await store.write(wish("first"))
                await until(lambda: has_failed(store, 1, runner))
                for n in range(20):
                    await store.write(wish(f"{n}"))
                for times in range(2, 7):
                    clock.advance_to((await known(store)).retry_at)
                    await until(lambda times=times: has_failed(store, times, runner))
                    assert len(peers.calls) == times

    asyncio.run(play())


def test_another_peers_jobs_run_meanwhile(opened, running, until):
    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            peers = Peers(clock, "p")
            async with running(Jobs(store, clock, {"send": peers})) as runner:
                await store.write(wish("a"))
                await until(lambda: has_failed(store, 1, runner))
                await store.write(wish("b", peer="q"))
                await store.write(wish("c", peer="p", owner="else"))
                await until(lambda: {key for key, _ in peers.calls} == {"a", "b", "c"})

    asyncio.run(play())


def test_many_calls_that_fail_together_count_once(opened, running, until):
    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            ready = asyncio.Event()
            calls = []

            async def send(job):
                calls.append(job.key)
                await ready.wait()
                raise Postpone("p", "no route")

            async with running(Jobs(store, clock, {"send": send})) as runner:
                await asyncio.gather(*(store.write(wish(f"{n}")) for n in range(20)))
                await until(lambda: len(calls) == 20)
                ready.set()
                await until(lambda: has_failed(store, 1, runner))
                assert (await known(store)).retry_at - clock.now() == timedelta(seconds=0.5)

    asyncio.run(play())


def test_all_that_waits_runs_at_once_when_the_peer_speaks(opened, running, until):
    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            peers = Peers(clock, "p")
            async with running(Jobs(store, clock, {"send": peers})) as runner:
                for n in range(20):
                    await store.write(wish(f"{n}"))
                for times in range(1, 7):
                    await until(lambda times=times: has_failed(store, times, runner))
                    clock.advance_to((await known(store)).retry_at)
                await until(lambda: has_failed(store, 7, runner))
                peers.silent.clear()
                peers.calls.clear()
                await store.write(lambda tx: jobs.peer_spoke(tx, "o", "p"))
                await until(lambda: nothing_left(store))
                assert sorted(key for key, _ in peers.calls) == sorted(f"{n}" for n in range(20))
                assert await known(store) is None

    asyncio.run(play())


def test_an_answer_to_the_probe_wakes_the_others(opened, running, until):
    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            peers = Peers(clock, "p")
            async with running(Jobs(store, clock, {"send": peers})) as runner:
                await store.write(wish("a"))
                await until(lambda: has_failed(store, 1, runner))
                for n in range(5):
                    await store.write(wish(f"{n}"))
                peers.silent.clear()
                peers.speaks_in = store
                clock.advance_to((await known(store)).retry_at)
                await until(lambda: nothing_left(store))
                assert await known(store) is None

    asyncio.run(play())


def test_a_probe_that_ends_without_a_word_lets_the_next_be_the_probe(opened, running, until):
    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            peers = Peers(clock, "p")
            async with running(Jobs(store, clock, {"send": peers})) as runner:
                await store.write(wish("a"))
                await until(lambda: has_failed(store, 1, runner))
                for n in range(5):
                    await store.write(wish(f"{n}"))
                peers.silent.clear()
                clock.advance_to((await known(store)).retry_at)
                await until(lambda: nothing_left(store))
                assert (await known(store)).failures == 1

    asyncio.run(play())


def test_a_probe_that_has_time_does_not_wake_those_that_wait_for_an_instant_of_their_own(opened, running, until):
    """Two of them would wake each other at one instant for ever."""

    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            calls = []
            is_silent = True

            async def send(job):
                calls.append(job.key)
                if is_silent:
                    raise Postpone("p", "no route")
                return clock.now() + timedelta(seconds=5)

            async with running(Jobs(store, clock, {"send": send})) as runner:
                await store.write(lambda tx: (wish("a")(tx), wish("b")(tx)))
                await until(lambda: has_failed(store, 1, runner))
                calls.clear()
                is_silent = False
                clock.advance_to((await known(store)).retry_at)
                await until(lambda: len(calls) >= 2 and runner.running == 0)
                await store.write(lambda tx: tx.enqueue(Job("send", "o", "else", peer="other")))
                await until(lambda: "else" in calls and runner.running == 0)
                assert sorted(calls) == ["a", "b", "else"]

    asyncio.run(play())


def test_jobs_that_wait_for_an_instant_of_their_own_do_not_wake_each_other(opened, running, until):
    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            calls = []

            async def send(job):
                calls.append(job.key)
                if job.key == "silent":
                    raise Postpone("p", "no route")
                return None if len(calls) > 5 else clock.now() + timedelta(seconds=3)

            async with running(Jobs(store, clock, {"send": send})) as runner:
                await store.write(wish("silent"))
                await until(lambda: has_failed(store, 1, runner))
                await store.write(lambda tx: tx.enqueue(Job("send", "o", "a", tx.now + timedelta(seconds=0.4), "p")))
                await store.write(lambda tx: tx.enqueue(Job("send", "o", "b", tx.now + timedelta(seconds=0.4), "p")))
                clock.advance(timedelta(seconds=0.5))
                await until(lambda: len(calls) >= 3 and runner.running == 0)
                await store.write(wish("else", peer="q"))
                await until(lambda: "else" in calls and runner.running == 0)
                assert calls.count("a") == 1
                assert calls.count("b") <= 1

    asyncio.run(play())


def test_a_job_woken_during_the_silence_still_waits(opened, running, until):
    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            peers = Peers(clock, "p")
            async with running(Jobs(store, clock, {"send": peers})) as runner:
                await store.write(wish("a"))
                await until(lambda: has_failed(store, 1, runner))
                await store.write(wish("a"))
                await store.write(wish("a", peer=None))
                await store.write(wish("b", peer="q"))
                await until(lambda: [key for key, _ in peers.calls] == ["a", "b"] and runner.running == 0)
                clock.advance(timedelta(seconds=0.5))
                await until(lambda: len(peers.calls) == 3)

    asyncio.run(play())


def test_a_run_that_was_postponed_is_a_repeat_and_a_fresh_one_is_not(opened, running, until):
    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            repeats = []

            async def send(job):
                repeats.append(job.is_repeat)
                if len(repeats) == 1:
                    raise Postpone("p", "no route")

            async with running(Jobs(store, clock, {"send": send})) as runner:
                await store.write(wish("a"))
                await until(lambda: has_failed(store, 1, runner))
                clock.advance(timedelta(seconds=0.5))
                await until(lambda: nothing_left(store))
                await store.write(lambda tx: jobs.peer_spoke(tx, "o", "p"))
                await store.write(wish("a"))
                await until(lambda: len(repeats) == 3)
                assert repeats == [False, True, False]

    asyncio.run(play())


def test_a_run_that_a_dead_replica_began_is_a_repeat(opened, running, until):
    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            await store.write(wish("a"))
            await store.write(lambda tx: job_rows.claim(tx.connection, "dead-one", ("send",), 9, tx.now))
            await store.write(wish("b"))
            repeats = {}

            async def send(job):
                repeats[job.key] = job.is_repeat

            async with running(Jobs(store, clock, {"send": send})):
                await until(lambda: repeats == {"b": False})
                clock.advance(timedelta(seconds=10))
                await until(lambda: repeats == {"a": True, "b": False})

    asyncio.run(play())


async def is_dead(store, *keys):
    return [state.key for state in await store.read(lambda tx: jobs.dead(tx, "o"))] == sorted(keys)


def test_after_long_silence_all_that_waits_is_dead_and_a_word_revives_it(opened, running, until):
    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            peers = Peers(clock, "p")
            async with running(Jobs(store, clock, {"send": peers}, give_up_after_s=3)) as runner:
                for key in ("a", "b", "c"):
                    await store.write(wish(key))
                for times in (1, 2, 3):
                    await until(lambda times=times: has_failed(store, times, runner))
                    clock.advance_to((await known(store)).retry_at)
                await until(lambda: is_dead(store, "a", "b", "c"))
                peers.silent.clear()
                await store.write(lambda tx: jobs.peer_spoke(tx, "o", "p"))
                await until(lambda: nothing_left(store))
                assert await is_dead(store)

    asyncio.run(play())


def test_a_retried_dead_job_is_tried_at_once_though_its_peer_is_silent(opened, running, until):
    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            peers = Peers(clock, "p")
            async with running(Jobs(store, clock, {"send": peers}, give_up_after_s=0)) as runner:
                await store.write(wish("a"))
                await until(lambda: is_dead(store, "a"))
                before = len(peers.calls)
                await store.write(lambda tx: jobs.retry(tx, "o", "send", "a"))
                await until(lambda: len(peers.calls) == before + 1 and runner.running == 0)
                assert await is_dead(store, "a")

    asyncio.run(play())


def test_a_failing_job_is_not_revived_when_its_peer_speaks(opened, running, until):
    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:

            async def send(job):
                raise Postpone("p", "no route") if job.key == "silent" else ValueError("broken")

            async with running(Jobs(store, clock, {"send": send}, give_up_after_s=3600)):
                await store.write(wish("broken"))
                while not await is_dead(store, "broken"):
                    clock.advance(timedelta(seconds=1))
                    await asyncio.sleep(0.001)
                await store.write(wish("silent"))
                await until(lambda: known(store))
                await store.write(lambda tx: jobs.peer_spoke(tx, "o", "p"))
                assert await is_dead(store, "broken")

    asyncio.run(play())


def test_silent_peers_are_listed_to_their_owner(opened):
    async def play():
        async with opened(VirtualClock()) as store:

            def unit(tx):
                for owner, peer in (("o", "b"), ("o", "a"), ("else", "c")):
                    silence.note(tx.connection, owner, peer, "no route", tx.now, False)

            await store.write(unit)
            found = await store.read(lambda tx: silence.listed(tx.connection, "o"))
            assert [(each.peer, each.problem) for each in found] == [("a", "no route"), ("b", "no route")]
            after = await store.read(lambda tx: silence.listed(tx.connection, "o", after="a"))
            assert [each.peer for each in after] == ["b"]

    asyncio.run(play())


@pytest.mark.parametrize("count", [3000])
def test_thousands_waiting_for_a_silent_peer_cost_one_call_a_round(opened, running, until, count):
    async def play():
        def many(tx):
            for n in range(count):
                wish(f"{n}")(tx)

        clock = VirtualClock()
        async with opened(clock) as store:
            peers = Peers(clock, "p")
            await store.write(lambda tx: silence.note(tx.connection, "o", "p", "no route", tx.now, False))
            await store.write(many)
            async with running(Jobs(store, clock, {"send": peers})) as runner:
                await until(lambda: has_failed(store, 2, runner))  # a runner that starts tries at once
                for times in range(3, 6):
                    clock.advance_to((await known(store)).retry_at)
                    await until(lambda times=times: has_failed(store, times, runner))
                assert len(peers.calls) == 4

    asyncio.run(play())
