"""Finds the template that a policy was made from, and its parameters.

Where a template has a hole, the policy is looked at in the same place; what stands there is taken for the parameter.
That is a guess. What counts is the proof: the template, given these parameters, must say the same as the policy, in
normal form (normal.py). Whatever the policy says besides makes it another one.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from policies.errors import PolicyError
from policies.model import Policy
from policies.normal import same_terms
from policies.patterns.form import Place, Template, Values, holes, values_at
from policies.patterns.parameters import Given, ParameterValue

Outline = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Recognised:
    """A policy seen as a template with its parameters; those that were left out are None."""

    template: Template
    parameters: dict[str, ParameterValue | None]


@dataclass(frozen=True, slots=True)
class Mould:
    """A template ready to be held against policies: the outline of its rules, and where each parameter stands."""

    template: Template
    outline: Outline
    places: dict[str, Place]


def mould(template: Template) -> Mould:
    """Return the template ready to be held against policies."""
    pattern = template.pattern()
    return Mould(template, _outline(pattern), holes(pattern))


def among(moulds: Iterable[Mould], policy: Policy) -> Recognised | None:
    """Return the template whose terms the policy has, with its parameters, or None."""
    outline, values = _outline(policy), values_at(policy)
    for each in moulds:
        if each.outline == outline and (found := _proved(each, policy, values)):
            return found
    return None


def _proved(mould: Mould, policy: Policy, values: Values) -> Recognised | None:
    template = mould.template
    guessed: dict[str, Given] = {
        each.name: each.read(values[at]) for each in template.parameters if (at := mould.places[each.name]) in values
    }
    if any(guessed.get(each.name) is None for each in template.parameters if not each.optional):
        return None  # what a default would fill in, the policy does not say
    try:
        made = template.instantiate("urn:x", **guessed)
    except PolicyError:
        return None
    return Recognised(template, template.canonical(guessed)) if same_terms(made, policy) else None


def _outline(policy: Policy) -> Outline:
    """Return kind and action of each rule, sorted: two policies of other outlines are not the same."""
    return tuple(sorted((rule.kind.value, action.iri) for rule in policy.rules for action in rule.actions))
