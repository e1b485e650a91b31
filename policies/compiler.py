"""Turns the rules of a policy into tests that answer in a microsecond.

Each rule becomes a `CompiledRule` for each of its actions: whether it *concerns* the request (target, party) and
whether it *applies* (that, and all its conditions). What settles what:

| what a rule says | settled by | in |
|---|---|---|
| target, assignee, collections | the request, and the taxonomy that comes with it | parties.py |
| constraints | facts; declarative ones also by accepted terms | conditions.py |
| refinements of the action | the facts of the act | conditions.py |
| duties of a permission | fulfilled, violated, accepted; their own constraints and deadlines | duties.py |
| remedies of a prohibition | nothing: they mend an act that was done, and permit none | report.py |
| members that are not understood | nothing: never known | conditions.py |

Obligations of the policy bind the parties but are no condition of its permissions. `declarative_terms` are the texts
that a party accepts by asking for the policy unchanged.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256

from policies.conditions import (
    STANDARD,
    Clause,
    Place,
    Reading,
    acceptable,
    compile_condition,
    is_plain,
    is_too_deep,
    not_understood,
    unknown_clause,
)
from policies.duties import CompiledDuty, compile_duty, deep_duty, duty_clause, is_promise
from policies.facts import Request
from policies.model import Condition, Constraint, LogicalConstraint, Policy, Rule, RuleKind
from policies.normal import Term, term_of, term_of_duty
from policies.operands import OperandKind
from policies.parties import reference_clauses
from policies.truth import Test, all_of
from policies.vocabulary import implied, includes

__all__ = [
    "CompiledRule",
    "compile_rule",
    "declarative_terms",
    "is_plain",
    "is_promise",
    "not_understood",
    "split",
    "unknown_clause",
]


_WHOLE = Rule(kind=RuleKind.OBLIGATION)


@dataclass(slots=True)
class CompiledRule:
    """A rule on one action, ready to be judged. `concerns`: it is about this target and party; `applies`: all holds.

    `action` is None when the rule names none: as a permission it is never granted, as a prohibition it forbids all.
    `counter` names what counts the uses of the action under this rule; it is empty when nothing asks for the count.
    """

    rule: Rule
    action: str | None
    about: tuple[Clause, ...]
    clauses: tuple[Clause, ...]
    concerns: Test
    applies: Test
    duties: tuple[CompiledDuty, ...] = ()
    remedies: tuple[CompiledDuty, ...] = ()
    counter: str = ""

    def speaks_of(self, action: str) -> bool:
        """True if the rule is on this action or on one that includes it.

        A prohibition also if the action cannot do without what it forbids (ODRL 2.2 §2.4, `implies`).
        """
        if self.action is None or includes(self.action, action):
            return True
        forbids = self.rule.kind is RuleKind.PROHIBITION
        return forbids and any(includes(self.action, needed) for needed in implied(action))

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
        if not is_too_deep(condition)
        for term in acceptable(condition)[1]
    ]
    duties = [duty for permission in policy.permissions for duty in permission.duties]
    promises = [duty for duty in duties if not is_too_deep(duty) and is_promise(duty)]
    obligations = [duty for duty in policy.obligations if not is_too_deep(duty)]
    return list(dict.fromkeys(terms + [term_of_duty(duty) for duty in (*promises, *obligations)]))


def split(rule: Rule, policy: Policy) -> list[Rule]:
    """Return the rule once for each of its actions, its own or those that the policy shares (ODRL 2.2 §2.7)."""
    actions = rule.actions or policy.actions
    if len(actions) == 1 and rule.actions:
        return [rule]
    return [replace(rule, actions=(action,)) for action in actions] or [rule]


def compile_rule(
    rule: Rule, policy: Policy, reading: Reading = STANDARD, obstacles: tuple[Clause, ...] = ()
) -> Iterator[CompiledRule]:
    """Yield the rule ready to be judged, once for each action. Obstacles are conditions that the policy adds."""
    about = _about(rule, policy, reading)
    duties, remedies, owed = _duties(rule, policy, reading) if rule.duties or rule.remedies else ((), (), ())
    for each in split(rule, policy):
        counter = _counter(each, policy, reading)
        clauses = (*obstacles, *_clauses(Place(each, reading, "", counter)), *owed)
        tests = [clause.test for clause in about + clauses]
        yield CompiledRule(
            each,
            each.actions[0].iri if each.actions else None,
            about,
            clauses,
            all_of(tests[: len(about)]),
            all_of(tests),
            duties,
            remedies,
            counter if True in [clause.counted for clause in clauses] else "",
        )


def _about(rule: Rule, policy: Policy, reading: Reading) -> tuple[Clause, ...]:
    targets, assignees = rule.targets or policy.targets, rule.assignees or policy.assignees
    if not targets and not assignees:  # as in an offer of a catalogue
        return ()
    place = Place(rule, reading)
    return (*reference_clauses(place, "target", targets), *reference_clauses(place, "party", assignees))


def _duties(
    rule: Rule, policy: Policy, reading: Reading
) -> tuple[tuple[CompiledDuty, ...], tuple[CompiledDuty, ...], Iterable[Clause]]:
    """Return the duties and the remedies of a rule, and what they make a condition of it."""
    owed = [found for each in (*rule.duties, *rule.remedies) if (found := deep_duty(rule, each))]
    duties = tuple(compile_duty(each, rule, policy, reading) for each in rule.duties if not is_too_deep(each))
    remedies = tuple(compile_duty(each, rule, policy, reading) for each in rule.remedies if not is_too_deep(each))
    return duties, remedies, [*owed, *(duty_clause(each, reading) for each in duties)]


def compile_obligations(policy: Policy, reading: Reading = STANDARD) -> tuple[CompiledDuty, ...]:
    """Return the obligations of a policy, ready to be judged."""
    return tuple(compile_duty(each, _WHOLE, policy, reading) for each in policy.obligations if not is_too_deep(each))


def _counter(rule: Rule, policy: Policy, reading: Reading) -> str:
    """Return what counts the uses under a rule, the same each time the policy is read."""
    action = rule.actions[0].iri if rule.actions else ""
    name = policy.uid or (_digest(policy) if _counts(rule, reading) else "")
    return f"{name} {rule.uid or rule.pointer} {action}"


def _digest(policy: Policy) -> str:
    return f"sha256:{sha256(policy.source.encode()).hexdigest()}"


def _counts(rule: Rule, reading: Reading) -> bool:
    """True if a condition of the rule compares how often something was used."""
    asked = (each.operand for condition in _conditions(rule) for each in constraints_of(condition))
    known = (reading.operands.get(iri) for iri in asked)
    return any(operand is not None and operand.kind is OperandKind.STATEFUL for operand in known)


def constraints_of(condition: Condition) -> Iterator[Constraint]:
    """Yield the comparisons of a condition."""
    level = [condition]
    while level:
        yield from (each for each in level if isinstance(each, Constraint))
        level = [inner for each in level if isinstance(each, LogicalConstraint) for inner in each.operands]


def _clauses(place: Place) -> Iterator[Clause]:
    rule = place.rule
    for extras in (rule.extras, *[action.extras for action in rule.actions]):
        for name in not_understood(extras):
            yield unknown_clause(rule, name)
    if not rule.actions and rule.kind is RuleKind.PERMISSION and not place.reading.any_action:
        yield unknown_clause(rule, "action")
    for condition in rule.constraints:
        yield compile_condition(place, condition)
    for action in rule.actions:
        for condition in action.refinements:
            yield compile_condition(replace(place, refined="action"), condition)


def _conditions(rule: Rule) -> Iterator[Condition]:
    """Yield the conditions of a rule on one action, the action's refinements among them."""
    yield from rule.constraints
    for action in rule.actions:
        yield from action.refinements
