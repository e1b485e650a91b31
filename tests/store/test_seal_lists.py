"""Signed lists of seal keys: kept once, never changed, and found by the instant at which they were in force."""

import asyncio
from datetime import timedelta
from hashlib import sha256

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from connector.clock import VirtualClock
from connector.store import journal, seal_lists

HOUR = timedelta(hours=1)
PEER = "did:web:partenaire.example"


def kept(clock, *texts, owner="o", did=PEER):
    """Units that keep one list after the other, an hour between them."""

    def unit(tx, jws):
        seal_lists.keep(tx, owner, did, jws, tx.now - HOUR)

    for jws in texts:
        clock.advance(HOUR)
        yield lambda tx, jws=jws: unit(tx, jws)


def test_the_list_in_force_at_an_instant_is_the_last_that_had_come(opened):
    async def play():
        clock = VirtualClock()
        began = clock.now()
        async with opened(clock) as store:
            for unit in kept(clock, "one", "two"):
                await store.write(unit)

            async def at(hours, owner="o", did=PEER):
                when = began + hours * HOUR
                found = await store.read(lambda tx: seal_lists.in_force(tx, owner, did, when))
                return found and found.jws

            assert [await at(hours) for hours in (0.9, 1, 1.9, 2, 9)] == [None, "one", "one", "two", "two"]
            assert [await at(9, owner="another"), await at(9, did="did:web:another.example")] == [None, None]

    asyncio.run(play())


def test_a_list_that_comes_again_stays_as_it_came_first(opened):
    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            for unit in kept(clock, "one", "one"):
                await store.write(unit)
            found = await store.read(lambda tx: seal_lists.in_force(tx, "o", PEER, clock.now()))
            assert found.sha256 == sha256(b"one").hexdigest()
            assert (found.received_at, found.issued_at) == (clock.now() - HOUR, clock.now() - 2 * HOUR)

    asyncio.run(play())


def test_when_a_pinned_list_was_taken_is_told_by_the_journal_of_the_partner(opened):
    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            began = clock.now()
            assert await store.read(lambda tx: seal_lists.taken_at(tx, "o", PEER)) is None
            for kind in ("peer-added", "peer-seals-pinned", "card-offered"):
                await store.write(lambda tx, kind=kind: journal.append(tx, "o", PEER, kind, {}))
                clock.advance(HOUR)
            assert await store.read(lambda tx: seal_lists.taken_at(tx, "o", PEER)) == began + HOUR

    asyncio.run(play())


@pytest.mark.parametrize("statement", ["UPDATE seal_lists SET jws = 'x'", "DELETE FROM seal_lists"])
def test_a_list_that_is_kept_is_not_changed(opened, statement):
    async def play():
        clock = VirtualClock()
        async with opened(clock) as store:
            for unit in kept(clock, "one"):
                await store.write(unit)
            with pytest.raises(DBAPIError, match="append-only"):
                await store.write(lambda tx: tx.connection.execute(text(statement)) and None)

    asyncio.run(play())
