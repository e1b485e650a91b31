"""A statement made ready says on both stores what SQLAlchemy says of it."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from connector.store.db import Tx
from connector.store.prepared import Prepared
from connector.store.tables import peer_health

AT = datetime(2026, 11, 24, 8, 30, 0, 125, tzinfo=UTC)
OWN = peer_health.c.owner == bindparam("of_owner")
ADD = Prepared(insert(peer_health), peer_health.c.keys())
LISTED = select(peer_health, (peer_health.c.failures > 1).label("is_old")).where(OWN).order_by(peer_health.c.peer)


def health(peer: str, failures: int = 1) -> dict[str, Any]:
    return {"owner": "a", "peer": peer, "failures": failures, "since": AT, "retry_at": AT, "problem": "é"}


def add(tx: Tx) -> None:
    ADD.add(tx.connection, [health("x"), health("y", 2), {**health("z"), "owner": "b"}])


def test_rows_are_those_of_sqlalchemy_by_place_and_by_name(opened):
    def unit(tx: Tx) -> None:
        add(tx)
        for statement in (LISTED, LISTED.limit(1), LISTED.with_for_update()):
            told = tx.connection.execute(statement, {"of_owner": "a"}).all()
            found = Prepared(statement).all(tx.connection, {"of_owner": "a"})
            assert [tuple(row) for row in found] == [tuple(row) for row in told]
            assert [row._asdict() for row in found] == [row._asdict() for row in told]
        first = Prepared(LISTED).first(tx.connection, {"of_owner": "a"})
        assert (first.peer, first.since, first.is_old, first[0]) == ("x", AT, False, "a")
        assert Prepared(LISTED).first(tx.connection, {"of_owner": "nobody"}) is None

    async def play():
        async with opened() as store:
            await store.write(unit)

    asyncio.run(play())


def test_a_change_says_how_many_rows_it_met_and_gives_what_it_returns(opened):
    def unit(tx: Tx) -> None:
        add(tx)
        change = update(peer_health).where(OWN, peer_health.c.failures < 2).values(problem=bindparam("why"))
        assert Prepared(change).change(tx.connection, {"of_owner": "a", "why": "silent"}) == 1
        gone = Prepared(delete(peer_health).where(OWN).returning(peer_health.c.problem, peer_health.c.since))
        assert sorted(gone.all(tx.connection, {"of_owner": "a"})) == [("silent", AT), ("é", AT)]
        assert Prepared(change).change(tx.connection, {"of_owner": "a", "why": "silent"}) == 0

    async def play():
        async with opened() as store:
            await store.write(unit)

    asyncio.run(play())


def test_what_the_schema_refuses_is_the_error_of_sqlalchemy(opened):
    async def play():
        async with opened() as store:
            await store.write(add)
            with pytest.raises(IntegrityError):
                await store.write(lambda tx: ADD.add(tx.connection, [health("other"), health("x")]))
            listed = await store.read(lambda tx: Prepared(LISTED).all(tx.connection, {"of_owner": "a"}))
            assert [row.peer for row in listed] == ["x", "y"]

    asyncio.run(play())


def test_a_value_that_is_not_given_is_refused(opened):
    async def play():
        async with opened() as store:
            with pytest.raises(Exception, match="of_owner"):
                await store.read(lambda tx: Prepared(LISTED).all(tx.connection, {}))

    asyncio.run(play())


@pytest.mark.postgres
@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
def test_a_column_that_an_upgrade_changes_meanwhile_is_read_as_it_is_now(opened, postgres, settings):
    asked = Prepared(select(peer_health.c.problem).where(OWN))
    database = str(settings.database_url.get_secret_value()).rsplit("/", 1)[1]

    async def play():
        async with opened() as store:
            await store.write(add)
            for length in (200, 300):
                assert len(await store.read(lambda tx: asked.all(tx.connection, {"of_owner": "a"}))) == 2
                change = f"ALTER TABLE peer_health ALTER COLUMN problem TYPE VARCHAR({length})"
                await asyncio.to_thread(postgres.execute, change, database=database)
            assert await store.write(lambda tx: asked.first(tx.connection, {"of_owner": "a"})) == ("é",)

    asyncio.run(play())


@pytest.mark.postgres
@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
def test_a_lost_connection_is_replaced_and_the_unit_run_again(opened, postgres, settings):
    database = str(settings.database_url.get_secret_value()).rsplit("/", 1)[1]
    lose = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"
    listed = Prepared(LISTED)

    async def play():
        async with opened() as store:
            await asyncio.gather(*(store.read(lambda tx: listed.all(tx.connection, {"of_owner": "a"})) for _ in "abc"))
            await asyncio.to_thread(postgres.execute, lose)
            await store.write(add)
            await asyncio.to_thread(postgres.execute, lose)
            assert len(await store.read(lambda tx: listed.all(tx.connection, {"of_owner": "a"}))) == 2

    asyncio.run(play())
