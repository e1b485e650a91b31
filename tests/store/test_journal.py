"""The chain of a process: append-only, verifiable by anybody, never silently changed."""

import asyncio
from hashlib import sha256

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError

from connector.clock import VirtualClock
from connector.store import journal
from connector.store.errors import BrokenChain
from connector.store.tables import journal as rows

GUARDS = {
    "sqlite": ("DROP TRIGGER journal_is_not_changed", "DROP TRIGGER journal_is_not_deleted"),
    "postgresql": ("DROP TRIGGER journal_is_not_changed ON journal",),
}


def told(count, process="n1", owner="o"):
    """A unit that appends entries."""

    def unit(tx):
        for n in range(count):
            journal.append(tx, owner, process, "received", {"é": n}, message_id=f"m{n}")

    return unit


def tampering(*statements):
    """A unit that does what only somebody with the database in hand can do."""

    def unit(tx):
        for statement in (*GUARDS[tx.connection.dialect.name], *statements):
            tx.connection.execute(text(statement))

    return unit


def test_entries_are_numbered_from_one_and_chained_over_units(opened):
    async def play():
        async with opened(VirtualClock()) as store:
            await store.write(told(2))
            await store.write(told(3))
            entries = await store.read(lambda tx: journal.page(tx, "o", "n1"))
            assert [entry.n for entry in entries] == [1, 2, 3, 4, 5]
            assert [entry.entry for entry in entries] == [{"é": n} for n in (0, 1, 0, 1, 2)]
            await store.read(lambda tx: journal.verify(tx, "o", "n1"))

    asyncio.run(play())


@pytest.mark.parametrize("stored", [0, 1, 3])
@pytest.mark.parametrize("written", [False, True])
def test_entries_are_listed_with_those_of_the_unit_that_need_not_be_written_first(opened, stored, written):
    async def play():
        async with opened(VirtualClock()) as store:
            await store.write(told(stored))

            def unit(tx):
                told(2)(tx)
                if written:
                    journal.flush(tx)
                told(1)(tx)
                told(1, process="n2")(tx)
                waiting = len(tx.entries)
                found = {after: journal.since(tx, "o", "n1", after) for after in range(stored + 4)}
                assert len(tx.entries) == waiting
                return found

            found = await store.write(unit)
            every = await store.read(lambda tx: journal.since(tx, "o", "n1"))
            assert [entry.n for entry in every] == list(range(1, stored + 4))
            assert found == {after: every[after:] for after in range(stored + 4)}

    asyncio.run(play())


def test_the_chain_is_what_sha256sum_computes_from_the_texts(opened):
    async def play():
        async with opened(VirtualClock()) as store:
            await store.write(told(4))
            last = ""
            for entry in await store.read(lambda tx: journal.page(tx, "o", "n1")):
                last = sha256((last + entry.text).encode()).hexdigest()
                assert entry.hash == last

    asyncio.run(play())


def test_each_process_and_each_owner_has_a_chain_of_its_own(opened):
    async def play():
        async with opened(VirtualClock()) as store:
            for process, owner in (("n1", "o"), ("n2", "o"), ("n1", "p")):
                await store.write(told(2, process, owner))
            for process, owner in (("n1", "o"), ("n2", "o"), ("n1", "p")):
                entries = await store.read(lambda tx, p=process, o=owner: journal.page(tx, o, p))
                assert [entry.n for entry in entries] == [1, 2]
            assert await store.read(lambda tx: journal.page(tx, "p", "n2")) == []

    asyncio.run(play())


def test_a_page_begins_after_its_cursor_and_has_a_limit(opened):
    async def play():
        async with opened(VirtualClock()) as store:
            await store.write(told(7))
            entries = await store.read(lambda tx: journal.page(tx, "o", "n1", 3, 2))
            assert [entry.n for entry in entries] == [4, 5]

    asyncio.run(play())


def test_a_message_is_known_to_its_process_only(opened):
    async def play():
        async with opened(VirtualClock()) as store:
            await store.write(told(2))
            assert await store.read(lambda tx: journal.has_message(tx, "o", "n1", "m1"))
            for owner, process, message in (("o", "n1", "m9"), ("o", "n2", "m1"), ("p", "n1", "m1")):
                assert not await store.read(lambda tx, a=(owner, process, message): journal.has_message(tx, *a))

    asyncio.run(play())


@pytest.mark.parametrize("statement", ["UPDATE journal SET kind = 'sent'", "DELETE FROM journal"])
def test_the_table_refuses_to_be_changed(opened, statement):
    async def play():
        async with opened(VirtualClock()) as store:
            await store.write(told(2))
            with pytest.raises(DBAPIError, match="append-only"):
                await store.write(lambda tx: tx.connection.execute(text(statement)) and None)
            await store.read(lambda tx: journal.verify(tx, "o", "n1"))

    asyncio.run(play())


@pytest.mark.parametrize(
    ("statement", "broken_at"),
    [
        ("UPDATE journal SET entry = replace(entry, 'received', 'sent') WHERE n = 3", 3),
        ("UPDATE journal SET kind = 'sent' WHERE n = 2", 2),
        ("UPDATE journal SET message_id = NULL WHERE n = 4", 4),
        ("UPDATE journal SET at = '2020-01-01T00:00:00.000000Z' WHERE n = 1", 1),
        ("UPDATE journal SET hash = 'aa' WHERE n = 5", 5),
        ("DELETE FROM journal WHERE n = 2", 2),
        ("DELETE FROM journal WHERE n = 1", 1),
        ("UPDATE journal SET process = 'n2'", 1),
    ],
)
def test_tampering_is_found_at_the_first_entry_that_does_not_fit(opened, statement, broken_at):
    async def play():
        async with opened(VirtualClock()) as store:
            await store.write(told(5))
            await store.write(tampering(statement))
            process = "n2" if "n2" in statement else "n1"
            with pytest.raises(BrokenChain, match=f"n={broken_at}"):
                await store.read(lambda tx: journal.verify(tx, "o", process))

    asyncio.run(play())


def test_two_entries_with_the_same_number_are_refused(opened):
    async def play():
        async with opened(VirtualClock()) as store:
            await store.write(told(1))
            twice = {"owner": "o", "process": "n1", "n": 1, "kind": "x", "entry": "{}", "hash": ""}
            with pytest.raises(DBAPIError):
                await store.write(lambda tx: tx.connection.execute(insert(rows), {**twice, "at": tx.now}) and None)

    asyncio.run(play())


def test_an_entry_of_a_unit_that_raises_leaves_no_gap(opened):
    async def play():
        def undone(tx):
            told(2)(tx)
            raise ValueError("no")

        async with opened(VirtualClock()) as store:
            await store.write(told(1))
            with pytest.raises(ValueError, match="no"):
                await store.write(undone)
            await store.write(told(1))
            entries = await store.read(lambda tx: journal.page(tx, "o", "n1"))
            assert [entry.n for entry in entries] == [1, 2]
            await store.read(lambda tx: journal.verify(tx, "o", "n1"))

    asyncio.run(play())
