"""What is refused, and where the refusal points; what peers write all the same, and we read."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from connector.protocol import messages as m
from connector.protocol.errors import MalformedMessage
from connector.protocol.messages import Message, VersionResponse, parse
from connector.protocol.wire import Part

EXAMPLES = {
    "CatalogRequestMessage": "catalog/example/catalog-request-message.json",
    "DatasetRequestMessage": "catalog/example/dataset-request-message.json",
    "Catalog": "catalog/example/catalog.json",
    "Dataset": "catalog/example/dataset.json",
    "CatalogError": "catalog/example/catalog-error.json",
    "ContractRequestMessage": "negotiation/example/contract-request-message_initial.json",
    "ContractOfferMessage": "negotiation/example/contract-offer-message_initial.json",
    "ContractAgreementMessage": "negotiation/example/contract-agreement-message-full.json",
    "ContractAgreementVerificationMessage": "negotiation/example/contract-agreement-verification-message.json",
    "ContractNegotiationEventMessage": "negotiation/example/contract-negotiation-event-message.json",
    "ContractNegotiationTerminationMessage": "negotiation/example/contract-negotiation-termination-message.json",
    "ContractNegotiation": "negotiation/example/contract-negotiation.json",
    "ContractNegotiationError": "negotiation/example/contract-negotiation-error.json",
    "TransferRequestMessage": "transfer/example/transfer-request-message.json",
    "TransferStartMessage": "transfer/example/transfer-start-message.json",
    "TransferSuspensionMessage": "transfer/example/transfer-suspension-message.json",
    "TransferCompletionMessage": "transfer/example/transfer-completion-message.json",
    "TransferTerminationMessage": "transfer/example/transfer-termination-message.json",
    "TransferProcess": "transfer/example/transfer-process.json",
    "TransferError": "transfer/example/transfer-error.json",
}
REQUIRED = {
    "CatalogRequestMessage": "/@context /@type",
    "DatasetRequestMessage": "/@context /@type /dataset",
    "Catalog": "/@context /@type /@id /participantId",
    "Dataset": "/@context /@type /@id",
    "CatalogError": "/@context /@type",
    "ContractRequestMessage": (
        "/@context /@type /consumerPid /offer /callbackAddress /offer/@id /offer/@type /offer/target"
        " /offer/permission/0/action"
    ),
    "ContractOfferMessage": (
        "/@context /@type /providerPid /offer /callbackAddress /offer/@id /offer/@type /offer/target"
        " /offer/permission/0/action"
    ),
    "ContractAgreementMessage": (
        "/@context /@type /providerPid /consumerPid /agreement /agreement/@id /agreement/@type /agreement/target"
        " /agreement/assigner /agreement/assignee /agreement/timestamp /agreement/permission/0/action"
        " /agreement/permission/0/constraint/0/leftOperand /agreement/permission/0/constraint/0/operator"
        " /agreement/permission/0/constraint/0/rightOperand /agreement/permission/1/constraint/0/and/1/operator"
    ),
    "ContractAgreementVerificationMessage": "/@context /@type /providerPid /consumerPid",
    "ContractNegotiationEventMessage": "/@context /@type /providerPid /consumerPid /eventType",
    "ContractNegotiationTerminationMessage": "/@context /@type /providerPid /consumerPid",
    "ContractNegotiation": "/@context /@type /providerPid /consumerPid /state",
    "ContractNegotiationError": "/@context /@type /providerPid /consumerPid",
    "TransferRequestMessage": (
        "/@context /@type /consumerPid /agreementId /format /callbackAddress /dataAddress/@type"
        " /dataAddress/endpointType /dataAddress/endpointProperties/0/@type /dataAddress/endpointProperties/0/name"
        " /dataAddress/endpointProperties/1/value"
    ),
    "TransferStartMessage": "/@context /@type /providerPid /consumerPid /dataAddress/@type /dataAddress/endpointType",
    "TransferSuspensionMessage": "/@context /@type /providerPid /consumerPid",
    "TransferCompletionMessage": "/@context /@type /providerPid /consumerPid",
    "TransferTerminationMessage": "/@context /@type /providerPid /consumerPid",
    "TransferProcess": "/@context /@type /providerPid /consumerPid /state",
    "TransferError": "/@context /@type /providerPid /consumerPid",
}
MISSING = [(name, pointer) for name, pointers in REQUIRED.items() for pointer in pointers.split()]
NOT_TEXT: tuple[Any, ...] = (7, True, None, [], {}, "")
WRONG: list[tuple[str, str, Any]] = [
    (name, pointer, wrong)
    for name, pointer in MISSING
    for wrong in NOT_TEXT
    if pointer not in ("/@context", "/offer", "/agreement")
    and not (pointer.endswith("/rightOperand") and wrong in ("", [], {}))  # the schema allows these
    and not (pointer.endswith("/value") and wrong == "")
]

NAMES = [
    ("ContractRequestMessage", "/@id"),
    ("ContractRequestMessage", "/consumerPid"),
    ("ContractRequestMessage", "/offer/target"),
    ("ContractOfferMessage", "/providerPid"),
    ("ContractOfferMessage", "/offer/@id"),
    ("ContractAgreementMessage", "/agreement/@id"),
    ("TransferRequestMessage", "/agreementId"),
]

Documents = Callable[[str], dict[str, Any]]


@pytest.fixture
def document(example: Callable[[str], bytes]) -> Documents:
    """Return a function that gives the specification's example of a message, to be spoiled."""
    return lambda name: dict(json.loads(example(EXAMPLES[name])))


