"""A policy in atomic rules: one action, one target, one party on either side; parents merged; today's words.

The steps are those that W3C's group put before validation, by their numbers:

- N1: what the metadata around says (`hasPolicy`, `assignerOf`, `assigneeOf`) becomes target and parties of every rule;
- N2: a policy without a type is a Set;
- N3: rules of parent policies are taken over, from any depth, each ancestor once; the `status` of their constraints is
  not, for it was found under another policy;
- N4: what the policy shares (action, target, parties) goes to the rules that do not say it themselves;
- N5: a rule with several actions, targets or parties becomes as many rules; a duty without parties takes those of its
  permission;
- N6, N7: an action is included in others and implies others. Nothing is rewritten: `CompiledRule.speaks_of` asks
  `vocabulary.includes` and `vocabulary.implied` when a request comes;
- N8, N9: a rule on a collection of assets or of parties is also a rule on those of whom the metadata says that they are
  `partOf` it;
- N10: a policy that another one replaces is void. Nothing is rewritten: whole.py sees to it.

Beyond their list, retired words are replaced by those that stand for them today.

Where a parent and its child both share a target or a party, each keeps its own for its own rules: taken literally, the
specification would also let the child's permissions run over the parent's targets. A parent that is not given stays in
`inherits_from`, so that nothing is granted under it. The result is for judging and comparing; on the wire a DSP offer
names its target once, so `dump` is given the policy as it was read.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import product
from operator import is_
from typing import TypeVar

from policies.errors import InheritanceCycle, TooManyRules
from policies.members import Members, iri
from policies.model import Action, Condition, Constraint, Duty, Extras, LogicalConstraint, Policy, Reference, Rule
from policies.strict_json import Json
from policies.vocabulary import ANNOTATIONS, ODRL, closure, current

MAX_RULES = 5_000

_RETIRED_OPERANDS = {ODRL + "device": ODRL + "systemDevice", ODRL + "system": ODRL + "systemDevice"}

Metadata = Iterable[Mapping[str, Json]]
R = TypeVar("R", bound=Rule)
P = TypeVar("P")


def normalise(policy: Policy, parents: Mapping[str, Policy] | None = None, metadata: Metadata = ()) -> Policy:
    """Return a policy of equal meaning in atomic rules, its parents merged.

    `parents` holds the policies that may be inherited from, by their identifiers. `metadata` are JSON objects that
    stand around the policy: datasets and parties with `hasPolicy`, `assignerOf`, `assigneeOf`, `partOf`.
    Raises InheritanceCycle, and TooManyRules beyond 5,000 atomic rules.
    """
    around = [_Surrounding(node) for node in metadata]
    whole = _inherited(_surrounded(policy, around), parents or {})
    collections = closure({each.name: each.part_of for each in around if each.name})
    pushed = _Split(_members_of(collections))
    permissions = pushed.rules(whole.permissions, whole)
    prohibitions = pushed.rules(whole.prohibitions, whole)
    obligations = pushed.rules(whole.obligations, whole)
    rules, shared = (*permissions, *prohibitions, *obligations), _shares(whole)
    if whole.kinds and not shared and _are_same(rules, whole.rules):  # as most policies that we write
        return whole
    return replace(
        whole,
        kinds=whole.kinds or ("Set",),
        actions=(),
        targets=(),
        assigners=(),
        assignees=(),
        permissions=permissions,
        prohibitions=prohibitions,
        obligations=obligations,
    )


class _Surrounding:
    """What one asset or party says of policies and collections."""

    def __init__(self, node: Mapping[str, Json]) -> None:
        members = Members(dict(node), "")
        self.name = members.one("@id", iri)
        self.has_policy = members.each("hasPolicy", _named)
        self.assigner_of = members.each("assignerOf", _named)
        self.assignee_of = members.each("assigneeOf", _named)
        self.part_of = members.each("partOf", _named)


def _named(value: Json, pointer: str) -> str:
    """Return the identifier of what is named or given whole."""
    return Members(value, pointer).one("@id", iri) or "" if isinstance(value, dict) else iri(value, pointer)


def _surrounded(policy: Policy, around: list[_Surrounding]) -> Policy:
    """N1: for every rule, whatever it says itself."""
    if policy.uid is None or not around:
        return policy
    targets = _naming(around, lambda each: policy.uid in each.has_policy)
    assigners = _naming(around, lambda each: policy.uid in each.assigner_of)
    assignees = _naming(around, lambda each: policy.uid in each.assignee_of)
    if not (targets or assigners or assignees):
        return policy

    def more(rule: R) -> R:
        return replace(
            rule,
            targets=_once(rule.targets + targets) if rule.targets else (),
            assigners=_once(rule.assigners + assigners) if rule.assigners else (),
            assignees=_once(rule.assignees + assignees) if rule.assignees else (),
        )

    return replace(
        policy,
        permissions=tuple(map(more, policy.permissions)),
        prohibitions=tuple(map(more, policy.prohibitions)),
        obligations=tuple(map(more, policy.obligations)),
        targets=_once(policy.targets + targets),
        assigners=_once(policy.assigners + assigners),
        assignees=_once(policy.assignees + assignees),
    )


def _naming(around: list[_Surrounding], names: Callable[[_Surrounding], bool]) -> tuple[Reference, ...]:
    return tuple(Reference(each.name) for each in around if each.name and names(each))


def _once(references: tuple[Reference, ...]) -> tuple[Reference, ...]:
    return tuple(dict.fromkeys(references))


def _inherited(policy: Policy, parents: Mapping[str, Policy]) -> Policy:
    """N3: the policy with the rules of all its ancestors."""
    if not policy.inherits_from:
        return policy
    names, missing = _ancestors(policy, parents)
    family = [policy, *(parents[name] for name in names)]
    lines = [_as_child(policy), *(_handed_down(parents[name]) for name in names)]
    extras = policy.extras
    for each in family[1:]:
        extras = _joined(extras, each.extras)
    return replace(
        policy,
        inherits_from=missing,
        profiles=tuple(dict.fromkeys(profile for each in family for profile in each.profiles)),
        conflicts=tuple(dict.fromkeys(conflict for each in family for conflict in each.conflicts)),
        actions=_first(each.actions for each in family),
        targets=_first(each.targets for each in family),
        assigners=_first(each.assigners for each in family),
        assignees=_first(each.assignees for each in family),
        permissions=tuple(rule for each in lines for rule in each.permissions),
        prohibitions=tuple(rule for each in lines for rule in each.prohibitions),
        obligations=tuple(rule for each in lines for rule in each.obligations),
        extras=extras,
    )


def _ancestors(policy: Policy, parents: Mapping[str, Policy]) -> tuple[list[str], tuple[str, ...]]:
    """Return the names of all ancestors that are given, nearest first, each once, and of those that are not given."""
    found: dict[str, None] = {}
    missing: list[str] = []
    way: list[tuple[str | None, Iterator[str]]] = [(policy.uid, iter(policy.inherits_from))]
    open_names = {policy.uid}
    while way:
        name, ahead = way[-1]
        parent = next(ahead, None)
        if parent is None:
            way.pop()
            open_names.discard(name)
        elif parent in open_names:
            circle = " → ".join(str(each) for each, _ in way[-8:]) + f" → {parent}"
            raise InheritanceCycle(circle, pointer="/inheritFrom")
        elif parent not in parents:
            missing.append(parent)
        elif parent not in found:
            found[parent] = None
            open_names.add(parent)
            way.append((parent, iter(parents[parent].inherits_from)))
    return list(found), tuple(dict.fromkeys(missing))


def _first(shared: Iterable[tuple[P, ...]]) -> tuple[P, ...]:
    return next((each for each in shared if each), ())


def _as_child(policy: Policy) -> Policy:
    """Return the policy with what it shares in its own rules."""
    return replace(
        policy,
        permissions=tuple(_with_shared(rule, policy) for rule in policy.permissions),
        prohibitions=tuple(_with_shared(rule, policy) for rule in policy.prohibitions),
        obligations=tuple(_with_shared(rule, policy) for rule in policy.obligations),
    )


def _handed_down(parent: Policy) -> Policy:
    """Return a parent with what it shares in its rules, and without the `status` of their constraints."""
    own = _as_child(parent)
    return replace(
        own,
        permissions=tuple(map(_without_status, own.permissions)),
        prohibitions=tuple(map(_without_status, own.prohibitions)),
        obligations=tuple(map(_without_status, own.obligations)),
    )


def _with_shared(rule: R, policy: Policy) -> R:
    """N4."""
    if not _shares(policy):
        return rule
    return replace(
        rule,
        actions=rule.actions or policy.actions,
        targets=rule.targets or policy.targets,
        assigners=rule.assigners or policy.assigners,
        assignees=rule.assignees or policy.assignees,
    )


def _shares(policy: Policy) -> bool:
    return bool(policy.actions or policy.targets or policy.assigners or policy.assignees)


def _without_status(rule: R) -> R:
    changed = replace(
        rule,
        constraints=tuple(map(_bare_of_status, rule.constraints)),
        actions=tuple(
            replace(each, refinements=tuple(map(_bare_of_status, each.refinements))) for each in rule.actions
        ),
        duties=tuple(map(_without_status, rule.duties)),
        remedies=tuple(map(_without_status, rule.remedies)),
    )
    if isinstance(changed, Duty):
        return replace(changed, consequences=tuple(map(_without_status, changed.consequences)))
    return changed


def _bare_of_status(condition: Condition) -> Condition:
    if isinstance(condition, Constraint):
        return replace(condition, status=None)
    return replace(condition, operands=tuple(map(_bare_of_status, condition.operands)))


def _joined(own: Extras, other: Extras) -> Extras:
    """Return the members of both; two that differ stand side by side in an array, for none may get lost."""
    members = dict(own)
    for name, text in other:
        if name in ANNOTATIONS or members.get(name) == text:
            continue
        members[name] = f"[{members[name]},{text}]" if name in members else text
    return tuple(sorted(members.items()))


def _members_of(collections: Mapping[str, frozenset[str]]) -> dict[str, tuple[Reference, ...]]:
    """N8, N9: return the members of each collection."""
    members: dict[str, list[Reference]] = {}
    for name in sorted(collections):
        for whole in collections[name] - {name}:
            members.setdefault(whole, []).append(Reference(name))
    return {whole: tuple(each) for whole, each in members.items()}


class _Split:
    """N5, N8, N9 and today's words, with a bound on what comes out."""

    def __init__(self, members: Mapping[str, tuple[Reference, ...]]) -> None:
        self._members = members
        self._left = MAX_RULES

    def rules(self, rules: tuple[R, ...], policy: Policy) -> tuple[R, ...]:
        return tuple([each for rule in rules for each in self._atoms(_with_shared(rule, policy))])

    def _atoms(self, rule: R) -> Iterator[R]:
        today = _rule_of_today(rule)
        targets, assigners, assignees = rule.targets, rule.assigners, rule.assignees
        if self._members:
            targets, assigners, assignees = map(self._with_members, (targets, assigners, assignees))
        if max(len(today.actions), len(targets), len(assigners), len(assignees)) < 2:  # as most rules
            self._count(rule)
            yield self._with_atomic_duties(today)
            return
        choices = product(_alone(today.actions), _alone(targets), _alone(assigners), _alone(assignees))
        for action, target, assigner, assignee in choices:
            self._count(rule)
            atom = replace(today, actions=action, targets=target, assigners=assigner, assignees=assignee)
            yield self._with_atomic_duties(atom)

    def _with_atomic_duties(self, rule: R) -> R:
        if not (rule.duties or rule.remedies or isinstance(rule, Duty)):
            return rule
        duties = [each for duty in rule.duties for each in self._atoms(_bound(duty, rule))]
        remedies = [each for duty in rule.remedies for each in self._atoms(duty)]
        whole = replace(rule, duties=tuple(duties), remedies=tuple(remedies))
        if not isinstance(whole, Duty):
            return whole
        return replace(whole, consequences=tuple(each for duty in whole.consequences for each in self._atoms(duty)))

    def _with_members(self, references: tuple[Reference, ...]) -> tuple[Reference, ...]:
        found = [
            member
            for each in references
            if each.iri and not each.refinements
            for member in self._members.get(each.iri, ())
        ]
        return _once((*references, *found))

    def _count(self, rule: Rule) -> None:
        self._left -= 1
        if self._left < 0:
            text = {"fr": "La limite est de 5 000 règles.", "en": "The limit is 5,000 rules."}
            raise TooManyRules(text, pointer=rule.pointer)


