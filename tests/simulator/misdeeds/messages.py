"""What it does to any message, and to the terms that one lays on the table."""

import json
from typing import Any

from connector.protocol import negotiation as n
from connector.protocol.extensions import REQUEST_CARD
from tests.simulator.harmful import Elsewhere, Harmful, Message, Said, without
from tests.simulator.misdeeds.hands import DEEP, FAR, HUGE, LONG_AGO, PIDS, Hand, nested


def _raw(message: Message, old: bytes, new: bytes) -> bytes:
    """Return a message as bytes that no writer of JSON would write."""
    return json.dumps(message, ensure_ascii=False).encode().replace(old, new, 1)


def _some(by: Harmful, message: Message) -> str:
    """Return the name of one member, drawn."""
    return by.chance.choice(sorted(message))


def _with(value: Any) -> Hand:
    return lambda by, message: [{**message, _some(by, message): value}]


def _members(value: Any) -> Hand:
    """A member is something else, but for those of the envelope."""
    return lambda by, message: [{**message, by.chance.choice([m for m in sorted(message) if m[0] != "@"]): value}]


ANY: dict[str, Hand] = {
    "a member is missing": lambda by, m: [without(m, _some(by, m))],
    "a member is null": _with(None),
    "a member is a list": _members([]),
    "a member is a list of itself": lambda by, m: [{**m, (name := _some(by, m)): [m[name]]}],
    "a member is an object": _members({}),
    "a member is a number": _members(10**400),
    "a member is true": _members(True),
    "a member is empty": _members(""),
    "a member is huge": _members(HUGE),
    "a member is blank": _members(" \u200b"),
    "a member comes twice": lambda by, m: [_raw(m, b"{", b'{"@type":"ContractRequestMessage",')],
    "half of a character": lambda by, m: [_raw(m, b'"@id": "', b'"@id": "\\ud800')],
    "a null character": lambda by, m: [_raw(m, b'"@id": "', b'"@id": "\\u0000')],
    "bytes that are no text": lambda by, m: [_raw(m, b'"@id": "', b'"@id": "\xff')],
    "a number that is none": lambda by, m: [_raw(m, b"{", b'{"x":NaN,')],
    "a text too deep": lambda by, m: [DEEP],
    "no JSON": lambda by, m: [b"[]"],
    "more than is taken": lambda by, m: [{**m, "x": "x" * (1 << 20)}],
    "a member that nobody knows": lambda by, m: [{**m, "x": [None, 1.5, {"y": []}], "https://w3id.org/pupitre/x": {}}],
    "another type": lambda by, m: [{**m, "@type": "ContractNegotiation"}],
    "no context": lambda by, m: [{**m, "@context": ["https://example.org/"]}],
    "no id": lambda by, m: [without(m, "@id")],
    "the id of an earlier message": lambda by, m: (
        [{**m, "@id": by.heard[0][1].get("@id")}] if len(by.heard) > 1 else [m]
    ),
    "an id of another alphabet": lambda by, m: [{**m, "@id": "urn:e\u0301:\u202e"}],
    "twice": lambda by, m: [m, m],
    "twice, with another id": lambda by, m: [m, {**m, "@id": "urn:uuid:00000000-0000-4000-8000-000000000001"}],
    "twice, the second is another": lambda by, m: [m, {**m, "x": "y"}],
    "thrice, the second is broken": lambda by, m: [m, without(m, "@context"), m],
    "first as its own end": lambda by, m: [_termination(by, m), m],
    "then its own end": lambda by, m: [m, _termination(by, m)],
    "the end without a reason": lambda by, m: [Elsewhere(_path(by, m, "/termination"), _end(m, reason=None))],
    "the end with reasons of all kinds": lambda by, m: [
        Elsewhere(_path(by, m, "/termination"), _end(m, code="é" * 5000, reason=[None, 1.5, {"a": [{}]}, [], "\u202e"]))
    ],
    "pids swapped": lambda by, m: [_swapped(m)],
    "another pid of ours": lambda by, m: [{**m, "consumerPid": "urn:uuid:1", "providerPid": "urn:uuid:2"}],
    "somebody else's process": lambda by, m: [
        Elsewhere(_path(by, m, _tail(by), by.foreign.ours), _swap_in(m, by.foreign.ours)),
        m,
    ],
    "its own earlier process": lambda by, m: [
        Elsewhere(_path(by, m, _tail(by), by.earlier.ours), _swap_in(m, by.earlier.ours)),
        m,
    ],
    "all that was said before, again": lambda by, m: [
        *(Elsewhere("/" + url.split("/", 3)[3], said) for url, said in by.heard),
        m,
    ],
    "at the address of another message": lambda by, m: [Elsewhere(_path(by, m, "/request"), m)],
}


def _path(by: Harmful, message: Message, tail: str, pid: str | None = None) -> str:
    ours = pid or _ours(by, message)
    return f"/dsp/2025-1/negotiations/{ours}{tail}" if ours else f"/dsp/2025-1/negotiations{tail}"


