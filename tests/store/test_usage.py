"""What was used is counted exactly, whoever counts at once, on both stores and over two replicas."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from connector.protocol.machine import Role
from connector.settings import Settings
from connector.store import agreements, transfers, usage
from connector.store.agreements import StoredAgreement
from connector.store.db import Store, Tx
from connector.store.transfers import Transfer
from connector.store.usage import Ongoing, StoredUsage
from policies import UsageState
from tests.policies import usage_contract

OWNER, AGREEMENT, COUNTER, PEER = "ville", "urn:agreement", "rule 1", "did:web:peer.example"
CLIENTS, LIMIT = 64, 23


class Exhausted(Exception):
    """There is no use left."""


def seed(tx: Tx, transfers_: int = 1) -> None:
    stored = StoredAgreement(
        owner=OWNER, id=AGREEMENT, role=Role.PROVIDER, peer=PEER, negotiation="urn:negotiation", dataset="urn:data",
        document=json.dumps({}), accepted_terms=[], status="active", created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    agreements.add(tx, stored)
    for number in range(transfers_):
        row = Transfer(
            owner=OWNER, pid=f"urn:transfer:{number}", role=Role.PROVIDER, peer=PEER, peer_pid=f"urn:p:{number}",
            peer_url="http://127.0.0.1:1", state="STARTED", agreement=AGREEMENT, dataset="urn:data", format="x",
        )  # fmt: skip
        transfers.save(tx, row)


def use(transfer: str, content: str = "sha") -> Callable[[Tx], int]:
    """Return a unit that takes the next use, as the gate does."""

    def unit(tx: Tx) -> int:
        usage.lock(tx, OWNER, transfer, AGREEMENT)
        rank = usage.counts(tx, OWNER, AGREEMENT).get(COUNTER, 0) + 1
        if rank > LIMIT:
            raise Exhausted
        usage.add(tx, OWNER, AGREEMENT, COUNTER)
        usage.note(tx, OWNER, transfer, content)
        return rank

    return unit


async def outcomes(stores: list[Store], transfer_of: Callable[[int], str]) -> list[Any]:
    tasks = (stores[n % len(stores)].write(use(transfer_of(n))) for n in range(CLIENTS))
    return await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize("count", [1, CLIENTS], ids=["one transfer", "a transfer each"])
def test_as_many_uses_are_taken_as_there_are(opened: Any, count: int) -> None:
    async def play() -> tuple[list[Any], dict[str, int]]:
        async with opened() as store:
            await store.write(lambda tx: seed(tx, count))
            found = await outcomes([store], lambda n: f"urn:transfer:{n % count}")
            return found, await store.read(lambda tx: usage.counts(tx, OWNER, AGREEMENT))

    found, counted = asyncio.run(play())
    assert sorted(one for one in found if isinstance(one, int)) == list(range(1, LIMIT + 1))
    assert [type(one) for one in found if not isinstance(one, int)] == [Exhausted] * (CLIENTS - LIMIT)
    assert counted == {COUNTER: LIMIT}


@pytest.mark.postgres
def test_two_replicas_count_together(settings: Settings, opened: Any) -> None:
    if settings.database_url is None:
        return  # the other store has no replicas

    async def play() -> list[Any]:
        async with opened() as one, opened() as other:
            await one.write(lambda tx: seed(tx, CLIENTS))
            return await outcomes([one, other], lambda n: f"urn:transfer:{n}")

    found = asyncio.run(play())
    assert sorted(one for one in found if isinstance(one, int)) == list(range(1, LIMIT + 1))


def test_a_transfer_knows_what_it_was_delivered(opened: Any) -> None:
    async def play() -> list[set[str]]:
        async with opened() as store:
            await store.write(lambda tx: seed(tx, 2))
            for transfer, content in (("urn:transfer:0", "a"), ("urn:transfer:0", "b"), ("urn:transfer:0", "a")):
                await store.write(use(transfer, content))
            return [await store.read(lambda tx, n=n: usage.delivered(tx, OWNER, f"urn:transfer:{n}")) for n in range(2)]

    assert asyncio.run(play()) == [{"a", "b"}, set()]


def test_a_unit_that_fails_counts_nothing(opened: Any) -> None:
    def fails(tx: Tx) -> None:
        use("urn:transfer:0")(tx)
        raise Exhausted

    async def play() -> dict[str, int]:
        async with opened() as store:
            await store.write(seed)
            with pytest.raises(Exhausted):
                await store.write(fails)
            return await store.read(lambda tx: usage.counts(tx, OWNER, AGREEMENT))

    assert asyncio.run(play()) == {}


def test_counts_of_another_owner_are_not_seen(opened: Any) -> None:
    async def play() -> dict[str, int]:
        async with opened() as store:
            await store.write(seed)
            await store.write(use("urn:transfer:0"))
            return await store.read(lambda tx: usage.counts(tx, "agglo", AGREEMENT))

    assert asyncio.run(play()) == {}


@pytest.mark.parametrize("rule", usage_contract.RULES, ids=lambda rule: rule.__name__)
def test_the_rows_keep_the_contract_of_the_library(opened: Any, rule: Callable[[UsageState], None]) -> None:
    async def play() -> None:
        async with opened() as store:
            await store.write(seed)
            await store.write(lambda tx: rule(StoredUsage(tx, OWNER, AGREEMENT)))

    asyncio.run(play())


def test_what_goes_on_is_judged_by_the_rank_that_it_has(opened: Any) -> None:
    async def play() -> tuple[int, int, dict[str, int]]:
        async with opened() as store:
            await store.write(seed)
            for _ in range(3):
                await store.write(use("urn:transfer:0"))

            def unit(tx: Tx) -> tuple[int, int]:
                ongoing = Ongoing(StoredUsage(tx, OWNER, AGREEMENT))
                return ongoing.used(COUNTER), ongoing.reserve([COUNTER]).ranks[COUNTER]

            return *await store.write(unit), await store.read(lambda tx: usage.counts(tx, OWNER, AGREEMENT))

    assert asyncio.run(play()) == (2, 3, {COUNTER: 3})
