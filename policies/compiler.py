"""Turns the rules of a policy into tests that answer in a microsecond.

Each rule becomes a `CompiledRule`: whether it *concerns* the request (target, party) and whether it *holds* (all its
conditions). A `Clause` is one condition with the test that judges it and the words that tell it; the same test serves
the quick answer and the explanation.

What makes a condition unknown, always: an operand that operands/ does not have, an operator or value that does not
suit it, a unit, a status, a right operand that stands elsewhere, a member that is not understood. An unknown condition
keeps a permission from being granted and does not keep a prohibition from applying.

Declarative conditions are settled by accepted terms (`declarative_terms`). In a permission, accepting the term makes
the condition hold; in a prohibition, it is the promise to stay out of the case, so the condition does not hold, unless
the very same condition was accepted for a permission. Of a logical constraint, the whole is the term when all its
operands are declarative; the branches of a mixed *or* or *and* are terms one by one; those of a mixed *xone* are not,
for nobody knows which one was meant.

A permission's duty comes first (ODRL 2.2 §2.6.6): it holds when its text is among the accepted terms and its action is
one that can only be kept afterwards or by consent (`PROMISES`: cite, delete, inform, pass the terms on…), or when its
text is among the fulfilled duties. Any other duty (pay, obtain consent…) has to be proven. A duty's own constraints do
not make it lapse. Obligations of the policy bind the parties but are no condition of its permissions.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from policies import wording
from policies.facts import Request
from policies.model import Condition, Constraint, Duty, Extras, Logic, Policy, Reference, Rule, RuleKind
from policies.normal import Term, term_of, term_of_duty
from policies.operands import OPERANDS, is_declarative
from policies.operands.spec import Leaf
from policies.truth import Test, Truth, all_of, any_of, exactly_one_of, in_order, unknown
from policies.vocabulary import ANNOTATIONS, CC, ODRL, current, includes
from policies.wording import Reason

PROMISES = frozenset(
    {ODRL + name for name in ("acceptTracking", "attribute", "delete", "ensureExclusivity", "include", "inform")}
    | {ODRL + name for name in ("nextPolicy", "uninstall")}
    | {CC + name for name in ("Attribution", "Notice", "ShareAlike", "SourceCode")}
)

_SEPARABLE = (Logic.AND, Logic.OR)
_LOGIC = {Logic.AND: all_of, Logic.OR: any_of, Logic.XONE: exactly_one_of, Logic.ANDSEQUENCE: in_order}


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition of a rule. `name` is what is missing when the answer is not known.

    `declarative`: the party that asks can settle it by accepting it.
    """

    test: Test
    name: str
    tell: Callable[[Request, Truth], Reason]
    children: tuple["Clause", ...] = ()
    boundaries: tuple[datetime, ...] = ()
    declarative: bool = False

    def leaves(self) -> Iterator["Clause"]:
        """Yield the clauses that stand for themselves."""
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()

    def unknown(self, request: Request) -> Iterator[str]:
        """Yield the names of what is missing to judge this condition."""
        if self.test(request) is not None:
            return
        names = [name for child in self.children for name in child.unknown(request)]
        yield from names or [self.name]


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule on one action, ready to be judged. `concerns`: it is about this target and party; `applies`: all holds.

    `action` is None when the rule names none: as a permission it is never granted, as a prohibition it forbids all.
    """

    rule: Rule
    action: str | None
    about: tuple[Clause, ...]
    clauses: tuple[Clause, ...]
    concerns: Test
    applies: Test

    def speaks_of(self, action: str) -> bool:
        """True if the rule is on this action or on one that includes it."""
        return self.action is None or includes(self.action, action)

    def leaves(self) -> Iterator[Clause]:
        """Yield the clauses that stand for themselves."""
        return (leaf for clause in (*self.about, *self.clauses) for leaf in clause.leaves())

    def unknown(self, request: Request) -> Iterator[str]:
        """Yield the names of what is missing to judge the rule."""
        return (name for clause in (*self.about, *self.clauses) for name in clause.unknown(request))


def declarative_terms(policy: Policy) -> list[Term]:
    """Return what a party accepts by asking for this policy unchanged, each term as a canonical JSON text.

    These are the declarative conditions of permissions and prohibitions, the duties of permissions that are promises,
    and all obligations. Record them with the negotiation; hand them over as `Request.accepted_terms`.
    """
    terms = [
        term_of(rule.kind, term)
        for rule in policy.permissions + policy.prohibitions
        for each in split(rule, policy)
        for condition in _conditions(each)
        for term in _acceptable(condition)[1]
    ]
    duties = [duty for permission in policy.permissions for duty in permission.duties if is_promise(duty)]
    return list(dict.fromkeys(terms + [term_of_duty(duty) for duty in (*duties, *policy.obligations)]))


def split(rule: Rule, policy: Policy) -> list[Rule]:
    """Return the rule once for each of its actions, its own or those that the policy shares (ODRL 2.2 §2.7)."""
    actions = rule.actions or policy.actions
    return [replace(rule, actions=(action,)) for action in actions] or [rule]


def compile_rule(rule: Rule, policy: Policy, obstacles: tuple[Clause, ...] = ()) -> Iterator[CompiledRule]:
    """Yield the rule ready to be judged, once for each action. Obstacles are conditions that the policy adds."""
    about = tuple(_about(rule, policy))
    for each in split(rule, policy):
        clauses = (*obstacles, *_clauses(each))
        yield CompiledRule(
            each,
            each.actions[0].iri if each.actions else None,
            about,
            clauses,
            concerns=all_of(clause.test for clause in about),
            applies=all_of(clause.test for clause in (*about, *clauses)),
        )


def not_understood(extras: Extras) -> list[str]:
    """Return the names of members that may carry meaning and that nobody here understands."""
    return [name for name, _ in extras if name not in ANNOTATIONS]


def _about(rule: Rule, policy: Policy) -> Iterator[Clause]:
    targets = rule.targets or policy.targets
    if targets:
        yield _reference_clause(rule, "target", targets, lambda request: request.target)
    assignees = rule.assignees or policy.assignees
    if assignees:
        yield _reference_clause(rule, "assignee", assignees, lambda request: request.party)


def _reference_clause(
    rule: Rule, what: str, references: tuple[Reference, ...], asked: Callable[[Request], str | None]
) -> Clause:
    names = frozenset(each.iri for each in references if each.is_plain)
    otherwise = False if all(each.is_plain and not each.is_collection for each in references) else None

    def test(request: Request) -> Truth:
        name = asked(request)
        return None if name is None else name in names or otherwise

    needed = tuple(each.iri or "?" for each in references)

    def tell(request: Request, holds: Truth) -> Reason:
        return wording.of_reference(rule, what, holds, needed, asked(request))

    return Clause(test, what, tell)


def _clauses(rule: Rule) -> Iterator[Clause]:
    for name in not_understood(rule.extras):
        yield unknown_clause(rule, name)
    for action in rule.actions:
        for name in not_understood(action.extras):
            yield unknown_clause(rule, name)
    if not rule.actions and rule.kind is RuleKind.PERMISSION:
        yield unknown_clause(rule, "action")
    for condition in _conditions(rule):
        yield compile_condition(rule, condition)
    for duty in rule.duties:
        yield _duty_clause(duty)


def _conditions(rule: Rule) -> Iterator[Condition]:
    """Yield the conditions of a rule on one action, the action's refinements among them."""
    yield from rule.constraints
    for action in rule.actions:
        yield from action.refinements


