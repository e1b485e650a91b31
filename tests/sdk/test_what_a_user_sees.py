"""A real node against a partner that refuses, delays, malforms, repeats, says nothing or dies: what its user sees."""

from pathlib import Path
from typing import Any

import pytest

from connector.sdk import ApiProblem, Client, Unfinished
from connector.sdk.testing import FakePeer
from tests.harness.threaded import Running
from tests.sdk.conftest import in_state, known, until, why

POINTS = "urn:fake:points"
REQUEST = "ContractRequestMessage"
AGREEMENT = "ContractAgreementMessage"
VERIFICATION = "ContractAgreementVerificationMessage"


def yes(_: Any) -> bool:
    return True


def asked(client: Client, peer: FakePeer, dataset: str = POINTS) -> str:
    return client.request_access(peer.did, dataset)["pid"]


def concluded(client: Client, pid: str) -> Any:
    return until(client.show_negotiation, pid, in_state("FINALIZED"))


# --- a negotiation ----------------------------------------------------------------------------------------------------


def test_a_correct_peer_gives_its_data(client: Client, peer: FakePeer) -> None:
    got = client.get(peer.did, POINTS, to="correct.csv", accept=yes)
    points = next(one for one in peer.datasets if one.id == POINTS)
    assert (Path(got["path"]).read_bytes(), got["sha256"]) == (points.content, points.sha256)
    peer.wait_for("TransferCompletionMessage")
    assert [one.kind for one in peer.received if not one.is_repeat] == [
        REQUEST,
        VERIFICATION,
        "TransferRequestMessage",
        "TransferCompletionMessage",
    ]
    assert peer.negotiations[0].state == "FINALIZED"
    assert peer.transfers[0].wait_for("COMPLETED").peer == peer.negotiations[0].peer


def test_a_refusal_is_told_with_its_reason(client: Client, peer: FakePeer) -> None:
    peer.on(REQUEST).refuse(reason="Fermé le lundi.")
    seen = until(client.show_negotiation, asked(client, peer), why("refused"))
    assert (seen["state"], seen["problem"]["code"]) == ("INITIAL", "peer-400")
    assert "Fermé le lundi." in seen["why"]["text"]
    assert not peer.heard[-1].is_taken


def test_a_peer_that_is_in_trouble_is_tried_again(client: Client, peer: FakePeer) -> None:
    peer.on(REQUEST).refuse(503, "busy", "Later.").times(4)
    pid = asked(client, peer)
    seen = until(client.show_negotiation, pid, why("retrying"))
    assert (seen["problem"]["code"], seen["problem"]["reason"]) == ("peer-503", "Later.")
    assert "tries again by itself" in seen["why"]["text"]
    concluded(client, pid)
    assert [one.status for one in peer.received if not one.is_repeat][:5] == [503] * 4 + [201]


def test_an_answer_after_the_time_limit_does_no_harm(hasty: Client) -> None:
    with known(hasty) as peer:
        peer.on(REQUEST).delay(3)
        pid = asked(hasty, peer)
        again = peer.wait_for(REQUEST, count=2)
        assert again.is_repeat
        assert again.body == peer.received[0].body
        assert concluded(hasty, pid)["problem"] is None
        assert len(peer.negotiations) == 1


def test_silence_is_told_with_the_next_attempt(hasty: Client) -> None:
    with known(hasty) as peer:
        peer.on(REQUEST).silence().always()
        pid = asked(hasty, peer)
        seen = until(hasty.show_negotiation, pid, why("peer-silent"))
        assert seen["problem"]["code"] == "peer-unreachable"
        assert "no answer in time" in seen["problem"]["reason"]
        assert seen["why"]["next_attempt_at"] is not None
        assert "call this partner" in seen["why"]["text"]
        peer.behave()
        concluded(hasty, pid)


