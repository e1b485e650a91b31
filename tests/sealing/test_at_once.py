"""What partners do about a contract at the same instant, between two real nodes, on both stores."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import asyncpg  # type: ignore[import-untyped]
import pytest

from connector.app import ROOT, Node
from connector.ids import new_id
from connector.problems import Conflict, NotFound
from connector.protocol import transfer as t
from connector.store import agreements, contracts, journal, negotiations, transfers
from connector.store.contracts import StoredContract
from connector.store.db import Tx
from connector.store.transfers import Transfer
from contracts.jws import NOTICE, read_sealed
from contracts.notice import notice
from contracts.seals import seal_now
from tests.harness import nodes
from tests.harness.sealing import give_card
from tests.tools.postgres import Postgres

ROUNDS = 4
SIDES = 2
Scene = Callable[[Node, Node], Awaitable[None]]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def perform(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Scene], None]:
    """Plays a scene on a provider and a consumer, which have cards and an open dataset, on either store."""
    server: Postgres | None = request.getfixturevalue("postgres") if request.param == "postgres" else None

    def play(scene: Scene) -> None:
        with ExitStack() as stack:
            urls = [stack.enter_context(server.fresh_database()) if server else None for _ in range(SIDES)]
            asyncio.run(on(scene, urls))

    async def on(scene: Scene, urls: list[str | None]) -> None:
        async with both(tmp_path, urls) as (provider, consumer):
            await scene(provider, consumer)

    return play


@asynccontextmanager
async def both(folder: Path, urls: list[str | None]) -> AsyncIterator[tuple[Node, Node]]:
    async with AsyncExitStack() as stack:
        provider, consumer = [
            await stack.enter_async_context(nodes.running(folder / name, database=url))
            for name, url in zip(("provider", "consumer"), urls, strict=True)
        ]
        await give_card(provider, "provider")
        await give_card(consumer, "consumer")
        await nodes.publish(provider)
        yield provider, consumer


async def concluded(provider: Node, consumer: Node) -> str:
    """Return an agreement whose contract both have concluded."""
    agreement = await nodes.agreed(consumer, provider)

    async def stands() -> bool:
        found = [
            await node.store.read(lambda tx: contracts.named(tx, ROOT, agreement)) for node in (provider, consumer)
        ]
        return {one.status for one in found} == {"concluded"}

    await until(stands)
    return agreement


async def until(claim: Callable[[], Awaitable[bool]], within_s: float = 30) -> None:
    async with asyncio.timeout(within_s):
        while not await claim():
            await asyncio.sleep(0.01)


async def sealed(consumer: Node, agreement: str, kind: str) -> bytes:
    """Return a notice of the consumer's."""
    contract = await consumer.store.read(lambda tx: contracts.named(tx, ROOT, agreement))
    at = consumer.store.clock.now()
    told = notice(read_sealed(contract.jws or ""), kind, by="consumer", at=at)  # type: ignore[arg-type]
    signer = consumer.seals.near(ROOT)
    assert signer is not None
    return seal_now(told, signer, media_type=NOTICE, at=at).text.encode()


async def post(consumer: Node, provider: Node, path: str, body: bytes) -> int:
    """Return the status that the provider answers the consumer."""
    headers = {"Authorization": await consumer.identity.token_for(ROOT, provider.addresses.did(ROOT))}
    url = f"{provider.settings.base_url}{path}"
    async with aiohttp.ClientSession(headers=headers) as session, session.post(url, data=body) as answer:
        return answer.status


def request_of(consumer: Node, agreement: str, pid: str) -> bytes:
    """Return a request for data, of a transfer that the consumer's node knows nothing of."""
    told = {
        "@context": ["https://w3id.org/dspace/2025/1/context.jsonld"],
        "@type": t.REQUEST,
        "consumerPid": pid,
        "agreementId": agreement,
        "format": "HttpData-PULL",
        "callbackAddress": consumer.addresses.dsp_base(ROOT),
    }
    return json.dumps(told).encode()


async def under(node: Node, agreement: str) -> list[Transfer]:
    found = await node.store.read(lambda tx: transfers.page(tx, ROOT, limit=500))
    return [one for one in found if one.agreement == agreement]


async def status(node: Node, agreement: str) -> str:
    return (await node.store.read(lambda tx: agreements.load(tx, ROOT, agreement))).status


def test_evidence_that_is_handed_in_many_times_at_once_is_kept_once(perform: Callable[[Scene], None]) -> None:
    async def scene(provider: Node, consumer: Node) -> None:
        agreement = await concluded(provider, consumer)
        text = await sealed(consumer, agreement, "suspension")
        answers = await asyncio.gather(*(post(consumer, provider, f"/evidence/{agreement}", text) for _ in range(8)))
        assert Counter(answers) == {201: 1, 200: 7}

        def kept(tx: Tx) -> tuple[list[str], list[str]]:
            found = contracts.named(tx, ROOT, agreement)
            entries = journal.page(tx, ROOT, found.negotiation, limit=500)
            told = [one.kind for one in contracts.notices(tx, ROOT, found.negotiation)]
            return told, [one.kind for one in entries if one.kind in ("notice-received", "notice-given")]

        async def is_receipted() -> bool:
            return len((await provider.store.read(kept))[0]) == 2

        await until(is_receipted)
        assert await provider.store.read(kept) == (["suspension", "receipt"], ["notice-received", "notice-given"])

    perform(scene)


