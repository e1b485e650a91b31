"""Units of work: whole or not at all, on both stores."""

import asyncio
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr
from sqlalchemy import insert, select

from connector.clock import VirtualClock
from connector.problems import Conflict, NotFound, Unavailable
from connector.settings import Settings
from connector.store import datasets
from connector.store.datasets import StoredDataset, StoredOffer
from connector.store.db import Tx, open_store
from connector.store.errors import DatabaseInUse, StaleVersion
from connector.store.tables import replays

AT = datetime(2026, 1, 1, tzinfo=UTC)


def note(token: str):
    """A unit that writes one row."""

    def unit(tx: Tx) -> str:
        tx.connection.execute(insert(replays), {"issuer": "i", "token_id": token, "expires_at": tx.now})
        return token

    return unit


def tokens(tx: Tx) -> list[str]:
    return list(tx.connection.execute(select(replays.c.token_id).order_by(replays.c.token_id)).scalars())


def test_write_returns_the_units_result_after_the_commit(opened):
    async def play():
        async with opened() as store:
            assert await store.write(note("a")) == "a"
            assert await store.read(tokens) == ["a"]

    asyncio.run(play())


def test_what_was_written_is_there_after_a_restart(opened):
    async def play():
        async with opened() as store:
            await store.write(note("a"))
        async with opened() as store:
            assert await store.read(tokens) == ["a"]

    asyncio.run(play())


def test_a_unit_that_raises_undoes_itself_and_no_other(opened):
    async def play():
        def refuse(tx: Tx) -> None:
            note("half")(tx)
            raise Conflict("no")

        async with opened() as store:
            waits = [store.write(note("a")), store.write(refuse), store.write(note("b"))]
            results = await asyncio.gather(*waits, return_exceptions=True)
            assert isinstance(results[1], Conflict)
            assert await store.read(tokens) == ["a", "b"]

    asyncio.run(play())


def test_a_statement_that_fails_undoes_its_unit_and_no_other(opened):
    async def play():
        async with opened() as store:
            await store.write(note("a"))
            waits = [store.write(note("b")), store.write(note("a")), store.write(note("c"))]
            results = await asyncio.gather(*waits, return_exceptions=True)
            assert "IntegrityError" in type(results[1]).__name__
            assert await store.read(tokens) == ["a", "b", "c"]

    asyncio.run(play())


def test_a_unit_that_raises_stop_iteration_is_answered(opened):
    async def play():
        async with opened() as store:
            with pytest.raises(RuntimeError):
                await store.write(lambda tx: next(iter(())))

    asyncio.run(play())


def test_many_units_at_once_are_all_written(opened):
    async def play():
        async with opened() as store:
            await asyncio.gather(*(store.write(note(f"{n:03}")) for n in range(300)))
            assert len(await store.read(tokens)) == 300

    asyncio.run(play())


def test_a_cancelled_caller_leaves_its_unit_whole_or_unbegun_and_the_others_answered(opened):
    def two(n: int):
        def unit(tx: Tx) -> None:
            note(f"{n:02}-first")(tx)
            note(f"{n:02}-second")(tx)

        return unit

    async def play():
        async with opened() as store:
            waits = [asyncio.create_task(store.write(two(n))) for n in range(40)]
            await asyncio.sleep(0)
            for task in waits[::3]:
                task.cancel()
            results = await asyncio.gather(*waits, return_exceptions=True)
            assert all(isinstance(result, asyncio.CancelledError) for result in results[::3])
            await store.write(note("zz"))
            found = {token[:2]: 0 for token in await store.read(tokens)}
            for token in await store.read(tokens):
                found[token[:2]] += 1
            assert all(found[f"{n:02}"] == 2 for n in range(40) if n % 3)
            assert all(count == 2 for key, count in found.items() if key != "zz")

    asyncio.run(play())


def test_now_is_constant_within_a_unit_and_comes_from_the_clock(opened):
    async def play():
        clock = VirtualClock(AT)
        async with opened(clock) as store:
            assert await store.write(lambda tx: tx.now) == AT
            assert await store.read(lambda tx: tx.now) == AT

    asyncio.run(play())