def test_a_partner_that_never_goes_on_is_waited_for(client: Client, peer: FakePeer) -> None:
    peer.sending(AGREEMENT).silence()
    seen = until(client.show_negotiation, asked(client, peer), why("peer-turn"))
    assert (seen["state"], seen["why"]["actions"]) == ("REQUESTED", ["terminate"])


def test_a_malformed_answer_is_asked_for_again(client: Client, peer: FakePeer) -> None:
    peer.sending(AGREEMENT).silence()
    peer.on(REQUEST).malform().times(2)
    pid = asked(client, peer)
    seen = until(client.show_negotiation, pid, why("retrying"))
    assert seen["problem"]["code"] == "no-process-identifier"
    assert "answered without its process identifier" in seen["why"]["text"]
    until(client.show_negotiation, pid, in_state("REQUESTED"))
    assert [one.is_repeat for one in peer.received if one.kind == REQUEST] == [False, True, True]


@pytest.mark.parametrize("pid", [None, 5, "", "a\0b", "x" * 500_000, ["urn:x"]], ids=lambda pid: type(pid).__name__)
def test_what_is_no_identifier_is_not_kept_as_one(client: Client, peer: FakePeer, pid: Any) -> None:
    peer.on(REQUEST).answer(201, {"providerPid": pid})
    seen = until(client.show_negotiation, asked(client, peer), why("retrying"))
    assert (seen["problem"]["code"], seen["peer_pid"]) == ("no-process-identifier", None)
    concluded(client, seen["pid"])


def test_an_answer_that_cannot_be_used_is_told_as_such(client: Client, peer: FakePeer) -> None:
    peer.on(REQUEST).answer(201, b"x" * (2 << 20)).always()
    seen = until(client.show_negotiation, asked(client, peer), why("peer-silent"))
    assert seen["problem"]["code"] == "answer-too-large"
    assert "The partner's answer is too large" in seen["why"]["text"]
    assert "has not answered" not in seen["why"]["text"]


def test_a_malformed_message_is_refused_and_changes_nothing(client: Client, peer: FakePeer) -> None:
    peer.sending(AGREEMENT).malform()
    pid = asked(client, peer)
    said = peer.wait_for_answer(AGREEMENT)
    assert (said.status, said.answer["@type"], said.answer["code"]) == (
        400,
        "ContractNegotiationError",
        "malformed-message",
    )
    until(client.show_negotiation, pid, in_state("REQUESTED"))
    assert peer.negotiations[0].wait_for("REQUESTED").agreement is not None


def test_an_agreement_with_other_terms_ends_the_negotiation(client: Client, peer: FakePeer) -> None:
    pid = asked(client, peer)
    concluded(client, pid)
    first = peer.wait_for_answer(AGREEMENT).body["agreement"]
    other = {**first, "@id": "urn:fake:other", "permission": [{"action": "distribute"}]}
    peer.sending(AGREEMENT).alter(agreement=other)
    seen = until(client.show_negotiation, asked(client, peer), in_state("TERMINATED"))
    ended = peer.wait_for("ContractNegotiationTerminationMessage")
    assert (ended.body["code"], seen["why"]["code"]) == ("other-terms", "ended")
    assert peer.negotiations[-1].state == "TERMINATED"


def test_repetitions_have_no_effect(client: Client, peer: FakePeer) -> None:
    """One that was overtaken is refused, one that was not is acknowledged again (rule 5)."""
    peer.sending(AGREEMENT).repeat(3)
    peer.on(VERIFICATION).repeat(2)
    pid = asked(client, peer)
    concluded(client, pid)
    peer.wait_for_answer("ContractNegotiationEventMessage:FINALIZED", count=3)
    agreements = [one for one in peer.sent if one.kind == AGREEMENT]
    assert [one.body["@id"] for one in agreements] == [agreements[0].body["@id"]] * 4
    assert agreements[0].status == 200
    assert {one.status for one in agreements} <= {200, 400}
    assert [one.status for one in peer.sent if one.kind != AGREEMENT].count(200) == 3
    received = [one for one in client.show_journal(pid)["items"] if one["kind"] == "received"]
    assert len(received) == 2
    assert len(client.list_agreements(peer=peer.did)["items"]) == 1


