"""Writes a policy as JSON in the form of DSP 2025-1, so that reading it again gives the same policy.

Members are bare, everything that may repeat is an array, left operands have their prefix (`dateTime` and most others
are no terms of the DSP context), values carry their type. What has no place in the DSP schema (refinements, remedies, a
conflict strategy) is written with the `odrl:` prefix rather than lost; validation.py says that it is there.
"""

import json

from policies.members import JSON_LITERAL
from policies.model import Action, Condition, Constraint, Duty, Extras, Policy, Reference, Rule, Value
from policies.strict_json import Json
from policies.vocabulary import OPERATORS, RDF, USE, bare, short

JsonObject = dict[str, Json]
_PREFIXES = ("odrl:", "dct:", "xsd:")
"""Those of the DSP context that a policy needs; other names are written in full, as every processor reads them."""
_KIND_TERMS = frozenset({"Policy", "Set", "Offer", "Agreement", "Assertion"})


def dump(policy: Policy) -> JsonObject:
    """Return the policy as JSON; `load` gives an equal policy back."""
    return _object(
        {
            "@id": policy.uid,
            "@type": _one_or_many([_kind(kind) for kind in policy.kinds]),
            "profile": list(policy.profiles),
            "odrl:inheritFrom": list(map(_iri, policy.inherits_from)),
            "odrl:conflict": [_iri(_prefixed(conflict)) for conflict in policy.conflicts],
            "action": [action_form(action) for action in policy.actions],
            "assigner": _one_or_many([_reference(party) for party in policy.assigners]),
            "assignee": _one_or_many([_reference(party) for party in policy.assignees]),
            "target": _one_or_many([_reference(asset) for asset in policy.targets]),
            "timestamp": policy.timestamp,
            "permission": [rule_form(rule) for rule in policy.permissions],
            "prohibition": [rule_form(rule) for rule in policy.prohibitions],
            "obligation": [rule_form(rule) for rule in policy.obligations],
        },
        policy.extras,
    )


def rule_form(rule: Rule) -> JsonObject:
    """Return one rule or duty as JSON."""
    consequences = rule.consequences if isinstance(rule, Duty) else ()
    return _object(
        {
            "@id": rule.uid,
            "action": _one_or_many([action_form(action) for action in rule.actions]),
            "assigner": _one_or_many([_reference(party) for party in rule.assigners]),
            "assignee": _one_or_many([_reference(party) for party in rule.assignees]),
            "target": _one_or_many([_reference(asset) for asset in rule.targets]),
            "constraint": [condition_form(condition) for condition in rule.constraints],
            "duty": [rule_form(duty) for duty in rule.duties],
            "odrl:remedy": [rule_form(duty) for duty in rule.remedies],
            "odrl:consequence": [rule_form(duty) for duty in consequences],
        },
        rule.extras,
    )


def action_form(action: Action) -> Json:
    """Return an action: its name, or an object when there is more to say."""
    if not action.refinements and not action.extras:
        return "use" if action.iri == USE else _named(action.iri)
    return _object(
        {
            RDF + "value": {"@id": _named(action.iri)},
            "odrl:refinement": [condition_form(each) for each in action.refinements],
        },
        action.extras,
    )


def condition_form(condition: Condition) -> JsonObject:
    """Return a constraint as JSON."""
    if isinstance(condition, Constraint):
        return _constraint(condition)
    return _object(
        {
            "@id": condition.uid,
            condition.logic.value: [condition_form(each) for each in condition.operands],
        },
        condition.extras,
    )


def _constraint(constraint: Constraint) -> JsonObject:
    right = "odrl:rightOperandReference" if constraint.reference else "rightOperand"
    operator = constraint.operator
    members = _object(
        {
            "@id": constraint.uid,
            "leftOperand": _named(constraint.operand),
            "operator": bare(operator) if operator in OPERATORS else _named(operator),
            right: right_operand_form(constraint.values),
            "odrl:unit": _iri(_named(constraint.unit)) if constraint.unit else None,
        },
        constraint.extras,
    )
    return members | {"odrl:status": right_operand_form((constraint.status,))} if constraint.status else members


def right_operand_form(values: tuple[Value, ...]) -> Json:
    """Return the right operand of a constraint as JSON."""
    # an array or an unknown object stays one value only inside an array
    alone = len(values) == 1 and values[0].datatype != JSON_LITERAL
    return _value(values[0]) if alone else [_value(value) for value in values]


def _reference(reference: Reference) -> Json:
    if reference.is_plain and not reference.kinds:
        return reference.iri
    return _object(
        {
            "@id": reference.iri,
            "@type": _one_or_many([_kind(kind) for kind in reference.kinds]),
            "odrl:partOf": list(map(_iri, reference.part_of)),
            "odrl:source": _iri(reference.source) if reference.source else None,
            "odrl:refinement": [condition_form(each) for each in reference.refinements],
        },
        reference.extras,
    )


def _value(value: Value) -> Json:
    if value.is_iri:
        return {"@id": value.text}
    if value.datatype == JSON_LITERAL:
        return json.loads(value.text)
    if value.language is not None:
        return {"@value": value.text, "@language": value.language}
    return {"@value": value.text, "@type": _named(value.datatype)} if value.datatype else value.text


def _iri(name: str) -> Json:
    # outside the terms of DSP only this form says that it is a name and no text
    return {"@id": name}


def _kind(kind: str) -> str:
    return kind if kind in _KIND_TERMS else _prefixed(kind)


def _named(iri: str) -> str:
    name = short(iri)
    return name if name.startswith(_PREFIXES) else iri


def _prefixed(word: str) -> str:
    return word if ":" in word or word.startswith("//") else f"odrl:{word}"


def _one_or_many(values: list[Json]) -> Json:
    return values[0] if len(values) == 1 else values


def _object(members: JsonObject, extras: Extras) -> JsonObject:
    """Return the members that say something, and all the extras."""
    said = {name: value for name, value in members.items() if value not in (None, [])}
    return said | {name: json.loads(text) for name, text in extras}
