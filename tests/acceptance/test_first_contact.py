"""First contact between two real nodes: an invitation, cards, a stranger at the door, and a key that changes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from connector.app import ROOT, Node
from connector.dataplane.transfers import http_pull
from connector.identity import invitation
from connector.identity.addresses import Addresses
from connector.identity.card import FILE, Card, checked, sign, stored, write
from connector.identity.did import own_document
from connector.identity.errors import CardRefused, FingerprintDiffers, PeerBlocked, PeerQuarantined
from connector.identity.keys import Keys, SigningKey
from connector.problems import Conflict, Invalid, NotFound
from connector.protocol import version
from connector.services.inspect import Inspect
from connector.services.meet import digest
from connector.store import inbox, journal, negotiations, peers
from connector.store.inbox import Newcomer
from connector.store.negotiations import Negotiation
from connector.store.peers import Peer
from tests.harness import nodes, samples
from tests.harness.speaker import speakers
from tests.tools.ports import free_port

DATASET = "urn:test:lampadaires"
CARD = {
    "legal_name": "Syndicat de Démo",
    "siret": "243 500 139 00189",
    "representative_function": "La présidente",
    "contact_role": "Service des données",
    "contact_email": "donnees@demo.example",
}


async def peer_of(node: Node, did: str) -> Peer:
    return await node.store.read(lambda tx: peers.load(tx, ROOT, did))


async def knocked(node: Node) -> list[Newcomer]:
    return await node.store.read(lambda tx: inbox.page(tx, ROOT))


async def until(node: Node, unit: Callable[[Any], Any]) -> Any:
    """Return what the unit reads, once that says something."""
    async with asyncio.timeout(60):
        while not (found := await node.store.read(unit)):
            await asyncio.sleep(0.02)
    return found


def _problem(negotiation: Negotiation) -> Any:
    return (negotiation.problem or {}).get("code")


async def told(node: Node, did: str) -> list[tuple[str, Any]]:
    """Return (kind, entry) of a peer's journal, its chain computed again."""
    await node.store.read(lambda tx: journal.verify(tx, ROOT, did))
    return [(one.kind, one.entry) for one in await node.store.read(lambda tx: journal.page(tx, ROOT, did))]


def change_key(node: Node) -> str:
    """Replace the first participant's key, as a person does while the node is stopped; return the new fingerprint."""
    (node.settings.data_dir / "keys" / ROOT / "auth.pem").unlink()
    return Keys(node.settings.data_dir).create_auth(ROOT).thumbprint


# An invitation


def test_an_invitation_leads_to_a_peer_with_its_pinned_key_and_its_card(tmp_path: Path) -> None:
    async def play() -> None:
        async with nodes.running(tmp_path / "a") as a, nodes.running(tmp_path / "b") as b:
            await a.hosts.add("sde", "Syndicat")
            await a.hosts.set_card("sde", CARD, by=nodes.BY)
            invited = invitation.read(a.hosts.invitation("sde").line())
            assert invited.did == a.addresses.did("sde")
            await b.introduce.add(ROOT, invited.did, fingerprint=invited.fingerprint, by=nodes.BY)
            peer = await peer_of(b, invited.did)
            assert peer.pinned == [a.keys.auth("sde").thumbprint]
            card = stored(peer.card or "")
            assert (peer.name, card.siret, card.siren) == ("Syndicat de Démo", "24350013900189", "243500139")
            (kind, entry), *_ = await told(b, invited.did)
            assert (kind, entry["compared"], entry["decided_by"]["name"]) == ("peer-added", True, nodes.BY.name)

    asyncio.run(play())


