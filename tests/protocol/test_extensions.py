"""What our nodes add to messages: one string a member, that other connectors ignore."""

import json
from typing import Any

import pytest

from connector.protocol import messages as m
from connector.protocol.errors import MalformedMessage
from connector.protocol.extensions import (
    CONCLUSION,
    LONGEST_CARD,
    REQUEST_CARD,
    SEAL,
    UNDECLARED,
    RequestCard,
    read_card,
    write_card,
)

PIDS: Any = {"consumer_pid": "urn:c", "provider_pid": "urn:p"}
AGREEMENT = {
    "@id": "urn:a",
    "@type": "Agreement",
    "target": "urn:t",
    "assigner": "urn:p",
    "assignee": "urn:c",
    "timestamp": "2026-01-01T00:00:00Z",
    "permission": [{"action": "use"}],
}


def test_a_card_reads_as_it_was_written() -> None:
    card = RequestCard("Trame noire", "2027-06-30", "CRPA, L. 114-8", "Éteindre à minuit")
    text = write_card(card)
    assert text is not None
    assert json.loads(text) == {
        "purpose": "Trame noire",
        "until": "2027-06-30",
        "legalBasis": "CRPA, L. 114-8",
        "useCase": "Éteindre à minuit",
    }
    assert read_card(text) == card


def test_a_card_that_says_nothing_does_not_travel() -> None:
    assert write_card(UNDECLARED) is None


def test_members_that_a_card_has_beside_are_let_be() -> None:
    assert read_card('{"purpose":"x","of a later version":[1]}') == RequestCard("x")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"purpose":null}',
        '{"purpose":1}',
        '{"purpose":" "}',
        '{"purpose":"two\\nlines"}',
        '{"purpose":"a","purpose":"b"}',
        '{"until":"soon"}',
        '{"until":"2027-02-30"}',
        json.dumps({"purpose": "x" * 1_001}),
        json.dumps({"purpose": "x", "rest": "y" * LONGEST_CARD}),
    ],
)
def test_a_card_that_cannot_be_read_is_refused_where_it_stands(text: str) -> None:
    with pytest.raises(MalformedMessage) as refused:
        read_card(text)
    assert refused.value.pointer == "/https:~1~1w3id.org~1pupitre~1requestCard"


@pytest.mark.parametrize(
    ("message", "member"),
    [
        (m.ContractAgreementMessage(**PIDS, agreement=AGREEMENT, seal="{}"), SEAL),
        (m.ContractAgreementVerificationMessage(**PIDS, seal="{}"), SEAL),
        (m.ContractNegotiationEventMessage(**PIDS, event_type="FINALIZED", conclusion="{}"), CONCLUSION),
    ],
)
def test_a_seal_is_one_string_on_the_message_and_part_of_its_content(message: m.Message, member: str) -> None:
    written = json.loads(m.render(message))
    assert written[member] == "{}"
    assert m.parse(type(message), m.render(message)) == message
    bare = m.from_document(type(message), {name: value for name, value in written.items() if name != member})
    assert member not in json.loads(m.render(bare))
    assert m.digest(bare) != m.digest(message)
    with pytest.raises(MalformedMessage):
        m.from_document(type(message), {**written, member: {"@value": "{}"}})


def test_no_member_of_ours_is_written_where_nothing_is_said() -> None:
    bare = m.render(m.ContractAgreementVerificationMessage(**PIDS)).decode()
    assert "w3id.org/pupitre" not in bare
    assert REQUEST_CARD.startswith("https://w3id.org/pupitre/")
