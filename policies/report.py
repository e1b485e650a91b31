"""The whole tree behind a decision: what each rule, condition and duty came to.

The states are those of the compliance report model (W3C community group, formal semantics; FORCE): a rule is *active*
when all that it asks holds, a condition *satisfied*, a permission's control is *permit* or *deny*, a duty, an
obligation or a prohibition has a deontic state. What is not known is said to be unknown, never guessed.

A prohibition is *violated* when the act that was asked for is what it forbids: that is what a report says to one who
watches acts that were done. If all its remedies are fulfilled it is not violated any more; a decision denies the act
all the same, for a remedy mends and does not permit. `PolicyReport.is_compliant` is the view of one who watches.

The report judges every rule, whatever its action, by the same tests as the quick path; its `effect` is put together of
the states of the rules. A property test asserts that it is the effect of the decision.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from policies import vocabulary
from policies.compiler import CompiledRule
from policies.conditions import Clause, Premise
from policies.duties import CompiledDuty, Deontic, Timing
from policies.effects import Effect, effect_of
from policies.facts import Request
from policies.model import Duty, Policy, RuleKind
from policies.truth import Truth, conjunction, disjunction


class Activation(StrEnum):
    """Whether a rule is in force for this request."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    UNKNOWN = "unknown"


class Satisfaction(StrEnum):
    """How a condition was judged."""

    SATISFIED = "satisfied"
    UNSATISFIED = "unsatisfied"
    UNKNOWN = "unknown"


class Control(StrEnum):
    """What a permission comes to."""

    PERMIT = "permit"
    DENY = "deny"


_ACTIVATION = {True: Activation.ACTIVE, False: Activation.INACTIVE, None: Activation.UNKNOWN}
_SATISFACTION = {True: Satisfaction.SATISFIED, False: Satisfaction.UNSATISFIED, None: Satisfaction.UNKNOWN}
_TRUTH: dict[Satisfaction, Truth] = {state: truth for truth, state in _SATISFACTION.items()}
_CAME_TO: dict[Activation, Truth] = {state: truth for truth, state in _ACTIVATION.items()}


@dataclass(slots=True)
class PremiseReport:
    """One condition: a target, a party, an action, a constraint (perhaps of others), a duty, an unknown member."""

    premise: Premise
    state: Satisfaction
    name: str
    uid: str | None = None
    pointer: str = ""
    actual: str | None = None
    premises: tuple["PremiseReport", ...] = ()


@dataclass(slots=True)
class DutyReport:
    """A duty, an obligation, a remedy or a consequence. `exists` is unknown as long as its conditions are."""

    duty: Duty
    exists: Activation
    deontic: Deontic
    timing: Timing
    premises: tuple[PremiseReport, ...] = ()
    consequences: tuple["DutyReport", ...] = ()


@dataclass(slots=True)
class RuleReport:
    """A permission or a prohibition on one action. `concerns`: it is about this target and this party."""

    kind: RuleKind
    uid: str | None
    pointer: str
    action: str | None
    activation: Activation
    concerns: Satisfaction
    control: Control | None
    deontic: Deontic | None
    premises: tuple[PremiseReport, ...]
    duties: tuple[DutyReport, ...]


@dataclass(slots=True)
class PolicyReport:
    """The root: the effect, and what it is put together from."""

    policy: str | None
    effect: Effect
    is_void: bool
    rules: tuple[RuleReport, ...]
    obligations: tuple[DutyReport, ...]

    @property
    def is_compliant(self) -> bool | None:
        """True if the act was in order, or mended; None when that is not known.

        A permission is active, and no prohibition nor obligation is violated.
        """
        broken = [rule.deontic is Deontic.VIOLATED for rule in self.rules]
        broken += [duty.deontic is Deontic.VIOLATED and duty.exists is Activation.ACTIVE for duty in self.obligations]
        if any(broken):
            return False
        return {Effect.PERMIT: True, Effect.INDETERMINATE: None}.get(self.effect, self._is_mended())

    def _is_mended(self) -> bool:
        """True if only prohibitions whose remedies are fulfilled stand against an active permission."""
        granted = any(rule.control is Control.PERMIT for rule in self.rules)
        prohibitions = [rule for rule in self.rules if rule.kind is RuleKind.PROHIBITION]
        open_ended = any(rule.activation is Activation.UNKNOWN for rule in prohibitions)
        return granted and not self.is_void and not open_ended


