"""The catalogue as a partner reads it over HTTP: pages, links, compression, and what is not for this partner's eyes."""

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from connector.app import ROOT, Node
from connector.protocol import messages, pages
from tests.harness import nodes

Ask = Callable[..., Awaitable[tuple[aiohttp.ClientResponse, bytes]]]


def visit(folder: Path, see: Callable[[Node, Node, Ask], Awaitable[None]]) -> None:
    """Run `see` between a provider and a consumer that asks with its own tokens, answers as they are on the wire."""

    async def main() -> None:
        async with (
            nodes.running(folder / "provider") as provider,
            nodes.running(folder / "consumer") as consumer,
            aiohttp.ClientSession(auto_decompress=False) as session,
        ):
            did = await nodes.acquaint(consumer, provider)

            async def ask(body: bytes = b"", path: str = "/catalog/request", **headers: str) -> Any:
                token = await consumer.identity.token_for(ROOT, did)
                url = path if path.startswith("http") else provider.addresses.dsp_base(ROOT) + path
                method = "GET" if "datasets" in path else "POST"
                async with session.request(
                    method, url, data=body, headers={"Authorization": token, **headers}
                ) as answer:
                    return answer, await answer.read()

            await see(provider, consumer, ask)

    asyncio.run(main())


def request(**spec: Any) -> bytes:
    return messages.render(messages.CatalogRequestMessage(filter=({"@type": "QuerySpec", **spec},)))


def ids(body: bytes) -> list[str]:
    return [node["@id"] for node in json.loads(body).get("dataset", [])]


def test_links_lead_through_every_page_and_back(tmp_path: Path) -> None:
    async def see(provider: Node, consumer: Node, ask: Ask) -> None:
        for number in range(7):
            await nodes.publish(provider, f"jeu-{number}")
        body = request(limit=3)
        answer, raw = await ask(body)
        seen, first = [ids(raw)], ids(raw)
        while (following := pages.next_link(answer.headers.get("Link"), str(answer.url))) is not None:
            answer, raw = await ask(body, following)
            seen.append(ids(raw))
        assert [len(page) for page in seen] == [3, 3, 1]
        assert sorted(name for page in seen for name in page) == [f"urn:test:jeu-{number}" for number in range(7)]
        while (previous := pages.previous_link(answer.headers.get("Link"), str(answer.url))) is not None:
            answer, raw = await ask(body, previous)
        assert ids(raw) == first

    visit(tmp_path, see)


def test_offset_and_limit_of_an_edc_are_honoured(tmp_path: Path) -> None:
    async def see(provider: Node, consumer: Node, ask: Ask) -> None:
        for number in range(5):
            await nodes.publish(provider, f"jeu-{number}")
        _, raw = await ask(request(offset=3, limit=50, sortOrder="ASC", filterExpression=[]))
        assert ids(raw) == ["urn:test:jeu-3", "urn:test:jeu-4"]
        _, raw = await ask(request(offset=99, limit=50))
        assert ids(raw) == []
        assert "dataset" not in json.loads(raw)

    visit(tmp_path, see)


@pytest.mark.parametrize(("accepted", "is_packed"), [("gzip", True), ("identity", False), ("gzip;q=0", False)])
def test_a_large_page_is_compressed_for_who_takes_it(tmp_path: Path, accepted: str, is_packed: bool) -> None:
    async def see(provider: Node, consumer: Node, ask: Ask) -> None:
        for number in range(15):
            await nodes.publish(provider, f"jeu-{number}")
        answer, raw = await ask(request(limit=50), **{"Accept-Encoding": accepted})
        assert (answer.headers.get("Content-Encoding") == "gzip") is is_packed
        assert len(ids(gzip.decompress(raw) if is_packed else raw)) == 15

    visit(tmp_path, see)


def test_a_caller_sees_only_what_it_may_have(tmp_path: Path) -> None:
    async def see(provider: Node, consumer: Node, ask: Ask) -> None:
        await nodes.publish(provider, "ouvert")
        for name, who in (("pour-eux", consumer.addresses.did(ROOT)), ("pour-d-autres", "did:web:autre.example")):
            only = {"leftOperand": "odrl:recipient", "operator": "eq", "rightOperand": who}
            await nodes.publish(provider, name, policy={"permission": [{"action": "use", "constraint": [only]}]})
        _, raw = await ask(request())
        assert ids(raw) == ["urn:test:ouvert", "urn:test:pour-eux"]
        answer, raw = await ask(path="/catalog/datasets/urn:test:pour-d-autres")
        assert (answer.status, json.loads(raw)["@type"]) == (404, "CatalogError")
        answer, _ = await ask(path="/catalog/datasets/urn:test:pour-eux")
        assert answer.status == 200

    visit(tmp_path, see)


def test_an_offer_of_the_past_is_neither_shown_nor_agreed_to(tmp_path: Path) -> None:
    async def see(provider: Node, consumer: Node, ask: Ask) -> None:
        over = {"leftOperand": "odrl:dateTime", "operator": "lt", "rightOperand": "2020-01-01T00:00:00Z"}
        offer = await nodes.publish(provider, "échu", policy={"permission": [{"action": "use", "constraint": [over]}]})
        _, raw = await ask(request())
        assert ids(raw) == []
        wanted = {"@id": offer, "@type": "Offer", "target": "urn:test:échu", "permission": [{"action": "use"}]}
        asked = await consumer.negotiate.request(ROOT, provider.addresses.did(ROOT), wanted, by=nodes.BY)
        refused = await nodes.until_negotiation(consumer, asked.pid, "INITIAL")
        assert refused.problem is not None
        assert refused.problem["code"] == "peer-404"

    visit(tmp_path, see)
