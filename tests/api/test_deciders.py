"""The journal says who decided: a rule of the node, or the key of the API that was used; never its secret."""

import asyncio
from typing import Any

import httpx
import pytest

from connector.sdk import AsyncClient, Client, calls
from connector.services import deciders, exchange
from connector.services.deciders import Person, Rule
from connector.services.exchange import Answer
from connector.store import journal, negotiations
from tests.harness.threaded import Running

OPEN = {"permission": [{"action": "use"}]}
SOURCE = {"kind": "file", "path": "feux.csv"}


def decisions(client: Client, process: str) -> list[tuple[str, str, str]]:
    """Return kind of entry, message (or nothing) and who decided, of the entries that tell of a decision."""
    entries = client.each(calls.show_journal(process))
    return [
        (one["kind"], str(one["entry"].get("message", "")), one["decided_by"]["name"])
        for one in entries
        if one["decided_by"]
    ]


def settled(client: Client, pid: str, state: str) -> Any:
    seen = client.show_negotiation(pid)
    while seen["state"] != state or seen["pending"]:
        seen = client.show_negotiation(pid, wait=10, version=seen["version"])
    return seen


def test_an_automatic_offer_is_named_as_the_rule_that_agreed(api: Client, provider_api: Client, seeded: Any) -> None:
    seen = settled(api, seeded.pid, "FINALIZED")
    assert decisions(api, seeded.pid) == [
        ("sent", "ContractRequestMessage", "test"),
        ("sent", "ContractAgreementVerificationMessage", "as-requested"),
    ]
    theirs = seen["peer_pid"]
    assert decisions(provider_api, theirs) == [
        ("sent", "ContractAgreementMessage", "offer-mode"),
        ("sent", "ContractNegotiationEventMessage:FINALIZED", "carried-through"),
    ]
    agreed = next(one for one in provider_api.show_journal(theirs)["items"] if one["decided_by"])["decided_by"]
    assert agreed["about"] == {"mode": "automatic", "offer": seen["offer_id"]}
    assert agreed["text"] == f"a rule: the automatic mode of offer {seen['offer_id']}"
    started = decisions(provider_api, api.show_transfer(seeded.transfer)["peer_pid"] or "")
    assert started == [("sent", "TransferStartMessage", "policy")]


def test_a_person_is_named_by_the_key_and_its_name(api: Client, provider: Running, seeded: Any) -> None:
    with Client(provider.url, provider.key) as administration:
        made = administration.issue_key("Mme Petit", "steward")
    pid = api.request_access(provider.did, "urn:test:reserve")["pid"]
    theirs = settled(api, pid, "REQUESTED")["peer_pid"]
    with Client(provider.url, made["secret"], language="fr") as person:
        person.accept_negotiation(theirs)
        shown = settled(person, theirs, "FINALIZED")
        agreed = next(one for one in person.show_journal(theirs)["items"] if one["decided_by"])["decided_by"]
    assert (agreed["kind"], agreed["name"], agreed["key"]) == ("key", "Mme Petit", made["id"])
    assert agreed["text"] == f"la clé « Mme Petit » ({made['id']}), gestionnaire"
    assert shown["last_sent"]["decided_by"]["name"] == "carried-through"
    stored = provider.read(lambda tx: journal.page(tx, "root", theirs))
    assert not any(made["secret"] in one.text for one in stored)


def test_the_function_of_a_person_stands_in_a_member_of_its_own(
    api: Client, provider: Running, provider_api: Client, seeded: Any
) -> None:
    function = "Directrice de la transition écologique"
    with Client(provider.url, provider.key) as administration:
        made = administration.issue_key("Mme Petit", "steward", function=function)
    pid = api.request_access(provider.did, "urn:test:reserve")["pid"]
    theirs = settled(api, pid, "REQUESTED")["peer_pid"]
    with Client(provider.url, made["secret"]) as person:
        person.terminate_negotiation(theirs, code="x")
        sent = settled(person, theirs, "TERMINATED")["last_sent"]["decided_by"]
        told = [one["decided_by"] for one in person.show_journal(theirs)["items"] if one["decided_by"]]
    assert [one["function"] for one in (sent, *told)] == [function, function]

    async def later() -> list[Any]:
        async with AsyncClient(provider.url, provider.key) as client:
            return (await client.show_journal(theirs))["items"]

    assert [one["decided_by"] for one in asyncio.run(later()) if one["decided_by"]] == told


def test_neither_a_rule_nor_a_key_without_one_has_a_function(api: Client, provider_api: Client, seeded: Any) -> None:
    seen = settled(api, seeded.pid, "FINALIZED")
    asked = [one["decided_by"] for one in api.show_journal(seeded.pid)["items"] if one["decided_by"]]
    ruled = [one["decided_by"] for one in provider_api.show_journal(seen["peer_pid"])["items"] if one["decided_by"]]
    assert {one["kind"] for one in asked} == {"key", "rule"}
    assert {one["function"] for one in (*asked, *ruled)} == {None}


