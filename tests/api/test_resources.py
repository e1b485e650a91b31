"""What the API does, resource by resource, on two real nodes."""

import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from connector.sdk import ApiProblem, Client, calls
from tests.harness.threaded import Running

OPEN = {"permission": [{"action": "use"}]}
UNTIL = {"leftOperand": "odrl:dateTime", "operator": "lteq", "rightOperand": "2099-01-01T00:00:00Z"}


def until(look: Callable[[int | None], Any], is_so: Callable[[Any], bool]) -> Any:
    """Return what a process shows once it is so; `look` waits at the node for the version to change."""
    seen = look(None)
    for _ in range(20):
        if is_so(seen):
            return seen
        seen = look(seen["version"])
    raise AssertionError(seen)


def negotiation(client: Client, pid: str, is_so: Callable[[Any], bool]) -> Any:
    return until(lambda version: client.show_negotiation(pid, wait=5, version=version), is_so)


def transfer(client: Client, pid: str, is_so: Callable[[Any], bool]) -> Any:
    return until(lambda version: client.show_transfer(pid, wait=5, version=version), is_so)


def fetched(client: Client, pid: str, status: str) -> Any:
    """Return a reception once it has come to this end."""
    ends_at = time.monotonic() + 20
    while (seen := client.show_fetch(pid))["status"] != status:
        assert time.monotonic() < ends_at, seen
    return seen


def in_state(state: str) -> Callable[[Any], bool]:
    return lambda seen: seen["state"] == state and seen["pending"] is None


def asked(api: Client, provider: Running) -> tuple[str, str]:
    """Ask for a dataset that a person decides about; return our identifier and the provider's."""
    pid = api.request_access(provider.did, "urn:test:reserve")["pid"]
    seen = negotiation(api, pid, in_state("REQUESTED"))
    return pid, seen["peer_pid"]


def test_what_the_consumer_declares_is_shown_to_both_sides(
    api: Client, provider_api: Client, provider: Running
) -> None:
    card = {"purpose": "Trame noire", "until": "2027-06-30", "legal_basis": "CRPA, L. 114-8", "use_case": None}
    said = {name: value for name, value in card.items() if value}
    pid = api.request_access(provider.did, "urn:test:reserve", **said)["pid"]
    seen = negotiation(api, pid, in_state("REQUESTED"))
    assert seen["declared"] == card
    assert provider_api.show_negotiation(seen["peer_pid"])["declared"] == card
    with pytest.raises(ApiProblem) as refused:
        api.request_access(provider.did, "urn:test:reserve", until="bientôt")
    assert (refused.value.status, refused.value.code) == (400, "malformed-message")


# --- publication


def test_a_dataset_is_a_draft_until_it_is_offered(api: Client, seeded: Any) -> None:
    source = {"kind": "file", "path": "feux.csv"}
    metadata = {"description": "Feux", "keywords": ["voirie"], "dct:creator": "service voirie"}
    made = api.create_dataset("Feux", source, metadata)
    assert (made["status"], made["metadata"]) == ("draft", metadata)
    assert made["source"]["sha256"]
    offer = api.create_offer(made["id"], OPEN)
    assert (offer["mode"], offer["is_conditional"]) == ("manual", False)
    shown = api.show_dataset(made["id"])
    assert (shown["status"], [one["id"] for one in shown["offers"]]) == ("published", [offer["id"]])
    assert api.withdraw_offer(offer["id"])["status"] == "withdrawn"
    assert api.show_dataset(made["id"])["status"] == "draft"
    assert api.withdraw_dataset(made["id"])["status"] == "withdrawn"


def test_an_offer_keeps_its_identifier_when_its_terms_change(api: Client, seeded: Any) -> None:
    offer_id = "https://demo.example/offres/feux?version=1#courante"
    api.put_offer(offer_id, seeded.dataset_id, OPEN, "automatic")
    changed = api.put_offer(offer_id, seeded.dataset_id, {"permission": [{"action": "use", "constraint": [UNTIL]}]})
    assert (changed["id"], changed["mode"], changed["is_conditional"]) == (offer_id, "manual", True)
    assert api.show_offer(offer_id)["policy"]["permission"][0]["constraint"] == [UNTIL]
    api.withdraw_offer(offer_id)


