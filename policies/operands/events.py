"""Before, during or after an event (ODRL 2.2 vocabulary, `event`): *lt*, *eq* and *gt*.

The fact is when the event took place (`Request.events`): an event without a start has not begun, one without an end is
going on. An event of which nothing is told is not known. `policyUsage`, the use under the policy itself, is how a duty
says when it is due; duties.py reads it.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from policies import vocabulary
from policies.facts import Period, Request
from policies.model import Constraint, Value
from policies.operands import names
from policies.operands.spec import Finding, Leaf, Operand, OperandKind, text_of
from policies.truth import Truth
from policies.vocabulary import LABELS, ODRL, Labels

EVENT_IRI = ODRL + "event"
POLICY_USAGE = ODRL + "policyUsage"
TICK = timedelta(microseconds=1)
_LAST = datetime.max.replace(tzinfo=UTC)
_WORDS = frozenset({"policyUsage"})

_BEFORE, _DURING, _AFTER = range(3)
_WHERE: dict[str, frozenset[int]] = {
    "lt": frozenset({_BEFORE}),
    "lteq": frozenset({_BEFORE, _DURING}),
    "eq": frozenset({_DURING}),
    "neq": frozenset({_BEFORE, _AFTER}),
    "gteq": frozenset({_DURING, _AFTER}),
    "gt": frozenset({_AFTER}),
}
_AMONG: dict[str, Callable[[list[int]], bool]] = {
    "isAnyOf": lambda places: _DURING in places,
    "isAllOf": lambda places: set(places) == {_DURING},
    "isNoneOf": lambda places: _DURING not in places,
}


def events_of(constraint: Constraint) -> tuple[str, ...]:
    """Return the events that a constraint names, by their IRIs."""
    return tuple(map(_name, constraint.values))


def _name(value: Value) -> str:
    return vocabulary.term(value.text, _WORDS)


def _place(period: Period, at: datetime) -> int:
    if period.start is None or at < period.start:
        return _BEFORE
    return _AFTER if period.end is not None and at > period.end else _DURING


def _leaf(constraint: Constraint) -> Leaf | None:
    wanted = events_of(constraint)
    right = _right(constraint.operator.removeprefix(ODRL), len(wanted))
    if right is None or not all(names.PLAIN.holds(value) for value in constraint.values):
        return None

    def test(request: Request) -> Truth:
        periods = _told(request, wanted)
        return None if periods is None else right([_place(period, request.at) for period in periods])

    def changes(request: Request) -> tuple[datetime, ...]:
        periods = _told(request, wanted) or ()
        starts = [period.start for period in periods if period.start]
        return (*starts, *(period.end + TICK for period in periods if period.end and period.end < _LAST))

    return Leaf(test, changes=changes)


def _right(operator: str, events: int) -> Callable[[list[int]], bool] | None:
    """Return what tells whether we stand on the right side of the events, or None if that cannot be told."""
    if operator in _WHERE and events == 1:
        where = _WHERE[operator]
        return lambda places: places[0] in where
    return _AMONG.get(operator)


def _told(request: Request, wanted: tuple[str, ...]) -> list[Period] | None:
    told = request.events or {}
    periods = [told.get(event) for event in wanted]
    known = [period for period in periods if period is not None]
    return known if len(known) == len(wanted) else None


def _actual(request: Request) -> str | None:
    told = request.events or {}
    spans = [f"{name}: {text_of(each.start or '')}/{text_of(each.end or '')}" for name, each in sorted(told.items())]
    return ", ".join(spans) or None


def _normal(value: Value) -> Value:
    return Value(_name(value)) if names.PLAIN.holds(value) else value


def _findings(constraint: Constraint) -> Iterator[Finding]:
    if not all(names.PLAIN.holds(value) for value in constraint.values):
        yield from names.findings(constraint)
    elif _leaf(constraint) is None:
        yield names.undecidable(constraint)


PHRASES: dict[str, Labels] = {
    ODRL + "lt": ("avant", "before"),
    ODRL + "eq": ("pendant", "during"),
    ODRL + "gt": ("après", "after"),
}

EVENT = Operand(
    iri=EVENT_IRI,
    kind=OperandKind.TESTABLE,
    labels=LABELS[EVENT_IRI],
    leaf=_leaf,
    actual=_actual,
    normal=_normal,
    findings=_findings,
    phrases=PHRASES,
)
