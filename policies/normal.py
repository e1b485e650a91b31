"""The normal form of a policy: one text for one meaning, whatever way it was spelt.

Terms are spelt one way, what is alone and what stands in an array of one are the same, arrays are sorted (only
*andSequence* and JSON-LD lists have an order), values are spelt as their left operand understands them:
`2028-12-31T24:00:00Z` and `2029-01-01T01:00:00+01:00` are one instant, a string and an IRI that name the same
participant are one name. Where an operand is not known, values are compared as they are.

`terms` leaves out what identifies a policy (`@id`, `@type`, assigner, assignee, target, timestamp) and what says
nothing about rights (titles, descriptions, dates of issue). Everything else counts, known or not.
"""

import json
from dataclasses import fields, is_dataclass, replace
from functools import lru_cache
from hashlib import sha256
from typing import TypeVar

from policies.model import (
    Action,
    Condition,
    Constraint,
    Duty,
    LogicalConstraint,
    Policy,
    Reference,
    Rule,
    RuleKind,
    Value,
)
from policies.operands import OPERANDS
from policies.reader import load
from policies.strict_json import Given, Json, canonical
from policies.vocabulary import ANNOTATIONS
from policies.writer import condition_form, dump, rule_form

_SHORT = 8 << 10
"""Policies up to this length are remembered in normal form: the same terms are compared at each step of a process."""
_ORDERED = frozenset({"andSequence", "odrl:andSequence", "@list", "@value"})

P = TypeVar("P")


class Term(str):
    """A condition or a duty of a policy as one canonical JSON text; what a party accepts or fulfils, for the record."""

    __slots__ = ()

    def as_json(self) -> Json:
        """Return the term as JSON in the form of DSP, under the name of its place in the policy."""
        return json.loads(self)


def same_terms(one: Policy | Given, other: Policy | Given) -> bool:
    """True if two policies grant, forbid and oblige the same, whoever the parties and whatever the target.

    Not compared: order of members and of arrays, prefixes, single value or array, `@id`, `@type` and, at the top of the
    policy, assigner, assignee, target and timestamp. Everything else must be equal, also what we do not know. What is
    not read yet is read first, which may raise PolicyError.
    """
    return terms(_read(one)) == terms(_read(other))


def hash(policy: Policy) -> str:
    """Return the SHA-256 of the whole policy's normal form, in hexadecimal."""
    return _digest(canonical(_sorted(dump(_rewritten(policy, nameless=False)))))


def terms_hash(policy: Policy) -> str:
    """Return the SHA-256 of `terms`, in hexadecimal; equal for two policies of the same terms."""
    return _digest(terms(policy))


def terms(policy: Policy) -> str:
    """Return the canonical text of what the policy grants, forbids and obliges."""
    bare = replace(policy, uid=None, kinds=(), targets=(), assigners=(), assignees=(), timestamp=None, source="")
    return _known_terms(bare) if len(policy.source) <= _SHORT else _terms(bare)


def _terms(bare: Policy) -> str:
    return canonical(_sorted(dump(_rewritten(bare, nameless=True))))


_known_terms = lru_cache(maxsize=512)(_terms)


def term_of(kind: RuleKind, condition: Condition) -> Term:
    """Return a condition of a rule as the text that is kept when a party accepts it."""
    return Term(canonical({kind.value: _sorted(condition_form(_rewritten(condition, nameless=True)))}))


def term_of_rule(rule: Rule) -> Term:
    """Return a rule as one text: equal for two rules that say the same."""
    return Term(canonical({rule.kind.value: _sorted(rule_form(_rewritten(rule, nameless=True)))}))


def term_of_duty(duty: Duty) -> Term:
    """Return a duty or an obligation as the text that is kept when a party accepts or fulfils it."""
    return Term(canonical({duty.kind.value: _sorted(rule_form(_rewritten(duty, nameless=True)))}))


def _read(given: Policy | Given) -> Policy:
    return given if isinstance(given, Policy) else load(given)


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _sorted(value: Json, ordered: bool = False) -> Json:
    match value:
        case dict():
            return {name: _sorted(member, name in _ORDERED) for name, member in value.items()}
        case list():
            members = [_sorted(member, ordered=True) for member in value]
            return members if ordered else sorted(members, key=canonical)
    return value


def _rewritten(part: P, nameless: bool) -> P:
    """Return a part of a policy with its values spelt one way; nameless, without its identifiers and annotations."""
    if isinstance(part, tuple):
        return tuple(_rewritten(each, nameless) for each in part)  # type: ignore[return-value]
    if not is_dataclass(part) or isinstance(part, type | Value):
        return part
    members = {each.name: getattr(part, each.name) for each in fields(part)}
    changes: dict[str, object] = {
        name: _rewritten(value, nameless) for name, value in members.items() if isinstance(value, tuple)
    }
    if isinstance(part, Constraint) and (operand := OPERANDS.get(part.operand)) and not part.reference:
        changes["values"] = tuple(map(operand.normal, part.values))
    if nameless and isinstance(part, Policy | Rule | Constraint | LogicalConstraint):
        changes["uid"] = None
    if nameless and isinstance(part, Policy | Rule | Constraint | LogicalConstraint | Reference | Action):
        changes["extras"] = tuple(extra for extra in part.extras if extra[0] not in ANNOTATIONS)
    return replace(part, **changes)  # type: ignore[type-var]
