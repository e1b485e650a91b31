"""A well-formed message for each path of the protocol, about any process."""

from typing import Any

from connector.ids import new_id
from tests.harness.speaker import JsonObject, message

USE: JsonObject = {"permission": [{"action": "use"}]}


def offer(offer_id: str = "urn:test:offer", dataset: str = "urn:test:lampadaires", **more: Any) -> JsonObject:
    """Return an offer as a negotiation carries it."""
    return {"@type": "Offer", "@id": offer_id, "target": dataset, **USE, **more}


def agreement(
    dataset: str = "urn:test:lampadaires", assigner: str = "did:web:a", assignee: str = "did:web:b"
) -> JsonObject:
    """Return an agreement."""
    return {
        "@type": "Agreement",
        "@id": new_id(),
        "target": dataset,
        "assigner": assigner,
        "assignee": assignee,
        "timestamp": "2026-01-01T00:00:00Z",
        **USE,
    }


def first(path: str, pid: str, callback: str, **members: Any) -> JsonObject:
    """Return the message that opens a process at this path, with the sender's pid."""
    kind, named, content = _FIRST[path]
    return message(kind, **{named: pid, "callbackAddress": callback, **content, **members})


_LATER: dict[str, tuple[str, JsonObject]] = {
    "/negotiations/{pid}/request": ("ContractRequestMessage", {"offer": offer()}),
    "/negotiations/{pid}/offers": ("ContractOfferMessage", {"offer": offer()}),
    "/negotiations/{pid}/events": ("ContractNegotiationEventMessage", {"eventType": "ACCEPTED"}),
    "/negotiations/{pid}/agreement": ("ContractAgreementMessage", {"agreement": agreement()}),
    "/negotiations/{pid}/agreement/verification": ("ContractAgreementVerificationMessage", {}),
    "/negotiations/{pid}/termination": ("ContractNegotiationTerminationMessage", {"code": "test", "reason": ["test"]}),
    "/transfers/{pid}/start": ("TransferStartMessage", {}),
    "/transfers/{pid}/suspension": ("TransferSuspensionMessage", {"code": "test", "reason": ["test"]}),
    "/transfers/{pid}/completion": ("TransferCompletionMessage", {}),
    "/transfers/{pid}/termination": ("TransferTerminationMessage", {"code": "test", "reason": ["test"]}),
}
_FIRST: dict[str, tuple[str, str, JsonObject]] = {
    "/negotiations/request": ("ContractRequestMessage", "consumerPid", {"offer": offer()}),
    "/negotiations/offers": ("ContractOfferMessage", "providerPid", {"offer": offer()}),
    "/transfers/request": (
        "TransferRequestMessage",
        "consumerPid",
        {"agreementId": "urn:test:agreement", "format": "HttpData-PULL"},
    ),
}
LATER_PATHS = frozenset(_LATER)
FIRST_PATHS = frozenset(_FIRST)


def later(path: str, consumer_pid: str, provider_pid: str, **members: Any) -> JsonObject:
    """Return the message that a path of a running process takes."""
    kind, content = _LATER[path]
    return message(kind, **{"consumerPid": consumer_pid, "providerPid": provider_pid, **content, **members})
