"""Decides: may this party do this with that, now?

The world is closed: what no permission grants is not permitted. A permission whose conditions are not all known to hold
grants nothing; a prohibition applies unless a condition is known not to hold, and one without conditions always. When a
permission and a prohibition meet on the action that is asked, the policy's `conflict` says what counts: `perm` the
permission, `prohibit` the prohibition, `invalid` (and nothing, ODRL 2.2 §2.10) voids the policy: nothing is permitted.

| a permission | a prohibition | effect |
|---|---|---|
| is granted | none applies | PERMIT |
| is granted | is not known | INDETERMINATE |
| is not known | none applies, or not known | INDETERMINATE |
| concerns the request, none is granted | any | DENY |
| any | applies | DENY |
| none concerns the request | applies, or not known | DENY |
| none concerns the request | none applies | NOT_APPLICABLE |

Under `perm`, prohibitions do not count against a granted permission. At the moment of delivery (phases `transfer` and
`request`) INDETERMINATE is DENY. Only PERMIT lets anything pass.

A policy that another one replaces (`dct:isReplacedBy`), and one that only asks or asserts (Request, Assertion), grants
nothing. A profile, a parent policy or a member that is not understood keeps every permission unknown. An offer is
judged as the agreement that it would become with the party that asks; `hypothetical` says so.

How often something was used is asked of a `UsageState`: `decide` looks, `use` takes the place that it decides about
(state.py). Each rule counts the uses of its own action, whoever permitted them.

The effect is computed at once. `reasons`, `missing`, `valid_until`, the duties and the report are computed from the
same tests when they are read.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from policies import vocabulary
from policies.compiler import CompiledRule, compile_obligations, compile_rule
from policies.conditions import STANDARD, DutyMode, Reading
from policies.duties import CompiledDuty, Due, Timing
from policies.effects import UNDECIDED, Effect
from policies.facts import Request
from policies.model import Policy
from policies.operands import OPERANDS, Operand, OperandKind
from policies.state import Reservation, UsageState
from policies.truth import Test, any_of, disjunction
from policies.whole import NOTHING_GRANTS, conflict_of, explain_rule, obstacles_of, void_of
from policies.wording import Reason

if TYPE_CHECKING:
    from policies.report import PolicyReport

__all__ = ["CompiledPolicy", "Decision", "Effect", "compile"]

_MAX_FORESIGHT = 64
_PERMIT, _DENY = Effect.PERMIT, Effect.DENY  # a member of an enumeration is slow to look up


@dataclass(frozen=True, slots=True)
class Plan:
    """What a policy says of one action."""

    permissions: tuple[CompiledRule, ...]
    prohibitions: tuple[CompiledRule, ...]
    granted: Test
    forbidden: Test
    consulted: frozenset[str]
    boundaries: tuple[datetime, ...]
    changes: tuple[Callable[[Request], tuple[datetime, ...]], ...]
    counted: tuple[CompiledRule, ...]


class Decision:
    """An answer, with what it rests on.

    A plain class rather than a frozen dataclass: one is made for each data request, and this takes a third of the time.
    """

    __slots__ = ("_plan", "_policy", "_request", "effect")

    def __init__(self, effect: Effect, plan: Plan, policy: "CompiledPolicy", request: Request) -> None:
        self.effect = effect
        self._plan = plan
        self._policy = policy
        self._request = request

    def __repr__(self) -> str:
        return f"Decision({self.effect.value})"

    @property
    def permitted(self) -> bool:
        return self.effect is _PERMIT

    @property
    def consulted(self) -> frozenset[str]:
        """What the answer depends on: IRIs of left operands, `target`, `assignee`, duties, members."""
        return self._plan.consulted

    @property
    def hypothetical(self) -> bool:
        """True if an offer was judged, as the agreement that it would become with the party that asks."""
        return self._policy.hypothetical

    def is_of(self, ranks: Mapping[str, int]) -> bool:
        """True if the decision was made about a use of these ranks."""
        return ranks.items() <= (self._request.counts or {}).items()

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """What counted, rule by rule, with needed and actual values and a sentence in French and English."""
        return tuple(self._policy.explain(self._request))

    @property
    def missing(self) -> tuple[str, ...]:
        """What would have to be known, by the names of `consulted`; empty when everything that counts is known."""
        return tuple(self._policy.missing(self._request))

    @property
    def valid_until(self) -> datetime | None:
        """The first instant at which time alone changes the effect; None if it never does.

        Beyond 64 steps the 65th is returned: not later than the change.
        """
        return self._policy.next_change(self._request, self.effect)

    @property
    def duties_before(self) -> tuple[Due, ...]:
        """The duties that come before the use, each with its state."""
        return tuple(self._policy.due(self._request, Timing.BEFORE))

    @property
    def duties_during(self) -> tuple[Due, ...]:
        """The duties to keep while using, each with its state."""
        return tuple(self._policy.due(self._request, Timing.DURING))

    @property
    def duties_after(self) -> tuple[Due, ...]:
        """The duties that come after the use, and the obligations of the policy, each with its state."""
        return tuple(self._policy.due(self._request, Timing.AFTER))

    def report(self) -> "PolicyReport":
        """Return the whole tree behind the answer: every rule, condition and duty with its state."""
        return self._policy.report(self._request)


class CompiledPolicy:
    """A policy ready to decide: `decide` takes a microsecond or two and may be called from any thread."""

    def __init__(self, policy: Policy, reading: Reading = STANDARD) -> None:
        obstacles = tuple(obstacles_of(policy, reading))
        self.policy = policy
        self.hypothetical = "Offer" in policy.kinds
        self._void = void_of(policy)
        self._permission_wins = bool(policy.conflicts) and set(policy.conflicts) == {"perm"}
        self._permissions = tuple(
            [each for rule in policy.permissions for each in compile_rule(rule, policy, reading, obstacles)]
        )
        self._prohibitions = tuple(
            [each for rule in policy.prohibitions for each in compile_rule(rule, policy, reading)]
        )
        self._obligations = compile_obligations(policy, reading)
        self._plans: dict[str, Plan] = {}

    def decide(self, request: Request, usage: UsageState | None = None) -> Decision:
        """Answer the request. Never raises, never waits.

        With `usage`, a count is compared with the rank that this use would have; nothing is counted.
        """
        plan = self._plans.get(request.action) or self._planned(request.action)
        if usage is not None and plan.counted:
            ranks = {rule.counter: usage.used(_counter(rule, request)) + 1 for rule in plan.counted}
            request = request.ranked(ranks)
        return Decision(self._effect(plan, request), plan, self, request)

    def use(self, request: Request, usage: UsageState) -> tuple[Decision, Reservation | None]:
        """Answer the request and, if it is permitted, hold a place in each counter that the use advances.

        Commit the reservation when the use took place and release it when it did not. None when the answer is not
        PERMIT, and when nothing is counted.
        """
        decision = self.decide(request, usage)
        plan = self._plan(request.action)
        if not decision.permitted or not plan.counted:
            return decision, None
        counters = {rule.counter: _counter(rule, request) for rule in _advancing(plan, request)}
        held = usage.reserve(frozenset(counters.values()))
        ranks = {counter: held.ranks[name] for counter, name in counters.items()}
        if not decision.is_of(ranks):  # somebody else took the place that was looked at
            decision = self.decide(request.ranked(ranks))
        if decision.permitted:
            return decision, held
        usage.release(held)
        return decision, None

    @property
    def obligations(self) -> tuple[CompiledDuty, ...]:
        """The obligations of the policy, each able to tell its state and whether an act is its performance."""
        return self._obligations

    @property
    def permissions(self) -> tuple[CompiledRule, ...]:
        """The permissions, one for each action, with their duties."""
        return self._permissions

    @property
    def prohibitions(self) -> tuple[CompiledRule, ...]:
        """The prohibitions, one for each action, with their remedies."""
        return self._prohibitions

    @property
    def conditions(self) -> frozenset[str]:
        """What the answer depends on that comes with the caller or the moment: all operands but declarative ones.

        `assignee` is among them. Empty when everybody gets the same answer at all times, given the same accepted terms
        and stated facts.
        """
        rules = self._permissions + self._prohibitions
        return frozenset(leaf.name for rule in rules for leaf in rule.leaves() if _varies(leaf.name))

    def _plan(self, action: str) -> Plan:
        return self._plans.get(action) or self._planned(action)

    def _planned(self, action: str) -> Plan:
        iri = vocabulary.term(action, vocabulary.ACTION_WORDS)
        permissions = tuple(rule for rule in self._permissions if rule.speaks_of(iri))
        prohibitions = tuple(rule for rule in self._prohibitions if rule.speaks_of(iri))
        rules = permissions + prohibitions
        leaves = [leaf for rule in rules for leaf in rule.leaves()]
        plan = Plan(
            permissions,
            prohibitions,
            granted=any_of(rule.applies for rule in permissions),
            forbidden=any_of(rule.applies for rule in prohibitions),
            consulted=frozenset(leaf.name for leaf in leaves),
            boundaries=tuple(sorted({instant for leaf in leaves for instant in leaf.boundaries})),
            changes=tuple(each for leaf in leaves for each in leaf.changes),
            counted=tuple(rule for rule in rules if rule.counter),
        )
        if iri in vocabulary.ACTIONS:  # others are anybody's to invent: they are not remembered
            self._plans[action] = plan
        return plan

    def _effect(self, plan: Plan, request: Request) -> Effect:
        granted = False if self._void else plan.granted(request)
        if granted is False:
            return _DENY if self._is_concerned(plan, request) else Effect.NOT_APPLICABLE
        forbidden = False if self._permission_wins else plan.forbidden(request)
        if granted and forbidden is False:
            return _PERMIT
        undecided = not forbidden and request.phase in UNDECIDED
        return Effect.INDETERMINATE if undecided else _DENY

    def _is_concerned(self, plan: Plan, request: Request) -> bool:
        asked = any(rule.concerns(request) is not False for rule in plan.permissions)
        return asked or plan.forbidden(request) is not False

    def next_change(self, request: Request, effect: Effect) -> datetime | None:
        """Return the first instant after the request at which the effect is another."""
        plan = self._plan(request.action)
        moving = {instant for changes in plan.changes for instant in changes(request)}
        instants = sorted({*plan.boundaries, *moving}) if moving else plan.boundaries
        ahead = [instant for instant in instants if instant > request.at]
        for instant in ahead[:_MAX_FORESIGHT]:
            if self._effect(plan, replace(request, at=instant)) is not effect:
                return instant
        return ahead[_MAX_FORESIGHT] if len(ahead) > _MAX_FORESIGHT else None

    def missing(self, request: Request) -> Iterator[str]:
        """Yield the names of what is not known and could change the answer."""
        plan = self._plan(request.action)
        if self._effect(plan, request) is not Effect.PERMIT:
            rules = [rule for rule in plan.permissions + plan.prohibitions if rule.applies(request) is None]
            yield from dict.fromkeys(name for rule in rules for name in rule.unknown(request))

    def due(self, request: Request, timing: Timing) -> Iterator[Due]:
        """Yield the duties of that time that go with the answer, then the obligations of the policy.

        The duties are those of the first permission that is granted; where none is, of all that still may be.
        """
        plan = self._plan(request.action)
        granted = [rule for rule in plan.permissions if rule.applies(request)][:1]
        owing = granted or [rule for rule in plan.permissions if rule.concerns(request) is not False]
        obligations = [each for each in self._obligations if _binds(each, request)]
        for duty in (*(duty for rule in owing for duty in rule.duties), *obligations):
            before = Timing.AFTER if duty in obligations and duty.timing is Timing.BEFORE else duty.timing
            if before is timing and duty.exists(request) is not False:
                yield duty.due(request)

    def report(self, request: Request) -> "PolicyReport":
        """Return the report of one request."""
        from policies.report import Grounds, report_on  # who only decides does not load it

        return report_on(
            Grounds(
                self.policy,
                self._permissions,
                self._prohibitions,
                self._obligations,
                permission_wins=self._permission_wins,
                is_void=self._void is not None,
            ),
            request,
        )

    def explain(self, request: Request) -> Iterator[Reason]:
        """Yield the reasons: first what the policy as a whole came to, then each rule that concerns the request."""
        plan = self._plan(request.action)
        granted = disjunction(rule.applies(request) for rule in plan.permissions)
        forbidden = disjunction(rule.applies(request) for rule in plan.prohibitions)
        if self._void:
            yield self._void
        if granted and forbidden is not False:
            yield conflict_of(self.policy, self._permission_wins)
        if not any(rule.concerns(request) is not False for rule in plan.permissions):
            yield NOTHING_GRANTS
        for rule in plan.permissions + plan.prohibitions:
            yield from explain_rule(rule, request)


def compile(
    policy: Policy,
    *,
    duty_mode: DutyMode = "strict",
    any_action: bool = False,
    operands: Mapping[str, Operand] | None = None,
    profiles: frozenset[str] = frozenset(),
) -> CompiledPolicy:
    """Return the policy ready to decide. Never raises: what cannot be judged is refused when asked.

    `duty_mode`: `strict` is ODRL's own reading, a permission's duty comes first; `violated_only` lets the permission
    stand until the duty is violated. `any_action`: a permission without action permits all of them (ODRL requires one).
    `operands` and `profiles` are judged and known beside those of the library.
    """
    if duty_mode == "strict" and not any_action and not operands and not profiles:
        return CompiledPolicy(policy)
    return CompiledPolicy(
        policy,
        Reading(duty_mode, any_action, {**OPERANDS, **(operands or {})}, vocabulary.KNOWN_PROFILES | profiles),
    )


def _counter(rule: CompiledRule, request: Request) -> str:
    """Return what counts this party's uses under a rule."""
    return f"{rule.counter} {request.party or ''}"


def _advancing(plan: Plan, request: Request) -> list[CompiledRule]:
    """Return the rules whose count this use advances: all that are, or may be, about it."""
    return [rule for rule in plan.counted if rule.concerns(request) is not False]


def _binds(obligation: CompiledDuty, request: Request) -> bool:
    return obligation.concerns(request) is not False


def _varies(name: str) -> bool:
    operand = OPERANDS.get(name)
    return name == "assignee" or (operand is not None and operand.kind is not OperandKind.DECLARATIVE)
