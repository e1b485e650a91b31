"""A contract is sealed and concluded on both stores, whose schema refuses a second seal and any change of one."""

import asyncio
import json
import sqlite3
from contextlib import AsyncExitStack, ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from connector.app import ROOT, Node
from connector.protocol.machine import Role
from connector.store import agreements, contracts, tables
from connector.store.contracts import StoredContract, StoredNotice
from connector.store.db import Tx
from connector.store.errors import StaleVersion
from contracts.jws import read_sealed
from tests.harness import nodes
from tests.harness.sealing import give_card
from tests.tools.postgres import Postgres


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def server(request: pytest.FixtureRequest) -> Postgres | None:
    """Where the databases are; None: in files."""
    if request.param == "sqlite":
        return None
    found: Postgres = request.getfixturevalue("postgres")
    return found


def test_a_contract_is_concluded_and_its_seals_are_append_only(server: Postgres | None, tmp_path: Path) -> None:
    async def scene(provider: Node, consumer: Node) -> None:
        await give_card(provider, "provider")
        await give_card(consumer, "consumer")
        await nodes.publish(provider)
        for _ in range(2):  # with keys that are still to be decrypted, then with keys at hand, which seal at once
            agreement = await nodes.agreed(consumer, provider)
            ours, theirs = [await concluded(node, agreement) for node in (provider, consumer)]
            assert (ours.sha256, ours.jws, ours.conclusion) == (theirs.sha256, theirs.jws, theirs.conclusion)
        await refuses(provider, ours)
        await holds_one_copy(provider, ours)
        await shares_one_record(provider, ours)
        await ends(consumer, provider, agreement)
        await keeps_notices_once(provider, ours)
        if server is None:
            await is_found_without_reading_all(provider, ours)

    async def play(urls: list[str | None]) -> None:
        async with AsyncExitStack() as stack:
            provider, consumer = [
                await stack.enter_async_context(nodes.running(tmp_path / name, database=url))
                for name, url in zip(("provider", "consumer"), urls, strict=True)
            ]
            await scene(provider, consumer)

    with ExitStack() as stack:
        asyncio.run(play([stack.enter_context(server.fresh_database()) if server else None for _ in range(2)]))


async def is_found_without_reading_all(node: Node, ours: StoredContract) -> None:
    """Assert that each name of a contract is looked up in an index of its own, however many the owner has."""

    def unit(tx: Tx) -> list[str]:
        asked: list[str] = []
        database = tx.connection.connection.dbapi_connection
        assert isinstance(database, sqlite3.Connection)
        database.set_trace_callback(asked.append)
        try:
            contracts.named(tx, ROOT, ours.agreement)
            assert not contracts.is_name_taken(tx, ROOT, ours.agreement, besides=ours.negotiation)
            assert contracts.is_name_taken(tx, ROOT, ours.agreement, besides="urn:uuid:another")
        finally:
            database.set_trace_callback(None)
        plans = [database.execute(f"EXPLAIN QUERY PLAN {one}").fetchall() for one in asked if one.startswith("SELECT")]
        return [step[-1] for plan in plans for step in plan if " contracts" in step[-1]]

    steps = await node.store.read(unit)
    assert len(steps) == 3 * 3
    assert [one for one in steps if "(owner=? AND " not in one] == []


class Undone(Exception):
    """Ends a unit that only looked."""


async def concluded(node: Node, agreement: str) -> StoredContract:
    """Return the contract on an agreement once it is concluded."""
    async with asyncio.timeout(30):
        while True:
            found = await node.store.read(lambda tx: contracts.named(tx, ROOT, agreement))
            if found.status == "concluded":
                return found
            await asyncio.sleep(0.01)


async def refuses(node: Node, contract: StoredContract) -> None:
    def again(tx: Tx) -> None:
        seal = contracts.seal_of(tx, ROOT, contract.negotiation, Role.PROVIDER)
        assert seal is not None
        contracts.add_seals(tx, replace(seal, sha256="0" * 64))

    def change(tx: Tx) -> None:
        tx.connection.execute(tables.seals.update().values(sha256="0" * 64))

    def remove(tx: Tx) -> None:
        tx.connection.execute(tables.seals.delete())

    for unit in (again, change, remove):
        with pytest.raises(DBAPIError):
            await node.store.write(unit)