def test_an_offer_does_not_move_to_another_dataset(api: Client, seeded: Any) -> None:
    api.put_dataset("urn:test:other", "x", {"kind": "file", "path": "feux.csv"})
    with pytest.raises(ApiProblem) as refused:
        api.put_offer(seeded.offer_id, "urn:test:other", OPEN)
    assert (refused.value.status, refused.value.code) == (409, "conflict")


@pytest.mark.parametrize("limit", [1, 2, 3, 500])
def test_pages_of_any_size_hold_everything_once(provider_api: Client, limit: int) -> None:
    whole = [one["id"] for one in provider_api.list_datasets()["items"]]
    assert whole == sorted(whole)
    assert [one["id"] for one in provider_api.each(calls.list_datasets(limit=limit))] == whole
    whole = [one["pid"] for one in provider_api.list_negotiations()["items"]]
    assert [one["pid"] for one in provider_api.each(calls.list_negotiations(limit=limit))] == whole


# --- partners


def test_a_partner_is_added_once_pinged_and_removed(provider_api: Client, consumer: Running) -> None:
    added = provider_api.add_peer(consumer.did, "Métropole")
    assert added["pinned_keys"]
    with pytest.raises(ApiProblem) as refused:
        provider_api.add_peer(consumer.did)
    assert refused.value.status == 409
    assert provider_api.ping_peer(consumer.did)["keys_match"]
    assert provider_api.show_peer(consumer.did.lower())["name"] == "Métropole"
    provider_api.remove_peer(consumer.did)
    assert provider_api.list_peers()["items"] == []


def test_the_catalogue_of_a_partner_is_read_page_by_page(api: Client, provider: Running) -> None:
    ids = [one["id"] for one in api.each(calls.browse_catalogue(provider.did, limit=1))]
    assert {"urn:test:lampadaires", "urn:test:reserve"} <= set(ids)
    assert ids == sorted(set(ids))  # each once, whatever others have published meanwhile
    one = api.show_catalogue_dataset(provider.did, "urn:test:reserve")
    assert (one["title"], one["formats"]) == ("reserve", ["HttpData-PULL", "HttpData-PUSH"])


def test_a_cursor_leads_nowhere_but_to_the_partner(api: Client, provider: Running) -> None:
    with pytest.raises(ApiProblem) as refused:
        api.browse_catalogue(provider.did, cursor="http://127.0.0.1:1/elsewhere")
    assert (refused.value.status, refused.value.pointer) == (400, "/cursor")


def test_what_the_partner_does_not_have_is_said_to_be_its_answer(api: Client, provider: Running) -> None:
    with pytest.raises(ApiProblem) as refused:
        api.show_catalogue_dataset(provider.did, "urn:test:nothing")
    assert (refused.value.status, refused.value.code) == (424, "peer-refused")


# --- negotiations


def test_a_person_accepts_and_both_sides_hold_the_agreement(
    api: Client, provider_api: Client, provider: Running
) -> None:
    pid, theirs = asked(api, provider)
    waiting = provider_api.show_negotiation(theirs)
    assert (waiting["turn"], waiting["why"]["code"]) == ("us", "our-turn")
    assert waiting["why"]["actions"] == ["counter", "accept", "refuse", "terminate"]
    provider_api.accept_negotiation(theirs)
    final = negotiation(api, pid, in_state("FINALIZED"))
    agreement = api.show_agreement(final["agreement"])
    assert (agreement["status"], agreement["role"]) == ("active", "consumer")
    negotiation(provider_api, theirs, in_state("FINALIZED"))
    assert provider_api.show_agreement(final["agreement"])["document"] == agreement["document"]


def test_a_refusal_tells_the_partner_why(api: Client, provider_api: Client, provider: Running) -> None:
    pid, theirs = asked(api, provider)
    provider_api.refuse_negotiation(theirs, "Pas cette année.")
    ended = negotiation(api, pid, in_state("TERMINATED"))
    assert (ended["last_received"]["code"], ended["last_received"]["reason"]) == ("refused", "Pas cette année.")
    assert "Pas cette année." in ended["why"]["text"]
    assert ended["why"]["actions"] == []


def test_counter_offers_go_both_ways_before_an_agreement(api: Client, provider_api: Client, provider: Running) -> None:
    pid, theirs = asked(api, provider)
    provider_api.counter_negotiation(theirs, {"permission": [{"action": "use", "constraint": [UNTIL]}]})
    offered = negotiation(api, pid, in_state("OFFERED"))
    assert (offered["offer_by"], offered["offer"]["permission"][0]["constraint"]) == ("provider", [UNTIL])
    assert offered["why"]["actions"] == ["counter", "accept", "refuse", "terminate"]
    api.counter_negotiation(pid, OPEN)
    negotiation(provider_api, theirs, in_state("REQUESTED"))
    provider_api.accept_negotiation(theirs)
    final = negotiation(api, pid, in_state("FINALIZED"))
    assert "constraint" not in api.show_agreement(final["agreement"])["document"]["permission"][0]


