"""What it does to an agreement: another one, in good order; or one more, in its place."""

import json
from typing import Any

from connector.protocol.extensions import SEAL
from contracts.canonical import sha256
from tests.simulator.harmful import Harmful, Message, Said, without
from tests.simulator.misdeeds.hands import FAR, LONG_AGO, Hand


def _agreement(**members: Any) -> Hand:
    """The agreement says something else, and so does the sealed document, in good order."""

    def change(by: Harmful, message: Message) -> list[Said]:
        told = {name: one(by) if callable(one) else one for name, one in members.items()}
        agreement = {name: value for name, value in {**message["agreement"], **told}.items() if value is not ...}
        return [{**message, "agreement": agreement, **_about(by, message, agreement)}]

    return change


def _about(by: Harmful, message: Message, agreement: Message) -> Message:
    """Return the seal on a document about another agreement."""
    text = json.dumps(agreement, ensure_ascii=False, separators=(",", ":"))
    said = {"id": str(agreement.get("@id")), "text": text, "sha256": sha256(text.encode("utf-8", "surrogatepass"))}
    return _sealed(by, message, agreement=said)


def _sealed(by: Harmful, message: Message, place: int = 0, member: str = SEAL, **members: Any) -> Message:
    """Return the seal on a document that says something else; nothing where the message carries none."""
    if member not in message:
        return {}
    try:
        return {member: by.rewritten(message[member], place, **members)}
    except Exception:  # it cannot be written canonically: then the seal stays as it is
        return {}


def _redrawn(**members: Any) -> Hand:
    """After the agreement, another one in its place."""

    def change(by: Harmful, message: Message) -> list[Said]:
        told = {name: one(by) if callable(one) else one for name, one in members.items()}
        other = {**message, "@id": "urn:uuid:redrawn", "agreement": {**message["agreement"], **told}}
        return [message, other]

    return change


AGREEMENTS: dict[str, Hand] = {
    "the agreement of an earlier negotiation": _agreement(**{"@id": lambda by: by.earlier.agreement}),
    "the agreement of somebody else": _agreement(**{"@id": lambda by: by.foreign.agreement}),
    "an agreement named as our contract with somebody else": _agreement(**{"@id": lambda by: by.foreign.contract}),
    "an agreement named as our negotiation with somebody else": _agreement(**{"@id": lambda by: by.foreign.ours}),
    "an agreement of another alphabet": _agreement(**{"@id": "urn:e\u0301:\u202e/..?#"}),
    "an agreement with a long name": _agreement(**{"@id": "urn:" + "x" * 60_000}),
    "an agreement of long ago": _agreement(timestamp=LONG_AGO),
    "an agreement of the end of time": _agreement(timestamp=FAR),
    "an agreement before our era": _agreement(timestamp="-0044-03-15T24:00:00+14:00"),
    "an agreement in the year 20000": _agreement(timestamp="20000-01-01T00:00:00Z"),
    "an agreement on a day that is none": _agreement(timestamp="2026-02-30T00:00:00Z"),
    "another assignee": _agreement(assignee="did:web:example.org"),
    "another assigner of the agreement": _agreement(assigner="did:web:example.org"),
    "another target of the agreement": _agreement(target="urn:test:other"),
    "another permission": _agreement(permission=[{"action": "read"}]),
    "a prohibition more": _agreement(prohibition=[{"action": "use"}]),
    "a member of the agreement that nobody knows": _agreement(x="e\u0301\u202e", y=None, z=1.5),
    "an agreement that is huge": _agreement(x="x" * 300_000),
    "another agreement in its place": _redrawn(**{"@id": "urn:uuid:another"}),
    "another, younger agreement in its place": _redrawn(**{"@id": "urn:uuid:another", "timestamp": FAR}),
    "the agreement of somebody else in its place": _redrawn(
        **{"@id": lambda by: by.foreign.agreement, "timestamp": FAR}
    ),
    "its own earlier agreement in its place": _redrawn(**{"@id": lambda by: by.earlier.agreement, "timestamp": FAR}),
    "other terms in its place": _redrawn(timestamp=FAR, permission=[{"action": "read"}]),
    "no seal any more in its place": lambda by, m: [m, without({**m, "@id": "urn:uuid:redrawn", "x": 1}, SEAL)],
}
