"""The queue: at least once, never twice at once, at the instant asked for; on both stores."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from connector.clock import VirtualClock
from connector.problems import Conflict, NotFound
from connector.store import job_rows, jobs
from connector.store.backoff import LEASE_S
from connector.store.jobs import Job, Jobs


def wish(key: str, after_s: float | None = None, **more):
    """A unit that only enqueues."""

    def unit(tx):
        run_at = None if after_s is None else tx.now + timedelta(seconds=after_s)
        tx.enqueue(Job("look", "o", key, run_at=run_at, **more))

    return unit


class Looks:
    """A handler that remembers what it was called for, and answers as it is told."""

    def __init__(self, clock, *answers):
        self.clock = clock
        self.answers = list(answers)
        self.keys = []
        self.jobs = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.at_once = 0
        self.most_at_once = {}
        self._now = {}

    async def __call__(self, job):
        self.keys.append(job.key)
        self.jobs.append((job, self.clock.now()))
        self._now[job.identity] = self._now.get(job.identity, 0) + 1
        self.most_at_once[job.identity] = max(self.most_at_once.get(job.identity, 0), self._now[job.identity])
        try:
            await self.gate.wait()
            answer = self.answers.pop(0) if self.answers else None
            if isinstance(answer, Exception):
                raise answer
            return answer
        finally:
            self._now[job.identity] -= 1


async def nothing_left(store):
    counts = await store.read(jobs.count)
    return counts.due + counts.delayed + counts.running + counts.dead == 0


async def states(store, key, owner="o"):
    return await store.read(lambda tx: jobs.about(tx, owner, key))


def test_a_unit_that_only_enqueues_is_enough(opened, running, until):
    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            looks = Looks(clock)
            async with running(Jobs(store, clock, {"look": looks})):
                await store.write(wish("a"))
                await until(lambda: looks.keys == ["a"])
                await until(lambda: nothing_left(store))

    asyncio.run(play())


def test_a_job_enqueued_before_the_runner_starts_is_run(opened, running, until):
    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            await store.write(wish("a"))
            looks = Looks(clock)
            async with running(Jobs(store, clock, {"look": looks})):
                await until(lambda: looks.keys == ["a"])

    asyncio.run(play())


def test_a_job_of_a_unit_that_raises_is_never_run(opened, running, until):
    async def play():
        def undone(tx):
            wish("undone")(tx)
            raise Conflict("no")

        clock = VirtualClock()
        async with opened(clock) as store:
            looks = Looks(clock)
            async with running(Jobs(store, clock, {"look": looks})):
                with pytest.raises(Conflict):
                    await store.write(undone)
                await store.write(wish("a"))
                await until(lambda: nothing_left(store))
                assert looks.keys == ["a"]

    asyncio.run(play())


def test_a_delayed_job_runs_at_its_instant_and_not_before(opened, running, until):
    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            looks = Looks(clock)
            async with running(Jobs(store, clock, {"look": looks})):
                await store.write(wish("later", 60))
                clock.advance(timedelta(seconds=59.999))
                await store.write(wish("now"))
                await until(lambda: looks.keys == ["now"])
                clock.advance(timedelta(seconds=0.001))
                await until(lambda: looks.keys == ["now", "later"])

    asyncio.run(play())


def test_asking_again_brings_the_instant_forward_and_never_duplicates(opened, running, until):
    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            looks = Looks(clock)
            async with running(Jobs(store, clock, {"look": looks})):
                for after_s in (60, 30, 90):
                    await store.write(wish("a", after_s))
                assert [state.run_at - clock.now() for state in await states(store, "a")] == [timedelta(seconds=30)]
                clock.advance(timedelta(seconds=30))
                await until(lambda: nothing_left(store))
                clock.advance(timedelta(seconds=60))
                await store.write(wish("end"))
                await until(lambda: nothing_left(store))
                assert looks.keys == ["a", "end"]

    asyncio.run(play())


def test_a_delayed_job_that_is_asked_for_now_runs_now(opened, running, until):
    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            looks = Looks(clock)
            async with running(Jobs(store, clock, {"look": looks})):
                await store.write(wish("a", 60))
                await store.write(wish("a"))
                await until(lambda: nothing_left(store))
                assert looks.keys == ["a"]

    asyncio.run(play())


def test_the_same_job_twice_in_a_unit_runs_once(opened, running, until):
    async def play():
        def twice(tx):
            wish("a")(tx)
            wish("a")(tx)

        clock = VirtualClock()
        async with opened(clock) as store:
            looks = Looks(clock)
            async with running(Jobs(store, clock, {"look": looks})):
                await store.write(twice)
                await until(lambda: nothing_left(store))
                assert looks.keys == ["a"]

    asyncio.run(play())


def test_a_job_runs_with_what_the_unit_that_started_it_knew_last(opened, running, until):
    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            looks = Looks(clock)

            def unit(tx):
                tx.enqueue(Job("look", "o", "a", known="what was there"))
                tx.enqueue(Job("look", "o", "a", known="what is there"))

            async with running(Jobs(store, clock, {"look": looks})):
                await store.write(unit)
                await until(lambda: looks.keys == ["a"])
                await until(lambda: nothing_left(store))
            assert [job.known for job, _ in looks.jobs] == ["what is there"]

    asyncio.run(play())


def test_a_job_woken_while_it_runs_runs_once_more_after(opened, running, until):
    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            looks = Looks(clock)
            looks.gate.clear()
            async with running(Jobs(store, clock, {"look": looks})):
                await store.write(wish("a"))
                await until(lambda: looks.keys == ["a"])
                for _ in range(3):
                    await store.write(wish("a"))
                assert looks.keys == ["a"]
                looks.gate.set()
                await until(lambda: nothing_left(store))
                assert looks.keys == ["a", "a"]
                assert looks.most_at_once[("o", "look", "a")] == 1

    asyncio.run(play())


def test_a_job_asked_for_later_while_it_runs_is_looked_at_then(opened, running, until):
    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            looks = Looks(clock)
            looks.gate.clear()
            async with running(Jobs(store, clock, {"look": looks})):
                await store.write(wish("a"))
                await until(lambda: looks.keys == ["a"])
                await store.write(wish("a", 60))
                looks.gate.set()
                await until(lambda: _is_waiting(store, "a"))
                assert looks.keys == ["a"]
                clock.advance(timedelta(seconds=60))
                await until(lambda: nothing_left(store))
                assert looks.keys == ["a", "a"]

    asyncio.run(play())


async def _is_waiting(store, key):
    return [state.status for state in await states(store, key)] == ["waiting"]


def test_a_handler_that_names_an_instant_is_called_again_then(opened, running, until):
    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            looks = Looks(clock, clock.now() + timedelta(days=3))
            async with running(Jobs(store, clock, {"look": looks})):
                await store.write(wish("a"))
                await until(lambda: looks.keys)
                await until(lambda: _is_waiting(store, "a"))
                clock.advance(timedelta(days=3))
                await until(lambda: nothing_left(store))
                assert looks.keys == ["a", "a"]

    asyncio.run(play())


def test_a_handler_may_delete_its_row_in_its_last_unit(opened, running, until):
    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            ended = []

            async def look(job):
                ended.append(await store.write(lambda tx: jobs.finish(tx, job)))

            async with running(Jobs(store, clock, {"look": look})) as runner:
                await store.write(wish("a"))
                await until(lambda: ended == [True] and runner.running == 0)
                assert await nothing_left(store)

    asyncio.run(play())


def test_a_job_woken_before_it_deletes_its_row_runs_once_more(opened, running, until):
    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            ended = []

            async def look(job):
                if not ended:
                    await store.write(wish("a"))
                ended.append(await store.write(lambda tx: jobs.finish(tx, job)))

            async with running(Jobs(store, clock, {"look": look})):
                await store.write(wish("a"))
                await until(lambda: ended == [False, True])
                assert await nothing_left(store)

    asyncio.run(play())


def test_a_job_that_was_woken_goes_on_with_what_its_last_unit_knows(opened, running, until):
    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            log = []

            async def look(job):
                log.append(("begin", job.known, job.leased_by))
                if len(log) == 1:
                    await store.write(wish("a"))
                    assert await store.write(lambda tx: jobs.go_on(tx, job, known="what is due"))
                log.append("end")

            async with running(Jobs(store, clock, {"look": look})) as runner:
                await store.write(wish("a"))
                await until(lambda: len(log) == 4 and runner.running == 0)
                assert await nothing_left(store)
            lease = log[0][2]
            assert log == [("begin", None, lease), "end", ("begin", "what is due", lease), "end"]

    asyncio.run(play())


@pytest.mark.parametrize("why", ["nobody asked", "asked for later", "a probe", "not ours"])
def test_a_job_does_not_go_on_where(opened, running, until, why):
    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            runs = []

            async def look(job):
                runs.append(job)
                if len(runs) == 1:
                    if why != "nobody asked":
                        await store.write(wish("a", 3600 if why == "asked for later" else None))
                    asked = {"a probe": replace(job, is_probe=True), "not ours": replace(job, leased_by="other/1")}
                    going = asked.get(why, job)
                    assert not await store.write(lambda tx: jobs.go_on(tx, going, known="what is due"))

            async with running(Jobs(store, clock, {"look": look})) as runner:
                await store.write(wish("a"))
                await until(lambda: runs and runner.running == 0)
                assert len(runs) == (2 if why in ("a probe", "not ours") else 1)  # as it ends otherwise
                assert not any(job.known for job in runs)
                assert [state.status for state in await states(store, "a")] == ["waiting"] * (why == "asked for later")

    asyncio.run(play())


def test_a_job_enqueued_after_it_deleted_its_row_runs_after_the_present_run(opened, running, until):
    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            log = []

            async def look(job):
                log.append("begin")
                await store.write(lambda tx: jobs.finish(tx, job))
                if len(log) == 1:
                    await store.write(wish("a"))
                log.append("end")

            async with running(Jobs(store, clock, {"look": look})) as runner:
                await store.write(wish("a"))
                await until(lambda: len(log) == 4 and runner.running == 0)
                assert log == ["begin", "end"] * 2
                assert await nothing_left(store)

    asyncio.run(play())


def test_a_dead_replicas_job_is_taken_over_when_its_lease_ends(opened, running, until):
    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            await store.write(wish("a"))
            taken, _ = await store.write(lambda tx: job_rows.claim(tx.connection, "dead-one", ("look",), 9, tx.now))
            assert [job.key for job in taken] == ["a"]
            looks = Looks(clock)
            async with running(Jobs(store, clock, {"look": looks})):
                clock.advance(timedelta(seconds=9.999))
                await store.write(wish("b"))
                await until(lambda: looks.keys == ["b"])
                clock.advance(timedelta(seconds=0.001))
                await until(lambda: nothing_left(store))
                assert looks.keys == ["b", "a"]

    asyncio.run(play())


@asynccontextmanager
async def a_run_that_outlives_its_lease(opened, running, until):
    """Yield store, handler and runner: the handler stands still, and the machine was too busy to prolong its lease."""
    clock = VirtualClock()
    async with opened(clock) as store:
        looks = Looks(clock)
        looks.gate.clear()
        async with running(Jobs(store, clock, {"look": looks})) as runner:
            await store.write(wish("a"))
            await until(lambda: looks.keys == ["a"])
            clock._now += timedelta(seconds=LEASE_S + 1)  # nobody is woken
            yield store, looks, runner


def test_the_end_of_a_run_whose_lease_ran_out_takes_nothing_from_the_wish_that_came_after(opened, running, until):
    async def play():
        async with a_run_that_outlives_its_lease(opened, running, until) as (store, looks, runner):
            late = looks.jobs[0][0]
            await store.write(wish("a"))
            assert not await store.write(lambda tx: jobs.finish(tx, late))
            assert [state.status for state in await states(store, "a")] == ["running"]
            await runner._prolong(list(runner._held.values()))
            assert runner.running == 1
            looks.gate.set()
            await until(lambda: looks.keys == ["a", "a"])
            await until(lambda: nothing_left(store))
            assert looks.most_at_once[late.identity] == 1

    asyncio.run(play())


def test_a_run_whose_lease_ran_out_is_not_cancelled_by_the_next_lease_of_the_same_runner(opened, running, until):
    async def play():
        async with a_run_that_outlives_its_lease(opened, running, until) as (store, looks, runner):
            await runner._take()
            await runner._prolong(list(runner._held.values()))
            looks.gate.set()
            await until(lambda: looks.keys == ["a", "a"])
            await until(lambda: nothing_left(store))

    asyncio.run(play())


def test_a_long_job_keeps_its_lease(opened, running, until):
    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            looks = Looks(clock)
            looks.gate.clear()
            handlers = {"look": looks}
            async with running(Jobs(store, clock, handlers)), running(Jobs(store, clock, handlers)):
                await store.write(wish("a"))
                await until(lambda: looks.keys == ["a"])
                for _ in range(80):
                    clock.advance(timedelta(seconds=0.5))

                    async def is_leased():
                        return (await states(store, "a"))[0].run_at >= clock.now() + timedelta(seconds=3)

                    await until(is_leased)
                assert looks.keys == ["a"]
                looks.gate.set()
                await until(lambda: nothing_left(store))
                assert looks.keys == ["a"]

    asyncio.run(play())


def test_a_runner_that_lost_a_lease_stops_that_job(opened, running, until):
    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            looks = Looks(clock)
            looks.gate.clear()
            async with running(Jobs(store, clock, {"look": looks})) as runner:
                await store.write(wish("a"))
                await until(lambda: looks.keys == ["a"])
                later = clock.now() + timedelta(seconds=20)  # as another replica whose clock is ahead sees it
                await store.write(lambda tx: job_rows.claim(tx.connection, "other", ("look",), 9, later))
                clock.advance(timedelta(seconds=3))
                await until(lambda: runner.running == 0)
                assert [state.status for state in await states(store, "a")] == ["running"]

    asyncio.run(play())


def test_a_runner_that_is_stopped_lets_another_take_its_jobs_at_once(opened, running, until):
    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            stopped, other = Looks(clock), Looks(clock)
            stopped.gate.clear()
            async with running(Jobs(store, clock, {"look": stopped})):
                await store.write(wish("a"))
                await until(lambda: stopped.keys == ["a"])
            async with running(Jobs(store, clock, {"look": other})):
                await until(lambda: other.keys == ["a"])

    asyncio.run(play())


def test_no_job_runs_twice_at_once_in_two_runners(opened, running, until):
    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            looks = Looks(clock)
            handlers = {"look": looks}
            async with (
                running(Jobs(store, clock, handlers, concurrency=5)),
                running(Jobs(store, clock, handlers, concurrency=5)),
            ):
                await asyncio.gather(*(store.write(wish(f"{n % 40}")) for n in range(400)))
                await until(lambda: nothing_left(store))
                assert set(looks.most_at_once.values()) == {1}
                assert set(looks.keys) == {f"{n}" for n in range(40)}

    asyncio.run(play())


def test_no_more_jobs_run_at_once_than_allowed(opened, running, until):
    async def play():
        def many(tx):
            for n in range(50):
                wish(f"{n}")(tx)

        clock = VirtualClock()
        async with opened(clock) as store:
            looks = Looks(clock)
            looks.gate.clear()
            async with running(Jobs(store, clock, {"look": looks}, concurrency=7)) as runner:
                await store.write(many)
                await until(lambda: len(looks.keys) == 7)
                await store.write(wish("late"))
                assert runner.running == 7
                assert len(looks.keys) == 7
                looks.gate.set()
                await until(lambda: nothing_left(store))
                assert len(looks.keys) == 51

    asyncio.run(play())


def test_a_kind_without_a_handler_waits_for_a_runner_that_has_one(opened, running, until):
    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            looks = Looks(clock)
            async with running(Jobs(store, clock, {"other": looks})):
                await store.write(wish("a"))
                await store.write(lambda tx: tx.enqueue(Job("other", "o", "b")))
                await until(lambda: looks.keys == ["b"])
            assert [state.status for state in await states(store, "a")] == ["waiting"]
            async with running(Jobs(store, clock, {"look": looks})):
                await until(lambda: looks.keys == ["b", "a"])

    asyncio.run(play())


def test_a_job_that_raises_waits_longer_each_time_then_is_dead_and_seen(opened, running, until):
    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            looks = Looks(clock, *[ValueError(f"number {n}") for n in range(1, 11)])
            async with running(Jobs(store, clock, {"look": looks})):
                await store.write(wish("a"))
                for attempt in range(1, 10):

                    async def has_failed(attempt=attempt):
                        state = (await states(store, "a"))[0]
                        return state.status == "waiting" and state.attempts == attempt

                    await until(has_failed)
                    state = (await states(store, "a"))[0]
                    assert state.run_at - clock.now() == timedelta(seconds=2 ** (attempt - 1))
                    assert state.problem == f"ValueError: number {attempt}"
                    clock.advance_to(state.run_at)
                await until(lambda: _is_dead(store, "a"))
                assert len(looks.keys) == 10
                (seen,) = await store.read(lambda tx: jobs.dead(tx, "o"))
                assert (seen.kind, seen.key, seen.problem) == ("look", "a", "ValueError: number 10")
                await store.write(lambda tx: jobs.retry(tx, "o", "look", "a"))
                await until(lambda: nothing_left(store))
                assert len(looks.keys) == 11

    asyncio.run(play())


async def _is_dead(store, key):
    return [state.status for state in await states(store, key)] == ["dead"]


async def _bury(store, clock, running, *keys):
    """Leave dead jobs behind."""
    broken = Looks(clock, *[ValueError("no")] * 1000)  # a slow machine may look again before an end is recorded
    async with running(Jobs(store, clock, {"look": broken})):
        for key in keys:
            await store.write(wish(key))
            while not await _is_dead(store, key):
                clock.advance(timedelta(seconds=1))
                await asyncio.sleep(0.001)


def test_a_dead_job_that_is_asked_for_again_runs_again(opened, running, until):
    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            await _bury(store, clock, running, "a")
            looks = Looks(clock)
            async with running(Jobs(store, clock, {"look": looks})):
                await store.write(wish("a"))
                await until(lambda: nothing_left(store))
                assert looks.jobs[0][0].attempts == 0

    asyncio.run(play())


def test_dead_jobs_are_listed_by_page_and_only_to_their_owner(opened, running, until):
    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            await _bury(store, clock, running, "a", "b", "c")
            first = await store.read(lambda tx: jobs.dead(tx, "o", limit=2))
            assert [state.key for state in first] == ["a", "b"]
            rest = await store.read(lambda tx: jobs.dead(tx, "o", after=("look", "b"), limit=2))
            assert [state.key for state in rest] == ["c"]
            assert await store.read(lambda tx: jobs.dead(tx, "other")) == []
            with pytest.raises(NotFound):
                await store.write(lambda tx: jobs.retry(tx, "other", "look", "a"))
            assert len(await store.read(lambda tx: jobs.dead(tx, "o"))) == 3

    asyncio.run(play())


def test_jobs_of_two_owners_with_the_same_key_are_two_jobs(opened, running, until):
    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            looks = Looks(clock)
            async with running(Jobs(store, clock, {"look": looks})):
                await store.write(lambda tx: [tx.enqueue(Job("look", owner, "a")) for owner in ("o", "p")] and None)
                await until(lambda: nothing_left(store))
                assert sorted(job.owner for job, _ in looks.jobs) == ["o", "p"]

    asyncio.run(play())


def test_thousands_of_delayed_jobs_cost_one_timer(opened, running, until):
    async def play():
        def many(tx):
            for n in range(5000):
                wish(f"{n}", 86400 + n)(tx)

        clock = VirtualClock()
        async with opened(clock) as store:
            await store.write(many)
            looks = Looks(clock)
            async with running(Jobs(store, clock, {"look": looks})):
                await store.write(wish("now"))
                await until(lambda: looks.keys == ["now"])
                clock.advance(timedelta(seconds=86400))
                await until(lambda: looks.keys == ["now", "0"])
                clock.advance(timedelta(seconds=10))
                await until(lambda: len(looks.keys) == 12)

    asyncio.run(play())