def unknown_clause(rule: Rule, name: str, pointer: str | None = None) -> Clause:
    """Return a condition that nobody here can judge."""
    where = rule.pointer if pointer is None else pointer
    return Clause(unknown, name, lambda request, holds: wording.of_member(rule, name, where))


def compile_condition(rule: Rule, condition: Condition) -> Clause:
    """Return a condition ready to be judged."""
    return _settled(rule, condition, _compiled(rule, condition))


def _compiled(rule: Rule, condition: Condition) -> Clause:
    if isinstance(condition, Constraint):
        return _constraint_clause(rule, condition)
    parts = [_compiled(rule, each) for each in condition.operands]
    extras = [unknown_clause(rule, name, condition.pointer) for name in not_understood(condition.extras)]
    declarative = not extras and all(part.declarative for part in parts)
    if not declarative and condition.logic in _SEPARABLE:
        parts = [_settled(rule, each, part) for each, part in zip(condition.operands, parts, strict=True)]
    combined = _LOGIC[condition.logic](part.test for part in parts)
    return Clause(
        unknown if extras else combined,
        condition.logic.value,
        partial(_tell_condition, rule, condition, None),
        children=(*parts, *extras),
        boundaries=tuple(sorted({instant for part in parts for instant in part.boundaries})),
        declarative=declarative,
    )


