"""What a constraint lets in, as something that can be compared: an interval, a set of names, or all but some names.

Only what is certain is answered, of a fact that has one value. Two extents of different sorts (a day and a number,
months and hours, euros and dollars, a set of kinds and a set of names) do not compare.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import reduce

from policies import phrases
from policies.members import JSON_LITERAL
from policies.model import Constraint, Value
from policies.operands.date_time import TICK, span
from policies.vocabulary import ANNOTATIONS, ODRL, XSD, expand

Bound = tuple[Decimal, int]

_DURATION = re.compile(
    r"P(?!$)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?!$)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?",
    re.ASCII,
)
_SECONDS = (604_800, 86_400, 3_600, 60, 1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DURATIONS = frozenset(ODRL + name for name in ("elapsedTime", "delayPeriod", "meteredTime", "timeInterval"))
_NUMBERS = frozenset(XSD + name for name in ("integer", "decimal", "double", "float", "nonNegativeInteger"))


@dataclass(frozen=True, slots=True)
class Extent:
    """What is let in, of one sort: between two bounds, or some names, or (`complement`) all names but these."""

    sort: str
    low: Bound | None = None
    high: Bound | None = None
    names: frozenset[str] | None = None
    complement: bool = False

    def within(self, other: "Extent") -> bool:
        """True if all that this lets in, the other lets in too."""
        if self.names is None or other.names is None:
            return _above(self.low, other.low) and _below(self.high, other.high)
        if not self.complement:
            return self.names.isdisjoint(other.names) if other.complement else self.names <= other.names
        return other.complement and other.names <= self.names

    def meet(self, other: "Extent") -> "Extent":
        """Return what both let in."""
        if self.names is None or other.names is None:
            return Extent(self.sort, _highest(self.low, other.low), _lowest(self.high, other.high))
        if self.complement and other.complement:
            return Extent(self.sort, names=self.names | other.names, complement=True)
        if self.complement or other.complement:
            some, others = (other, self) if self.complement else (self, other)
            return Extent(self.sort, names=(some.names or frozenset()) - (others.names or frozenset()))
        return Extent(self.sort, names=self.names & other.names)


def extent(constraints: Iterable[Constraint]) -> Extent | None:
    """Return what constraints on one operand let in together; None when that is not certain."""
    found = [_of(each) for each in constraints]
    known = [each for each in found if each is not None]
    if not known or len(known) < len(found) or len({(each.sort, each.names is None) for each in known}) > 1:
        return None
    return reduce(Extent.meet, known)


def comparable(one: Extent, other: Extent) -> bool:
    """True if the two are of the same sort."""
    return one.sort == other.sort and (one.names is None) is (other.names is None)


def _of(constraint: Constraint) -> Extent | None:
    if constraint.reference or constraint.status or any(name not in ANNOTATIONS for name, _ in constraint.extras):
        return None
    operator = constraint.operator.removeprefix(ODRL)
    if operator in ("lt", "lteq", "gt", "gteq", "eq") and len(constraint.values) == 1:
        found = _interval(constraint, constraint.values[0], operator)
        if found or operator != "eq":
            return found
    return _names(constraint, operator)


def _interval(constraint: Constraint, value: Value, operator: str) -> Extent | None:
    found = _ordered(constraint.operand, value)
    if found is None:
        return None
    sort, start, end = found
    sort = f"{sort} {constraint.unit or ''}"
    match operator:
        case "lt":
            return Extent(sort, high=(start, -1))
        case "lteq":
            return Extent(sort, high=(end, 0))
        case "gt":
            return Extent(sort, low=(end, 1))
        case "gteq":
            return Extent(sort, low=(start, 0))
    return Extent(sort, low=(start, 0), high=(end, 0))


def _ordered(operand: str, value: Value) -> tuple[str, Decimal, Decimal] | None:
    """Return the sort of a value that has an order, with where it begins and ends."""
    if value.datatype in _NUMBERS or (operand in phrases.NUMERIC and value.datatype is None and not value.is_iri):
        number = _number(value.text)
        return None if number is None else ("number", number, number)
    if moment := span(value):
        sort = "local moment" if moment.loose else "moment"
        return sort, _microseconds(moment.start), _microseconds(moment.end)
    if operand in _DURATIONS and (found := _DURATION.fullmatch(value.text)):
        return _length(found)
    return None


def _microseconds(moment: datetime) -> Decimal:
    return Decimal((moment - _EPOCH) // TICK)


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _length(found: re.Match[str]) -> tuple[str, Decimal, Decimal] | None:
    """Return a duration in months or in seconds; one in both has no certain length."""
    numbers = [Decimal(number or 0) for number in found.groups()]
    months = numbers[0] * 12 + numbers[1]
    seconds = sum((number * unit for number, unit in zip(numbers[2:], _SECONDS, strict=True)), Decimal(0))
    if months and seconds:
        return None
    return ("months", months, months) if months else ("seconds", seconds, seconds)


def _names(constraint: Constraint, operator: str) -> Extent | None:
    if any(value.datatype == JSON_LITERAL or value.language for value in constraint.values) or constraint.unit:
        return None
    names = frozenset(expand(value.text) for value in constraint.values)
    match operator:
        case "eq" | "isAnyOf" if operator == "isAnyOf" or len(names) == 1:
            return Extent("names", names=names)
        case "neq" | "isNoneOf" if operator == "isNoneOf" or len(names) == 1:
            return Extent("names", names=names, complement=True)
        case "isA":
            return Extent("kinds", names=names)
    return None


def _above(low: Bound | None, floor: Bound | None) -> bool:
    return floor is None or (low is not None and low >= floor)


def _below(high: Bound | None, ceiling: Bound | None) -> bool:
    return ceiling is None or (high is not None and high <= ceiling)


def _highest(one: Bound | None, other: Bound | None) -> Bound | None:
    return max((each for each in (one, other) if each is not None), default=None)


def _lowest(one: Bound | None, other: Bound | None) -> Bound | None:
    return min((each for each in (one, other) if each is not None), default=None)
