"""What a peer must know of DSP 2025-1: the messages, where they go, and to which state each leads.

Pure, and written from the specification, not from the node: a fault of the node is not repeated here. A kind is the
`@type`, for events with the event: `ContractNegotiationEventMessage:ACCEPTED`.
"""

import json
import uuid
from collections.abc import Mapping
from typing import Any, Literal

Json = dict[str, Any]
Role = Literal["consumer", "provider"]

CONTEXT = "https://w3id.org/dspace/2025/1/context.jsonld"
BASE = "/dsp/2025-1"
HTTP_PULL = "HttpData-PULL"
HTTP_PUSH = "HttpData-PUSH"
NOBODY = "urn:uuid:00000000-0000-0000-0000-000000000000"

REQUEST = "ContractRequestMessage"
OFFER = "ContractOfferMessage"
ACCEPTED = "ContractNegotiationEventMessage:ACCEPTED"
FINALIZED = "ContractNegotiationEventMessage:FINALIZED"
AGREEMENT = "ContractAgreementMessage"
VERIFICATION = "ContractAgreementVerificationMessage"
TERMINATION = "ContractNegotiationTerminationMessage"
TRANSFER_REQUEST = "TransferRequestMessage"
START = "TransferStartMessage"
SUSPENSION = "TransferSuspensionMessage"
COMPLETION = "TransferCompletionMessage"
TRANSFER_TERMINATION = "TransferTerminationMessage"
CATALOG_REQUEST = "CatalogRequestMessage"
DATASET_REQUEST = "DatasetRequestMessage"

PATHS: Mapping[str, str] = {
    REQUEST: "/negotiations/{}/request",
    OFFER: "/negotiations/{}/offers",
    ACCEPTED: "/negotiations/{}/events",
    FINALIZED: "/negotiations/{}/events",
    AGREEMENT: "/negotiations/{}/agreement",
    VERIFICATION: "/negotiations/{}/agreement/verification",
    TERMINATION: "/negotiations/{}/termination",
    TRANSFER_REQUEST: "/transfers/request",
    START: "/transfers/{}/start",
    SUSPENSION: "/transfers/{}/suspension",
    COMPLETION: "/transfers/{}/completion",
    TRANSFER_TERMINATION: "/transfers/{}/termination",
}
"""Below the base of whom the message goes to; `{}` is the receiver's identifier of the process."""
FIRST_PATHS: Mapping[str, str] = {
    REQUEST: "/negotiations/request",
    OFFER: "/negotiations/offers",
    TRANSFER_REQUEST: "/transfers/request",
}
"""Where a message goes that opens a process."""
OPENS: Mapping[str, Role] = {REQUEST: "consumer", OFFER: "provider", TRANSFER_REQUEST: "consumer"}
"""Who sends the message that opens a process."""

_ROWS: tuple[tuple[str, str, str, str], ...] = (
    ("INITIAL", REQUEST, "consumer", "REQUESTED"),
    ("INITIAL", OFFER, "provider", "OFFERED"),
    ("REQUESTED", OFFER, "provider", "OFFERED"),
    ("REQUESTED", AGREEMENT, "provider", "AGREED"),
    ("OFFERED", REQUEST, "consumer", "REQUESTED"),
    ("OFFERED", ACCEPTED, "consumer", "ACCEPTED"),
    ("ACCEPTED", AGREEMENT, "provider", "AGREED"),
    ("AGREED", VERIFICATION, "consumer", "VERIFIED"),
    ("VERIFIED", FINALIZED, "provider", "FINALIZED"),
    ("INITIAL", TRANSFER_REQUEST, "consumer", "REQUESTED"),
    ("REQUESTED", START, "provider", "STARTED"),
    ("STARTED", START, "provider", "STARTED"),  # a new data address, as after a resumption by the consumer
    *(("SUSPENDED", START, side, "STARTED") for side in ("consumer", "provider")),
    *(("STARTED", SUSPENSION, side, "SUSPENDED") for side in ("consumer", "provider")),
    *(("STARTED", COMPLETION, side, "COMPLETED") for side in ("consumer", "provider")),
    *(
        (state, TERMINATION, side, "TERMINATED")
        for state in ("REQUESTED", "OFFERED", "ACCEPTED", "AGREED", "VERIFIED")
        for side in ("consumer", "provider")
    ),
    *(
        (state, TRANSFER_TERMINATION, side, "TERMINATED")
        for state in ("REQUESTED", "STARTED", "SUSPENDED")
        for side in ("consumer", "provider")
    ),
)
_STEPS = {(state, kind, sender): target for state, kind, sender, target in _ROWS}


def step(state: str, kind: str, sender: Role) -> str | None:
    """Return the state to which a message leads, None where it is illegal."""
    return _STEPS.get((state, kind, sender))


def other(role: Role) -> Role:
    """Return the opposite side."""
    return "provider" if role == "consumer" else "consumer"


def is_transfer(kind: str) -> bool:
    """True for a message of the Transfer Process Protocol."""
    return kind.startswith("Transfer")


def kind_of(body: Mapping[str, Any]) -> str:
    """Return the kind of a message."""
    event = f":{body['eventType']}" if "eventType" in body else ""
    return f"{body.get('@type', '')}{event}"


def new_id() -> str:
    """Return a new identifier."""
    return uuid.uuid4().urn


def message(kind: str, **members: Any) -> Json:
    """Return a message with its envelope; members of value None are left out."""
    name, _, event = kind.partition(":")
    envelope: Json = {"@context": [CONTEXT], "@id": new_id(), "@type": name}
    if event:
        envelope["eventType"] = event
    return envelope | {member: value for member, value in members.items() if value is not None}


def as_bytes(body: Mapping[str, Any]) -> bytes:
    """Return a body as JSON text."""
    return json.dumps(body, ensure_ascii=False).encode()


def error(root: str, code: str, reason: str, pids: Mapping[str, str]) -> Json:
    """Return the typed error of one protocol; `root` is the first part of the path below the base."""
    body = {"@context": [CONTEXT], "code": code, "reason": [reason]}
    if root == "catalog":
        return {"@type": "CatalogError", **body}
    name = "TransferError" if root == "transfers" else "ContractNegotiationError"
    return {"@type": name, "consumerPid": NOBODY, "providerPid": NOBODY, **pids, **body}


def terms_of(policy: Mapping[str, Any]) -> Json:
    """Return the rules of an offer or agreement, without its names, its parties and its date."""
    named = ("@context", "@id", "@type", "target", "assigner", "assignee", "timestamp")
    return {name: value for name, value in policy.items() if name not in named}