def test_a_provider_may_propose_first(api: Client, provider_api: Client, provider: Running, consumer: Running) -> None:
    provider_api.add_peer(consumer.did)
    offer_id = provider_api.list_offers(dataset="urn:test:lampadaires")["items"][0]["id"]
    theirs = provider_api.propose_offer(consumer.did, offer_id)["pid"]
    pid = negotiation(provider_api, theirs, in_state("OFFERED"))["peer_pid"]
    api.accept_negotiation(pid)
    negotiation(api, pid, in_state("FINALIZED"))
    provider_api.remove_peer(consumer.did)


def test_either_side_may_end_a_negotiation(api: Client, provider_api: Client, provider: Running) -> None:
    pid, theirs = asked(api, provider)
    api.terminate_negotiation(pid, "Plus besoin.")
    ended = negotiation(provider_api, theirs, in_state("TERMINATED"))
    assert ended["last_received"]["reason"] == "Plus besoin."


@pytest.mark.parametrize("act", ["accept_negotiation", "verify_negotiation", "terminate_negotiation"])
def test_what_the_state_forbids_is_a_conflict_and_changes_nothing(api: Client, seeded: Any, act: str) -> None:
    before = api.show_negotiation(seeded.pid)
    with pytest.raises(ApiProblem) as refused:
        getattr(api, act)(seeded.pid)
    assert (refused.value.status, refused.value.code) == (409, "illegal-transition")
    assert api.show_negotiation(seeded.pid) == before


def test_one_offer_among_several_must_be_named(
    api: Client, provider_api: Client, provider: Running, seeded: Any
) -> None:
    second = provider_api.create_offer("urn:test:lampadaires", OPEN, "automatic")["id"]
    try:
        with pytest.raises(ApiProblem) as refused:
            api.request_access(provider.did, "urn:test:lampadaires")
        assert (refused.value.code, refused.value.pointer) == ("several-offers", "/offer_id")
        assert second in refused.value.detail
        api.request_access(provider.did, "urn:test:lampadaires", offer_id=second)
    finally:
        provider_api.withdraw_offer(second)


def test_a_whole_offer_is_requested_without_asking_the_catalogue(api: Client, provider: Running, seeded: Any) -> None:
    offer = api.show_catalogue_dataset(provider.did, "urn:test:lampadaires")["offers"][0]
    pid = api.request_access(provider.did, "urn:test:lampadaires", offer=offer)["pid"]
    negotiation(api, pid, in_state("FINALIZED"))


def test_a_question_that_waits_is_answered_when_the_process_moves(
    api: Client, provider_api: Client, provider: Running, consumer: Running
) -> None:
    pid, theirs = asked(api, provider)
    answers: list[Any] = []

    def wait() -> None:
        with Client(consumer.url, consumer.key) as client:
            answers.append(client.show_negotiation(pid, wait=30, state="REQUESTED"))

    waiting = threading.Thread(target=wait)
    waiting.start()
    provider_api.accept_negotiation(theirs)
    waiting.join(15)
    assert not waiting.is_alive()
    assert answers[0]["state"] != "REQUESTED"


def test_a_question_that_waits_in_vain_is_answered_with_the_present(api: Client, seeded: Any) -> None:
    seen = api.show_negotiation(seeded.pid)
    assert api.show_negotiation(seeded.pid, wait=0.2, state="FINALIZED", version=seen["version"]) == seen


def test_a_question_about_what_is_not_there_does_not_wait(api: Client) -> None:
    with pytest.raises(ApiProblem) as refused:
        api.show_negotiation("urn:uuid:nobody", wait=30)
    assert refused.value.status == 404


def test_filters_of_lists_hold(api: Client, provider: Running, seeded: Any) -> None:
    assert seeded.pid in [one["pid"] for one in api.list_negotiations(role="consumer", peer=provider.did)["items"]]
    assert seeded.pid not in [one["pid"] for one in api.list_negotiations(state="REQUESTED", limit=500)["items"]]
    assert api.list_negotiations(peer="did:web:nobody.example")["items"] == []
    assert {one["agreement"] for one in api.list_transfers(agreement=seeded.agreement_id)["items"]} == {
        seeded.agreement_id
    }
    assert api.list_agreements(status="ended")["items"] == []


