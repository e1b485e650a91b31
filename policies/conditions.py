"""Conditions as tests that answer in a microsecond, with the words that tell how they were judged.

A `Clause` is one condition; the same test serves the quick answer, the explanation and the report.

What makes a condition unknown, always: an operand that the reading does not have, an operator or value that does not
suit it, a unit that it does not take, a status, a right operand that stands elsewhere, a member that is not understood,
and nesting beyond what the reader accepts. An unknown condition keeps a permission from being granted and does not keep
a prohibition from applying.

Declarative conditions are settled by accepted terms. In a permission, accepting the term makes the condition hold; in a
prohibition, it is the promise to stay out of the case, so the condition does not hold, unless the very same condition
was accepted for a permission. Of a logical constraint, the whole is the term when all its operands are declarative; the
branches of a mixed *or* or *and* are terms one by one; those of a mixed *xone* are not, for nobody knows which one was
meant.

A refinement is judged on the action, the party or the target that it refines (`Request.action_facts` and its like); a
constraint on the world. The rank that a count compares is that of its own rule (`Request.counts`).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Literal, TypeVar

from policies import vocabulary, wording
from policies.facts import Facts, Request
from policies.model import Condition, Constraint, Duty, Extras, Logic, LogicalConstraint, Rule, RuleKind
from policies.normal import term_of
from policies.operands import OPERANDS, Operand, OperandKind
from policies.operands.spec import Leaf
from policies.strict_json import MAX_DEPTH
from policies.truth import Test, Truth, all_of, any_of, exactly_one_of, in_order, unknown
from policies.vocabulary import ANNOTATIONS
from policies.wording import Reason

DutyMode = Literal["strict", "violated_only"]
Refined = Literal["", "action", "party", "target"]
Premise = Literal["target", "party", "action", "constraint", "refinement", "duty", "member"]
Changes = Callable[[Request], tuple[datetime, ...]]
T = TypeVar("T")

# the member of an enumeration takes its time to be looked up
_SEPARABLE = (Logic.AND, Logic.OR)
_PROHIBITION, _STATEFUL, _DECLARATIVE = RuleKind.PROHIBITION, OperandKind.STATEFUL, OperandKind.DECLARATIVE
_LOGIC = {Logic.AND: all_of, Logic.OR: any_of, Logic.XONE: exactly_one_of, Logic.ANDSEQUENCE: in_order}


@dataclass(frozen=True, slots=True)
class Reading:
    """How a policy is to be read where ODRL leaves a choice or a profile adds words.

    `duty_mode`: `strict` (a permission's duty comes first) or `violated_only` (it only has to be not violated).
    `any_action`: a permission that names no action permits them all. `operands` can be judged, `profiles` are known.
    """

    duty_mode: DutyMode = "strict"
    any_action: bool = False
    operands: Mapping[str, Operand] = field(default_factory=lambda: OPERANDS)
    profiles: frozenset[str] = vocabulary.KNOWN_PROFILES


STANDARD = Reading()


@dataclass(slots=True)
class Clause:
    """One condition of a rule. `name` is what is missing when the answer is not known.

    `boundaries` and `changes` are the instants at which time alone changes the answer; of a combination, its leaves
    know them. `declarative`: the party that asks can settle it by accepting it. `subject` is the condition or the duty,
    `actual` shows the fact that was compared. `counted`: it compares the rank of the use.
    """

    test: Test
    name: str
    tell: Callable[[Request, Truth], Reason]
    children: tuple["Clause", ...] = ()
    boundaries: tuple[datetime, ...] = ()
    changes: tuple[Changes, ...] = ()
    declarative: bool = False
    premise: Premise = "constraint"
    subject: Condition | Duty | None = None
    actual: Callable[[Request], str | None] | None = None
    pointer: str = ""
    counted: bool = False

    def leaves(self) -> Iterator["Clause"]:
        """Yield the clauses that stand for themselves: all but combinations."""
        if not self.children or not self.is_combination:
            yield self
        for child in self.children:
            yield from child.leaves()

    def unknown(self, request: Request) -> Iterator[str]:
        """Yield the names of what is missing to judge this condition."""
        if self.test(request) is not None:
            return
        names = [name for child in self.children for name in child.unknown(request)]
        if not names or not self.is_combination:
            yield self.name
        yield from names

    @property
    def is_combination(self) -> bool:
        """True for what is no more than its parts; a duty or a collection with conditions is more."""
        return self.premise in ("constraint", "refinement")


@dataclass(slots=True)
class Place:
    """Where a condition stands: in which rule, on what, under which counter."""

    rule: Rule
    reading: Reading = STANDARD
    refined: Refined = ""
    counter: str = ""


def not_understood(extras: Extras) -> list[str]:
    """Return the names of members that may carry meaning and that nobody here understands."""
    return [name for name, _ in extras if name not in ANNOTATIONS] if extras else []


def unknown_clause(rule: Rule, name: str, pointer: str | None = None) -> Clause:
    """Return a condition that nobody here can judge."""
    where = rule.pointer if pointer is None else pointer

    def tell(request: Request, holds: Truth) -> Reason:
        return wording.of_member(rule, name, where)

    return Clause(unknown, name, tell, premise="member", pointer=where)


def compile_condition(place: Place, condition: Condition) -> Clause:
    """Return a condition ready to be judged."""
    if isinstance(condition, Constraint):
        return _constraint_clause(place, condition)
    if is_too_deep(condition):
        return unknown_clause(place.rule, "too-deep", condition.pointer)
    clause = _compiled(place, condition)
    _settle(place, clause)
    return clause


def is_too_deep(part: object) -> bool:
    """True if conditions or duties are nested more deeply than the reader accepts."""
    level = [part]
    for _ in range(MAX_DEPTH):
        level = [inner for each in level if each.__class__ is not Constraint for inner in _inner(each)]
        if not level:
            return False
    return True


def _inner(part: object) -> tuple[object, ...]:
    if isinstance(part, LogicalConstraint):
        return part.operands
    if isinstance(part, Rule):
        consequences = part.consequences if isinstance(part, Duty) else ()
        refinements = [each for action in part.actions for each in action.refinements]
        return (*part.constraints, *part.duties, *part.remedies, *consequences, *refinements)
    return ()


def _compiled(place: Place, condition: Condition) -> Clause:
    if isinstance(condition, Constraint):
        return _constraint_clause(place, condition)
    parts = [_compiled(place, each) for each in condition.operands]
    extras = [unknown_clause(place.rule, name, condition.pointer) for name in not_understood(condition.extras)]
    declarative = not extras and False not in [part.declarative for part in parts]
    if not declarative and condition.logic in _SEPARABLE:
        for part in parts:
            _settle(place, part)
    combined = _LOGIC[condition.logic]([part.test for part in parts])
    clause = Clause(
        unknown if extras else combined, condition.logic.value, partial(_tell_condition, place.rule, condition, None)
    )
    clause.children = (*parts, *extras)
    clause.declarative, clause.counted = declarative, True in [part.counted for part in parts]
    clause.premise = "refinement" if place.refined else "constraint"
    clause.subject, clause.pointer = condition, condition.pointer
    return clause


def _settle(place: Place, clause: Clause) -> None:
    """Let acceptance settle a combination that is declarative throughout; a single constraint has it already."""
    if clause.declarative and isinstance(clause.subject, LogicalConstraint):
        clause.test = _accepted(place.rule.kind, clause.subject, clause.test)


def _constraint_clause(place: Place, constraint: Constraint) -> Clause:
    operand = place.reading.operands.get(constraint.operand)
    leaf, actual, kind = leaf_of(constraint, operand), None, None
    if operand is not None:
        actual, kind = operand.actual, operand.kind if leaf else None
    leaf = leaf or _UNKNOWN
    test, declarative, counted = leaf.test, kind is _DECLARATIVE, kind is _STATEFUL
    changes: tuple[Changes, ...] = (leaf.changes,) if leaf.changes else ()
    if place.refined:
        test, changes = _on(place.refined, test), tuple(_on(place.refined, each) for each in changes)
        actual = _on(place.refined, actual) if actual else None
    elif counted and place.counter:
        test = _ranked(leaf, place.counter)
    if declarative:
        test = _accepted(place.rule.kind, constraint, test)
    clause = Clause(test, constraint.operand, partial(_tell_condition, place.rule, constraint, actual))
    clause.boundaries, clause.changes = leaf.boundaries, changes
    clause.declarative, clause.counted = declarative, counted
    clause.premise = "refinement" if place.refined else "constraint"
    clause.subject, clause.actual, clause.pointer = constraint, actual, constraint.pointer
    return clause


_UNKNOWN = Leaf(unknown)


def is_declarative(operand: Operand | None) -> bool:
    """True if a condition on the operand is settled by accepting it."""
    return operand is not None and operand.kind is _DECLARATIVE


def leaf_of(constraint: Constraint, operand: Operand | None) -> Leaf | None:
    """Return the constraint ready to be judged, or None when the operand cannot judge it."""
    return operand.leaf(constraint) if operand and is_plain(constraint, operand) else None


def is_plain(constraint: Constraint, operand: Operand | None = None) -> bool:
    """True if left operand, operator, right operand and, where the operand takes one, the unit say everything."""
    operand = operand or OPERANDS.get(constraint.operand)
    unit = constraint.unit and not (operand and operand.has_unit)
    if constraint.reference or unit or constraint.status:
        return False
    return not not_understood(constraint.extras)


def _ranked(leaf: Leaf, counter: str) -> Test:
    """Judge the rank that the counter of the rule gives; without it, the fact."""
    stated, judge = leaf.test, leaf.judge
    if judge is None:
        return stated

    def test(request: Request) -> Truth:
        rank = request.counts.get(counter) if request.counts else None
        return stated(request) if rank is None else judge(rank, request)

    return test


def _on(refined: Refined, look: Callable[[Request], T]) -> Callable[[Request], T]:
    """Let a look at the facts see first what is said of the action, the party or the target."""
    said_of = _SAID_OF[refined]

    def looking(request: Request) -> T:
        own = said_of(request)
        return look(replace(request, facts={**request.facts, **own})) if own else look(request)

    return looking


_SAID_OF: dict[str, Callable[[Request], Facts | None]] = {
    "action": lambda request: request.action_facts,
    "party": lambda request: request.party_facts,
    "target": lambda request: request.target_facts,
}


def _tell_condition(
    rule: Rule,
    condition: Condition,
    actual: Callable[[Request], str | None] | None,
    request: Request,
    holds: Truth,
) -> Reason:
    return wording.of_condition(rule, condition, holds, actual(request) if actual else None)


def acceptable(condition: Condition) -> tuple[bool, list[Condition]]:
    """Return whether accepting settles the whole condition, and the largest parts of it that accepting settles."""
    if isinstance(condition, Constraint):
        operand = OPERANDS.get(condition.operand)
        whole = is_declarative(operand) and leaf_of(condition, operand) is not None
        return whole, [condition] if whole else []
    parts = [acceptable(each) for each in condition.operands]
    if not not_understood(condition.extras) and all(whole for whole, _ in parts):
        return True, [condition]
    separable = condition.logic in _SEPARABLE
    return False, [each for _, settled in parts for each in settled] if separable else []


def _accepted(kind: RuleKind, condition: Condition, stated: Test) -> Test:
    """Judge a declarative condition: what is stated first, else what was accepted.

    The texts of terms are written when one is first compared: most policies are compiled and never accepted.
    """
    granted = ""

    def permission(request: Request) -> Truth:
        nonlocal granted
        value = stated(request)
        if value is not None or not request.accepted_terms:
            return value
        granted = granted or term_of(RuleKind.PERMISSION, condition)
        return True if granted in request.accepted_terms else None

    return _promised(condition, permission) if kind is _PROHIBITION else permission


def _promised(condition: Condition, stated: Test) -> Test:
    """Judge a declarative condition of a prohibition: accepting it is the promise to stay out of the case."""
    promised = ""

    def prohibition(request: Request) -> Truth:
        nonlocal promised
        value = stated(request)
        if value is not None or not request.accepted_terms:
            return value
        promised = promised or term_of(RuleKind.PROHIBITION, condition)
        return False if promised in request.accepted_terms else None

    return prohibition
