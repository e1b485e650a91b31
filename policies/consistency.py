"""Whether constraints can hold together: intervals for moments, numbers and durations, sets for names.

The answer is sure when it is no: `cannot_hold` is True only if no fact whatever satisfies all the constraints. What is
not understood, compared across operands or given in different units is left alone.

A request may state several names for one operand (two purposes), but it comes from one participant: only for
participants do two lists without a common name exclude each other.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import product
from math import prod

from policies.model import Condition, Constraint, Logic, Value
from policies.operands import is_declarative
from policies.operands.date_time import DATE_TIME_IRI, stairs
from policies.operands.participant import PARTICIPANT_IRI, RECIPIENT_IRI
from policies.vocabulary import ODRL, XSD

MAX_ALTERNATIVES = 64
_MAX_COMPARED = 64
_SINGLE = frozenset({PARTICIPANT_IRI, RECIPIENT_IRI})
_COUNTED = frozenset(ODRL + name for name in ("count", "payAmount", "percentage", "absoluteSize", "relativeSize"))
_NUMBERS = frozenset(
    XSD + name for name in ("integer", "decimal", "double", "float", "nonNegativeInteger", "long", "int")
)
_DURATION = re.compile(
    r"P(?:(\d{1,9})Y)?(?:(\d{1,9})M)?(?:(\d{1,9})W)?(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Alternative:
    """Constraints that would all have to hold; `pointer` is the branch of an *or* that they come from, if any."""

    constraints: tuple[Constraint, ...]
    pointer: str = ""


def alternatives(conditions: Sequence[Condition]) -> list[Alternative] | None:
    """Return the ways in which the conditions may hold, or None when there are more than 64."""
    parts = [_ways(each) for each in conditions]
    if any(each is None for each in parts):
        return None
    known = [each for each in parts if each is not None]
    if prod(map(len, known)) > MAX_ALTERNATIVES:
        return None
    return [
        Alternative(
            tuple(constraint for each in chosen for constraint in each.constraints),
            next((each.pointer for each in chosen if each.pointer), ""),
        )
        for chosen in product(*known)
    ]


def _ways(condition: Condition) -> list[Alternative] | None:
    if isinstance(condition, Constraint):
        return [Alternative((condition,))]
    if condition.logic in (Logic.AND, Logic.ANDSEQUENCE):
        return alternatives(condition.operands)
    ways: list[Alternative] = []
    for operand in condition.operands:
        inner = alternatives([operand])
        if inner is None or len(ways) + len(inner) > MAX_ALTERNATIVES:
            return None
        ways += [Alternative(each.constraints, operand.pointer) for each in inner]
    return ways


def cannot_hold(constraints: Sequence[Constraint]) -> str | None:
    """Return the left operand whose constraints exclude each other, or None when none is found."""
    groups: dict[tuple[str, str | None], list[Constraint]] = {}
    for each in constraints:
        if not each.reference and not each.status:
            groups.setdefault((each.operand, each.unit), []).append(each)
    return next((operand for (operand, _), group in groups.items() if _excluded(operand, group)), None)


def _excluded(operand: str, group: list[Constraint]) -> bool:
    if operand == DATE_TIME_IRI:
        return _no_moment(group[:_MAX_COMPARED])
    numbers = [(each.operator.removeprefix(ODRL), _number(each)) for each in group]
    ordered = [(operator, number) for operator, number in numbers if number is not None]
    if ordered:
        return _no_number(ordered)
    return (operand in _SINGLE or is_declarative(operand)) and _no_name(group, operand in _SINGLE)


def _no_moment(group: list[Constraint]) -> bool:
    """True if at every moment one of the constraints is false."""
    known = [over_time for each in group if (over_time := stairs(each))]
    if not known:
        return False
    first = [over_time.levels[0] for over_time in known]
    steps = sorted({step for over_time in known for step in over_time.steps})
    return False in first and all(any(each.at(step) is False for each in known) for step in steps)


def _number(constraint: Constraint) -> Decimal | None:
    """Return a number, or a duration in seconds; one in months is not comparable and left out."""
    if len(constraint.values) != 1:
        return None
    value = constraint.values[0]
    if value.datatype in (None, XSD + "duration") and (found := _DURATION.fullmatch(value.text)):
        return _seconds(found) if value.text != "P" else None
    if value.datatype in _NUMBERS or (value.datatype is None and constraint.operand in _COUNTED):
        return _decimal(value)
    return None


def _seconds(found: re.Match[str]) -> Decimal | None:
    years, months, weeks, days, hours, minutes, seconds = (int(each or 0) for each in found.groups())
    if years or months:
        return None
    return Decimal(((weeks * 7 + days) * 24 + hours) * 3600 + minutes * 60 + seconds)


def _decimal(value: Value) -> Decimal | None:
    try:
        number = Decimal(value.text.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _no_number(comparisons: list[tuple[str, Decimal]]) -> bool:
    low, high = Decimal("-Infinity"), Decimal("Infinity")
    low_open = high_open = False
    for operator, number in comparisons:
        if operator in ("gt", "gteq", "eq") and (number > low or (number == low and operator == "gt")):
            low, low_open = number, operator == "gt"
        if operator in ("lt", "lteq", "eq") and (number < high or (number == high and operator == "lt")):
            high, high_open = number, operator == "lt"
    if low > high or (low == high and (low_open or high_open)):
        return True
    return low == high and ("neq", low) in comparisons


def _no_name(group: list[Constraint], single: bool) -> bool:
    """True if no set of names (one name, when single) satisfies all the constraints."""
    exact, any_of, all_of, none_of, different = _by_operator(group)
    required = frozenset[str]().union(*all_of)
    forbidden = frozenset[str]().union(*none_of)
    if exact:
        wanted = exact[0]
        return (
            any(wanted != other for other in exact)
            or any(wanted == other for other in different)
            or any(wanted.isdisjoint(other) for other in any_of)
            or not required <= wanted
            or not forbidden.isdisjoint(wanted)
        )
    if not required.isdisjoint(forbidden) or any(other <= forbidden for other in any_of):
        return True
    if not single:
        return False
    choices = list(any_of) + ([required] if required else [])
    allowed = frozenset.intersection(*choices) if choices else None
    taken = forbidden | frozenset[str]().union(*different)
    return len(required) > 1 or (allowed is not None and allowed <= taken)


def _by_operator(group: list[Constraint]) -> Iterator[list[frozenset[str]]]:
    """Yield the sets of names that are wanted exactly, any, all, none of them, and not exactly."""
    for operator in ("eq", "isAnyOf", "isAllOf", "isNoneOf", "neq"):
        yield [
            frozenset(value.text for value in each.values)
            for each in group
            if each.operator == ODRL + operator and not (operator in ("eq", "neq") and len(each.values) > 1)
        ]
