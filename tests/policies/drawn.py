"""Policies drawn at random for the tests of reading: well formed, and with everything that the model holds.

hypothesis draws a number and the policy is built from it: a hundred times faster than to draw each member by itself, so
that thousands of examples take seconds. A failing example is printed whole.
"""

import os
import random
from collections.abc import Callable
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

CI = os.environ.get("CI") == "true"
EXAMPLES = settings(max_examples=2000 if CI else 200, deadline=None)
FEWER = settings(max_examples=2000 if CI else 100, deadline=None)

Drawn = dict[str, Any]

IRIS = ["urn:a", "https://example.org/b", "did:web:c.example"]
OPERATORS = ["eq", "neq", "lt", "lteq", "gt", "gteq", "isA", "hasPart", "isPartOf", "isAllOf", "isAnyOf", "isNoneOf"]
OPERANDS = [
    "odrl:dateTime",
    "dateTime",
    "purpose",
    "odrl:recipient",
    "odrl:count",
    "terri:useCase",
    "odrl:spatial",
    "http://www.w3.org/ns/odrl/2/event",
]
ACTIONS = [
    "use",
    "use",
    "odrl:distribute",
    "http://www.w3.org/ns/odrl/2/read",
    "cc:Sharing",
    "terri:reidentify",
    "write",
]
VALUES = [
    "mobility",
    "2028-12-31T23:59:59Z",
    "2028-12-31",
    "P90D",
    "",
    "été",
    -5,
    3,
    1.5,
    True,
    {"@value": "3", "@type": "xsd:integer"},
    {"@value": "2028-12-31", "@type": "http://www.w3.org/2001/XMLSchema#date"},
    {"@id": "odrl:policyUsage"},
    {"@id": "urn:x"},
    {"@value": "ville", "@language": "fr"},
]


class Drawing:
    """One policy, made by chance."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def one(self, choices: list[Any]) -> Any:
        return self.chance.choice(choices)

    def some(self, draw: Callable[[], Any], most: int = 2) -> list[Any]:
        return [draw() for _ in range(self.chance.randint(1, most))]

    def with_some(self, members: Drawn, **more: Callable[[], Any]) -> Drawn:
        """Add each of the members one time in four."""
        for name, draw in more.items():
            if self.chance.random() < 0.25:
                members[name.replace("__", ":")] = draw()
        return members

    def iri(self) -> str:
        return str(self.one(IRIS))

    def value(self) -> Any:
        return self.one(VALUES)

    def constraint(self) -> Drawn:
        members = {
            "leftOperand": self.one(OPERANDS),
            "operator": self.one([*OPERATORS, "odrl:eq"]),
            "rightOperand": self.one([self.value(), self.some(self.value, 3)]),
        }
        return self.with_some(members, unit=self.iri, status=self.value, uid=self.iri, dct__description=lambda: "x")

    def condition(self, depth: int = 0) -> Drawn:
        if depth > 2 or self.chance.random() < 0.7:
            return self.constraint()
        logic = self.one(["and", "or", "xone", "andSequence"])
        return {logic: self.some(lambda: self.condition(depth + 1), 3)}

    def conditions(self) -> list[Drawn]:
        return self.some(self.condition)

    def reference(self) -> Any:
        match self.chance.randrange(4):
            case 0:
                return self.with_some({"@id": self.iri()}, partOf=self.iri)
            case 1:
                return {"@type": "AssetCollection", "source": self.iri(), "refinement": self.some(self.constraint)}
        return self.iri()

    def references(self) -> Any:
        return self.one([self.reference(), self.some(self.reference)])

    def action(self) -> Any:
        if self.chance.random() < 0.2:
            return {"rdf:value": {"@id": "odrl:reproduce"}, "refinement": self.some(self.constraint)}
        return self.one(ACTIONS)

    def actions(self) -> Any:
        return self.one([self.action(), self.action(), self.some(self.action)])

    def rule(self) -> Drawn:
        members = {"action": self.actions()} if self.chance.random() < 0.9 else {}
        return self.with_some(
            members,
            constraint=self.conditions,
            target=self.references,
            assigner=self.references,
            assignee=self.references,
            uid=self.iri,
            terri__clause=lambda: self.one(["x", "y"]),
        )

    def duty(self) -> Drawn:
        return self.with_some(self.rule(), consequence=lambda: self.some(self.rule))

    def permission(self) -> Drawn:
        return self.with_some(self.rule(), duty=lambda: self.some(self.duty))

    def prohibition(self) -> Drawn:
        return self.with_some(self.rule(), remedy=lambda: self.some(self.rule))

    def policy(self) -> Drawn:
        members = {
            "@id": self.iri(),
            "@type": self.one(["Offer", "Set", "Agreement"]),
            "permission": [self.permission() for _ in range(self.chance.randrange(3))],
        }
        return self.with_some(
            members,
            prohibition=lambda: self.some(self.prohibition),
            obligation=lambda: self.some(self.duty),
            profile=self.iri,
            conflict=lambda: self.one(["perm", "odrl:prohibit", "invalid"]),
            inheritFrom=lambda: ["urn:parent"],
            action=self.actions,
            target=self.references,
            assigner=self.references,
            assignee=self.references,
            dct__title=lambda: "Comptages",
        )


POLICIES: st.SearchStrategy[Drawn] = st.integers(0, 2**63).map(lambda seed: Drawing(seed).policy())
