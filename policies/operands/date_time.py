"""The moment of the request, compared with instants and days.

An xsd:date is the whole day in its time zone. A value without a zone could stand up to 14 hours on either side of UTC
(XML Schema 1.1 part 2 §3.2.7.4): before and after that stretch the answer is known, within it is not. Every comparison
is thus a staircase over time, and the steps are the instants at which a decision can change.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone

from policies.facts import Request
from policies.model import Constraint, Value
from policies.operands import names
from policies.operands.spec import Finding, Leaf, Operand, OperandKind, of_fact, shown
from policies.truth import Test, Truth, conjunction, disjunction, negation
from policies.vocabulary import ODRL, XSD, Labels

DATE_TIME_IRI = ODRL + "dateTime"
TICK = timedelta(microseconds=1)
UNCERTAINTY = timedelta(hours=14)
_ONE_DAY, _DATE_TIME, _STAMP = XSD + "date", XSD + "dateTime", XSD + "dateTimeStamp"

_DAY = r"(?P<day>\d{4}-\d\d-\d\d)"
_ZONE = r"(?P<zone>Z|[+-](?:0\d|1[0-4]):[0-5]\d)?"
_DATE = re.compile(_DAY + _ZONE, re.ASCII)
_USUAL = re.compile(r"\d{4}-\d\d-\d\dT(?!24)\d\d:\d\d:\d\dZ", re.ASCII)
# seconds may be missing: the specification's own example has none
_INSTANT = re.compile(_DAY + r"T(?P<time>\d\d:\d\d(?::\d\d)?)(?:\.(?P<fraction>\d+))?" + _ZONE, re.ASCII)


@dataclass(slots=True)
class Span:
    """A stretch of time, both ends in it; `loose` when its zone is not given and UTC stands for it."""

    start: datetime
    end: datetime
    loose: bool


@dataclass(slots=True)
class Stairs:
    """An answer that changes with time: `levels[n]` holds from `steps[n - 1]` on, until just before `steps[n]`."""

    steps: tuple[datetime, ...]
    levels: tuple[Truth, ...]

    def at(self, instant: datetime) -> Truth:
        return self.levels[bisect_right(self.steps, instant)]

    def between(self, start: datetime, end: datetime) -> set[Truth]:
        """Return the answers that hold at some instant from start to end, both in it."""
        return set(self.levels[bisect_right(self.steps, start) : bisect_right(self.steps, end) + 1])


def span(value: Value) -> Span | None:
    """Return the instant or the day that a value names, or None if it names neither."""
    form = value.datatype
    if value.is_iri or value.language:
        return None
    try:
        if form == _DATE_TIME and _USUAL.fullmatch(value.text):
            instant = datetime.fromisoformat(value.text)
            return Span(instant, instant, False)
        if form in (None, _ONE_DAY) and (found := _DATE.fullmatch(value.text)):
            return _day(found)
        if form in (None, _DATE_TIME, _STAMP) and (found := _INSTANT.fullmatch(value.text)):
            return _instant(found)
    except (ValueError, OverflowError):
        return None
    return None


def _day(found: re.Match[str]) -> Span:
    start = datetime.fromisoformat(found["day"]).replace(tzinfo=_zone(found["zone"])).astimezone(UTC)
    return Span(start, start + (timedelta(days=1) - TICK), loose=found["zone"] is None)


def _instant(found: re.Match[str]) -> Span:
    time, days = found["time"], 0
    fraction = found["fraction"] or ""
    if re.fullmatch(r"24:00(:00)?", time) and not fraction.strip("0"):
        time, days = "00:00", 1
    naive = datetime.fromisoformat(f"{found['day']}T{time}") + timedelta(days=days)
    exact = naive + timedelta(microseconds=int(fraction[:6].ljust(6, "0")))  # what is finer is cut off
    instant = exact.replace(tzinfo=_zone(found["zone"])).astimezone(UTC)
    return Span(instant, instant, loose=found["zone"] is None)


def _zone(text: str | None) -> timezone:
    if text is None or text == "Z":
        return UTC
    hours, minutes = text[1:].split(":")
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-offset if text[0] == "-" else offset)


def _before(instant: datetime, loose: bool, holds: bool = True) -> Stairs:
    """Answer whether the request comes before an instant, or (`holds` is False) whether it does not."""
    if not loose:
        return Stairs((instant,), (holds, not holds))
    return Stairs((_moved(instant, -UNCERTAINTY), _moved(instant, UNCERTAINTY)), (holds, None, not holds))


def _moved(instant: datetime, by: timedelta) -> datetime:
    try:
        return instant + by
    except OverflowError:
        return (datetime.max if by > timedelta() else datetime.min).replace(tzinfo=UTC)


def _combined(combine: Callable[[Iterable[Truth]], Truth], parts: Iterable[Stairs]) -> Stairs:
    """Combine answers over time, two by two, so that thousands of dates take no more than a moment."""
    left = list(parts)
    while len(left) > 1:
        odd = left[-1:] if len(left) % 2 else []
        left = [_paired(combine, *pair) for pair in zip(left[::2], left[1::2], strict=False)] + odd
    return left[0]


def _paired(combine: Callable[[Iterable[Truth]], Truth], one: Stairs, other: Stairs) -> Stairs:
    levels = [combine((one.levels[0], other.levels[0]))]
    kept: list[datetime] = []
    for step in sorted({*one.steps, *other.steps}):
        level = combine((one.at(step), other.at(step)))
        if level is not levels[-1]:
            kept.append(step)
            levels.append(level)
    return Stairs(tuple(kept), tuple(levels))


def _inverse(stairs: Stairs) -> Stairs:
    return Stairs(stairs.steps, tuple(negation(level) for level in stairs.levels))


def _within(stretch: Span) -> Stairs:
    not_before = _before(stretch.start, stretch.loose, holds=False)
    return _combined(conjunction, (not_before, _before(_moved(stretch.end, TICK), stretch.loose)))


def stairs(constraint: Constraint, firm: bool = False) -> Stairs | None:
    """Return the answer over time, or None when values or operator do not suit a moment.

    `firm`: values without a zone are taken to be in the zone of what they are compared with.
    """
    spans = [found for value in constraint.values if (found := span(value))]
    if len(spans) < len(constraint.values):
        return None
    return _over_time(constraint.operator, spans, firm)


def _over_time(operator: str, spans: list[Span], firm: bool = False) -> Stairs | None:
    if firm:
        spans = [replace(each, loose=False) for each in spans]
    name = operator.removeprefix(ODRL)
    if len(spans) == 1 and name in _OF_ONE:
        return _of_one(name, spans[0])
    match name:
        case "isAnyOf":
            return _combined(disjunction, map(_within, spans))
        case "isNoneOf":
            return _inverse(_combined(disjunction, map(_within, spans)))
        case "isAllOf":
            return _combined(conjunction, map(_within, spans))
    return None


_SIDES = {"lt": True, "lteq": True, "gteq": False, "gt": False}
"""Whether the answer holds before its one step, which is where the moment begins or, for two, just after its end."""
_AFTER_THE_END = frozenset({"lteq", "gt"})
_OF_ONE = frozenset({"eq", "neq", *_SIDES})


def _of_one(operator: str, found: Span) -> Stairs:
    if operator in _SIDES:
        return _before(_step(operator, found), found.loose, _SIDES[operator])
    return _within(found) if operator == "eq" else _inverse(_within(found))


def _step(operator: str, found: Span) -> datetime:
    return _moved(found.end, TICK) if operator in _AFTER_THE_END else found.start


def _leaf(constraint: Constraint) -> Leaf | None:
    name = constraint.operator.removeprefix(ODRL)
    if name in _SIDES and len(constraint.values) == 1:  # as most
        found = span(constraint.values[0])
        if found is not None and not found.loose:
            step, holds = _step(name, found), _SIDES[name]
            return Leaf(_one_step(step, holds, not holds), (step,))
    over_time = stairs(constraint)
    if over_time is None:
        return None
    steps, levels = over_time.steps, over_time.levels
    return Leaf(_one_step(steps[0], *levels) if len(steps) == 1 else _of_steps(steps, levels), steps)


def _of_steps(steps: tuple[datetime, ...], levels: tuple[Truth, ...]) -> Test:
    def test(request: Request) -> Truth:
        return levels[bisect_right(steps, request.at)]

    return test


def _one_step(step: datetime, before: Truth, after: Truth) -> Test:
    """Return the test of an answer that changes once, as most do."""

    def test(request: Request) -> Truth:
        return before if request.at < step else after

    return test


def _dated(constraint: Constraint) -> Leaf | None:
    """Compare a moment that the request states, which is not the moment of the request."""
    over_time, firm = stairs(constraint), stairs(constraint, firm=True)
    if over_time is None or firm is None:
        return None
    zoneless = all((found := span(value)) and found.loose for value in constraint.values)

    def judge(fact: object, request: Request) -> Truth:
        found = _stretch(fact)
        if found is None:
            return None
        among_equals = found.loose and zoneless
        room = UNCERTAINTY if found.loose and not among_equals else timedelta()
        answers = (firm if among_equals else over_time).between(_moved(found.start, -room), _moved(found.end, room))
        return answers.pop() if len(answers) == 1 else None

    return of_fact(constraint.operand, judge)


def _stretch(fact: object) -> Span | None:
    if isinstance(fact, datetime):
        loose = fact.tzinfo is None
        return Span(instant, instant, loose) if (instant := _in_utc(fact)) else None
    return span(Value(fact)) if isinstance(fact, str) else None


def _in_utc(moment: datetime) -> datetime | None:
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:
        return None


def written(instant: datetime) -> str:
    """Return an instant as `YYYY-MM-DDTHH:MM:SSZ`, with a fraction only where there is one."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _actual(request: Request) -> str | None:
    return written(request.at)


