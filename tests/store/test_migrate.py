"""The schema: what the numbered files make is what tables.py says; made once, by one program at a time."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import create_engine, func, inspect, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from connector.clock import SystemClock
from connector.store import offline, portable
from connector.store.db import open_store
from connector.store.errors import SchemaTooNew
from connector.store.migrate import Migration, migrate, migrations, schema_version, statements
from connector.store.tables import journal, metadata

AT = SystemClock().now()
LONG = {
    "accepted_terms",
    "answer",
    "card",
    "cards",
    "chain",
    "conclusion",
    "countersigned",
    "data_address",
    "document",
    "entry",
    "intent",
    "jws",
    "offer",
    "offered_card",
    "pending_body",
    "policy",
    "rendered",
    "request_card",
    "requested",
    "source",
}
"""Columns that hold kilobytes, in whichever table they are."""
PACKED = (
    "SELECT relname, attname, attcompression::text FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid "
    "WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attcompression <> ''"
)


def schema(connection):
    """Return all that the database knows of its tables."""
    found = inspect(connection)
    return {
        table: {
            "columns": [(c["name"], str(c["type"]), c["nullable"], c["default"]) for c in found.get_columns(table)],
            "primary key": found.get_pk_constraint(table)["constrained_columns"],
            "unique": sorted(tuple(u["column_names"]) for u in found.get_unique_constraints(table)),
            "foreign": sorted(
                (tuple(f["constrained_columns"]), f["referred_table"], tuple(f["referred_columns"]))
                for f in found.get_foreign_keys(table)
            ),
            "indexes": sorted((i["name"], tuple(i["column_names"]), i["unique"]) for i in found.get_indexes(table)),
            "checks": sorted(" ".join(c["sqltext"].split()) for c in found.get_check_constraints(table)),
        }
        for table in found.get_table_names()
        if table != "schema_version"
    }


async def schema_of(store):
    return await store.write(lambda tx: schema(tx.connection))


def test_the_migrated_schema_is_that_of_the_tables(opened, settings, postgres_or_none):
    async def migrated():
        async with opened() as store:
            return await schema_of(store)

    async def declared_on_postgres(url):
        engine = create_async_engine(url.replace("postgresql:", "postgresql+asyncpg:"))
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
            found = await connection.run_sync(schema)
        await engine.dispose()
        return found

    if postgres_or_none is None:
        engine = create_engine("sqlite://")
        with engine.begin() as connection:
            metadata.create_all(connection)
            declared = schema(connection)
        engine.dispose()
    else:
        with postgres_or_none.fresh_database() as url:
            declared = asyncio.run(declared_on_postgres(url))
    assert asyncio.run(migrated()) == declared


@pytest.fixture
def postgres_or_none(settings, request):
    return request.getfixturevalue("postgres") if settings.database_url else None


def test_opening_again_applies_nothing_more(opened):
    async def play():
        def versions(tx):
            return list(tx.connection.execute(select(schema_version.c.version, schema_version.c.applied_at)).all())

        async with opened() as store:
            first = await store.read(versions)
        async with opened() as store:
            assert await store.read(versions) == first
            assert [version for version, _ in first] == sorted(
                {migration.number for migration in migrations(await store.read(lambda tx: tx.connection.dialect.name))}
            )

    asyncio.run(play())


def test_an_older_program_refuses_a_newer_schema(opened, settings):
    async def play():
        newer = {"version": 9999, "title": "tomorrow", "applied_at": AT}
        async with opened() as store:
            await store.write(lambda tx: tx.connection.execute(schema_version.insert(), newer) and None)
        with pytest.raises(SchemaTooNew):
            await open_store(settings, SystemClock())
        with pytest.raises(SchemaTooNew):  # and the refusal leaves no lock behind
            await open_store(settings, SystemClock())

    asyncio.run(play())


def test_a_migration_that_fails_leaves_nothing_behind(opened):
    async def play():
        def half(tx):
            broken = Migration(9000, "broken", "CREATE TABLE half (a TEXT);\n\nCREATE NONSENSE;\n")
            migrate(tx.connection, tx.now, [broken])

        async with opened() as store:
            with pytest.raises(DBAPIError):
                await store.write(half)
            assert "half" not in await schema_of(store)

    asyncio.run(play())


@pytest.mark.postgres
@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
def test_replicas_that_migrate_at_once_all_open(opened, settings):
    async def play():
        stores = await asyncio.gather(*(open_store(settings, SystemClock()) for _ in range(4)))
        try:
            assert len({str(await schema_of(store)) for store in stores}) == 1
        finally:
            await asyncio.gather(*(store.close() for store in stores))

    asyncio.run(play())


def test_an_empty_line_ends_a_statement_and_comments_are_left_out():
    script = "-- why\n\nCREATE TABLE a (\n  b TEXT\n);\n  \nSELECT ';';\n-- end\n"
    assert list(statements(script)) == ["CREATE TABLE a (\n  b TEXT\n);", "SELECT ';';"]


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_numbers_are_unique_and_without_gaps_on_each_store(dialect):
    assert [migration.number for migration in migrations(dialect)] == list(range(1, len(migrations(dialect)) + 1))


def packed(tx):
    """Return how PostgreSQL packs the columns of which a migration says it."""
    return {f"{table}.{column}": how for table, column, how in tx.connection.exec_driver_sql(PACKED).all()}


def before_lz4():
    """Return the migrations up to that of long texts, and that one."""
    known = migrations("postgresql")
    place = next(place for place, one in enumerate(known) if one.title == "lz4")
    return known[:place], known[place]


@pytest.mark.postgres
@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
def test_postgresql_packs_long_texts_with_lz4(opened):
    long = {f"{table.name}.{column.name}" for table in metadata.sorted_tables for column in table.c}
    long = {name for name in long if name.split(".")[1] in LONG} | {"peers.seals"}

    async def play():
        async with opened() as store:
            assert await store.read(packed) == dict.fromkeys(long, "l")

    asyncio.run(play())


@pytest.mark.postgres
@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
def test_what_was_stored_before_lz4_is_read_after(opened, settings):
    row = {
        "owner": "root",
        "process": "p",
        "at": AT,
        "kind": "k",
        "entry": "Une clause de la convention. " * 500,
        "hash": "",
    }

    def former(tx):
        migrate(tx.connection, AT, before_lz4()[0])
        tx.connection.execute(journal.insert(), {**row, "n": 1})

    async def play():
        async with opened() as store:
            await store.write(lambda tx: tx.connection.execute(journal.insert(), {**row, "n": 2}) and None)
            asked = select(journal.c.entry, func.pg_column_compression(journal.c.entry)).order_by(journal.c.n)
            found = await store.read(lambda tx: tx.connection.execute(asked).all())
            assert found == [(row["entry"], "pglz"), (row["entry"], "lz4")]

    offline.change(settings, former, AT)
    asyncio.run(play())


@pytest.mark.postgres
@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
@pytest.mark.parametrize(
    ("here", "there"),
    [
        pytest.param("SET COMPRESSION", "SET PACKING", id="syntax_error, as before PostgreSQL 14"),
        pytest.param("'journal.entry'", "'journal.n'", id="feature_not_supported, as without lz4"),
    ],
)
def test_a_server_without_lz4_migrates_and_packs_as_before(settings, here, there):
    def unit(tx):
        known, lz4 = before_lz4()
        assert here in lz4.sql
        migrate(tx.connection, AT, [*known, replace(lz4, sql=lz4.sql.replace(here, there))])
        assert packed(tx) == {}
        assert portable.version(tx) == lz4.number

    offline.change(settings, unit, AT)


@pytest.mark.postgres
@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
def test_a_long_text_that_is_not_there_is_no_lack_of_lz4(settings):
    known, lz4 = before_lz4()
    wrong = replace(lz4, sql=lz4.sql.replace("'journal.entry'", "'journal.absent'"))
    with pytest.raises(DBAPIError, match="absent"):
        offline.rehearse(settings, lambda tx: migrate(tx.connection, AT, [*known, wrong]), AT)
