"""Judges operands whose values are durations: the time that has passed, a delay, the time of use.

The fact is a duration (`timedelta`, or an xsd:duration), or the instant at which the time began to run; then the answer
changes by itself and the decision says when. Months have no length of their own: a value in months or years is compared
only from such an instant, in the calendar (31 January and one month is the last day of February). A duration and an
instant are never compared: a constraint that gives a date here is an error.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from policies.facts import Request
from policies.model import Constraint, Value
from policies.operands import names
from policies.operands.spec import Finding, Leaf, Operand, OperandKind, of_fact
from policies.truth import Truth
from policies.vocabulary import LABELS, ODRL, XSD, Labels

TICK = timedelta(microseconds=1)
_DURATION = re.compile(
    r"(?P<sign>-)?P(?=[\dT])(?:(?P<years>\d{1,6})Y)?(?:(?P<months>\d{1,6})M)?(?:(?P<days>\d{1,9})D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d{1,9})H)?(?:(?P<minutes>\d{1,9})M)?(?:(?P<seconds>\d{1,9}(?:\.\d{1,9})?)S)?)?",
    re.ASCII,
)
_TYPES = frozenset({None, *(XSD + name for name in ("duration", "dayTimeDuration", "yearMonthDuration"))})


@dataclass(frozen=True, slots=True)
class Duration:
    """Months of the calendar, and a time of fixed length."""

    months: int
    exact: timedelta

    def after(self, start: datetime) -> datetime | None:
        """Return the instant that long after another, or None beyond the calendar."""
        try:
            year, month = divmod(start.year * 12 + start.month - 1 + self.months, 12)
            first = start.replace(year=year, month=month + 1, day=1)
            days = 31 if month == 11 else (first.replace(month=month + 2) - first).days
            return first.replace(day=min(start.day, days)) + self.exact
        except (ValueError, OverflowError):
            return None


def duration(value: Value) -> Duration | None:
    """Return the duration that a value gives, or None if it gives none."""
    return None if value.is_iri or value.language or value.datatype not in _TYPES else _read(value.text)


def _read(text: str) -> Duration | None:
    found = _DURATION.fullmatch(text)
    if found is None:
        return None
    sign = -1 if found["sign"] else 1
    part = {name: float(each or 0) for name, each in found.groupdict().items() if name != "sign"}
    months = int(part["years"]) * 12 + int(part["months"])
    try:
        exact = timedelta(**{name: part[name] for name in ("days", "hours", "minutes", "seconds")})
    except OverflowError:
        return None
    return Duration(sign * months, sign * exact)


Compare = Callable[[timedelta | datetime, timedelta | datetime], bool]

_COMPARE: dict[str, Callable[..., bool]] = {
    "eq": lambda found, wanted: found == wanted,
    "neq": lambda found, wanted: found != wanted,
    "lt": lambda found, wanted: found < wanted,
    "lteq": lambda found, wanted: found <= wanted,
    "gt": lambda found, wanted: found > wanted,
    "gteq": lambda found, wanted: found >= wanted,
}


def _leaf(constraint: Constraint) -> Leaf | None:
    wanted = duration(constraint.values[0]) if len(constraint.values) == 1 else None
    compare = _COMPARE.get(constraint.operator.removeprefix(ODRL))
    if wanted is None or compare is None:
        return None
    iri = constraint.operand

    def judge(fact: object, request: Request) -> Truth:
        if isinstance(fact, datetime):
            due = _due(fact, wanted)
            return None if due is None else compare(request.at, due)
        length = _length(fact)
        return None if length is None or wanted.months else compare(length, wanted.exact)

    def changes(request: Request) -> tuple[datetime, ...]:
        fact = request.facts.get(iri)
        due = _due(fact, wanted) if isinstance(fact, datetime) else None
        return (due, due + TICK) if due and due < _LAST else ()

    leaf = of_fact(iri, judge)
    return Leaf(leaf.test, changes=changes, judge=judge)


_LAST = datetime.max.replace(tzinfo=UTC)


def _due(since: datetime, wanted: Duration) -> datetime | None:
    try:
        return wanted.after(since.astimezone(UTC)) if since.tzinfo else None
    except OverflowError:
        return None


def _length(fact: object) -> timedelta | None:
    if isinstance(fact, timedelta):
        return fact
    found = _read(fact) if isinstance(fact, str) else None
    return None if found is None or found.months else found.exact


def written(length: timedelta) -> str:
    """Return a time of fixed length as an xsd:duration: `P90D`, `PT1H30M`."""
    sign, length = ("-", -length) if length < timedelta() else ("", length)
    hours, rest = divmod(length.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    fraction = f".{length.microseconds:06}".rstrip("0") if length.microseconds else ""
    parts = [(hours, "H"), (minutes, "M"), (f"{seconds}{fraction}" if seconds or fraction else 0, "S")]
    time = "".join(f"{number}{letter}" for number, letter in parts if number)
    days = f"{length.days}D" if length.days else ""
    return f"{sign}P{days}T{time}" if time else f"{sign}P{days}" if days else "PT0S"


def _normal(value: Value) -> Value:
    found = duration(value)
    if found is None:
        return value
    if not found.months:
        return Value(written(found.exact), XSD + "duration")
    sign = "-" if found.months < 0 else ""
    rest = written(abs(found.exact)).removeprefix("P") if found.exact else ""
    return Value(f"{sign}P{abs(found.months)}M{rest}", XSD + "duration")


def _findings(constraint: Constraint) -> Iterator[Finding]:
    wrong = [value for value in constraint.values if duration(value) is None]
    for value in wrong:
        text = {
            "fr": f"« {value.text} » n’est pas une durée (exemple : P90D pour 90 jours).",
            "en": f"“{value.text}” is not a duration (for example P90D for 90 days).",
        }
        yield Finding("not-a-duration", "error", text)
    if not wrong and _leaf(constraint) is None:
        yield names.undecidable(constraint)


def _actual(iri: str) -> Callable[[Request], str | None]:
    def actual(request: Request) -> str | None:
        fact = request.facts.get(iri)
        if isinstance(fact, datetime):
            return written(request.at - fact) if fact.tzinfo else None
        return written(fact) if isinstance(fact, timedelta) else fact if isinstance(fact, str) else None

    return actual


PHRASES: dict[str, Labels] = {
    ODRL + "lt": ("moins de", "less than"),
    ODRL + "lteq": ("au plus", "at most"),
    ODRL + "gt": ("plus de", "more than"),
    ODRL + "gteq": ("au moins", "at least"),
    ODRL + "eq": ("exactement", "exactly"),
}


def lasting(iri: str, labels: Labels) -> Operand:
    """Return an operand whose fact is a duration, or the instant at which it began."""
    return Operand(
        iri=iri,
        kind=OperandKind.TESTABLE,
        labels=labels,
        leaf=_leaf,
        actual=_actual(iri),
        normal=_normal,
        findings=_findings,
        phrases=PHRASES,
    )


DURATIONS = tuple(
    lasting(ODRL + name, LABELS[ODRL + name]) for name in ("elapsedTime", "delayPeriod", "meteredTime", "timeInterval")
)
