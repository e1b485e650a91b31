"""Publishing says what is doubtful, and who among the partners would see the dataset: what the catalogue shows."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.app import ROOT
from connector.sdk import ApiProblem, Client, calls
from connector.services import audience
from connector.store import peers
from connector.store.db import Tx
from connector.store.peers import Peer
from tests.harness.nodes import BY, publish
from tests.harness.threaded import Running

STRANGER, BLOCKED = "did:web:autre.example", "did:web:bloque.example"
OPEN = {"permission": [{"action": "use"}]}


def only(*dids: str) -> dict[str, Any]:
    constraint = {"leftOperand": "odrl:recipient", "operator": "isAnyOf", "rightOperand": list(dids)}
    return {"permission": [{"action": "use", "constraint": [constraint]}]}


def until(instant: str) -> dict[str, Any]:
    value = {"@type": "xsd:dateTime", "@value": instant}
    constraint = {"leftOperand": "odrl:dateTime", "operator": "lteq", "rightOperand": value}
    return {"permission": [{"action": "use", "constraint": [constraint]}]}


@pytest.fixture(scope="module")
def known(provider: Running, consumer: Running) -> Iterator[str]:
    """The provider knows the consumer, a partner that nobody names, and one that is blocked."""

    def unit(tx: Tx) -> None:
        for did, status in ((STRANGER, peers.KNOWN), (BLOCKED, peers.BLOCKED)):
            peers.put(tx, Peer(owner=ROOT, did=did, name=did[8:14], url="http://127.0.0.1:9", pinned=[], status=status))

    provider.do(provider.node.introduce.add(ROOT, consumer.did, "Ville", by=BY))
    provider.do(provider.node.store.write(unit))
    yield consumer.did
    provider.do(
        provider.node.store.write(lambda tx: [peers.remove(tx, ROOT, one) for one in (STRANGER, BLOCKED, consumer.did)])
    )


def seen_by(api: Client, dataset: str, **asked: Any) -> dict[str, Any]:
    return {one["did"]: one for one in api.each(calls.list_audience(dataset, **asked))}


def test_who_sees_a_dataset_is_what_the_catalogue_shows(
    provider: Running, provider_api: Client, api: Client, known: str
) -> None:
    for name, policy in (("pour-lui", only(known)), ("pour-un-autre", only(STRANGER)), ("pour-tous", OPEN)):
        provider.do(publish(provider.node, name, policy=policy))
    shown = {one["id"] for one in api.each(calls.browse_catalogue(provider.did))}
    for name in ("pour-lui", "pour-un-autre", "pour-tous"):
        told = seen_by(provider_api, f"urn:test:{name}")
        assert told[known]["sees"] == (f"urn:test:{name}" in shown)
        assert (told[BLOCKED]["sees"], told[BLOCKED]["why"]) == (False, "This partner is blocked.")
    assert {f"urn:test:{name}" for name in ("pour-lui", "pour-tous")} <= shown
    assert seen_by(provider_api, "urn:test:pour-un-autre")[STRANGER]["sees"]


def test_why_a_partner_does_not_see_it_is_told_by_phase(provider: Running, provider_api: Client, known: str) -> None:
    offer = provider.do(publish(provider.node, "choisi", policy=only(STRANGER)))
    told = seen_by(provider_api, "urn:test:choisi")[known]
    assert told["why"] == "None of the offers is open to it."
    (judged,) = told["offers"]
    assert (judged["offer"], judged["mode"]) == (offer, "automatic")
    assert judged["effects"] == dict.fromkeys(("catalogue", "negotiation", "transfer", "request"), "deny")
    assert any(STRANGER in reason for reason in judged["reasons"])


def test_it_is_told_as_it_will_be(provider: Running, provider_api: Client, known: str) -> None:
    ends_at = (datetime.now(UTC) + timedelta(days=400)).replace(microsecond=0)
    provider.do(publish(provider.node, "dix-mois", policy=until(ends_at.isoformat())))
    now = seen_by(provider_api, "urn:test:dix-mois")[known]
    assert now["sees"]
    assert datetime.fromisoformat(now["offers"][0]["until"] or "") - ends_at < timedelta(seconds=1)
    later = seen_by(provider_api, "urn:test:dix-mois", at=(ends_at + timedelta(days=1)).isoformat())[known]
    assert (later["sees"], later["offers"][0]["effects"]["request"]) == (False, "deny")


def test_a_dataset_that_is_not_published_is_seen_by_nobody(provider: Running, provider_api: Client, known: str) -> None:
    provider.do(publish(provider.node, "repris"))
    provider_api.withdraw_dataset("urn:test:repris")
    assert {one["why"] for one in seen_by(provider_api, "urn:test:repris").values()} == {
        "The dataset is not published: nobody sees it."
    }
    with pytest.raises(ApiProblem) as unknown:
        seen_by(provider_api, "urn:test:jamais")
    assert unknown.value.status == 404


def test_a_page_holds_fewer_partners_when_there_are_many_offers(
    provider: Running, provider_api: Client, known: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.do(publish(provider.node, "souvent"))
    whole = list(seen_by(provider_api, "urn:test:souvent"))
    assert len(whole) >= 3
    monkeypatch.setattr(audience, "MOST_JUDGED", 1)
    page = provider_api.list_audience("urn:test:souvent")
    assert [one["did"] for one in page["items"]] == whole[:1]
    assert list(seen_by(provider_api, "urn:test:souvent")) == whole


def test_what_is_doubtful_is_published_and_told_in_both_languages(provider: Running, provider_api: Client) -> None:
    provider.do(publish(provider.node, "douteux"))
    made = provider_api.create_offer("urn:test:douteux", until("2099-01-01T00:00:00"), "manual")
    (warning,) = made["warnings"]
    assert (warning["code"], warning["severity"]) == ("missing-zone", "warning")
    assert warning["pointer"] == "/policy/permission/0/constraint/0/rightOperand"
    assert "fuseau horaire" in warning["message"]["fr"]
    assert "time zone" in warning["message"]["en"]
    assert provider_api.show_offer(made["id"])["warnings"] == made["warnings"]
    assert provider_api.put_offer(made["id"], "urn:test:douteux", OPEN, "manual")["warnings"] == []


def test_a_restriction_on_an_open_licence_is_told_with_the_licence_of_the_dataset(
    provider: Running, provider_api: Client
) -> None:
    provider.do(publish(provider.node, "libre"))
    source, licence = {"kind": "file", "path": "libre.csv"}, "https://spdx.org/licenses/etalab-2.0"
    provider_api.put_dataset("urn:test:libre", "Libre", source, {"licence": licence})
    made = provider_api.create_offer("urn:test:libre", until("2099-01-01T00:00:00Z"), "manual")
    assert [one["code"] for one in made["warnings"]] == ["restricted-open-licence"]
    assert licence in made["warnings"][0]["message"]["fr"]
    assert provider_api.show_offer(made["id"])["warnings"] == made["warnings"]
    provider_api.put_dataset("urn:test:libre", "Libre", source, {"dct:license": {"@id": licence}})
    assert provider_api.show_offer(made["id"])["warnings"] == made["warnings"]
    provider_api.put_dataset("urn:test:libre", "Libre", source, {})
    assert provider_api.show_offer(made["id"])["warnings"] == []


def previewed(api: Client, dataset: str, policy: dict[str, Any], mode: str = "manual", **asked: Any) -> dict[str, Any]:
    return {one["did"]: one for one in api.each(calls.preview_audience(dataset, policy, mode, **asked))}


def test_who_would_see_an_offer_is_told_before_it_is_made(provider: Running, provider_api: Client, known: str) -> None:
    provider.do(publish(provider.node, "projet", policy=only(STRANGER)))
    provider_api.withdraw_dataset("urn:test:projet")
    before = (provider_api.show_dataset("urn:test:projet"), list(provider_api.each(calls.list_offers())))
    told = previewed(provider_api, "urn:test:projet", only(known), "automatic")
    assert [(told[did]["sees"], told[did]["agreed"]) for did in (known, STRANGER, BLOCKED)] == [
        (True, True),
        (False, False),
        (False, False),
    ]
    assert not previewed(provider_api, "urn:test:projet", only(known))[known]["agreed"]  # a person decides
    assert not previewed(provider_api, "urn:test:projet", until("2001-01-01T00:00:00Z"))[known]["sees"]
    assert (provider_api.show_dataset("urn:test:projet"), list(provider_api.each(calls.list_offers()))) == before


def test_a_preview_says_what_is_doubtful_and_refuses_what_is_wrong(
    provider: Running, provider_api: Client, known: str
) -> None:
    provider.do(publish(provider.node, "essai"))
    told = provider_api.preview_audience("urn:test:essai", until("2099-01-01T00:00:00"))
    assert [one["code"] for one in told["warnings"]] == ["missing-zone"]
    with pytest.raises(ApiProblem) as wrong:
        provider_api.preview_audience("urn:test:essai", until("someday"))
    assert (wrong.value.status, wrong.value.pointer) == (400, "/policy/permission/0/constraint/0/rightOperand")
    with pytest.raises(ApiProblem) as unknown:
        provider_api.preview_audience("urn:test:jamais", OPEN)
    assert unknown.value.status == 404


def test_what_is_attested_shows_in_the_audience(provider: Running, provider_api: Client, known: str) -> None:
    terri = "https://w3id.org/pupitre/terri/"
    asked = {"leftOperand": terri + "participantCategory", "operator": "isA", "rightOperand": terri + "OrganismePublic"}
    policy = {"permission": [{"action": "use", "constraint": [asked]}]}
    provider.do(publish(provider.node, "public"))
    assert not previewed(provider_api, "urn:test:public", policy)[known]["sees"]
    made = provider_api.attest_peer(known, "category", "La directrice", about="Collectivite", said_on="2024-03-12")
    assert made["words"] == "Category of organisation: local authority or grouping"
    assert previewed(provider_api, "urn:test:public", policy)[known]["sees"]
    assert [one["id"] for one in provider_api.each(calls.list_attestations(known, status="standing"))] == [made["id"]]
    ended = provider_api.withdraw_attestation(known, made["id"], "La directrice", reason="Erreur")
    assert (ended["ended_by"], ended["ended_reason"]) == ("La directrice", "Erreur")
    assert not previewed(provider_api, "urn:test:public", policy)[known]["sees"]
    with pytest.raises(ApiProblem) as day:
        provider_api.attest_peer(known, "dpo", "La déléguée", said_on="12 mars")
    assert (day.value.status, day.value.pointer) == (400, "/said_on")


def test_what_is_wrong_changes_nothing(provider: Running, provider_api: Client) -> None:
    offer = provider.do(publish(provider.node, "tenu"))
    before = provider_api.show_offer(offer)
    with pytest.raises(ApiProblem) as refused:
        provider_api.put_offer(offer, "urn:test:tenu", until("someday"), "automatic")
    assert (refused.value.status, refused.value.pointer) == (400, "/policy/permission/0/constraint/0/rightOperand")
    assert provider_api.show_offer(offer) == before


def test_an_offer_that_grants_nobody_anything_is_shown_to_nobody(
    provider: Running, provider_api: Client, api: Client, known: str
) -> None:
    pay = {"permission": [{"action": "use", "duty": [{"action": "odrl:compensate"}]}]}
    provider.do(publish(provider.node, "payant", policy=pay))
    assert not seen_by(provider_api, "urn:test:payant")[known]["sees"]
    assert "urn:test:payant" not in {one["id"] for one in api.each(calls.browse_catalogue(provider.did))}