def _normal(value: Value) -> Value:
    """Give one spelling to an instant. A day keeps its own, for it is another stretch of time in another zone."""
    found = span(value)
    if found is None:
        return value
    if found.start < found.end:
        text = value.text[:10] + re.sub(r"^[+-]00:00$", "Z", value.text[10:])
        return Value(text, XSD + "date")
    if re.search(r"\.\d{6}0*[1-9]", value.text):
        return Value(value.text, XSD + "dateTime")
    text = written(found.start)
    return Value(text.removesuffix("Z") if found.loose else text, XSD + "dateTime")


def _findings(constraint: Constraint) -> Iterator[Finding]:
    spans = []
    for value in constraint.values:
        spans.append(found := span(value))
        if found is None:
            yield _not_an_instant(value)
        elif found.loose:
            yield _without_zone(value)
    if all(spans) and not _suits(constraint.operator.removeprefix(ODRL), len(spans)):
        yield names.undecidable(constraint)


def _suits(operator: str, many: int) -> bool:
    """True if `_over_time` has an answer for an operator and so many moments."""
    return operator in ("isAnyOf", "isNoneOf", "isAllOf") or (many == 1 and operator in _OF_ONE)


def _not_an_instant(value: Value) -> Finding:
    text = {"fr": f"« {value.text} » n’est pas une date.", "en": f"“{value.text}” is not a date."}
    return Finding("not-an-instant", "error", text)


