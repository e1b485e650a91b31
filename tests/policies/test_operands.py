"""What every left operand must do, whoever wrote it."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

import policies
from policies import operands
from policies.facts import Period, Quantity, Request
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
def test_what_cannot_be_judged_is_an_error_and_what_can_is_none(operand, operator):
    for values in [[value] for value in VALUES] + [VALUES[:2], VALUES[2:4]]:
        given = constraint(operand, operator, *values)
        findings = list(operand.findings(given))
        judged = operand.leaf(given) is not None
        assert judged is not any(finding.severity == "error" for finding in findings), values
        assert all(finding.text["fr"] and finding.text["en"] for finding in findings), values


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
        assert leaf.changes is None or leaf.changes(NOTHING_KNOWN) == ()
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


@pytest.mark.parametrize("operator", ["lt", "lteq", "gt", "gteq"])
def test_participants_have_no_order(operator):
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


def holds(iri: str, operator: str, right, fact, *, unit: str | None = None, **members):
    """Return how a fact compares, through a policy that is read and compiled."""
    name = iri if ":" in iri else f"odrl:{iri}"
    constraint = {"leftOperand": name, "operator": operator, "rightOperand": right} | ({"unit": unit} if unit else {})
    given = {"@id": "urn:p", "@type": "Agreement", "permission": [{"action": "use", "constraint": [constraint]}]}
    request = replace(NOTHING_KNOWN, facts={} if fact is None else {policies.vocabulary.expand(name): fact}, **members)
    (rule,) = policies.compile(policies.load(given)).decide(request).report().rules
    return {"active": True, "inactive": False, "unknown": None}[rule.activation.value]


EURO, DOLLAR = "http://dbpedia.org/resource/Euro", "urn:dollar"


@pytest.mark.parametrize(
    ("operator", "right", "fact", "answer"),
    [
        ("lteq", "5", 5, True),
        ("lteq", {"@value": "5", "@type": "xsd:integer"}, 6, False),
        ("lt", 5, 5, False),
        ("gt", "4.5", 5, True),
        ("gteq", "5", "5.0", True),
        ("eq", "0.1", 0.1, True),
        ("eq", "5", Decimal("5.00"), True),
        ("neq", "5", 5, False),
        ("isAnyOf", ["1", "2"], 2, True),
        ("isNoneOf", ["1", "2"], 2, False),
        ("isAllOf", ["2", "2.0"], 2, True),
        ("lteq", "1e3", 1000, True),
        ("lteq", "5", float("nan"), None),
        ("lteq", "5", float("inf"), None),
        ("gt", "5", Decimal("NaN"), None),
        ("lteq", "5", True, None),
        ("lteq", "5", "many", None),
        ("lteq", "5", [1, 2], None),
        ("lteq", "5", Quantity(3, EURO), None),
    ],
)
def test_numbers_compare_exactly_or_not_at_all(operator, right, fact, answer):
    assert holds("percentage", operator, right, fact) is answer


@pytest.mark.parametrize(
    ("fact", "answer"),
    [
        (Quantity(5, EURO), True),
        (Quantity("5.00", EURO), True),
        (Quantity(6, EURO), False),
        (Quantity(5, DOLLAR), None),
        (5, None),
        (Quantity(float("nan"), EURO), None),
        (Quantity(Quantity(5, EURO), EURO), None),
    ],
)
def test_a_unit_is_part_of_the_number(fact, answer):
    assert holds("payAmount", "lteq", "5", fact, unit=EURO) is answer


def test_a_count_has_no_unit():
    assert holds("count", "lteq", "5", 1, unit=EURO) is None
    assert holds("count", "lteq", "5", 1) is True


@pytest.mark.parametrize(
    ("operator", "right", "fact", "answer"),
    [
        ("lteq", "P90D", timedelta(days=90), True),
        ("lteq", "P90D", timedelta(days=91), False),
        ("lt", "PT1H", "PT59M", True),
        ("eq", "P1D", "PT24H", True),
        ("gt", "-P1D", timedelta(), True),
        ("lteq", "P3M", timedelta(days=1), None),
        ("lteq", "P3M", AT - timedelta(days=89), True),
        ("lteq", "P3M", AT - timedelta(days=93), False),
        ("lteq", "P1M", datetime(2026, 5, 1, 12, tzinfo=UTC), True),
        ("lteq", "P1M", datetime(2026, 5, 1, 11, tzinfo=UTC), False),
        ("lteq", "P9999Y", AT, None),
        ("lteq", "P90D", datetime(2026, 5, 1), None),
        ("lteq", "P90D", 90, None),
        ("lteq", "P90D", "2026-01-01", None),
        ("lteq", "2026-01-01", timedelta(days=1), None),
        ("lteq", "P", timedelta(days=1), None),
        ("lteq", "PT", timedelta(days=1), None),
    ],
)
@pytest.mark.parametrize("operand", ["elapsedTime", "delayPeriod", "meteredTime", "timeInterval"])
def test_durations_compare_with_durations_or_from_where_they_began(operand, operator, right, fact, answer):
    assert holds(operand, operator, right, fact) is answer


def test_a_month_ends_with_the_month():
    since = datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert holds("elapsedTime", "lteq", "P1M", since, at=datetime(2026, 2, 28, 12, tzinfo=UTC)) is True
    assert holds("elapsedTime", "lteq", "P1M", since, at=datetime(2026, 2, 28, 13, tzinfo=UTC)) is False


def test_what_began_changes_the_answer_when_its_time_is_over():
    constraint = {"leftOperand": "odrl:elapsedTime", "operator": "lteq", "rightOperand": "P1M"}
    given = {"@id": "urn:p", "@type": "Agreement", "permission": [{"action": "use", "constraint": [constraint]}]}
    asked = replace(NOTHING_KNOWN, facts={ODRL + "elapsedTime": AT})
    decision = policies.compile(policies.load(given)).decide(asked)
    assert decision.valid_until == datetime(2026, 7, 1, 12, 0, 0, 1, tzinfo=UTC)


PAST = Period(AT - timedelta(days=2), AT - timedelta(days=1))
NOW_ON = Period(AT - timedelta(days=1))
AHEAD = Period(AT + timedelta(days=1), AT + timedelta(days=2))


@pytest.mark.parametrize(
    ("operator", "answers"),
    [
        ("lt", (False, False, True, True)),
        ("lteq", (False, True, True, True)),
        ("eq", (False, True, False, False)),
        ("neq", (True, False, True, True)),
        ("gteq", (True, True, False, False)),
        ("gt", (True, False, False, False)),
        ("isAnyOf", (False, True, False, False)),
        ("isNoneOf", (True, False, True, True)),
        ("isAllOf", (False, True, False, False)),
    ],
)
def test_before_during_and_after_an_event(operator, answers):
    for period, answer in zip((PAST, NOW_ON, AHEAD, Period()), answers, strict=True):
        assert holds("event", operator, {"@id": "urn:games"}, None, events={"urn:games": period}) is answer
    assert holds("event", operator, {"@id": "urn:games"}, None, events={"urn:other": PAST}) is None


def test_the_instants_of_an_event_have_a_zone():
    with pytest.raises(ValueError, match="time zone"):
        Period(datetime(2026, 1, 1))


@pytest.mark.parametrize(
    ("operand", "operator", "right", "fact", "answer"),
    [
        ("language", "eq", "FR", "fr", True),
        ("language", "isPartOf", "fr", "fr-CA", True),
        ("language", "isPartOf", "fr-CA", "fr", False),
        ("language", "hasPart", "fr-CA", "fr", True),
        ("language", "isAnyOf", ["fr", "en"], ["en", "de"], True),
        ("version", "gteq", "1.10", "1.9", False),
        ("version", "lt", "1.10", "1.9.3", True),
        ("version", "gteq", "1.0", "v1", True),
        ("version", "lt", "2", "beta", None),
        ("version", "eq", "beta", "beta", True),
        ("fileFormat", "isAnyOf", ["text/csv"], "text/csv", True),
        ("virtualLocation", "isNoneOf", ["urn:a"], "urn:b", True),
        ("systemDevice", "eq", "urn:laptop", "urn:laptop", True),
        ("unitOfCount", "eq", "urn:user", "urn:device", False),
        ("spatial", "eq", "FR", "FR", True),
        ("spatial", "isPartOf", "EU", "FR", None),
        ("terri:participantCategory", "isAnyOf", ["urn:commune"], "urn:commune", True),
        ("terri:charterSigned", "isAllOf", ["urn:a", "urn:b"], ["urn:a"], False),
        ("terri:charterSigned", "eq", {"@value": "true", "@type": "xsd:boolean"}, True, True),
        ("terri:accordDPO", "eq", "true", True, True),
        ("terri:accordDPO", "eq", {"@value": True}, False, False),
        ("terri:minCellCount", "gteq", "11", 11, True),
        ("terri:minCellCount", "gteq", "11", 3, False),
        ("purpose", "isA", "urn:x", object(), None),
        ("purpose", "isNoneOf", "urn:x", [None], None),
        ("purpose", "eq", "urn:x", [["urn:x"]], None),
    ],
)
def test_what_is_stated_is_compared(operand, operator, right, fact, answer):
    assert holds(operand, operator, right, fact) is answer


@pytest.mark.parametrize("older", ["device", "system"])
def test_older_words_for_a_device_read_its_fact(older):
    constraint = Constraint(ODRL + older, ODRL + "eq", (Value("urn:laptop"),))
    leaf = OPERANDS[ODRL + older].leaf(constraint)
    assert leaf.test(replace(NOTHING_KNOWN, facts={ODRL + "systemDevice": "urn:laptop"})) is True


def test_a_moment_that_is_stated_is_compared_as_moments_are():
    published = operands.dated("urn:published", ("publication", "publication"))

    def compare(operator: str, right: str, fact):
        leaf = published.leaf(Constraint("urn:published", ODRL + operator, (Value(right),)))
        return leaf.test(replace(NOTHING_KNOWN, facts={"urn:published": fact}))

    assert compare("eq", "2026-03-11", "2026-03-11T00:00:00") is True  # neither has a zone: the same one
    assert compare("eq", "2026-03-11", "2026-03-11") is True
    assert compare("eq", "2026-03-11", "2026-03-11T00:00:00Z") is None
    assert compare("lt", "2026-03-11T11:33:10", "2026-03-11T11:33:10") is False
    assert compare("gteq", "2026-03-11Z", datetime(2026, 3, 11, tzinfo=UTC)) is True
    assert compare("eq", "2026-03-11", 5) is None
    assert compare("eq", "2026-03-11", "soon") is None


UNSUPPORTED = {
    *(f"{kind}{what}Position" for kind in ("absolute", "relative") for what in ("", "Spatial", "Temporal")),
    "spatialCoordinates",
}


@pytest.mark.parametrize("word", sorted(policies.vocabulary.OPERAND_WORDS))
def test_each_of_odrls_left_operands_is_judged_or_reported(word):
    constraint = {"leftOperand": f"odrl:{word}", "operator": "eq", "rightOperand": "x"}
    given = {"@id": "urn:p", "@type": "Set", "permission": [{"action": "use", "constraint": [constraint]}]}
    codes = {issue.code for issue in policies.validate(policies.load(given), "odrl")}
    assert ("unknown-operand" in codes) is (word in UNSUPPORTED)
    assert (ODRL + word in OPERANDS) is (word not in UNSUPPORTED)


def test_odrl_has_34_left_operands():
    assert len(policies.vocabulary.OPERAND_WORDS) == 34
    assert len(UNSUPPORTED) == 7


def test_the_kinds_are_the_ones_that_the_room_documents():
    declared = {"odrl:purpose", "odrl:industry", "odrl:product", "odrl:media", "odrl:deliveryChannel"}
    declared |= {"terri:useCase", "terri:onBehalfOf", "terri:legalBasis"}
    by_kind = {kind: set() for kind in OperandKind}
    for iri, operand in OPERANDS.items():
        by_kind[operand.kind].add(operands.vocabulary.short(iri))
    assert by_kind[OperandKind.DECLARATIVE] == declared
    assert by_kind[OperandKind.STATEFUL] == {"odrl:count"}
    table = operands.__doc__
    for name in by_kind[OperandKind.TESTABLE]:
        assert name.partition(":")[2] in table, name


def test_the_library_imports_nothing_but_the_standard_library_and_no_clock():
    room = Path(policies.__file__).parent
    sources = {path.name: path.read_text("utf-8") for path in room.rglob("*.py")}
    for name, source in sources.items():
        imported = set(re.findall(r"^(?:from|import) (\w+)", source, re.MULTILINE))
        allowed = {"policies", "bisect", "calendar", "collections", "dataclasses", "datetime", "decimal", "enum"}
        allowed |= {"functools", "hashlib", "itertools", "json", "math", "operator", "re", "threading", "typing"}
        allowed |= {"unicodedata"}
        assert imported <= allowed, name
        assert not re.search(r"\.(now|today|utcnow)\(", source), name
