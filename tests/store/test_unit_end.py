"""What a unit puts off is written whole when it ends, by one statement on PostgreSQL, or none of it is."""

import asyncio
from datetime import UTC, datetime

import pytest

from connector.protocol.machine import Role
from connector.store import contracts, events, journal, negotiations, prepared
from connector.store.contracts import StoredContract, StoredSeal
from connector.store.errors import StaleVersion
from connector.store.negotiations import Negotiation
from connector.store.unit_end import flush

AT = datetime(2026, 1, 2, tzinfo=UTC)
OF = {"owner": "root", "role": Role.PROVIDER, "peer": "did:web:b", "dataset": "d"}
TABLES = ("negotiations", "contracts", "seals", "journal", "events")


def negotiate(tx):
    journal.begin(tx, "root", "n")
    terms = {"offer_id": "o", "offer": "{}", "offer_by": "provider"}
    negotiations.save(tx, Negotiation(pid="n", state="AGREED", peer_url="https://b", **OF, **terms))


def conclude(tx):
    """Change or add a row of each table, two of most of them."""
    negotiation, contract = negotiations.load(tx, "root", "n"), contracts.find(tx, "root", "n")
    negotiation.state, negotiation.agreement = "FINALIZED", "a"
    contract = contract or StoredContract(negotiation="n", agreement="a", status="sealed-by-both", jws="S", **OF)
    contract.document = f"{contract.document or ''}D"
    contracts.save(tx, contract)
    if contract.version == 0:
        contracts.add_seals(tx, seal(Role.PROVIDER), seal(Role.CONSUMER))
    for kind in ("sealed", "conclusion-sealed"):
        journal.append(tx, "root", "n", kind, {"é": kind})
        events.append(tx, "root", kind, "n", told=kind)
    negotiations.save(tx, negotiation)


def seal(role):
    return StoredSeal(
        owner="root", negotiation="n", role=role, contract="c", kid="k", sha256=role.value, jws="S", created_at=AT
    )


def counted(tx):
    return {table: tx.connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() for table in TABLES}


@pytest.fixture
def asked(monkeypatch):
    """Each statement that was carried out, as its text."""
    texts, carry_out = [], prepared._carry_out

    def watched(connection, text, run, given):
        texts.append(text)
        carry_out(connection, text, run, given)

    monkeypatch.setattr(prepared, "_carry_out", watched)
    return texts


def test_all_of_it_is_written_and_the_order_is_kept(opened, asked):
    async def play():
        async with opened() as store:
            await store.write(negotiate)
            asked.clear()
            await store.write(conclude)
            changing = [text for text in asked if not text.startswith("SELECT")]
            is_one = await store.read(lambda tx: tx.connection.dialect.name == "postgresql")
            assert len(changing) == (1 if is_one else 5)
            found = await store.read(counted)
            assert found == {"negotiations": 1, "contracts": 1, "seals": 2, "journal": 2, "events": 4}
            entries = await store.read(lambda tx: journal.since(tx, "root", "n"))
            assert [(one.n, one.kind) for one in entries] == [(1, "sealed"), (2, "conclusion-sealed")]
            assert entries[1].hash == journal.link(entries[0].hash, entries[1].text)
            told = await store.read(
                lambda tx: tx.connection.exec_driver_sql("SELECT kind FROM events ORDER BY id").scalars().all()
            )
            assert told == ["negotiation.moved", "sealed", "conclusion-sealed", "negotiation.moved"]
            await store.write(conclude)  # the same rows again, now changed
            again = await store.read(lambda tx: contracts.find(tx, "root", "n"))
            assert (again.version, again.document, again.jws) == (2, "DD", "S")
            assert (await store.read(lambda tx: negotiations.peek(tx, "root", "n"))).version == 3

    asyncio.run(play())


@pytest.mark.parametrize("table", ["negotiations", "contracts"])
def test_where_somebody_was_faster_nothing_is_written(opened, table):
    def overtaken(tx):
        conclude(tx)
        tx.connection.exec_driver_sql(f"UPDATE {table} SET version = version + 1")
        with pytest.raises(StaleVersion):
            flush(tx)
        raise KeyError("undone")

    async def play():
        async with opened() as store:
            await store.write(negotiate)
            await store.write(conclude)
            before = await store.read(counted)
            with pytest.raises(KeyError):
                await store.write(overtaken)
            assert await store.read(counted) == before

    asyncio.run(play())


def test_who_asks_within_the_unit_finds_what_was_saved(opened):
    def unit(tx):
        conclude(tx)
        found = negotiations.load(tx, "root", "n")
        found.attempts = 3
        negotiations.save(tx, found)
        negotiations.save(tx, found)
        return found.state, negotiations.peek(tx, "root", "n").attempts, len(negotiations.page(tx, "root"))

    async def play():
        async with opened() as store:
            await store.write(negotiate)
            assert await store.write(unit) == ("FINALIZED", 3, 1)
            assert (await store.read(lambda tx: negotiations.peek(tx, "root", "n"))).version == 4

    asyncio.run(play())


def test_many_rows_are_written_one_after_the_other(opened):
    def unit(tx):
        for place in range(200):
            journal.append(tx, "root", "n", "many", {"place": place})
            events.append(tx, "root", "many", str(place))

    async def play():
        async with opened() as store:
            await store.write(unit)
            entries = await store.read(lambda tx: journal.since(tx, "root", "n"))
            assert [one.entry["place"] for one in entries] == list(range(200))
            assert (await store.read(counted))["events"] == 200

    asyncio.run(play())