def test_a_no_ends_the_negotiation_with_its_reason(client: Client, peer: FakePeer) -> None:
    peer.on(REQUEST).terminate("Pas cette année.")
    seen = until(client.show_negotiation, asked(client, peer), in_state("TERMINATED"))
    assert "Pas cette année." in seen["why"]["text"]
    peer.on(REQUEST).terminate("Pas cette année.")
    with pytest.raises(Unfinished) as ended:
        client.get(peer.did, POINTS, to="no.csv", accept=yes)
    assert ended.value.code == "refused"


def test_a_partner_that_dies_in_the_middle_is_waited_for(client: Client, peer: FakePeer) -> None:
    peer.on(VERIFICATION).die()
    pid = asked(client, peer)
    seen = until(client.show_negotiation, pid, why("peer-silent"))
    assert (seen["state"], seen["pending"]["message"]) == ("AGREED", VERIFICATION)
    assert peer.wait_for(VERIFICATION).is_taken
    peer.come_back()
    concluded(client, pid)
    assert peer.negotiations[0].wait_for("FINALIZED").pid == seen["peer_pid"]


def test_an_offer_of_the_partner_waits_for_a_person(node: Running, client: Client, peer: FakePeer) -> None:
    offered = peer.offer(node.did, POINTS)
    seen = client.show_negotiation(offered.peer_pid or "")
    assert (seen["state"], seen["why"]["code"]) == ("OFFERED", "our-turn")
    client.accept_negotiation(seen["pid"])
    concluded(client, seen["pid"])
    assert offered.wait_for("FINALIZED").agreement is not None


def test_another_key_than_the_recorded_one_proves_nothing(node: Running, client: Client, peer: FakePeer) -> None:
    peer.sending(AGREEMENT).silence()
    pid = asked(client, peer)
    until(client.show_negotiation, pid, why("peer-turn"))
    peer.change_key()
    assert peer.terminate(peer.negotiations[0]).status == 401
    assert client.show_negotiation(pid)["state"] == "REQUESTED"


# --- the catalogue ----------------------------------------------------------------------------------------------------


def test_a_catalogue_that_cannot_be_read_is_told(hasty: Client) -> None:
    told = []
    with known(hasty) as peer:
        titles = [one["title"] for one in hasty.browse_catalogue(peer.did)["items"]]
        assert titles == ["Points lumineux", "Comptages routiers", "Arbres"]
        peer.on("CatalogRequestMessage").refuse(500, reason="Panne.").then.malform().then.silence()
        for _ in range(3):
            with pytest.raises(ApiProblem) as refused:
                hasty.browse_catalogue(peer.did)
            told.append((refused.value.code, str(refused.value)))
    assert [code for code, _ in told] == ["peer-refused", "malformed-message", "peer-unreachable"]
    assert "Panne." in told[0][1]


# --- a transfer -------------------------------------------------------------------------------------------------------


def test_bytes_that_are_cut_go_on_where_they_stopped(client: Client, peer: FakePeer) -> None:
    peer.on("Data").cut()
    got = client.get(peer.did, "urn:fake:arbres", to="trees.csv", accept=yes)
    trees = next(one for one in peer.datasets if one.id == "urn:fake:arbres")
    assert got["sha256"] == trees.sha256
    assert [one.status for one in peer.heard if one.kind == "Data"] == [200, 206]


def test_a_dead_token_is_renewed(client: Client, peer: FakePeer) -> None:
    peer.on("Data").refuse(401)
    got = client.get(peer.did, POINTS, to="renewed.csv", accept=yes)
    assert got["sha256"] == peer.datasets[0].sha256
    assert peer.wait_for("DataToken").status == 200