# --- transfers


def test_bytes_are_received_into_a_file_and_verified(api: Client, seeded: Any) -> None:
    shown = fetched(api, seeded.transfer, "done")
    assert shown["done_bytes"] == shown["size_bytes"] == 13
    assert len(shown["sha256"]) == 64
    assert "/received/root/lampadaires-" in shown["path"]


def test_tokens_are_never_shown(api: Client, consumer: Running, seeded: Any) -> None:
    stored = consumer.read(lambda tx: _address(tx, seeded.transfer))
    secrets = {one["value"] for one in stored["endpointProperties"] if one["name"] in ("authorization", "refreshToken")}
    assert len(secrets) == 2
    with httpx.Client(headers={"authorization": f"Bearer {consumer.key}"}) as http:
        for path in (f"transfers/{seeded.transfer}", f"journal/{seeded.transfer}"):
            text = http.get(f"{consumer.url}/api/v1/{path}").text
            assert "TransferStartMessage" in text
            assert not any(secret in text for secret in secrets)


def test_a_transfer_is_suspended_resumed_and_completed(api: Client, provider_api: Client, seeded: Any) -> None:
    pid = api.request_transfer(seeded.agreement_id)["pid"]
    started = transfer(api, pid, in_state("STARTED"))
    assert (started["why"]["code"], "fetch" in started["why"]["actions"]) == ("running", True)
    theirs = started["peer_pid"]
    provider_api.suspend_transfer(theirs, "Maintenance.")
    suspended = transfer(api, pid, in_state("SUSPENDED"))
    assert suspended["last_received"]["reason"] == "Maintenance."
    assert "resume" in suspended["why"]["actions"]
    provider_api.resume_transfer(theirs)
    transfer(api, pid, in_state("STARTED"))
    provider_api.start_transfer(theirs)
    renewed = transfer(api, pid, lambda seen: seen["last_received"]["message"] == "TransferStartMessage")
    assert renewed["state"] == "STARTED"
    api.complete_transfer(pid)
    transfer(provider_api, theirs, in_state("COMPLETED"))


def test_a_transfer_is_terminated_with_its_reason(api: Client, provider_api: Client, seeded: Any) -> None:
    pid = api.request_transfer(seeded.agreement_id)["pid"]
    theirs = transfer(api, pid, in_state("STARTED"))["peer_pid"]
    api.terminate_transfer(pid, "Fini.", "done")
    ended = transfer(provider_api, theirs, in_state("TERMINATED"))
    assert (ended["last_received"]["code"], ended["last_received"]["reason"]) == ("done", "Fini.")


@pytest.mark.parametrize("path", ["../../escape.csv", "/etc/cron.d/x", "..", ".", "a/../../../x", "../root2/x"])
def test_received_files_stay_in_their_folder(api: Client, consumer: Running, seeded: Any, path: str) -> None:
    with pytest.raises(ApiProblem) as refused:
        api.fetch_transfer(seeded.transfer, path)
    assert (refused.value.status, refused.value.pointer) == (400, "/path")
    assert not list(consumer.node.settings.data_dir.parent.rglob("escape.csv"))


def test_a_name_that_no_disk_takes_fails_with_its_reason(api: Client, seeded: Any) -> None:
    pid = api.request_transfer(seeded.agreement_id)["pid"]
    transfer(api, pid, in_state("STARTED"))
    api.fetch_transfer(pid, "x" * 900)
    seen = fetched(api, pid, "failed")
    assert seen["problem"]["code"] == "fetch-failed"
    assert seen["problem"]["remedy"]


def test_only_the_consumer_receives(provider_api: Client, api: Client, seeded: Any) -> None:
    theirs = api.show_transfer(seeded.transfer)["peer_pid"]
    with pytest.raises(ApiProblem) as refused:
        provider_api.fetch_transfer(theirs)
    assert refused.value.status == 409


# --- journal, jobs, the node


def test_the_journal_tells_what_happened_in_order_and_proves_itself(api: Client, seeded: Any) -> None:
    entries = list(api.each(calls.show_journal(seeded.pid, limit=2)))
    assert [one["n"] for one in entries] == list(range(1, len(entries) + 1))
    assert (entries[0]["kind"], entries[0]["entry"]["message"]) == ("sent", "ContractRequestMessage")
    assert entries[0]["entry"]["body"]["@type"] == "ContractRequestMessage"
    assert api.verify_journal(seeded.pid) == {"is_intact": True, "entries": len(entries), "detail": None}


