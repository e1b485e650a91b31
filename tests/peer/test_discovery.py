"""Finding a peer's document and base: fresh enough, fetched seldom, once for many."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from connector.clock import VirtualClock
from connector.peer import discovery as rules
from connector.peer.client import Client
from connector.peer.discovery import Discovery
from connector.peer.errors import AnswerTooLarge, DidUnresolved, NoCommonVersion, PeerAddressRefused, Unreachable


class Place:
    """A peer's web server whose documents a test writes, and which counts how often each was read."""

    def __init__(self) -> None:
        self.documents: dict[str, Any] = {}
        self.reads: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.port = 0

    @property
    def did(self) -> str:
        return f"did:web:127.0.0.1%3A{self.port}"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, request: web.Request) -> web.Response:
        self.reads.append(request.path)
        await self.gate.wait()
        found = self.documents.get(request.path)
        if isinstance(found, int):
            return web.Response(status=found)
        return web.Response(status=404) if found is None else web.json_response(found)


@pytest.fixture
def place(serving: Any, calling: Any) -> Any:
    """Open a peer's server and our discovery: `async with place() as (place, discovery, clock)`."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[tuple[Place, Discovery, VirtualClock]]:
        there, clock = Place(), VirtualClock()
        async with serving(web.get("/{path:.*}", there.serve)) as port, calling() as transport:
            there.port = port
            there.documents["/.well-known/did.json"] = {"id": there.did}
            yield there, Discovery(Client(transport), clock, plain_http=True), clock

    return opened


def test_a_document_is_read_once_in_five_minutes(place: Any) -> None:
    async def walk() -> None:
        async with place() as (there, discovery, clock):
            first = await discovery.resolve_did(there.did)
            clock.advance(timedelta(seconds=299))
            assert await discovery.resolve_did(there.did.replace("%3A", "%3a")) is first
            assert len(there.reads) == 1
            clock.advance(timedelta(seconds=1))
            await discovery.resolve_did(there.did)
            assert len(there.reads) == 2

    asyncio.run(walk())


def test_a_fresh_look_is_granted_once_in_a_few_seconds(place: Any) -> None:
    async def walk() -> None:
        async with place() as (there, discovery, clock):
            await discovery.resolve_did(there.did)
            for _ in range(5):
                await discovery.refetch_did(there.did)
            assert len(there.reads) == 1
            clock.advance(rules.REFETCH_AFTER)
            there.documents["/.well-known/did.json"] = {"id": there.did, "service": []}
            assert "service" in (await discovery.refetch_did(there.did)).members
            await discovery.refetch_did(there.did)
            assert len(there.reads) == 2

    asyncio.run(walk())


def test_a_fresh_look_that_fails_leaves_the_young_document_in_force(place: Any) -> None:
    async def walk() -> None:
        async with place() as (there, discovery, clock):
            first = await discovery.resolve_did(there.did)
            there.documents["/.well-known/did.json"] = 500
            clock.advance(rules.REFETCH_AFTER)
            assert await discovery.refetch_did(there.did) is first
            clock.advance(rules.DOCUMENT_TTL)
            with pytest.raises(Unreachable):
                await discovery.resolve_did(there.did)

    asyncio.run(walk())


def test_a_failure_is_remembered_for_a_moment(place: Any) -> None:
    async def walk() -> None:
        async with place() as (there, discovery, clock):
            there.documents.clear()
            for _ in range(3):
                with pytest.raises(DidUnresolved):
                    await discovery.resolve_did(there.did)
            assert len(there.reads) == 1
            there.documents["/.well-known/did.json"] = {"id": there.did}
            clock.advance(rules.FAILURE_TTL)
            assert (await discovery.resolve_did(there.did)).did == there.did

    asyncio.run(walk())


def test_many_waiters_share_one_fetch(place: Any) -> None:
    async def walk() -> None:
        async with place() as (there, discovery, _):
            there.gate.clear()
            waiters = [asyncio.ensure_future(discovery.resolve_did(there.did)) for _ in range(50)]
            while not there.reads:
                await asyncio.sleep(0)
            there.gate.set()
            found = await asyncio.gather(*waiters)
            assert len(set(map(id, found))) == 1
            assert len(there.reads) == 1

    asyncio.run(walk())


def test_a_waiter_that_leaves_does_not_take_the_others_with_it(place: Any) -> None:
    async def walk() -> None:
        async with place() as (there, discovery, _):
            there.gate.clear()
            first, second = (asyncio.ensure_future(discovery.resolve_did(there.did)) for _ in range(2))
            while not there.reads:
                await asyncio.sleep(0)
            first.cancel()
            there.gate.set()
            assert (await second).did == there.did

    asyncio.run(walk())


def test_the_number_of_fetches_under_way_is_bounded(place: Any) -> None:
    async def walk() -> None:
        async with place() as (there, discovery, _):
            there.gate.clear()
            looks = [asyncio.ensure_future(discovery.resolve_did(f"{there.did}:x{n}")) for n in range(100)]
            done, _ = await asyncio.wait(looks, return_when=asyncio.FIRST_COMPLETED)
            assert {getattr(one.exception(), "code", None) for one in done} == {"unavailable"}
            while len(there.reads) < rules.MAX_FETCHES:
                await asyncio.sleep(0)
            there.gate.set()
            await asyncio.gather(*looks, return_exceptions=True)
            assert len(there.reads) == rules.MAX_FETCHES

    asyncio.run(walk())


def test_only_so_many_documents_are_kept(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MAX_DOCUMENTS", 2)

    async def walk() -> None:
        async with place() as (there, discovery, _):
            for name in ("", ":a", ":b", ""):
                path = f"/{name[1:]}/did.json" if name else "/.well-known/did.json"
                there.documents[path] = {"id": there.did + name}
                await discovery.resolve_did(there.did + name)
            assert there.reads == ["/.well-known/did.json", "/a/did.json", "/b/did.json", "/.well-known/did.json"]

    asyncio.run(walk())


def test_a_document_of_another_did_or_too_large_is_refused(place: Any) -> None:
    async def walk() -> None:
        async with place() as (there, discovery, clock):
            there.documents["/.well-known/did.json"] = {"id": "did:web:other.example"}
            with pytest.raises(DidUnresolved):
                await discovery.resolve_did(there.did)
            clock.advance(rules.FAILURE_TTL)
            there.documents["/.well-known/did.json"] = {"id": there.did, "x": "x" * rules.DOCUMENT_LIMIT_BYTES}
            with pytest.raises(AnswerTooLarge):
                await discovery.resolve_did(there.did)

    asyncio.run(walk())


def test_a_redirected_document_is_refused(place: Any) -> None:
    async def walk() -> None:
        async with place() as (there, discovery, _):
            there.documents["/.well-known/did.json"] = 302
            with pytest.raises(DidUnresolved):
                await discovery.resolve_did(there.did)

    asyncio.run(walk())


def test_a_did_at_a_refused_address_is_not_read(calling: Any) -> None:
    async def walk() -> None:
        async with calling(public_url="https://node.example") as transport:
            discovery = Discovery(Client(transport), VirtualClock())
            with pytest.raises(PeerAddressRefused):
                await discovery.resolve_did("did:web:169.254.169.254")

    asyncio.run(walk())


VERSIONS = [
    {"version": "2024/1", "path": "/2024/1", "binding": "HTTPS"},
    {"version": "2025-1", "path": "/api/2025-1/", "binding": "HTTPS"},
]


@pytest.mark.parametrize("tail", ["", "/", "/.well-known/dspace-version"])
def test_the_base_is_the_root_and_the_path_of_our_version(place: Any, tail: str) -> None:
    """DSP 2025-1 §Version metadata: the path is appended to the root."""

    async def walk() -> None:
        async with place() as (there, discovery, _):
            there.documents["/root/.well-known/dspace-version"] = {"protocolVersions": VERSIONS}
            base = await discovery.find_dsp_base(f"{there.url}/root{tail}")
            assert base == f"{there.url}/root/api/2025-1"

    asyncio.run(walk())


@pytest.mark.parametrize(
    "found",
    [
        404, [], {}, {"protocolVersions": []}, {"protocolVersions": VERSIONS[:1]}, {"protocolVersions": "2025-1"},
        {"protocolVersions": [{"version": "2025-1", "path": "/x", "binding": "GRPC"}]},
        {"protocolVersions": [{"version": "2025-1", "binding": "HTTPS"}]},
        {"protocolVersions": [{"version": "2025-1", "path": "@evil.example/x", "binding": "HTTPS"}]},
        {"protocolVersions": [{"version": "2025-1", "path": 1, "binding": "HTTPS"}]},
    ],
)  # fmt: skip
def test_without_our_version_the_client_stops(place: Any, found: Any) -> None:
    async def walk() -> None:
        async with place() as (there, discovery, _):
            there.documents["/.well-known/dspace-version"] = found
            with pytest.raises(NoCommonVersion):
                await discovery.find_dsp_base(there.url)

    asyncio.run(walk())


def test_a_did_document_leads_to_the_base(place: Any) -> None:
    """DSP 2025-1 §DID service entries: DataService names the version document, CatalogService the catalogue."""

    async def walk() -> None:
        async with place() as (there, discovery, _):
            there.documents["/.well-known/dspace-version"] = {"protocolVersions": VERSIONS}
            data = {"id": "#d", "type": "DataService", "serviceEndpoint": f"{there.url}/.well-known/dspace-version"}
            catalogue = {"id": "#c", "type": "CatalogService", "serviceEndpoint": "https://c.example/dsp/catalog"}
            bases = []
            for name, services in (("a", [catalogue, data]), ("b", [catalogue])):
                there.documents[f"/{name}/did.json"] = {"id": f"{there.did}:{name}", "service": services}
                document = await discovery.resolve_did(f"{there.did}:{name}")
                bases.append(await discovery.find_dsp_base_of(document))
            assert bases == [f"{there.url}/api/2025-1", "https://c.example/dsp"]
            with pytest.raises(NoCommonVersion):
                await discovery.find_dsp_base_of(await discovery.resolve_did(there.did))

    asyncio.run(walk())
