"""Policies and requests drawn by lot, well formed and as odd as the model allows.

Each is drawn from one number, which takes a hundredth of the time of drawing it piece by piece, so that thousands can
be tried. A policy that fails a test is shown whole.
"""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

import policies
from policies import Period, Quantity, Request
from policies.vocabulary import ODRL, TERRI

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
PARTIES = ["did:web:a", "did:web:b"]
PURPOSES = ["mobility", "research"]
DATES = ["2026-06-01T12:00:00Z", "2026-05-01", "2027-01-01T00:00:00", "9999-12-31", "soon"]
ACTIONS = ["use", "use", "use", "odrl:read", "odrl:distribute", "odrl:sell", "ex:fly", "cc:Sharing"]
OPERATORS = ["eq", "neq", "lt", "lteq", "gt", "gteq", "isA", "hasPart", "isPartOf", "isAllOf", "isAnyOf", "isNoneOf"]
OPERANDS: list[tuple[str, list[Any]]] = [
    ("odrl:dateTime", DATES),
    ("odrl:dateTime", DATES),
    ("dateTime", [{"@value": "2026-06-01Z", "@type": "xsd:date"}, {"@id": "urn:x"}]),
    ("odrl:recipient", [*PARTIES, {"@id": "did:web:a"}]),
    (TERRI + "participant", PARTIES),
    ("odrl:purpose", PURPOSES),
    ("odrl:purpose", PURPOSES),
    ("odrl:count", [5, 1.5, True]),
    ("odrl:payAmount", [5, "7.50"]),
    ("odrl:spatial", ["FR", "EU"]),
    ("odrl:elapsedTime", ["P30D", "P1M", "soon"]),
    ("odrl:event", ["urn:games", {"@id": "odrl:policyUsage"}]),
    ("partner", ["gold", {"x": [1, 2]}]),
]
FACTS: list[dict[str, Any]] = [
    {},
    {ODRL + "purpose": "mobility"},
    {ODRL + "purpose": ["research", "mobility"], ODRL + "count": 3},
    {ODRL + "payAmount": Quantity(5, "ex:unit"), ODRL + "spatial": "FR", ODRL + "elapsedTime": "P10D"},
    {ODRL + "payAmount": 7, ODRL + "elapsedTime": NOW - timedelta(days=20), ODRL + "count": 6},
]
Json = dict[str, Any]


class Lot:
    """What one number draws."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def one(self, values: list[Any]) -> Any:
        return self.chance.choice(values)

    def maybe(self, name: str, value: Any, often: float = 0.25) -> Json:
        """Return a member now and then; the value is drawn only if it is one."""
        if self.chance.random() >= often:
            return {}
        return {name: value() if callable(value) else value}

    def several(self, draw, most: int, least: int = 0) -> list[Any]:
        return [draw() for _ in range(self.chance.randint(least, most))]

    def constraint(self) -> Json:
        operand, values = self.one(OPERANDS)
        right = self.one(values) if self.chance.random() < 0.5 else self.several(lambda: self.one(values), 3, 1)
        return {
            "leftOperand": operand,
            "operator": self.one(OPERATORS),
            "rightOperand": right,
            **self.maybe("unit", "ex:unit"),
            **self.maybe("ex:clause", lambda: [1, {"a": None}], 0.1),
        }

    def condition(self, depth: int = 0) -> Json:
        if depth > 2 or self.chance.random() < 0.7:
            return self.constraint()
        logic = self.one(["and", "or", "xone", "andSequence"])
        return {logic: self.several(lambda: self.condition(depth + 1), 3, 1)}

    def duty(self) -> Json:
        return {
            "action": self.one(["odrl:inform", "odrl:compensate", "odrl:delete"]),
            **self.maybe("@id", lambda: self.one(["urn:duty", "urn:other"])),
            **self.maybe("constraint", lambda: self.several(self.condition, 2), 0.4),
            **self.maybe("consequence", lambda: [{"action": "odrl:delete", "@id": "urn:other"}]),
        }

    def rule(self) -> Json:
        return {
            "action": self.one(ACTIONS),
            **self.maybe("constraint", lambda: self.several(self.condition, 3), 0.5),
            **self.maybe("assignee", lambda: self.one([*PARTIES, {"@id": "did:web:a", "partOf": "urn:club"}])),
            **self.maybe("target", lambda: self.one(["urn:d", "urn:e"])),
            **self.maybe("ex:clause", "x", 0.1),
        }

    def permission(self) -> Json:
        if self.chance.random() < 0.4:
            return {"action": "use"}
        return {**self.rule(), **self.maybe("duty", lambda: self.several(self.duty, 2))}

    def prohibition(self) -> Json:
        return {**self.rule(), **self.maybe("remedy", lambda: self.several(self.duty, 2))}

    def policy(self) -> Json:
        return {
            "@id": "urn:p",
            "@type": self.one(["Offer", "Set", "Agreement"]),
            "permission": self.several(self.permission, 3),
            "prohibition": self.several(self.prohibition, 2),
            "obligation": self.several(self.duty, 1),
            **self.maybe("conflict", lambda: self.one(["perm", "prohibit", "invalid", "ex:coin"])),
            **self.maybe("target", lambda: self.one(["urn:d", ["urn:e"]])),
            **self.maybe("profile", "urn:profile", 0.1),
            **self.maybe("dct:title", "x"),
        }

    def request(self) -> Request:
        instants = [NOW, NOW - timedelta(days=60), NOW + timedelta(days=300), datetime.max.replace(tzinfo=UTC)]
        return Request(
            at=self.one(instants),
            action=self.one(["use", "use", "read", ODRL + "distribute", "ex:fly"]),
            target=self.one([None, "urn:d", "urn:d", "urn:e"]),
            party=self.one([None, *PARTIES, *PARTIES]),
            facts=self.one(FACTS),
            events=self.one([None, {"urn:games": Period(NOW, NOW + timedelta(days=3))}]),
            knowledge=self.one([None, {"FR": ["EU"], "EU": [], "did:web:a": ["urn:club"], "did:web:b": []}]),
            fulfilled=self.one([(), {"urn:duty"}, {"urn:duty", "urn:other"}]),
            violated=self.one([(), (), {"urn:duty"}]),
            phase=self.one(["catalogue", "negotiation", "transfer", "request"]),
        )

    def question(self) -> tuple[Json, Request]:
        """Return a policy and a request, whose party accepted what the policy declares, or nothing."""
        policy, request = self.policy(), self.request()
        if self.chance.random() < 0.5:
            terms = frozenset(policies.declarative_terms(policies.load(policy)))
            request = replace(request, accepted_terms=terms)
        return policy, request


LOTS = st.integers(0, 2**64 - 1).map(Lot)
POLICIES = LOTS.map(Lot.policy)
QUESTIONS = LOTS.map(Lot.question)
CONDITIONS = LOTS.map(Lot.condition)
DUTIES = LOTS.map(Lot.duty)
PROHIBITIONS = LOTS.map(Lot.prohibition)
CHANCES = LOTS.map(lambda lot: lot.chance)