def _without_zone(value: Value) -> Finding:
    text = {
        "fr": f"« {value.text} » n’a pas de fuseau horaire : le refus vaut tant que l’heure exacte est incertaine.",
        "en": f"“{value.text}” has no time zone: while the exact hour is uncertain, the answer is no.",
    }
    return Finding("missing-zone", "warning", text)


PHRASES: dict[str, Labels] = {
    ODRL + "lt": ("avant", "before"),
    ODRL + "lteq": ("au plus tard", "no later than"),
    ODRL + "gt": ("après", "after"),
    ODRL + "gteq": ("à partir de", "from"),
    ODRL + "eq": ("le", "on"),
    ODRL + "neq": ("un autre moment que", "at another time than"),
}

DATE_TIME = Operand(
    iri=DATE_TIME_IRI,
    kind=OperandKind.TESTABLE,
    labels=("date et heure", "date and time"),
    leaf=_leaf,
    actual=_actual,
    normal=_normal,
    findings=_findings,
    phrases=PHRASES,
)


def dated(iri: str, labels: Labels) -> Operand:
    """Return an operand whose fact is an instant or a day: when something was published, say."""
    return Operand(
        iri=iri,
        kind=OperandKind.TESTABLE,
        labels=labels,
        leaf=_dated,
        actual=shown(iri),
        normal=_normal,
        findings=_findings,
        phrases=PHRASES,
    )
