"""Duties: what has to be done in exchange, when, and in which state it is.

A duty is *not set*, *fulfilled* or *violated*. The facts say so (`Request.fulfilled`, `Request.violated`, by the text
of the duty or by its IRI); a deadline of its own that has passed without proof says so too. A duty that was violated is
made good only by its consequences: the duty and all of them have to be fulfilled (ODRL 2.2 §2.6.4: both are required).

A duty's own constraints say when there is a duty at all: one that is known not to hold means that there is none. Two
sorts of constraint are not of that kind, because reading them so would let a duty lapse by waiting: a *deadline* (the
moment, the time elapsed or the delay stay below a bound) which when it has passed leaves the duty violated, and
`event` with `policyUsage`, which says whether the duty comes before (*lt*), during (*eq*) or after (*gt*) the use.

As a condition of its permission, a duty that exists holds when it is fulfilled, or when it is a promise and its text is
among the accepted terms. Promises are actions that can only be kept afterwards or by consent (`PROMISES`: cite, delete,
inform, pass the terms on…), and what is said to come after the use. Any other duty (pay, obtain consent…) has to be
proven. With the reading `violated_only`, a duty holds as long as it is not violated.

`performed_by` tells whether an act was the performance of the duty; a node that watches acts records it with that.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum

from policies import vocabulary, wording
from policies.conditions import (
    Clause,
    Place,
    Reading,
    compile_condition,
    is_too_deep,
    not_understood,
    unknown_clause,
)
from policies.facts import Request
from policies.model import Action, Condition, Constraint, Duty, Logic, LogicalConstraint, Policy, Rule
from policies.normal import Term, term_of_duty
from policies.operands.events import EVENT_IRI, POLICY_USAGE, events_of
from policies.parties import reference_clauses
from policies.truth import Test, Truth, all_of, conjunction, disjunction
from policies.vocabulary import CC, ODRL, current, includes
from policies.wording import Reason

_KEPT_WHILE_USING = frozenset(
    {ODRL + name for name in ("acceptTracking", "attribute", "ensureExclusivity", "include", "nextPolicy")}
    | {CC + name for name in ("Attribution", "Notice", "ShareAlike", "SourceCode")}
)
_KEPT_AFTERWARDS = frozenset(ODRL + name for name in ("delete", "inform", "uninstall"))
PROMISES = _KEPT_WHILE_USING | _KEPT_AFTERWARDS

_DEADLINES = frozenset(ODRL + name for name in ("dateTime", "elapsedTime", "delayPeriod"))
_UPPER = frozenset({ODRL + "lt", ODRL + "lteq"})


class Deontic(StrEnum):
    """The state of a duty."""

    NOT_SET = "not-set"
    FULFILLED = "fulfilled"
    VIOLATED = "violated"


class Timing(StrEnum):
    """When a duty is due, seen from the use."""

    BEFORE = "before"
    DURING = "during"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Due:
    """A duty that goes with a decision. `term` is the text to record when it is accepted or fulfilled."""

    duty: Duty
    state: Deontic
    timing: Timing
    term: Term


@dataclass(slots=True)
class CompiledDuty:
    """A duty ready to be judged. `terms` are the texts that stand for it among the facts.

    `performance` and `acts` are what an act has to be to perform it: all of the first, and one of the second.
    """

    duty: Duty
    terms: tuple[str, ...]
    timing: Timing
    promise: bool
    conditions: tuple[Clause, ...]
    deadlines: tuple[Clause, ...]
    exists: Test
    in_time: Test
    performance: tuple[Clause, ...]
    acts: tuple[tuple[str, tuple[Clause, ...]], ...]
    consequences: tuple["CompiledDuty", ...]

    @property
    def term(self) -> Term:
        """The text to record when the duty is accepted or fulfilled."""
        return term_of_duty(self.duty)

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """What the state of the duty depends on beside the facts that name it."""
        inner = tuple(clause for each in self.consequences for clause in each.clauses)
        return (*self.conditions, *self.deadlines, *inner)

    def concerns(self, request: Request) -> Truth:
        """Tell whether the duty binds the party that asks, for the target that it asks for."""
        about = [clause.test(request) for clause in self.performance if clause.premise in ("target", "party")]
        return conjunction(about)

    def state(self, request: Request) -> Deontic:
        """Return the state of the duty, whether or not it exists."""
        done = self._is_among(request.fulfilled)
        if self._is_among(request.violated):
            mended = done and self.consequences and all(each.is_done(request) for each in self.consequences)
            return Deontic.FULFILLED if mended else Deontic.VIOLATED
        if done:
            return Deontic.FULFILLED
        return Deontic.VIOLATED if self.in_time(request) is False else Deontic.NOT_SET

    def is_done(self, request: Request) -> bool:
        """True if nothing of the duty is left to do."""
        return self.exists(request) is False or self.state(request) is Deontic.FULFILLED

    def holds(self, request: Request, reading: Reading) -> Truth:
        """Tell whether the duty lets its permission stand."""
        exists = self.exists(request)
        if exists is False:
            return True
        state = self.state(request)
        if state is Deontic.FULFILLED:
            return True
        if self.promise and self._is_among(request.accepted_terms) and not self._is_among(request.violated):
            return True
        if state is Deontic.VIOLATED:
            return False if exists else None
        return True if reading.duty_mode == "violated_only" else None

    def performed_by(self, act: Request) -> Truth:
        """Tell whether an act is the performance of this duty: its action, its refinements, its party and target."""
        if not self.acts:
            return None
        done = vocabulary.term(act.action, vocabulary.ACTION_WORDS)
        fitting = [clauses for action, clauses in self.acts if includes(action, done)]
        return conjunction((disjunction(_all(clauses, act) for clauses in fitting), _all(self.performance, act)))

    def due(self, request: Request) -> Due:
        """Return the duty with its state."""
        return Due(self.duty, self.state(request), self.timing, self.term)

    def _is_among(self, named: Collection[str]) -> bool:
        return bool(named) and any(term in named for term in self.terms)


def compile_duty(duty: Duty, rule: Rule, policy: Policy, reading: Reading) -> CompiledDuty:
    """Return a duty ready to be judged. Without parties of its own it has those of its rule, or of the policy."""
    place = Place(duty, reading)
    conditions: list[Clause] = []
    deadlines: list[Clause] = []
    for condition in _separate(duty.constraints):
        if timing_of(condition) is None:
            (deadlines if _is_deadline(condition) else conditions).append(compile_condition(place, condition))
    performance = (*_performance(duty, rule, policy, reading), *conditions, *deadlines)
    return CompiledDuty(
        duty,
        terms=(term_of_duty(duty), *((duty.uid,) if duty.uid else ())),
        timing=_timing(duty),
        promise=is_promise(duty),
        conditions=tuple(conditions),
        deadlines=tuple(deadlines),
        exists=all_of(clause.test for clause in conditions),
        in_time=all_of(clause.test for clause in deadlines),
        performance=performance,
        acts=tuple((action.iri, tuple(_act(duty, action, reading))) for action in duty.actions),
        consequences=tuple(compile_duty(each, rule, policy, reading) for each in duty.consequences),
    )


def _performance(duty: Duty, rule: Rule, policy: Policy, reading: Reading) -> Iterator[Clause]:
    place = Place(duty, reading)
    yield from reference_clauses(place, "target", duty.targets)
    yield from reference_clauses(place, "party", duty.assignees or rule.assignees or policy.assignees)
    for name in not_understood(duty.extras):
        yield unknown_clause(duty, name)


def _act(duty: Duty, action: Action, reading: Reading) -> Iterator[Clause]:
    for name in not_understood(action.extras):
        yield unknown_clause(duty, name)
    for refinement in action.refinements:
        yield compile_condition(Place(duty, reading, refined="action"), refinement)


def _all(clauses: tuple[Clause, ...], act: Request) -> Truth:
    return conjunction(clause.test(act) for clause in clauses)


def duty_clause(compiled: CompiledDuty, reading: Reading) -> Clause:
    """Return a duty as a condition of its permission."""
    duty, term = compiled.duty, compiled.term

    def test(request: Request) -> Truth:
        return compiled.holds(request, reading)

    def tell(request: Request, holds: Truth) -> Reason:
        return _tell(compiled, request, holds, term)

    leaves = [leaf for clause in compiled.clauses for leaf in clause.leaves()]
    return Clause(
        test,
        term,
        tell,
        children=(*compiled.conditions, *compiled.deadlines),
        boundaries=tuple(sorted({instant for leaf in leaves for instant in leaf.boundaries})),
        changes=tuple(each for leaf in leaves for each in leaf.changes),
        premise="duty",
        subject=duty,
        pointer=duty.pointer,
    )


def deep_duty(rule: Rule, duty: Duty) -> Clause | None:
    """Return what stands for a duty that is nested too deeply to be judged, or None."""
    return unknown_clause(rule, "too-deep", duty.pointer) if is_too_deep(duty) else None


def is_promise(duty: Duty) -> bool:
    """True if accepting the duty is all that can be done before the use."""
    kept = bool(duty.actions) and all(current(action.iri) in PROMISES for action in duty.actions)
    return kept or any(timing_of(each) is Timing.AFTER for each in duty.constraints)


def timing_of(condition: Condition) -> Timing | None:
    """Return when a duty is due if the condition says only that (`event` before, during, after `policyUsage`)."""
    if not isinstance(condition, Constraint) or condition.operand != EVENT_IRI:
        return None
    if events_of(condition) != (POLICY_USAGE,):
        return None
    return {"lt": Timing.BEFORE, "eq": Timing.DURING, "gt": Timing.AFTER}.get(condition.operator.removeprefix(ODRL))


def _timing(duty: Duty) -> Timing:
    said = [timing for each in duty.constraints if (timing := timing_of(each))]
    if said:
        return said[0]
    actions = {current(action.iri) for action in duty.actions}
    if actions and actions <= _KEPT_AFTERWARDS:
        return Timing.AFTER
    return Timing.DURING if actions and actions <= PROMISES else Timing.BEFORE


def _separate(conditions: tuple[Condition, ...]) -> Iterator[Condition]:
    """Yield the conditions, those that an *and* joins one by one."""
    for condition in conditions:
        joined = isinstance(condition, LogicalConstraint) and condition.logic is Logic.AND and not condition.extras
        if isinstance(condition, LogicalConstraint) and joined:
            yield from _separate(condition.operands)
        else:
            yield condition


def _is_deadline(condition: Condition) -> bool:
    if not isinstance(condition, Constraint):
        return False
    return condition.operand in _DEADLINES and condition.operator in _UPPER


def _tell(compiled: CompiledDuty, request: Request, holds: Truth, term: Term) -> Reason:
    duty = compiled.duty
    if compiled.exists(request) is False:
        return wording.of_absent_duty(duty, term)
    if compiled.state(request) is Deontic.VIOLATED:
        return wording.of_violated_duty(duty, holds, term)
    return wording.of_duty(duty, holds, term)