def test_a_dead_job_is_seen_and_retried(api: Client, seeded: Any) -> None:
    dead = api.list_jobs(status="dead")["items"]
    assert [(one["kind"], one["key"], one["problem"]) for one in dead] == [(seeded.kind, seeded.key, "ten failures")]
    assert seeded.key in [one["key"] for one in api.list_jobs()["items"]]
    api.retry_job(seeded.kind, seeded.key)
    with pytest.raises(ApiProblem) as refused:
        api.retry_job(seeded.kind, "urn:uuid:never")
    assert refused.value.status == 404


def test_the_status_says_what_there_is(api: Client, consumer: Running, seeded: Any) -> None:
    status = api.show_status()
    assert status["participant"]["did"] == consumer.did
    assert status["negotiations"]["FINALIZED"] >= 1
    assert status["jobs"] is not None


def test_participants_are_added_with_an_identity_of_their_own(provider_api: Client) -> None:
    made = provider_api.add_participant("commune-demo", "Commune de Démo")
    assert made["did"].endswith(":o:commune-demo")
    assert [one["owner"] for one in provider_api.list_participants()["items"]] == ["root", "commune-demo"]
    with pytest.raises(ApiProblem) as refused:
        provider_api.add_participant("commune-demo", "Encore")
    assert refused.value.status == 409


@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready"])
def test_health_needs_no_key(consumer: Running, path: str) -> None:
    with httpx.Client() as http:
        answer = http.get(consumer.url + path)
    assert (answer.status_code, answer.json()["status"]) == (200, "alive" if path.endswith("live") else "ready")


def test_metrics_are_in_prometheus_text_format(consumer: Running, seeded: Any) -> None:
    with httpx.Client() as http:
        answer = http.get(f"{consumer.url}/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = answer.text.splitlines()
    assert any(line.startswith('pupitre_negotiations{owner="root",state=') for line in lines)
    for line in lines:
        name, _, value = line.rpartition(" ")
        assert line.startswith("#") or (name and float(value) >= 0)


def test_nothing_else_stands_on_the_private_listener(consumer: Running) -> None:
    with httpx.Client() as http:
        for path in ("/", "/dsp/2025-1/negotiations/x", "/.well-known/did.json"):
            answer = http.get(consumer.url + path)
            assert (answer.status_code, answer.json()["code"]) == (404, "no-such-address")


def _address(tx: Any, pid: str) -> Any:
    from connector.store import transfers

    return transfers.peek(tx, "root", pid).data_address


# --- terms that nobody could decide on

UNREADABLE = {"@context": {"use": "https://elsewhere.example/use"}, "permission": [{"action": "use"}]}


@pytest.mark.parametrize("value", ["De\u0301cembre", "urn:x:\u202e"])
def test_terms_that_no_contract_could_hold_are_not_laid_on_the_table(
    api: Client, provider_api: Client, provider: Running, value: str
) -> None:
    pid, theirs = asked(api, provider)
    constraint = {"leftOperand": "spatial", "operator": "eq", "rightOperand": value}
    with pytest.raises(ApiProblem) as refused:
        provider_api.counter_negotiation(theirs, {"permission": [{"action": "use", "constraint": [constraint]}]})
    assert refused.value.status == 400
    assert refused.value.pointer == "/policy/permission/0/constraint/0/rightOperand"
    assert provider_api.show_negotiation(theirs)["state"] == "REQUESTED"
    api.terminate_negotiation(pid)


def test_terms_that_cannot_be_read_are_not_laid_on_the_table(
    api: Client, provider_api: Client, provider: Running
) -> None:
    pid, theirs = asked(api, provider)
    with pytest.raises(ApiProblem) as refused:
        provider_api.counter_negotiation(theirs, UNREADABLE)
    assert (refused.value.status, refused.value.pointer) == (400, "/offer/@context")
    with pytest.raises(ApiProblem) as refused:
        api.request_access(provider.did, "urn:test:reserve", offer={"@id": "urn:x", **UNREADABLE})
    assert refused.value.status == 400
    assert provider_api.show_negotiation(theirs)["state"] == "REQUESTED"
    api.terminate_negotiation(pid)
