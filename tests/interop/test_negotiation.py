"""Negotiating, in both roles, to the end or to a refusal whose reason both sides can read."""

import pytest

from connector.sdk import ApiProblem
from tests.interop.edc_peer import Refused
from tests.interop.pairs import ASKED, CONDITIONAL, OPEN, PURPOSE, Pair
from tests.interop.wire import until

pytestmark = [pytest.mark.interop, pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.mark.parametrize("dataset", [OPEN, CONDITIONAL])
def test_edc_and_we_hold_the_same_agreement_when_it_asks(pair: Pair, dataset: str) -> None:
    concluded = pair.edc_asks(dataset)
    theirs, ours = pair.edc.agreement(concluded.edc_agreement), pair.ours.api.show_agreement(concluded.agreement)
    assert (theirs["providerId"], theirs["consumerId"]) == (pair.ours.did, pair.edc.did)
    assert theirs["assetId"] == ours["dataset"] == dataset
    assert (ours["role"], ours["peer"], ours["status"]) == ("provider", pair.edc.did, "active")
    assert (PURPOSE in str(theirs["policy"])) is (PURPOSE in str(ours["document"])) is (dataset == CONDITIONAL)


@pytest.mark.parametrize("dataset", ["content", "conditional"])
def test_edc_and_we_hold_the_same_agreement_when_we_ask(pair: Pair, dataset: str) -> None:
    """EDC writes `odrl:purpose` where `purpose` was stored; in request and agreement it is the same term."""
    concluded = pair.we_ask(dataset)
    theirs, ours = pair.edc.agreement(concluded.edc_agreement), pair.ours.api.show_agreement(concluded.agreement)
    assert (theirs["providerId"], theirs["consumerId"]) == (pair.edc.did, pair.ours.did)
    assert theirs["assetId"] == ours["dataset"] == dataset
    assert (ours["role"], ours["peer"], ours["status"]) == ("consumer", pair.edc.did, "active")
    assert (PURPOSE in str(theirs["policy"])) is (PURPOSE in str(ours["document"])) is (dataset == "conditional")


def test_the_journal_of_a_negotiation_with_edc_is_whole(pair: Pair) -> None:
    """What EDC acknowledged is not asked: its next message may come before its answer, and says as much (rule 1)."""
    concluded = pair.edc_asks()
    assert pair.ours.api.verify_journal(concluded.ours)["is_intact"]
    entries = pair.ours.api.show_journal(concluded.ours)["items"]
    messages = [entry["entry"]["message"] for entry in entries if entry["kind"] in ("received", "sent")]
    assert messages == [
        "ContractRequestMessage",
        "ContractAgreementMessage",
        "ContractAgreementVerificationMessage",
        "ContractNegotiationEventMessage:FINALIZED",
    ]


def test_a_person_of_ours_accepts_what_edc_asks(pair: Pair) -> None:
    edc = pair.edc.request_contract(pair.ours, ASKED)
    ours = pair.edc.until_negotiation(edc, "REQUESTED")["correlationId"]
    assert pair.ours.until_negotiation(ours, "REQUESTED")["why"]["code"] == "our-turn"
    pair.ours.api.accept_negotiation(ours)
    pair.edc.until_negotiation(edc, "FINALIZED")
    pair.ours.until_negotiation(ours, "FINALIZED")


def test_a_person_of_ours_refuses_and_edc_is_told_why(pair: Pair) -> None:
    """EDC takes the reason and does not keep it: its user sees TERMINATED alone."""
    edc = pair.edc.request_contract(pair.ours, ASKED)
    ours = pair.edc.until_negotiation(edc, "REQUESTED")["correlationId"]
    pair.ours.api.refuse_negotiation(ours, "Périmètre trop large.")
    assert "errorDetail" not in pair.edc.until_negotiation(edc, "TERMINATED")
    told = pair.stage.journal.first_taken(pair.edc.name, f"/{edc}/termination")
    assert told["reason"] == ["Périmètre trop large."]
    pair.ours.until_negotiation(ours, "TERMINATED")
    assert pair.ours.reasons(ours) == ["Périmètre trop large."]


def test_a_person_at_edc_gives_up_its_request_and_we_read_why(pair: Pair) -> None:
    edc = pair.edc.request_contract(pair.ours, ASKED)
    ours = pair.edc.until_negotiation(edc, "REQUESTED")["correlationId"]
    pair.edc.terminate_negotiation(edc, "No longer needed.")
    assert "No longer needed." in pair.edc.until_negotiation(edc, "TERMINATED")["errorDetail"]
    pair.ours.until_negotiation(ours, "TERMINATED")
    assert pair.ours.reasons(ours) == ["No longer needed."]


def test_a_person_at_edc_ends_what_we_asked_and_we_read_why(pair: Pair) -> None:
    """EDC agrees by itself; its operator has time only while our verification is on its way."""
    with pair.edc.protocol.holding("/agreement/verification") as held:
        ours = pair.ours.api.request_access(pair.edc.did, "content")["pid"]
        held.wait()
        (theirs,) = pair.edc.negotiations_with(ours)
        pair.edc.until_negotiation(theirs["@id"], "AGREED")
        pair.edc.terminate_negotiation(theirs["@id"], "Not for this purpose.")
        assert "Not for this purpose." in pair.edc.until_negotiation(theirs["@id"], "TERMINATED")["errorDetail"]
    ended = pair.ours.until_negotiation(ours, "TERMINATED")
    assert pair.ours.reasons(ours) == ["Not for this purpose."]
    assert ended["agreement"] is not None
    assert pair.ours.api.show_agreement(ended["agreement"])["status"] == "ended"


def test_we_end_what_we_asked_while_edcs_agreement_is_on_its_way(pair: Pair) -> None:
    with pair.ours.proxy.holding("/agreement") as held:
        ours = pair.ours.api.request_access(pair.edc.did, "content")["pid"]
        held.wait()
        pair.ours.until_negotiation(ours, "REQUESTED")
        pair.ours.api.terminate_negotiation(ours, "Asked by mistake.")
        (theirs,) = pair.edc.negotiations_with(ours)
    pair.ours.until_negotiation(ours, "TERMINATED")
    pair.edc.until_negotiation(theirs["@id"], "TERMINATED")
    told = pair.stage.journal.first_taken(pair.edc.name, "/termination")
    assert told["reason"] == ["Asked by mistake."]


def test_edc_refuses_an_offer_that_it_does_not_know_and_we_read_why(pair: Pair) -> None:
    offer = pair.ours.api.show_catalogue_dataset(pair.edc.did, "content")["offers"][0]
    unknown = {**offer, "@id": "bm9uZQ==:Y29udGVudA==:eA=="}
    ours = pair.ours.api.request_access(pair.edc.did, "content", offer=unknown)["pid"]
    refused = until(lambda: _with_problem(pair, ours), "a problem")
    assert refused["problem"]["code"] == "peer-404"
    assert refused["problem"]["reason"]
    assert pair.edc.negotiations_with(ours) == []


def test_we_refuse_an_offer_that_we_do_not_have_and_edc_reads_why(pair: Pair) -> None:
    edc = pair.edc.request_contract(pair.ours, OPEN, **{"@id": "urn:offer:nothing"})
    ended = pair.edc.until_negotiation(edc, "TERMINATED")
    assert "urn:offer:nothing" in ended["errorDetail"]
    found = pair.ours.api.list_negotiations(peer=pair.edc.did, limit=100)["items"]
    assert edc not in {negotiation["peer_pid"] for negotiation in found}


def test_we_ask_nothing_of_a_dataset_that_edc_does_not_show(pair: Pair) -> None:
    with pytest.raises(ApiProblem, match="404"):
        pair.ours.api.request_access(pair.edc.did, "nothing")


def test_edc_asks_nothing_of_a_dataset_that_we_do_not_show(pair: Pair) -> None:
    with pytest.raises(Refused):
        pair.edc.request_contract(pair.ours, "urn:data:nothing")


def _with_problem(pair: Pair, pid: str) -> dict | None:
    found = pair.ours.api.show_negotiation(pid)
    return dict(found) if found["problem"] else None