def _settled(rule: Rule, condition: Condition, clause: Clause) -> Clause:
    """Let acceptance settle a combination that is declarative throughout; a single constraint has it already."""
    if isinstance(condition, Constraint) or not clause.declarative:
        return clause
    return replace(clause, test=_accepted(rule.kind, condition, clause.test))


def _constraint_clause(rule: Rule, constraint: Constraint) -> Clause:
    operand = OPERANDS.get(constraint.operand)
    found = operand.leaf(constraint) if operand and is_plain(constraint) else None
    leaf = found or Leaf(unknown)
    declarative = _is_declarative(constraint, found)
    test = _accepted(rule.kind, constraint, leaf.test) if declarative else leaf.test
    tell = partial(_tell_condition, rule, constraint, operand.actual if operand else None)
    return Clause(test, constraint.operand, tell, boundaries=leaf.boundaries, declarative=declarative)


def _is_declarative(constraint: Constraint, leaf: Leaf | None) -> bool:
    return leaf is not None and is_declarative(constraint.operand)


def _tell_condition(
    rule: Rule,
    condition: Condition,
    actual: Callable[[Request], str | None] | None,
    request: Request,
    holds: Truth,
) -> Reason:
    return wording.of_condition(rule, condition, holds, actual(request) if actual else None)


def is_plain(constraint: Constraint) -> bool:
    """True if left operand, operator and right operand say everything."""
    beyond = constraint.reference or constraint.unit or constraint.status or not_understood(constraint.extras)
    return not beyond


def _acceptable(condition: Condition) -> tuple[bool, list[Condition]]:
    """Return whether accepting settles the whole condition, and the largest parts of it that accepting settles."""
    if isinstance(condition, Constraint):
        operand = OPERANDS.get(condition.operand)
        leaf = operand.leaf(condition) if operand and is_plain(condition) else None
        whole = _is_declarative(condition, leaf)
        return whole, [condition] if whole else []
    parts = [_acceptable(each) for each in condition.operands]
    if not not_understood(condition.extras) and all(whole for whole, _ in parts):
        return True, [condition]
    separable = condition.logic in _SEPARABLE
    return False, [each for _, settled in parts for each in settled] if separable else []


def _accepted(kind: RuleKind, condition: Condition, stated: Test) -> Test:
    """Judge a declarative condition: what is stated first, else what was accepted."""
    granted = term_of(RuleKind.PERMISSION, condition)
    promised = term_of(RuleKind.PROHIBITION, condition)

    def permission(request: Request) -> Truth:
        value = stated(request)
        return True if value is None and granted in request.accepted_terms else value

    def prohibition(request: Request) -> Truth:
        value = permission(request)
        return False if value is None and promised in request.accepted_terms else value

    return prohibition if kind is RuleKind.PROHIBITION else permission


def is_promise(duty: Duty) -> bool:
    """True if accepting the duty is all that can be done before the use."""
    return bool(duty.actions) and all(current(action.iri) in PROMISES for action in duty.actions)


def _duty_clause(duty: Duty) -> Clause:
    term, promise = term_of_duty(duty), is_promise(duty)

    def test(request: Request) -> Truth:
        if term in request.fulfilled or (promise and term in request.accepted_terms):
            return True
        return None

    return Clause(test, term, lambda request, holds: wording.of_duty(duty, holds, term))