async def shares_one_record(node: Node, contract: StoredContract) -> None:
    """What a unit reads after a change is the changed record, written at once; who was overtaken runs again."""

    def unit(tx: Tx) -> None:
        found = contracts.find(tx, ROOT, contract.negotiation)
        assert found is not None
        assert found == contract
        for found.warned_days in (90, 30):
            contracts.save(tx, found)
            assert contracts.find(tx, ROOT, contract.negotiation) is found
        assert contracts.find(tx, ROOT, "another") is None
        assert contracts.named(tx, ROOT, contract.agreement).warned_days == 30

    await node.store.write(unit)
    stored = await node.store.read(lambda tx: contracts.find(tx, ROOT, contract.negotiation))
    assert stored is not None
    assert (stored.warned_days, stored.version) == (30, contract.version + 1)

    def overtaken(tx: Tx) -> None:
        found = contracts.find(tx, ROOT, contract.negotiation)
        assert found is not None
        tx.connection.execute(tables.contracts.update().values(version=found.version + 1, warned_days=7))
        contracts.save(tx, found)
        with pytest.raises(StaleVersion):
            contracts.flush(tx)
        raise Undone

    with pytest.raises(Undone):
        await node.store.write(overtaken)


async def holds_one_copy(node: Node, contract: StoredContract) -> None:
    """The document and its seals stand in the row of the newest seal alone, until another text takes their place."""

    def row(tx: Tx) -> tuple[str, str]:
        columns = tables.contracts.c
        query = select(columns.document, columns.jws).where(columns.negotiation == contract.negotiation)
        found = tx.connection.execute(query).one()
        return (found.document, found.jws)

    def unit(tx: Tx) -> None:
        assert row(tx) == ("", "")
        assert contract.jws is not None
        seal = contracts.seal_of(tx, ROOT, contract.negotiation, Role.CONSUMER)
        assert seal is not None
        assert contract.jws == seal.jws
        assert contract.document == read_sealed(contract.jws).payload.decode()
        stamped = with_time_stamps(contract.jws)
        for text, held in ((stamped, stamped), (contract.jws, ""), ("?", "?")):
            found = contracts.find(tx, ROOT, contract.negotiation)
            assert found is not None
            found.jws = text
            contracts.save(tx, found)
            contracts.flush(tx)
            assert row(tx) == ("" if text != "?" else contract.document, held)
            tx.contracts.clear()
            found = contracts.find(tx, ROOT, contract.negotiation)
            assert found is not None
            assert (found.jws, found.document) == (text, contract.document)
        raise Undone

    with pytest.raises(Undone):
        await node.store.write(unit)


def with_time_stamps(jws: str) -> str:
    """Return the text as it would stand with something added beside its seals."""
    told = json.loads(jws)
    told["signatures"][0]["header"] = {"etsiU": ["e30"]}
    return json.dumps(told, separators=(",", ":"))


async def ends(one: Node, other: Node, agreement: str) -> None:
    """The contract that one ends has ended on both, and both hold the same two notices."""
    await one.evidence.terminate(ROOT, agreement, "", "", by=nodes.BY)
    async with asyncio.timeout(30):
        while True:
            held = [await notices_of(node, agreement) for node in (one, other)]
            if held[0] == held[1] and len(held[0]) == 2:
                break
            await asyncio.sleep(0.01)
    for node in (one, other):
        assert (await node.store.read(lambda tx: agreements.load(tx, ROOT, agreement))).status == "ended"


async def notices_of(node: Node, agreement: str) -> set[tuple[str, str]]:
    def unit(tx: Tx) -> set[tuple[str, str]]:
        contract = contracts.named(tx, ROOT, agreement)
        return {(one.kind, one.jws) for one in contracts.notices(tx, ROOT, contract.negotiation)}

    return await node.store.read(unit)


async def keeps_notices_once(node: Node, contract: StoredContract) -> None:
    def notify(tx: Tx) -> list[bool]:
        found = contracts.find(tx, ROOT, contract.negotiation)
        assert found is not None
        return [contracts.add_notice(tx, found, _notice(tx, name)) for name in ("a", "b", "a")]

    assert await node.store.write(notify) == [True, True, False]
    counted = [
        await node.store.read(lambda tx, by=by: contracts.count_notices(tx, contract, by))
        for by in ("did:web:a", "did:web:b")
    ]
    assert counted == [2, 0]
    found = await node.store.read(lambda tx: contracts.notices(tx, ROOT, contract.negotiation))
    assert [(one.n, one.sha256) for one in found[-2:]] == [(len(found) - 1, "a"), (len(found), "b")]

    def change(tx: Tx) -> None:
        tx.connection.execute(tables.contract_notices.update().values(kind="receipt"))

    with pytest.raises(DBAPIError):
        await node.store.write(change)


def _notice(tx: Tx, sha256: str) -> StoredNotice:
    return StoredNotice(n=0, kind="termination", sha256=sha256, author="did:web:a", jws="{}", created_at=tx.now)
