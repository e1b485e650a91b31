"""What our node adds to its messages, shown to EDC in both roles, and what it holds of an EDC that adds nothing.

EDC takes our members and goes on: it answers 200 and comes to the same state as without them. It does not seal, so the
end is one-sided evidence. An EDC that says it seals gets sealed messages: with an extension that seals indeed
(identity.py) both hold a concluded contract, without one our node ends the negotiation, since what a partner said that
it can do is not taken back by a message that does not do it (decision 0033).
"""

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from pupitre_verify.examine import examine

from connector.protocol.extensions import CONCLUSION, REQUEST_CARD, SEAL
from contracts.checks import check_countersigned
from contracts.conclusion import check_conclusion
from contracts.jws import read_sealed
from tests.interop.edc_peer import Edc
from tests.interop.identity import Sealing, with_member
from tests.interop.ours import Ours
from tests.interop.pairs import OPEN, Pair, Stage
from tests.interop.wire import until

pytestmark = [pytest.mark.interop, pytest.mark.slow, pytest.mark.timeout(1200)]
DECLARED = {
    "purpose": "Plan de mobilité",
    "until": "2030-12-31",
    "legal_basis": "RGPD, art. 6-1 e)",
    "use_case": "Rues",
}


@pytest.fixture
def sealing(edc: Edc) -> Iterator[Sealing]:
    """The EDC says that it seals, and shows a key for that."""
    assert edc.identity is not None
    with edc.identity.sealing() as one:
        yield one


@pytest.fixture
def new(edc: Edc, stage: Stage, sealing: Sealing, tmp_path: Path) -> Iterator[Pair]:
    """A node of ours that meets the EDC while it says that it seals."""
    name = f"ours-sealing-{edc.release}"
    node = Ours(name, tmp_path, stage.kept / f"{name}.log", stage.journal, [edc.did], None)
    with ExitStack() as stack:
        stack.callback(node.close)
        node.start()
        node.publish(OPEN, stage.content)
        yield Pair(edc, node, stage)


# --- an EDC that seals


def test_edc_as_consumer_takes_our_seal_and_our_conclusion(new: Pair, sealing: Sealing) -> None:
    passed = Passed()

    def countersign(verification: bytes) -> bytes:
        return with_member(verification, SEAL, passed.once("both", lambda: sealing.countersigned(passed["agreement"])))

    with (
        new.edc.protocol.changing({"/agreement": passed.keeping("agreement", SEAL)}),
        new.ours.proxy.changing({"/agreement/verification": countersign}),
    ):
        ended = new.edc_asks()
    agreement, finalized = taken(new, "/agreement"), taken(new, "/events")
    assert signers(agreement[SEAL]) == [new.ours.did]
    contract = check_countersigned(passed["both"], agreement[SEAL], now=datetime.now(UTC))
    assert contract.document["agreement"]["id"] == ended.agreement
    check_conclusion(finalized[CONCLUSION], contract)
    assert sealed_by(new, ended.ours) == ["provider", "consumer"]


def test_edc_as_provider_takes_our_request_card_and_both_seals(new: Pair, sealing: Sealing) -> None:
    passed = Passed()

    def seal(agreement: bytes) -> bytes:
        text = passed.once("one", lambda: sealing.sealed(new.ours.proxy, passed.bodies["request"], agreement))
        return with_member(agreement, SEAL, text)

    def conclude(event: bytes) -> bytes:
        return with_member(event, CONCLUSION, passed.once("end", lambda: sealing.concluded(passed["verification"])))

    towards_edc = {
        "/negotiations/request": passed.keeping("request", REQUEST_CARD),
        "/agreement/verification": passed.keeping("verification", SEAL),
    }
    with new.edc.protocol.changing(towards_edc), new.ours.proxy.changing({"/agreement": seal, "/events": conclude}):
        ended = new.we_ask(**DECLARED)
    assert DECLARED["purpose"] in taken(new, "/negotiations/request")[REQUEST_CARD]
    both = taken(new, "/agreement/verification")[SEAL]
    assert signers(both) == [new.edc.did, new.ours.did]
    contract = check_countersigned(both, passed["one"], now=datetime.now(UTC))
    assert contract.document["request"]["legalBasis"] == DECLARED["legal_basis"]
    assert contract.document["agreement"]["id"] == ended.agreement
    check_conclusion(passed["end"], contract)
    assert sealed_by(new, ended.ours) == ["provider", "consumer"]


# --- an EDC that says that it seals, and does not


