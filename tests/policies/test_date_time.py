"""The moment of a request against instants and days, with and without a zone."""

from datetime import UTC, datetime, timedelta, timezone
from time import process_time

import pytest

from policies.facts import Request
from policies.model import Constraint, Value
from policies.operands.date_time import DATE_TIME, DATE_TIME_IRI, span, written
from policies.vocabulary import ODRL, XSD

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)


def judge(operator: str, *values: str, at: datetime, datatype: str | None = None):
    leaf = DATE_TIME.leaf(Constraint(DATE_TIME_IRI, ODRL + operator, tuple(Value(each, datatype) for each in values)))
    assert leaf is not None
    return leaf.test(Request(at=at))


@pytest.mark.parametrize(
    ("operator", "before", "then", "after"),
    [
        ("lt", True, False, False),
        ("lteq", True, True, False),
        ("gt", False, False, True),
        ("gteq", False, True, True),
        ("eq", False, True, False),
        ("neq", True, False, True),
        ("isAnyOf", False, True, False),
        ("isNoneOf", True, False, True),
        ("isAllOf", False, True, False),
    ],
)
def test_an_instant_is_compared_to_the_microsecond(operator, before, then, after):
    answers = [judge(operator, "2026-06-01T12:00:00Z", at=at) for at in (NOON - TICK, NOON, NOON + TICK)]
    assert answers == [before, then, after]


@pytest.mark.parametrize(
    ("operator", "before", "first", "last", "after"),
    [
        ("lt", True, False, False, False),
        ("lteq", True, True, True, False),
        ("gt", False, False, False, True),
        ("gteq", False, True, True, True),
        ("eq", False, True, True, False),
        ("neq", True, False, False, True),
    ],
)
@pytest.mark.parametrize("zone", [0, 2])
def test_a_date_is_the_whole_day_in_its_zone(operator, before, first, last, after, zone):
    start = datetime(2026, 6, 1, tzinfo=timezone(timedelta(hours=zone)))
    end = start + timedelta(days=1) - TICK
    text = f"2026-06-01+{zone:02}:00"
    answers = [judge(operator, text, at=at, datatype=XSD + "date") for at in (start - TICK, start, end, end + TICK)]
    assert answers == [before, first, last, after]


@pytest.mark.parametrize(
    ("hours", "answer"), [(-15, True), (-14, None), (-13, None), (0, None), (13, None), (14, False), (15, False)]
)
def test_without_zone_the_answer_is_unknown_for_fourteen_hours_each_way(hours, answer):
    assert judge("lt", "2026-06-01T12:00:00", at=NOON + hours * HOUR) is answer


def test_several_dates_are_a_set():
    values = ("2026-06-01T12:00:00Z", "2026-06-02T12:00:00Z")
    assert judge("isAnyOf", *values, at=NOON + timedelta(days=1)) is True
    assert judge("isNoneOf", *values, at=NOON + HOUR) is True
    assert judge("isAllOf", *values, at=NOON) is False


def test_the_zone_of_the_request_does_not_matter():
    elsewhere = NOON.astimezone(timezone(timedelta(hours=-9)))
    assert judge("eq", "2026-06-01T12:00:00Z", at=elsewhere) is True


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-06-01T12:00:00Z", NOON),
        ("2026-06-01T12:00Z", NOON),  # the specification's own example has no seconds
        ("2026-06-01T14:00:00+02:00", NOON),
        ("2026-05-31T22:00:00-14:00", NOON),
        ("2026-05-31T24:00:00Z", datetime(2026, 6, 1, tzinfo=UTC)),
        ("2026-06-01T12:00:00.5Z", NOON + timedelta(milliseconds=500)),
        ("2026-06-01T12:00:00.123456789Z", NOON + timedelta(microseconds=123456)),
    ],
)
def test_an_instant_is_read_as_xml_schema_writes_it(text, instant):
    found = span(Value(text, XSD + "dateTime"))
    assert found is not None
    assert (found.start, found.end, found.loose) == (instant, instant, False)


@pytest.mark.parametrize(
    "value",
    [
        Value("soon"),
        Value(""),
        Value("2026-13-01T00:00:00Z"),
        Value("2026-02-30"),
        Value("2026-06-01T25:00:00Z"),
        Value("2026-06-01T24:00:01Z"),
        Value("2026-06-01T12:00:00+15:00"),
        Value("12026-06-01T12:00:00Z"),
        Value("0000-01-01"),
        Value("9999-12-31T24:00:00Z"),
        Value("0001-01-01T00:00:00+14:00"),
        Value("20260601"),
        Value("2026-W23-1"),
        Value("2026-06-01 12:00:00Z"),
        Value("٢٠٢٦-06-01"),
        Value("2026-06-01T12:00:00Z", is_iri=True),
        Value("2026-06-01T12:00:00Z", XSD + "date"),
        Value("2026-06-01", XSD + "dateTime"),
        Value("P1D", XSD + "duration"),
    ],
    ids=str,
)
def test_what_is_no_date_of_the_calendar_is_not_judged(value):
    assert span(value) is None
    assert DATE_TIME.leaf(Constraint(DATE_TIME_IRI, ODRL + "lt", (value,))) is None
    assert [finding.code for finding in DATE_TIME.findings(Constraint(DATE_TIME_IRI, ODRL + "lt", (value,)))] == [
        "not-an-instant"
    ]


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "9999-12-31", "0001-01-01"])
@pytest.mark.parametrize("operator", ["lt", "lteq", "gt", "gteq", "eq", "neq"])
def test_the_ends_of_the_calendar_are_judged(text, operator):
    judge(operator, text, at=NOON)


@pytest.mark.parametrize("operator", ["isA", "hasPart", "isPartOf", "term-lteq"])
def test_a_moment_has_no_kinds_and_no_parts(operator):
    given = Constraint(DATE_TIME_IRI, ODRL + operator, (Value("2026-06-01T12:00:00Z"),))
    assert DATE_TIME.leaf(given) is None
    assert [finding.code for finding in DATE_TIME.findings(given)] == ["operator-unsuited"]


def test_two_dates_have_no_order():
    values = (Value("2026-06-01T12:00:00Z"), Value("2026-06-02T12:00:00Z"))
    assert DATE_TIME.leaf(Constraint(DATE_TIME_IRI, ODRL + "lt", values)) is None


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("2026-06-01T14:00:00.000+02:00", "2026-06-01T12:00:00Z"),
        ("2026-06-01T12:00", "2026-06-01T12:00:00"),
        ("2026-06-01T12:00:00.1234567Z", "2026-06-01T12:00:00.1234567Z"),
        ("2026-06-01+00:00", "2026-06-01Z"),
        ("2026-06-01+02:00", "2026-06-01+02:00"),
        ("2026-06-01", "2026-06-01"),
    ],
)
def test_one_instant_has_one_spelling(text, normal):
    assert DATE_TIME.normal(Value(text)).text == normal


def test_an_instant_is_written_in_utc():
    assert written(NOON.astimezone(timezone(timedelta(hours=5)))) == "2026-06-01T12:00:00Z"


def test_thousands_of_dates_take_a_moment_and_not_a_minute():
    dates = tuple(Value(f"{2027 + n // 300}-{1 + n // 25 % 12:02}-{1 + n % 25:02}") for n in range(8_000))
    before = process_time()
    leaf = DATE_TIME.leaf(Constraint(DATE_TIME_IRI, ODRL + "isAnyOf", dates))
    assert leaf is not None
    assert leaf.test(Request(at=datetime(2027, 1, 1, 12, tzinfo=UTC))) is None
    assert process_time() - before < 10  # comparing each with each took a minute