def test_signals_reach_subscribers_after_the_commit_and_never_without_it(opened):
    async def play():
        heard: list[str] = []

        def announce(key: str, fails: bool):
            def unit(tx: Tx) -> None:
                tx.signal("grants", key)
                if fails:
                    raise Conflict("no")

            return unit

        async with opened() as store:
            await settled(store)
            store.subscribe("grants", heard.append)
            await store.write(announce("kept", False))
            with pytest.raises(Conflict):
                await store.write(announce("undone", True))
            assert heard == ["kept"]

    asyncio.run(play())


def test_a_subscriber_that_raises_keeps_nobody_from_hearing_or_being_answered(opened):
    async def play():
        heard: list[str] = []

        def deaf(key: str) -> None:
            raise ValueError(key)

        async with opened() as store:
            await settled(store)
            store.subscribe("grants", deaf)
            store.subscribe("grants", heard.append)
            waits = (store.write(lambda tx: tx.signal("grants", "k")), store.write(note("a")))
            assert await asyncio.gather(*waits) == [None, "a"]
            assert heard == ["k"]

    asyncio.run(play())


async def settled(store) -> None:
    """Wait until the store hears other replicas."""
    async with asyncio.timeout(10):
        while not store.signals_are_live:
            await asyncio.sleep(0.01)


def test_a_closed_store_refuses_units(opened):
    async def play():
        async with opened() as store:
            pass
        with pytest.raises(Unavailable):
            await store.write(note("a"))
        with pytest.raises(Unavailable):
            await store.read(tokens)

    asyncio.run(play())


def test_closing_answers_what_already_waits(opened):
    async def play():
        async with opened() as store:
            waits = [asyncio.create_task(store.write(note(f"{n}"))) for n in range(5)]
            await asyncio.sleep(0)
        assert await asyncio.gather(*waits) == [f"{n}" for n in range(5)]

    asyncio.run(play())


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_second_process_on_the_same_file_is_refused(opened, settings: Settings):
    async def play():
        async with opened() as store:
            with pytest.raises(DatabaseInUse):
                await open_store(settings, store.clock)
            assert await store.write(note("a")) == "a"
        async with opened():
            pass

    asyncio.run(play())


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_the_files_are_for_their_owner_only(opened, settings: Settings):
    async def play():
        async with opened() as store:
            await store.write(note("a"))
            return {path.name: oct(path.stat().st_mode & 0o777) for path in settings.data_dir.iterdir()}

    modes = asyncio.run(play())
    assert len(modes) == 4
    assert set(modes.values()) == {"0o600"}


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_folder_that_cannot_be_made_is_answered_unavailable(settings: Settings):
    settings.data_dir.parent.mkdir(exist_ok=True)
    settings.data_dir.write_text("a file stands there")
    with pytest.raises(Unavailable):
        asyncio.run(open_store(settings, VirtualClock(AT)))


@pytest.mark.postgres
@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
def test_an_unreachable_server_is_answered_unavailable(settings: Settings, unused_port: int):
    nowhere = f"postgresql://pupitre@127.0.0.1:{unused_port}/none"
    with pytest.raises(Unavailable):
        asyncio.run(open_store(settings.model_copy(update={"database_url": SecretStr(nowhere)}), VirtualClock(AT)))


@pytest.mark.postgres
@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
def test_a_unit_that_met_another_one_is_run_again(opened):
    async def play():
        runs: list[int] = []

        def stale_twice(tx: Tx) -> str:
            runs.append(1)
            note("a")(tx)
            if len(runs) < 3:
                raise StaleVersion("x")
            return "done"

        async with opened() as store:
            assert await store.write(stale_twice) == "done"
            assert await store.read(tokens) == ["a"]

    asyncio.run(play())


@pytest.mark.postgres
@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
def test_units_about_the_same_thing_wait_for_each_other_and_run_once(opened):
    runs: list[int] = []

    def numbered(tx: Tx) -> str:
        runs.append(1)
        return note(str(len(tokens(tx))))(tx)

    async def play():
        async with opened() as store:
            await asyncio.gather(*(store.write(note(name)) for name in "abcd"))  # connections are open
            given = await asyncio.gather(*(store.write(numbered, about="x") for _ in range(8)))
            assert sorted(given, key=int) == [str(n) for n in range(4, 12)]

    asyncio.run(play())
    assert len(runs) == 8


