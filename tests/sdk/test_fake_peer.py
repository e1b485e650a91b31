"""The fake peer by itself: two of them talk, every word of theirs is held against the specification's schemas."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from connector.sdk.testing import Dataset, FakePeer, NotHeard, Refused, ScriptError, protocol
from connector.sdk.testing.calling import NotCalled, call
from connector.sdk.testing.identity import Identity
from tests.harness import schemas

POINTS = "urn:fake:points"


@pytest.fixture
def provider() -> Iterator[FakePeer]:
    with FakePeer() as peer:
        yield peer


@pytest.fixture
def consumer() -> Iterator[FakePeer]:
    with FakePeer() as peer:
        yield peer


def faults(body: Any) -> list[str]:
    return schemas.faults(body["@type"], json.dumps(body).encode())


# --- what it says -----------------------------------------------------------------------------------------------------


def test_every_message_of_both_roles_fits_its_schema(provider: FakePeer, consumer: FakePeer) -> None:
    negotiation = consumer.request_contract(provider.did, POINTS).wait_for("FINALIZED")
    transfer = consumer.request_transfer(negotiation).wait_for("STARTED")
    assert consumer.pull(transfer) == provider.datasets[0].content
    theirs = provider.transfers[0]
    for said in (
        provider.suspend(theirs),
        provider.resume(theirs),
        consumer.suspend(transfer),
        consumer.say(transfer, protocol.START),
        consumer.terminate(transfer),
    ):
        assert said.is_accepted, said
    pushed = consumer.request_transfer(negotiation, push=True).wait_for("COMPLETED")
    assert consumer.pushed(pushed) == provider.datasets[0].content
    provider.offer(consumer.did, "urn:fake:comptages").wait_for("FINALIZED")
    assert provider.terminate(consumer_asks_otherwise(provider, consumer)).is_accepted
    said = [*provider.sent, *consumer.sent]
    assert {one.kind for one in said} == set(protocol.PATHS)
    for one in said:
        assert faults(one.body) == [], one.kind
        assert one.answer == {} or faults(one.answer) == [], one.kind


def consumer_asks_otherwise(provider: FakePeer, consumer: FakePeer) -> Any:
    """Ask for other terms than those that are offered; the provider lays its own on the table again."""
    consumer.sending(protocol.ACCEPTED).silence()
    asked = consumer.request_contract(provider.did, POINTS, policy={"permission": [{"action": "distribute"}]})
    asked.wait_for("OFFERED")
    assert asked.offer["permission"] == [{"action": "use"}]
    return next(one for one in provider.negotiations if one.pid == asked.peer_pid)


def test_what_it_shows_fits_its_schema(provider: FakePeer, consumer: FakePeer) -> None:
    negotiation = consumer.request_contract(provider.did, POINTS).wait_for("FINALIZED")
    transfer = consumer.request_transfer(negotiation).wait_for("STARTED")
    other = Identity("http://127.0.0.1:1")
    base = f"{provider.url}/dsp/2025-1"

    def shown(path: str, body: Any = None, who: Any = consumer._identity) -> Any:
        headers = {"Authorization": who.header_for(provider.did)}
        raw = None if body is None else protocol.as_bytes(body)
        return call("GET" if body is None else "POST", base + path, headers=headers, body=raw)

    found = [
        shown("/catalog/request", protocol.message("CatalogRequestMessage")),
        shown(f"/catalog/datasets/{POINTS}"),
        shown(f"/negotiations/{negotiation.peer_pid}"),
        shown(f"/transfers/{transfer.peer_pid}"),
    ]
    assert [one.status for one in found] == [200] * 4
    refused = [
        shown("/catalog/datasets/urn:none"),
        shown("/negotiations/urn:none"),
        shown("/transfers/request", protocol.message("TransferRequestMessage")),
        shown(f"/negotiations/{negotiation.peer_pid}", who=other),
    ]
    assert [one.status for one in refused] == [404, 404, 400, 401]
    assert [faults(one.document) for one in (*found, *refused)] == [[]] * 8
    versions = call("GET", f"{provider.url}/.well-known/dspace-version")
    assert schemas.faults("VersionResponse", versions.body) == []


# --- whom it believes -------------------------------------------------------------------------------------------------


def test_a_token_is_for_one_call_to_one_participant(provider: FakePeer, consumer: FakePeer) -> None:
    url = f"{provider.url}/dsp/2025-1/catalog/datasets/{POINTS}"
    good = consumer._identity.header_for(provider.did)
    forged = Identity(consumer.url).header_for(provider.did)
    elsewhere = consumer._identity.header_for(consumer.did)
    answers = [call("GET", url, headers={"Authorization": header}) for header in (good, good, forged, elsewhere, "x")]
    assert [one.status for one in answers] == [200, 401, 401, 401, 401]


def test_it_calls_and_believes_this_machine_only(provider: FakePeer) -> None:
    with pytest.raises(NotCalled, match="this machine"):
        provider.request_contract("did:web:donnees.example.org", POINTS)
    with pytest.raises(NotCalled, match="this machine"):
        call("GET", "http://192.0.2.1/")


def test_another_partners_process_is_not_found(provider: FakePeer, consumer: FakePeer) -> None:
    negotiation = consumer.request_contract(provider.did, POINTS).wait_for("FINALIZED")
    with FakePeer() as stranger:
        headers = {"Authorization": stranger._identity.header_for(provider.did)}
        url = f"{provider.url}/dsp/2025-1/negotiations/{negotiation.peer_pid}"
        assert call("GET", url, headers=headers).status == 404


# --- its script -------------------------------------------------------------------------------------------------------


def test_steps_serve_in_order_and_then_it_is_correct_again(provider: FakePeer, consumer: FakePeer) -> None:
    provider.on("ContractRequestMessage").refuse(400).times(2).then.answer(418, {"tea": True}).then.behave()
    statuses = []
    for _ in range(3):
        with pytest.raises(Refused) as refused:
            consumer.request_contract(provider.did, POINTS)
        statuses.append(refused.value.status)
    assert statuses == [400, 400, 418]
    consumer.request_contract(provider.did, POINTS).wait_for("FINALIZED")
    assert [one.is_taken for one in provider.received[:4]] == [False, False, False, True]


def test_always_is_until_told_otherwise(provider: FakePeer, consumer: FakePeer) -> None:
    provider.on("ContractRequestMessage").refuse(code="closed", reason="No.").always()
    for _ in range(3):
        with pytest.raises(Refused, match=r"HTTP 400 closed No\."):
            consumer.request_contract(provider.did, POINTS)
    provider.behave()
    consumer.request_contract(provider.did, POINTS).wait_for("FINALIZED")


def test_what_cannot_be_said_is_refused_at_once(provider: FakePeer) -> None:
    for wrong in (
        lambda: provider.on("ContractRequest"),
        lambda: provider.sending("Data"),
        lambda: provider.on("Data").refuse(200),
        lambda: provider.on("Data").delay(-1),
        lambda: provider.on("Data").repeat(0),
        lambda: provider.on("Data").refuse().silence(),
        lambda: provider.on("Data").then,
        lambda: provider.on("Data").always(),
        lambda: provider.on("Data").cut().times(0),
        lambda: provider.wait_for("Datum"),
    ):
        with pytest.raises(ScriptError):
            wrong()


def test_what_never_comes_is_told_with_what_came(provider: FakePeer, consumer: FakePeer) -> None:
    consumer.browse(provider.did)
    with pytest.raises(NotHeard, match=r"Push: not within 0\.01 s; what there was: .*CatalogRequestMessage"):
        provider.wait_for("Push", timeout_s=0.01)


def test_closing_wakes_whoever_is_kept_waiting(consumer: FakePeer) -> None:
    provider = FakePeer()
    provider.on("VersionResponse").silence()
    ended: list[BaseException] = []

    def ask() -> None:
        try:
            call("GET", f"{provider.url}/.well-known/dspace-version")
        except NotCalled as error:
            ended.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    provider.wait_for("VersionResponse")
    provider.close()
    asking.join(10)
    assert len(ended) == 1


def test_whoever_calls_it_back_waits_for_its_death(consumer: FakePeer, provider: FakePeer) -> None:
    """What it died of is heard before it is dead; it is back all the same, once."""
    for number in range(5):
        consumer.on("ContractAgreementMessage").die()
        negotiation = consumer.request_contract(provider.did, POINTS)
        consumer.wait_for("ContractAgreementMessage", count=2 * number + 1)
        consumer.come_back()
        consumer.come_back()
        negotiation.wait_for("FINALIZED")
        assert consumer.wait_for("ContractAgreementMessage", count=2 * number + 2).is_repeat


def test_it_may_have_datasets_of_its_own(consumer: FakePeer) -> None:
    mine = Dataset("urn:mine", "À moi", b"x" * 3_000_000, {"permission": [{"action": "use"}]})
    with FakePeer(datasets=[mine]) as provider:
        assert [one["dct:title"] for one in consumer.browse(provider.did)] == ["À moi"]
        negotiation = consumer.request_contract(provider.did, "urn:mine").wait_for("FINALIZED")
        assert consumer.pull(consumer.request_transfer(negotiation).wait_for("STARTED")) == mine.content


def test_a_fault_of_its_own_fails_the_test_that_holds_it() -> None:
    def use() -> None:
        with FakePeer() as peer:
            peer._reception._identity = None  # type: ignore[assignment]
            with pytest.raises(NotCalled):
                call("GET", f"{peer.url}/.well-known/did.json")

    with pytest.raises(AttributeError):
        use()


def test_it_needs_no_pytest_and_loads_nothing_of_the_node() -> None:
    """A program that serves must not be able to hold one by accident, a developer must not need our test tools."""
    program = (
        "import sys; import connector.sdk.testing; "
        "wrong = [name for name in sys.modules if name in ('pytest', 'httpx', 'aiohttp', 'sqlalchemy') "
        "or name.startswith('connector.') and not name.startswith('connector.sdk')]; print(wrong)"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
