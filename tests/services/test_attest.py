"""What a named person attests of a partner opens what rests on it, and its withdrawal closes it again at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from connector.app import ROOT, Node
from connector.problems import Conflict, Invalid, NotFound, Problem
from connector.services import attest, facts, turned_away
from connector.services.attest import Attest, Said
from connector.services.catalogue import PeerRefused
from connector.store import attestations, events, journal, negotiations
from connector.store.attestations import Attestation
from policies.profile import NAMESPACE as T
from tests.harness import nodes
from tests.harness.nodes import BY

WHO = "La directrice des systèmes d’information"
LAMPS, SECRET = "urn:test:lampadaires", "urn:test:secret"


def asking(operand: str, operator: str, value: Any) -> dict[str, Any]:
    constraint = {"leftOperand": T + operand, "operator": operator, "rightOperand": value}
    return {"permission": [{"action": "use", "constraint": [constraint]}]}


AUTHORITIES = asking("participantCategory", "isAnyOf", [T + "Collectivite"])
CONSENT = asking("accordDPO", "eq", "true")
NO_SMALL_CELL = asking("minCellCount", "gteq", {"@type": "xsd:integer", "@value": "11"})


@asynccontextmanager
async def two(folder: Path) -> AsyncIterator[tuple[Node, Node, str]]:
    """Yield a provider and a consumer that know each other, and the consumer's DID."""
    async with nodes.running(folder / "ville") as provider, nodes.running(folder / "partenaire") as consumer:
        await nodes.acquaint(consumer, provider)
        yield provider, consumer, await nodes.acquaint(provider, consumer)


async def seen(consumer: Node, provider: Node, dataset: str = LAMPS) -> bool:
    try:
        await consumer.catalogue.look_up(ROOT, provider.addresses.did(ROOT), dataset)
    except PeerRefused:
        return False
    return True


async def refusal(provider: Node, did: str, said: Said) -> Problem:
    with pytest.raises(Problem) as refused:
        await Attest(provider.store).attest(ROOT, did, said, by=BY)
    return refused.value


def test_a_category_opens_the_catalogue_and_its_withdrawal_closes_it(tmp_path: Path) -> None:
    async def play() -> None:
        async with two(tmp_path) as (provider, consumer, did):
            attesting = Attest(provider.store)
            await nodes.publish(provider, policy=AUTHORITIES)
            assert not await seen(consumer, provider)
            company = await attesting.attest(ROOT, did, Said("category", "Entreprise", WHO), by=BY)
            assert not await seen(consumer, provider)
            authority = await attesting.attest(ROOT, did, Said("category", "terri:Collectivite", WHO), by=BY)
            assert await seen(consumer, provider)
            kept = await attesting.page(ROOT, did, cursor=None, limit=10)
            assert [(one.id, one.ended_reason) for one in kept.items] == [
                (authority.id, None),
                (company.id, "replaced"),
            ]
            await attesting.withdraw(ROOT, did, authority.id, said_by=WHO, reason="Statuts changés", by=BY)
            assert not await seen(consumer, provider)
            with pytest.raises(Conflict):
                await attesting.withdraw(ROOT, did, authority.id, said_by=WHO, by=BY)

    asyncio.run(play())


def test_the_consent_for_one_dataset_is_none_for_another(tmp_path: Path) -> None:
    async def play() -> None:
        async with two(tmp_path) as (provider, consumer, did):
            await nodes.publish(provider, policy=CONSENT)
            await nodes.publish(provider, "secret", policy=CONSENT)
            await Attest(provider.store).attest(ROOT, did, Said("dpo", SECRET, "La déléguée"), by=BY)
            assert (await seen(consumer, provider, SECRET), await seen(consumer, provider)) == (True, False)
            await Attest(provider.store).attest(ROOT, did, Said("dpo", "", "La déléguée"), by=BY)
            assert await seen(consumer, provider)

    asyncio.run(play())


