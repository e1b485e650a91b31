"""When two policies say the same."""

import copy

import pytest

import policies
from policies.vocabulary import ODRL

DATE = {
    "leftOperand": "odrl:dateTime",
    "operator": "lteq",
    "rightOperand": {"@value": "2028-12-31T23:59:59Z", "@type": "xsd:dateTime"},
}
PURPOSE = {"leftOperand": "odrl:purpose", "operator": "isAnyOf", "rightOperand": ["a", "b"]}
OFFER = {
    "@id": "urn:offer",
    "@type": "Offer",
    "target": "urn:dataset",
    "permission": [{"action": "use", "constraint": [DATE, PURPOSE]}, {"action": "odrl:read"}],
    "prohibition": [{"action": "odrl:distribute"}],
    "obligation": [{"action": "odrl:attribute"}],
}


def changed(path: str, value) -> dict:
    """The offer with one member set, or removed when the value is None."""
    offer = copy.deepcopy(OFFER)
    *way, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    at = offer
    for step in way:
        at = at[step]
    if value is None:
        del at[last]
    else:
        at[last] = value
    return offer


RIGHT = "permission/0/constraint/0/rightOperand"

SAME = {
    "another @id": changed("@id", "urn:other"),
    "no @id": changed("@id", None),
    "agreement": changed("@type", "Agreement"),
    "another target": changed("target", "urn:other"),
    "no target": changed("target", None),
    "assigner": changed("assigner", "did:web:a"),
    "assignee": changed("assignee", "did:web:b"),
    "timestamp": changed("timestamp", "2026-01-01T00:00:00Z"),
    "prefixed action": changed("permission/0/action", "odrl:use"),
    "action in full": changed("permission/0/action", {"@id": ODRL + "use"}),
    "bare operand": changed("permission/0/constraint/0/leftOperand", "dateTime"),
    "prefixed operator": changed("permission/0/constraint/0/operator", "odrl:lteq"),
    "rules in another order": changed("permission", OFFER["permission"][::-1]),
    "constraints in another order": changed("permission/0/constraint", [PURPOSE, DATE]),
    "values in another order": changed("permission/0/constraint/1/rightOperand", ["b", "a"]),
    "a single rule": changed("prohibition", {"action": "odrl:distribute"}),
    "empty constraints": changed("permission/1/constraint", []),
    "members in another order": dict(reversed(OFFER.items())),
    "the instant without type": changed(RIGHT, "2028-12-31T23:59:59Z"),
    "the instant in another zone": changed(RIGHT, {"@value": "2029-01-01T00:59:59+01:00", "@type": "xsd:dateTime"}),
    "a purpose as IRI": changed("permission/0/constraint/1/rightOperand", [{"@id": "a"}, "b"]),
    "a rule with a name": changed("permission/1/@id", "urn:rule"),
    "a title": changed("dct:title", "Comptages"),
}

OTHER = {
    "another action": changed("permission/0/action", "odrl:distribute"),
    "another operator": changed("permission/0/constraint/0/operator", "lt"),
    "a later date": changed(RIGHT, {"@value": "2029-12-31T23:59:59Z", "@type": "xsd:dateTime"}),
    "the instant without zone": changed(RIGHT, "2028-12-31T23:59:59"),
    "the day instead": changed(RIGHT, {"@value": "2028-12-31Z", "@type": "xsd:date"}),
    "one purpose more": changed("permission/0/constraint/1/rightOperand", ["a", "b", "c"]),
    "a rule less": changed("prohibition", None),
    "a rule twice": changed("obligation", OFFER["obligation"] * 2),
    "a rule on the other side": changed("prohibition", [{"action": "odrl:read"}]),
    "no constraint": changed("permission/0/constraint", None),
    "a duty more": changed("permission/0/duty", [{"action": "odrl:inform"}]),
    "a remedy": changed("prohibition/0/odrl:remedy", [{"action": "odrl:delete"}]),
    "an unknown member": changed("ex:clause", "x"),
    "a licence": changed("dct:license", "https://example.org/licence"),
    "an unknown member in a rule": changed("permission/0/ex:clause", "x"),
    "a conflict strategy": changed("odrl:conflict", "perm"),
    "a profile": changed("profile", "https://example.org/profile"),
    "a rule for one party": changed("permission/0/assignee", "did:web:b"),
    "a unit": changed("permission/0/constraint/0/unit", "ex:unit"),
    "a refined action": changed("permission/1/action", {"rdf:value": {"@id": "odrl:read"}, "refinement": [DATE]}),
}


@pytest.mark.parametrize("other", SAME.values(), ids=SAME)
def test_these_have_the_same_terms(other):
    assert policies.same_terms(OFFER, other)
    assert policies.terms_hash(policies.load(OFFER)) == policies.terms_hash(policies.load(other))


@pytest.mark.parametrize("other", OTHER.values(), ids=OTHER)
def test_these_have_other_terms(other):
    assert not policies.same_terms(OFFER, other)
    assert not policies.same_terms(other, OFFER)


def combination(logic: str, *operands) -> dict:
    return {"@id": "urn:o", "@type": "Offer", "permission": [{"action": "use", "constraint": [{logic: [*operands]}]}]}


@pytest.mark.parametrize(("logic", "same"), [("and", True), ("or", True), ("xone", True), ("andSequence", False)])
def test_only_a_sequence_has_an_order(logic, same):
    assert policies.same_terms(combination(logic, DATE, PURPOSE), combination(logic, PURPOSE, DATE)) is same


def test_two_logical_operands_are_not_the_same():
    assert not policies.same_terms(combination("or", DATE, PURPOSE), combination("xone", DATE, PURPOSE))


def test_values_of_an_unknown_operand_are_compared_as_they_are():
    def offer(value):
        return combination("and", {"leftOperand": "ex:left", "operator": "eq", "rightOperand": value})

    assert not policies.same_terms(offer("1"), offer(1))
    assert not policies.same_terms(offer("urn:x"), offer({"@id": "urn:x"}))
    assert policies.same_terms(offer(1), offer({"@value": "1", "@type": "xsd:integer"}))


def test_the_hash_covers_parties_and_target_and_no_spelling():
    whole = policies.hash(policies.load(OFFER))
    assert whole == policies.hash(policies.load(SAME["rules in another order"]))
    assert whole == policies.hash(policies.load(SAME["the instant in another zone"]))
    for other in ("another @id", "another target", "assignee", "a title", "timestamp"):
        assert whole != policies.hash(policies.load(SAME[other]))


def test_what_an_offer_declares_is_listed_once_and_readable():
    assert policies.declarative_terms(policies.load(OFFER)) == [
        '{"permission":{"leftOperand":"odrl:purpose","operator":"isAnyOf","rightOperand":["a","b"]}}',
        '{"obligation":{"action":"odrl:attribute"}}',
    ]


@pytest.mark.parametrize("offer", [*SAME.values(), *OTHER.values()], ids=[*SAME, *OTHER])
def test_what_is_written_is_read_again_as_the_same_policy(offer):
    policy = policies.load(offer)
    again = policies.load(policies.dump(policy))
    assert again == policy
    assert policies.hash(again) == policies.hash(policy)