def test_a_bare_verification_of_an_edc_that_says_it_seals_ends_the_negotiation(new: Pair) -> None:
    asked = new.edc.request_contract(new.ours, OPEN)
    new.edc.until_negotiation(asked, "TERMINATED")
    ours = new.edc.negotiation(asked)["correlationId"]
    new.ours.until_negotiation(ours, "TERMINATED")
    assert SEAL in taken(new, "/agreement")
    assert taken(new, "/agreement/verification", to=new.ours.name)
    assert taken(new, "/termination")["code"] == "seal-missing"
    assert entries(new, ours, "seal-unused")


def test_a_bare_agreement_of_an_edc_that_says_it_seals_ends_the_negotiation(new: Pair) -> None:
    ours = new.ours.api.request_access(new.edc.did, "content", **DECLARED)["pid"]
    new.ours.until_negotiation(ours, "TERMINATED")
    (theirs,) = new.edc.negotiations_with(ours)
    new.edc.until_negotiation(theirs["@id"], "TERMINATED")
    assert REQUEST_CARD in taken(new, "/negotiations/request")
    assert taken(new, "/termination")["code"] == "seal-missing"
    assert new.stage.journal.taken(new.edc.name, "/agreement/verification") == []


# --- an EDC that does not seal


@pytest.mark.parametrize("role", ["provider", "consumer"])
def test_what_was_agreed_with_a_plain_edc_is_sealed_by_us_alone(pair: Pair, role: str) -> None:
    ended = pair.edc_asks() if role == "provider" else pair.we_ask(**DECLARED)
    (seal,) = until(lambda: entries(pair, ended.ours, "sealed"), "sealed by us")
    assert (seal["role"], seal["status"]) == (role, "unilateral")
    answer = taken(pair, "/agreement" if role == "provider" else "/agreement/verification")
    assert SEAL not in answer
    bundle = pair.ours.api.export_contract(ended.agreement)
    report = examine(bundle, at=datetime.now(UTC))
    assert (report.exit_status, report.faults) == (2, []), report.as_text("en")
    assert f"preuve unilatérale : {pair.edc.did} n’a rien scellé" in report.as_text("fr")
    with zipfile.ZipFile(io.BytesIO(bundle)) as files:
        evidence = read_sealed(files.read("unilateral.jws.json").decode()).document
        raw = {sha256(files.read(name)).hexdigest(): name for name in files.namelist() if name.startswith("messages/")}
    assert [one["sha256"] for one in evidence["messages"]] == list(raw)
    assert {one["from"] for one in evidence["messages"]} == {pair.ours.did, pair.edc.did}
    assert json.loads(evidence["agreement"]["text"])["@id"] == ended.agreement
    assert evidence["token"] in tokens_of(pair, ended.ours)
    page = pair.ours.api.show_convention(ended.agreement).decode()
    assert "Record of an agreement — one-sided evidence" in page
    assert page.count("<td>kept</td>") == len(evidence["messages"])
    assert "The token is kept in the journal of this node." in page


def tokens_of(pair: Pair, pid: str) -> set[str]:
    """Return the digests of the tokens with which the EDC sent the messages of a process, as our journal keeps them."""
    tokens = [one["proof"] for one in entries(pair, pid, "received")]
    assert {json.loads(one)["clientId"] for one in tokens} == {pair.edc.did}
    return {sha256(one.encode()).hexdigest() for one in tokens}


# --- what they share


class Passed:
    """What passed on the wire, by a name that a test gives."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}
        self._texts: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        return self._texts[name]

    def keeping(self, name: str, member: str) -> Callable[[bytes], bytes]:
        """Return what keeps a body and the text of one of its members, and changes nothing."""

        def keep(body: bytes) -> bytes:
            self.bodies[name], self._texts[name] = body, json.loads(body)[member]
            return body

        return keep

    def once(self, name: str, make: Callable[[], str]) -> str:
        """Return what was made the first time: a message that is sent again carries the same."""
        if name not in self._texts:
            self._texts[name] = make()
        return self._texts[name]


def taken(pair: Pair, path_end: str, to: str = "") -> dict[str, Any]:
    """Return the message that the EDC, or whoever is named, took with success."""
    found = until(lambda: pair.stage.journal.taken(to or pair.edc.name, path_end), f"{path_end} is taken")
    message: dict[str, Any] = found[-1]
    return message


def entries(pair: Pair, pid: str, kind: str) -> list[dict[str, Any]]:
    """Return what our journal of a process has of one kind."""
    return [one["entry"] for one in pair.ours.api.show_journal(pid)["items"] if one["kind"] == kind]


def signers(text: str) -> list[str]:
    """Return whose seals a JWS bears, in order."""
    return [one.header["kid"].partition("#")[0] for one in read_sealed(text).signatures]


def sealed_by(pair: Pair, pid: str) -> list[str]:
    """Return whose seals our journal of a concluded contract has, in order."""
    return [one["role"] for one in entries(pair, pid, "sealed")]
