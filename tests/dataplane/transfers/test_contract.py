"""What every type of transfer does, between two real nodes: one suite, run on each. A new type adds itself to TYPES."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from connector.app import ROOT, Node
from connector.dataplane.transfers import http_pull, http_push
from connector.problems import Invalid
from connector.protocol import addresses
from connector.protocol.messages import DataAddress, document
from connector.store import fetches, transfers
from tests.harness.nodes import BY, agreed, publish, running, until_transfer

CONTENT = b"id,x,y\n" * 100_000
WITHIN_S = 60


@dataclass
class Pair:
    consumer: Node
    provider: Node
    agreement: str

    @property
    def place(self) -> Path:
        return self.consumer.settings.data_dir / "received" / ROOT / "lampes.csv"


@dataclass(frozen=True)
class Kind:
    """A type of transfer: how it is asked for, and what it takes in a request."""

    format: str
    ask: Callable[[Pair], Awaitable[str]]
    right: DataAddress | None
    wrong: tuple[DataAddress | None, ...]


async def _pull(two: Pair) -> str:
    """Ask, and fetch once it is open."""
    pid = (await two.consumer.transfer.request(ROOT, two.agreement, by=BY)).pid
    await two.consumer.receive.fetch(ROOT, pid, "lampes.csv")
    return pid


async def _push(two: Pair) -> str:
    into = two.consumer.receive.into(ROOT, "lampes.csv")
    return (await two.consumer.transfer.request(ROOT, two.agreement, http_push.FORMAT, by=BY, into=into)).pid


def _like_edc(**properties: str) -> DataAddress:
    named = [{"name": addresses.EDC_NAMESPACE + name, "value": value} for name, value in properties.items()]
    return DataAddress.model_validate({"endpointType": "HttpData", "endpointProperties": named})


THERE = addresses.push_address("http://127.0.0.1:9/x", "s")
TYPES = [
    Kind(http_pull.FORMAT, _pull, None, (THERE,)),
    Kind(
        http_push.FORMAT,
        _push,
        THERE,
        (
            None,
            _like_edc(name="x"),
            _like_edc(baseUrl="ftp://127.0.0.1/x"),
            _like_edc(baseUrl="http://127.0.0.1/x", method="DELETE"),
            _like_edc(baseUrl="http://127.0.0.1/x", authKey="Content-Length", authCode="1"),
            _like_edc(baseUrl="http://127.0.0.1/x", authKey="X-Key", authCode="a\r\nB: c"),
        ),
    ),
]


@pytest.fixture(params=TYPES, ids=lambda kind: kind.format)
def kind(request: pytest.FixtureRequest) -> Any:
    return request.param


@asynccontextmanager
async def pair(tmp_path: Path) -> AsyncIterator[Pair]:
    async with running(tmp_path / "provider") as provider, running(tmp_path / "consumer") as consumer:
        await publish(provider, content=CONTENT)
        yield Pair(consumer, provider, await agreed(consumer, provider))


async def until_received(two: Pair, pid: str) -> None:
    async with asyncio.timeout(WITHIN_S):
        while True:
            found = await two.consumer.store.read(lambda tx: fetches.load(tx, ROOT, pid))
            if found.status == "done":
                return
            await asyncio.sleep(0.01)


def test_the_bytes_arrive_and_the_transfer_completes(kind: Kind, tmp_path: Path) -> None:
    async def play() -> None:
        async with pair(tmp_path) as two:
            pid = await kind.ask(two)
            await until_received(two, pid)
            assert two.place.read_bytes() == CONTENT
            if kind.format == http_pull.FORMAT:
                await two.consumer.transfer.complete(ROOT, pid, by=BY)
            ours = await until_transfer(two.consumer, pid, "COMPLETED", within_s=WITHIN_S)
            theirs = await until_transfer(two.provider, ours.peer_pid or "", "COMPLETED", within_s=WITHIN_S)
            assert (ours.format, theirs.format) == (kind.format, kind.format)

    asyncio.run(play())


def test_what_a_request_may_carry_is_checked(kind: Kind, tmp_path: Path) -> None:
    types = {one.format: one for one in (http_pull.PullType(300), http_push.PushType(300))}
    types[kind.format].check(kind.right)
    for address in kind.wrong:
        with pytest.raises(Invalid) as refused:
            types[kind.format].check(address)
        assert refused.value.pointer.startswith("/dataAddress")


def test_the_catalogue_offers_it(kind: Kind, tmp_path: Path) -> None:
    async def play() -> None:
        async with pair(tmp_path) as two:
            did = two.provider.addresses.did(ROOT)
            found = await two.consumer.catalogue.look_up(ROOT, did, "urn:test:lampadaires")
            assert kind.format in found.formats

    asyncio.run(play())


def test_the_row_keeps_no_secret_that_is_not_needed(kind: Kind, tmp_path: Path) -> None:
    """The consumer's row of a push, the provider's of a pull: who gave the address knows its token by a hash only."""

    async def play() -> None:
        async with pair(tmp_path) as two:
            pid = await kind.ask(two)
            await until_received(two, pid)
            ours = await two.consumer.store.read(lambda tx: transfers.peek(tx, ROOT, pid))
            theirs = await two.provider.store.read(lambda tx: transfers.peek(tx, ROOT, ours.peer_pid or ""))
            giver = theirs if kind.format == http_pull.FORMAT else ours
            assert giver.data_address is None

    asyncio.run(play())


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"baseUrl": "http://h/a"}, ("http://h/a", "POST", None)),
        ({"baseUrl": "http://h/a/", "path": "/b", "method": "put"}, ("http://h/a/b", "PUT", None)),
        ({"baseUrl": "http://h", "authKey": "X-Key", "authCode": "c"}, ("http://h", "POST", ("X-Key", "c"))),
        ({"endpoint": "http://h", "authorization": "t"}, ("http://h", "POST", ("Authorization", "Bearer t"))),
        ({"endpoint": "http://h", "authorization": "Basic t"}, ("http://h", "POST", ("Authorization", "Basic t"))),
    ],
)
def test_addresses_of_other_connectors_are_read(properties: dict[str, str], expected: Any) -> None:
    members = document(_like_edc(**properties))
    found = http_push.read(members)
    assert (found.url, found.method, found.header) == expected
