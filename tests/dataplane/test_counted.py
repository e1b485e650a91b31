"""Deliveries that count: each is judged and counted before its first byte, exactly, whoever asks at once."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from connector.dataplane.gate import Taking
from connector.protocol.machine import Role
from connector.services.permits import Flows
from connector.store import agreements, grants, journal, usage
from connector.store.agreements import StoredAgreement
from connector.store.db import Tx

AGREEMENT, OWNER, PARTNER = "urn:uuid:agreement", "ville", "did:web:consumer.example"
FLOW = "urn:uuid:00000000-0000-4000-8000-000000000001"
PATH = f"/data/{FLOW}"
CONTENT = b"x" * 1000
BIG = 3 << 20


def up_to(count: int) -> dict[str, Any]:
    value = {"@type": "xsd:integer", "@value": str(count)}
    constraint = {"leftOperand": "odrl:count", "operator": "lteq", "rightOperand": value}
    return {"permission": [{"action": "use", "constraint": [constraint]}]}


def for_ninety_days(policy: dict[str, Any]) -> dict[str, Any]:
    """Return the terms with a duration beside what else they ask."""
    value = {"@type": "xsd:duration", "@value": "P90D"}
    constraint = {"leftOperand": "odrl:elapsedTime", "operator": "lteq", "rightOperand": value}
    (permission,) = policy["permission"]
    return {"permission": [permission | {"constraint": [constraint, *permission.get("constraint", ())]}]}


def agree(policy: dict[str, Any]) -> Any:
    """Return a unit that concludes the agreement of every transfer on the stage."""
    parties = {"assigner": "did:web:ville.example", "assignee": PARTNER, "timestamp": "2026-01-01T00:00:00Z"}
    document = {"@id": AGREEMENT, "@type": "Agreement", "target": "lampes", **parties, **policy}

    def unit(tx: Tx) -> None:
        agreements.add(
            tx,
            StoredAgreement(
                owner=OWNER,
                id=AGREEMENT,
                role=Role.PROVIDER,
                peer=PARTNER,
                negotiation="urn:n",
                dataset="lampes",
                document=json.dumps(document),
                accepted_terms=[],
                status="active",
                created_at=datetime(2026, 1, 1, tzinfo=UTC),
            ),
        )

    return unit


def counted(node: Any, limit: int, play: Any, content: bytes = CONTENT, **options: Any) -> Any:
    """Return what `play(node)` returns, on a node that delivers a content `limit` times."""

    async def whole() -> Any:
        async with node(permits=Flows("category"), **options) as one:
            await one.publish(content)
            await one.store.write(agree(up_to(limit)))
            return await play(one)

    return asyncio.run(whole())


async def used(one: Any) -> list[int]:
    return list((await one.store.read(lambda tx: usage.counts(tx, OWNER, AGREEMENT))).values())


async def entries(one: Any, transfer: str = FLOW) -> list[Any]:
    found = await one.store.read(lambda tx: journal.page(tx, OWNER, transfer))
    return [entry for entry in found if entry.kind == "used"]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> Iterator[str | None]:
    if request.param == "sqlite":
        yield None
        return
    with request.getfixturevalue("postgres").fresh_database() as url:
        yield url


@pytest.mark.parametrize("is_shared", [True, False], ids=["one transfer", "a transfer each"])
def test_64_clients_at_once_get_what_there_is(node: Any, token: Any, database: str | None, is_shared: bool) -> None:
    async def play(one: Any) -> tuple[list[int], list[int], int]:
        flows = [FLOW] if is_shared else [f"urn:uuid:00000000-0000-4000-8000-{n:012d}" for n in range(64)]
        bearers = [(f"/data/{flow}", token(await one.provide(flow))) for flow in flows]
        asked = (one.get(*bearers[n % len(bearers)]) for n in range(64))
        statuses = [reply.status for reply in await asyncio.gather(*asked)]
        told = [await entries(one, flow) for flow in flows]
        return statuses, await used(one), sum(map(len, told))

    statuses, counts, told = counted(node, 23, play, database_url=database)
    assert (statuses.count(200), statuses.count(403)) == (23, 41)
    assert counts == [23]
    assert told == 23


@pytest.mark.postgres
def test_two_replicas_deliver_together_what_there_is(node: Any, token: Any, postgres: Any) -> None:
    async def play() -> tuple[list[int], list[int]]:
        options = {"permits": Flows("category"), "database_url": url}
        async with node(**options) as one, node(**options) as other:
            await one.publish(CONTENT)
            await one.store.write(agree(up_to(23)))
            bearer = token(await one.provide())
            replies = await asyncio.gather(*((one, other)[n % 2].get(PATH, bearer) for n in range(64)))
            return [reply.status for reply in replies], await used(other)

    with postgres.fresh_database() as url:
        statuses, counts = asyncio.run(play())
    assert (statuses.count(200), statuses.count(403)) == (23, 41)
    assert counts == [23]


@pytest.mark.parametrize("policy", [{"permission": [{"action": "use"}]}, up_to(5)], ids=["free", "counted"])
def test_a_duration_runs_from_the_instant_that_the_agreement_bears(
    node: Any, token: Any, policy: dict[str, Any]
) -> None:
    """From which its pages count, too. The row came into the store later, when that time had already run out."""

    async def play() -> int:
        async with node(permits=Flows("category")) as one:
            await one.publish(CONTENT)
            await one.store.write(agree(for_ninety_days(policy)))
            return (await one.get(PATH, token(await one.provide()))).status

    assert asyncio.run(play()) == 403


def test_a_download_that_is_resumed_is_one_use(node: Any, token: Any) -> None:
    async def play(one: Any) -> tuple[Any, Any, Any, list[int]]:
        bearer = token(await one.provide())
        reading = await one.reading(PATH, bearer)
        first = await reading.reader.readexactly(1000)
        reading.writer.transport.abort()
        rest = await one.get(PATH, bearer, Range=f"bytes={len(first)}-", If_Range=reading.headers["etag"])
        return first, rest, await one.get(PATH, bearer), await used(one)

    first, rest, again, counts = counted(node, 1, play, bytes(BIG))
    assert rest.status == 206
    assert len(first) + len(rest.body) == BIG
    assert again.status == 403
    assert counts == [1]


def test_the_tail_of_what_was_never_delivered_is_a_use(node: Any, token: Any) -> None:
    async def play(one: Any) -> tuple[list[int], list[int]]:
        bearer = token(await one.provide())
        statuses = [(await one.get(PATH, bearer, Range="bytes=1-")).status for _ in range(2)]
        await one.publish(b"another content" * 100)
        statuses.append((await one.get(PATH, bearer, Range="bytes=1-")).status)
        return statuses, await used(one)

    assert counted(node, 1, play) == ([206, 206, 403], [1])


def test_what_delivers_nothing_is_no_use(node: Any, token: Any) -> None:
    async def play(one: Any) -> tuple[list[int], list[int]]:
        bearer = token(await one.provide())
        replies = [
            await one.get(PATH, bearer, "HEAD"),
            await one.get(PATH, bearer, Range="bytes=5000-"),
            await one.get(PATH, None),
        ]
        (one.folder / "lampes.csv").write_bytes(b"changed")
        replies.append(await one.get(PATH, bearer))
        return [reply.status for reply in replies], await used(one)

    assert counted(node, 1, play) == ([200, 416, 401, 409], [])


def test_a_counted_verdict_is_never_remembered(node: Any, token: Any) -> None:
    async def play(one: Any) -> dict[str, Any]:
        bearer = token(await one.provide())
        assert (await one.get(PATH, bearer)).status == 200
        return dict(one.gate._admissions)

    assert counted(node, 5, play) == {}


def test_what_the_last_use_began_goes_on(node: Any, token: Any) -> None:
    """Judged again, suspended and resumed, or with a renewed token: the last use is not refused its own end."""

    async def play(one: Any) -> tuple[Any, int, Any]:
        bearer = token(await one.provide())
        reading = await one.reading(PATH, bearer)
        until = await one.gate.judge_again(OWNER, FLOW)
        reading.writer.transport.abort()
        await one.stop()
        fresh = await one.resume()
        refresh = next(p.value for p in fresh.endpoint_properties if p.name == "refreshToken")
        renewed = await one.renew(f"{PATH}/token", f"grant_type=refresh_token&refresh_token={refresh}")
        rest = await one.get(PATH, token(fresh), Range="bytes=1000-")
        return until, renewed.status, rest

    until, renewed, rest = counted(node, 1, play, bytes(BIG))
    assert until is None
    assert renewed == 200
    assert (rest.status, len(rest.body)) == (206, BIG - 1000)


def test_a_push_is_one_use_however_often_it_is_sent(node: Any) -> None:
    async def play(one: Any) -> list[int]:
        await one.provide()
        for _ in range(3):

            def unit(tx: Tx) -> None:
                flow = grants.flow(tx, OWNER, FLOW)
                assert flow is not None
                one.gate.require_permitted(tx, flow, Taking(goes_on=True))

            await one.store.write(unit)
        return await used(one)

    assert counted(node, 1, play) == [1]


def test_the_journal_tells_each_use_by_its_number(node: Any, token: Any) -> None:
    async def play(one: Any) -> list[Any]:
        bearer = token(await one.provide())
        for _ in range(2):
            await one.get(PATH, bearer)
        return await entries(one)

    told = [entry.entry for entry in counted(node, 5, play)]
    assert [list(entry["ranks"].values()) for entry in told] == [[1], [2]]
    assert {entry["agreement"] for entry in told} == {AGREEMENT}
    assert len({entry["content"] for entry in told}) == 1


def test_a_refusal_is_told_to_the_journal_in_full_once_and_to_the_partner_by_category(node: Any, token: Any) -> None:
    async def play(one: Any) -> tuple[Any, list[Any]]:
        bearer = token(await one.provide())
        replies = [await one.get(PATH, bearer) for _ in range(4)]
        found = await one.store.read(lambda tx: journal.page(tx, OWNER, FLOW))
        return replies[-1], [entry.entry for entry in found if entry.kind == "data-refused"]

    reply, told = counted(node, 1, play)
    assert (reply.status, reply.problem["code"]) == (403, "policy-refuses")
    assert "1" not in reply.problem["detail"]["en"]
    assert "the number or the quantity" in reply.problem["detail"]["en"]
    (entry,) = told
    assert any("1" in reason for reason in entry["explained"]["en"])
    assert set(entry["explained"]) == {"fr", "en"}
