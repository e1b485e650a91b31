"""Every message that we write: valid by the specification's schema, typed on every node, in compact form."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connector.problems import NotFound
from connector.protocol import messages as m
from connector.protocol import negotiation, refusals, transfer
from connector.protocol.addresses import http_address
from connector.protocol.messages import Message, digest, parse, render

PIDS: dict[str, Any] = {"provider_pid": "urn:uuid:p", "consumer_pid": "urn:uuid:c"}
OFFER = {"@id": "urn:uuid:o", "@type": "Offer", "target": "urn:uuid:d", "permission": [{"action": "use"}]}
AGREEMENT = {
    **OFFER,
    "@type": "Agreement",
    "assigner": "did:web:provider.example",
    "assignee": "did:web:consumer.example",
    "timestamp": "2026-11-23T05:29:23Z",
}
OURS: list[Message] = [
    m.CatalogRequestMessage(),
    m.CatalogRequestMessage(filter=({"@type": "QuerySpec", "offset": 0, "limit": 50},)),
    m.DatasetRequestMessage(dataset="urn:uuid:d"),
    m.CatalogError(code="unsupported-filter", reason=("No.",)),
    m.ContractRequestMessage(consumer_pid="urn:uuid:c", offer=OFFER, callback_address="https://c.example/dsp"),
    m.ContractRequestMessage(**PIDS, offer=OFFER),
    m.ContractOfferMessage(provider_pid="urn:uuid:p", offer=OFFER, callback_address="https://p.example/dsp"),
    m.ContractOfferMessage(**PIDS, offer=OFFER),
    m.ContractAgreementMessage(**PIDS, agreement=AGREEMENT),
    m.ContractAgreementVerificationMessage(**PIDS),
    m.ContractNegotiationEventMessage(**PIDS, event_type="ACCEPTED"),
    m.ContractNegotiationEventMessage(**PIDS, event_type="FINALIZED"),
    m.ContractNegotiationTerminationMessage(**PIDS),
    m.ContractNegotiationTerminationMessage(**PIDS, code="refused", reason=("Non.",)),
    m.ContractNegotiation(**PIDS, state="REQUESTED"),
    m.ContractNegotiationError(**PIDS, code="busy", reason=("Later.",)),
    m.TransferRequestMessage(
        consumer_pid="urn:uuid:c",
        agreement_id="urn:uuid:a",
        format="HttpData-PULL",
        callback_address="https://c.example/dsp",
    ),
    m.TransferRequestMessage(
        consumer_pid="urn:uuid:c",
        agreement_id="urn:uuid:a",
        format="HttpData-PUSH",
        callback_address="https://c.example/dsp",
        data_address=http_address("https://c.example/inbox"),
    ),
    m.TransferStartMessage(**PIDS, data_address=http_address("https://p.example/data", "secret")),
    m.TransferStartMessage(**PIDS),
    m.TransferSuspensionMessage(**PIDS, code="pause", reason=("Maintenance.",)),
    m.TransferCompletionMessage(**PIDS),
    m.TransferTerminationMessage(**PIDS),
    m.TransferProcess(**PIDS, state="STARTED"),
    m.TransferError(**PIDS),
]

Check = Callable[[str, bytes], list[str]]


def name_of(message: Message) -> str:
    return type(message).__name__


@pytest.mark.parametrize("message", OURS, ids=name_of)
def test_what_we_write_satisfies_the_schema(message: Message, schema_faults: Check) -> None:
    assert schema_faults(name_of(message), render(message.with_id("urn:uuid:m"))) == []


@pytest.mark.parametrize("message", OURS, ids=name_of)
def test_what_we_write_reads_back_as_the_same_message(message: Message) -> None:
    sent = message.with_id("urn:uuid:m")
    assert parse(type(message), render(sent)) == sent


@pytest.mark.parametrize("message", OURS, ids=name_of)
def test_the_context_is_an_array_of_strings(message: Message) -> None:
    assert json.loads(render(message))["@context"] == [m.DSP_CONTEXT]


@pytest.mark.parametrize("message", OURS, ids=name_of)
def test_every_node_that_we_make_has_its_type(message: Message) -> None:
    document = json.loads(render(message))
    assert all("@type" in node for node in own_nodes(document))


def own_nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Yield our nodes; rules and constraints are left out, their terms reach into untyped nodes."""
    if isinstance(node, dict):
        yield node
        for name, value in node.items():
            if name not in ("permission", "filter"):
                yield from own_nodes(value)
    elif isinstance(node, list):
        for item in node:
            yield from own_nodes(item)


def test_the_text_is_compact_and_in_utf_8() -> None:
    text = render(m.ContractNegotiationTerminationMessage(**PIDS, reason=("Écarté",)))
    assert b'","' in text
    assert b", " not in text
    assert "Écarté".encode() in text


def test_every_kind_of_the_state_tables_has_its_class() -> None:
    kinds = {row.message for table in (negotiation.NEGOTIATION, transfer.TRANSFER) for row in table.rows}
    assert kinds == set(m.BY_KIND)


@pytest.mark.parametrize("message", [one for one in OURS if name_of(one) in {k.split(":")[0] for k in m.BY_KIND}])
def test_a_message_tells_the_kind_under_which_the_tables_know_it(message: Message) -> None:
    assert m.BY_KIND[message.kind] is type(message)


def test_the_two_events_are_two_kinds() -> None:
    accepted = m.ContractNegotiationEventMessage(**PIDS, event_type="ACCEPTED")
    finalized = m.ContractNegotiationEventMessage(**PIDS, event_type="FINALIZED")
    assert (accepted.kind, finalized.kind) == (negotiation.ACCEPT, negotiation.FINALIZE)


def test_a_message_has_the_identity_that_its_text_carries() -> None:
    message = m.ContractAgreementVerificationMessage(**PIDS)
    assert message.message_id is None
    assert parse(type(message), render(message.with_id("urn:uuid:m"))).message_id == "urn:uuid:m"


def test_the_digest_is_of_the_content_alone() -> None:
    message = m.ContractRequestMessage(**PIDS, offer=OFFER)
    reordered = json.dumps(dict(reversed(json.loads(render(message.with_id("urn:uuid:x"))).items())), indent=2)
    assert digest(reordered.encode()) == digest(message)


def test_the_digest_sees_a_change_deep_inside() -> None:
    other = {**OFFER, "permission": [{"action": "use", "constraint": []}]}
    assert digest(m.ContractRequestMessage(**PIDS, offer=OFFER)) != digest(
        m.ContractRequestMessage(**PIDS, offer=other)
    )
    assert digest(m.ContractRequestMessage(**PIDS, offer=OFFER)) != digest(
        m.ContractRequestMessage(**PIDS, offer={**OFFER, "@id": "urn:uuid:other"})
    )


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("ContractNegotiationError", refusals.negotiation_error(NotFound("x"), "urn:uuid:p", "urn:uuid:c")),
        ("ContractNegotiationError", refusals.negotiation_error(NotFound("x"))),
        ("TransferError", refusals.transfer_error(NotFound("x"), "urn:uuid:p", "urn:uuid:c")),
        ("TransferError", refusals.transfer_error(NotFound("x"))),
        ("CatalogError", refusals.catalog_error(NotFound("x"))),
    ],
)
def test_a_refusal_satisfies_its_schema_and_says_why_in_both_languages(
    name: str, body: bytes, schema_faults: Check
) -> None:
    assert schema_faults(name, body) == []
    assert json.loads(body)["code"] == "not-found"
    assert json.loads(body)["reason"] == ["Introuvable. « x ».", "Not found. “x”."]
