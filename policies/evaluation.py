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

The effect is computed at once. `reasons`, `missing` and `valid_until` are computed from the same tests when they are
read.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from policies import vocabulary
from policies.compiler import Clause, CompiledRule, compile_rule, not_understood, unknown_clause
from policies.facts import Request
from policies.model import Policy, Rule, RuleKind
from policies.operands import OPERANDS, OperandKind
from policies.truth import Test, Truth, any_of, disjunction
from policies.wording import Reason, of_rule

_UNDECIDED = frozenset({"catalogue", "negotiation"})
_GRANTING = frozenset({"Policy", "Set", "Offer", "Agreement", "Ticket", "Privacy"})
_MAX_FORESIGHT = 64


class Effect(StrEnum):
    """The answer. Only PERMIT lets anything pass."""

    PERMIT = "permit"
    DENY = "deny"
    NOT_APPLICABLE = "not-applicable"
    INDETERMINATE = "indeterminate"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a policy says of one action."""

    permissions: tuple[CompiledRule, ...]
    prohibitions: tuple[CompiledRule, ...]
    granted: Test
    forbidden: Test
    consulted: frozenset[str]
    boundaries: tuple[datetime, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """An answer, with what it rests on.

    `consulted` names what the answer depends on: IRIs of left operands, `target`, `assignee`, duties, members.
    """

    effect: Effect
    consulted: frozenset[str]
    hypothetical: bool
    _policy: "CompiledPolicy" = field(repr=False, compare=False)
    _request: Request = field(repr=False, compare=False)

    @property
    def permitted(self) -> bool:
        return self.effect is Effect.PERMIT

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


class CompiledPolicy:
    """A policy ready to decide: `decide` takes a microsecond or two and may be called from any thread."""

    def __init__(self, policy: Policy) -> None:
        obstacles = tuple(_obstacles(policy))
        self.policy = policy
        self.hypothetical = "Offer" in policy.kinds
        self._void = _void(policy)
        self._permission_wins = set(policy.conflicts) == {"perm"}
        self._permissions = [each for rule in policy.permissions for each in compile_rule(rule, policy, obstacles)]
        self._prohibitions = [each for rule in policy.prohibitions for each in compile_rule(rule, policy)]
        self._plans: dict[str, Plan] = {}

    def decide(self, request: Request) -> Decision:
        """Answer the request. Never raises, never waits."""
        plan = self._plan(request.action)
        return Decision(self._effect(plan, request), plan.consulted, self.hypothetical, self, request)

    @property
    def conditions(self) -> frozenset[str]:
        """What the answer depends on that comes with the caller or the moment: testable operands and `assignee`.

        Empty when everybody gets the same answer at all times, given the same accepted terms and stated facts.
        """
        rules = self._permissions + self._prohibitions
        return frozenset(leaf.name for rule in rules for leaf in rule.leaves() if _varies(leaf.name))

    def _plan(self, action: str) -> Plan:
        return self._plans.get(action) or self._planned(action)

    def _planned(self, action: str) -> Plan:
        iri = vocabulary.term(action, vocabulary.ACTION_WORDS)
        permissions = tuple(rule for rule in self._permissions if rule.speaks_of(iri))
        prohibitions = tuple(rule for rule in self._prohibitions if rule.speaks_of(iri))
        leaves = [leaf for rule in permissions + prohibitions for leaf in rule.leaves()]
        plan = Plan(
            permissions,
            prohibitions,
            granted=any_of(rule.applies for rule in permissions),
            forbidden=any_of(rule.applies for rule in prohibitions),
            consulted=frozenset(leaf.name for leaf in leaves),
            boundaries=tuple(sorted({instant for leaf in leaves for instant in leaf.boundaries})),
        )
        if iri in vocabulary.ACTIONS:  # others are anybody's to invent: they are not remembered
            self._plans[action] = plan
        return plan

    def _effect(self, plan: Plan, request: Request) -> Effect:
        granted = False if self._void else plan.granted(request)
        if granted is False:
            return Effect.DENY if self._is_concerned(plan, request) else Effect.NOT_APPLICABLE
        forbidden = False if self._permission_wins else plan.forbidden(request)
        if granted and forbidden is False:
            return Effect.PERMIT
        undecided = not forbidden and request.phase in _UNDECIDED
        return Effect.INDETERMINATE if undecided else Effect.DENY

    def _is_concerned(self, plan: Plan, request: Request) -> bool:
        asked = any(rule.concerns(request) is not False for rule in plan.permissions)
        return asked or plan.forbidden(request) is not False

    def next_change(self, request: Request, effect: Effect) -> datetime | None:
        """Return the first instant after the request at which the effect is another."""
        plan = self._plan(request.action)
        ahead = [instant for instant in plan.boundaries if instant > request.at]
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

    def explain(self, request: Request) -> Iterator[Reason]:
        """Yield the reasons: first what the policy as a whole came to, then each rule that concerns the request."""
        plan = self._plan(request.action)
        granted = disjunction(rule.applies(request) for rule in plan.permissions)
        forbidden = disjunction(rule.applies(request) for rule in plan.prohibitions)
        if self._void:
            yield self._void
        if granted and forbidden is not False:
            yield _conflict(self.policy, self._permission_wins)
        if not any(rule.concerns(request) is not False for rule in plan.permissions):
            yield _NOTHING_GRANTS
        for rule in plan.permissions + plan.prohibitions:
            yield from _explain_rule(rule, request)


def compile(policy: Policy) -> CompiledPolicy:
    """Return the policy ready to decide. Never raises: what cannot be judged is refused when asked."""
    return CompiledPolicy(policy)


def _varies(name: str) -> bool:
    operand = OPERANDS.get(name)
    return name == "assignee" or (operand is not None and operand.kind is OperandKind.TESTABLE)


def _explain_rule(compiled: CompiledRule, request: Request) -> Iterator[Reason]:
    """Yield what the rule came to, then the conditions that made it so."""
    holds = compiled.applies(request)
    yield of_rule(compiled.rule, holds)
    for clause in (*compiled.about, *compiled.clauses):
        yield from _explain_clause(clause, request, holds)


def _explain_clause(clause: Clause, request: Request, outcome: Truth) -> Iterator[Reason]:
    """Yield how the condition was judged, if it was on the side of the outcome, and its parts."""
    found = clause.test(request)
    if (found is True) is (outcome is True):
        yield clause.tell(request, found)
        for child in clause.children:
            yield from _explain_clause(child, request, found)


def _obstacles(policy: Policy) -> Iterator[Clause]:
    """Yield what keeps every permission unknown (ODRL 2.2 §2.1, §2.9: a processor must not guess)."""
    whole = Rule(kind=RuleKind.PERMISSION)
    names = [profile for profile in policy.profiles if profile not in vocabulary.KNOWN_PROFILES]
    names += ["inheritFrom"] * bool(policy.inherits_from)
    names += [kind for kind in policy.kinds if kind not in vocabulary.KINDS]
    names += [conflict for conflict in policy.conflicts if conflict not in vocabulary.CONFLICT_WORDS]
    names += not_understood(policy.extras)
    return (unknown_clause(whole, name, "") for name in names)


def _void(policy: Policy) -> Reason | None:
    """Return why the policy grants nothing at all, if so."""
    if any(name == "dct:isReplacedBy" for name, _ in policy.extras):
        text = {
            "fr": "Ces règles d’usage ont été remplacées par d’autres ; elles ne valent plus.",
            "en": "This policy has been replaced by another; it is void.",
        }
        return Reason("replaced", False, text, pointer="/dct:isReplacedBy")
    if not _GRANTING.isdisjoint(policy.kinds) or not (vocabulary.KINDS & set(policy.kinds)):
        return None
    text = {
        "fr": "Ce document demande ou déclare : il n’accorde rien.",
        "en": "This document asks or asserts; it grants nothing.",
    }
    return Reason("grants-nothing", False, text, pointer="/@type")


def _conflict(policy: Policy, permission_wins: bool) -> Reason:
    strategy = "perm" if permission_wins else "prohibit" if set(policy.conflicts) == {"prohibit"} else "invalid"
    text = {
        "perm": {
            "fr": "Une permission et une interdiction se rencontrent : la permission l’emporte.",
            "en": "A permission and a prohibition meet: the permission prevails.",
        },
        "prohibit": {
            "fr": "Une permission et une interdiction se rencontrent : l’interdiction l’emporte.",
            "en": "A permission and a prohibition meet: the prohibition prevails.",
        },
        "invalid": {
            "fr": "Une permission et une interdiction se contredisent : rien n’est permis.",
            "en": "A permission and a prohibition contradict each other: nothing is permitted.",
        },
    }[strategy]
    return Reason(f"conflict-{strategy}", None, text, pointer="/conflict" if policy.conflicts else "")


_NOTHING_GRANTS = Reason(
    "no-permission",
    False,
    {
        "fr": "Aucune permission ne porte sur cette demande.",
        "en": "No permission is about this request.",
    },
)