def test_bytes_that_are_not_there_are_told(client: Client, peer: FakePeer) -> None:
    peer.on("Data").answer(410, {"code": "gone"}).always()
    with pytest.raises(Unfinished) as ended:
        client.get(peer.did, POINTS, to="gone.csv", accept=yes)
    assert (ended.value.code, ended.value.process["problem"]["code"]) == ("not-received", "fetch-refused")


def test_a_transfer_that_is_refused_is_told(client: Client, peer: FakePeer) -> None:
    peer.on("TransferRequestMessage").terminate("Plus maintenant.")
    agreement = concluded(client, asked(client, peer))["agreement"]
    seen = until(client.show_transfer, client.request_transfer(agreement)["pid"], in_state("TERMINATED"))
    assert "Plus maintenant." in seen["why"]["text"]


def test_what_is_pushed_to_us_arrives(client: Client, peer: FakePeer) -> None:
    agreement = concluded(client, asked(client, peer))["agreement"]
    pid = client.request_transfer(agreement, push=True, path="pushed.csv")["pid"]
    until(client.show_transfer, pid, in_state("COMPLETED"))
    assert Path(client.show_fetch(pid)["path"]).read_bytes() == peer.datasets[0].content


def test_a_suspension_by_the_partner_and_its_end_are_seen(client: Client, peer: FakePeer) -> None:
    agreement = concluded(client, asked(client, peer))["agreement"]
    pid = client.request_transfer(agreement)["pid"]
    until(client.show_transfer, pid, in_state("STARTED"))
    transfer = peer.transfers[0].wait_for("STARTED")
    assert peer.suspend(transfer).is_accepted
    assert client.show_transfer(pid)["state"] == "SUSPENDED"
    assert peer.resume(transfer).is_accepted
    assert client.show_transfer(pid)["state"] == "STARTED"
    assert peer.terminate(transfer, "Fini.").is_accepted
    assert "Fini." in client.show_transfer(pid)["why"]["text"]


# --- the peer as consumer ---------------------------------------------------------------------------------------------


def test_the_peer_has_our_data(node: Running, client: Client, peer: FakePeer) -> None:
    negotiation = peer.request_contract(node.did, "urn:test:ours").wait_for("FINALIZED")
    transfer = peer.request_transfer(negotiation).wait_for("STARTED")
    assert peer.pull(transfer) == b"id,x,y\n1,2,3\n"
    assert peer.complete(transfer).is_accepted
    assert client.show_transfer(transfer.peer_pid or "")["state"] == "COMPLETED"


def test_what_we_push_arrives_at_the_peer(node: Running, client: Client, peer: FakePeer) -> None:
    negotiation = peer.request_contract(node.did, "urn:test:ours").wait_for("FINALIZED")
    transfer = peer.request_transfer(negotiation, push=True)
    assert peer.wait_for("Push").status == 200
    assert peer.pushed(transfer) == b"id,x,y\n1,2,3\n"
    transfer.wait_for("COMPLETED")


def test_a_push_that_is_not_taken_is_told(node: Running, client: Client, peer: FakePeer) -> None:
    peer.on("Push").refuse(403).always()
    negotiation = peer.request_contract(node.did, "urn:test:ours").wait_for("FINALIZED")
    transfer = peer.request_transfer(negotiation, push=True)
    peer.wait_for("Push")
    seen = until(client.show_transfer, transfer.peer_pid or "", in_state("SUSPENDED"))
    assert seen["push"]["problem"]["code"] == "push-refused"


def test_a_second_node_is_not_needed_to_see_a_restart(client: Client) -> None:
    """The partner is away when it is asked, and back later: at the same address, with what it knew."""
    with known(client) as peer:
        offer = client.show_catalogue_dataset(peer.did, POINTS)["offers"][0]
        peer.go_away()
        pid = client.request_access(peer.did, POINTS, offer=offer)["pid"]
        seen = until(client.show_negotiation, pid, why("peer-silent"))
        peer.come_back()
        concluded(client, seen["pid"])
