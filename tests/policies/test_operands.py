"""What every left operand must do, whoever wrote it."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

import policies
from policies import operands
from policies.facts import Request
from policies.model import Constraint, Value
from policies.operands import OPERANDS, OperandKind
from policies.operands.participant import PARTICIPANT_IRI, RECIPIENT_IRI
from policies.operands.spec import Operand
from policies.vocabulary import ODRL, OPERATORS, RDF, XSD

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
NOTHING_KNOWN = Request(at=AT)
VALUES = [
    Value("x"),
    Value("urn:x", is_iri=True),
    Value("2026-06-01T12:00:00Z", XSD + "dateTime"),
    Value("2026-06-01"),
    Value("5", XSD + "integer"),
    Value("x", language="fr"),
    Value("[1]", RDF + "JSON"),
    Value(""),
]

every_operand = pytest.mark.parametrize("operand", OPERANDS.values(), ids=OPERANDS)
every_operator = pytest.mark.parametrize("operator", sorted(OPERATORS))


def constraint(operand: Operand, operator: str, *values: Value) -> Constraint:
    return Constraint(operand.iri, operator, values)


@every_operand
def test_an_operand_has_labels_and_phrases_in_both_languages(operand):
    assert all(operand.labels)
    assert all(operands.label(operand.iri, language) for language in ("fr", "en"))
    assert all(operator in OPERATORS and all(labels) for operator, labels in operand.phrases.items())


@every_operand
@every_operator
@pytest.mark.parametrize("values", [[value] for value in VALUES] + [VALUES[:2], VALUES[2:4]], ids=str)
def test_what_cannot_be_judged_is_an_error_and_what_can_is_none(operand, operator, values):
    given = constraint(operand, operator, *values)
    findings = list(operand.findings(given))
    judged = operand.leaf(given) is not None
    assert judged is not any(finding.severity == "error" for finding in findings)
    assert all(finding.text["fr"] and finding.text["en"] for finding in findings)


@every_operand
@pytest.mark.parametrize("value", VALUES, ids=str)
def test_normal_values_are_stable_and_mean_the_same(operand, value):
    normal = operand.normal(value)
    assert operand.normal(normal) == normal
    for operator in sorted(OPERATORS):
        one, other = (operand.leaf(constraint(operand, operator, each)) for each in (value, normal))
        assert (one is None) is (other is None)
        if one and other:
            assert one.boundaries == other.boundaries


@every_operand
@every_operator
def test_without_its_fact_a_condition_is_not_known(operand, operator):
    leaf = operand.leaf(constraint(operand, operator, Value("x")))
    if leaf and operand.iri != ODRL + "dateTime":  # the moment is always known
        assert leaf.test(NOTHING_KNOWN) is None
        assert operand.actual(NOTHING_KNOWN) is None


@every_operand
def test_boundaries_are_in_order_and_have_a_zone(operand):
    for value in VALUES:
        for operator in OPERATORS:
            leaf = operand.leaf(constraint(operand, operator, value))
            if leaf:
                assert list(leaf.boundaries) == sorted(leaf.boundaries)
                assert all(instant.tzinfo for instant in leaf.boundaries)


@pytest.mark.parametrize("iri", [RECIPIENT_IRI, PARTICIPANT_IRI])
@pytest.mark.parametrize(
    ("operator", "values", "answer"),
    [
        ("eq", ["did:web:b"], True),
        ("eq", ["did:web:c"], False),
        ("neq", ["did:web:b"], False),
        ("neq", ["did:web:c"], True),
        ("isAnyOf", ["did:web:c", "did:web:b"], True),
        ("isAnyOf", ["did:web:c"], False),
        ("isNoneOf", ["did:web:c"], True),
        ("isNoneOf", ["did:web:c", "did:web:b"], False),
        ("isAllOf", ["did:web:b"], True),
        ("isAllOf", ["did:web:b", "did:web:c"], False),
        ("isA", ["did:web:b"], True),
        ("isA", ["ex:Municipality"], None),
    ],
)
def test_the_party_that_asks_is_compared(iri, operator, values, answer):
    leaf = OPERANDS[iri].leaf(Constraint(iri, ODRL + operator, tuple(map(Value, values))))
    assert leaf is not None
    assert leaf.test(replace(NOTHING_KNOWN, party="did:web:b")) is answer


@pytest.mark.parametrize("operator", ["lt", "gteq", "hasPart", "isPartOf"])
def test_participants_have_no_order_and_no_parts(operator):
    assert OPERANDS[RECIPIENT_IRI].leaf(Constraint(RECIPIENT_IRI, ODRL + operator, (Value("x"),))) is None


@pytest.mark.parametrize(
    ("stated", "operator", "values", "answer"),
    [
        ("mobility", "eq", ["mobility"], True),
        (["mobility", "research"], "eq", ["mobility"], False),
        (["mobility", "research"], "isAllOf", ["mobility", "research"], True),
        (["mobility"], "isAnyOf", ["research", "mobility"], True),
        (["marketing"], "isNoneOf", ["research"], True),
        ([], "isNoneOf", ["research"], None),
        (True, "eq", ["true"], True),
        (3, "eq", ["3"], True),
    ],
)
def test_a_purpose_that_is_stated_is_compared(stated, operator, values, answer):
    purpose = ODRL + "purpose"
    leaf = OPERANDS[purpose].leaf(Constraint(purpose, ODRL + operator, tuple(map(Value, values))))
    assert leaf is not None
    assert leaf.test(replace(NOTHING_KNOWN, facts={purpose: stated})) is answer


def test_the_kinds_are_the_ones_that_the_room_documents():
    kinds = {operands.vocabulary.short(iri): operand.kind for iri, operand in OPERANDS.items()}
    declared = {"odrl:purpose", "odrl:industry", "odrl:product", "odrl:media", "odrl:deliveryChannel", "terri:useCase"}
    assert {name for name, kind in kinds.items() if kind is OperandKind.DECLARATIVE} == declared
    assert {name for name, kind in kinds.items() if kind is OperandKind.TESTABLE} == {
        "odrl:dateTime",
        "odrl:recipient",
        "terri:participant",
    }


def test_the_library_imports_nothing_but_the_standard_library_and_no_clock():
    room = Path(policies.__file__).parent
    sources = {path.name: path.read_text("utf-8") for path in room.rglob("*.py")}
    for name, source in sources.items():
        imported = set(re.findall(r"^(?:from|import) (\w+)", source, re.MULTILINE))
        allowed = {"policies", "bisect", "collections", "dataclasses", "datetime", "enum", "functools", "hashlib"}
        assert imported <= allowed | {"json", "re", "typing"}, name
        assert not re.search(r"\.(now|today|utcnow)\(", source), name