@dataclass(slots=True)
class Grounds:
    """A compiled policy as a report needs it."""

    policy: Policy
    permissions: tuple[CompiledRule, ...]
    prohibitions: tuple[CompiledRule, ...]
    obligations: tuple[CompiledDuty, ...]
    permission_wins: bool
    is_void: bool


def report_on(grounds: Grounds, request: Request) -> PolicyReport:
    """Return the report of one request."""
    action = vocabulary.term(request.action, vocabulary.ACTION_WORDS)
    permissions = [_rule(each, request, action) for each in grounds.permissions]
    prohibitions = [_rule(each, request, action) for each in grounds.prohibitions]
    effect = effect_of(
        disjunction([_CAME_TO[each.activation] for each in permissions]),
        disjunction([_CAME_TO[each.activation] for each in prohibitions]),
        is_concerned=any(_speaks(each) and _TRUTH[each.concerns] is not False for each in permissions),
        permission_wins=grounds.permission_wins,
        is_void=grounds.is_void,
        phase=request.phase,
    )
    obligations = tuple([_duty(each, request) for each in grounds.obligations])
    return PolicyReport(grounds.policy.uid, effect, grounds.is_void, (*permissions, *prohibitions), obligations)


def _speaks(rule: RuleReport) -> bool:
    return all(each.state is Satisfaction.SATISFIED for each in rule.premises if each.premise == "action")


def _rule(compiled: CompiledRule, request: Request, action: str) -> RuleReport:
    rule = compiled.rule
    about = tuple([_premise(clause, request) for clause in compiled.about])
    acts = () if compiled.action is None else (_action(compiled, action),)
    premises = (*about, *acts, *[_premise(clause, request) for clause in compiled.clauses])
    holds = conjunction([_TRUTH[each.state] for each in premises])
    permission = rule.kind is RuleKind.PERMISSION
    return RuleReport(
        rule.kind,
        rule.uid,
        rule.pointer,
        compiled.action,
        _ACTIVATION[holds],
        _SATISFACTION[conjunction([_TRUTH[each.state] for each in about])],
        (Control.PERMIT if holds else Control.DENY) if permission else None,
        None if permission else _kept(compiled, request, holds),
        premises,
        tuple([_duty(each, request) for each in (*compiled.duties, *compiled.remedies)]),
    )


def _kept(compiled: CompiledRule, request: Request, holds: Truth) -> Deontic:
    """Return the state of a prohibition when the act that is asked for is done."""
    if holds is not True:
        return Deontic.NOT_SET
    mended = compiled.remedies and all(each.is_done(request) for each in compiled.remedies)
    return Deontic.FULFILLED if mended else Deontic.VIOLATED


def _action(compiled: CompiledRule, action: str) -> PremiseReport:
    state = _SATISFACTION[compiled.speaks_of(action)]
    return PremiseReport("action", state, compiled.action or "", pointer=compiled.rule.pointer, actual=action)


def _premise(clause: Clause, request: Request) -> PremiseReport:
    return PremiseReport(
        clause.premise,
        _SATISFACTION[clause.test(request)],
        clause.name,
        clause.subject.uid if clause.subject else None,
        clause.pointer,
        clause.actual(request) if clause.actual else None,
        tuple([_premise(child, request) for child in clause.children]),
    )


def _duty(compiled: CompiledDuty, request: Request) -> DutyReport:
    return DutyReport(
        compiled.duty,
        _ACTIVATION[compiled.exists(request)],
        compiled.state(request),
        compiled.timing,
        tuple(_premise(clause, request) for clause in (*compiled.conditions, *compiled.deadlines)),
        tuple(_duty(each, request) for each in compiled.consequences),
    )


def flat(premises: tuple[PremiseReport, ...]) -> Iterator[PremiseReport]:
    """Yield premises and all that stand under them."""
    for each in premises:
        yield each
        yield from flat(each.premises)
