"""The tree behind a decision."""

from datetime import UTC, datetime

import pytest

import policies
from policies import Deontic, Effect, Request
from policies.report import Activation, Control, Satisfaction, flat
from policies.vocabulary import ODRL

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
UNTIL_2027 = {
    "@id": "urn:until",
    "leftOperand": "odrl:dateTime",
    "operator": "lt",
    "rightOperand": "2027-01-01T00:00:00Z",
}
FOR_C = {"@id": "urn:for", "leftOperand": "odrl:recipient", "operator": "eq", "rightOperand": "did:web:c"}
COUNTED = {"@id": "urn:count", "leftOperand": "odrl:count", "operator": "lteq", "rightOperand": "5"}


def report(*permissions: dict, forbid=(), **asked) -> policies.PolicyReport:
    given = {"@id": "urn:p", "@type": "Agreement", "permission": list(permissions), "prohibition": list(forbid)}
    request = Request(**({"at": NOW, "party": "did:web:b", "target": "urn:d"} | asked))
    return policies.compile(policies.load(given)).decide(request).report()


def states(premises) -> dict[str, Satisfaction]:
    return {each.uid or each.name: each.state for each in flat(premises)}


def test_each_condition_has_its_state():
    (rule,) = report({"action": "use", "constraint": [{"@id": "urn:or", "or": [FOR_C, UNTIL_2027]}, COUNTED]}).rules
    assert rule.activation is Activation.UNKNOWN
    assert rule.control is Control.DENY
    assert states(rule.premises) == {
        ODRL + "use": Satisfaction.SATISFIED,
        "urn:or": Satisfaction.SATISFIED,
        "urn:for": Satisfaction.UNSATISFIED,
        "urn:until": Satisfaction.SATISFIED,
        "urn:count": Satisfaction.UNKNOWN,
    }


def test_target_party_and_action_are_premises():
    (rule,) = report({"action": "odrl:read", "target": "urn:e", "assignee": "did:web:b"}).rules
    assert states(rule.premises) == {
        "target": Satisfaction.UNSATISFIED,
        "assignee": Satisfaction.SATISFIED,
        ODRL + "read": Satisfaction.UNSATISFIED,
    }
    assert rule.activation is Activation.INACTIVE


def test_what_was_found_is_told():
    (rule,) = report({"action": "use", "constraint": [FOR_C]}).rules
    assert [each.actual for each in rule.premises if each.uid == "urn:for"] == ["did:web:b"]


def test_every_rule_is_reported_whatever_its_action():
    found = report({"action": "use"}, {"action": "odrl:sell"}, forbid=[{"action": "odrl:distribute"}])
    assert [each.activation for each in found.rules] == [Activation.ACTIVE, Activation.INACTIVE, Activation.INACTIVE]
    assert found.effect is Effect.PERMIT
    assert found.is_compliant is True


@pytest.mark.parametrize(
    ("forbidden", "state", "compliant"),
    [({"action": "use"}, Deontic.VIOLATED, False), ({"action": "odrl:sell"}, Deontic.NOT_SET, True)],
)
def test_a_prohibition_is_violated_by_the_act_that_it_forbids(forbidden, state, compliant):
    found = report({"action": "use"}, forbid=[forbidden])
    assert found.rules[1].deontic is state
    assert found.is_compliant is compliant


def test_what_is_not_known_is_not_said_to_be_in_order():
    assert report({"action": "use", "constraint": [COUNTED]}, phase="negotiation").is_compliant is None
    assert report({"action": "use", "constraint": [FOR_C]}).is_compliant is False