def test_a_notice_that_ends_a_contract_and_a_request_for_data_at_once_leave_no_transfer_under_way(
    perform: Callable[[Scene], None],
) -> None:
    async def scene(provider: Node, consumer: Node) -> None:
        for _ in range(ROUNDS):
            agreement = await concluded(provider, consumer)
            text = await sealed(consumer, agreement, "termination")
            asked = [request_of(consumer, agreement, new_id()) for _ in range(4)]
            answers = await asyncio.gather(
                *(post(consumer, provider, "/dsp/2025-1/transfers/request", one) for one in asked[:2]),
                post(consumer, provider, f"/evidence/{agreement}", text),
                *(post(consumer, provider, "/dsp/2025-1/transfers/request", one) for one in asked[2:]),
            )
            assert answers[2] == 201
            assert set(answers) <= {201, 404}
            assert await status(provider, agreement) == "ended"
            await until(lambda of=agreement: all_ended(provider, of))  # type: ignore[misc]

    async def all_ended(node: Node, agreement: str) -> bool:
        return all(one.state == t.TERMINATED or one.pending == t.TERMINATION for one in await under(node, agreement))

    perform(scene)


def test_a_contract_that_both_end_as_soon_as_they_can_has_ended_on_both(perform: Callable[[Scene], None]) -> None:
    async def scene(provider: Node, consumer: Node) -> None:
        await nodes.acquaint(consumer, provider)
        for _ in range(ROUNDS):
            asked = await nodes.ask(consumer, provider.addresses.did(ROOT), "urn:test:lampadaires")
            async with asyncio.TaskGroup() as both_end:
                for node in (provider, consumer):
                    both_end.create_task(until(lambda one=node, of=asked.pid: ends(one, of)))  # type: ignore[misc]
            await until(lambda of=asked.pid: holds_the_same(provider, consumer, of))  # type: ignore[misc]
            found = await named(consumer, asked.pid)
            assert [await status(node, found.agreement) for node in (provider, consumer)] == ["ended", "ended"]
            assert found.status == "concluded"

    perform(scene)


async def named(node: Node, consumer_pid: str) -> StoredContract:
    """Return the contract of the negotiation that the consumer calls so. Raises NotFound."""

    def unit(tx: Tx) -> StoredContract:
        rows = negotiations.page(tx, ROOT, limit=500)
        ours = next((one.pid for one in rows if consumer_pid in (one.pid, one.peer_pid)), "")
        return contracts.named(tx, ROOT, ours)

    return await node.store.read(unit)


async def ends(node: Node, consumer_pid: str) -> bool:
    """End a contract; False while the node does not let us."""
    try:
        contract = await named(node, consumer_pid)
        await node.evidence.terminate(ROOT, contract.negotiation, "over", "Fini", by=nodes.BY)
    except (NotFound, Conflict):
        return False
    return True


async def holds_the_same(provider: Node, consumer: Node, consumer_pid: str) -> bool:
    """True once both hold the same notices: who ended it, and a receipt of each."""

    async def held(node: Node) -> set[tuple[str, str, str]]:
        found = await named(node, consumer_pid)
        told = await node.store.read(lambda tx: contracts.notices(tx, ROOT, found.negotiation))
        return {(one.kind, one.author, one.sha256) for one in told}

    one, other = [await held(node) for node in (provider, consumer)]
    kinds = Counter(kind for kind, _, _ in one)
    return one == other and kinds["termination"] in (1, 2) and kinds["receipt"] == kinds["termination"]


def test_a_request_for_data_waits_for_a_notice_that_is_being_taken(postgres: Postgres, tmp_path: Path) -> None:
    """On PostgreSQL the two are taken side by side: who asks sees the end, though it was not committed before."""

    async def play(urls: list[str | None]) -> None:
        async with both(tmp_path, urls) as (provider, consumer):
            agreement = await concluded(provider, consumer)
            other = await asyncpg.connect(urls[0])
            ending = other.transaction()
            await ending.start()
            await other.execute("UPDATE agreements SET status = 'ended' WHERE id = $1", agreement)
            body = request_of(consumer, agreement, new_id())
            asked = asyncio.create_task(post(consumer, provider, "/dsp/2025-1/transfers/request", body))
            await asyncio.wait([asked], timeout=1)
            await ending.commit()
            await other.close()
            assert await asked == 404
            assert await under(provider, agreement) == []

    with ExitStack() as stack:
        asyncio.run(play([stack.enter_context(postgres.fresh_database()) for _ in range(SIDES)]))
