"""The nearest miss: of the permissions that were not granted, the one that lacked least, and what it lacked.

It is found from the reasons of a decision alone. Reasons come rule by rule: what the rule came to, then the conditions
that made it so, a combination before its parts. Of an *or*, the part that lacks least is what is lacking; of an *and*,
all parts that do not hold; of *exactly one*, the part that lacks least when none holds, else the whole.

What the party that asks can do something about weighs little, what it cannot weighs much.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from policies.model import Constraint, Logic, LogicalConstraint, Rule, RuleKind
from policies.verified import OPERANDS, Verification
from policies.vocabulary import ODRL
from policies.wording import OUTCOMES, Reason

_WAITING = frozenset(ODRL + name for name in ("gt", "gteq"))
_ENDING = frozenset(ODRL + name for name in ("lt", "lteq"))
_LITTLE, _SOME, _MUCH = 1, 3, 10


@dataclass(frozen=True, slots=True)
class Miss:
    """A rule that stood in the way, or was not granted: what it came to and what it lacked."""

    outcome: Reason
    lacking: tuple[Reason, ...]

    @property
    def rule(self) -> Rule | None:
        return self.outcome.source


def nearest_miss(reasons: Iterable[Reason]) -> Miss | None:
    """Return the permission that lacked least; None when one was granted or none is there."""
    groups = by_rule(reasons)
    permissions = [group for group in groups if group[0].rule == RuleKind.PERMISSION.value]
    if any(group[0].holds for group in permissions):
        return None
    misses = [Miss(group[0], tuple(_lacking(group[1:]))) for group in permissions]
    return min(misses, key=lambda miss: _cost(miss.lacking), default=None)


def obstacles(reasons: Iterable[Reason]) -> list[Miss]:
    """Return the prohibitions that apply or may apply, with the conditions that leave it open."""
    return [
        Miss(group[0], tuple(_lacking(group[1:])))
        for group in by_rule(reasons)
        if group[0].code in ("forbidden", "assumed-forbidden")
    ]


def by_rule(reasons: Iterable[Reason]) -> list[list[Reason]]:
    """Return the reasons of each rule, its outcome first; those about the whole policy are left out."""
    groups: list[list[Reason]] = []
    for reason in reasons:
        if reason.code in OUTCOMES:
            groups.append([reason])
        elif groups:
            groups[-1].append(reason)
    return groups


def of_whole(reasons: Iterable[Reason]) -> list[Reason]:
    """Return the reasons that are about the policy as a whole; they come first."""
    found = []
    for reason in reasons:
        if reason.code in OUTCOMES:
            break
        found.append(reason)
    return found


def is_passed(reason: Reason) -> bool:
    """True if the condition was a last date, and it is over."""
    return _is_date(reason, _ENDING)


def is_awaited(reason: Reason) -> bool:
    """True if waiting is enough for the condition to hold."""
    return _is_date(reason, _WAITING)


def _is_date(reason: Reason, operators: frozenset[str]) -> bool:
    constraint = reason.condition
    if not isinstance(constraint, Constraint) or reason.holds is not False:
        return False
    return constraint.operand == ODRL + "dateTime" and constraint.operator in operators


def _lacking(reasons: Sequence[Reason]) -> list[Reason]:
    told = {id(reason.condition): reason for reason in reasons if reason.condition is not None}
    inner = {id(part) for reason in told.values() for part in _parts(reason)}
    return [each for reason in reasons if id(reason.condition) not in inner for each in _least(reason, told)]


def _least(reason: Reason, told: dict[int, Reason]) -> list[Reason]:
    """Return what is lacking for one condition to hold."""
    condition = reason.condition
    if not isinstance(condition, LogicalConstraint):
        return [reason]
    parts = [_least(told[id(part)], told) for part in condition.operands if id(part) in told]
    if condition.logic is Logic.AND and parts:
        return [each for part in parts for each in part]
    one_is_enough = condition.logic is Logic.OR or len(parts) == len(condition.operands)
    if condition.logic is not Logic.ANDSEQUENCE and parts and one_is_enough:
        return min(parts, key=_cost)
    return [reason]


def _parts(reason: Reason) -> tuple[object, ...]:
    return reason.condition.operands if isinstance(reason.condition, LogicalConstraint) else ()


def _cost(lacking: Sequence[Reason]) -> int:
    return sum(_weight(reason) for reason in lacking)


def _weight(reason: Reason) -> int:
    if reason.code == "duty-open" or is_awaited(reason):
        return _SOME
    declared = OPERANDS.get(reason.operand or "") is Verification.COMMITMENT
    return _LITTLE if declared and reason.code == "condition-unknown" else _MUCH