def test_what_is_under_way_is_ended_when_what_it_rests_on_is_withdrawn(tmp_path: Path) -> None:
    async def play() -> None:
        async with two(tmp_path) as (provider, consumer, did):
            attesting = Attest(provider.store)
            await nodes.publish(provider, policy=AUTHORITIES)
            given = await attesting.attest(ROOT, did, Said("category", "Collectivite", WHO), by=BY)
            agreement = await nodes.agreed(consumer, provider)
            asked = await consumer.transfer.request(ROOT, agreement, by=BY)
            started = await nodes.until_transfer(consumer, asked.pid, "STARTED", within_s=60)
            await attesting.attest(ROOT, did, Said("category", "Collectivite", WHO, note="Corrigé"), by=BY)
            (now,) = (await attesting.page(ROOT, did, cursor=None, limit=10, is_standing=True)).items
            assert now.id != given.id
            await attesting.withdraw(ROOT, did, now.id, said_by=WHO, by=BY)
            await nodes.until_transfer(consumer, asked.pid, "TERMINATED", within_s=60)
            await nodes.until_transfer(provider, started.peer_pid or "", "TERMINATED", within_s=60)
            again = await consumer.transfer.request(ROOT, agreement, by=BY)
            await nodes.until_transfer(consumer, again.pid, "TERMINATED", within_s=60)

    asyncio.run(play())


def test_a_smallest_count_is_declared_by_who_publishes(tmp_path: Path) -> None:
    async def play() -> None:
        async with two(tmp_path) as (provider, consumer, _):
            await nodes.publish(provider, policy=NO_SMALL_CELL)
            assert not await seen(consumer, provider)
            await declare(provider, 11)
            assert await seen(consumer, provider)
            agreement = await nodes.agreed(consumer, provider)
            asked = await consumer.transfer.request(ROOT, agreement, by=BY)
            await nodes.until_transfer(consumer, asked.pid, "STARTED", within_s=60)
            await declare(provider, 10)
            await nodes.until_transfer(consumer, asked.pid, "TERMINATED", within_s=60)
            assert not await seen(consumer, provider)

    asyncio.run(play())


async def declare(provider: Node, count: int) -> None:
    source = {"kind": "file", "path": "lampadaires.csv"}
    document = {facts.MIN_CELL_COUNT: count}
    await provider.publish.put_dataset(
        ROOT, dataset_id=LAMPS, title="lampadaires", source=source, document=document, by=BY
    )


def test_who_was_attested_once_is_told_that_the_offer_is_closed(tmp_path: Path) -> None:
    async def play() -> None:
        async with two(tmp_path) as (provider, consumer, did):
            attesting = Attest(provider.store)
            await nodes.publish(provider, policy=AUTHORITIES)
            given = await attesting.attest(ROOT, did, Said("category", "Collectivite", WHO), by=BY)
            summary = await consumer.catalogue.look_up(ROOT, provider.addresses.did(ROOT), LAMPS)
            await attesting.withdraw(ROOT, did, given.id, said_by=WHO, by=BY)
            their_did = provider.addresses.did(ROOT)
            offer = {**summary.offers[0], "target": LAMPS, "assigner": their_did}
            for _ in range(2):
                asked = await consumer.negotiate.request(ROOT, their_did, offer, by=BY)
                assert "n’est plus ouverte" in await refused(consumer, asked.pid)
            written = await provider.store.read(lambda tx: journal.page(tx, ROOT, did))
            (closed,) = [one for one in written if one.kind == turned_away.KIND]
            assert (closed.entry["offer"], closed.entry["dataset"]) == (summary.offers[0]["@id"], LAMPS)
            assert any("collectivité" in line for line in closed.entry["explained"]["fr"])
            (told,) = [one for one in await happened(provider) if one.kind == turned_away.EVENT]
            assert (told.subject, told.peer) == (closed.entry["offer"], did)

    asyncio.run(play())


async def refused(consumer: Node, pid: str) -> str:
    """Return the reason of a request that the partner refused for good."""
    async with asyncio.timeout(60):
        while True:
            found = await consumer.store.read(lambda tx: negotiations.peek(tx, ROOT, pid))
            if found.problem is not None and found.pending is None:
                return str(found.problem["reason"])
            await asyncio.sleep(0.02)


async def happened(node: Node) -> list[events.Event]:
    def numbered(tx: Any) -> list[events.Event]:
        events.latest(tx, ROOT)
        return events.page(tx, ROOT, 0, 500)

    return await node.store.write(numbered)