def _alone(several: tuple[P, ...]) -> list[tuple[P, ...]]:
    """Return each of several by itself; of none, one that is empty."""
    return [(one,) for one in several] or [()]


def _bound(duty: Duty, permission: Rule) -> Duty:
    """Return a duty with the parties of the permission that it belongs to, where it names none."""
    return replace(
        duty,
        assigners=duty.assigners or permission.assigners,
        assignees=duty.assignees or permission.assignees,
    )


def _rule_of_today(rule: R) -> R:
    """Return the rule in today's words: itself where none of its words is retired."""
    actions, constraints = tuple(map(_action_of_today, rule.actions)), tuple(map(_of_today, rule.constraints))
    if _are_same(actions, rule.actions) and _are_same(constraints, rule.constraints):
        return rule
    return replace(rule, actions=actions, constraints=constraints)


def _are_same(some: tuple[P, ...], others: tuple[P, ...]) -> bool:
    """True if nothing was put in the place of anything: the very same, which is quicker told than what is equal."""
    return len(some) == len(others) and all(map(is_, some, others))


def _action_of_today(action: Action) -> Action:
    if not action.refinements and current(action.iri) == action.iri:
        return action
    return replace(action, iri=current(action.iri), refinements=tuple(map(_of_today, action.refinements)))


def _of_today(condition: Condition) -> Condition:
    """Return the condition in today's words."""
    if isinstance(condition, LogicalConstraint):
        operands = tuple(map(_of_today, condition.operands))
        return condition if _are_same(operands, condition.operands) else replace(condition, operands=operands)
    operand = _RETIRED_OPERANDS.get(condition.operand)
    return replace(condition, operand=operand) if operand else condition