@pytest.mark.postgres
@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
def test_who_is_cancelled_or_fails_while_others_wait_lets_them_have_their_turn(opened):
    def refuse(tx: Tx) -> None:
        note("half")(tx)
        raise Conflict("no")

    async def play():
        async with opened() as store:
            failing = asyncio.create_task(store.write(refuse, about="x"))
            leaving = asyncio.create_task(store.write(note("a"), about="x"))
            last = asyncio.create_task(store.write(note("b"), about="x"))
            await asyncio.sleep(0)
            leaving.cancel()
            with pytest.raises(Conflict):
                await failing
            assert await last == "b"
            assert await store.read(tokens) == ["a", "b"]  # a unit runs whole without its caller

    asyncio.run(play())


@pytest.mark.postgres
@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
def test_a_unit_that_always_meets_another_one_is_answered_unavailable(opened):
    async def play():
        def stale(tx: Tx) -> None:
            raise StaleVersion("x")

        async with opened() as store:
            with pytest.raises(Unavailable):
                await store.write(stale)

    asyncio.run(play())


@pytest.mark.postgres
@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
def test_the_same_first_insertion_by_two_replicas_ends_as_one_row(opened):
    def once(tx: Tx) -> str:
        if "a" in tokens(tx):
            return "found"
        note("a")(tx)
        return "made"

    async def play():
        async with opened() as one, opened() as two:
            answers = await asyncio.gather(*(store.write(once) for store in (one, two) * 4))
            assert sorted(set(answers)) == ["found", "made"]
            assert answers.count("made") == 1
            assert await one.read(tokens) == ["a"]

    asyncio.run(play())


@pytest.mark.postgres
@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
def test_signals_reach_the_subscribers_of_other_replicas(opened):
    async def play():
        heard = asyncio.Queue()
        async with opened() as one, opened() as two:
            await settled(one)
            await settled(two)
            two.subscribe("grants", heard.put_nowait)
            await one.write(lambda tx: tx.signal("grants", "k"))
            assert await asyncio.wait_for(heard.get(), 5) == "k"
            assert heard.empty()

    asyncio.run(play())


@pytest.mark.postgres
@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
def test_a_lost_listener_is_not_live_comes_back_and_reports_the_gap(opened, settings, postgres):
    async def play():
        heard = asyncio.Queue()
        async with opened() as store:
            await settled(store)
            store.subscribe("grants", heard.put_nowait)
            await asyncio.to_thread(
                postgres.execute,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE query LIKE 'LISTEN%' OR query = 'SELECT 1'",
            )
            async with asyncio.timeout(10):
                while store.signals_are_live:
                    await asyncio.sleep(0.005)
            assert await asyncio.wait_for(heard.get(), 10) == ""
            assert store.signals_are_live

    asyncio.run(play())


@pytest.mark.postgres
@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
def test_connections_lost_between_units_are_replaced(opened, postgres):
    async def play():
        async with opened() as store:
            await asyncio.gather(*(store.write(note(f"{n}")) for n in range(10)))
            await asyncio.to_thread(
                postgres.execute,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'test%'",
            )
            results = await asyncio.gather(*(store.write(note(f"after-{n}")) for n in range(20)))
            assert len(results) == 20
            assert len(await store.read(tokens)) == 30

    asyncio.run(play())


def test_an_offer_and_a_dataset_are_loaded_once_in_a_unit_and_anew_after_a_change(opened):
    def unit(tx: Tx) -> None:
        of = {"owner": "root", "id": "d", "title": "one", "document": {}, "source": {}}
        datasets.put(tx, StoredDataset(**of))
        datasets.put_offer(tx, StoredOffer(owner="root", id="o", dataset="d", policy={}, mode="manual"))
        for load, put, name in ((datasets.load, datasets.put, "d"), (datasets.load_offer, datasets.put_offer, "o")):
            found = load(tx, "root", name)
            assert load(tx, "root", name) is found
            put(tx, found)
            again = load(tx, "root", name)
            assert (again is not found, again) == (True, found)
        datasets.put(tx, StoredDataset(**of | {"id": "e"}))
        assert datasets.load(tx, "root", "e").status == "draft"
        datasets.discard_draft(tx, "root", "e")
        with pytest.raises(NotFound):
            datasets.load(tx, "root", "e")

    async def play():
        async with opened() as store:
            await store.write(unit)

    asyncio.run(play())
