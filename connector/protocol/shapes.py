"""The shape of policies in messages, as the DSP 2025-1 contract schema draws it.

A policy stays the JSON that was received, because agreements are compared and kept word by word; here it is only held
against the schema. What a policy *means* is the policies package's business. Members that the schema does not name are
left alone; members that it names have its types.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from connector.protocol.errors import MalformedMessage
from connector.protocol.strict_json import JsonObject, pointer_to
from connector.protocol.wire import TOO_LONG, is_short

OPERATORS = frozenset(
    "eq gt gteq lteq hasPart isA isAllOf isAnyOf isNoneOf isPartOf lt term-lteq neq".split()  # noqa: SIM905
)
LOGICAL_OPERANDS = ("and", "andSequence", "or", "xone")
RULE_LISTS = ("permission", "prohibition", "obligation")

_NAMES = {"@id", "target", "assigner", "assignee"}
_ATOMIC_MEMBERS = {"leftOperand", "operator", "rightOperand"}

_TIMESTAMP = re.compile(
    r"-?([1-9][0-9]{3,}|0[0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"T(([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?|(24:00:00(\.0+)?))"
    r"(Z|(\+|-)((0[0-9]|1[0-3]):[0-5][0-9]|14:00))?"
)


def check_message_offer(offer: JsonObject, pointer: str = "/offer") -> None:
    """Raise MalformedMessage unless this is an offer as negotiation messages carry it: it names its `target`."""
    with _located(pointer):
        _check_offer(offer)
        _require_text(offer, "target")


def check_catalog_offer(offer: JsonObject, pointer: str = "") -> None:
    """Raise MalformedMessage unless this is an offer as catalogues carry it: its dataset is the target."""
    with _located(pointer):
        _check_offer(offer)
        if "target" in offer:
            raise _Misfit("catalog-target", "target")


def check_agreement(agreement: JsonObject, pointer: str = "/agreement") -> None:
    """Raise MalformedMessage unless this is an agreement.

    The `timestamp` is required by the specification's text, not by its schema.
    """
    with _located(pointer):
        _check_policy(agreement, "Agreement")
        for member in ("target", "assigner", "assignee", "timestamp"):
            _require_text(agreement, member)
        if not _TIMESTAMP.fullmatch(agreement["timestamp"]):
            raise _Misfit("timestamp", "timestamp")


_DETAILS = {
    "missing": {"fr": "Un membre requis est absent.", "en": "A required member is absent."},
    "wrong": {"fr": "Type ou valeur inattendus.", "en": "Unexpected type or value."},
    "long": TOO_LONG,
    "empty": {"fr": "Vide, alors qu’un élément est attendu.", "en": "Empty, where an item is expected."},
    "no-rule": {"fr": "Ni permission ni interdiction.", "en": "Neither a permission nor a prohibition."},
    "timestamp": {"fr": "Une date et heure XML Schema est attendue.", "en": "An XML Schema dateTime is expected."},
    "operator": {"fr": "Opérateur inconnu du protocole.", "en": "An operator that the protocol does not know."},
    "rule-target": {
        "fr": "La cible se nomme sur l’offre, jamais sur une règle.",
        "en": "The target is named on the offer, never on a rule.",
    },
    "catalog-target": {
        "fr": "Une offre de catalogue ne porte pas de cible.",
        "en": "An offer in a catalogue carries no target.",
    },
    "constraint": {
        "fr": "Une contrainte est soit simple, soit une seule combinaison.",
        "en": "A constraint is either atomic or one single combination.",
    },
}


class _Misfit(Exception):
    """The shape is wrong at these steps, innermost first: the way is only spelled when there is a fault."""

    def __init__(self, reason: str, *steps: str | int) -> None:
        self.reason = reason
        self.steps = list(steps)


@contextmanager
def _located(pointer: str) -> Iterator[None]:
    try:
        yield
    except _Misfit as misfit:
        way = pointer + pointer_to(*reversed(misfit.steps))
        raise MalformedMessage(_DETAILS[misfit.reason], pointer=way) from None


def _check_offer(offer: JsonObject) -> None:
    _check_policy(offer, "Offer")
    for member in RULE_LISTS:
        for index, rule in enumerate(offer.get(member, ())):
            if "target" in rule:
                raise _Misfit("rule-target", "target", index, member)


def _check_policy(policy: JsonObject, type_name: str) -> None:
    _require_text(policy, "@id")
    _require_text(policy, "@type")
    if policy["@type"] != type_name:
        raise _Misfit("wrong", "@type")
    if "profile" in policy and not _is_text_or_texts(policy["profile"]):
        raise _Misfit("wrong", "profile")
    if "permission" not in policy and "prohibition" not in policy:
        raise _Misfit("no-rule")
    for member in RULE_LISTS:
        if member in policy:
            if policy[member] == []:
                raise _Misfit("empty", member)
            _check_each(policy, member, _check_rule)


def _check_rule(rule: JsonObject) -> None:
    _require_text(rule, "action")
    if "constraint" in rule:
        _check_each(rule, "constraint", _check_constraint)


def _check_constraint(constraint: JsonObject) -> None:
    logical = [name for name in LOGICAL_OPERANDS if name in constraint]
    if not logical:
        _check_atomic(constraint)
    elif len(logical) > 1 or constraint.keys() >= _ATOMIC_MEMBERS:
        raise _Misfit("constraint")
    else:
        _check_each(constraint, logical[0], _check_constraint)


def _check_atomic(constraint: JsonObject) -> None:
    _require_text(constraint, "leftOperand")
    _require_text(constraint, "operator")
    if constraint["operator"] not in OPERATORS:
        raise _Misfit("operator", "operator")
    if "rightOperand" not in constraint:
        raise _Misfit("missing", "rightOperand")
    if not isinstance(constraint["rightOperand"], (str, dict, list)):
        raise _Misfit("wrong", "rightOperand")


def _check_each(node: JsonObject, member: str, check: Callable[[JsonObject], None]) -> None:
    if not isinstance(node[member], list):
        raise _Misfit("wrong", member)
    for index, item in enumerate(node[member]):
        if not isinstance(item, dict):
            raise _Misfit("wrong", index, member)
        try:
            check(item)
        except _Misfit as misfit:
            misfit.steps += (index, member)
            raise


def _is_text_or_texts(value: Any) -> bool:
    return all(isinstance(item, str) for item in (value if isinstance(value, list) else [value]))


def _require_text(node: JsonObject, member: str) -> None:
    value = node.get(member)
    if value is None and member not in node:
        raise _Misfit("missing", member)
    if not isinstance(value, str) or not value:
        raise _Misfit("wrong", member)
    if member in _NAMES and not is_short(value):
        raise _Misfit("long", member)
