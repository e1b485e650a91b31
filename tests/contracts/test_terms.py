"""Sentences of equal terms are remembered, and terms are equal only where every word of them is."""

import json

from contracts.terms import read_agreement, told_terms
from tests.harness.contracts import COMMUNE, METROPOLE


def told(operand: object, uid: str = "urn:agreement:1", at: str = "2026-06-01T12:00:00Z") -> dict:
    limit = {"leftOperand": "count", "operator": "eq", "rightOperand": operand}
    parties = {"assigner": METROPOLE, "assignee": COMMUNE, "target": "urn:dataset:1"}
    rules = {"permission": [{"action": "use", "constraint": [limit]}]}
    return told_terms(
        read_agreement(json.dumps({"@id": uid, "@type": "Agreement", "timestamp": at, **parties, **rules}))
    )


def test_values_that_python_takes_for_equal_are_told_apart():
    assert len({told(operand)["fr"][0] for operand in (1, 1.0, True)}) == 3


def test_agreements_on_the_same_terms_are_told_alike_and_share_nothing_that_can_be_changed():
    first = told(1)
    again = told(1, "urn:agreement:2", "2026-06-02T12:00:00Z")
    assert again == first
    first["fr"].clear()
    assert told(1) == again