def test_each_change_is_journalled_and_told(tmp_path: Path) -> None:
    async def play() -> None:
        async with two(tmp_path) as (provider, _, did):
            attesting = Attest(provider.store)
            given = await attesting.attest(
                ROOT, did, Said("charter", "urn:charte:donnee", WHO, date(2024, 3, 12), " Délibération 12 "), by=BY
            )
            await attesting.withdraw(ROOT, did, given.id, said_by="Le maire", reason="Dénoncée", by=BY)
            told = [
                one for one in await provider.store.read(lambda tx: journal.page(tx, ROOT, did)) if "attest" in one.kind
            ]
            assert [one.kind for one in told] == ["attestation-given", "attestation-withdrawn"]
            assert told[0].entry | {"decided_by": None} == {
                "attestation": given.id,
                "kind": "charter",
                "about": "urn:charte:donnee",
                "said_by": WHO,
                "said_on": "2024-03-12",
                "note": "Délibération 12",
                "decided_by": None,
            }
            assert told[1].entry["reason"] == "Dénoncée"
            assert told[1].entry["decided_by"] == {"key": BY.key_id, "name": BY.name}
            heard = [one for one in await happened(provider) if one.kind.startswith("attestation")]
            assert [(one.kind, one.subject, one.peer) for one in heard] == [
                ("attestation.given", given.id, did),
                ("attestation.withdrawn", given.id, did),
            ]

    asyncio.run(play())


@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        (Said("category", "Commune", WHO), "/about"),
        (Said("category", "", WHO), "/about"),
        (Said("category", "TrameNoire", WHO), "/about"),
        (Said("charter", "la charte", WHO), "/about"),
        (Said("dpo", "urn:test:jamais", WHO), "/about"),
        (Said("dpo", "", "  "), "/said_by"),
        (Said("charter", "", WHO, date(9999, 1, 1)), "/said_on"),
    ],
)
def test_what_cannot_be_attested_is_refused_by_its_name(tmp_path: Path, said: Said, pointer: str) -> None:
    async def play() -> None:
        async with nodes.running(tmp_path / "ville") as provider, nodes.running(tmp_path / "autre") as other:
            did = await nodes.acquaint(provider, other)
            problem = await refusal(provider, did, said)
            assert isinstance(problem, Invalid)
            assert problem.pointer == pointer
            assert await provider.store.read(lambda tx: attestations.every(tx, ROOT, did)) == []

    asyncio.run(play())


def test_nothing_is_attested_of_a_stranger_and_nothing_outlives_the_acquaintance(tmp_path: Path) -> None:
    async def play() -> None:
        async with two(tmp_path) as (provider, consumer, did):
            assert isinstance(await refusal(provider, "did:web:jamais.example", Said("dpo", "", WHO)), NotFound)
            await Attest(provider.store).attest(ROOT, did, Said("dpo", "", WHO), by=BY)
            await provider.introduce.remove(ROOT, did, by=BY)
            await nodes.acquaint(provider, consumer)
            (ended,) = await provider.store.read(lambda tx: attestations.every(tx, ROOT, did))
            assert ended.ended_reason == attest.FORGOTTEN
            assert await provider.store.read(lambda tx: attestations.standing(tx, ROOT, did)) == []

    asyncio.run(play())


def made(kind: attestations.Kind, about: str) -> Attestation:
    return Attestation(
        owner=ROOT,
        id=f"urn:{kind}:{about}",
        peer="did:web:a",
        kind=kind,
        about=about,
        said_by=WHO,
        said_on="2024-03-12",
    )


def test_what_is_attested_becomes_facts() -> None:
    said = [made("category", T + "Collectivite"), made("charter", "urn:a"), made("charter", ""), made("dpo", "urn:d")]
    found = facts.attested(said, "urn:d")
    assert found == {
        T + "participantCategory": {T + "Collectivite", T + "OrganismePublic"},
        T + "charterSigned": {"true", "urn:a"},
        T + "accordDPO": True,
    }
    assert T + "accordDPO" not in facts.attested(said, "urn:other")


@pytest.mark.parametrize(
    ("kind", "about", "fr", "en"),
    [
        ("category", T + "Entreprise", "Catégorie d’organisme : entreprise", "Category of organisation: company"),
        ("charter", "urn:a", "Charte signée : urn:a", "Charter signed: urn:a"),
        ("charter", "", "Charte signée", "Charter signed"),
        (
            "dpo",
            "",
            "Accord du délégué à la protection des données, pour tous les jeux de données",
            "Consent of the data protection officer, for all datasets",
        ),
    ],
)
def test_what_is_attested_is_said_in_both_languages(kind: Any, about: str, fr: str, en: str) -> None:
    assert attest.in_words(made(kind, about), "fr") == fr
    assert attest.in_words(made(kind, about), "en") == en