def _ours(by: Harmful, message: Message) -> str:
    """Return the honest node's identifier, as the address of the last message tells it."""
    parts = by.heard[-1][0].split("/negotiations/", 1)[-1].split("/")
    return parts[0] if parts[0].startswith("urn:") else ""


def _tail(by: Harmful) -> str:
    parts = by.heard[-1][0].split("/negotiations/", 1)[-1].split("/", 1)
    return "/" + (parts[1] if parts[0].startswith("urn:") else parts[0])


def _end(message: Message, **said: Any) -> Message:
    told = {"code": "harm", "reason": ["Parce que."], **said}
    pids = {name: message.get(name, "urn:uuid:3") for name in PIDS}
    end = {"@context": message["@context"], "@type": n.TERMINATION, "@id": "urn:uuid:end", **pids, **told}
    return {name: value for name, value in end.items() if value is not None}


def _termination(by: Harmful, message: Message) -> Elsewhere:
    return Elsewhere(_path(by, message, "/termination"), _end(message))


def _swapped(message: Message) -> Message:
    return {
        **message,
        **{name: message[other] for name, other in zip(PIDS, PIDS[::-1], strict=True) if other in message},
    }


def _swap_in(message: Message, pid: str) -> Message:
    return {**message, **dict.fromkeys((name for name in PIDS if name in message), pid)}


def _offer(**members: Any) -> Hand:
    def change(by: Harmful, message: Message) -> list[Said]:
        offer = {name: value for name, value in {**message["offer"], **members}.items() if value is not ...}
        return [{**message, "offer": offer}]

    return change


def _ruled(**constraint: Any) -> Hand:
    rule = {"leftOperand": "dateTime", "operator": "lteq", "rightOperand": LONG_AGO, **constraint}
    return _offer(permission=[{"action": "use", "constraint": [rule]}])


def _carded(text: str) -> Hand:
    return lambda by, m: [{**m, REQUEST_CARD: text}]


REQUESTS: dict[str, Hand] = {
    "another target": _offer(target="urn:test:other"),
    "another assigner": _offer(assigner="did:web:example.org"),
    "an assigner that is none": _offer(assigner=[{"x": 1}]),
    "an end before all time": _ruled(),
    "an end after all time": _ruled(rightOperand=FAR),
    "a year that is none": _ruled(rightOperand="-0044-03-15T24:00:00+14:00"),
    "an instant that is none": _ruled(rightOperand={"@value": "2026-02-30T00:00:00Z", "@type": "xsd:dateTime"}),
    "an operand that is a list of lists": _ruled(rightOperand=[[], {}, None, 1.5]),
    "a left operand of its own": _ruled(leftOperand="https://example.org/é", rightOperand={"@id": "x"}),
    "a duty on top": _offer(obligation=[{"action": "https://example.org/pay"}]),
    "a profile": _offer(profile=["https://example.org/profile"]),
    "a rule of another alphabet": _ruled(leftOperand="purpose", operator="eq", rightOperand="e\u0301\u202e"),
    "rules by the hundred": _offer(permission=[{"action": "use"}] * 500),
    "constraints in constraints": lambda by, m: _offer(permission=[{"action": "use", "constraint": [nested(10)]}])(
        by, m
    ),
}
FIRST: dict[str, Hand] = {
    "another offer": _offer(**{"@id": "urn:offer:none"}),
    "a callback that is not its own": lambda by, m: [{**m, "callbackAddress": "http://192.0.2.1/dsp/2025-1"}],
    "a callback that is none": lambda by, m: [{**m, "callbackAddress": "http://[::1"}],
    "a callback of another kind": lambda by, m: [{**m, "callbackAddress": "file:///etc/passwd"}],
    "a card that is none": _carded("{"),
    "a card of nothing": _carded("{}"),
    "a card with a day that is none": _carded('{"until":"2026-02-30"}'),
    "a card with everything": _carded(
        json.dumps({"purpose": "e\u0301", "until": "9999-12-31", "legalBasis": "<b>", "x": [1]})
    ),
    "a card too long": _carded(json.dumps({"purpose": "x" * 9_000})),
    "a pid of another alphabet": lambda by, m: [{**m, _own_pid(m): "urn:e\u0301/..%2f?#\u202e"}],
    "a pid as long as a book": lambda by, m: [{**m, _own_pid(m): "urn:" + "x" * 50_000}],
    "our own pid": lambda by, m: [{**m, _own_pid(m): by.earlier.ours}],
    "the pid of its earlier process": lambda by, m: [{**m, _own_pid(m): by.earlier.theirs}],
    "the pid of somebody else's process": lambda by, m: [{**m, _own_pid(m): by.foreign.theirs}],
}


def _own_pid(message: Message) -> str:
    return "consumerPid" if message["@type"] == n.REQUEST else "providerPid"