def spoil(document: dict[str, Any], pointer: str, *value: Any) -> dict[str, Any]:
    """Return a copy in which the member is replaced by the value, or removed without one."""
    spoiled = copy.deepcopy(document)
    *way, last = (int(step) if step.isdigit() else step for step in pointer[1:].split("/"))
    node: Any = spoiled
    for step in way:
        node = node[step]
    if value:
        node[last] = value[0]
    else:
        del node[last]
    return spoiled


def refusal(model: type[Part], document: Any) -> MalformedMessage:
    with pytest.raises(MalformedMessage) as caught:
        parse(model, json.dumps(document).encode())
    assert caught.value.status == 400
    assert caught.value.detail["fr"]
    assert caught.value.detail["en"]
    return caught.value


@pytest.mark.parametrize(("name", "pointer"), MISSING)
def test_a_missing_member_is_refused_and_named(name: str, pointer: str, document: Documents) -> None:
    assert refusal(getattr(m, name), spoil(document(name), pointer)).pointer == pointer


@pytest.mark.parametrize(("name", "pointer", "wrong"), WRONG)
def test_a_member_of_the_wrong_type_is_refused_and_named(
    name: str, pointer: str, wrong: Any, document: Documents
) -> None:
    assert refusal(getattr(m, name), spoil(document(name), pointer, wrong)).pointer == pointer


@pytest.mark.parametrize(("name", "pointer"), NAMES)
def test_an_identifier_that_no_index_would_take_is_refused_and_named(
    name: str, pointer: str, document: Documents
) -> None:
    """PostgreSQL takes 2,704 bytes in the row of an index, whatever the column allows."""
    assert refusal(getattr(m, name), spoil(document(name), pointer, "é" * 1_001)).pointer == pointer
    parse(getattr(m, name), json.dumps(spoil(document(name), pointer, "é" * 1_000)).encode())


@pytest.mark.parametrize("name", EXAMPLES)
def test_another_messages_type_is_refused(name: str, document: Documents) -> None:
    fault = refusal(getattr(m, name), spoil(document(name), "/@type", "dspace:" + name))
    assert fault.pointer == "/@type"
    assert name in fault.detail["fr"]


@pytest.mark.parametrize("contexts", [[], ["https://w3id.org/dspace/2024/1/context.json"], "x", 3, {}])
def test_a_context_without_the_protocols_is_refused(contexts: Any, document: Documents) -> None:
    spoiled = spoil(document("ContractNegotiation"), "/@context", contexts)
    assert refusal(m.ContractNegotiation, spoiled).pointer == "/@context"


@pytest.mark.parametrize("name", ["ContractRequestMessage", "ContractOfferMessage"])
def test_a_first_message_does_not_name_the_peers_process(name: str, document: Documents) -> None:
    pid = "/providerPid" if name == "ContractRequestMessage" else "/consumerPid"
    assert refusal(getattr(m, name), spoil(document(name), pid, "urn:uuid:x")).pointer == "/callbackAddress"


@pytest.mark.parametrize(
    "name",
    [
        "ContractNegotiationTerminationMessage",
        "ContractNegotiationError",
        "TransferSuspensionMessage",
        "TransferTerminationMessage",
        "TransferError",
    ],
)
@pytest.mark.parametrize("reason", [[], "because", {"a": 1}, None], ids=repr)
def test_a_reason_is_an_array_that_is_not_empty(name: str, reason: Any, document: Documents) -> None:
    assert refusal(getattr(m, name), spoil(document(name), "/reason", reason)).pointer == "/reason"


OFFER_FAULTS: list[tuple[str, Any, str | None]] = [
    ("/offer/permission", [], "/offer/permission"),
    ("/offer/permission", {"action": "use"}, "/offer/permission"),
    ("/offer/permission/0", "use", "/offer/permission/0"),
    ("/offer/permission/0/action", {"@id": "odrl:use"}, "/offer/permission/0/action"),
    ("/offer/permission/0/target", "urn:uuid:x", "/offer/permission/0/target"),
    ("/offer/permission/0/constraint", {}, "/offer/permission/0/constraint"),
    ("/offer/permission/0/constraint", [3], "/offer/permission/0/constraint/0"),
    ("/offer/permission/0/constraint", [{}], "/offer/permission/0/constraint/0/leftOperand"),
    ("/offer/permission/0/constraint", [{"and": [], "or": []}], "/offer/permission/0/constraint/0"),
    ("/offer/permission/0/constraint", [{"and": [{"or": [{}]}]}], None),
    ("/offer/obligation", [{}], "/offer/obligation/0/action"),
    ("/offer/obligation", [], "/offer/obligation"),
    ("/offer/profile", 3, "/offer/profile"),
    ("/offer/profile", ["x", 3], "/offer/profile"),
    ("/offer/@type", "Agreement", "/offer/@type"),
    ("/offer", "urn:uuid:o", "/offer"),
]