def test_another_fingerprint_than_the_one_shown_records_nothing(tmp_path: Path) -> None:
    async def play() -> None:
        async with nodes.running(tmp_path / "a") as a, nodes.running(tmp_path / "b") as b:
            mine = b.keys.auth(ROOT).thumbprint
            did = a.addresses.did(ROOT)
            with pytest.raises(FingerprintDiffers) as refused:
                await b.introduce.add(ROOT, did, fingerprint=mine, by=nodes.BY)
            assert a.keys.auth(ROOT).thumbprint in refused.value.say("fr")
            with pytest.raises(NotFound):
                await peer_of(b, did)

    asyncio.run(play())


# The card


def test_a_card_is_served_beside_the_document_of_who_has_one(tmp_path: Path) -> None:
    async def play() -> None:
        async with nodes.running(tmp_path / "a") as a, aiohttp.ClientSession() as session:
            await a.hosts.add("sde", "Syndicat")
            for owner in (ROOT, "sde"):
                async with session.get(a.addresses.party_card(owner)) as answer:
                    assert answer.status == 404
                await a.hosts.set_card(owner, CARD, by=nodes.BY)
                async with session.get(a.addresses.party_card(owner)) as answer:
                    assert answer.status == 200
                    assert answer.content_type == "application/jose"
                    assert stored(await answer.text()).did == a.addresses.did(owner)
            for path in (f"/o/nobody/{FILE}", f"/o/root/{FILE}", f"/{FILE}"):
                async with session.get(a.addresses.base_url + path) as answer:
                    assert answer.status == 404

    asyncio.run(play())


def test_a_newer_card_waits_until_a_person_has_seen_it(tmp_path: Path) -> None:
    async def play() -> None:
        async with nodes.running(tmp_path / "a") as a, nodes.running(tmp_path / "b") as b:
            did = a.addresses.did(ROOT)
            await a.hosts.set_card(ROOT, CARD, by=nodes.BY)
            await nodes.acquaint(b, a)
            assert (await b.introduce.ping(ROOT, did)).card == "same"
            await a.hosts.set_card(ROOT, {**CARD, "legal_name": "Syndicat renommé"}, by=nodes.BY)
            assert (await b.introduce.ping(ROOT, did)).card == "changed"
            peer = await peer_of(b, did)
            assert stored(peer.card or "").legal_name == "Syndicat de Démo"
            assert stored(peer.offered_card or "").legal_name == "Syndicat renommé"
            with pytest.raises(Conflict):
                await b.introduce.accept_card(ROOT, did, "another", by=nodes.BY)
            await b.introduce.accept_card(ROOT, did, digest(peer.offered_card or ""), by=nodes.BY)
            peer = await peer_of(b, did)
            assert (stored(peer.card or "").version, peer.offered_card) == (2, None)
            assert [kind for kind, _ in await told(b, did)] == ["peer-added", "card-offered", "card-accepted"]
            assert (await b.introduce.ping(ROOT, did)).card == "same"

    asyncio.run(play())


