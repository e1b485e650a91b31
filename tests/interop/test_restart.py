"""Either side dies in the middle, as in a power cut, and comes back: what was begun is ended, once.

`holding` keeps one message on the wire, so that the middle is a place and not a matter of luck. EDC in memory forgets
everything; with its PostgreSQL stores (0.15.1) it goes on.
"""

import threading

import pytest

from connector.sdk import ApiProblem
from tests.interop.edc_peer import Edc
from tests.interop.ours import Ours
from tests.interop.pairs import ASKED, OPEN, Pair, Stage, digest
from tests.interop.test_transfer import file_of, pulled, started
from tests.interop.wire import until

pytestmark = [pytest.mark.interop, pytest.mark.slow, pytest.mark.timeout(1200)]


# --- our node dies


@pytest.fixture(params=["0.14.1 sqlite", pytest.param("0.15.1 postgres", marks=pytest.mark.postgres)])
def pair(request: pytest.FixtureRequest, stage: Stage) -> Pair:
    """Each release and each store once: a death takes time."""
    release, store = request.param.split()
    return Pair(stage.edc(release), stage.ours(store), stage)


def test_our_node_dies_as_provider_while_edc_verifies(pair: Pair) -> None:
    with pair.ours.proxy.holding("/agreement/verification") as held:
        edc = pair.edc.request_contract(pair.ours, OPEN)
        held.wait()
        pair.ours.kill()
        held.drop()
    pair.ours.start()
    ended = pair.edc.until_negotiation(edc, "FINALIZED")
    pair.ours.until_negotiation(ended["correlationId"], "FINALIZED")


def test_our_node_dies_as_consumer_while_it_verifies(pair: Pair) -> None:
    """EDC takes the verification after the death: the answer reaches nobody, and nothing is done twice."""
    with pair.edc.protocol.holding("/agreement/verification") as held:
        ours = pair.ours.api.request_access(pair.edc.did, "content")["pid"]
        held.wait()
        (theirs,) = pair.edc.negotiations_with(ours)
        pair.edc.until_negotiation(theirs["@id"], "AGREED")  # our answer arrived: else it would agree anew
        pair.ours.kill()
    pair.ours.start()
    pair.ours.until_negotiation(ours, "FINALIZED")
    pair.edc.until_negotiation(theirs["@id"], "FINALIZED")


def test_our_node_dies_as_provider_before_its_start_reaches_edc(pair: Pair) -> None:
    agreement = pair.agreement_of_edc()
    with pair.edc.protocol.holding("/start") as held:
        transfer = pair.edc.request_transfer(pair.ours, agreement)
        held.wait()
        pair.ours.kill()
        held.drop()
    pair.ours.start()
    address = pair.edc.until_data_address(transfer)
    assert digest(pulled(address)) == digest(pair.stage.content)
    ours = pair.edc.until_transfer(transfer, "STARTED")["correlationId"]
    pair.ours.until_transfer(ours, "STARTED")


def test_our_node_dies_while_it_receives_edcs_bytes(pair: Pair) -> None:
    data = pair.stage.data
    data.slow["slow"], data.half_way = threading.Event(), threading.Event()
    try:
        pid, _ = started(pair, "slow")
        pair.ours.api.fetch_transfer(pid)
        assert data.half_way.wait(60)
        pair.ours.kill()
    finally:
        data.slow.pop("slow").set()
    pair.ours.start()
    assert file_of(pair, pid) == digest(data.contents["slow"])


# --- EDC dies, and keeps its state


@pytest.fixture
def lasting(stage: Stage, ours: Ours) -> Pair:
    """An EDC with PostgreSQL stores."""
    return Pair(stage.edc("lasting"), ours, stage)


@pytest.mark.postgres
def test_edc_dies_as_provider_while_we_verify(lasting: Pair) -> None:
    with lasting.edc.protocol.holding("/agreement/verification") as held:
        ours = lasting.ours.api.request_access(lasting.edc.did, "content")["pid"]
        held.wait()
        (theirs,) = lasting.edc.negotiations_with(ours)
        lasting.edc.until_negotiation(theirs["@id"], "AGREED")  # stored: else it would agree anew
        lasting.edc.kill()
        held.drop()
    lasting.edc.start()
    lasting.ours.until_negotiation(ours, "FINALIZED")
    lasting.edc.until_negotiation(theirs["@id"], "FINALIZED")


@pytest.mark.postgres
def test_edc_dies_as_consumer_before_we_decide(lasting: Pair) -> None:
    edc = lasting.edc.request_contract(lasting.ours, ASKED)
    ours = lasting.edc.until_negotiation(edc, "REQUESTED")["correlationId"]
    lasting.edc.kill()
    lasting.ours.api.accept_negotiation(ours)
    until(lambda: lasting.ours.api.show_negotiation(ours)["problem"], "the partner is silent")
    lasting.edc.start()
    lasting.edc.until_negotiation(edc, "FINALIZED")
    lasting.ours.until_negotiation(ours, "FINALIZED")


@pytest.mark.postgres
def test_edc_dies_while_it_sends_us_bytes(lasting: Pair) -> None:
    data = lasting.stage.data
    data.slow["slow"], data.half_way = threading.Event(), threading.Event()
    try:
        pid, theirs = started(lasting, "slow")
        lasting.ours.api.fetch_transfer(pid)
        assert data.half_way.wait(60)
        lasting.edc.kill()
        until(lambda: lasting.ours.api.show_fetch(pid)["problem"], "the partner is silent")
    finally:
        data.slow.pop("slow").set()
    lasting.edc.start()
    assert file_of(lasting, pid) == digest(data.contents["slow"])
    lasting.edc.until_transfer(theirs, "STARTED")


# --- EDC dies, and forgets


def test_edc_in_memory_forgets_and_a_person_of_ours_sees_it(stage: Stage) -> None:
    edc: Edc = stage.edc("forgetful")
    pair = Pair(edc, stage.ours("sqlite"), stage)
    asked = edc.request_contract(pair.ours, ASKED)
    ours = edc.until_negotiation(asked, "REQUESTED")["correlationId"]
    edc.kill()
    edc.start()
    pair.ours.api.accept_negotiation(ours)
    found = until(lambda: _refused(pair, ours), "refused by the EDC that knows nothing")
    assert found["problem"]["code"] == "peer-404"
    pair.ours.api.terminate_negotiation(ours, "The partner has lost it.")
    with pytest.raises(ApiProblem):
        pair.ours.api.accept_negotiation(ours)


def _refused(pair: Pair, pid: str) -> dict | None:
    found = pair.ours.api.show_negotiation(pid)
    return dict(found) if found["problem"] and found["problem"]["code"] == "peer-404" else None