@pytest.mark.parametrize(("place", "value", "pointer"), OFFER_FAULTS, ids=lambda value: str(value)[:40])
def test_an_offer_of_the_wrong_shape_is_refused_where_it_is_wrong(
    place: str, value: Any, pointer: str | None, document: Documents
) -> None:
    fault = refusal(m.ContractRequestMessage, spoil(document("ContractRequestMessage"), place, value))
    assert fault.pointer == (pointer or "/offer/permission/0/constraint/0/and/0/or/0/leftOperand")


def test_an_offer_needs_a_permission_or_a_prohibition(document: Documents) -> None:
    without = spoil(document("ContractRequestMessage"), "/offer/permission")
    assert refusal(m.ContractRequestMessage, without).pointer == "/offer"
    prohibiting = spoil(without, "/offer/prohibition", [{"action": "distribute"}])
    assert parse(m.ContractRequestMessage, json.dumps(prohibiting).encode()).offer["prohibition"]


@pytest.mark.parametrize("constraint", [{"operator": "about"}, {"rightOperand": 3}, {"and": []}], ids=str)
def test_a_constraint_that_the_schema_does_not_know_is_refused(constraint: dict[str, Any], document: Documents) -> None:
    sound = {"leftOperand": "dateTime", "operator": "lt", "rightOperand": "2027-01-01T00:00:00Z"}
    place = "/offer/permission/0/constraint"
    good = spoil(document("ContractRequestMessage"), place, [sound])
    assert parse(m.ContractRequestMessage, json.dumps(good).encode())
    assert refusal(m.ContractRequestMessage, spoil(good, f"{place}/0", sound | constraint)).pointer.startswith(place)


@pytest.mark.parametrize("instant", ["yesterday", "2026-11-23", "2026-13-01T00:00:00Z", "2026-11-23T05:29:23Zzz"])
def test_an_agreement_says_when(instant: str, document: Documents) -> None:
    spoiled = spoil(document("ContractAgreementMessage"), "/agreement/timestamp", instant)
    assert refusal(m.ContractAgreementMessage, spoiled).pointer == "/agreement/timestamp"


@pytest.mark.parametrize(
    ("name", "member"),
    [("ContractNegotiation", "state"), ("TransferProcess", "state"), ("ContractNegotiationEventMessage", "eventType")],
)
def test_a_state_or_event_that_does_not_exist_is_refused(name: str, member: str, document: Documents) -> None:
    fault = refusal(getattr(m, name), spoil(document(name), "/" + member, "PENDING"))
    assert fault.pointer == "/" + member
    assert "TERMINATED" in fault.detail["en"] or "FINALIZED" in fault.detail["en"]


@pytest.mark.parametrize("versions", [{}, {"protocolVersions": []}, {"protocolVersions": [{"version": "2025-1"}]}])
def test_a_version_document_needs_a_whole_version(versions: Any) -> None:
    assert refusal(VersionResponse, versions).pointer.startswith("/protocolVersions")


def test_python_names_are_not_wire_names(document: Documents) -> None:
    spoiled = spoil(document("ContractNegotiation"), "/providerPid") | {"provider_pid": "urn:uuid:p"}
    assert refusal(m.ContractNegotiation, spoiled).pointer == "/providerPid"


# What peers write


def test_unknown_members_are_kept_aside(document: Documents) -> None:
    raw = json.dumps(document("ContractNegotiation") | {"https://x.example/seal": "abc", "id": "y", "@id": "z"})
    message = parse(m.ContractNegotiation, raw.encode())
    assert message.model_extra == {"https://x.example/seal": "abc", "id": "y"}
    assert message.message_id == "z"


def test_the_context_may_be_one_string_or_among_others(document: Documents) -> None:
    # EDC adds its own context; JSON-LD compaction unwraps an array of one.
    for contexts in (m.DSP_CONTEXT, [m.DSP_CONTEXT, "https://w3id.org/edc/dspace/v0.0.1"]):
        raw = json.dumps(spoil(document("ContractNegotiation"), "/@context", contexts)).encode()
        assert isinstance(parse(m.ContractNegotiation, raw), Message)


def test_the_filter_may_be_an_object(document: Documents) -> None:
    # EDC's own tests send one.
    raw = json.dumps(spoil(document("CatalogRequestMessage"), "/filter", {"@type": "QuerySpec"})).encode()
    assert parse(m.CatalogRequestMessage, raw).filter == {"@type": "QuerySpec"}


def test_an_operand_may_have_a_prefix(document: Documents) -> None:
    # EDC writes `odrl:purpose` where `purpose` was stored.
    constraint = {"leftOperand": "odrl:purpose", "operator": "eq", "rightOperand": "mobility"}
    raw = json.dumps(spoil(document("ContractRequestMessage"), "/offer/permission/0/constraint", [constraint])).encode()
    assert parse(m.ContractRequestMessage, raw).offer["permission"][0]["constraint"] == [constraint]