def test_what_has_to_wait_is_told_at_once_and_keeps_who_decided(api: Client, provider: Running, seeded: Any) -> None:
    pid = api.request_access(provider.did, "urn:test:reserve")["pid"]
    theirs = settled(api, pid, "REQUESTED")["peer_pid"]
    by = Person("urn:key:1", "M. Blanc")

    def later(tx: Any) -> None:
        row = negotiations.load(tx, "root", theirs)
        wanted = Answer("ContractNegotiationTerminationMessage", by, {"code": "x"}, delay_s=3600)
        exchange.answer(tx, provider.node.negotiate.line, row, wanted)
        negotiations.save(tx, row)

    provider.do(provider.node.store.write(later))
    with Client(provider.url, provider.key) as client:
        assert decisions(client, theirs) == [("decided", "ContractNegotiationTerminationMessage", "M. Blanc")]
        client.accept_negotiation(theirs)
        settled(client, theirs, "FINALIZED")
        told = decisions(client, theirs)
    assert told[1] == ("unused", "ContractNegotiationTerminationMessage", "M. Blanc")
    assert told[2] == ("sent", "ContractAgreementMessage", "test")


def test_publication_has_a_journal_of_each_dataset_and_offer(api: Client, consumer: Running, seeded: Any) -> None:
    api.put_dataset("urn:test:journal", "Feux", SOURCE, {"description": "Feux"})
    offer = api.create_offer("urn:test:journal", OPEN, "automatic")["id"]
    api.put_offer(offer, "urn:test:journal", OPEN, "manual")
    api.withdraw_offer(offer)
    api.withdraw_dataset("urn:test:journal")
    of_dataset = api.show_journal("urn:test:journal")["items"]
    assert [(one["kind"], one["entry"]["status"]) for one in of_dataset] == [
        ("dataset-put", "draft"),
        ("dataset-published", "published"),
        ("dataset-unpublished", "draft"),
        ("dataset-withdrawn", "withdrawn"),
    ]
    assert set(of_dataset[0]["entry"]["source"]) == {"kind", "size_bytes", "sha256", "media_type"}
    of_offer = api.show_journal(offer)["items"]
    assert [(one["kind"], one["entry"]["mode"]) for one in of_offer] == [
        ("offer-put", "automatic"),
        ("offer-put", "manual"),
        ("offer-withdrawn", "manual"),
    ]
    for one in (*of_dataset, *of_offer):
        assert one["decided_by"]["kind"] == "key"
    for chain in ("urn:test:journal", offer):
        assert api.verify_journal(chain)["is_intact"]


def test_an_entry_of_an_older_version_verifies_and_says_that_nobody_was_noted(api: Client, consumer: Running) -> None:
    old = {"to": "did:web:x", "message": "ContractRequestMessage", "state": "INITIAL", "body": "{}"}
    consumer.do(consumer.node.store.write(lambda tx: journal.append(tx, "root", "urn:uuid:old", "sent", old)))
    assert api.verify_journal("urn:uuid:old")["is_intact"]
    (shown,) = api.show_journal("urn:uuid:old")["items"]
    assert shown["decided_by"]["name"] == "unrecorded"
    assert "version" in shown["decided_by"]["text"]


def test_a_received_message_was_not_decided_here(api: Client, seeded: Any) -> None:
    received = [one for one in api.show_journal(seeded.pid)["items"] if one["kind"] == "received"]
    assert received
    assert {one["decided_by"] is None for one in received} == {True}


@pytest.mark.parametrize(
    "decider",
    [
        Person("urn:key:1", "Mme Petit"),
        Person("urn:key:1", "Mme Petit", "steward"),
        Person("urn:key:1", "Mme Petit", "steward", "Directrice de la transition écologique"),
        deciders.INSTALLATION,
        Rule("a-rule-of-tomorrow", {"offer": "urn:o"}),
        deciders.offer_mode("automatic", "urn:o"),
        deciders.policy_of(agreement="urn:a"),
        deciders.policy_of(offer="urn:o"),
        deciders.as_requested(),
        deciders.agreement_check("urn:a"),
        deciders.script("received X"),
        deciders.CARRIED_THROUGH,
    ],
)
def test_what_is_stored_of_a_decider_is_read_as_the_same(decider: deciders.Decider) -> None:
    assert deciders.read(deciders.told(decider)) == decider
    assert deciders.say(decider, "fr") != deciders.say(decider, "en")
    assert "{" not in deciders.say(decider, "fr") + deciders.say(decider, "en")


@pytest.mark.parametrize("stored", [None, "x", 3, {}, []])
def test_what_is_no_decider_is_read_as_unrecorded(stored: Any) -> None:
    assert deciders.read(stored) == deciders.UNRECORDED


def test_the_key_that_asks_is_not_in_the_answer(api: Client, consumer: Running, seeded: Any) -> None:
    with httpx.Client(headers={"authorization": f"Bearer {consumer.key}"}) as http:
        assert consumer.key not in http.get(f"{consumer.url}/api/v1/journal/{seeded.pid}").text