@asynccontextmanager
async def website(folder: Path, card: Callable[[Addresses, Keys], web.Response]) -> AsyncIterator[str]:
    """Yield the DID of somebody whose documents stand on a plain web server, with what it answers for a card."""
    port, keys = free_port(), Keys(folder)
    addresses = Addresses(f"http://127.0.0.1:{port}", ROOT)
    document = own_document(addresses, ROOT, keys.create_auth(ROOT))

    async def serve(request: web.Request) -> web.StreamResponse:
        match request.path:
            case "/.well-known/did.json":
                return web.json_response(document)
            case "/.well-known/dspace-version":
                return web.Response(body=version.render_versions("/dsp/2025-1", addresses.did(ROOT) + "#dsp"))
            case _:
                return card(addresses, keys)

    app = web.Application()
    app.router.add_get("/{path:.*}", serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield addresses.did(ROOT)
    finally:
        await runner.cleanup()


def _signed(addresses: Addresses, key: SigningKey, **said: Any) -> web.Response:
    did = addresses.did(ROOT)
    card = Card(**checked({**CARD, **said}), did=did, version=1, issued_at=datetime(2026, 1, 1, tzinfo=UTC))
    return web.Response(text=sign(write(card), did, key))


def test_a_card_signed_by_another_key_keeps_its_bearer_out(tmp_path: Path) -> None:
    async def play() -> None:
        def forged(addresses: Addresses, keys: Keys) -> web.Response:
            return _signed(addresses, keys.create_auth("other"))

        async with nodes.running(tmp_path / "b") as b, website(tmp_path / "a", forged) as did:
            with pytest.raises(CardRefused) as refused:
                await b.introduce.add(ROOT, did, by=nodes.BY)
            assert refused.value.reason == "signature"
            with pytest.raises(NotFound):
                await peer_of(b, did)

    asyncio.run(play())


@pytest.mark.parametrize(
    "answer",
    [
        lambda *_: web.Response(status=404),
        lambda *_: web.Response(status=503),
        lambda *_: web.Response(text="<html>Bienvenue", content_type="text/html"),
        lambda *_: web.Response(text="x" * 100_000),
        lambda *_: web.Response(text="eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.e30.AAAA"),
    ],
)
def test_whoever_has_no_card_is_a_peer_without_one(tmp_path: Path, answer: Callable[..., web.Response]) -> None:
    async def play() -> None:
        async with nodes.running(tmp_path / "b") as b, website(tmp_path / "a", answer) as did:
            peer = await b.introduce.add(ROOT, did, by=nodes.BY)
            assert (peer.card, peer.name, peer.status) == (None, did, "known")

    asyncio.run(play())


# A stranger at the door


def test_a_stranger_reads_the_catalogue_and_its_request_waits_until_a_person_admits_it(tmp_path: Path) -> None:
    async def play() -> None:
        async with (
            nodes.running(tmp_path / "provider", unknown_peers="inbox") as provider,
            nodes.running(tmp_path / "consumer") as consumer,
        ):
            await nodes.publish(provider)
            await consumer.hosts.set_card(ROOT, CARD, by=nodes.BY)
            did, stranger = await nodes.acquaint(consumer, provider), consumer.addresses.did(ROOT)
            asked = await nodes.ask(consumer, did, DATASET)  # reads the catalogue, then asks
            await until(provider, lambda tx: inbox.page(tx, ROOT))
            await until(consumer, lambda tx: negotiations.peek(tx, ROOT, asked.pid).attempts)
            (row,) = await knocked(provider)
            assert (row.did, row.about, row.status) == (stranger, DATASET, "waiting")
            assert row.thumbprint == consumer.keys.auth(ROOT).thumbprint
            assert not await provider.store.read(lambda tx: negotiations.queries.page(tx, ROOT))
            waiting = await Inspect(consumer.store).negotiation(ROOT, asked.pid)
            assert (waiting.why.code, waiting.process.state) == ("retrying", "INITIAL")
            looked = await provider.inbox.look(ROOT, stranger)
            assert looked.met is not None
            assert looked.met.card is not None
            assert looked.met.card.legal_name == "Syndicat de Démo"
            await provider.inbox.admit(ROOT, stranger, by=nodes.BY)
            await nodes.until_negotiation(consumer, asked.pid, "FINALIZED", within_s=60)
            peer = await peer_of(provider, stranger)
            assert (peer.status, peer.pinned, peer.first_contact_at) == ("known", [row.thumbprint], row.created_at)
            assert [kind for kind, _ in await told(provider, stranger)] == ["knocked", "peer-admitted"]
            with pytest.raises(Conflict):
                await provider.inbox.admit(ROOT, stranger, by=nodes.BY)

    asyncio.run(play())


def test_a_stranger_that_is_refused_is_told_so_and_blocked(tmp_path: Path) -> None:
    async def play() -> None:
        async with (
            nodes.running(tmp_path / "provider", unknown_peers="inbox") as provider,
            nodes.running(tmp_path / "consumer") as consumer,
            speakers((consumer, ROOT)) as (speaker,),
        ):
            await nodes.publish(provider)
            did, stranger = await nodes.acquaint(consumer, provider), consumer.addresses.did(ROOT)
            asked = await nodes.ask(consumer, did, DATASET)
            await until(provider, lambda tx: inbox.page(tx, ROOT))
            await provider.inbox.refuse(ROOT, stranger, "inconnu", by=nodes.BY)
            await until(
                consumer, lambda tx: (negotiations.peek(tx, ROOT, asked.pid).problem or {}).get("code") == "peer-403"
            )
            heard = await speaker.say("GET", f"/catalog/datasets/{DATASET}", to=provider)
            assert (heard.status, heard.body["code"]) == (403, "not-admitted")
            assert [row.status for row in await knocked(provider)] == ["refused"]
            with pytest.raises(PeerBlocked):
                await provider.identity.token_for(ROOT, stranger)
            with pytest.raises(Conflict):  # it was never known: there is nothing to go back to
                await provider.introduce.unblock(ROOT, stranger, by=nodes.BY)
            await provider.inbox.admit(ROOT, stranger, by=nodes.BY)
            heard = await speaker.say("GET", f"/catalog/datasets/{DATASET}", to=provider)
            assert heard.status == 200

    asyncio.run(play())


@pytest.mark.parametrize("path", sorted(samples.FIRST_PATHS))
def test_every_first_message_of_a_stranger_is_answered_503_and_opens_nothing(tmp_path: Path, path: str) -> None:
    async def play() -> None:
        async with (
            nodes.running(tmp_path / "a", unknown_peers="inbox") as a,
            nodes.running(tmp_path / "b") as b,
            speakers((b, ROOT)) as (speaker,),
        ):
            body = samples.first(path, "urn:uuid:11111111-1111-4111-8111-111111111111", speaker.callback)
            heard = await speaker.say("POST", path, body, to=a)
            assert (heard.status, heard.body["code"]) == (503, "admission-pending")
            assert heard.headers["Retry-After"] == "60"
            assert not await a.store.read(lambda tx: negotiations.queries.page(tx, ROOT))
            await speaker.say("POST", path, body, to=a)
            assert [row.knocks for row in await knocked(a)] == [1]  # noted once a minute

    asyncio.run(play())


# A key that changes


def test_when_a_pinned_key_changes_everything_waits_until_a_person_accepts_the_new_one(tmp_path: Path) -> None:
    async def play() -> None:
        port = free_port()
        async with nodes.running(tmp_path / "provider") as provider:
            await nodes.publish(provider)
            await nodes.publish(provider, "relu", mode="manual")
            async with nodes.running(tmp_path / "consumer", public_port=port) as consumer:
                did, mine = await nodes.acquaint(consumer, provider), consumer.addresses.did(ROOT)
                await nodes.acquaint(provider, consumer)
                agreement = await nodes.agreed(consumer, provider)
                transfer = await consumer.transfer.request(ROOT, agreement, by=nodes.BY)
                started = await nodes.until_transfer(consumer, transfer.pid, "STARTED")
                relu = await nodes.ask(consumer, did, "urn:test:relu")
                relu = await nodes.until_negotiation(consumer, relu.pid, "REQUESTED")
                old = consumer.keys.auth(ROOT).thumbprint
            new = change_key(consumer)
            async with nodes.running(tmp_path / "consumer", public_port=port) as consumer:
                asked = await consumer.negotiate.request(ROOT, did, await _offer(provider, did), by=nodes.BY)
                await until(provider, lambda tx: peers.load(tx, ROOT, mine).status == "quarantined")
                await until(consumer, lambda tx: negotiations.peek(tx, ROOT, asked.pid).attempts)
                peer = await peer_of(provider, mine)
                assert (peer.pinned, peer.seen_keys) == ([old], [new])
                # nothing goes out, nothing is lost, the data address is closed
                await provider.negotiate.accept(ROOT, relu.peer_pid or "", by=nodes.BY)
                held = await Inspect(provider.store).negotiation(ROOT, relu.peer_pid or "")
                assert held.why.code == "peer-held"
                with pytest.raises(PeerQuarantined):
                    await provider.identity.token_for(ROOT, mine)
                assert await _pulled(started.data_address or {}) == 401
                # the fingerprint is compared, and must be that of the key shown now
                with pytest.raises(FingerprintDiffers):
                    await provider.introduce.accept_key(ROOT, mine, old, by=nodes.BY)
                with pytest.raises(Invalid):
                    await provider.introduce.accept_key(ROOT, mine, "de vive voix", by=nodes.BY)
                await provider.introduce.accept_key(ROOT, mine, new, by=nodes.BY)
                await nodes.until_negotiation(consumer, relu.pid, "FINALIZED", within_s=60)
                await nodes.until_negotiation(consumer, asked.pid, "FINALIZED", within_s=60)
                peer = await peer_of(provider, mine)
                assert (peer.status, peer.pinned, peer.seen_keys, peer.quarantined_at) == ("known", [new], [], None)
                kinds = [kind for kind, _ in await told(provider, mine)]
                assert kinds == ["peer-added", "key-changed", "key-accepted"]

    asyncio.run(play())


async def _offer(provider: Node, did: str) -> dict[str, Any]:
    return {
        "@id": await nodes.offer_of(provider, DATASET),
        "@type": "Offer",
        "target": DATASET,
        "assigner": did,
    } | nodes.OPEN


async def _pulled(address: dict[str, Any]) -> int:
    pull = http_pull.read(address)
    assert pull is not None
    headers = {"Authorization": pull.authorization or ""}
    async with aiohttp.ClientSession() as session, session.get(pull.endpoint, headers=headers) as answer:
        return answer.status


def test_a_ping_notices_that_no_pinned_key_is_shown_any_more(tmp_path: Path) -> None:
    async def play() -> None:
        port = free_port()
        async with nodes.running(tmp_path / "a") as a:
            async with nodes.running(tmp_path / "b", public_port=port) as b:
                did = await nodes.acquaint(a, b)
            new = change_key(b)
            async with nodes.running(tmp_path / "b", public_port=port) as b:
                async with asyncio.timeout(30):
                    while (ping := await a.introduce.ping(ROOT, did)).keys_match:  # a document of seconds ago is shown
                        await asyncio.sleep(0.5)
                assert not ping.keys_match
                peer = await peer_of(a, did)
                assert (peer.status, peer.seen_keys) == ("quarantined", [new])

    asyncio.run(play())


def test_a_blocked_peer_is_refused_and_sent_nothing_until_it_is_unblocked(tmp_path: Path) -> None:
    async def play() -> None:
        async with nodes.running(tmp_path / "provider") as provider, nodes.running(tmp_path / "consumer") as consumer:
            await nodes.publish(provider, mode="manual")
            did, mine = await nodes.acquaint(consumer, provider), await nodes.acquaint(provider, consumer)
            asked = await nodes.ask(consumer, did, DATASET)
            asked = await nodes.until_negotiation(consumer, asked.pid, "REQUESTED")
            await provider.introduce.block(ROOT, mine, "litige", by=nodes.BY)
            await provider.negotiate.accept(ROOT, asked.peer_pid or "", by=nodes.BY)
            held = await Inspect(provider.store).negotiation(ROOT, asked.peer_pid or "")
            assert (held.why.code, held.process.pending) == ("peer-held", "ContractAgreementMessage")
            with pytest.raises(PeerBlocked):
                await provider.negotiate.offer(ROOT, mine, await nodes.offer_of(provider, DATASET), by=nodes.BY)
            await provider.introduce.unblock(ROOT, mine, by=nodes.BY)
            await nodes.until_negotiation(consumer, asked.pid, "FINALIZED", within_s=60)
            assert [kind for kind, _ in await told(provider, mine)] == ["peer-added", "peer-blocked", "peer-unblocked"]

    asyncio.run(play())
